"""Every cell of the case as a small picture, grouped by class and sorted by uncertainty."""
