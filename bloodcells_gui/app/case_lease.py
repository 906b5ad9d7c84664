"""Hold the lease of the case that a person has open, where the laboratory has a database.

The lock beside the file (`storage.lock`) keeps two windows of one computer apart; over a share it may not be
seen. The lease says across computers who is at a case; it is asked for before the file is read. Its heartbeat
runs in a thread of its own: a network that is cut holds nobody up, and the work on the case that is open goes
on. Was it taken over meanwhile, the window says so within a heartbeat, and writes nothing more.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.database import LabUnreachable
from bloodcells_gui.storage.lab.leases import EXPIRES_S, Lease, LeaseHeld, Leases
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lock import HELD_ELSEWHERE, CaseInUse, Holder
from bloodcells_gui.storage.write_lease import AskLease, seed_of

_log = logging.getLogger(__name__)
_BEATS = 3  # until a lease expires: a single one may get lost
_LET_GO_S = 2.0


def station_name() -> str:
    """How the laboratory's database names this computer."""
    return socket.gethostname()


class CaseElsewhere(CaseInUse):
    """Another station of the laboratory has the case open."""

    def __init__(self, path: Path, lease: Lease, *, alive: bool = False) -> None:
        super().__init__(path, Holder(lease.station, 0, ""), alive=alive)
        self.lease = lease
        self.elsewhere = True
        self.what = N_("{name} is open at the station {station}, by {reviewer}.")
        self.why = N_("That station was last heard of {seconds} s ago.")
        self.what_to_do = (
            HELD_ELSEWHERE
            if alive
            else N_(
                "Close it there, or open it here for reading. Taking it over is recorded; the other station"
                " can then save nothing more in it."
            )
        )
        self.params = {
            "name": lease.case_name, "station": lease.station, "reviewer": lease.reviewer or "?",
            "seconds": max(0, round(lease.silent_s)),
        }  # fmt: skip
        self.args = (self.text(),)


class HolderUnknown(LabUnreachable):
    """A case that is to be opened for writing while the laboratory's database does not answer."""

    def __init__(self, error: LabUnreachable) -> None:
        UserError.__init__(
            self,
            error.what,
            N_("So it is not known whether another station is at this case."),
            N_("Check the network and the address in the settings; for reading the case can be opened."),
            **error.params,
        )


class CaseTaken(UserError):
    """Another station writes the case that is open here: nothing more is saved in it from this window."""

    def __init__(self, lease: Lease, *, met: bool) -> None:
        super().__init__(
            N_("{name} is open at the station {station} ({reviewer}) as well.")
            if met
            else N_("{name} was taken over by the station {station} ({reviewer})."),
            N_("It was opened there while the laboratory's database did not answer here.")
            if met
            else N_("Nothing more is saved in it from here: only one station writes a case."),
            N_("What was decided here before is in the case. Close it, and open it again for reading."),
            name=lease.case_name,
            station=lease.station,
            reviewer=lease.reviewer or "?",
        )


