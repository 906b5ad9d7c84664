"""Lines of the work list keep their places while a hand is at them: no case is opened that was not meant."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject

from bloodcells_gui.app.worklist import CaseEntry
from bloodcells_gui.ui.worklist.table import CaseTable

# A pointer that rests there for a minute has been left there.
_POINTER_S = 60.0
_KEYS_S = 10.0
_POINTER = (
    QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.Wheel,
)  # fmt: skip


class SteadyRows(QObject):
    """Holds the order of the lines back while the pointer or the keyboard is in the list.

    What is known of a case is shown in its line at once. New cases come at the end, and those that are gone
    keep their line. The order of the work comes back when the pointer has left the list or rests, and with
    every act that asks for it.
    """

    def __init__(self, table: CaseTable) -> None:
        super().__init__(table)
        self._table = table
        self._pointed = self._typed = -_POINTER_S
        self._held_back = False
        table.setMouseTracking(True)
        table.viewport().installEventFilter(self)
        table.installEventFilter(self)

    @property
    def held(self) -> bool:
        """Whether a hand is at the list."""
        now = time.monotonic()
        return now - self._pointed < _POINTER_S or now - self._typed < _KEYS_S

    def let_go(self) -> None:
        """A person asked for another order, or for the newest one."""
        self._pointed = self._typed = -_POINTER_S

    def is_due(self) -> bool:
        """Whether an order that was held back can be shown now."""
        return self._held_back and not self.held

    def in_place(self, entries: Sequence[CaseEntry]) -> list[CaseEntry]:
        """What is to be shown: `entries` in their order, or in the places of the lines that are shown."""
        if not self.held:
            self._held_back = False
            return list(entries)
        new = {entry.path: entry for entry in entries}
        places = [new.pop(entry.path, entry) for entry in self._table.cases.entries()]
        places += [entry for entry in entries if entry.path in new]
        self._held_back = [e.path for e in places] != [e.path for e in entries]
        return places

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._table:
            if event.type() in _POINTER:
                self._pointed = time.monotonic()
            elif event.type() == QEvent.Type.Leave:
                self._pointed = -_POINTER_S
        elif event.type() == QEvent.Type.KeyPress:
            self._typed = time.monotonic()
        return False
