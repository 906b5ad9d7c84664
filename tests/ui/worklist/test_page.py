"""The work list: what it shows, finds, queues, moves and recovers; the notice after a crash."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.analysis_queue import AnalysisQueue, QueueState
from bloodcells_gui.app.worklist import CaseState, Query, TableWritten, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import AnalysisRun, Done, Progress, RunStatus
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import CODES as CSV_CODES
from bloodcells_gui.domain.settings import Privacy
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from bloodcells_gui.ui.worklist.model import Column, WorklistModel
from bloodcells_gui.ui.worklist.page import WorklistPage
from tests.support.fakes import CODES as CLASS_CODES
from tests.support.workbench_window import CREATED, a_case, a_workspace


class StepJob:
    """Goes on when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go, self.stopped, self.error = threading.Event(), threading.Event(), error

    def events(self) -> Iterator[object]:
        yield Progress(3, 10, "images", 5, 1.0, None)
        while not self.go.wait(0.01):
            if self.stopped.is_set():
                yield Done(RunStatus.CANCELLED)
                return
        if self.error is not None:
            raise self.error
        yield Done(RunStatus.COMPLETE)

    def cancel(self) -> None:
        self.stopped.set()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def cases(workspace: Workspace) -> Iterator[WorkList]:
    cases = WorkList(workspace)
    yield cases
    cases.close()


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, workspace: Workspace, cases: WorkList, memory: WindowMemory
) -> Iterator[tuple[MainWindow, ToolWindows]]:
    window = MainWindow(context, workspace, memory)
    bench = ToolWindows(window, context, workspace, cases, memory)
    window.show()
    qtbot.waitExposed(window)
    yield window, bench
    window.close()
    window.deleteLater()


def shown(worklist: WorklistPage) -> list[str]:
    model = worklist.model
    return [str(model.index(r, Column.SPECIMEN).data()) for r in range(model.rowCount())]


def test_the_queue_runs_one_after_the_other_and_tells_how_each_ended() -> None:
    queue = AnalysisQueue()
    jobs = [StepJob(), StepJob(UserError("no")), StepJob(RuntimeError("fault")), StepJob()]
    faults: list[BaseException] = []
    queue._report_fault = faults.append  # noqa: SLF001  # faults would end the test
    for i, job in enumerate(jobs):
        queue.add(Path(f"/{i}.bcs"), job)
    assert [e.turn for e in queue.entries()][1:] == [QueueState.WAITING] * 3
    for job in jobs:
        job.go.set()
    for _ in range(500):
        if not queue.busy:
            break
        QTest.qWait(10)
    assert [e.turn for e in queue.entries()] == [
        QueueState.DONE,
        QueueState.FAILED,
        QueueState.FAILED,
        QueueState.DONE,
    ]
    assert queue.entries()[1].error is not None
    assert [str(f) for f in faults] == ["fault"]
    assert queue.close()


def test_a_waiting_analysis_can_be_taken_out_and_a_running_one_stopped(qtbot: QtBot) -> None:
    queue = AnalysisQueue()
    first, second = StepJob(), StepJob()
    queue.add(Path("/1.bcs"), first)
    queue.add(Path("/2.bcs"), second)
    qtbot.waitUntil(lambda: queue.entries()[0].done == 3)
    assert queue.withdraw(Path("/2.bcs"))
    assert not queue.withdraw(Path("/1.bcs"))
    queue.stop(Path("/1.bcs"))
    qtbot.waitUntil(lambda: not queue.busy)
    assert [e.turn for e in queue.entries()] == [QueueState.STOPPED]
    assert queue.close()
    with pytest.raises(RuntimeError):
        queue.add(Path("/3.bcs"), StepJob())


