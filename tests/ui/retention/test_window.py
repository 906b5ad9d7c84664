"""The window of cases past their time: a look before anything goes, a word for what is signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.retention import Retention
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.settings import Privacy
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.retention.window import RetentionWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.due_cases import DueCases
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.signed_cases import LATER, signed_case
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(privacy=Privacy(365, False), target_cells=0)
    return workspace


@pytest.fixture
def cases(workspace: Workspace) -> Iterator[WorkList]:
    cases = WorkList(workspace)
    yield cases
    cases.close()


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, workspace: Workspace, cases: WorkList, pool: QThreadPool
) -> RetentionWindow:
    signed_case(workspace, "signed.bcs")
    a_case(workspace.cases_dir / "plain.bcs", 5, specimen_id="<b>Plain</b>")
    window = RetentionWindow(context, Retention(workspace, cases, lambda: LATER), "Ana", pool)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.due.rowCount() == 2)
    for model in (window.due, window.record):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return window


def test_nothing_goes_without_a_name_and_nothing_signed_without_a_word(
    qtbot: QtBot, window: RetentionWindow, workspace: Workspace
) -> None:
    assert [d.signed for d in window.due.ticked()] == [False]
    assert not window.remove_button.isEnabled()
    QTest.keyClicks(window.name, "A. Technician")
    assert window.remove_button.isEnabled()
    assert not window.signed_too.isVisible()
    signed = window.due.index(1, 0)
    window.table.setCurrentIndex(signed)
    QTest.keyClick(window.table, Qt.Key.Key_Space)
    assert window.due.data(signed, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    assert window.signed_too.isVisible()
    assert not window.remove_button.isEnabled()
    window.signed_too.setChecked(True)
    window.grab()
    QTest.mouseClick(window.remove_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.due.rowCount() == 0 and window.record.rowCount() == 4)
    assert not list(workspace.cases_dir.glob("*.bcs"))
    assert "2 case" in window.banners.banners[0].texts[0]
    assert window.record.index(0, 2).data() == "A. Technician"
    window.tabs.setCurrentIndex(1)
    window.grab()


def test_what_is_not_ticked_stays(qtbot: QtBot, window: RetentionWindow, workspace: Workspace) -> None:
    window.name.setText("Ana")
    window.remove()
    qtbot.waitUntil(lambda: window.record.rowCount() == 2)
    assert [p.name for p in workspace.cases_dir.glob("*.bcs")] == ["signed.bcs"]


def test_the_program_tells_of_them_once_the_days_are_set(
    qtbot: QtBot, context: UiContext, workspace: Workspace, cases: WorkList, memory: WindowMemory
) -> None:
    a_case(workspace.cases_dir / "old.bcs", 5)
    workspace.change_settings(privacy=Privacy(0, False))
    window = MainWindow(context, workspace, memory)
    bench = ToolWindows(window, context, workspace, cases, memory)
    bench.retention = Retention(workspace, cases, lambda: LATER)
    bench._due = DueCases(window, bench.retention, lambda: None)  # noqa: SLF001  # by the later clock
    window.show()
    qtbot.wait(50)
    assert not window.banners.banners
    bench.settings.take(_with_days(workspace, 30))
    qtbot.waitUntil(lambda: bool(window.banners.banners))
    assert "1 case" in window.banners.banners[0].texts[0]
    assert (workspace.cases_dir / "old.bcs").exists()
    shown = bench.show_retention()
    qtbot.waitUntil(lambda: shown.due.rowCount() == 1)
    window.close()
    window.deleteLater()


def _with_days(workspace: Workspace, days: int):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(workspace.settings, privacy=Privacy(days, False))
