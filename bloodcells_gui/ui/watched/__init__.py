"""The watched folder: what lies in it, and what a person decides about it."""