def test_it_lists_finds_and_opens_by_keyboard(
    qtbot: QtBot, window: tuple[MainWindow, ToolWindows], workspace: Workspace
) -> None:
    main, bench = window
    a_case(workspace.cases_dir / "one.bcs", specimen_id="Müller 1")
    a_case(workspace.cases_dir / "two.bcs", specimen_id="=cmd|' /C calc'!A0")
    worklist = bench.show_worklist()
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 2)
    tester = QAbstractItemModelTester(
        worklist.model, QAbstractItemModelTester.FailureReportingMode.Fatal, worklist.model
    )
    assert tester is not None
    assert worklist.model.index(0, Column.STATE).data() == "to review"
    QTest.keyClicks(worklist.text, "ller 1")
    assert shown(worklist) == ["Müller 1 (synthetic)"]
    worklist.flag.setText("no such flag")
    assert shown(worklist) == []
    worklist.flag.clear()
    worklist.state.setCurrentIndex(worklist.state.findData(str(CaseState.SIGNED)))
    assert shown(worklist) == []
    worklist.state.setCurrentIndex(0)
    worklist.table.setFocus()
    QTest.keyClick(worklist.table, Qt.Key.Key_Return)
    assert main.page is not None
    assert main.page.session.specimen.id == "Müller 1"


def test_cases_are_copied_and_moved_whole_and_a_name_taken_is_told(
    qtbot: QtBot,
    window: tuple[MainWindow, ToolWindows],
    workspace: Workspace,
    cases: WorkList,
    tmp_path: Path,
) -> None:
    _, bench = window
    path = a_case(workspace.cases_dir / "one.bcs")
    content = path.read_bytes()
    worklist = bench.show_worklist()
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 1)
    stick = tmp_path / "stick"
    worklist.files.transfer([path], stick, cases.copy)
    qtbot.waitUntil(lambda: bool(worklist.banners.banners))
    assert (stick / "one.bcs").read_bytes() == content
    worklist.files.transfer([path], stick, cases.move)
    qtbot.waitUntil(lambda: "cannot be copied" in worklist.banners.banners[0].texts[0])
    assert path.read_bytes() == content
    worklist.files.transfer([path], tmp_path / "other", cases.move)
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 0)
    assert not path.exists()
    assert (tmp_path / "other" / "one.bcs").read_bytes() == content


def test_a_damaged_case_is_listed_and_recovered(
    qtbot: QtBot, window: tuple[MainWindow, ToolWindows], workspace: Workspace
) -> None:
    _, bench = window
    path = a_case(workspace.cases_dir / "one.bcs", 200)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = b"\x00" * 20_000
    damaged = workspace.cases_dir / "damaged.bcs"
    damaged.write_bytes(data[: len(data) * 3 // 4])
    path.unlink()
    worklist = bench.show_worklist()
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 1)
    assert worklist.model.index(0, Column.STATE).data() == "damaged"
    assert not worklist.open_button.isEnabled()
    worklist.files.recover.trigger()
    qtbot.waitUntil(lambda: bool(worklist.banners.banners), timeout=20_000)
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 2)
    assert "Recovered: " in worklist.banners.banners[0].texts[1]
    assert damaged.read_bytes() == data[: len(data) * 3 // 4]


def test_a_running_analysis_shows_its_share(
    qtbot: QtBot, context: UiContext, cases: WorkList, workspace: Workspace, pool: QThreadPool
) -> None:
    path = a_case(workspace.cases_dir / "one.bcs")
    job = StepJob()
    cases.queue.add(path, job)
    worklist = WorklistPage(context, cases, workspace.look_at, pool)
    qtbot.addWidget(worklist)
    worklist.show()
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 1)
    qtbot.waitUntil(lambda: worklist.model.index(0, Column.STATE).data() == "analysing 30 %")
    assert not worklist.files.move_away.isEnabled()
    worklist.grab()
    QTest.mouseClick(worklist.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: worklist.model.index(0, Column.STATE).data() == "to review")
    worklist.stop()


def test_after_a_crash_the_case_says_what_is_there_and_goes_on(
    qtbot: QtBot, window: tuple[MainWindow, ToolWindows], workspace: Workspace
) -> None:
    main, _ = window
    path = a_case(workspace.cases_dir / "one.bcs", 12)
    with CaseStore.open(path) as store:
        store.start_run(AnalysisRun(1, CREATED, "0.1", CLASS_CODES, ("focus",)))
    main.opener.open_path(path)
    banner = main.banners.banners[0]
    assert banner.texts[0] == "The analysis of this case was cut off."
    assert "12 cells" in banner.texts[1]
    assert main.page is not None
    assert main.page.session.runs[-1].status is RunStatus.CANCELLED


