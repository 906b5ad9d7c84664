"""The laboratory's reference library."""
