"""Share the specimens of a batch run out to the workers of a Dask cluster, one task a specimen.

Dask is an optional part of the installation (extra `cluster`), imported here and in the worker alone, on use.
The process that hands the work out is the only one that puts results into their place, so that each specimen
has one result however many workers began it.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from bloodcells_gui import __version__
from bloodcells_gui.app.batch_inputs import AnalyzeRequest, PlannedJob
from bloodcells_gui.app.batch_outcome import Outcome
from bloodcells_gui.app.batch_specimen import CASE_NAME, keep_earlier_case
from bloodcells_gui.app.cluster_attempt import WANTED, WINDOW
from bloodcells_gui.app.cluster_task import (
    ClusterTask,
    TaskDone,
    analyze_specimen,
    ended_workers,
    worker_facts,
)
from bloodcells_gui.app.engine import default_threads
from bloodcells_gui.app.tasks_in_flight import Arrived, ClusterLost, TasksInFlight
from bloodcells_gui.domain.analysis import Progress, RunStatus
from bloodcells_gui.domain.distribution import Cluster
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, OutputNotWritable, UserError, system_reason
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.progress import CancelToken, RateMeter
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.imaging.io.plain_files import sha256_of
from bloodcells_gui.storage.lock import CaseLock

_log = logging.getLogger(__name__)
_FOLDER = ".cluster-"
_LEFT_BEHIND_S = 24 * 3600
ANSWER_WITHIN_S = 30
_SHOW_EVERY_S = 0.5
# A worker holds one specimen at a time; memory is bounded by ending a worker, for a specimen's arrays are in
# use and cannot be moved to disk.
LOCAL_OPTIONS = {
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 1_000_000,  # the attempts are counted by specimen, here
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # On a busy computer a worker that replaces a dead one may need minutes; Dask would give it up after 15 s.
    "distributed.deploy.lost-worker-timeout": "1 day",
    # Nobody is to read names of specimens from the port that Dask opens for its dashboard.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def analyze_on_cluster(
    jobs: Mapping[int, PlannedJob],
    request: AnalyzeRequest,
    models: Mapping[str, str],
    settings: LabSettings,
    *,
    token: CancelToken,
    progress: Callable[[Progress], None],
) -> dict[int, Outcome]:
    """Outcomes by number; those that had not ended when `token` was cancelled are missing.

    Raises
    ------
    UserError
        Dask is not installed, the cluster does not answer, has no worker, another version, or does not see
        DIR; nothing was begun then.
    """
    cluster = request.cluster or Cluster(workers=1)
    clear_left_behind(request.out)
    with run_folder(request.out) as folder, open_cluster(cluster, len(jobs)) as client:
        check_workers(client, folder)
        threads = request.threads
        if not cluster.address and threads is None:
            threads = max(1, default_threads() // _local_workers(cluster, len(jobs)))
        plain = replace(
            request, threads=threads, cluster=None, bundles=tuple(b.absolute() for b in request.bundles)
        )
        tasks = {n: _task(n, job, plain, models, settings, folder) for n, job in jobs.items()}
        return _Run(client, tasks, folder, token, progress).to_end()


def _task(
    number: int,
    job: PlannedJob,
    request: AnalyzeRequest,
    models: Mapping[str, str],
    settings: LabSettings,
    folder: Path,
) -> ClusterTask:
    job = replace(job, path=job.path.absolute(), out=job.out.absolute())
    return ClusterTask(
        number, job, replace(request, inputs=(job.path,)), settings, dict(models), folder, folder.name
    )


# ---- the cluster


def _local_workers(cluster: Cluster, specimens: int) -> int:
    return max(1, min(cluster.workers or default_threads(), specimens))


@contextlib.contextmanager
def open_cluster(cluster: Cluster, specimens: int) -> Iterator[Any]:
    """A client of the cluster; workers of this computer are started, and ended with it."""
    try:
        import dask
        from distributed import Client, LocalCluster
        from distributed.system import MEMORY_LIMIT
    except ImportError:
        raise UserError(
            "This installation cannot use a cluster.",
            "The package “distributed” is an optional part of it.",
            "Install it: pip install 'bloodcells-gui[cluster]'. Or share the work out with --shard.",
        ) from None
    if not cluster.address:
        n = _local_workers(cluster, specimens)
        with (
            dask.config.set(LOCAL_OPTIONS),
            # Other people of this computer could hand work to an open port: the workers know each other by
            # certificates that are made for this run.
            LocalCluster(
                n_workers=n, threads_per_worker=1, host="127.0.0.1", security=True,
                dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
                memory_limit=MEMORY_LIMIT // n, silence_logs=logging.CRITICAL,
            ) as local,
            Client(local) as client,
        ):  # fmt: skip
            yield client
        return
    try:
        client = Client(cluster.address, timeout=ANSWER_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            "The cluster at {address} does not answer.",
            "",
            "Start its scheduler (dask scheduler), and check the address.",
            address=cluster.address,
        ) from error
    with client:
        yield client


def check_workers(client: Any, folder: Path) -> None:
    """Refuse in words workers whose results could not be used."""
    try:
        client.wait_for_workers(1, timeout=ANSWER_WITHIN_S)
    except TimeoutError:
        raise UserError(
            "The cluster has no worker.", "", "Start workers (dask worker ADDRESS --nthreads 1)."
        ) from None
    for address, fact in _facts(client, folder).items():
        if not isinstance(fact, tuple) or fact[0] != __version__:
            raise UserError(
                "The worker {address} has no version {version} of this program.",
                "Results must come from one version.",
                "Install the same version for every worker.",
                address=address,
                version=__version__,
            )
        if not fact[1]:
            raise UserError(
                "The worker {address} does not see {path}.",
                "Workers write beside the results, so they need the same folders under the same names.",
                "Put inputs and results on a share that every worker mounts at the same place.",
                address=address,
                path=folder.parent,
            )


def _facts(client: Any, folder: Path) -> dict[str, Any]:
    """What each worker says of itself; those that die meanwhile are left out, and the others asked anew.

    Raises
    ------
    UserError
        Every worker ended before it had answered.
    """
    until = time.monotonic() + ANSWER_WITHIN_S
    while True:
        asked = client.run(worker_facts, folder, on_error="return")
        # The connection ended: the worker is dead. One that cannot run the program says so in other words.
        facts = {address: fact for address, fact in asked.items() if not isinstance(fact, OSError)}
        if facts:
            return facts
        if time.monotonic() >= until:
            raise UserError(
                "Every worker of the cluster ended before the work began.",
                "They were ended from outside, or ran out of memory.",
                "Look at why they ended, and begin again.",
            )
        time.sleep(_SHOW_EVERY_S)


# ---- the run


@dataclass
class _Run:
    """Tasks in flight, and what became of each."""

    client: Any
    tasks: Mapping[int, ClusterTask]
    folder: Path
    token: CancelToken
    progress: Callable[[Progress], None]
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def to_end(self) -> dict[int, Outcome]:
        """Hand everything out and take in what comes, until all ended or the token is cancelled."""
        board = Board(len(self.tasks))
        self.client.subscribe_topic(self.folder.name, board.hear)
        flight: TasksInFlight[ClusterTask, TaskDone] = TasksInFlight(
            self.client, analyze_specimen, self.folder
        )
        for task in self.tasks.values():
            flight.submit(task)
        try:
            while len(flight) and not self.token.cancelled:
                self._take(flight.take(_SHOW_EVERY_S))
                self.progress(board.state(self.outcomes))
        except ClusterLost:
            self._lost()
        flight.cancel_all()
        if self.client.cluster is None:  # somebody else's workers
            (self.folder / WANTED).unlink(missing_ok=True)
            flight.let_go()
        return self.outcomes

    def _take(self, arrived: Arrived[TaskDone] | None) -> None:
        """What became of one task."""
        if arrived is None:
            return
        task = self.tasks[arrived.number]
        if arrived.done is not None:
            self.outcomes[task.number] = self._placed(task, arrived.done)
        elif arrived.fault is not None:
            _log.error("a fault of the program in a worker", exc_info=arrived.fault)
            self.outcomes[task.number] = _fault(task, arrived.fault)
        else:
            self.outcomes[task.number] = ended_workers(task, arrived.workers_ended)

    def _placed(self, task: ClusterTask, done: TaskDone) -> Outcome:
        outcome = replace(done.outcome, out=task.job.out)
        if done.whole is None:
            return outcome
        try:
            put_into_place(done.whole, task.job.out, done.continued)
        except OSError as error:
            told = OutputNotWritable(
                "The results cannot be written to {path}.",
                "{why}.",
                "Choose another folder, free some space, or ask for the right to write there.",
                path=task.job.out,
                why=system_reason(error),
            )
            return replace(outcome, status=RunStatus.FAILED, differential=None, error=told)
        return outcome

    def _lost(self) -> None:
        """The scheduler is gone: what ended stays, the rest is told with its reason."""
        for number, task in self.tasks.items():
            if number not in self.outcomes:
                error = UserError(
                    "The cluster went away before {name} ended.",
                    "What ended until then is kept.",
                    "The same command with --resume goes on.",
                    exit_code=EXIT_NOTHING_READABLE,
                    name=task.job.path.name,
                )
                self.outcomes[number] = Outcome(
                    task.job.path.name, task.job.out, RunStatus.FAILED, error=error
                )


def _fault(task: ClusterTask, error: BaseException) -> Outcome:
    told = UserError(
        "The program failed on {name} ({kind}).",
        "This is an error of the program; the rest went on.",
        "Analyse it by itself, without --cluster, and report what it says.",
        exit_code=EXIT_NOTHING_READABLE,
        name=task.job.path.name,
        kind=type(error).__name__,
    )
    return Outcome(task.job.path.name, task.job.out, RunStatus.FAILED, error=told)


class HasCells(Protocol):
    """How a specimen ended, as far as the board shows it."""

    @property
    def cells(self) -> int: ...


class Board:
    """Adds up what the workers tell: specimens that ended, cells, their rate and the time left.

    Attributes
    ----------
    total : int
        Specimens of the run.
    said : dict
        Parts that are done, all parts and cells of the specimens under way, by number.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.said: dict[int, tuple[int, int, int]] = {}
        self._running: dict[int, int] = {}
        self._rate = RateMeter(30.0)
        self._began = time.monotonic()

    def hear(self, event: tuple[float, Any]) -> None:
        """One worker's message, in Dask's thread."""
        said = event[1]
        if isinstance(said, dict) and "number" in said:
            self._running[said["number"]] = said["cells"]
            self.said[said["number"]] = said["done"], said["total"], said["cells"]

    def state(self, outcomes: Mapping[int, HasCells]) -> Progress:
        """Where the run is; the time left goes by the specimens that ended, for slides stop at a target."""
        running = [cells for number, cells in list(self._running.items()) if number not in outcomes]
        cells = sum(o.cells for o in outcomes.values()) + sum(running)
        done = len(outcomes)
        left = RateMeter.eta_s(done, self.total, done / (time.monotonic() - self._began))
        # A specimen whose worker died counts from its beginning again.
        rate = max(0.0, self._rate.update(cells))
        return Progress(done, self.total, N_("specimens"), cells, rate, left)


