"""Background work: one worker thread for an analysis, a small pool for quick lookups.

Whatever arrives carries the generation it was asked in, and stale deliveries are dropped.
"""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Protocol

from PySide6.QtCore import QObject, QRunnable, QThread, QThreadPool, QTimer, Signal

from bloodcells_gui.domain.errors import Cancelled, UserError

_log = logging.getLogger(__name__)
BATCH_MS = 100
# Too short for anybody to notice, and long enough for what reads a file of this computer.
_MOMENT_MS = 200
_LONGEST_MS = 5000
# Python's threads hand over every 5 ms unless told otherwise, and every call into Qt may wait for one: with
# the workers busy, a handler of twenty calls would hold the window for a tenth of a second.
_HAND_OVER_S = 0.0005


class Job(Protocol):
    """A running analysis or examination: a worker thread reads `events`, any thread may call `cancel`."""

    def events(self) -> Iterator[object]: ...
    def cancel(self) -> None: ...


class AnalysisThread(QThread):
    """Iterates a job's events into a queue; touches nothing of the window."""

    started_ones: ClassVar[weakref.WeakSet[AnalysisThread]] = weakref.WeakSet()

    def __init__(self, job: Job, queue: deque[object]) -> None:
        super().__init__()
        self.started_ones.add(self)
        self.setObjectName("analysis")
        self._job = job
        self._queue = queue
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for event in self._job.events():
                self._queue.append(event)
        except Cancelled:
            pass
        except Exception as error:
            self.error = error


class JobRunner(QObject):
    """Runs one analysis at a time and hands its events to the main thread in batches.

    Signals
    -------
    batch(list)
        Events since the last delivery, about every 100 ms.
    failed(object)
        The exception that ended the job.
    finished()
        The thread has ended, whatever way; comes after the last batch.
    """

    batch = Signal(list)
    failed = Signal(object)
    finished = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._worker: AnalysisThread | None = None
        self._queue: deque[object] = deque()
        self.generation = 0
        self._patience = sys.getswitchinterval()
        self._timer = QTimer(self)
        self._timer.setInterval(BATCH_MS)
        self._timer.timeout.connect(self._deliver)

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self._worker is not None

    def start(self, job: Job) -> int:
        """Start `job`; returns its generation. RuntimeError when another is running."""
        if self._worker is not None:
            raise RuntimeError("an analysis is running already")
        self.generation += 1
        self._queue = deque()
        self._job = job
        self._worker = AnalysisThread(job, self._queue)
        self._worker.finished.connect(self._ended)
        self._patience = sys.getswitchinterval()
        sys.setswitchinterval(_HAND_OVER_S)
        self._timer.start()
        self._worker.start()
        return self.generation

    def cancel(self) -> None:
        """Ask the job to end; `finished` follows once it did."""
        if self._job is not None:
            self._job.cancel()

    def stop(self, wait_ms: int = 5000) -> bool:
        """Cancel and wait, for closing the window; deliveries after this are dropped."""
        self.cancel()
        self.generation += 1
        worker, self._worker, self._job = self._worker, None, None
        self._timer.stop()
        if worker is None:
            return True
        sys.setswitchinterval(self._patience)
        worker.finished.disconnect(self._ended)
        ended = worker.wait(wait_ms)
        if worker.error is not None:
            _log.error("an analysis that was stopped had failed", exc_info=worker.error)
        return ended

    def _deliver(self) -> None:
        events: list[object] = []
        while self._queue:
            events.append(self._queue.popleft())
        if events:
            self.batch.emit(events)

    def _ended(self) -> None:
        worker = self._worker
        if worker is None or worker is not self.sender():
            return
        worker.wait()
        sys.setswitchinterval(self._patience)
        self._timer.stop()
        generation = self.generation
        self._deliver()
        if generation != self.generation:
            return
        self._worker = None
        self._job = None
        if worker.error is not None:
            self.failed.emit(worker.error)
        self.finished.emit()


