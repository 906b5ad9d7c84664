"""Queue of analyses that run in the background, one after another, while a person reviews.

They use models of their own, so that neither cancelling nor a profile of one reaches into an analysis or an
explanation of the case on the screen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bloodcells_gui.domain.analysis import AnalysisEvent, Done, Progress, RunStatus
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.i18n import N_


class QueueState(StrEnum):
    """Where a queued analysis stands."""

    WAITING = "waiting"
    RUNNING = N_("running")
    DONE = "done"
    STOPPED = "stopped"
    FAILED = N_("failed")


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One analysis of the queue; `done` of `total` images or tiles, `cells` found so far.

    `on_cluster` says that a cluster does it, or is to.
    """

    path: Path
    turn: QueueState
    done: int = 0
    total: int = 0
    cells: int = 0
    error: UserError | None = None
    on_cluster: bool = False


class Taker(Protocol):
    """Whoever does analyses of the queue elsewhere."""

    def take_back(self, path: Path) -> None:
        """Have nothing more to do with a case; when this returns its file is free."""

    def hurry(self, path: Path) -> None:
        """Let a case that waits be the next one."""


class QueuedJob(Protocol):
    """An analysis as :class:`bloodcells_gui.app.analysis.AnalysisJob` is one."""

    def events(self) -> Iterator[AnalysisEvent]: ...
    def cancel(self) -> None: ...


