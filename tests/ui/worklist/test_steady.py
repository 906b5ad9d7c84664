"""No line of the work list moves under a hand; the keys of a search lead to the case that was found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from bloodcells_gui.ui.worklist.model import Column
from bloodcells_gui.ui.worklist.page import WorklistPage
from tests.support.workbench_window import a_case, a_workspace, shown_tools


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = a_workspace(tmp_path)
    for i in range(1, 5):
        a_case(made.cases_dir / f"S-{i}.bcs", 12, specimen_id=f"S-{i}", seed=i)
    return made


@pytest.fixture
def tools(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    with shown_tools(context, workspace, memory) as tools:
        page = tools.show_worklist()
        qtbot.waitUntil(lambda: page.model.rowCount() == 4 and not page.is_reading, timeout=20_000)
        yield tools


def shown(page: WorklistPage) -> list[str]:
    return [entry.specimen_id for entry in page.model.entries()]


def middle_of(page: WorklistPage, row: int) -> QPoint:
    return page.table.visualRect(page.model.index(row, Column.SPECIMEN)).center()


def read_again(qtbot: QtBot, page: WorklistPage) -> None:
    page.refresh()
    qtbot.waitUntil(lambda: not page.is_reading, timeout=20_000)


def mark_urgent(tools: ToolWindows, workspace: Workspace, name: str) -> None:
    """As another window, or the end of an analysis, changes a case."""
    tools.cases.set_urgent(workspace.cases_dir / f"{name}.bcs", True)


def test_lines_keep_their_places_while_the_pointer_is_in_the_list(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace
) -> None:
    page = tools.home.page
    before = shown(page)
    moved = page.table.viewport()
    QTest.mouseMove(moved, middle_of(page, 1))
    QTest.mouseMove(moved, middle_of(page, 2))
    assert page.steady.held
    mark_urgent(tools, workspace, before[3])
    a_case(workspace.cases_dir / "S-0.bcs", 12, specimen_id="S-0", seed=9)
    (workspace.cases_dir / f"{before[0]}.bcs").unlink()
    read_again(qtbot, page)
    assert shown(page) == [*before, "S-0"]  # news in their places, the new one at the end
    assert page.model.is_urgent(3)
    QApplication.sendEvent(moved, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: shown(page)[0] == before[3], timeout=5000)  # the urgent one is the first now
    assert before[0] not in shown(page)


def test_lines_keep_their_places_while_keys_are_used_in_the_list(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace
) -> None:
    page = tools.home.page
    before = shown(page)
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    mark_urgent(tools, workspace, before[3])
    read_again(qtbot, page)
    assert shown(page) == before
    assert [e.specimen_id for e in page.table.selected()] == [before[1]]
    QTest.keyClick(page.table, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: shown(page)[0] == before[3], timeout=5000)


def test_a_double_click_opens_the_case_that_was_under_the_pointer_at_its_first_press(
    tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, opened = tools.home.page, list[str]()
    before = shown(page)
    monkeypatch.setattr(page, "_open_current", lambda: None)
    page.table.opened.connect(lambda: opened.extend(e.specimen_id for e in page.table.selected()))
    at, viewport = middle_of(page, 1), page.table.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at)
    page.model.show_entries(list(reversed(page.model.entries())))
    assert page.model.entry(page.table.rowAt(at.y())).specimen_id != before[1]
    second = QMouseEvent(
        QEvent.Type.MouseButtonDblClick, QPointF(at), QPointF(viewport.mapToGlobal(at)),
        Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(viewport, second)
    assert before[1] in opened
    assert len(opened) == 1


def test_a_notice_does_not_move_the_lines(qtbot: QtBot, tools: ToolWindows) -> None:
    page = tools.home.page
    where = page.table.viewport().mapToGlobal(middle_of(page, 1))
    page.banners.show_banner("warning", "Something happened.", "It has a reason.")
    page.cluster.line.show()
    QTest.qWait(50)
    assert page.table.viewport().mapToGlobal(middle_of(page, 1)) == where


def test_enter_in_the_search_opens_the_one_case_that_it_found(tools: ToolWindows) -> None:
    page = tools.home.page
    QTest.keyClicks(page.text, "S-3")
    QTest.keyClick(page.text, Qt.Key.Key_Return)
    assert tools.window.page is not None
    assert tools.window.page.session.specimen.id == "S-3"


def test_enter_in_the_search_opens_the_case_of_exactly_that_number(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace
) -> None:
    a_case(workspace.cases_dir / "S-31.bcs", 12, specimen_id="S-31", seed=7)
    page = tools.home.page
    read_again(qtbot, page)
    QTest.keyClicks(page.text, "s-3")
    assert sorted(shown(page)) == ["S-3", "S-31"]
    QTest.keyClick(page.text, Qt.Key.Key_Return)
    assert tools.window.page is not None
    assert tools.window.page.session.specimen.id == "S-3"


def test_down_leads_from_the_search_to_the_lines_and_home_to_the_first_one(tools: ToolWindows) -> None:
    page = tools.home.page
    page.text.setFocus()
    QTest.keyClick(page.text, Qt.Key.Key_Down)
    assert page.table.hasFocus()
    assert tools.window.page is None  # nothing is opened
    QTest.keyClick(page.table, Qt.Key.Key_End)
    assert page.table.selected() == [page.model.entry(3)]
    QTest.keyClick(page.table, Qt.Key.Key_Home)
    assert page.table.selected() == [page.model.entry(0)]
    QTest.keyClick(page.text, Qt.Key.Key_Return)  # several were found: nothing is opened
    assert tools.window.page is None
