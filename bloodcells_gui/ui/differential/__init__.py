"""The differential table beside the gallery."""
