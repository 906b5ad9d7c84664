"""Tables of an earlier version are brought up to date with what they hold; older stations are told."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import LeaseHeld, Leases
from bloodcells_gui.storage.lab.pool import LabPool
from tests.support.lab import Connect

#: As the first version with a laboratory's database made them, word for word.
FIRST = (
    "CREATE TABLE bloodcells_versions (number INTEGER PRIMARY KEY,"
    " at DOUBLE PRECISION NOT NULL, program TEXT NOT NULL)",
    "CREATE TABLE bloodcells_leases (case_key TEXT PRIMARY KEY, case_name TEXT NOT NULL,"
    " station TEXT NOT NULL, reviewer TEXT NOT NULL, token TEXT NOT NULL,"
    " since DOUBLE PRECISION NOT NULL, seen DOUBLE PRECISION NOT NULL,"
    " expires DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE bloodcells_takeovers (at DOUBLE PRECISION NOT NULL, case_key TEXT NOT NULL,"
    " case_name TEXT NOT NULL, station TEXT NOT NULL, reviewer TEXT NOT NULL, from_station TEXT NOT NULL,"
    " from_reviewer TEXT NOT NULL, silent_s DOUBLE PRECISION NOT NULL)",
    "INSERT INTO bloodcells_versions VALUES (1, 1.0, '0.9')",
)
CASE = ("seed-1", "2026-11-30 S-1")


@pytest.fixture
def old(connect: Connect) -> LabDatabase:
    """A laboratory as the first version made it, with a case that is open."""
    database = connect()
    database.run_all(FIRST)
    Leases(database).acquire(*CASE, "bench 1", "Anna", "t1")
    return database


def test_a_station_of_this_version_is_told_what_to_do_and_changes_nothing(
    old: LabDatabase, connect: Connect
) -> None:
    pool = LabPool(connect.address)
    said = r"tables 1, needed \d.*lab init.*former version can go on"
    with pytest.raises(UserError, match=said), pool.database():
        pass
    pool.close()
    assert schema.number_of(old) == 1


def test_the_tables_are_brought_up_to_date_with_what_they_hold(old: LabDatabase, connect: Connect) -> None:
    assert schema.create(connect(), "1.0") == (1, schema.NUMBER)
    schema.check(old)
    with pytest.raises(LeaseHeld) as held:
        Leases(connect()).acquire(*CASE, "bench 2", "Ben", "t2")
    assert held.value.lease.reviewer == "Anna"
    assert Leases(old).beat(CASE[0], "t1")  # the station of the former version goes on with its case


def test_a_station_of_the_former_version_is_refused_in_words(
    old: LabDatabase, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.create(connect(), "1.0")
    monkeypatch.setattr(schema, "NUMBER", 1)  # what that version knows
    with pytest.raises(UserError, match=r"newer version .*Install the laboratory's version"):
        schema.check(old)
    with pytest.raises(UserError, match="newer version"):
        schema.create(old, "0.9", up_to=1)


def test_an_upgrade_that_fails_leaves_the_former_tables(
    old: LabDatabase, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*schema.MIGRATIONS[:2], ("CREATE TABLE bloodcells_half (a INTEGER)", "CREATE TABLE no sense"))
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    with pytest.raises(UserError):
        schema.create(connect(), "1.0")
    assert schema.number_of(old) == 1
    assert not old.has_table("bloodcells_half")
    assert not old.has_table("bloodcells_cases")
    assert [lease.reviewer for lease in Leases(old).all()] == ["Anna"]