class CaseLease:
    """A case held at the laboratory's database, from construction until :meth:`close`.

    Parameters
    ----------
    pool : LabPool
        Connections to the laboratory's database.
    path : Path
        Of the case file.
    case_key : str
        The seed of its chain.
    reviewer : str or callable
        Who is at the case, or what gives that person's name; each heartbeat says it anew.
    station : str
        The name of this computer when "".
    expires_s : float
        Seconds after the last heartbeat that the lease expires.
    needed : bool
        Whether the lease must be had now. A new case is nobody else's: the thread gets its lease once the
        database answers.

    Raises
    ------
    CaseElsewhere
        Another station holds it, and `take_over` is not asked for.
    UserError
        The lease is needed, and the database does not answer or is of another version.
    """

    def __init__(
        self,
        pool: LabPool,
        path: Path,
        case_key: str,
        reviewer: Callable[[], str] | str,
        *,
        needed: bool = True,
        take_over: bool = False,
        station: str = "",
        expires_s: float = EXPIRES_S,
    ) -> None:
        self._pool, self._path, self._key, self._reviewer = pool, path, case_key, reviewer
        self._token = secrets.token_hex(16)
        self._station = station or station_name()
        self._expires_s = expires_s
        self._every_s = expires_s / _BEATS
        self._lost: CaseTaken | None = None
        self._held = False
        self._telling = threading.Lock()
        self._tell: Callable[[], None] = lambda: None
        if needed:
            self._acquire(take_over=take_over)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="case-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """CaseTaken once another station has the case."""
        if self._lost is not None:
            raise self._lost

    def lost(self) -> UserError | None:
        """Who has the case now, in words; None while it is this window's."""
        return self._lost

    def when_held(self, tell: Callable[[], None]) -> None:
        """Call `tell` once the lease is had: now, or from the lease's own thread."""
        with self._telling:
            self._tell = tell
            if self._held:
                tell()

    def close(self) -> None:
        """Give the case back; a database that does not answer holds nobody up, the lease then expires."""
        self._over.set()
        self._thread.join(_LET_GO_S)

    def _present(self) -> str:
        return self._reviewer() if callable(self._reviewer) else self._reviewer

    def _acquire(self, *, take_over: bool = False) -> None:
        other: Lease | None = None
        with self._pool.database() as database:
            try:
                Leases(database, self._expires_s).acquire(
                    self._key, self._path.stem, self._station, self._present(), self._token,
                    take_over=take_over,
                )  # fmt: skip
            except LeaseHeld as held:
                other = held.lease
        if other is not None:
            raise CaseElsewhere(self._path, other)
        with self._telling:
            self._held = True
            self._tell()

    def _keep(self) -> None:
        wait = 0.0 if not self._held else self._every_s
        while not self._over.wait(wait) and self._lost is None:
            wait = self._every_s
            try:
                self._beat()
            except CaseElsewhere as error:
                self._lose(error.lease, met=True)
            except UserError as error:
                _log.warning("the lease of a case cannot be renewed", exc_info=error)
        if self._held and self._lost is None:
            with contextlib.suppress(UserError), self._pool.database() as database:
                Leases(database).release(self._key, self._token)

    def _beat(self) -> None:
        if not self._held:
            self._acquire()
            return
        with self._pool.database() as database:
            leases = Leases(database, self._expires_s)
            if leases.beat(self._key, self._token, self._present()):
                return
            other = leases.holder(self._key)
        if other is None:  # it expired, was another's, and is free again: the file tells what was done
            self._acquire()
        else:
            self._lose(other, met=False)

    def _lose(self, other: Lease, *, met: bool) -> None:
        self._lost = CaseTaken(other, met=met)
        _log.warning("another station has a case that is open here")


def ask_lease(
    pool: LabPool | None,
    path: Path,
    reviewer: Callable[[], str] | str,
    *,
    needed: bool = True,
    take_over: bool = False,
) -> AskLease | None:
    """What asks for the lease of the case at `path` while it is opened; None without a database.

    Parameters as of :class:`CaseLease`; a lease that is not `needed` is waited for only while the database
    does not answer: another station's is met either way.
    """
    if pool is None:
        return None
    found = pool

    def ask(seed: str) -> CaseLease:
        try:
            return CaseLease(found, path, seed, reviewer, take_over=take_over)
        except LabUnreachable as error:
            if needed:
                raise HolderUnknown(error) from error
            return CaseLease(found, path, seed, reviewer, needed=False)

    return ask


def hold_new(store: CaseStore, pool: LabPool | None, reviewer: Callable[[], str] | str) -> None:
    """Get the lease of a case that was made here, now or once the laboratory's database answers."""
    if pool is not None:
        store.hold(CaseLease(pool, store.path, store.seed(), reviewer, needed=False))


def holder_in_words(error: CaseInUse, path: Path, pool: LabPool | None) -> CaseInUse:
    """Where the lock names another computer: what the laboratory's database knows of it, else `error`."""
    if pool is None or not error.elsewhere or isinstance(error, CaseElsewhere):
        return error
    try:
        with pool.database() as database:
            lease = Leases(database).holder(seed_of(path))
    except UserError:
        return error
    return error if lease is None or lease.expired else CaseElsewhere(path, lease, alive=error.alive)
