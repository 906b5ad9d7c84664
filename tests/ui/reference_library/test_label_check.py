"""The check of the library's labels at the window: by key alone, with undo, and nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.library_check import LibraryCheck
from bloodcells_gui.app.reference_library import LIBRARY_NAME, ReferenceLibraryController
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.reference_library.label_check import LabelCheckWindow
from bloodcells_gui.ui.reference_library.window import LibraryWindow
from tests.support.reference_cells import planted_library

Key = Qt.Key
WRONG = {4: "MO", 9: "EO", 12: "LY"}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ReferenceLibraryController]:
    shelf = ReferenceLibraryController(tmp_path)
    yield shelf
    shelf.close()


def shown(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool
) -> LabelCheckWindow:
    window = LabelCheckWindow(context, shelf, LibraryCheck(shelf), "B. Reader", pool)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: "being compared" not in window.lead.text())
    return window


def codes(shelf: ReferenceLibraryController) -> dict[int, str]:
    return {r.source_cell: r.code for r in shelf.entries()}


def test_contradicted_cells_stand_beside_their_neighbours_and_nothing_changes(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, tmp_path: Path
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, WRONG)
    before = codes(shelf)
    window = shown(qtbot, context, shelf, pool)
    QAbstractItemModelTester(window.model, QAbstractItemModelTester.FailureReportingMode.Fatal, window.model)
    assert window.model.rowCount() == 3
    assert "3 cells carry a class" in window.lead.text()
    for row in range(3):
        window.view.setCurrentIndex(window.model.index(row))
        found = window.current()
        assert found is not None
        qtbot.waitUntil(lambda: window.other_row.model.rowCount() == 6)
        for part, code in ((window.own_row, found.reference.code), (window.other_row, found.others_say)):
            assert {part.model.reference(r).code for r in range(part.model.rowCount())} == {code}
        assert context.language.class_name(found.others_say) in window.said.text()
        assert not window.picture.pixmap().isNull()
    window.grab()
    window.close()
    assert codes(shelf) == before
    assert not any(r.checked for r in shelf.entries())


def test_each_cell_is_kept_changed_or_taken_out_by_key_and_taken_back(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, tmp_path: Path
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, WRONG)
    window = shown(qtbot, context, shelf, pool)
    qtbot.waitUntil(window.view.hasFocus)
    cells = [s.reference for s in window.model.cells]
    key = getattr(Key, f"Key_{context.keymap.key('SNE')}")
    QTest.keyClick(window.view, Key.Key_Return)
    QTest.keyClick(window.view, key)
    QTest.keyClick(window.view, Key.Key_Delete)
    assert window.model.rowCount() == 0
    assert window.current() is None
    told = {r.id: r for r in shelf.entries()}
    assert (told[cells[0].id].code, told[cells[0].id].checked) == (cells[0].code, True)
    assert (told[cells[1].id].code, told[cells[1].id].checked) == ("SNE", True)
    assert cells[2].id not in told
    trail = shelf.library().label_decisions(cells[1].id)
    assert [d.author for d in trail] == ["B. Reader"]
    for left in (1, 2, 3):
        QTest.keyClick(window.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert window.model.rowCount() == left
    assert [s.reference for s in window.model.cells] == cells
    told = {r.id: r for r in shelf.entries()}
    assert all((told[c.id].code, told[c.id].checked) == (c.code, False) for c in cells)
    assert not window.undo_button.isEnabled()


def test_the_buttons_do_the_same(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, tmp_path: Path
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, WRONG)
    window = shown(qtbot, context, shelf, pool)
    first = window.current()
    assert first is not None
    qtbot.mouseClick(window.change_button, Qt.MouseButton.LeftButton)
    second = window.current()
    assert second is not None
    window.class_button.menu().actions()[0].trigger()
    told = {r.id: r.code for r in shelf.entries()}
    assert told[first.reference.id] == first.others_say
    assert told[second.reference.id] == "SNE"
    qtbot.mouseClick(window.undo_button, Qt.MouseButton.LeftButton)
    assert window.current() == second


def test_a_key_that_is_held_decides_once(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, tmp_path: Path
) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QApplication

    planted_library(tmp_path / LIBRARY_NAME, 60, WRONG)
    window = shown(qtbot, context, shelf, pool)
    for repeated in (False, True, True):
        event = QKeyEvent(
            QEvent.Type.KeyPress, Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", repeated
        )
        QApplication.sendEvent(window.view, event)
    assert window.model.rowCount() == 2


@pytest.mark.parametrize(
    ("n", "wrong", "said"),
    [
        (0, {}, "too few cells"),
        (12, dict.fromkeys(range(12), "LY"), "too few cells"),
        (60, {}, "None of 60 cells is contradicted."),
        (40, {4: "BL"}, "Too few cells to be compared: Blast."),
    ],
)
def test_what_cannot_be_said_is_said(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, tmp_path: Path,
    n: int, wrong: dict[int, str], said: str,
) -> None:  # fmt: skip
    planted_library(tmp_path / LIBRARY_NAME, n, wrong)
    window = shown(qtbot, context, shelf, pool)
    assert said in window.lead.text()
    for key in (Key.Key_Return, Key.Key_Delete, Key.Key_L):
        QTest.keyClick(window.view, key)
    assert len(shelf.entries()) == n


def test_the_library_opens_the_check_and_shows_what_it_changed(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, tmp_path: Path
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, {4: "MO"})
    library = LibraryWindow(context, shelf, "B. Reader", pool)
    qtbot.addWidget(library)
    library.show()
    qtbot.waitExposed(library)
    check = library.check_labels()
    qtbot.waitUntil(lambda: check.model.rowCount() == 1)
    qtbot.mouseClick(check.change_button, Qt.MouseButton.LeftButton)
    check.close()
    rows = [library.model.reference(r) for r in range(library.model.rowCount())]
    assert next(r for r in rows if r.source_cell == 4).code == "SNE"
