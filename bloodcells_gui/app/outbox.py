"""The outbox of signed reports: fill it when a case is signed, empty it to the destinations.

Nothing is made, opened or reached while no destination is set up.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.app.connection_words import is_corrected, is_withdrawn, no_destination, unused_part
from bloodcells_gui.app.outbox_sharing import Hold, OutboxSharing
from bloodcells_gui.app.outgoing import may_be_sent, outbox_reports, places_of
from bloodcells_gui.app.outgoing_messages import message_of
from bloodcells_gui.app.two_persons import is_final, waits
from bloodcells_gui.connect.delivery import deliver
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.connect.result import not_signed
from bloodcells_gui.domain.connecting import (
    Connections,
    Destination,
    OutboxLine,
    SendState,
    back_off_s,
    is_withdrawal,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.storage import connections as connections_store
from bloodcells_gui.storage.lock import CaseInUse, CaseLock, holder_of
from bloodcells_gui.storage.outbox import OUTBOX_NAME, OutboxFile
from bloodcells_gui.storage.outbox_rows import OutboxRows

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

__all__ = ["Outbox", "Sending", "Sent"]

#: Days for which a report is kept after it has arrived everywhere, so that it can be sent again.
KEPT_DAYS = 30
#: The file of connections as it was, where something of it was not used.
UNUSED_NAME = connections_store.UNUSED_NAME
#: Seconds until a case that was announced and could not be settled is looked at again.
LOOK_AGAIN_S = 60.0
#: Seconds until a laboratory's outbox is looked at again.
SEEN_EVERY_S = 15.0
NOT_CONFIRMED = N_("nobody has confirmed the table of codes yet")
NO_DESTINATION = N_("this destination is not set up or is off")
CORRECTED = N_("not sent: version {version}, which corrects it, has arrived there")
WRONG_PERSON = N_("not sent: it was for a wrong patient or specimen")
NOTHING_THERE = N_("not sent: the result that it takes back never went there")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message in a round of sending."""

    line: OutboxLine
    state: SendState
    words: Reason


class Sending(UserError):
    """Somebody else sends: one at a time."""


