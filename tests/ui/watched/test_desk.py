"""The watched folder in the window: what the foot says, the list, its keys; a review is not disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import WatchSettings
from bloodcells_gui.domain.watching import WatchState
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.watched.desk import WatchDesk
from bloodcells_gui.ui.watched.model import WatchedModel, state_words
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.watching import SETTLE_S, Desk, a_desk, picture
from tests.support.workbench_window import a_case


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as desk:
        desk.workspace.change_settings(
            watch=WatchSettings(on=True, folder=str(desk.folder), settle_s=SETTLE_S)
        )
        yield desk


@pytest.fixture
def shown(
    qtbot: QtBot, context: UiContext, desk: Desk, memory: WindowMemory
) -> Iterator[tuple[MainWindow, WatchDesk]]:
    window = MainWindow(context, desk.workspace, memory)
    ToolWindows(window, context, desk.workspace, desk.cases, memory)
    watch = WatchDesk(window, context, desk.workspace, desk.cases, desk.watched)
    window.show()
    qtbot.waitExposed(window)
    yield window, watch
    window.close()
    window.deleteLater()


def test_every_state_has_words() -> None:
    assert len({state_words(state) for state in WatchState}) == len(WatchState)


def test_the_foot_says_what_asks_for_a_person(desk: Desk, shown: tuple[MainWindow, WatchDesk]) -> None:
    _, watch = shown
    desk.look()
    watch.refresh()
    assert watch.foot.text() == "Watched folder: nothing new"
    picture(desk.folder / "IMG_1.png", 1)
    picture(desk.folder / "S-1" / "a.png", 2)
    desk.settle()
    watch.refresh()
    assert watch.foot.text() == "Watched folder: 1 unassigned picture"
    desk.queue.finish(desk.queue.added[0], QueueState.FAILED, UserError("No model.", "", "Install one."))
    desk.look()
    watch.refresh()
    assert watch.foot.text() == "Watched folder: 2 ask for you"
    desk.folder.rename(desk.folder.with_name("away"))
    desk.look()
    watch.refresh()
    assert watch.foot.text() == "Watched folder: not there"
    assert str(desk.folder) in watch.foot.toolTip()
    desk.workspace.change_settings(watch=WatchSettings())
    watch.refresh()
    assert not watch.foot.isVisible()


def test_loose_pictures_are_assigned_by_keyboard(
    qtbot: QtBot, desk: Desk, shown: tuple[MainWindow, WatchDesk], monkeypatch: pytest.MonkeyPatch
) -> None:
    window, watch = shown
    for number in range(3):
        picture(desk.folder / f"IMG_{number}.png", number)
    desk.settle()
    watch.refresh()
    QTest.keyClick(
        window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    listed = watch.window
    assert listed is not None
    qtbot.waitUntil(listed.table.hasFocus)
    QAbstractItemModelTester(listed.model, QAbstractItemModelTester.FailureReportingMode.Fatal)

    def typed() -> None:
        dialog = QApplication.activeModalWidget()
        assert dialog is not None
        QTest.keyClicks(dialog.focusWidget(), "S-55")
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
        QTest.qWait(60)  # a second Enter at once is a scanner's line feed
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)

    monkeypatch.setattr(
        "bloodcells_gui.ui.watched.assign.AssignDialog.exec",
        lambda self: (self.open(), typed(), self.result())[-1],
    )
    QTest.keyClick(listed.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(listed.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(desk.queue.added) == 1)
    with CaseStore.open(desk.queue.added[0], read_only=True) as store:
        assert store.specimen.id == "S-55"
        assert len(store.specimen.images) == 3
    qtbot.waitUntil(lambda: bool(listed.banners.banners))
    watch.refresh()
    assert {listed.model.entry(row).state for row in range(3)} == {WatchState.QUEUED}


def test_the_chosen_picture_is_shown(qtbot: QtBot, desk: Desk, shown: tuple[MainWindow, WatchDesk]) -> None:
    picture(desk.folder / "IMG_0.png", 1)
    desk.settle()
    shown[1].refresh()
    listed = shown[1].show_window()
    qtbot.waitUntil(lambda: not listed.picture.pixmap().isNull(), timeout=20_000)


def test_a_failure_is_tried_again_and_a_copy_left(
    qtbot: QtBot, desk: Desk, shown: tuple[MainWindow, WatchDesk]
) -> None:
    picture(desk.folder / "S-1" / "a.png", 2)
    picture(desk.folder / "copy" / "b.png", 3)
    desk.settle()
    desk.queue.finish(desk.queue.added[0], QueueState.FAILED, UserError("No model.", "", "Install one."))
    picture(desk.folder / "copy 2" / "b.png", 3)
    desk.settle()
    shown[1].refresh()
    listed = shown[1].show_window()
    failed = listed.model.entry(0)
    assert failed.state is WatchState.FAILED
    assert listed.take_button.isEnabled()
    listed.table.selectRow(0)
    QTest.keyClick(listed.table, Qt.Key.Key_Return)
    desk.look()
    assert desk.entry(failed.name).state is WatchState.QUEUED
    shown[1].refresh()
    row = listed.model.row_of("copy 2")
    listed.table.selectRow(row)
    listed.leave_button.click()
    qtbot.waitUntil(lambda: desk.entry("copy 2").state is WatchState.LEFT_OUT)
    assert "A. Technician" in desk.entry("copy 2").words.text()


def test_a_review_keeps_focus_and_cells_while_cases_arrive(
    qtbot: QtBot, desk: Desk, shown: tuple[MainWindow, WatchDesk], tmp_path: Path
) -> None:
    window, watch = shown
    case = a_case(tmp_path / "elsewhere" / "review.bcs")
    window.opener.open_path(case)
    qtbot.waitUntil(lambda: window.page is not None)
    page = window.page
    assert page is not None
    focus, current = QApplication.focusWidget(), page.gallery.view.current_id()
    for number in range(4):
        picture(desk.folder / f"S-{number}" / "a.png", number)
    picture(desk.folder / "loose.png", 77)
    desk.settle()
    watch.refresh()
    assert QApplication.focusWidget() is focus
    assert page.gallery.view.current_id() == current
    assert not window.banners.banners


def test_the_model_puts_what_asks_first(context: UiContext, desk: Desk) -> None:
    picture(desk.folder / "a" / "a.png", 1)
    (desk.folder / "b.txt").write_text("none")
    picture(desk.folder / "c.png", 2)
    desk.settle()
    model = WatchedModel(context)
    model.show_entries(desk.watched.entries())
    assert [model.entry(row).name for row in range(3)] == ["c.png", "a", "b.txt"]


def test_the_work_list_says_what_asks_and_leads_to_assigning(
    qtbot: QtBot, desk: Desk, shown: tuple[MainWindow, WatchDesk]
) -> None:
    window, watch = shown
    desk.look()
    watch.refresh()
    assert window.home is not None
    assert window.home.notices.indexOf(watch.line) >= 0
    assert watch.line.isHidden()
    picture(desk.folder / "S-1" / "a.png", 2)
    picture(desk.folder / "IMG_1.png", 1)
    picture(desk.folder / "IMG_2.png", 3)
    desk.settle()
    watch.refresh()
    qtbot.waitUntil(window.home.isVisible)  # the first case is here
    assert watch.line.text.text() == "2 pictures in the watched folder wait for their specimen."
    watch.line.assign_button.click()
    assert watch.window is not None
    assert [e.name for e in watch.window.selected()] == ["IMG_1.png", "IMG_2.png"]
    assert watch.window.assign_button.isEnabled()


def test_the_line_says_that_the_folder_is_gone(desk: Desk, shown: tuple[MainWindow, WatchDesk]) -> None:
    desk.folder.rename(desk.folder.with_name("away"))
    desk.look()
    shown[1].refresh()
    assert str(desk.folder) in shown[1].line.text.text()
    assert not shown[1].line.assign_button.isVisibleTo(shown[1].line)
