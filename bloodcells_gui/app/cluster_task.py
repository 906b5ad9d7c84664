"""What a worker of a cluster does: one specimen, in a folder of its own until it is whole.

A worker may be killed at any moment, and may be believed dead while it still writes. So each attempt has a
folder of its own below the run's, and only the process that handed the work out moves a whole one to its
place. The folders of attempts that came to no end count the workers that a specimen has ended.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.batch_inputs import AnalyzeRequest, PlannedJob
from bloodcells_gui.app.batch_outcome import Outcome
from bloodcells_gui.app.batch_specimen import CASE_NAME, analyze_one
from bloodcells_gui.app.engine import LazyEngine, default_threads
from bloodcells_gui.domain.analysis import Progress, RunStatus
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.imaging.io.plain_files import sha256_of
from bloodcells_gui.storage.lock import CaseInUse, holder_of

#: A specimen that ended so many workers is not given to another one.
MOST_WORKERS_ENDED = 3
#: Stands in the run's folder, and is touched, as long as somebody waits for results.
WANTED = "wanted"
WHOLE = ".whole"
_LOOK_EVERY_S = 1.0
_NOBODY_WAITS_AFTER_S = 600.0
_TELL_EVERY_S = 1.0
# The models of a process serve one analysis at a time: cancelling and profiles reach into them.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class ClusterTask:
    """One specimen for a worker.

    Attributes
    ----------
    number : int
        Of the specimen in the plan.
    job : PlannedJob
        With absolute paths, which the worker must see as well.
    models : dict
        Task to "id sha256" of the models that the result must come from.
    folder : Path
        Of the run, below DIR.
    topic : str
        Name under which progress is told to the scheduler.
    """

    number: int
    job: PlannedJob
    request: AnalyzeRequest
    settings: LabSettings
    models: dict[str, str]
    folder: Path
    topic: str


@dataclass(frozen=True, slots=True)
class TaskDone:
    """What a worker made: `outcome`, with its files in `whole` (None where there are none).

    `continued` is the SHA-256 of the unfinished case that it went on with, "" where it began anew.
    """

    number: int
    outcome: Outcome
    whole: Path | None
    continued: str = ""


def worker_facts(folder: Path) -> tuple[str, bool]:
    """Version of the program in this process, and whether it sees the run's folder."""
    return __version__, (folder / WANTED).is_file()


def attempts_of(folder: Path, number: int) -> list[Path]:
    """Folders of attempts at one specimen that came to no end: the worker died, or still works."""
    found = folder.glob(f"{number:05d}-*")
    return [path for path in found if path.is_dir() and path.suffix != WHOLE]


def ended_workers(task: ClusterTask, count: int) -> Outcome:
    """The outcome of a specimen that is left out because it ended too many workers."""
    error = UserError(
        "{name} is left out: it ended {n} workers one after another.",
        "They ran out of memory or the program crashed on it.",
        "Analyse it by itself, without --cluster, to see why.",
        exit_code=EXIT_NOTHING_READABLE,
        name=task.job.path.name,
        n=count,
    )
    return Outcome(task.job.path.name, task.job.out, RunStatus.FAILED, error=error)


def analyze_specimen(task: ClusterTask) -> TaskDone:
    """Analyse one specimen in this worker; what cannot be read is an outcome, too.

    Raises
    ------
    RuntimeError
        Nobody waits for the result any more; nothing is left behind.
    """
    with _ONE_AT_A_TIME:
        ended = attempts_of(task.folder, task.number)
        if len(ended) >= MOST_WORKERS_ENDED:
            return TaskDone(task.number, ended_workers(task, len(ended)), None)
        if not (task.folder / WANTED).is_file():
            return TaskDone(task.number, _out_of_sight(task), None)
        attempt = task.folder / _attempt_name(task.number)
        attempt.mkdir()
        try:
            outcome, continued = _attempt(task, attempt)
        except BaseException:
            _remove(attempt)
            raise
        whole = attempt.rename(attempt.with_suffix(WHOLE))
        return TaskDone(task.number, outcome, whole, continued)


