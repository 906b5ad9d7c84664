"""Collect cyclic garbage on the window's thread alone.

Python collects on whichever thread allocates next. A widget that has become garbage would then be destroyed
on a thread that reads images or draws a PDF, and Qt ends the program for it.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 500
# As Python's own thresholds: so many new objects, then so many collections of the younger generation.
_YOUNG, _MIDDLE, _OLD = 700, 10, 10


class Collector(QObject):
    """Takes the place of the automatic collection while it lives; owned by the application."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect_due)
        self._timer.start(_EVERY_MS)

    def collect_due(self) -> None:
        """Collect the generations whose time has come."""
        young, middle, old = gc.get_count()
        if old > _OLD:
            gc.collect()
        elif middle > _MIDDLE:
            gc.collect(1)
        elif young > _YOUNG:
            gc.collect(0)

    def close(self) -> None:
        """Give the collection back to Python."""
        self._timer.stop()
        gc.enable()
