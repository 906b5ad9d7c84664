"""The command "Red cells": examined in the background, stopped, gone on with; undo finds its window."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.red_cell_examination import ExaminationJob, fields_left, is_unfinished
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.examination import FieldFindings, StoredField
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.red_cells.window import RedCellsWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.examined_fields import a_fields_case, drawn_field, examine_drawn, places
from tests.support.red_cell_case import FakeExaminer
from tests.support.workbench_window import a_case, a_workspace, shown_tools

Key, CONTROL = Qt.Key, Qt.KeyboardModifier.ControlModifier


@dataclass
class GatedExaminer(FakeExaminer):
    """Gives a field each time that the gate is opened."""

    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def findings(self, done: Sequence[StoredField]) -> Iterator[FieldFindings]:
        for found in super().findings(done):
            self.gate.acquire(timeout=20)
            yield found


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def examiner() -> GatedExaminer:
    return GatedExaminer([drawn_field(n, place) for n, place in enumerate(places(3))])


@pytest.fixture
def tools(
    context: UiContext,
    memory: WindowMemory,
    workspace: Workspace,
    examiner: GatedExaminer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ToolWindows]:
    def job(session: CaseSession, more: int = 0) -> ExaminationJob:
        return ExaminationJob(session, lambda _: examiner, 420 + more)

    monkeypatch.setattr(workspace, "examine_red_cells", job)
    with shown_tools(context, workspace, memory) as tools:
        yield tools
        examiner.gate.release(50)


def opened(tools: ToolWindows, path: Path, qtbot: QtBot) -> RedCellsWindow:
    tools.window.attach(tools.workspace.open_case(path))
    tools.window.actions_.get("red_cells").trigger()
    window = tools.films.red_cells.open
    assert window is not None
    qtbot.waitUntil(window.isActiveWindow)
    return window


def test_an_examination_runs_beside_the_window_stops_and_goes_on(
    qtbot: QtBot, tools: ToolWindows, examiner: GatedExaminer, tmp_path: Path
) -> None:
    desk = tools.films.red_cells
    window = opened(tools, a_fields_case(tmp_path / "new.bcs"), qtbot)
    session = tools.session
    assert session is not None
    QTest.keyClick(window.start.start, Key.Key_Space)
    qtbot.waitUntil(lambda: desk.control.running)
    assert window.bar.stop.isVisible()
    examiner.gate.release()
    qtbot.waitUntil(lambda: len(window.table) == 140)
    assert window.body.currentWidget() is window.panes
    assert window.bar.bar.value() == 140
    assert len(window.gallery.view.cells.ids) > 0
    window.close()  # it goes on
    qtbot.waitUntil(lambda: desk.open is None)
    examiner.gate.release()
    qtbot.waitUntil(lambda: len(session.red_cells) == 280)
    window = desk.show()
    assert window is not None
    assert window.bar.stop.isVisible()
    window.bar.stop.click()
    assert not window.bar.stop.isEnabled()
    examiner.gate.release()
    qtbot.waitUntil(lambda: not desk.control.running)
    assert len(session.red_cells.fields) == 2  # what is whole stays
    assert is_unfinished(session)
    assert window.bar.go_on.isVisible()
    assert "not finished" in window.bar.said.text()
    examiner.gate.release(5)
    window.bar.go_on.click()
    qtbot.waitUntil(lambda: not desk.control.running and len(window.table) == 420)
    assert not is_unfinished(session)
    assert not fields_left(session)
    assert session.red_cells.examination is not None
    assert session.red_cells.examination.status is RunStatus.COMPLETE
    assert len(session.red_cells.examinations) == 1
    assert not window.bar.go_on.isVisible()
    assert len(examiner.read) == 4  # the third field twice: it was stopped before it was whole


def test_the_case_may_be_closed_while_it_runs(
    qtbot: QtBot, tools: ToolWindows, examiner: GatedExaminer, tmp_path: Path
) -> None:
    window = opened(tools, a_fields_case(tmp_path / "new.bcs"), qtbot)
    window.start.start.click()
    examiner.gate.release()
    qtbot.waitUntil(lambda: len(window.table) == 140)
    examiner.gate.release(5)
    tools.window.close_case()
    assert not tools.films.red_cells.control.running
    qtbot.waitUntil(lambda: tools.films.red_cells.open is None)
    assert not tools.window.actions_.get("red_cells").isEnabled()


def test_crops_have_nothing_to_examine_and_the_window_says_so(
    qtbot: QtBot, tools: ToolWindows, tmp_path: Path
) -> None:
    window = opened(tools, a_case(tmp_path / "crops.bcs", 12), qtbot)
    assert not window.start.start.isEnabled()
    assert "single leukocytes" in window.start.why_not.text()
    tools.films.red_cells.examine()
    assert not tools.films.red_cells.control.running


def test_an_error_is_told_in_the_window_and_in_the_banner(
    qtbot: QtBot, tools: ToolWindows, examiner: GatedExaminer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_done: object) -> Iterator[FieldFindings]:
        raise UserError("The images are gone.")
        yield  # a generator

    monkeypatch.setattr(examiner, "findings", broken)
    window = opened(tools, a_fields_case(tmp_path / "new.bcs"), qtbot)
    window.start.start.click()
    qtbot.waitUntil(lambda: "The images are gone." in window.foot.notice.toolTip())
    assert not tools.films.red_cells.control.running
    assert window.start.start.isEnabled()
    assert window.foot.notice.isVisible()
    assert any(b.texts[0] == "The images are gone." for b in tools.window.banners.banners)


def test_undo_in_the_main_window_shows_the_red_cells_and_takes_nothing_back(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace, tmp_path: Path
) -> None:
    path = a_fields_case(tmp_path / "one.bcs")
    session = workspace.open_case(path)
    examine_drawn(session.store)
    session.close()
    window = opened(tools, path, qtbot)
    session = tools.session
    assert session is not None
    first = window.gallery.view.cells.ids[0]
    qtbot.waitUntil(window.gallery.view.hasFocus)
    QTest.keyClick(window.gallery.view, Key.Key_B)
    assert list(session.state.red_cells) == [first]
    window.close()
    qtbot.waitUntil(lambda: tools.films.red_cells.open is None)
    tools.window.actions_.get("undo").trigger()
    assert list(session.state.red_cells) == [first]  # nobody saw it
    window = tools.films.red_cells.open
    assert window is not None
    assert window.gallery.view.current_id() == first
    assert "out of sight" in window.foot.notice.toolTip()
    qtbot.waitUntil(window.gallery.view.hasFocus)
    QTest.keyClick(window.gallery.view, Key.Key_Z, CONTROL)
    assert session.state.red_cells == {}


def test_a_slide_offers_more_cells_where_the_limits_cross_a_threshold(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace, tmp_path: Path
) -> None:
    path = a_fields_case(tmp_path / "one.bcs")
    session = workspace.open_case(path)
    examine_drawn(session.store)
    session.close()
    window = opened(tools, path, qtbot)
    model = window.classes.classes
    row = next(r for r in range(model.rowCount()) if model.more(r))
    window.classes.selectRow(row)
    assert f"count {model.more(row)} more cells" in window.grades.said.text().replace(",", "")
    assert window.grades.more.isHidden()  # every field is examined
    assert "take more images" in window.grades.said.text()
    window.allow("", unfinished=False, has_more=True)
    assert not window.grades.more.isHidden()
    with qtbot.waitSignal(window.examination_wanted) as wanted:
        window.grades.more.click()
    assert wanted.args == [model.more(row)]


def test_an_analysis_is_followed_by_an_examination_only_where_the_settings_ask_for_it(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace, examiner: GatedExaminer, tmp_path: Path
) -> None:
    tools.window.attach(workspace.open_case(a_fields_case(tmp_path / "new.bcs")))
    desk, session = tools.films.red_cells, tools.session
    assert session is not None
    examiner.gate.release(9)
    for wanted in (False, True):
        workspace.save_settings(replace(workspace.settings, red_cells=wanted))
        desk._analysing = True  # noqa: SLF001  # as while an analysis runs
        tools.window.analysis.state_changed.emit()
        assert desk.control.running is wanted
    qtbot.waitUntil(lambda: not desk.control.running)
    assert len(session.red_cells.fields) == 3
    tools.window.analysis.state_changed.emit()
    assert not desk.control.running
