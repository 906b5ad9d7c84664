"""What a worker of a cluster does: one specimen, in a folder of its own until it is whole."""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.batch_inputs import AnalyzeRequest, PlannedJob
from bloodcells_gui.app.batch_outcome import Outcome
from bloodcells_gui.app.batch_specimen import CASE_NAME, analyze_one
from bloodcells_gui.app.cluster_attempt import (
    MOST_WORKERS_ENDED,
    ONE_AT_A_TIME,
    WANTED,
    WHOLE,
    attempt_name,
    attempts_of,
    drop_attempt,
    other_models,
    plain_error,
    progress_teller,
    this_computer,
    while_wanted,
    worker_threads,
)
from bloodcells_gui.app.engine import LazyEngine
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.imaging.io.plain_files import sha256_of
from bloodcells_gui.storage.lock import CaseInUse, holder_of


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
    try:
        return __version__, (folder / WANTED).is_file()
    except OSError:  # no right to look there
        return __version__, False


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
    with ONE_AT_A_TIME:
        ended = attempts_of(task.folder, task.number)
        if len(ended) >= MOST_WORKERS_ENDED:
            return TaskDone(task.number, ended_workers(task, len(ended)), None)
        if not (task.folder / WANTED).is_file():
            return TaskDone(task.number, _out_of_sight(task), None)
        attempt = task.folder / attempt_name(task.number)
        attempt.mkdir()
        try:
            outcome, continued = _attempt(task, attempt)
        except BaseException:
            drop_attempt(attempt)
            raise
        whole = attempt.rename(attempt.with_suffix(WHOLE))
        return TaskDone(task.number, outcome, whole, continued)


def _attempt(task: ClusterTask, attempt: Path) -> tuple[Outcome, str]:
    name = task.job.path.name
    token = CancelToken()
    with while_wanted(task.folder / WANTED, token):
        try:
            engine = engine_of(task.request.bundles)
            if engine().identities() != task.models:
                raise other_models()
            continued = _unfinished_case(task, attempt)
            request = replace(task.request, threads=task.request.threads or worker_threads())
            job = replace(task.job, out=attempt)
            outcome = analyze_one(
                job, request, engine, task.settings, token, progress_teller(task.topic, task.number)
            )
        except UserError as error:
            return Outcome(name, attempt, RunStatus.FAILED, error=plain_error(error)), ""
    if outcome.status is RunStatus.CANCELLED:
        raise RuntimeError("nobody waits for the result")
    return replace(outcome, error=outcome.error and plain_error(outcome.error)), continued


@functools.lru_cache(maxsize=1)
def engine_of(bundles: tuple[Path, ...]) -> LazyEngine:
    """The models of this process, loaded once."""
    return LazyEngine(bundles)


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


def _out_of_sight(task: ClusterTask) -> Outcome:
    error = UserError(
        "A worker ({host}) does not see {path}.",
        "Workers write beside the results, so they need the same folders under the same names.",
        "Put inputs and results on a share that every worker mounts at the same place.",
        exit_code=EXIT_NOTHING_READABLE,
        host=this_computer(),
        path=task.folder.parent,
    )
    return Outcome(task.job.path.name, task.job.out, RunStatus.FAILED, error=error)
