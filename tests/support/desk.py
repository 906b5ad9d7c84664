"""A window with a case on it, and short names for what a reviewer does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
)

from bloodcells_gui.ui.differential.model import Column, LineKind
from bloodcells_gui.ui.gallery.model import GROUPS
from bloodcells_gui.ui.main_window import MainWindow
from tests.support.fakes import FakeSession, FakeWorkshop

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
Key = Qt.Key


class Desk:
    """A window with a case, and short names for what a reviewer does."""

    def __init__(self, window: MainWindow, session: FakeSession, workshop: FakeWorkshop) -> None:
        assert window.page is not None
        self.window, self.session, self.workshop, self.page = window, session, workshop, window.page
        self.view = self.page.gallery.view

    def press(self, *keys: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        for key in keys:
            QTest.keyClick(QApplication.focusWidget() or self.view, key, modifier)

    def ids(self, code: str) -> list[int]:
        return list(self.page.gallery.model.ids(GROUPS.index(code)))

    def go(self, code: str, row: int = 0) -> int:
        cell_id = self.ids(code)[row]
        self.view.select_ids([cell_id])
        self.view.setFocus()
        return cell_id

    def shown(self, name: str, column: Column = Column.COUNT) -> str:
        model = self.page.differential.model
        for row in range(model.rowCount()):
            if model.index(row, 0).data() == name and model.line(row).kind == LineKind.ROW:
                return str(model.index(row, column).data())
        raise KeyError(name)
