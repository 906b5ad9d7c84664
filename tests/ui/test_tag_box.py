"""Tags by digit on the chosen cells, in one step to undo; comments on cells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.cell_words import cell_remarks
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.tag_box import TagBox
from tests.support.desk import CTRL, Desk
from tests.support.fakes import FakeSession, make_cells


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(make_cells(20))


def test_digits_put_tags_on_all_cells_and_take_them_off(
    qtbot: QtBot, context: UiContext, session: FakeSession
) -> None:
    controller = ReviewController(session)
    first, second = session.cells[0].id, session.cells[1].id
    controller.tag([first], "Auer rod")
    box = TagBox(context, controller, [first, second], None)  # type: ignore[arg-type]
    qtbot.addWidget(box)
    row = box.model.tags.index("Auer rod")
    role = Qt.ItemDataRole.CheckStateRole
    assert box.model.index(row).data(role) == Qt.CheckState.PartiallyChecked
    QTest.keyClick(box, Qt.Key(ord(str(row + 1))))
    assert session.state.tags == {first: ("Auer rod",), second: ("Auer rod",)}
    assert session.events[-1].cells == (second,)
    assert box.model.index(row).data(role) == Qt.CheckState.Checked
    QTest.keyClick(box, Qt.Key(ord(str(row + 1))))
    assert session.state.tags == {}
    controller.undo()
    assert session.state.tags == {first: ("Auer rod",), second: ("Auer rod",)}
    with qtbot.waitSignal(box.comment_wanted):
        QTest.keyClick(box, Qt.Key.Key_Return)


def test_a_tagged_cell_says_so_and_keeps_its_class(context: UiContext, session: FakeSession) -> None:
    controller, cell = ReviewController(session), session.cells[3].id
    before = session.decision(cell)
    controller.tag([cell], "Vacuoles")
    controller.note("A second look please", [cell])
    assert session.decision(cell) == before
    assert cell_remarks(session, context.language, cell) == ["Vacuoles", "A second look please"]
    assert cell_remarks(session, context.language, session.cells[4].id) == []


def test_the_key_opens_the_tags_of_the_cell_that_is_seen(desk: Desk) -> None:
    cell = desk.go("LY", 2)
    desk.press(Qt.Key.Key_T, modifier=CTRL)
    (box,) = desk.page.findChildren(TagBox)
    QTest.keyClick(box, Qt.Key.Key_1)
    assert desk.session.state.tags == {cell: (desk.session.settings.cell_tags[0],)}
    box.close()
