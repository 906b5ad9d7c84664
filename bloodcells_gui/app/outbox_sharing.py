"""The laboratory's outbox as a workstation reaches it, and who sends a message at the moment."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bloodcells_gui.app.case_lease import station_name
from bloodcells_gui.domain.connecting import OutboxLine, SendState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable
from bloodcells_gui.storage.lab.outbox import CLAIM_S, LabOutbox
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.outbox import OutboxFile
from bloodcells_gui.storage.outbox_rows import OutboxReport, OutboxRows

#: Seconds for which a database that did not answer is not asked again.
QUIET_S = 15.0
MOVED_AT_ONCE = 50
_BEATS = 3  # until a claim expires: a single one may get lost
_log = logging.getLogger(__name__)


class OutboxAway(UserError):
    """The laboratory's database does not answer, and the outbox is there."""

    def __init__(self, error: UserError) -> None:
        super().__init__(
            N_("The laboratory's outbox does not answer ({reason})."),
            N_("What is signed meanwhile waits on this workstation; nothing is lost."),
            N_("It goes out by itself when the database is back."),
            reason=str(error.params.get("reason", "")) or error.what,
        )


class Hold:
    """The right to send a message, and the record of what became of it.

    An attempt is written down before it is made: a kill in its middle must not look as if nothing was sent.
    """

    def __init__(self, book: OutboxRows, line: OutboxLine, token: str = "") -> None:
        self._book, self._line, self._token = book, line, token
        self._begun = False

    def begin(self) -> None:
        """The message is about to go out."""
        self._book.begin(self._line)
        self._begun = True

    def record(self, state: SendState, words: Reason, *, next_try: str = "", attempt: bool = True) -> None:
        """Keep what became of it; `attempt` says that it was tried."""
        attempt = attempt and not self._begun
        if isinstance(self._book, LabOutbox):
            self._book.settle(self._line, self._token, state, words, next_try=next_try, attempt=attempt)
        else:
            self._book.record(self._line, state, words, next_try=next_try, attempt=attempt)


class OutboxSharing:
    """The way to the laboratory's outbox; there is none on a workstation on its own. Thread-safe.

    Parameters
    ----------
    pool : callable
        Gives the connections to the laboratory's database, None for a workstation on its own.
    """

    def __init__(
        self,
        pool: Callable[[], LabPool | None] = lambda: None,
        *,
        close: Callable[[], None] = lambda: None,
        station: str = "",
        claim_s: float = CLAIM_S,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._pool = pool
        self.close = close
        self._station = station or station_name()
        self._quiet_s = quiet_s
        self._quiet_until = 0.0
        self._away: OutboxAway | None = None
        self._rows = LabOutbox(self._connect, claim_s)

    @property
    def rows(self) -> LabOutbox | None:
        """The laboratory's outbox; its methods raise :class:`OutboxAway` where the database is away."""
        return None if self._pool() is None else self._rows

    @contextmanager
    def _connect(self) -> Iterator[LabDatabase]:
        pool, away = self._pool(), self._away
        if away is not None and time.monotonic() < self._quiet_until:
            raise away
        if pool is None:
            raise OutboxAway(UserError(N_("This workstation has left the laboratory's database.")))
        try:
            with pool.database() as database:
                yield database
        except LabUnreachable as error:
            self._away, self._quiet_until = OutboxAway(error), time.monotonic() + self._quiet_s
            raise self._away from error
        self._away = None

    def keep(self, own: OutboxFile, report: OutboxReport, destinations: list[str]) -> int:
        """Put a report in, here while the laboratory's is away; for how many destinations it was new."""
        if (shared := self.rows) is not None:
            try:
                added = shared.keep(report, destinations)
            except UserError as error:
                _log.warning("the laboratory's outbox is away: a report waits here", exc_info=error)
            else:
                own.forget_announced(report.case, report.version)
                return added
        return own.keep(report, destinations)

    def move_over(self, own: OutboxFile) -> None:
        """Bring what waited on this workstation to the laboratory, a part at a time."""
        if (shared := self.rows) is None:
            return
        for line in own.lines()[:MOVED_AT_ONCE]:
            report = own.report_or_its_head(line.control_id)
            if report is not None:
                shared.adopt(report, line)
                own.drop(line)

    def with_shared(
        self, ask: Callable[[OutboxRows], list[OutboxLine]], own: list[OutboxLine]
    ) -> tuple[list[OutboxLine], UserError | None]:
        """The laboratory's lines and those of this workstation's `own` that it lacks, or why it is away."""
        if (shared := self.rows) is None:
            return own, None
        try:
            lines = ask(shared)
        except UserError as error:
            return own, error
        there = {(line.destination, line.control_id) for line in lines}
        return [*lines, *(x for x in own if (x.destination, x.control_id) not in there)], None

    @contextmanager
    def holding(self, book: OutboxRows, line: OutboxLine) -> Iterator[Hold | None]:
        """Be the one who sends a message; None while another station is.

        A thread says that this station is alive: a message that takes long stays this station's.
        """
        if not isinstance(book, LabOutbox):
            yield Hold(book, line)
            return
        token, over = secrets.token_hex(16), threading.Event()
        if not book.claim(line, self._station, token):
            yield None
            return

        def beat() -> None:
            while not over.wait(book.claim_s / _BEATS):
                try:
                    if not book.beat(line, token):
                        return
                except UserError as error:
                    _log.warning("the claim of a message cannot be renewed", exc_info=error)

        thread = threading.Thread(target=beat, name="outbox-claim", daemon=True)
        thread.start()
        try:
            yield Hold(book, line, token)
        finally:
            over.set()
            thread.join(1.0)
