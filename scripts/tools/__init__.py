"""Tools for development: documents, translations, screenshots, fuzzing, kill and lock tests."""
