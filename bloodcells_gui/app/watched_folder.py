"""The watched folder: cases of what a camera or scanner puts there, made while the window is open.

The folder is asked again and again instead of waiting for the system's notices, which do not come over a
network. Nothing in it is ever moved, changed or deleted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bloodcells_gui.app.watch_round import POLL_S, WatchRound
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.settings import WatchSettings
from bloodcells_gui.domain.watching import CONNECT_IT, FolderState, FolderStatus, WatchEntry, WatchWords

_SILENT_S = 60.0


class WatchedFolder:
    """Looks at the folder of the settings in a thread of its own. Thread-safe.

    Parameters
    ----------
    report_fault : callable
        Told of an exception that is no :class:`UserError`; called in the watching thread.
    clock : callable
        Seconds that only ever grow.

    Attributes
    ----------
    generation : int
        Grows whenever :meth:`entries` or :meth:`status` may give something else.
    """

    def __init__(
        self,
        workspace: Workspace,
        cases: WorkList,
        report_fault: Callable[[BaseException], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspace = workspace
        self._cases = cases
        self._report_fault = report_fault
        self._clock = clock
        self._turn = threading.RLock()  # one look, or one act of a person, at a time
        self._wake = threading.Event()
        self._round: WatchRound | None = None
        self._retired: list[WatchRound] = []
        self._settings = WatchSettings()
        self._worker: threading.Thread | None = None
        self._closing = False
        self._looking_since: float | None = None

    # -- begin and end ---------------------------------------------------------------------------------

    def configure(self, settings: WatchSettings) -> None:
        """Watch as these settings say, from the next look on; waits for nothing."""
        if settings == self._settings:
            return
        old, self._settings, self._round = self._round, settings, None
        if old is not None:
            old.end()
            self._retired.append(old)
        if settings.on and settings.folder.strip():
            self._round = WatchRound(self._workspace, self._cases, settings, self._clock)
        self._wake.set()

    def start(self) -> None:
        """Look again and again, in a thread of its own, until :meth:`close`."""
        if self._worker is None and not self._closing:
            self._worker = threading.Thread(target=self._run, name="watched-folder", daemon=True)
            self._worker.start()

    def close(self, wait_s: float = 5.0) -> bool:
        """Watch no more; True when it has ended. A share that does not answer keeps nobody waiting."""
        self._closing = True
        self.configure(WatchSettings())
        worker = self._worker
        if worker is None:
            self._release_retired()
            return True
        worker.join(wait_s)
        return not worker.is_alive()

    def _run(self) -> None:
        while not self._closing:
            self.look()
            self._wake.wait(POLL_S)
            self._wake.clear()
        self._release_retired()

    def _release_retired(self) -> None:
        with self._turn:
            while self._retired:
                self._retired.pop().release()

    def look(self) -> None:
        """Look at the folder once, and do what is to be done."""
        self._release_retired()
        round_ = self._round
        if round_ is None:
            return
        self._looking_since = self._clock()
        try:
            with self._turn:
                round_.look()
        except Cancelled:
            pass
        except Exception as fault:
            round_.failed(WatchWords(_FAULT, "", _SWITCH))
            self._report_fault(fault)
        finally:
            self._looking_since = None

    # -- what there is ---------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """See the class."""
        round_ = self._round
        return -1 if round_ is None else round_.generation

    def entries(self) -> list[WatchEntry]:
        """Everything that lies in the folder, in the order of the names."""
        round_ = self._round
        return [] if round_ is None else round_.entries()

    def status(self) -> FolderStatus:
        """Whether the folder is watched, and why not."""
        round_, since = self._round, self._looking_since
        if round_ is None:
            return FolderStatus()
        if since is not None and self._clock() - since > _SILENT_S and not round_.at_work:
            return FolderStatus(FolderState.SILENT, round_.folder, WatchWords(_NO_ANSWER, "", CONNECT_IT))
        return round_.status

    # -- acts of a person ------------------------------------------------------------------------------

    def take(self, names: Sequence[str]) -> None:
        """Take these as they are, or try them again, whatever spoke against it."""
        round_ = self._round
        if round_ is not None:
            round_.want(names)
            self._wake.set()

    def leave(self, names: Sequence[str], who: str) -> None:
        """Leave these as they are: they are not asked about again unless they change."""
        with self._turn:
            if self._round is not None:
                self._round.leave(names, who)

    def assign(self, names: Sequence[str], specimen_id: str) -> Path:
        """Make a case of loose pictures, in the order given; returns it.

        Raises
        ------
        UserError
            When one of them is gone, was taken meanwhile or cannot be read, or the case cannot be written.
        """
        with self._turn:
            return self._open_round().assign(names, specimen_id)

    def assign_to(self, names: Sequence[str], case: Path) -> None:
        """Add loose pictures to a case whose analysis has not begun.

        Raises
        ------
        UserError
            When it has begun, or a picture is gone, taken or of another kind than those of the case.
        """
        with self._turn:
            self._open_round().assign_to(names, case)

    def _open_round(self) -> WatchRound:
        if self._round is None:
            raise UserError("No folder is watched.", "", "Switch it on in the preferences.")
        return self._round


_FAULT = N_("Looking at the watched folder failed.")
_SWITCH = N_("It is tried again. If this stays, save a report for support.")
_NO_ANSWER = N_("The watched folder does not answer.")
