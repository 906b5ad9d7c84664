"""The cluster in the work list, on real workers: handed over, followed, asked about at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.analysis import AnalysisOptions, new_case
from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.cluster_case import workers_ended
from bloodcells_gui.app.handed_over import CaseWork, HandedOver
from bloodcells_gui.app.overnight import OvernightState
from bloodcells_gui.app.worklist import CaseState
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import AnalysisEvent, Done, RunStatus
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from bloodcells_gui.ui.worklist.cluster_line import ClusterLine, LeaveClusterDialog
from bloodcells_gui.ui.worklist.model import Column
from tests.support.department import department
from tests.support.doubles import draw_cell, plain_engine
from tests.support.workbench_window import a_case, shown_tools

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytest.importorskip("cryptography", reason="the extra `cluster` is not installed")

# Dask's own threads warn when a process is killed; its processes talk over the loopback.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.loopback]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(plain_engine, home=tmp_path / "home", config=tmp_path / "config")  # type: ignore[arg-type]
    made.author = "A. Technician"
    return made


@pytest.fixture
def tools(context: UiContext, workspace: Workspace, memory: WindowMemory) -> Iterator[ToolWindows]:
    with shown_tools(context, workspace, memory) as tools:
        yield tools


@pytest.fixture
def specimen(tmp_path: Path) -> Path:
    folder = tmp_path / "S-1"
    folder.mkdir()
    for i, code in enumerate(("SNE", "LY", "EO")):
        cv2.imwrite(str(folder / f"{i}.png"), draw_cell(code)[..., ::-1])
    return folder


def test_without_a_cluster_the_command_is_disabled_and_says_why(
    tools: ToolWindows, workspace: Workspace
) -> None:
    acts = tools.home.page.cluster
    command = tools.window.actions_.get("hand_over")
    for action in (acts.hand_over, acts.analyse, command):
        assert not action.isEnabled()
        assert "No cluster is set up on this workstation." in action.toolTip()
    assert acts.line.isHidden()
    workspace.save_settings(replace(workspace.settings, cluster="local:1"))
    acts.show_state()
    assert acts.analyse.isEnabled()
    assert not command.isEnabled()
    assert "No chosen case lacks its analysis" in command.toolTip()


def test_with_the_one_line_that_the_list_begins_with_all_that_wait_are_handed_over(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Waits:
        def events(self) -> Iterator[AnalysisEvent]:
            go.wait(60)
            yield Done(RunStatus.COMPLETE)

        def cancel(self) -> None:
            go.set()

    go, handed = threading.Event(), list[Path]()
    queue, page = tools.cases.queue, tools.show_worklist()
    queue.add(workspace.home / "the one that runs", Waits())
    paths = []
    for i in range(6):
        paths.append(workspace.cases_dir / f"S-{i}.bcs")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        specimen = Specimen(f"S-{i}", SpecimenKind.COUNTER, workspace.home)
        new_case(paths[-1], specimen, case_id=f"S-{i}").close()
        queue.add(paths[-1], Waits())
    workspace.save_settings(replace(workspace.settings, cluster="local:1"))
    page.refresh()
    qtbot.waitUntil(lambda: page.model.rowCount() == 6 and not page.is_reading, timeout=20_000)
    monkeypatch.setattr(tools.cases.overnight, "hand_over", lambda them: handed.extend(them) or len(handed))
    assert len(page.table.selected()) == 1
    page.cluster.show_state()
    command = tools.window.actions_.get("hand_over")
    assert command.text() == "&Hand 6 cases over to the cluster"
    # Qt names keys in the language of the last test that chose one.
    keys = QKeySequence("Ctrl+Shift+H").toString(QKeySequence.SequenceFormat.NativeText)
    assert page.cluster.hand_over.text() == f"&Hand 6 cases over to the cluster\t{keys}"
    command.trigger()
    qtbot.waitUntil(lambda: bool(handed))
    assert sorted(handed) == paths
    handed.clear()
    page.table.choose(paths[2:4])
    assert command.text() == "&Hand 2 cases over to the cluster"
    command.trigger()
    qtbot.waitUntil(lambda: bool(handed))
    assert sorted(handed) == paths[2:4]
    go.set()


def test_a_folder_goes_to_the_cluster_and_its_case_fills_as_it_ends(
    qtbot: QtBot,
    tools: ToolWindows,
    workspace: Workspace,
    specimen: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = tools.show_worklist()
    asked: list[str] = []
    shown: list[str] = []
    show = ClusterLine.show_state

    def stay(dialog: LeaveClusterDialog) -> int:
        asked.append(dialog.windowTitle())
        return 0

    def noted(line: ClusterLine, state: OvernightState) -> None:
        show(line, state)
        shown.append(line.text.text() if line.isVisible() else "")

    monkeypatch.setattr(LeaveClusterDialog, "exec", stay)
    monkeypatch.setattr(ClusterLine, "show_state", noted)
    with department() as workers:
        workspace.save_settings(replace(workspace.settings, cluster=workers.scheduler_address))
        page.enqueue(specimen, on_cluster=True)
        qtbot.waitUntil(lambda: tools.cases.overnight.state().running, timeout=20_000)
        page.cluster._look()  # noqa: SLF001  # its timer may be late
        tools.window.close()
        assert tools.window.isVisible()
        assert asked == ["Close while cases are on the cluster?"]
        qtbot.waitUntil(page.cluster.line.isHidden, timeout=60_000)
        qtbot.waitUntil(
            lambda: [e.state for e in page.model.entries()] == [CaseState.TO_REVIEW], timeout=20_000
        )
        assert page.model.entry(0).cells == 3
    assert any(text.startswith("On the cluster") for text in shown)


def test_the_list_says_which_cases_are_on_the_cluster_and_why_one_was_left_out(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace
) -> None:
    class Elsewhere:
        def take_back(self, path: Path) -> None: ...

        def hurry(self, path: Path) -> None: ...

    paths = []
    for i in range(3):
        specimen = Specimen(f"S-{i}", SpecimenKind.COUNTER, workspace.home)
        paths.append(workspace.cases_dir / f"S-{i}.bcs")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        new_case(paths[-1], specimen, case_id=f"S-{i}").close()
    queue, page = tools.cases.queue, tools.show_worklist()
    for path in paths:
        queue.lend(path, Elsewhere())
    queue.report(paths[0], 45, 100, 7)
    queue.settle(paths[2], QueueState.FAILED, workers_ended("S-2", 3))
    page.refresh()
    qtbot.waitUntil(lambda: page.model.rowCount() == 3 and not page.is_reading, timeout=20_000)
    model = page.model
    rows = [model.row_of(path) for path in paths]
    states = [model.state_text(row)[0] for row in rows]
    assert states[:2] == ["on the cluster 45 %", "waiting for the cluster"]
    flags = str(model.index(rows[2], Column.FLAGS).data())
    assert "ended 3 workers" in flags


def test_what_an_earlier_start_left_is_offered_and_can_be_left(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> None:
    path = a_case(workspace.cases_dir / "S-1.bcs", 3)
    HandedOver(workspace.home).add({path: CaseWork(AnalysisOptions(0.107, 100))})
    with shown_tools(context, workspace, memory) as tools:
        line = tools.show_worklist().cluster.line
        qtbot.waitUntil(line.isVisible)
        assert line.text.text().startswith("1 case was on the cluster when the program ended")
        qtbot.mouseClick(line.leave_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(line.isHidden)
    assert HandedOver(workspace.home).cases() == []


def test_a_cluster_that_is_being_stopped_says_so(context: UiContext) -> None:
    line = ClusterLine(context)
    line.show_state(OvernightState(True, None, 0))
    assert line.stop_button.isEnabled()
    line.show_state(OvernightState(True, None, 0, stopping=True))
    assert line.text.text() == "The cluster is being stopped; what is whole is kept."
    assert not line.stop_button.isEnabled()
    line.show_state(OvernightState(True, None, 0))
    assert line.stop_button.isEnabled()


def test_the_two_ways_to_stop_have_two_names(tools: ToolWindows) -> None:
    page = tools.show_worklist()
    assert (page.stop_button.text(), page.cluster.line.stop_button.text()) == (
        "&Stop analysis",
        "Stop the &cluster",
    )
