"""The search of a whole film for cells that matter when they are few."""