class Outbox:
    """The outbox of one workstation. Thread-safe.

    Parameters
    ----------
    home, config : Path
        Folder of the data, and of the connections.
    open_case : callable
        Opens a case to read, for reports that were announced and not kept.
    permitted : callable
        Raises a UserError where the person may not set up connections.
    sharing : OutboxSharing or None
        The way to the laboratory's outbox. Where there is one, reports go there and are sent from there; what
        is signed while it is away waits in the workstation's own and moves over.

    Attributes
    ----------
    problem : UserError or None
        Why the report that was signed last could not be put in.
    away : UserError or None
        Why what was looked up last is of this workstation alone: the laboratory's outbox did not answer.
    """

    def __init__(
        self,
        home: Path,
        config: Path,
        open_case: Callable[[Path], CaseSession],
        permitted: Callable[[], None] = lambda: None,
        sharing: OutboxSharing | None = None,
    ) -> None:
        self._path = home / OUTBOX_NAME
        self._connections_path = config / connections_store.CONNECTIONS_NAME
        self._open_case = open_case
        self._permitted = permitted
        self._sharing = sharing or OutboxSharing()
        self._file: OutboxFile | None = None
        self._opening = threading.Lock()
        self._look_again: dict[tuple[Path, int], float] = {}
        self.problem: UserError | None = None
        self.away: UserError | None = None

    # -- what is set up --------------------------------------------------------------------------------

    @property
    def connections(self) -> Connections:
        """What is set up; UserError when its file cannot be read."""
        return connections_store.load(self._connections_path)[0]

    @property
    def unused(self) -> list[Reason]:
        """What of the connections' file is not used, and why; UserError when it cannot be read."""
        problems = connections_store.load(self._connections_path)[1]
        return [unused_part(self._connections_path.name, problem) for problem in problems]

    def save_connections(self, connections: Connections) -> None:
        """Keep what is set up: destinations, sources of orders, the table of codes and its confirmation.

        Where something of the file is not used, the file as it was stays beside it.

        Raises
        ------
        UserError
            When the person may not, or it cannot be written.
        """
        self._permitted()
        connections_store.set_aside(self._connections_path)
        connections_store.save(self._connections_path, connections)

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Differs once any process wrote the outbox or the connections; a look at the disk alone.

        Of a laboratory's outbox, which others write unseen, it differs every `SEEN_EVERY_S` seconds.
        """
        log = self._path.with_name(f"{self._path.name}-wal")
        seen = tuple(_stamp(path) for path in (self._path, log, self._connections_path))
        return seen if self._sharing.rows is None else (*seen, (int(time.monotonic() / SEEN_EVERY_S), 0))

    @property
    def exists(self) -> bool:
        """Whether anything was ever put in."""
        return self._path.exists() or self._sharing.rows is not None

    @property
    def _book(self) -> OutboxRows:
        """Where messages are sent from."""
        return self._sharing.rows or self._store()

    def _store(self) -> OutboxFile:
        with self._opening:
            if self._file is None:
                self._file = OutboxFile(self._path)
            return self._file

    def close(self) -> None:
        """Release the file."""
        with self._opening:
            if self._file is not None:
                self._file.close()
                self._file = None
        self._sharing.close()

    # -- filling ---------------------------------------------------------------------------------------

    def announce(self, session: CaseSession) -> None:
        """A report of this case is about to be signed; a failure is kept in `problem` and stops nothing."""
        self.problem = None
        with self._noted():
            if may_be_sent(session) and self.connections.active:
                self._store().announce(session.path, session.state.version)

    def keep(self, session: CaseSession) -> None:
        """The report that was just signed goes in. A failure is kept in `problem`."""
        with self._noted():
            active = self.connections.active
            if active and may_be_sent(session):
                self._keep(session, active)

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except UserError as error:
            self.problem = error
            _log.error("a signed report is not in the outbox", exc_info=error)

    def put_in(self, session: CaseSession) -> int:
        """Put the report of a signed case in by hand; returns for how many destinations it was new.

        Raises
        ------
        UserError
            When the case is not signed, is a drawn specimen, or there is no destination.
        """
        active = self.connections.active
        if not active:
            raise no_destination()
        if not session.state.signed:
            raise not_signed()
        if session.specimen.synthetic:
            raise UserError(N_("A drawn specimen is not sent: it is nobody's."))
        return self._keep(session, active)

    def _keep(self, session: CaseSession, active: tuple[Destination, ...], version: int | None = None) -> int:
        """Put in what a signed version is to send, a withdrawal first; for how many destinations it was new.

        A kill in between leaves the announcement, so that it is done again: each has one id.
        """
        added = 0
        for report in outbox_reports(session, active, version):
            added = self._sharing.keep(self._store(), report, [d.name for d in active])
        return added

    def recover(self) -> int:
        """Put in what was signed and not kept, as a kill between the two leaves it; returns how many.

        A case that cannot be opened now, or is open for writing, is tried again after `LOOK_AGAIN_S`.
        """
        if not self._path.exists():
            return 0
        store, found = self._store(), 0
        active = self.connections.active
        for path, version in store.announced():
            if time.monotonic() < self._look_again.get((path, version), 0.0):
                continue
            self._look_again[path, version] = time.monotonic() + LOOK_AGAIN_S
            try:
                session = self._open_case(path)
            except UserError as error:
                _log.warning("an announced signing cannot be looked up", exc_info=error)
                continue
            try:
                if is_final(session, version):
                    if active:
                        found += self._keep(session, active, version) > 0
                elif holder_of(path) is None:  # else it may be signed this very moment
                    store.forget_announced(path, version)
            except UserError as error:
                _log.warning("an announced signing cannot be looked up", exc_info=error)
            finally:
                session.close()
        return found

    # -- looking ---------------------------------------------------------------------------------------

    def lines(self) -> list[OutboxLine]:
        """Every message, oldest first; those of this workstation alone while `away` says why."""
        return self._look(lambda rows: rows.lines())

    def _look(self, ask: Callable[[OutboxRows], list[OutboxLine]]) -> list[OutboxLine]:
        own = ask(self._store()) if self._path.exists() else []
        lines, self.away = self._sharing.with_shared(ask, own)
        return lines

    def of_version(self, session: CaseSession) -> list[OutboxLine]:
        """The messages of the signed report of a case; none where the outbox cannot be read."""
        if not self.exists or not session.state.signed:
            return []
        try:
            fillers = {p.filler for p in places_of(session) if p.version == session.state.version}
            lines = self._look(lambda rows: [x for filler in fillers for x in rows.of_case(filler)])
        except UserError as error:
            _log.warning("the outbox cannot be read", exc_info=error)
            return []
        return [line for line in lines if line.version == session.state.version]

    def left_out(self, session: CaseSession) -> bool:
        """Whether a destination is on and the signed report of a case was never put in for any."""
        if not session.state.signed or waits(session) or not may_be_sent(session):
            return False
        if self.of_version(session) or self.away is not None:
            return False
        try:
            return bool(self.connections.active)
        except UserError:
            return False

    def unkept(self) -> list[Path]:
        """Cases whose signing was announced and that could not be looked up since."""
        return [path for path, _ in self._store().announced()] if self._path.exists() else []

    def retry(self, destination: str, control: str) -> bool:
        """Let a message be sent again at once; whether there is such a one with its content.

        Raises
        ------
        UserError
            When a later version of the report has arrived at that destination, or waits for it: the old
            result would be shown again.
        """
        if not self.exists:
            return False
        if self._path.exists():
            self._sharing.move_over(self._store())
        book = self._book
        if any(x.destination == destination for x in self._withdrawals(control)):
            raise is_withdrawn(control, destination)
        later = book.later_version(destination, control, self._in_its_way(destination, control))
        if later:
            raise is_corrected(control, destination, later)
        return book.retry(destination, control)

    def _withdrawals(self, control: str) -> list[OutboxLine]:
        """The messages that take that result back."""
        return [x for x in self._book.replacing(control) if is_withdrawal(x.control_id)]

    def _in_its_way(self, destination: str, control: str) -> tuple[SendState, ...]:
        """States of a later version that forbid to send a message; one that waits itself still goes first."""
        waits = any((x.destination, x.control_id) == (destination, control) for x in self._book.waiting())
        return (SendState.SENT,) if waits else (SendState.SENT, SendState.WAITING)

    # -- sending ---------------------------------------------------------------------------------------

    def due(self, now: str = "") -> bool:
        """Whether a message waits whose time has come, for a destination that is set up."""
        return bool(self._due(self.connections, now or utc_now(), anyway=False)) if self.exists else False

    def send(self, *, anyway: bool = False, stop: Callable[[], bool] = lambda: False) -> list[Sent]:
        """Send what waits and is due, oldest first; one sender at a time on this workstation.

        Parameters
        ----------
        anyway : bool
            Also what is to wait longer.
        stop : callable
            Asked before each message.

        Raises
        ------
        UserError
            When the connections or the outbox cannot be read.
        Sending
            While another window or command sends.
        """
        if not self.exists or not (connections := self.connections).destinations:
            return []
        if not self._owes() and not self._due(connections, utc_now(), anyway=anyway):
            return []  # nothing is written while there is nothing to do
        try:
            lock = CaseLock(self._path)
        except CaseInUse as error:
            raise Sending(
                N_("Another window or command is sending at this moment."),
                "",
                N_("Look again in a minute."),
            ) from error
        try:
            self.recover()
            self._sharing.move_over(self._store())
            results: list[Sent] = []
            tried: set[tuple[str, str]] = set()
            # What waits for another message is due once that one is settled.
            while line := self._next(connections, tried, anyway=anyway):
                if stop():
                    break
                tried.add((line.destination, line.control_id))
                with self._sharing.holding(self._book, line) as hold:
                    if hold is not None:
                        results.append(self._send(line, connections, hold))
            if results:
                before = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
                self._book.thin(before.strftime("%Y-%m-%dT%H:%M:%SZ"))
            return results
        finally:
            lock.release()

    def _owes(self) -> bool:
        """Whether something of this workstation is to be looked up, or to move to the laboratory."""
        own = self._store() if self._path.exists() else None
        return own is not None and bool(own.announced() or (self._sharing.rows and own.lines()))

    def _next(
        self, connections: Connections, tried: set[tuple[str, str]], *, anyway: bool
    ) -> OutboxLine | None:
        """The next message of a round; None when all that may be sent were tried."""
        due = self._due(connections, utc_now(), anyway=anyway)
        return next((x for x in due if (x.destination, x.control_id) not in tried), None)

    def _due(self, connections: Connections, now: str, *, anyway: bool) -> list[OutboxLine]:
        """What may be sent now; a correction never overtakes what it corrects."""
        active = {d.name for d in connections.active}
        waiting = self._book.waiting()
        open_ones = {(line.destination, line.control_id) for line in waiting}
        if not connections.confirmed:
            return []
        return [
            line
            for line in waiting
            if line.destination in active
            and (anyway or line.next_try <= now)
            and (line.destination, line.replaces) not in open_ones
        ]

    def _send(self, line: OutboxLine, connections: Connections, hold: Hold) -> Sent:
        destination = connections.destination(line.destination)
        try:
            if destination is None:
                raise Unreached(NO_DESTINATION)
            words = self._why_not(line)
            if words.template:
                hold.record(SendState.REFUSED, words, attempt=False)
                return Sent(line, SendState.REFUSED, words)
            message = message_of(self._book.report(line.control_id), destination, connections)
            hold.begin()
            done = deliver(destination, message, line.control_id)
            state = SendState.SENT if done.accepted else SendState.REFUSED
            words = done.words
            hold.record(state, words)
        except Unreached as error:
            state, words = SendState.WAITING, error.words
            later = datetime.now(UTC) + timedelta(seconds=back_off_s(line.attempts + 1))
            hold.record(state, words, next_try=later.strftime("%Y-%m-%dT%H:%M:%SZ"))
        _log.info("a message is %s after %d attempts", state, line.attempts + 1)
        return Sent(line, state, words)

    def _why_not(self, line: OutboxLine) -> Reason:
        """Why a message is not sent: another one is in its place, or it takes back what never went there."""
        book, there = self._book, line.destination
        newer = book.later_version(there, line.control_id, (SendState.SENT,))
        if newer:  # put in again from a copy, or let go by an earlier version of the program
            return Reason(CORRECTED, (("version", str(newer)),))
        if is_withdrawal(line.control_id):
            wrong = [x for x in book.of_control(line.replaces) if x.destination == there]
            return Reason(NOTHING_THERE if wrong and not wrong[0].attempts else "")
        taken_back = any(x.destination == there for x in self._withdrawals(line.control_id))
        return Reason(WRONG_PERSON if taken_back else "")


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
