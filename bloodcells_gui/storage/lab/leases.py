"""Who reads which case: a lease with heartbeat and expiry, one holder at a time by the server's clock."""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.storage.lab.database import LabDatabase, Row

#: A station that has not been heard of for so long is taken for gone; it asks three times meanwhile.
EXPIRES_S = 60.0
_SELECT = (
    "SELECT case_key, case_name, station, reviewer, since, $now - seen, expires - $now FROM bloodcells_leases"
)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a case.

    Attributes
    ----------
    case_key : str
        The seed of the case's chain: the same wherever the file lies and whatever it is called.
    since : float
        Seconds since 1970, by the server's clock.
    silent_s, left_s : float
        Seconds since the last heartbeat, and until it expires (negative once it has).
    """

    case_key: str
    case_name: str
    station: str
    reviewer: str
    since: float
    silent_s: float
    left_s: float

    @property
    def expired(self) -> bool:
        """Whether the holder is taken for gone."""
        return self.left_s <= 0


class LeaseHeld(Exception):
    """Another station holds the case."""

    def __init__(self, lease: Lease) -> None:
        super().__init__(lease.case_key)
        self.lease = lease


class Leases:
    """The leases of a laboratory.

    Parameters
    ----------
    expires_s : float
        Seconds after its last heartbeat that a lease expires.
    """

    def __init__(self, database: LabDatabase, expires_s: float = EXPIRES_S) -> None:
        self._database = database
        self._expires_s = expires_s

    def acquire(
        self,
        case_key: str,
        case_name: str,
        station: str,
        reviewer: str,
        token: str,
        *,
        take_over: bool = False,
    ) -> Lease | None:
        """Hold a case under `token`; whose lease was taken over, None where nobody held it.

        A lease that expired, or that this very station left behind, is free: whether another window of the
        station is at the case is told by the lock beside the file.

        Raises
        ------
        LeaseHeld
            Another station holds it, and `take_over` is not asked for.
        LabUnreachable
        """
        with self._database.transaction():
            before = self.holder(case_key)
            taken = self._database.query(
                "INSERT INTO bloodcells_leases VALUES (?, ?, ?, ?, ?, $now, $now, $now + ?)"
                " ON CONFLICT (case_key) DO UPDATE SET case_name = excluded.case_name,"
                " station = excluded.station, reviewer = excluded.reviewer, token = excluded.token,"
                " since = excluded.since, seen = excluded.seen, expires = excluded.expires"
                " WHERE bloodcells_leases.expires <= $now OR bloodcells_leases.station = excluded.station"
                " OR ? = 1 RETURNING token",
                case_key, case_name, station, reviewer, token, self._expires_s, int(take_over),
            )  # fmt: skip
            if not taken:
                held = self.holder(case_key)
                assert held is not None  # noqa: S101  # it is what the statement met
                raise LeaseHeld(held)
            if before is None or before.expired or before.station == station:
                return None
            self._database.query(
                "INSERT INTO bloodcells_takeovers VALUES ($now, ?, ?, ?, ?, ?, ?, ?)",
                case_key, case_name, station, reviewer, before.station, before.reviewer, before.silent_s,
            )  # fmt: skip
            return before

    def beat(self, case_key: str, token: str, reviewer: str = "") -> bool:
        """Say that the holder is there, and who that is now; False when the case is another's by now.

        Of nobody ("") the former name stays.
        """
        return bool(
            self._database.query(
                "UPDATE bloodcells_leases SET seen = $now, expires = $now + ?,"
                " reviewer = CASE WHEN ? = '' THEN reviewer ELSE ? END"
                " WHERE case_key = ? AND token = ? RETURNING token",
                self._expires_s,
                reviewer,
                reviewer,
                case_key,
                token,
            )
        )

    def release(self, case_key: str, token: str) -> None:
        """Give a case back; nothing where it is another's by now."""
        self._database.query(
            "DELETE FROM bloodcells_leases WHERE case_key = ? AND token = ?", case_key, token
        )

    def holder(self, case_key: str) -> Lease | None:
        """Who holds a case, an expired lease included."""
        rows = self._database.query(
            _SELECT + " WHERE case_key = ?",
            case_key,
        )
        return _lease(rows[0]) if rows else None

    def all(self) -> list[Lease]:
        """Every lease, the newest first."""
        rows = self._database.query(_SELECT + " ORDER BY since DESC")
        return [_lease(row) for row in rows]


def _lease(row: Row) -> Lease:
    key, name, station, reviewer, *times = row
    since, silent_s, left_s = (float(t) for t in times)
    return Lease(str(key), str(name), str(station), str(reviewer), since, silent_s, left_s)
