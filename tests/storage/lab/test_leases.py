"""The laboratory's tables and leases: one suite over SQLite and a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable, check_url
from bloodcells_gui.storage.lab.leases import LeaseHeld, Leases
from tests.support.lab import Connect
from tests.support.postgres import Server

CASE = ("seed-1", "2026-11-30 S-1")
ANNA, BEN = ("bench 1", "Anna"), ("bench 2", "Ben")


@pytest.fixture
def two(connect: Connect) -> tuple[Leases, Leases]:
    schema.create(connect(), "1.0")
    return Leases(connect(), 0.6), Leases(connect(), 0.6)


def test_init_makes_the_tables_once_and_a_second_time_changes_nothing(connect: Connect) -> None:
    database = connect()
    with pytest.raises(UserError, match="lab init"):
        schema.check(database)
    assert schema.create(database, "1.0") == (0, schema.NUMBER)
    assert schema.create(connect(), "1.0") == (schema.NUMBER, schema.NUMBER)
    schema.check(connect())


def test_tables_of_a_newer_version_are_refused_in_words(connect: Connect) -> None:
    database = connect()
    schema.create(database, "1.0")
    database.query(f"INSERT INTO {schema.VERSIONS} VALUES (?, 0, '9.9')", schema.NUMBER + 1)
    for act in (schema.check, lambda d: schema.create(d, "1.0")):
        with pytest.raises(UserError, match="newer version"):
            act(database)


def test_a_migration_that_fails_leaves_nothing_behind(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*schema.MIGRATIONS, ("CREATE TABLE half (a INTEGER)", "CREATE TABLE no sense"))
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    database = connect()
    with pytest.raises(UserError):
        schema.create(database, "1.0")
    assert not database.has_table("half")
    assert schema.number_of(connect()) == 0


def test_one_station_holds_a_case_and_the_other_is_told_who(two: tuple[Leases, Leases]) -> None:
    one, other = two
    assert one.acquire(*CASE, *ANNA, "t1") is None
    with pytest.raises(LeaseHeld) as caught:
        other.acquire(*CASE, *BEN, "t2")
    assert (caught.value.lease.station, caught.value.lease.reviewer) == ANNA
    assert 0 <= caught.value.lease.silent_s < 0.6
    other.release(CASE[0], "t2")  # not its own: nothing
    assert one.beat(CASE[0], "t1")
    one.release(CASE[0], "t1")
    assert other.acquire(*CASE, *BEN, "t2") is None


def test_a_heartbeat_names_who_is_there_now(two: tuple[Leases, Leases]) -> None:
    one, other = two
    one.acquire(*CASE, "bench 1", "", "t1")
    for name, shown in (("Anna", "Anna"), ("Ben", "Ben"), ("", "Ben")):
        assert one.beat(CASE[0], "t1", name)
        holder = other.holder(CASE[0])
        assert holder is not None
        assert holder.reviewer == shown


def test_a_heartbeat_keeps_a_lease_and_silence_ends_it(two: tuple[Leases, Leases]) -> None:
    one, other = two
    one.acquire(*CASE, *ANNA, "t1")
    for _ in range(4):
        time.sleep(0.25)
        assert one.beat(CASE[0], "t1")
    with pytest.raises(LeaseHeld):
        other.acquire(*CASE, *BEN, "t2")
    time.sleep(0.7)
    assert other.acquire(*CASE, *BEN, "t2") is None
    assert not one.beat(CASE[0], "t1")


def test_a_holder_that_comes_back_in_time_of_nobody_goes_on(two: tuple[Leases, Leases]) -> None:
    """It was cut off for longer than a lease lasts, and nobody took the case meanwhile."""
    one, _ = two
    one.acquire(*CASE, *ANNA, "t1")
    time.sleep(0.7)
    holder = one.holder(CASE[0])
    assert holder is not None
    assert holder.expired
    assert one.beat(CASE[0], "t1")


def test_a_take_over_is_recorded_and_the_former_holder_learns_of_it(
    two: tuple[Leases, Leases], connect: Connect
) -> None:
    one, other = two
    one.acquire(*CASE, *ANNA, "t1")
    before = other.acquire(*CASE, *BEN, "t2", take_over=True)
    assert before is not None
    assert before.station == "bench 1"
    assert not one.beat(CASE[0], "t1")
    rows = connect().query(
        "SELECT case_name, station, reviewer, from_station, from_reviewer FROM bloodcells_takeovers"
    )
    assert rows == [(CASE[1], *BEN, *ANNA)]


def test_a_station_takes_up_what_it_left_behind_itself(two: tuple[Leases, Leases]) -> None:
    one, other = two
    one.acquire(*CASE, *ANNA, "t1")
    assert other.acquire(*CASE, *ANNA, "t2") is None
    assert not one.beat(CASE[0], "t1")


def test_of_many_stations_at_once_one_gets_the_case(connect: Connect) -> None:
    schema.create(connect(), "1.0")
    by_thread = connect().engine == "SQLite"  # whose connections belong to one thread
    stations = [] if by_thread else [Leases(connect()) for _ in range(8)]
    got: list[int] = []
    barrier = threading.Barrier(8)

    def try_it(number: int, rounds: int = 20) -> None:
        own = LabDatabase(connect.address) if by_thread else None
        leases = Leases(own) if own is not None else stations[number]
        for i in range(rounds):
            barrier.wait()
            try:
                leases.acquire(f"case {i}", "name", f"bench {number}", "x", f"t{number}")
            except LeaseHeld:
                continue
            got.append(i)
        if own is not None:
            own.close()

    threads = [threading.Thread(target=try_it, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(20))


def test_all_leases_are_listed_the_newest_first(two: tuple[Leases, Leases]) -> None:
    one, other = two
    one.acquire(*CASE, *ANNA, "t1")
    other.acquire("seed-2", "S-2", *BEN, "t2")
    assert [lease.case_name for lease in one.all()] == ["S-2", CASE[1]]


@pytest.mark.parametrize(
    "url",
    ["", "lab", "http://x/y", "postgresql://u:secret@h/d", "postgresql://h/d?password=secret", "sqlite:///"],
)
def test_what_is_no_address_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(UserError) as caught:
        check_url(url)
    assert "secret" not in caught.value.text()


def test_a_server_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the extra `lab` is not installed")
    began = time.monotonic()
    with pytest.raises(LabUnreachable, match="does not answer"):
        LabDatabase(f"postgresql://lab@/lab?host={tmp_path}")
    assert time.monotonic() - began < 30


def test_a_server_that_restarts_keeps_leases_and_cuts_connections(server: Server) -> None:
    with LabDatabase(server.url) as database:
        schema.create(database, "1.0")
        leases = Leases(database)
        leases.acquire(*CASE, *ANNA, "t1")
        server.stop()
        with pytest.raises(LabUnreachable):
            leases.beat(CASE[0], "t1")
    server.start()
    with LabDatabase(server.url) as database:
        again = Leases(database)
        assert again.beat(CASE[0], "t1")
        with pytest.raises(LeaseHeld):
            again.acquire(*CASE, *BEN, "t2")
        database.query("DELETE FROM bloodcells_leases")