class AnalysisQueue:
    """One worker thread that runs analyses in the order they came. Thread-safe.

    Parameters
    ----------
    report_fault : callable
        Told of an exception that is no :class:`UserError`; called in the worker's thread.
    """

    def __init__(self, report_fault: Callable[[BaseException], None] = lambda _: None) -> None:
        self._report_fault = report_fault
        self._lock = threading.Condition()
        self._entries: dict[Path, QueueEntry] = {}
        self._jobs: dict[Path, QueuedJob] = {}
        self._lent: dict[Path, Taker] = {}
        self._kept: dict[Path, QueuedJob] = {}  # of cases that are lent, or were withdrawn
        self._worker: threading.Thread | None = None
        self._closed = False
        self.generation = 0

    def add(self, path: Path, job: QueuedJob) -> None:
        """Let `job` (whose case is `path`) wait for its turn."""
        path = path.absolute()
        with self._lock:
            if self._closed:
                raise RuntimeError("the queue is closed")
            if path in self._jobs or path in self._lent:
                return
            self._jobs[path] = job
            self._kept.pop(path, None)
            self._store_entry(QueueEntry(path, QueueState.WAITING))
            if self._worker is None:
                self._worker = threading.Thread(target=self._run, name="analysis-queue", daemon=True)
                self._worker.start()
            self._lock.notify_all()

    def entries(self) -> list[QueueEntry]:
        """Everything queued since the program started, in order."""
        with self._lock:
            return list(self._entries.values())

    def entry(self, path: Path) -> QueueEntry | None:
        """The entry of one case."""
        with self._lock:
            return self._entries.get(path.absolute())

    @property
    def busy(self) -> bool:
        """Whether something waits or runs."""
        with self._lock:
            return bool(self._jobs or self._lent)

    def withdraw(self, path: Path) -> bool:
        """Take a waiting analysis out of the queue, or back from a cluster; False where it is neither."""
        path = path.absolute()
        with self._lock:
            taker = self._lent.pop(path, None)
            if taker is not None:
                del self._entries[path]  # its job is kept
                self.generation += 1
        if taker is not None:
            taker.take_back(path)
            return True
        with self._lock:
            entry = self._entries.get(path)
            if entry is None or entry.turn is not QueueState.WAITING:
                return False
            self._kept[path] = self._jobs.pop(path)
            del self._entries[path]
            self.generation += 1
            return True

    def withdrawn(self, path: Path) -> QueuedJob | None:
        """The job of a case that was withdrawn, once: what was asked for with it holds wherever it runs."""
        with self._lock:
            return None if path.absolute() in self._lent else self._kept.pop(path.absolute(), None)

    def hurry(self, path: Path) -> None:
        """Let a waiting analysis be the next one; nothing where it does not wait."""
        path = path.absolute()
        with self._lock:
            if path in self._jobs:
                # The running one stays where it is: the worker takes the first that waits.
                self._jobs = {path: self._jobs[path]} | self._jobs
                self.generation += 1
            taker = self._lent.get(path)
        if taker is not None:
            taker.hurry(path)

    def under_way(self) -> frozenset[Path]:
        """Cases whose analysis waits or runs."""
        with self._lock:
            return frozenset(self._jobs) | frozenset(self._lent)

    # -- on a cluster ----------------------------------------------------------------------------------

    def lend(self, path: Path, taker: Taker) -> tuple[bool, QueuedJob | None]:
        """Leave a case to `taker`: whether it may be, and the job that waited for it here, if any did.

        It may not where its analysis runs already, here or elsewhere.
        """
        path = path.absolute()
        with self._lock:
            entry = self._entries.get(path)
            running = path in self._jobs and (entry is None or entry.turn is not QueueState.WAITING)
            if self._closed or running or path in self._lent:
                return False, None
            self._lent[path] = taker
            self._store_entry(QueueEntry(path, QueueState.WAITING, on_cluster=True))
            return True, self._jobs.pop(path, None)

    def keep_job(self, path: Path, job: QueuedJob) -> None:
        """Keep the job of a case that is lent, for when it is withdrawn."""
        with self._lock:
            if path.absolute() in self._lent:
                self._kept[path.absolute()] = job

    def report(self, path: Path, done: int, total: int, cells: int) -> None:
        """How far a case is that was lent; nothing where it was taken back."""
        with self._lock:
            if path in self._lent:
                now = self._entries[path]
                went_on = replace(now, turn=QueueState.RUNNING, done=done, total=total, cells=cells)
                if went_on != now:
                    self._store_entry(went_on)

    def settle(self, path: Path, turn: QueueState, error: UserError | None = None) -> None:
        """A case that was lent has come to its end; nothing where it was taken back."""
        with self._lock:
            if self._lent.pop(path, None) is not None:
                self._kept.pop(path, None)
                self._store_entry(replace(self._entries[path], turn=turn, error=error))

    def changed(self) -> None:
        """Something that the queue does not hold itself has changed."""
        with self._lock:
            self.generation += 1

    def note_failure(self, path: Path, error: UserError) -> None:
        """Show why the analysis of a case failed at an earlier time, unless it waits or runs again."""
        path = path.absolute()
        with self._lock:
            if path not in self._jobs and path not in self._lent:
                self._store_entry(QueueEntry(path, QueueState.FAILED, error=error, on_cluster=True))

    def stop(self, path: Path) -> None:
        """Stop a running analysis (what it found is kept) or take a waiting one out."""
        if self.withdraw(path):
            return
        with self._lock:
            job = self._jobs.get(path.absolute())
        if job is not None:
            job.cancel()

    def close(self, wait_s: float = 10.0) -> bool:
        """Stop everything and wait for the worker; waiting cases stay as they are and can be continued."""
        with self._lock:
            self._closed = True
            waiting = [p for p, e in self._entries.items() if e.turn is QueueState.WAITING]
            for path in waiting:
                self._jobs.pop(path, None)
                self._store_entry(replace(self._entries[path], turn=QueueState.STOPPED))
            running = list(self._jobs.values())
            self._lock.notify_all()
            worker = self._worker
        for job in running:
            job.cancel()
        if worker is None:
            return True
        worker.join(wait_s)
        return not worker.is_alive()

    def _store_entry(self, entry: QueueEntry) -> None:
        self._entries[entry.path] = entry
        self.generation += 1

    def _wait_for_next(self) -> tuple[Path, QueuedJob] | None:
        """The next job, or None once the queue is closed."""
        with self._lock:
            while not self._closed:
                for path, job in self._jobs.items():  # one runs at a time, and is gone from here at its end
                    self._store_entry(replace(self._entries[path], turn=QueueState.RUNNING))
                    return path, job
                self._lock.wait()
            return None

    def _run(self) -> None:
        while (found := self._wait_for_next()) is not None:
            path, job = found
            turn, error = QueueState.FAILED, None
            try:
                turn = self._run_one(path, job)
            except Cancelled:
                turn = QueueState.STOPPED
            except UserError as problem:
                error = problem
            except Exception as fault:
                self._report_fault(fault)
            with self._lock:
                self._jobs.pop(path, None)
                self._store_entry(replace(self._entries[path], turn=turn, error=error))

    def _run_one(self, path: Path, job: QueuedJob) -> QueueState:
        turn = QueueState.FAILED
        for event in job.events():
            if isinstance(event, Progress):
                with self._lock:
                    now = self._entries[path]
                    self._store_entry(replace(now, done=event.done, total=event.total, cells=event.cells))
            elif isinstance(event, Done):
                ends = {RunStatus.COMPLETE: QueueState.DONE, RunStatus.CANCELLED: QueueState.STOPPED}
                turn = ends.get(event.status, QueueState.FAILED)
        return turn