class _Task(QRunnable):
    def __init__(self, work: Callable[[], Any], deliver: Callable[[Any, BaseException | None], None]) -> None:
        super().__init__()
        self._work = work
        self._deliver = deliver

    def run(self) -> None:
        try:
            result = self._work()
        except Exception as error:
            if not isinstance(error, UserError | Cancelled):  # it may be delivered to nobody any more
                _log.error("a background task failed", exc_info=error)
            self._deliver(None, error)
        else:
            self._deliver(result, None)


class UnawaitedThreads:
    """Threads for what reads folders that may lie on a share: nobody waits for them, not even at the end.

    They take the place of a pool: in the window's, a share that does not answer would keep the pictures of
    cells waiting, and whoever waits for the pool.
    """

    def start(self, task: QRunnable) -> None:
        """Run `task` in a thread of its own."""
        threading.Thread(target=task.run, name="folder lookup", daemon=True).start()


def once_done(
    pools: Sequence[QThreadPool], act: Callable[[], None], then: Callable[[], None] = lambda: None
) -> threading.Thread | None:
    """Call `act` when nothing runs in `pools` any more: here where that is at once, else in a thread.

    The thread is returned, and calls `then` at its end. After `_LONGEST_MS` it waits no longer. Nothing new
    may be started in the pools for what `act` closes.
    """
    if all(pool.waitForDone(_MOMENT_MS) for pool in pools):
        act()
        return None

    def wait() -> None:
        for pool in pools:
            pool.waitForDone(_LONGEST_MS)
        try:
            act()
        finally:
            then()

    thread = threading.Thread(target=wait, name="closing", daemon=True)
    thread.start()
    return thread


class Lookup(QObject):
    """Asks for one thing at a time in a pool thread; only the newest answer is delivered.

    Signals
    -------
    answered(object, object)
        The tag given to `ask` and the result.
    failed(object, object)
        The tag and the exception.
    """

    answered = Signal(object, object)
    failed = Signal(object, object)
    _arrived = Signal(int, object, object, object)

    def __init__(self, pool: QThreadPool | UnawaitedThreads, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._generation = 0
        self._lock = threading.Lock()
        self._closed = False
        self._arrived.connect(self._on_task_done)

    def ask(self, tag: object, work: Callable[[], Any]) -> None:
        """Run `work` in the pool; an earlier question that is still open is forgotten."""
        with self._lock:
            self._generation += 1
            generation = self._generation

        def run() -> Any:
            return work() if generation == self._generation else None

        def deliver(result: Any, error: BaseException | None) -> None:
            with self._lock:
                if not self._closed and generation == self._generation:
                    self._arrived.emit(generation, tag, result, error)

        self._pool.start(_Task(run, deliver))

    def forget(self) -> None:
        """Drop whatever is still under way."""
        with self._lock:
            self._generation += 1

    def close(self) -> None:
        """Deliver nothing any more; call before the object goes."""
        with self._lock:
            self._closed = True

    def _on_task_done(self, generation: int, tag: object, result: object, error: object) -> None:
        if generation != self._generation:
            return
        if error is not None:
            self.failed.emit(tag, error)
        else:
            self.answered.emit(tag, result)


class QueuedLookup(Lookup):
    """Does all that it is asked for, one thing after the other, and delivers every answer."""

    def __init__(self, pool: QThreadPool | UnawaitedThreads, parent: QObject | None = None) -> None:
        super().__init__(pool, parent)
        self._waiting: deque[tuple[object, Callable[[], Any]]] = deque()
        self._busy = False

    def ask(self, tag: object, work: Callable[[], Any]) -> None:
        """Run `work` in the pool once everything that was asked for before is done."""
        self._waiting.append((tag, work))
        if not self._busy:
            self._run_next()

    def forget(self) -> None:
        """Drop whatever is still under way or waits."""
        self._waiting.clear()
        self._busy = False
        super().forget()

    def _run_next(self) -> None:
        self._busy = bool(self._waiting)
        if self._waiting:
            super().ask(*self._waiting.popleft())

    def _on_task_done(self, generation: int, tag: object, result: object, error: object) -> None:
        if generation == self._generation:
            self._run_next()  # first: whoever is told of the answer may keep it for long
            super()._on_task_done(self._generation, tag, result, error)