def test_the_model_is_an_item_model(context: UiContext, cases: WorkList) -> None:
    worklist = WorklistPage(context, cases, lambda _: None, QThreadPool.globalInstance())
    assert isinstance(worklist.model, QAbstractItemModel)
    worklist.stop()


def test_one_table_over_many_cases_is_safe_and_anonymous_where_exports_are(
    qtbot: QtBot, window: tuple[MainWindow, ToolWindows], workspace: Workspace, tmp_path: Path
) -> None:
    _, bench = window
    workspace.change_settings(csv_names=CSV_CODES)
    a_case(workspace.cases_dir / "one.bcs", specimen_id="Müller 1")
    a_case(workspace.cases_dir / "two.bcs", specimen_id="=cmd|' /C calc'!A0")
    (workspace.cases_dir / "bad.bcs").write_bytes(b"no case")
    worklist = bench.show_worklist()
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 3, timeout=20_000)
    target = tmp_path / "cases.csv"
    worklist.table.clearSelection()
    worklist.files.write_table(target)
    worklist.refresh()  # which must cost neither the table nor the word about it
    qtbot.waitUntil(target.exists, timeout=20_000)
    qtbot.waitUntil(lambda: any("2 cases" in b.texts[0] for b in worklist.banners.banners), timeout=20_000)
    assert any("bad.bcs" in b.texts[0] for b in worklist.banners.banners)
    rows = list(csv.DictReader(target.read_text("utf-8").splitlines()))
    assert sorted(r["specimen_id"] for r in rows) == ["'=cmd|' /C calc'!A0", "Müller 1"]
    for row in rows:
        counts = sum(int(v) for k, v in row.items() if k.endswith("_count"))
        assert counts + int(row["unidentified"]) == 40
        assert row["state"] == "to review"
    workspace.change_settings(privacy=Privacy(0, True))
    assert bench.cases.write_table(bench.cases.search(Query()), target) == TableWritten(2, ("bad.bcs",))
    written = target.read_text("utf-8")
    assert "anonymous-" in written
    assert not [w for w in ("Müller", "cmd", ".bcs") if w in written]


def test_one_table_over_many_cases_may_be_a_workbook(workspace: Workspace, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the reader of workbooks is not installed")
    workspace.change_settings(csv_names=CSV_CODES)
    a_case(workspace.cases_dir / "one.bcs", specimen_id="=1+1")
    (workspace.cases_dir / "Weiss.bcs").write_bytes(b"no case")
    cases = WorkList(workspace)
    cases.refresh()
    target = tmp_path / "cases.XLSX"
    assert cases.write_table(cases.search(Query()), target) == TableWritten(1, ("Weiss.bcs",))
    book = openpyxl.load_workbook(target)
    assert (book["Cases"]["A2"].value, book["Cases"]["A2"].data_type) == ("=1+1", "s")
    assert [cell.value for cell in book["Left out"][2]] == ["Weiss.bcs", "The case cannot be read."]
    workspace.change_settings(privacy=Privacy(0, True))
    cases.write_table(cases.search(Query()), target)
    book = openpyxl.load_workbook(target)
    said = [str(cell.value) for sheet in book for row in sheet.rows for cell in row]
    assert any("anonymous-" in text for text in said)
    assert not [text for text in said if "Weiss" in text or ".bcs" in text or "=1+1" in text]
    cases.close()


def test_a_case_that_cannot_be_read_says_why_in_its_line(context: UiContext, tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    workspace.cases_dir.mkdir(parents=True)
    (workspace.cases_dir / "bad.bcs").write_bytes(b"SQLite format 3\x00 and then nothing")
    a_case(workspace.cases_dir / "good.bcs", 5)
    cases = WorkList(workspace)
    try:
        cases.refresh()
        model = WorklistModel(context, cases.queued)
        model.show_entries(cases.search(Query()))
        row = model.row_of(workspace.cases_dir / "bad.bcs")
        text = model.index(row, Column.FLAGS).data()
        assert text.startswith("The case file bad.bcs is damaged (cut short).")
        assert str(tmp_path) in model.index(row, Column.STATE).data(Qt.ItemDataRole.ToolTipRole)
        assert model.index(1 - row, Column.FLAGS).data() != text
    finally:
        cases.close()