# ---- the run's folder


@contextlib.contextmanager
def run_folder(out: Path) -> Iterator[Path]:
    """A hidden folder below DIR in which workers write; removed at the end."""
    folder = out.absolute() / f"{_FOLDER}{secrets.token_hex(4)}"
    folder.mkdir()
    lock = None
    try:
        with contextlib.suppress(UserError):  # without it others go by the time of the other file
            lock = CaseLock(folder / WINDOW)
        (folder / WANTED).touch()
        yield folder
    finally:
        (folder / WANTED).unlink(missing_ok=True)
        if lock is not None:
            lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def clear_left_behind(out: Path) -> None:
    """Remove the folders of runs that were killed more than a day ago."""
    for folder in out.glob(f"{_FOLDER}*"):
        wanted = folder / WANTED
        newest = (wanted if wanted.exists() else folder).stat().st_mtime
        if folder.is_dir() and not folder.is_symlink() and time.time() - newest > _LEFT_BEHIND_S:
            shutil.rmtree(folder, ignore_errors=True)


def put_into_place(whole: Path, final: Path, continued: str = "") -> None:
    """Move a worker's results to where they belong; at once where nothing is there yet.

    An earlier case there is kept under its time, unless it is the one that was continued and nobody has
    changed it since. The case comes last: with it the results are there.
    """
    try:
        whole.rename(final)
        return
    except OSError:
        if not final.is_dir():
            raise
    case = final / CASE_NAME
    if not (continued and case.is_file() and sha256_of(case) == continued):
        keep_earlier_case(final)
    else:
        Path(f"{case}-journal").unlink(missing_ok=True)  # it belongs to the case that is replaced now
    for path in sorted(whole.iterdir(), key=lambda p: p.name == CASE_NAME):
        target = final / path.name
        if path.is_dir() and target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
    whole.rmdir()
