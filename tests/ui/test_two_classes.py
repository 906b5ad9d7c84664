"""Two classes side by side: cells move between them by one key, and only those that are seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.review import Status
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.model import GROUPS
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.two_classes import ClassPane, TwoClassesWindow
from tests.support.fakes import FakeSession, make_cells

Key = Qt.Key


@pytest.fixture
def window(qtbot: QtBot, context: UiContext, pool: QThreadPool) -> Iterator[TwoClassesWindow]:
    window = TwoClassesWindow(context, ReviewController(FakeSession(make_cells(80))), pool, "SNE")
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.left.view.hasFocus)
    yield window
    window.close()
    pool.waitForDone()


def ids(pane: ClassPane) -> list[int]:
    return list(pane.model.ids(GROUPS.index(pane.code)))


def test_enter_moves_the_cell_to_the_other_side_and_goes_on(window: TwoClassesWindow) -> None:
    left, right = window.left, window.right
    assert (left.code, right.code) == ("SNE", "BNE")
    first, second = ids(left)[:2]
    QTest.keyClick(left.view, Key.Key_Return)
    assert first in ids(right)
    assert first not in ids(left)
    assert left.view.current_id() == second
    QTest.keyClick(left.view, Key.Key_Tab)
    assert right.view.hasFocus()
    right.view.select_ids([first])
    QTest.keyClick(right.view, Key.Key_Return)
    assert first in ids(left)
    QTest.keyClick(right.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert first in ids(right)
    assert right.view.current_id() == first  # the key that corrects it is meant for it
    QTest.keyClick(right.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (left.view.current_id(), left.view.hasFocus()) == (first, True)


def test_space_confirms_a_class_key_names_and_delete_takes_out(window: TwoClassesWindow) -> None:
    session, view = window._controller.session, window.left.view  # noqa: SLF001  # the case behind it
    first, second, third = ids(window.left)[:3]
    QTest.keyClick(view, Key.Key_Space)
    assert session.decision(first).status is Status.CONFIRMED
    QTest.keyClick(view, Key.Key_S)
    assert session.decision(second).final == "LY"
    QTest.keyClick(view, Key.Key_Delete)
    assert session.decision(third).status is Status.EXCLUDED


def test_cells_out_of_sight_are_shown_and_not_moved(window: TwoClassesWindow) -> None:
    view = window.left.view
    window.resize(700, 420)
    view.set_side(224)
    view.selectAll()
    before = ids(window.left)
    QTest.keyClick(view, Key.Key_Return)
    assert ids(window.left) == before
    assert len(view.selected_ids()) == 1


def test_another_class_can_be_chosen(window: TwoClassesWindow) -> None:
    window.right.show_class("LY")
    assert ids(window.right)
    assert all(window._controller.group_of(i) == "LY" for i in ids(window.right))  # noqa: SLF001  # as above


def test_the_hint_names_the_keys_of_both_classes(window: TwoClassesWindow) -> None:
    assert "(A: Band neutrophil, Q: Segmented neutrophil …)" in window.hint.text()
    window.right.choice.setCurrentIndex(window.right.choice.findData("LY"))
    window.right.choice.activated.emit(window.right.choice.currentIndex())
    window.right.show_class("LY")
    assert "(S: Lymphocyte, Q: Segmented neutrophil …)" in window.hint.text()
