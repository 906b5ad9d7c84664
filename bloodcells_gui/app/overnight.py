"""Analyses of the work list on a cluster: what may be handed over, how far it is, how a restart goes on."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions
from bloodcells_gui.app.analysis_queue import AnalysisQueue
from bloodcells_gui.app.continuing import first_target
from bloodcells_gui.app.handed_over import CaseWork, HandedOver
from bloodcells_gui.app.handing_over import HandingOver
from bloodcells_gui.app.left_on_cluster import place_left_results, wanted_by_others
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import Progress, is_incomplete
from bloodcells_gui.domain.distribution import Cluster
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.write_lease import AskLease

__all__ = ["Overnight", "OvernightState"]
_LOOK_AGAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class OvernightState:
    """Whether anything is on the cluster, how far it is, and cases that an earlier start left there.

    `stopping` while it is being given up.
    """

    running: bool
    progress: Progress | None
    left: int
    stopping: bool = False


class Overnight:
    """Hands cases of the work list over to the cluster that the settings name. Thread-safe.

    Parameters
    ----------
    queue : AnalysisQueue
        Where the analyses wait; it shows how each stands.
    ask : callable
        Gives what asks for the lease of a case.
    """

    def __init__(
        self, workspace: Workspace, queue: AnalysisQueue, ask: Callable[[Path], AskLease | None]
    ) -> None:
        self._workspace = workspace
        self._queue = queue
        self._ask = ask
        self._over = HandingOver(queue, workspace.home, lambda: workspace.engine(), ask)  # noqa: PLW0108  # late: a stand-in has none
        others, known = wanted_by_others(workspace.home), self._over.memory.cases()
        self._left = [path for path in known if path not in others]
        # Another window has these, or had: of one that was killed elsewhere this shows after a while.
        self._with_others = [path for path in known if path in others]
        self._looked = time.monotonic()
        self._lock = threading.Lock()
        for path, error in self._over.memory.left_out().items():
            queue.note_failure(path, error)

    def refusal(self) -> UserError | None:
        """Why nothing can be handed over, in words; None where it can."""
        address = self._workspace.settings.cluster
        if not address:
            return UserError(
                N_("No cluster is set up on this workstation."),
                "",
                N_("Write its address into the preferences, General: local:N, or tcp://HOST:PORT."),
            )
        if importlib.util.find_spec("distributed") is None:
            return UserError(
                "This installation cannot use a cluster.",
                "The package “distributed” is an optional part of it.",
                N_("Install it: pip install 'bloodcells-gui[cluster]'."),
            )
        try:
            Cluster.parse(address)
        except ValueError:
            return UserError(
                N_("{address} is no address of a cluster."),
                "",
                N_("Write local, local:N, tcp://HOST:PORT or tls://HOST:PORT into the preferences, General."),
                address=address[:80],
            )
        return None

    def hand_over(self, paths: Iterable[Path], jobs: Mapping[Path, AnalysisJob] | None = None) -> int:
        """Let the cluster analyse cases that wait, or whose analysis is not whole; how many there are.

        Those whose analysis runs already are left where they are. `jobs` are new ones that wait nowhere.

        Raises
        ------
        UserError
            As :meth:`refusal`; nothing is handed over then.
        """
        refused = self.refusal()
        if refused is not None:
            raise refused
        work: dict[Path, CaseWork] = {}
        for path in dict.fromkeys(p.absolute() for p in paths):
            lent, job = self._queue.lend(path, self._over)
            if lent:
                work[path] = wanted = self._work(path, (jobs or {}).get(path, job))
                kept = AnalysisJob(path, self._workspace.engine, wanted.options, wanted.skipped)
                self._queue.keep_job(path, kept)
        if work:
            with self._lock:
                self._left = [path for path in self._left if path not in work]
                self._with_others = [path for path in self._with_others if path not in work]
            self._over.begin(work, Cluster.parse(self._workspace.settings.cluster))
        return len(work)

    def _work(self, path: Path, job: object) -> CaseWork:
        if isinstance(job, AnalysisJob):
            return CaseWork(job.asked_for, job.left_out_before)
        known = self._over.memory.work_of(path)
        if known is not None:
            return known
        frame, target = self._workspace.settings.count_cut_left_top, None
        try:
            with CaseStore.open(path, read_only=True) as store:
                if not store.runs:
                    target = first_target(store.specimen.kind, None)
                else:
                    asked = store.runs[-1].parameters.get("target_cells", "")
                    target = int(asked) if asked.isdigit() else None
        except UserError:  # its turn says why
            pass
        return CaseWork(AnalysisOptions(None, target, 1, count_cut_left_top=frame))

    def state(self) -> OvernightState:
        """What is on the cluster."""
        if self._with_others and time.monotonic() - self._looked >= _LOOK_AGAIN_S:
            self._looked = time.monotonic()
            threading.Thread(target=self._look_again, name="left-on-cluster", daemon=True).start()
        return OvernightState(self._over.running, self._over.progress, len(self._left), self._over.stopping)

    def _look_again(self) -> None:
        """Offer what no other window has on the cluster any more, and has not ended either."""
        others = wanted_by_others(self._workspace.home)
        still = frozenset(HandedOver(self._workspace.home).cases())
        with self._lock:
            freed = [path for path in self._with_others if path not in others]
            self._with_others = [path for path in self._with_others if path in others]
            self._left = [*self._left, *(path for path in freed if path in still)]

    def take_errors(self) -> list[UserError]:
        """What went wrong with the cluster as a whole since the last time."""
        errors, self._over.errors = self._over.errors, []
        return errors

    def resume(self) -> int:
        """Go on with what an earlier start left on the cluster; how many cases are handed over again.

        What workers had finished is put into its case first; reads and writes files, for a worker thread.

        Raises
        ------
        UserError
            As :meth:`refusal`.
        """
        refused = self.refusal()
        if refused is not None:
            raise refused
        place_left_results(self._workspace.home, self._ask)
        missing = []
        for path in self._left:
            try:
                with CaseStore.open(path, read_only=True) as store:
                    whole = bool(store.runs) and not is_incomplete(store.runs)
            except UserError:
                whole = False  # its turn says why
            if whole:
                self._over.memory.end(path, None)
            else:
                missing.append(path)
        self._left = []
        return self.hand_over(missing)

    def leave(self) -> None:
        """Do not go on with what an earlier start left on the cluster."""
        self._left = []
        self._over.memory.forget()

    def cancel(self) -> None:
        """Give up what is not whole; what is whole is in its case."""
        self._over.cancel()

    def close(self, wait_s: float = 10.0) -> bool:
        """Give up what is not whole; the next start offers to go on with it."""
        return self._over.close(wait_s)
