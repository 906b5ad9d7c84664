"""The laboratory's cases in one list."""
