"""The tables of the laboratory's database, by numbered migrations that each run once, whole or not at all."""

from __future__ import annotations

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.tables_accounts import ACCOUNTS
from bloodcells_gui.storage.lab.tables_cases import CASES
from bloodcells_gui.storage.lab.tables_leases import LEASES
from bloodcells_gui.storage.lab.tables_shared import SHARED

VERSIONS = "bloodcells_versions"
_LOCK = 0x626C6F6F64  # any number that no other program of this database locks
MIGRATIONS: tuple[tuple[str, ...], ...] = (LEASES, CASES, SHARED, ACCOUNTS)
NUMBER = len(MIGRATIONS)


def number_of(database: LabDatabase) -> int:
    """Number of the newest migration that ran; 0 where there is no laboratory yet."""
    if not database.has_table(VERSIONS):
        return 0
    return int(database.query("SELECT coalesce(max(number), 0) FROM bloodcells_versions")[0][0])


def create(database: LabDatabase, app_version: str, *, up_to: int | None = None) -> tuple[int, int]:
    """Make the tables, or bring them up to date; the number before and after.

    Parameters
    ----------
    up_to : int
        The last migration that runs, for comparing with a database of an earlier version; all when None.

    Raises
    ------
    UserError
        The tables are of a newer version, or it failed; nothing is changed then.
    """
    with database.transaction():
        before = create_here(database, app_version, up_to=up_to)
    return before, NUMBER if up_to is None else up_to


def create_here(database: LabDatabase, app_version: str, *, up_to: int | None = None) -> int:
    """As :func:`create`, within a transaction that is begun; the number before."""
    database.alone(_LOCK)
    before = number_of(database)
    refuse_newer(before)
    if not before:
        database.query(
            "CREATE TABLE IF NOT EXISTS bloodcells_versions (number INTEGER PRIMARY KEY,"
            " at DOUBLE PRECISION NOT NULL, program TEXT NOT NULL)"
        )
    for number, statements in enumerate(MIGRATIONS[before:up_to], before + 1):
        database.run_all(statements)
        database.query("INSERT INTO bloodcells_versions VALUES (?, $now, ?)", number, app_version)
    return before


def check(database: LabDatabase) -> None:
    """Refuse in words tables that this version does not know, or that are not there."""
    number = number_of(database)
    refuse_newer(number)
    if number < NUMBER:
        raise UserError(
            "There is no laboratory of this version in that database (tables {number}, needed {needed}).",
            "",
            "Run: bloodcells lab init URL. Workstations of the former version can go on until then.",
            number=number,
            needed=NUMBER,
        )


def refuse_newer(number: int) -> None:
    """UserError where tables are of a version that this program does not know."""
    if number > NUMBER:
        raise UserError(
            "The laboratory's database was made by a newer version (tables {number}, known {known}).",
            "An older program could damage what it does not know.",
            "Install the laboratory's version on this workstation.",
            number=number,
            known=NUMBER,
        )
