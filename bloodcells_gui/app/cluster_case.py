"""What a worker of a cluster does for the work list: the analysis of one case, in a copy of it.

The copy is made by the station that hands the case over, and only that station writes the case itself
(:mod:`app.handing_over`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app import cluster_task
from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions
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
from bloodcells_gui.domain.analysis import Done, Progress, RunStatus, SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.storage.allowed_paths import allow_network_root
from bloodcells_gui.storage.case import CaseStore


@dataclass(frozen=True, slots=True)
class CaseTask:
    """One case for a worker.

    Attributes
    ----------
    number : int
        Of the case in the run.
    name : str
        What a person calls it.
    root : Path
        Folder of its images, which the worker must see under the same path.
    folder : Path
        Of the run, which holds a copy of the case (`case`).
    models : dict
        Task to "id sha256" of the models that the result must come from.
    version : str
        Of the program that the result must come from.
    """

    number: int
    name: str
    root: Path
    options: AnalysisOptions
    skipped: tuple[SkippedFile, ...]
    models: dict[str, str]
    folder: Path
    version: str = __version__

    @property
    def topic(self) -> str:
        """Name under which progress is told to the scheduler."""
        return self.folder.name

    @property
    def case(self) -> Path:
        """The copy from which every attempt begins."""
        return copy_of_case(self.folder, self.number)


@dataclass(frozen=True, slots=True)
class CaseDone:
    """How a case ended: the copy that was analysed (None where there is none), its cells, or why not."""

    number: int
    whole: Path | None = None
    cells: int = 0
    error: UserError | None = None


def copy_of_case(folder: Path, number: int) -> Path:
    """Where the copy of a case lies in a run's folder."""
    return folder / f"{number:05d}{CASE_SUFFIX}"


def case_in(whole: Path) -> Path:
    """The case that an attempt came to."""
    return whole / f"case{CASE_SUFFIX}"


def workers_ended(name: str, count: int) -> UserError:
    """Why a case is left out that ended too many workers."""
    return UserError(
        N_("{name} is left out: it ended {n} workers one after another."),
        N_("They ran out of memory or the program crashed on it."),
        N_("Analyse it on this workstation to see why: open it, and continue the analysis."),
        name=name,
        n=count,
    )


def analyze_case(task: CaseTask) -> CaseDone:
    """Analyse one case in this worker; what cannot be read is an outcome, too.

    Raises
    ------
    RuntimeError
        Nobody waits for the result any more; nothing is left behind.
    """
    with ONE_AT_A_TIME:
        ended = attempts_of(task.folder, task.number)
        if len(ended) >= MOST_WORKERS_ENDED:
            return CaseDone(task.number, error=workers_ended(task.name, len(ended)))
        if task.version != __version__:
            return CaseDone(task.number, error=_other_version(task))
        if not (task.folder / WANTED).is_file():
            return CaseDone(task.number, error=_out_of_sight(task.folder.parent))
        attempt = task.folder / attempt_name(task.number)
        attempt.mkdir()
        try:
            done = _attempt(task, attempt)
        except BaseException:
            drop_attempt(attempt)
            raise
        if done.error is not None:
            drop_attempt(attempt)
            return done
        return replace(done, whole=attempt.rename(attempt.with_suffix(WHOLE)))


def _attempt(task: CaseTask, attempt: Path) -> CaseDone:
    token, found = CancelToken(), 0
    with while_wanted(task.folder / WANTED, token):
        try:
            engine = cluster_task.engine_of(())
            if engine().identities() != task.models:
                raise other_models()
            case = case_in(attempt)
            shutil.copyfile(task.case, case)
            _check_images(case, task.root)
            options = replace(task.options, threads=worker_threads())
            job = AnalysisJob(case, engine, options, task.skipped)
            token.on_cancel(job.cancel)
            tell, status = progress_teller(task.topic, task.number), RunStatus.FAILED
            for event in job.events():
                if isinstance(event, Progress):
                    found = event.cells
                    tell(event)
                elif isinstance(event, Done):
                    status = event.status
        except UserError as error:
            return CaseDone(task.number, error=plain_error(error))
        except OSError as error:
            return CaseDone(task.number, error=_not_written(attempt, error))
    if status is RunStatus.CANCELLED or token.cancelled:
        raise RuntimeError("nobody waits for the result")
    return CaseDone(task.number, cells=found)


def _check_images(case: Path, root: Path) -> None:
    """Refuse a worker that sees none of the images: all would count as out of reach."""
    allow_network_root(root)  # the station has opened them
    with CaseStore.open(case, read_only=True) as store:
        images = store.specimen.images
    if images and not any(image.path.exists() for image in images):
        raise _out_of_sight(root)


def _out_of_sight(path: Path) -> UserError:
    return UserError(
        "A worker ({host}) does not see {path}.",
        "Workers write beside the cases, so they need images and cases under the same names.",
        "Put images and cases on a share that every worker mounts at the same place.",
        host=this_computer(),
        path=str(path),
    )


def _other_version(task: CaseTask) -> UserError:
    return UserError(
        "The worker {address} has no version {version} of this program.",
        "Results must come from one version.",
        "Install the same version for every worker.",
        address=this_computer(),
        version=task.version,
    )


def _not_written(attempt: Path, error: OSError) -> UserError:
    return UserError(
        "A worker ({host}) cannot write in {path} ({reason}).",
        "",
        "Free some space there, or ask for the right to write.",
        host=this_computer(),
        path=str(attempt.parent),
        reason=error.strerror or type(error).__name__,
    )
