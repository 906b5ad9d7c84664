"""Hand cases of the work list over to a cluster; their analyses come back as they end.

A worker never writes a case of the laboratory: it analyses a copy, in a folder of its own. The station that
handed the case over holds its lock and its lease while a worker may be at it, and puts the result into the
case file in one transaction, if the file is still what was handed over. See decision 73.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bloodcells_gui.app.analysis_queue import AnalysisQueue, QueueState
from bloodcells_gui.app.cluster import Board, check_workers, clear_left_behind, open_cluster, run_folder
from bloodcells_gui.app.cluster_attempt import WANTED
from bloodcells_gui.app.cluster_case import (
    CaseDone,
    CaseTask,
    analyze_case,
    case_in,
    copy_of_case,
    workers_ended,
)
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.app.handed_over import CaseWork, HandedOver, write_names
from bloodcells_gui.app.tasks_in_flight import Arrived, ClusterLost, TasksInFlight
from bloodcells_gui.domain.analysis import Progress, is_incomplete
from bloodcells_gui.domain.distribution import Cluster
from bloodcells_gui.domain.errors import EXIT_OUTPUT_NOT_WRITABLE, UserError, system_reason
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.write_lease import AskLease

_log = logging.getLogger(__name__)
_SHOW_EVERY_S = 0.5
# Enough that no worker waits for the next case; the rest of the list stays free to be opened.
_BEYOND_WORKERS = 4
_MOST_IN_FLIGHT = 256


@dataclass(slots=True)
class _Case:
    path: Path
    work: CaseWork
    store: CaseStore | None = None


@dataclass(frozen=True, slots=True)
class _Ended:
    cells: int


@dataclass(slots=True)
class _Round:
    """One run on the cluster; cases may join it until it is over."""

    cluster: Cluster
    waiting: deque[int] = field(default_factory=deque)
    cases: dict[int, _Case] = field(default_factory=dict)
    ended: dict[int, _Ended] = field(default_factory=dict)
    withdrawn: list[int] = field(default_factory=list)
    named: int = 0
    cancelled: bool = False
    over: bool = False


class HandingOver:
    """The cases of one window that a cluster analyses. Thread-safe.

    Parameters
    ----------
    queue : AnalysisQueue
        Is told how each case stands.
    home : Path
        Folder that the workers see as well; a hidden folder of the run is made in it.
    engine : callable
        Gives the models that the results must come from.
    ask : callable
        Gives what asks for the lease of a case, None without a laboratory's database.
    """

    def __init__(
        self,
        queue: AnalysisQueue,
        home: Path,
        engine: Callable[[], Engine],
        ask: Callable[[Path], AskLease | None],
    ) -> None:
        self._queue = queue
        self._home = home
        self._engine = engine
        self._ask = ask
        self._lock = threading.RLock()
        self._round: _Round | None = None
        self._thread: threading.Thread | None = None
        self.memory = HandedOver(home)
        self.progress: Progress | None = None
        self.errors: list[UserError] = []

    @property
    def running(self) -> bool:
        """Whether cases are on the cluster."""
        with self._lock:
            return self._round is not None

    @property
    def stopping(self) -> bool:
        """Whether what is on the cluster is being given up."""
        with self._lock:
            return self._round is not None and self._round.cancelled

    def begin(self, work: Mapping[Path, CaseWork], cluster: Cluster) -> None:
        """Hand cases over that the queue has lent; they join a run that is under way."""
        with self._lock:
            known = self._round
            current = known if known is not None and not known.cancelled else _Round(cluster)
            for path, wanted in work.items():
                number = len(current.cases)
                current.cases[number] = _Case(path, wanted)
                current.waiting.append(number)
            self.memory.add(work)
            if current is known:
                return
            before, self._round = self._thread, current
            self._thread = threading.Thread(
                target=self._run, args=(current, before), name="handing-over", daemon=True
            )
            self._thread.start()

    def take_back(self, path: Path) -> None:
        """Have nothing more to do with a case; when this returns its file is free."""
        with self._lock:
            self.memory.drop(path)
            current = self._round
            number = None if current is None else _number_of(current, path)
            if current is None or number is None:
                return
            with contextlib.suppress(ValueError):
                current.waiting.remove(number)
            current.withdrawn.append(number)
            current.ended[number] = _Ended(0)
            self._let_go(current.cases[number])

    def hurry(self, path: Path) -> None:
        """Let a case that no worker has yet be the next one."""
        with self._lock:
            current = self._round
            number = None if current is None else _number_of(current, path)
            if current is not None and number is not None and number in current.waiting:
                current.waiting.remove(number)
                current.waiting.appendleft(number)

    def cancel(self) -> None:
        """Give up what is not whole; what is whole is in its case."""
        with self._lock:
            self.memory.forget()
            self._stop()

    def _stop(self) -> None:
        if self._round is not None:
            self._round.cancelled = True

    def close(self, wait_s: float = 10.0) -> bool:
        """Cancel and wait; what is missing can be handed over again."""
        with self._lock:
            self._stop()
            thread = self._thread
        if thread is None:
            return True
        thread.join(wait_s)
        return not thread.is_alive()

    # -- the run ---------------------------------------------------------------------------------------

    def _run(self, current: _Round, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            clear_left_behind(self._home)
            with (
                run_folder(self._home) as folder,
                open_cluster(current.cluster, len(current.cases)) as client,
            ):
                check_workers(client, folder)
                self._to_end(current, client, folder)
        except UserError as error:
            self._give_up(current, error)
        except ClusterLost:
            self._give_up(current, _went_away(len(current.cases) - len(current.ended)))
        except OSError as error:
            self._give_up(current, _not_copied(self._home, error))
        except Exception as fault:
            _log.critical("a fault of the program while cases are on a cluster", exc_info=fault)
            self._give_up(current, _fault_of_all(fault))
        else:
            self._give_up(current, None)

    def _give_up(self, current: _Round, error: UserError | None) -> None:
        """Settle what has not ended; `error` is told once for all of it."""
        with self._lock:
            left = [n for n in current.cases if n not in current.ended]
            for number in left:
                self._let_go(current.cases[number])
                self._queue.settle(current.cases[number].path, QueueState.STOPPED)
            current.over = True
            if error is not None:
                self.errors.append(error)
            if not left:
                self.memory.forget_missing()
            if self._round is current:
                self._round = self.progress = None
        self._queue.changed()

    def _to_end(self, current: _Round, client: Any, folder: Path) -> None:
        models = dict(self._engine().identities())
        board = Board(len(current.cases))
        client.subscribe_topic(folder.name, board.hear)
        flight: TasksInFlight[CaseTask, CaseDone] = TasksInFlight(client, analyze_case, folder)
        try:
            while self._fill(current, flight, folder, models, client) and not current.cancelled:
                self._place(current, flight.take(_SHOW_EVERY_S))
                self._tell(current, board)
        finally:
            (folder / WANTED).unlink(missing_ok=True)
            flight.cancel_all()
        if client.cluster is None:
            flight.let_go()

    def _fill(
        self,
        current: _Round,
        flight: TasksInFlight[CaseTask, CaseDone],
        folder: Path,
        models: dict[str, str],
        client: Any,
    ) -> bool:
        """Hand out so many that no worker waits; False once everything has ended."""
        with self._lock:
            if len(current.cases) != current.named:
                current.named = len(current.cases)
                write_names(folder, {n: c.path for n, c in current.cases.items()})
        most = _most_in_flight(client)
        while len(flight) < most:
            with self._lock:
                while current.withdrawn:
                    flight.cancel(current.withdrawn.pop())
                if current.cancelled or not current.waiting:
                    break
                number = current.waiting.popleft()
                case = current.cases[number]
            task = self._prepared(current, number, case, folder, models)
            if task is not None:
                flight.submit(task)
        with self._lock:
            if not flight and not current.waiting:
                current.over = True
                if self._round is current:
                    self.progress = None
                    self._round = None  # what is handed over from now on begins a run of its own
                return False
        return True

    def _prepared(
        self, current: _Round, number: int, case: _Case, folder: Path, models: dict[str, str]
    ) -> CaseTask | None:
        """Hold the case and copy it; None where there is nothing to do, or it cannot be had."""
        try:
            store = CaseStore.open(case.path, ask=self._ask(case.path))
        except UserError as error:
            self._settle(current, number, QueueState.FAILED, error)
            return None
        with self._lock:
            if number in current.ended:  # taken back meanwhile
                store.close()
                return None
            case.store = store
            if store.runs and not is_incomplete(store.runs):
                self._settle(current, number, QueueState.DONE)
                return None
            shutil.copyfile(case.path, copy_of_case(folder, number))
        name, root = store.specimen.id or case.path.stem, store.specimen.root
        return CaseTask(number, name, root, case.work.options, case.work.skipped, models, folder)

    def _place(self, current: _Round, arrived: Arrived[CaseDone] | None) -> None:
        """Put a result into its case."""
        if arrived is None or arrived.number in current.ended:
            return
        case = current.cases[arrived.number]
        if arrived.fault is not None:
            _log.error("a fault of the program in a worker", exc_info=arrived.fault)
            self._settle(current, arrived.number, QueueState.FAILED, _fault(case.path, arrived.fault))
        elif arrived.done is None:
            left_out = workers_ended(case.path.stem, arrived.workers_ended)
            self._settle(current, arrived.number, QueueState.FAILED, left_out)
        elif arrived.done.whole is None:
            self._settle(current, arrived.number, QueueState.FAILED, arrived.done.error)
        else:
            self._take_in(current, arrived.done, case)

    def _take_in(self, current: _Round, done: CaseDone, case: _Case) -> None:
        with self._lock:
            if done.number in current.ended or case.store is None or done.whole is None:
                return  # taken back meanwhile
            try:
                case.store.continue_with(case_in(done.whole))
            except UserError as error:
                if error.exit_code == EXIT_OUTPUT_NOT_WRITABLE:
                    raise  # the disk is full: so it would be with every other case
                self._settle(current, done.number, QueueState.FAILED, error)
                return
            self._settle(current, done.number, QueueState.DONE, cells=done.cells)
        shutil.rmtree(done.whole, ignore_errors=True)

    def _settle(
        self,
        current: _Round,
        number: int,
        turn: QueueState,
        error: UserError | None = None,
        cells: int = 0,
    ) -> None:
        with self._lock:
            if number in current.ended:
                return
            current.ended[number] = _Ended(cells)
            case = current.cases[number]
            self._let_go(case)
            self.memory.end(case.path, error)
        self._queue.settle(case.path, turn, error)

    def _let_go(self, case: _Case) -> None:
        store, case.store = case.store, None
        if store is not None:
            store.close()

    def _tell(self, current: _Round, board: Board) -> None:
        with self._lock:
            board.total = len(current.cases)
            self.progress = board.state(current.ended)
            under_way = {n: c.path for n, c in current.cases.items() if n not in current.ended}
        for number, said in list(board.said.items()):
            if number in under_way:
                self._queue.report(under_way[number], *said)


def _most_in_flight(client: Any) -> int:
    workers = client.scheduler_info()["workers"].values()
    return min(_MOST_IN_FLIGHT, 2 * sum(int(w["nthreads"]) for w in workers) + _BEYOND_WORKERS)


def _number_of(current: _Round, path: Path) -> int | None:
    found = [n for n, case in current.cases.items() if case.path == path and n not in current.ended]
    return found[-1] if found else None


def _went_away(count: int) -> UserError:
    return UserError(
        "The cluster went away; {n} cases are not analysed.",
        "What ended until then is in the cases.",
        "Hand them over again once it is back, or continue their analyses here.",
        n=count,
    )


def _not_copied(folder: Path, error: OSError) -> UserError:
    return UserError(
        "Cases cannot be copied to {path} ({reason}).",
        "Workers analyse a copy.",
        "Free some space there, or ask for the right to write.",
        path=folder,
        reason=system_reason(error),
    )


def _fault_of_all(fault: BaseException) -> UserError:
    return UserError(
        "The program failed while cases were on the cluster ({kind}).",
        "This is an error of the program. What ended until then is in the cases.",
        "Hand the others over again, and save a report for support.",
        kind=type(fault).__name__,
    )


def _fault(path: Path, error: BaseException) -> UserError:
    return UserError(
        "The program failed on {name} ({kind}).",
        "This is an error of the program; the rest went on.",
        "Continue its analysis on this workstation, and report what it says.",
        name=path.stem,
        kind=type(error).__name__,
    )
