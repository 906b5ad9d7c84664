"""The window of the red cells: keys name what is seen, grades wait for a person, one order of undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QThreadPool
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import sign
from bloodcells_gui.domain.red_cell_messages import SCALE_DISAGREES
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CLASSES
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.run_messages import remark
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.red_cells.control import ExaminationControl
from bloodcells_gui.ui.red_cells.table_of_cells import ROWS
from bloodcells_gui.ui.red_cells.window import RedCellsWindow
from bloodcells_gui.ui.review import ReviewController
from tests.support.examined_fields import a_fields_case, examine_drawn
from tests.support.workbench_window import a_workspace

Key = Qt.Key
NONE = Qt.KeyboardModifier.NoModifier
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NORMAL, SPHERO, TARGET, BURR = ROWS[0], ROWS[3], ROWS[4], ROWS[8]


def press(
    window: RedCellsWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """A key where the keyboard is."""
    widget = QApplication.focusWidget()
    assert widget is not None
    assert widget.window() is window
    QTest.keyClick(widget, key, modifier)
    QApplication.processEvents()


def shown(window: RedCellsWindow) -> list[int]:
    return window.gallery.view.cells.ids


def test_it_begins_with_the_class_of_the_highest_proposed_grade(window: RedCellsWindow) -> None:
    grades = {code: p.grade for code, p in window.table.proposals.items()}
    assert grades[window.classes.code] == max(grades.values())
    assert window.gallery.view.current_id() == shown(window)[0]


def test_letters_name_the_framed_cell_and_the_cursor_goes_on(
    window: RedCellsWindow, session: CaseSession
) -> None:
    window.classes.choose(SPHERO)
    first, second, third = shown(window)[:3]
    window.gallery.view.select_ids([first])
    press(window, Key.Key_B)
    assert session.state.red_cells == {first: BURR}
    assert window.gallery.view.current_id() == second
    assert first not in shown(window)
    assert window.table.count(BURR) == 1
    press(window, Key.Key_Space)
    assert session.state.red_cells[second] == SPHERO
    assert second in shown(window)  # confirmed: it stays where it is
    press(window, Key.Key_Delete)
    assert session.state.red_cells[third] == NOT_COUNTED
    assert window.table.counted == len(window.table) - 1


def test_undo_goes_back_to_the_cell_in_the_class_it_has_now(
    window: RedCellsWindow, session: CaseSession
) -> None:
    window.classes.choose(SPHERO)
    first = shown(window)[0]
    press(window, Key.Key_B)
    window.classes.choose(TARGET)
    press(window, Key.Key_Z, CONTROL)
    assert session.state.red_cells == {}
    assert window.classes.code == SPHERO
    assert window.gallery.view.current_id() == first
    press(window, Key.Key_Y, CONTROL)
    assert session.state.red_cells == {first: BURR}
    assert window.classes.code == BURR
    assert window.gallery.view.current_id() == first
    press(window, Key.Key_Delete, SHIFT)  # the proposal again
    assert session.state.red_cells == {}
    assert window.classes.code == SPHERO


def test_a_step_that_is_not_about_red_cells_is_undone_only_when_it_is_wanted_twice(
    window: RedCellsWindow, session: CaseSession
) -> None:
    session.confirm([session.cells[0].id])
    written = session.state.last_seq
    press(window, Key.Key_Z, CONTROL)
    assert session.state.last_seq == written
    assert "not about red cells" in window.foot.notice.toolTip()
    press(window, Key.Key_Z, CONTROL)
    assert session.state.last_seq == written + 1
    assert not session.state.decided(session.cells[0].id)


def test_cells_out_of_sight_are_not_decided_on_unnoticed(
    window: RedCellsWindow, session: CaseSession
) -> None:
    window.classes.choose(NORMAL)
    window.gallery.view.setFocus()
    window.gallery.view.selectAll()
    many = window.gallery.view.selected_ids()
    assert len(many) > len(window.gallery.view.in_sight(many)) > 0
    press(window, Key.Key_T)
    assert session.state.red_cells == {}
    assert "out of sight; nothing was decided" in window.foot.notice.toolTip()
    press(window, Key.Key_T)
    assert len(session.state.red_cells) == len(many)
    assert set(session.state.red_cells.values()) == {TARGET}
    press(window, Key.Key_Z, CONTROL)  # one step
    assert session.state.red_cells == {}


def test_a_cell_that_was_scrolled_away_is_shown_and_not_named(
    window: RedCellsWindow, session: CaseSession
) -> None:
    window.classes.choose(NORMAL)
    view = window.gallery.view
    view.setFocus()
    view.select_ids(shown(window)[:1])
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    assert not view.in_sight([shown(window)[0]])
    press(window, Key.Key_T)
    assert session.state.red_cells == {}
    assert view.in_sight([shown(window)[0]])
    assert "out of sight" in window.foot.notice.toolTip()


def test_digits_and_strange_letters_change_no_cell(window: RedCellsWindow, session: CaseSession) -> None:
    for key in (Key.Key_0, Key.Key_1, Key.Key_2, Key.Key_3, Key.Key_P, Key.Key_Q, Key.Key_Z):
        press(window, key)
    assert session.state.last_seq == 0


def test_the_cursor_moves_by_arrows_home_and_end(window: RedCellsWindow) -> None:
    window.classes.choose(NORMAL)
    view, ids = window.gallery.view, shown(window)
    view.setFocus()
    view.select_ids(ids[:1])
    press(window, Key.Key_Right)
    assert view.current_id() == ids[1]
    press(window, Key.Key_Down)
    column = view.cells.row_of(view.current_id() or 0) or 0
    assert column > 2
    for _ in range(column):
        press(window, Key.Key_Left)  # over the beginnings of the lines
    assert view.current_id() == ids[0]
    press(window, Key.Key_End)
    assert view.current_id() == ids[-1]
    press(window, Key.Key_Home, SHIFT)
    assert view.selected_ids() == ids
    press(window, Key.Key_A, CONTROL)
    assert view.selected_ids() == ids


def test_a_grade_is_accepted_by_enter_and_stands_only_then(
    window: RedCellsWindow, session: CaseSession
) -> None:
    window.classes.choose(SPHERO)
    row = window.classes.currentIndex().row()
    proposed = window.classes.classes.proposed(row)
    assert proposed
    assert session.state.grades == {}
    assert f"proposed grade {proposed}, not accepted" in window.classes.classes.describe(row)
    window.classes.setFocus()
    press(window, Key.Key_Return)
    assert session.state.grades == {"spherocytes": proposed}
    assert window.classes.classes.proposed(row) == ""
    assert "accepted by a person" in window.classes.classes.describe(row)
    assert not window.grades.accept.isEnabled()
    written = session.state.last_seq
    press(window, Key.Key_Return)
    assert session.state.last_seq == written
    press(window, Key.Key_3)
    assert session.state.grades == {"spherocytes": "3+"}
    assert window.classes.classes.proposed(row) == proposed  # the cells still say so
    assert "another grade" in window.grades.said.text()
    press(window, Key.Key_0)
    assert session.state.grades.get("spherocytes", "") == ""
    window.classes.choose(NORMAL)
    press(window, Key.Key_Z, CONTROL)
    assert session.state.grades == {"spherocytes": "3+"}
    assert window.classes.code == SPHERO  # the row that the undo concerns


def test_buttons_and_menus_do_the_same(window: RedCellsWindow, session: CaseSession) -> None:
    window.classes.choose(SPHERO)
    window.grades.accept.click()  # before the names below bring the share under the threshold
    assert "spherocytes" in session.state.grades
    first = shown(window)[0]
    window.gallery.view.select_ids([first])
    actions = {a.text().split("\t")[-1]: a for a in window.foot.name.menu().actions() if a.text()}
    assert set(actions) >= {c.key for c in RED_CELL_CLASSES}
    actions["B"].trigger()
    assert session.state.red_cells[first] == BURR
    window.foot.confirm.click()
    assert len(session.state.red_cells) == 2
    window.foot.take_out.click()
    assert NOT_COUNTED in session.state.red_cells.values()
    menu = window.grades.other.menu()
    menu.aboutToShow.emit()
    grades = {a.text().split("\t")[-1]: a for a in menu.actions()}
    assert list(grades) == ["0", "1", "2", "3"]
    grades["3"].trigger()
    assert session.state.grades["spherocytes"] == "3+"


def test_a_field_shows_its_cells_and_a_click_chooses_one(
    window: RedCellsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    window.classes.choose(SPHERO)
    first = shown(window)[0]
    window.gallery.view.select_ids([first])
    with qtbot.waitSignal(window.field.shown):
        press(window, Key.Key_Return)
    canvas = window.field.canvas
    assert window.views.currentWidget() is window.field
    assert canvas.hasFocus()
    assert canvas.chosen == first
    assert canvas.shows(first)
    assert not canvas.camera.fitted  # near enough to judge it
    press(window, Key.Key_0)
    assert canvas.camera.fitted
    other = next(
        i for i in window.table.in_field(window.field.field_id or 0) if window.table.code(i) == TARGET
    )
    x, y = canvas.camera.to_screen(*canvas.middle(other))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    assert canvas.chosen == other
    assert window.classes.code == TARGET
    assert window.gallery.view.current_id() == other
    press(window, Key.Key_B)  # named at its place: the ring stays
    assert session.state.red_cells == {other: BURR}
    assert canvas.chosen == other
    press(window, Key.Key_Return)
    assert window.views.currentWidget() is window.gallery
    assert window.gallery.view.hasFocus()
    assert window.gallery.view.current_id() == other


def test_arrows_and_pages_walk_through_the_fields(window: RedCellsWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.field.shown):
        window.views.setCurrentWidget(window.field)
    canvas = window.field.canvas
    canvas.setFocus()
    canvas.choose(window.table.in_field(window.field.field_id or 0)[0])
    here = canvas.middle(canvas.chosen or 0)
    press(window, Key.Key_Right)
    there = canvas.middle(canvas.chosen or 0)
    assert there[0] > here[0]
    assert there[1] == pytest.approx(here[1], abs=8)
    press(window, Key.Key_Down)
    assert canvas.middle(canvas.chosen or 0)[1] > there[1] + 20
    fields = [f.id for f in session_fields(window)]
    at = fields.index(window.field.field_id or 0)
    with qtbot.waitSignal(window.field.shown):
        press(window, Key.Key_PageDown if at + 1 < len(fields) else Key.Key_PageUp)
    assert window.field.field_id != fields[at]
    assert f"of {len(fields)}" in window.field.title.toolTip()


def session_fields(window: RedCellsWindow) -> list:  # type: ignore[type-arg]
    return list(window.field.fields)


def test_a_letter_in_a_field_names_no_cell_that_is_not_seen(
    window: RedCellsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(window.field.shown):
        press(window, Key.Key_Return)
    canvas = window.field.canvas
    canvas.camera.look_at(0, 0, 12.0)
    chosen = canvas.chosen or 0
    if canvas.shows(chosen):
        canvas.camera.look_at(640, 480, 12.0)
    press(window, Key.Key_B)
    assert session.state.red_cells == {}
    assert canvas.shows(chosen)


def test_the_measures_of_the_cell_have_units_and_a_dash_where_there_is_none(
    window: RedCellsWindow, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: window.cell.values[0].text() != "")
    texts = [label.text() for label in window.cell.values]
    assert texts[0].endswith(" µm")
    assert texts[1].endswith(" µm²")
    assert all(label.accessibleName() for label in window.cell.values)


def test_a_signed_case_is_read_only(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, session: CaseSession
) -> None:
    session.confirm([c.id for c in session.cells])
    sign(session, "A. Technician", "Reviewed and reported", "Drawn.")
    assert session.state.signed
    window = RedCellsWindow(context, ReviewController(session), pool, ExaminationControl())
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    window.begin()
    qtbot.waitUntil(window.gallery.view.hasFocus)
    written = session.state.last_seq
    press(window, Key.Key_B)
    assert "signed" in window.foot.notice.toolTip()
    window.classes.setFocus()
    press(window, Key.Key_Return)
    press(window, Key.Key_2)
    assert session.state.last_seq == written
    for button in (
        window.foot.confirm,
        window.foot.name,
        window.foot.take_out,
        window.grades.accept,
        window.grades.other,
    ):
        assert not button.isEnabled()
    assert window.foot.to_field.isEnabled()
    window.close()
    pool.waitForDone()


def test_the_pictures_come_from_the_case(window: RedCellsWindow, session: CaseSession, qtbot: QtBot) -> None:
    assert not any(image.path.exists() for image in session.specimen.images)
    first = shown(window)[0]
    qtbot.waitUntil(lambda: window._thumbnails.pixmap(first) is not None)  # noqa: SLF001  # what is drawn
    with qtbot.waitSignal(window.field.shown):
        press(window, Key.Key_Return)
    assert not window.field.canvas._image.isNull()  # noqa: SLF001  # what is drawn


@pytest.fixture
def french(context: UiContext) -> Iterator[UiContext]:
    context.language.choose("fr")
    yield context
    context.language.choose("en")


def test_french_numbers_and_names(
    qtbot: QtBot, french: UiContext, pool: QThreadPool, session: CaseSession
) -> None:
    window = RedCellsWindow(french, ReviewController(session), pool, ExaminationControl())
    qtbot.addWidget(window)
    window.show()
    assert window.windowTitle() == "Hématies"
    assert window.classes.classes.index(3, 0).data() == "Sphérocyte"
    assert "," in window.classes.classes.index(3, 2).data()
    window.close()
    pool.waitForDone()


def test_a_case_that_was_not_examined_says_what_it_does_first(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, tmp_path: Path
) -> None:
    session = a_workspace(tmp_path).open_case(a_fields_case(tmp_path / "new.bcs"))
    window = RedCellsWindow(context, ReviewController(session), pool, ExaminationControl())
    qtbot.addWidget(window)
    window.allow("", unfinished=False, has_more=False)
    window.show()
    window.activateWindow()
    window.begin()
    qtbot.waitUntil(window.start.start.hasFocus)
    said = " ".join(label.text() for label in window.start.findChildren(QLabel))
    assert "one laboratory" in said
    assert window.bar.isHidden()
    press(window, Key.Key_B)  # names nothing, breaks nothing
    with qtbot.waitSignal(window.examination_wanted) as wanted:
        press(window, Key.Key_Space)
    assert wanted.args == [0]
    window.allow("There is nothing.", unfinished=False, has_more=False)
    assert not window.start.start.isEnabled()
    assert window.start.why_not.text() == "There is nothing."
    assert session.state.last_seq == 0
    window.close()
    pool.waitForDone()
    session.close()


def test_thousands_of_cells_cost_the_gallery_no_more_than_what_is_seen(window: RedCellsWindow) -> None:
    view = window.gallery.view
    many = window.table.cells.ids.tolist() * 1
    view.show_cells(window.table, many, view.cells.order)
    QApplication.processEvents()
    rows = view._visible_rows()  # noqa: SLF001  # what is asked for
    area = view.viewport().rect()
    seen = [n for n in range(len(many)) if view.visualRect(view.cells.index(n)).intersects(area)]
    assert seen == [n for n in rows if n in set(seen)]
    assert len(rows) < 2 * len(seen) < len(many)


def test_nothing_is_cut_on_a_small_screen_or_with_large_letters(window: RedCellsWindow) -> None:
    window.resize(1012, 700)
    QApplication.processEvents()
    table = window.classes
    for row in range(len(ROWS)):
        assert table.columnWidth(0) >= table.sizeHintForIndex(table.classes.index(row, 0)).width()
    font = QFont(window.font())
    assert window.minimumSizeHint().width() <= 1012, font.pointSizeF()


def test_events_are_of_one_kind_and_name_every_cell(window: RedCellsWindow, session: CaseSession) -> None:
    window.classes.choose(SPHERO)
    ids = shown(window)[:3]
    window.gallery.view.select_ids(ids)
    press(window, Key.Key_T)
    event = session.store.events()[-1]
    assert (event.kind, event.cells, event.new) == (EventKind.NAME_RED_CELLS, tuple(ids), TARGET)


def test_what_the_examination_has_to_say_stands_above_the_cells(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, tmp_path: Path, window: RedCellsWindow
) -> None:
    assert window.bar.remarks.isHidden()
    session = a_workspace(tmp_path / "other").open_case(a_fields_case(tmp_path / "other.bcs"))
    examine_drawn(session.store, 1, remarks=(remark(SCALE_DISAGREES, n_red="4.2", n_white="7.0"),))
    session.red_cells.reload()
    doubted = RedCellsWindow(context, ReviewController(session), pool, ExaminationControl())
    qtbot.addWidget(doubted)
    doubted.show()
    assert "red cells are 4.2 µm wide" in doubted.bar.remarks.text()
    assert doubted.bar.remarks.isVisible()
    doubted.close()
    pool.waitForDone()
    session.close()
