"""The window: PySide6 views, item models and background jobs."""
