"""Background work: batches, cancelling, faults, stale answers, no thread left behind."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QThreadPool
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    CellsFound,
    Done,
    ImagesRead,
    Progress,
    RunStatus,
    Skipped,
    SkippedFile,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.ui.analysis_control import merged
from bloodcells_gui.ui.jobs import JobRunner, Lookup, QueuedLookup
from tests.support.fakes import FakeJob, make_cells


@pytest.fixture
def runner(qapp: object) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    assert runner.stop(), "the worker thread outlived its test"


def collect(runner: JobRunner) -> list[AnalysisEvent]:
    events: list[AnalysisEvent] = []
    runner.batch.connect(events.extend)
    return events


def test_all_events_arrive_in_order_on_the_main_thread(qtbot: QtBot, runner: JobRunner) -> None:
    events = collect(runner)
    threads: set[int] = set()
    runner.batch.connect(lambda _: threads.add(threading.get_ident()))
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start(FakeJob(make_cells(100), batch=10, pause_s=0.001))
    found = [c.id for e in events if isinstance(e, CellsFound) for c in e.cells]
    assert found == list(range(1, 101))
    assert isinstance(events[-1], Done)
    assert threads == {threading.get_ident()}
    assert not runner.running


def test_events_come_in_batches_not_one_by_one(qtbot: QtBot, runner: JobRunner) -> None:
    sizes: list[int] = []
    runner.batch.connect(lambda events: sizes.append(len(events)))
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start(FakeJob(make_cells(200), batch=1, pause_s=0.001))
    assert sum(sizes) == 402
    assert len(sizes) < 40


def test_cancelling_answers_at_once_and_keeps_what_was_found(qtbot: QtBot, runner: JobRunner) -> None:
    events = collect(runner)
    runner.start(FakeJob(make_cells(5000), batch=5, pause_s=0.01))
    qtbot.waitUntil(lambda: any(isinstance(e, Progress) for e in events))
    before = time.monotonic()
    with qtbot.waitSignal(runner.finished, timeout=2000):
        runner.cancel()
    # 200 ms is the aim on an idle machine; the bound leaves room for a busy one.
    assert time.monotonic() - before < 1.0
    assert isinstance(events[-1], Done)
    assert events[-1].status is RunStatus.CANCELLED


@pytest.mark.parametrize("error", [UserError("The disk is full."), ZeroDivisionError("a fault of our own")])
def test_an_error_is_handed_over_after_what_came_before(
    qtbot: QtBot, runner: JobRunner, error: Exception
) -> None:
    job = FakeJob(make_cells(50), pause_s=0.001)
    job.error = error
    failures: list[object] = []
    runner.failed.connect(failures.append)
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start(job)
    assert failures == [error]


def test_stopping_delivers_nothing_more(qtbot: QtBot, runner: JobRunner) -> None:
    events = collect(runner)
    runner.start(FakeJob(make_cells(5000), batch=1, pause_s=0.001))
    qtbot.wait(30)
    assert runner.stop()
    seen = len(events)
    qtbot.wait(150)
    assert len(events) == seen


def test_a_second_job_waits_its_turn(qtbot: QtBot, runner: JobRunner) -> None:
    runner.start(FakeJob(make_cells(500), pause_s=0.01))
    with pytest.raises(RuntimeError):
        runner.start(FakeJob(make_cells(5)))


def test_only_the_newest_answer_is_delivered(qtbot: QtBot, pool: QThreadPool) -> None:
    lookup = Lookup(pool)
    answers: list[object] = []
    lookup.answered.connect(lambda tag, _: answers.append(tag))
    gate = threading.Event()
    for i in range(5):
        lookup.ask(i, lambda: gate.wait(5))
    gate.set()
    qtbot.waitUntil(lambda: bool(answers))
    qtbot.wait(30)
    assert answers == [4]
    lookup.close()


def test_errands_are_all_done_one_after_the_other(qtbot: QtBot, pool: QThreadPool) -> None:
    errands = QueuedLookup(pool)
    got: list[object] = []
    errands.answered.connect(lambda tag, result: got.append((tag, result)))
    errands.failed.connect(lambda tag, error: got.append((tag, str(error))))
    at_work: list[int] = []

    def work(n: int) -> int:
        assert at_work == []
        at_work.append(n)
        time.sleep(0.02)
        at_work.clear()
        if n == 1:
            raise UserError("The disk is full.")
        return 10 * n

    for n in range(4):
        errands.ask(n, lambda n=n: work(n))  # type: ignore[misc]
    qtbot.waitUntil(lambda: len(got) == 4, timeout=5000)
    assert got == [(0, 0), (1, "The disk is full."), (2, 20), (3, 30)]
    errands.ask(4, lambda: work(4))
    errands.ask(5, lambda: work(5))
    errands.forget()
    errands.ask(6, lambda: 60)
    qtbot.waitUntil(lambda: (6, 60) in got, timeout=5000)
    assert got[4:] == [(6, 60)]


def test_a_failing_lookup_says_so(qtbot: QtBot, pool: QThreadPool) -> None:
    lookup = Lookup(pool)
    with qtbot.waitSignal(lookup.failed, timeout=2000) as caught:
        lookup.ask("x", lambda: 1 / 0)
    assert caught.args is not None
    assert isinstance(caught.args[1], ZeroDivisionError)
    lookup.close()


def test_a_closed_lookup_is_silent(qtbot: QtBot, pool: QThreadPool) -> None:
    lookup = Lookup(pool)
    answers: list[object] = []
    lookup.answered.connect(lambda *a: answers.append(a))
    gate = threading.Event()
    lookup.ask(1, lambda: gate.wait(5))
    lookup.close()
    gate.set()
    pool.waitForDone()
    qtbot.wait(20)
    assert answers == []


def test_threads_hand_over_quickly_while_a_job_runs_and_as_before_afterwards(qtbot: QtBot) -> None:
    before = sys.getswitchinterval()
    seen: list[float] = []

    class Watching:
        def events(self) -> Iterator[AnalysisEvent]:
            seen.append(sys.getswitchinterval())
            yield Done(RunStatus.COMPLETE)

        def cancel(self) -> None: ...

    runner = JobRunner()
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start(Watching())
    assert seen[0] < before
    assert sys.getswitchinterval() == before
    runner.start(Watching())
    runner.stop()
    assert sys.getswitchinterval() == before


def test_what_came_together_is_shown_together_in_order() -> None:
    def cells(*ids: int) -> CellsFound:
        return CellsFound(tuple(make_cells(1, first_id=i)[0] for i in ids), ())

    def images(*numbers: int) -> ImagesRead:
        return ImagesRead(tuple((n, ImageRef(str(n), Path(str(n)))) for n in numbers))

    events = [
        Progress(0, 4, "images", 0, 0.0, None), images(0, 1), cells(1, 2), Skipped(SkippedFile("x", "y")),
        images(2), cells(3), Done(RunStatus.COMPLETE),
    ]  # fmt: skip
    kinds = [type(e) for e in merged(events)]
    assert kinds == [Progress, ImagesRead, Skipped, CellsFound, Done]
    assert [n for n, _ in merged(events)[1].images] == [0, 1, 2]
    assert [c.id for c in merged(events)[3].cells] == [1, 2, 3]
    assert merged([]) == []
