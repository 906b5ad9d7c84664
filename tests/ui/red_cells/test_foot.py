"""What the window of the red cells says: nothing that no longer holds, nothing that is cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.red_cells import NOT_COUNTED
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.red_cells.control import ExaminationControl
from bloodcells_gui.ui.red_cells.table_of_cells import ROWS
from bloodcells_gui.ui.red_cells.window import RedCellsWindow
from bloodcells_gui.ui.review import ReviewController

Key = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
SPHERO = ROWS[3]
HINT = "Letters name the framed cell"


def press(
    window: RedCellsWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    assert widget.window() is window
    QTest.keyClick(widget, key, modifier)
    QApplication.processEvents()


def said(window: RedCellsWindow) -> str:
    QApplication.processEvents()
    return window.foot.notice.toolTip()


def test_no_cell_is_chosen_only_as_long_as_none_is(window: RedCellsWindow) -> None:
    window.classes.choose(SPHERO)
    view = window.gallery.view
    view.setCurrentIndex(QModelIndex())
    view.clearSelection()
    assert said(window).startswith(HINT)
    for button in (window.foot.confirm, window.foot.name, window.foot.take_out):
        assert not button.isEnabled()
    press(window, Key.Key_Space)
    assert said(window) == "No cell is chosen."
    view.select_ids(view.cells.ids[:1])
    assert said(window).startswith(HINT)
    for button in (window.foot.confirm, window.foot.name, window.foot.take_out):
        assert button.isEnabled()


def test_that_nothing_was_decided_is_said_no_more_once_it_was(
    window: RedCellsWindow, session: CaseSession
) -> None:
    window.classes.choose(SPHERO)
    ids = list(window.gallery.view.cells.ids)
    window.resize(900, 400)
    window.gallery.view.select_ids(ids)
    press(window, Key.Key_B)
    assert "nothing was decided" in said(window)
    press(window, Key.Key_B)
    assert len(session.state.red_cells) == len(ids)
    assert said(window).startswith(HINT)


def test_undo_says_what_it_took_back_and_a_new_grade_ends_what_was_said(window: RedCellsWindow) -> None:
    window.classes.choose(SPHERO)
    press(window, Key.Key_Z, CONTROL)
    assert said(window) == "Nothing is left to undo."
    window.classes.setFocus()
    press(window, Key.Key_3)
    assert said(window).startswith(HINT)
    press(window, Key.Key_Z, CONTROL)
    assert said(window) == "Taken back: Morphology graded (Spherocytes: 3+)."
    window.grades.accept.click()
    assert said(window).startswith(HINT)
    press(window, Key.Key_P)
    assert "has no “present”" in said(window)
    window.classes.choose(NOT_COUNTED)
    assert said(window).startswith(HINT)


def test_steps_for_what_is_only_present_are_answered(window: RedCellsWindow, session: CaseSession) -> None:
    items = window.table.items
    items["spherocytes"] = replace(items["spherocytes"], moderate_from=None, many_above=None)
    window.classes.choose(SPHERO)
    window.classes.setFocus()
    press(window, Key.Key_2)
    assert session.state.grades == {}
    assert "it has no steps" in said(window)


def test_buttons_of_the_grade_stay_where_they_are(window: RedCellsWindow) -> None:
    places, heights = set(), set()
    for code in ROWS:
        window.classes.choose(code)
        QApplication.processEvents()
        places.add(window.grades.accept.mapTo(window, QPoint()).y())
        heights.add(window.grades.said.text())
    assert len(heights) > 1
    assert len(places) == 1


def test_heads_count_what_counts(window: RedCellsWindow, session: CaseSession, qtbot: QtBot) -> None:
    found = len(window.table)
    assert window.bar.said.text().startswith(f"{found} red cells · ")
    window.classes.choose(SPHERO)
    first = window.gallery.view.cells.ids[0]
    press(window, Key.Key_Delete)
    assert session.state.red_cells == {first: NOT_COUNTED}, cell_number(first)
    assert window.bar.said.text().startswith(f"{found - 1} red cells · 1 not counted · ")
    with qtbot.waitSignal(window.field.shown):
        window.views.setCurrentWidget(window.field)
        window.field.show_cell(first)
    in_field = len(window.table.in_field(window.field.field_id or 0))
    assert f"{in_field - 1} red cells · 1 not counted" in window.field.title.toolTip()


@pytest.fixture
def french(context: UiContext) -> Iterator[UiContext]:
    context.language.choose("fr")
    yield context
    context.language.choose("en")


def test_french_words_have_room_on_a_small_screen(
    qtbot: QtBot, french: UiContext, pool: QThreadPool, session: CaseSession
) -> None:
    window = RedCellsWindow(french, ReviewController(session), pool, ExaminationControl())
    qtbot.addWidget(window)
    window.resize(1012, 700)
    window.show()
    QApplication.processEvents()
    assert window.width() == 1012
    assert window.foot.notice.text() == window.foot.notice.toolTip()
    label = window.bar.said
    assert label.height() >= label.heightForWidth(label.width())
    with qtbot.waitSignal(window.field.shown):
        window.views.setCurrentWidget(window.field)
    title = window.field.title
    if title.text() != title.toolTip():
        assert title.text().endswith("…")  # the name of the image comes last
    window.close()
    pool.waitForDone()
