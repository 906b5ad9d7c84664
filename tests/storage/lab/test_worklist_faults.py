"""Damaged lines, folders that are not there and servers that go away cost the laboratory no case."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab import case_rows, schema, worklist
from bloodcells_gui.storage.lab.case_folder import MARK_NAME, folder_of, mark_of, set_folder
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.worklist import INDEX_NAME, CaseState
from tests.support.case_tools import Reviewer, a_case
from tests.support.lab import Connect, Station, StationList, shared_list
from tests.support.listed_cases import ALL, states
from tests.support.postgres import Server


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bloodcells_cases SET line = replace(line, 'to review', 'signed')",
        "UPDATE bloodcells_cases SET line = '[[['",
        "UPDATE bloodcells_cases SET stamp = 'none'",
        "UPDATE bloodcells_cases SET name = '../' || name",
        "UPDATE bloodcells_cases SET seal = ''",
        "DELETE FROM bloodcells_cases WHERE name = 'done.bcs'",
        "DELETE FROM bloodcells_cases",
    ],
)
@pytest.mark.parametrize("while_open", [False, True])
def test_a_line_that_was_edited_is_not_believed(
    connect: Connect, station: Station, folder: Path, change: str, while_open: bool
) -> None:
    first = station("bench-1")
    first.refresh()
    truth = first.search()
    database = connect()
    database.query(change)
    database.query("UPDATE bloodcells_cases SET change = (SELECT change + 1 FROM bloodcells_folder)")
    database.query("UPDATE bloodcells_folder SET change = change + 1")
    if while_open:
        first.news()
        assert all(e in truth for e in first.search())
        first.refresh()
        assert first.search() == truth
    second = station("bench-2")
    assert all(e in truth for e in second.search())
    second.refresh()
    assert second.search() == truth


@pytest.mark.parametrize("row", [[], [1], ["x"] * 22, [None] * 22, [[]] * 22, ["", "", "", "", "", "lost"]])
@pytest.mark.parametrize(
    "name", ["done.bcs", "/etc/x.bcs", "../x.bcs", "a/../../x.bcs", "//zz", "//2e2e", "x"]
)
def test_a_line_that_another_program_sealed_breaks_nothing(
    connect: Connect, station: Station, folder: Path, row: list[object], name: str
) -> None:
    first = station("bench-1")
    first.refresh()
    truth = first.search()
    line = json.dumps(["seed", 0, *row])
    seal = case_rows._seal(worklist.LINE_VERSION, name, "1 1", line)  # noqa: SLF001  # a digest that fits
    database = connect()
    database.query("DELETE FROM bloodcells_cases WHERE name = ?", name)
    database.query(
        "INSERT INTO bloodcells_cases VALUES (?, ?, '1 1', ?, ?, 'x', $now,"
        " (SELECT change + 1 FROM bloodcells_folder))",
        name, worklist.LINE_VERSION, line, seal,
    )  # fmt: skip
    database.query("UPDATE bloodcells_folder SET change = change + 1")
    first.news()
    first.refresh()
    assert first.search() == truth
    second = station("bench-2")
    second.refresh()
    assert second.search() == truth


def test_a_folder_that_is_not_there_forgets_nothing(
    connect: Connect, station: Station, folder: Path, tmp_path: Path
) -> None:
    first, second = station("bench-1"), station("bench-2")
    first.refresh()
    folder.rename(tmp_path / "unmounted")
    with pytest.raises(UserError, match="is not there"):
        second.refresh()
    assert not folder.exists()
    folder.mkdir()  # the place where the share was
    with pytest.raises(UserError, match="Nothing was made"):
        second.refresh()
    assert list(folder.iterdir()) == []
    (folder / MARK_NAME).write_text("ab" * 16)
    with pytest.raises(UserError, match="another laboratory's"):
        second.refresh()
    assert connect().query("SELECT count(*) FROM bloodcells_cases WHERE line <> ''") == [(4,)]
    shutil.rmtree(folder)
    (tmp_path / "unmounted").rename(folder)
    assert second.refresh() == 1
    assert states(second) == ALL


def test_a_share_that_goes_away_while_it_is_looked_at_forgets_nothing(
    station: Station, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = station("bench-1")
    first.refresh()

    def gone(place: Path) -> Iterator[Path]:
        place.rename(tmp_path / "unmounted")
        return iter(())

    with monkeypatch.context() as patch:
        patch.setattr(worklist, "case_files", gone)
        with pytest.raises(UserError, match="is not there"):
            first.refresh()
    (tmp_path / "unmounted").rename(folder)
    assert states(first) == ALL
    assert first.refresh() == 0


def test_a_database_that_was_made_anew_loses_nothing(
    connect: Connect, station: Station, folder: Path
) -> None:
    first = station("bench-1")
    first.refresh()
    truth = first.search()
    database = connect()
    listed = {
        "SQLite": "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'bloodcells_%'",
        "PostgreSQL": "SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'",
    }
    for (table,) in database.query(listed[database.engine]):
        database.query(f"DROP TABLE {table}" + " CASCADE" * (database.engine == "PostgreSQL"))
    schema.create(database, "1.0")
    set_folder(database, folder)
    first.news()
    assert first.refresh() in (0, 5)
    assert first.search() == truth
    second = station("bench-2")
    second.refresh()
    assert second.search() == truth


def test_another_folder_begins_with_no_lines(connect: Connect, station: Station, tmp_path: Path) -> None:
    first = station("bench-1")
    first.refresh()
    other = tmp_path / "other"
    other.mkdir()
    database = connect()
    where = set_folder(database, other)
    assert folder_of(database) == where
    assert database.query("SELECT count(*) FROM bloodcells_cases") == [(0,)]
    assert set_folder(database, other) == where  # its mark stays
    a_case(other / "theirs.bcs").close()
    with shared_list(connect.address, other, "bench-2") as second:
        assert second.refresh() == 1
        assert first.refresh() <= 1  # it has not heard of the other folder: the list is its own
        assert states(first) == ALL
        assert "another folder" in str(first.trouble)
        assert second.refresh() == 0
        assert states(second).keys() == {"theirs"}


@pytest.mark.parametrize("place", ["/proc", "/nowhere/at/all"])
def test_a_folder_that_cannot_be_marked_is_refused(connect: Connect, place: str) -> None:
    database = connect()
    schema.create(database, "1.0")
    with pytest.raises(UserError):
        set_folder(database, Path(place))
    assert folder_of(database).path == ""


@pytest.fixture
def lab(server: Server, folder: Path) -> Iterator[Station]:
    """As `station`, of PostgreSQL alone: its server is stopped and started."""
    with LabDatabase(server.url) as database:
        for (table,) in database.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'"):
            database.query(f"DROP TABLE {table} CASCADE")
    with contextlib.ExitStack() as stack:
        yield lambda name, **more: stack.enter_context(shared_list(server.url, folder, name, **more))


def test_without_the_server_the_list_is_the_stations_own_and_comes_back(
    lab: Station, server: Server, folder: Path, tmp_path: Path
) -> None:
    first, second = lab("bench-1", beside=tmp_path / "own.sqlite"), lab("bench-2")
    first.refresh()
    second.refresh()
    server.stop()
    try:
        assert states(first) == ALL  # from memory, and nobody waits
        assert first.news()
        assert first.trouble is not None
        assert not first.news()
        assert first.refresh() <= 1  # what was known went over; the broken one is read
        assert states(first) == ALL
        with CaseStore.open(folder / "fresh.bcs") as store:
            Reviewer(store).act(EventKind.CONFIRM, *range(8))
        entry = first.entry(folder / "fresh.bcs")
        assert entry is not None
        assert entry.state is CaseState.REVIEWED
        assert first.refresh() == 0
        assert states(first)["fresh"] == "reviewed"
        with shared_list_again(server, folder, tmp_path / "own.sqlite") as later:
            assert states(later)["fresh"] == "reviewed"  # a start without the server
            assert later.trouble is not None
        assert not (folder / INDEX_NAME).exists()
    finally:
        server.start()
    assert first.news()
    assert first.trouble is None
    assert second.news()
    assert states(second) == states(first) == {**ALL, "fresh": "reviewed"}


def shared_list_again(server: Server, folder: Path, own: Path) -> StationList:
    """The list of a station that is started while the server is away."""
    from bloodcells_gui.storage.lab.pool import LabPool
    from bloodcells_gui.storage.worklist import Worklist

    pool = LabPool(server.url)
    again = StationList(
        pool,
        folder,
        mark_of(folder),
        Worklist(folder, place=own),
        station="bench-1",
    )
    again.pool = pool
    return again


def test_a_server_that_stops_in_the_middle_of_a_look(lab: Station, server: Server, folder: Path) -> None:
    for i in range(40):
        shutil.copy(folder / "fresh.bcs", folder / f"copy {i}.bcs")
    first, stopped = lab("bench-1"), [False]

    def stop(done: int, _total: int) -> None:
        if done > 20 and not stopped[0]:
            stopped[0] = True
            server.stop()

    try:
        first.refresh(stop)
        assert stopped[0]
        assert first.trouble is not None
        assert len(states(first)) == 45
    finally:
        server.start()
    assert first.news()
    assert first.trouble is None
    second = lab("bench-2")
    assert second.refresh() == 1
    assert states(second) == states(first)


def test_a_database_of_another_version_leaves_the_list_to_the_station(
    connect: Connect, station: Station, folder: Path
) -> None:
    first = station("bench-1")
    connect().query("INSERT INTO bloodcells_versions VALUES (99, $now, '9.0')")
    first.pool.close()
    first.pool._closed = False  # noqa: SLF001  # connections that are made anew
    assert first.refresh() == 5
    assert states(first) == ALL
    assert "newer version" in str(first.trouble)
    assert not (folder / INDEX_NAME).exists()


def test_pictures_are_kept_on_the_station(station: Station, folder: Path, tmp_path: Path) -> None:
    first, second = station("bench-1", beside=tmp_path / "own.sqlite"), station("bench-2")
    first.refresh()
    assert first.picture(folder / "done.bcs", lambda _: b"drawn") == b"drawn"
    second.refresh()
    second.move(folder / "done.bcs", tmp_path / "away")
    first.news()
    with contextlib.closing(sqlite3.connect(tmp_path / "own.sqlite")) as own:
        assert own.execute("SELECT count(*) FROM pictures").fetchone() == (0,)