def _attempt(task: ClusterTask, attempt: Path) -> tuple[Outcome, str]:
    name = task.job.path.name
    token = CancelToken()
    with _watched(task.folder / WANTED, token):
        try:
            engine = engine_of(task.request.bundles)
            if engine().identities() != task.models:
                raise _other_models()
            continued = _unfinished_case(task, attempt)
            request = replace(task.request, threads=task.request.threads or _threads())
            job = replace(task.job, out=attempt)
            outcome = analyze_one(job, request, engine, task.settings, token, _teller(task))
        except UserError as error:
            return Outcome(name, attempt, RunStatus.FAILED, error=_plain(error)), ""
    if outcome.status is RunStatus.CANCELLED:
        raise RuntimeError("nobody waits for the result")
    return replace(outcome, error=outcome.error and _plain(outcome.error)), continued


@functools.lru_cache(maxsize=1)
def engine_of(bundles: tuple[Path, ...]) -> LazyEngine:
    """The models of this process, loaded once."""
    return LazyEngine(bundles)


def _attempt_name(number: int) -> str:
    host = re.sub(r"[^A-Za-z0-9_]+", "_", socket.gethostname())[:40]
    return f"{number:05d}-{host}-{os.getpid()}-{secrets.token_hex(4)}"


def _unfinished_case(task: ClusterTask, attempt: Path) -> str:
    """Bring the case of an earlier run into the attempt, where it goes on; its SHA-256, "" without one."""
    case = task.job.out / CASE_NAME
    if not task.request.resume or not case.is_file():
        return ""
    holder = holder_of(case)
    if holder is not None:
        raise CaseInUse(case, holder)
    journal = Path(f"{case}-journal")  # a write that was cut off is undone from it
    if journal.is_file():
        shutil.copyfile(journal, attempt / journal.name)
    shutil.copyfile(case, attempt / CASE_NAME)
    return sha256_of(attempt / CASE_NAME)


def _threads() -> int:
    """Threads of this worker: what its cluster gives it."""
    from distributed import get_worker

    return max(1, min(int(get_worker().state.nthreads), default_threads()))


def _teller(task: ClusterTask) -> Callable[[Progress], None]:
    """Tells the scheduler how far the specimen has come, once a second."""
    from distributed import get_worker

    worker, last = get_worker(), [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= _TELL_EVERY_S:
            last[0] = now
            worker.log_event(task.topic, {"number": task.number, "cells": progress.cells})

    return tell


@contextlib.contextmanager
def _watched(wanted: Path, token: CancelToken) -> Iterator[None]:
    """Cancel `token` once the result is not wanted any more, or nobody has said so for ten minutes."""
    over = threading.Event()

    def watch() -> None:
        seen, since = -1, time.monotonic()
        while not over.wait(_LOOK_EVERY_S):
            try:
                stamp = wanted.stat().st_mtime_ns
            except OSError:
                token.cancel()
                return
            if stamp != seen:
                seen, since = stamp, time.monotonic()
            elif time.monotonic() - since > _NOBODY_WAITS_AFTER_S:
                token.cancel()
                return

    thread = threading.Thread(target=watch, name="still-wanted", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _remove(attempt: Path) -> None:
    shutil.rmtree(attempt, ignore_errors=True)
    with contextlib.suppress(OSError):
        attempt.parent.rmdir()  # only once it is empty: the run is over then


def _out_of_sight(task: ClusterTask) -> Outcome:
    error = UserError(
        "A worker ({host}) does not see {path}.",
        "Workers write beside the results, so they need the same folders under the same names.",
        "Put inputs and results on a share that every worker mounts at the same place.",
        exit_code=EXIT_NOTHING_READABLE,
        host=socket.gethostname(),
        path=task.folder.parent,
    )
    return Outcome(task.job.path.name, task.job.out, RunStatus.FAILED, error=error)


def _other_models() -> UserError:
    return UserError(
        "A worker ({host}) has other models.",
        "All results must come from the same ones.",
        "Install the same version everywhere, or name a folder of bundles on the share with --bundle.",
        host=socket.gethostname(),
    )


def _plain(error: UserError) -> UserError:
    """The same words as an object that travels: its values as texts and numbers."""
    params = {k: v if isinstance(v, int | float) else str(v) for k, v in error.params.items()}
    return UserError(error.what, error.why, error.what_to_do, exit_code=error.exit_code, **params)
