"""Hold the lease of the case that a person has open, where the laboratory has a database.

The lock beside the file (`storage.lock`) keeps two windows of one computer apart; over a share it may not be
seen. The lease says across computers who is at a case. Its heartbeat runs in a thread of its own: a network
that is cut holds nobody up, and the work on the case that is open goes on. Was it taken over meanwhile, the
next decision is refused in words; it is in nobody's record then.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
import threading
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import EXPIRES_S, Lease, LeaseHeld, Leases
from bloodcells_gui.storage.lock import CaseInUse, Holder

_log = logging.getLogger(__name__)
_BEATS = 3  # until a lease expires: a single one may get lost
_LET_GO_S = 2.0


def station_name() -> str:
    """How the laboratory's database names this computer."""
    return socket.gethostname()


class CaseElsewhere(CaseInUse):
    """Another station of the laboratory has the case open."""

    def __init__(self, path: Path, lease: Lease) -> None:
        super().__init__(path, Holder(lease.station, 0, ""))
        self.elsewhere = True
        self.what = N_("{name} is open at the station {station}, by {reviewer}.")
        self.why = N_("That station was last heard of {seconds} s ago.")
        self.what_to_do = N_(
            "Close it there, or open it here for reading. Taking it over is recorded; the other station can "
            "then save nothing more in it."
        )
        self.params = {
            "name": lease.case_name, "station": lease.station, "reviewer": lease.reviewer or "?",
            "seconds": max(0, round(lease.silent_s)),
        }  # fmt: skip
        self.args = (self.text(),)


class CaseLease:
    """A case held at the laboratory's database, from construction until :meth:`close`.

    Parameters
    ----------
    url : str
        Of the laboratory's database.
    path : Path
        Of the case file.
    case_key : str
        The seed of its chain.
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
        url: str,
        path: Path,
        case_key: str,
        reviewer: str,
        *,
        needed: bool = True,
        take_over: bool = False,
        station: str = "",
        expires_s: float = EXPIRES_S,
    ) -> None:
        self._url, self._path, self._key, self._reviewer = url, path, case_key, reviewer
        self._token = secrets.token_hex(16)
        self._station = station or station_name()
        self._expires_s = expires_s
        self._every_s = expires_s / _BEATS
        self._lost: Lease | None = None
        self._held = False
        if needed:
            with LabDatabase(url) as database:
                schema.check(database)
                self._acquire(self._leases(database), take_over=take_over)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="case-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """UserError once another station has taken the case over."""
        lease = self._lost
        if lease is None:
            return
        raise UserError(
            "{name} was taken over by the station {station} ({reviewer}).",
            "This decision was not saved: only one station writes a case.",
            "What was decided here before is in the case. Close it, and open it again for reading.",
            name=lease.case_name,
            station=lease.station,
            reviewer=lease.reviewer or "?",
        )

    def close(self) -> None:
        """Give the case back; a database that does not answer holds nobody up, the lease then expires."""
        self._over.set()
        self._thread.join(_LET_GO_S)

    def _leases(self, database: LabDatabase) -> Leases:
        return Leases(database, self._expires_s)

    def _acquire(self, leases: Leases, *, take_over: bool = False) -> None:
        try:
            leases.acquire(
                self._key, self._path.stem, self._station, self._reviewer, self._token, take_over=take_over
            )
        except LeaseHeld as held:
            raise CaseElsewhere(self._path, held.lease) from None
        self._held = True

    def _keep(self) -> None:
        database: LabDatabase | None = None
        wait = 0.0 if not self._held else self._every_s
        while not self._over.wait(wait) and self._lost is None:
            wait = self._every_s
            try:
                database = database or LabDatabase(self._url)
                self._beat(self._leases(database))
            except UserError as error:
                _log.warning("the lease of a case cannot be renewed", exc_info=error)
                if database is not None:
                    database.close()
                database = None
        if self._held and self._lost is None:
            with contextlib.suppress(UserError):
                database = database or LabDatabase(self._url)
                Leases(database).release(self._key, self._token)
        if database is not None:
            database.close()

    def _beat(self, leases: Leases) -> None:
        if not self._held:
            self._acquire(leases)
        elif not leases.beat(self._key, self._token):
            other = leases.holder(self._key)
            if other is None:  # it expired, was another's, and is free again: the file tells what was done
                self._acquire(leases)
            else:
                self._lost = other
                _log.warning("a case was taken over by another station")


def hold_lease(
    store: CaseStore, url: str, reviewer: str, *, new: bool = False, take_over: bool = False
) -> None:
    """Get the lease of a case that was opened for writing; nothing without a laboratory's database.

    Raises
    ------
    UserError
        As :class:`CaseLease`; the case is closed then.
    """
    if not url or store.read_only:
        return
    try:
        store.hold(CaseLease(url, store.path, store.seed(), reviewer, needed=not new, take_over=take_over))
    except BaseException:
        store.close()
        raise


def holder_in_words(error: CaseInUse, path: Path, url: str) -> CaseInUse:
    """Where the lock names another computer: what the laboratory's database knows of it, else `error`."""
    if not url or not error.elsewhere:
        return error
    try:
        with CaseStore.open(path, read_only=True) as store, LabDatabase(url) as database:
            lease = Leases(database).holder(store.seed())
    except UserError:
        return error
    return error if lease is None or lease.expired else CaseElsewhere(path, lease)
