"""The sounds of the counter.

QtMultimedia is no part of PySide6-Essentials, and a process a key press would lag behind the hand; so the
desktop's own bell is rung: once a cell, three times in a row for every hundred and at the target.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from bloodcells_gui.app.counter import CountSound

_LONG = 3
_GAP_MS = 160


class Bell(QObject):
    """Rings for beats while it is `on`, and at the target even when it is not."""

    def __init__(
        self, on: bool = True, ring: Callable[[], None] = QApplication.beep, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.on = on
        self.ring = ring
        self._left = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_GAP_MS)
        self._timer.timeout.connect(self._play_next_ring)

    def beat(self, beat: CountSound) -> None:
        """Ring once for a cell, long for a round hundred and for the target."""
        if beat in (CountSound.NONE, CountSound.BACK) or not (self.on or beat is CountSound.TARGET):
            return
        self.ring()
        if beat in (CountSound.ROUND, CountSound.TARGET):
            self._left = _LONG - 1
            self._timer.start()

    def _play_next_ring(self) -> None:
        self.ring()
        self._left -= 1
        if self._left <= 0:
            self._timer.stop()
