"""Tasks that workers of a Dask cluster are at: handed out, taken in, handed out again when a worker dies."""

from __future__ import annotations

import contextlib
import queue
import secrets
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from bloodcells_gui.app.cluster_attempt import MOST_WORKERS_ENDED, WANTED, attempts_of

_TOUCH_EVERY_S = 10.0
_WITHOUT_WORKERS_S = 600.0
_LET_GO_S = 5.0


class SpecimenTask(Protocol):
    """What a worker needs to know of any task: which specimen, and the run's folder."""

    @property
    def number(self) -> int: ...
    @property
    def folder(self) -> Path: ...
    @property
    def topic(self) -> str: ...


T = TypeVar("T", bound=SpecimenTask)
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Arrived(Generic[D]):
    """How one task ended: with what the worker made, a fault of the program, or too many workers ended."""

    number: int
    done: D | None = None
    fault: BaseException | None = None
    workers_ended: int = 0


class ClusterLost(Exception):
    """The scheduler, or every worker, is gone."""


class TasksInFlight(Generic[T, D]):
    """The tasks of one run; used by one thread.

    Parameters
    ----------
    client : distributed.Client
    work : callable
        What a worker does with a task.
    folder : Path
        Of the run; the file in it that says that results are wanted is touched.
    """

    def __init__(self, client: Any, work: Callable[[T], D], folder: Path) -> None:
        self._client = client
        self._work = work
        self._folder = folder
        self._arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting: dict[str, tuple[T, Any]] = {}
        self._touched = self._seen = time.monotonic()

    def __len__(self) -> int:
        return len(self._waiting)

    def submit(self, task: T) -> None:
        """Hand a task out."""
        key = f"{task.topic}-{task.number:05d}-{secrets.token_hex(4)}"
        future = self._client.submit(self._work, task, key=key, pure=False)
        self._waiting[key] = task, future
        future.add_done_callback(self._arrived.put)

    def take(self, timeout_s: float) -> Arrived[D] | None:
        """The next task that ended, None where none did in time.

        A task that was merely on a dying worker is handed out again.

        Raises
        ------
        ClusterLost
        """
        self._want()
        try:
            future = self._arrived.get(timeout=timeout_s)
        except queue.Empty:
            return None
        found = self._waiting.pop(future.key, None)
        if found is None:
            return None  # it was cancelled meanwhile
        try:
            return self._ended(found[0], future)
        finally:
            future.release()

    def _ended(self, task: T, future: Any) -> Arrived[D] | None:
        from distributed import KilledWorker

        error: BaseException | None
        if future.status == "finished":
            try:
                return Arrived(task.number, future.result())
            except CancelledError:
                raise ClusterLost from None
            except Exception as failed:  # its worker died with the result, and so did the one after it
                error = failed
        elif future.status in ("cancelled", "lost"):
            raise ClusterLost
        else:
            error = future.exception()
        if not isinstance(error, KilledWorker):
            return Arrived(task.number, fault=error)
        ended = len(attempts_of(task.folder, task.number))
        if ended >= MOST_WORKERS_ENDED:
            return Arrived(task.number, workers_ended=ended)
        self.submit(task)
        return None

    def _want(self) -> None:
        """Say that results are wanted; ClusterLost where no worker was seen for ten minutes."""
        now = time.monotonic()
        if now - self._touched <= _TOUCH_EVERY_S:
            return
        with contextlib.suppress(OSError):
            (self._folder / WANTED).touch()
        self._touched = now
        self._seen = now if self._client.scheduler_info()["workers"] else self._seen
        if now - self._seen > _WITHOUT_WORKERS_S:
            raise ClusterLost

    def cancel(self, number: int) -> None:
        """Do not wait for one task any more; the worker's attempt is dropped."""
        for key, (task, future) in list(self._waiting.items()):
            if task.number == number:
                del self._waiting[key]
                self._client.cancel([future], force=True)

    def cancel_all(self) -> None:
        """Wait for nothing any more."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.cancel([future for _, future in self._waiting.values()], force=True)

    def let_go(self) -> None:
        """Give workers of somebody else's cluster a moment to see that nothing is wanted any more."""
        until = time.monotonic() + _LET_GO_S
        numbers = [task.number for task, _ in self._waiting.values()]
        while time.monotonic() < until and any(attempts_of(self._folder, n) for n in numbers):
            time.sleep(0.1)
