"""What a new laboratory may expect, and which cells to name first."""
