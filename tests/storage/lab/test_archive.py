"""The laboratory's database as one file and back: compared row by row, over both engines and between them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.domain.connecting import SendState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import archive, schema
from bloodcells_gui.storage.lab.database import SQLITE, LabDatabase
from tests.support.lab import Connect

VALUES = {
    "TEXT": ["ö'; DROP TABLE x; -- %s ? $now", "", '{"a": "\\u0000"}'],
    "INTEGER": [0, 2**31 - 1, -1],
    "BIGINT": [2**62, 0, -1],
    "DOUBLE PRECISION": [1.0000000000000002, 0.0, 1.79e9],
    "BLOB": [bytes(range(256)), b"", b"\x00"],
}


@pytest.fixture
def filled(connect: Connect) -> Iterator[LabDatabase]:
    """A laboratory with three odd rows in every table."""
    database = connect()
    schema.create(database, "1.0")
    with sqlite3.connect(":memory:") as form:
        for statements in schema.MIGRATIONS:
            for statement in statements:
                form.execute(statement.replace("$bytes", "BLOB"))
        for (table,) in form.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid"):
            database.query(f"DELETE FROM {table}")  # what its making left
            types = [str(row[2]) for row in form.execute(f"PRAGMA table_info({table})")]
            keys = [bool(row[5]) for row in form.execute(f"PRAGMA table_info({table})")]
            for n in range(1 if table == "bloodcells_folder" else 3):
                row = [
                    (str(n) if kind == "TEXT" else n + 1) if key else VALUES[kind][n]
                    for kind, key in zip(types, keys, strict=True)
                ]
                marks = ", ".join("?" for _ in row)
                database.query(f"INSERT INTO {table} VALUES ({marks})", *_linked(database, table, row))
    form.close()
    return database


def _linked(database: LabDatabase, table: str, row: list[object]) -> list[object]:
    """The row with what it refers to in place of an odd value."""
    linked = {"control_id": "0", "entry": 1, "name_key": f"k{row[0]}", "os_account": f"o{row[0]}"}
    names = database.columns(table)
    keys = {"bloodcells_outbox_pictures", "bloodcells_library_pictures", "bloodcells_outbox_reports"}
    return [
        linked[name] if name in linked and not (table in keys and name in ("control_id", "entry")) else value
        for name, value in zip(names, row, strict=True)
    ]


def contents(database: LabDatabase) -> dict[str, list[tuple[object, ...]]]:
    if database.engine == SQLITE:
        rows = database.query("SELECT name FROM sqlite_schema WHERE type = 'table'")
    else:
        rows = database.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'")
    tables = sorted(str(name) for (name,) in rows)
    return {
        table: sorted(database.query(f"SELECT * FROM {table}"), key=repr)
        for table in tables
        if table != schema.VERSIONS
    }


def saved(database: LabDatabase, tmp_path: Path) -> Path:
    path = tmp_path / "saved.sqlite"
    archive.save(database, path, "1.0")
    return path


def test_every_row_of_every_table_is_saved_as_it_is(filled: LabDatabase, tmp_path: Path) -> None:
    before = contents(filled)
    assert all(before.values())
    told: list[int] = []
    path = tmp_path / "saved.sqlite"
    rows = archive.save(filled, path, "1.0", told.append)
    assert rows == told[-1] == sum(len(r) for r in before.values())
    with LabDatabase(archive.url_of(path)) as copy:
        assert contents(copy) == before
    assert contents(filled) == before


def test_it_comes_back_into_an_empty_database_of_either_engine(
    filled: LabDatabase, connect: Connect, tmp_path: Path
) -> None:
    before = contents(filled)
    path = saved(filled, tmp_path)
    with LabDatabase(archive.url_of(tmp_path / "new.sqlite"), make=True) as new:
        archive.restore(path, new, "1.0", created="2026-12-01T00:00:00Z")
        after = contents(new)
    for table in ("bloodcells_leases", "bloodcells_reading", "bloodcells_outbox_claims"):
        assert after.pop(table) == []
        before.pop(table)
    assert after == before
    # and into the very engine that it came from
    archive.restore(path, filled, "1.0", created="2026-12-01T00:00:00Z", replace=True)
    assert {k: v for k, v in contents(filled).items() if k in before} == before


def test_what_a_database_holds_is_not_replaced_unless_told(filled: LabDatabase, tmp_path: Path) -> None:
    before = contents(filled)
    path = saved(filled, tmp_path)
    with pytest.raises(UserError, match="holds a laboratory already"):
        archive.restore(path, filled, "1.0", created="")
    assert contents(filled) == before


def test_a_new_laboratory_is_an_empty_one(filled: LabDatabase, tmp_path: Path) -> None:
    path = saved(filled, tmp_path)
    with LabDatabase(archive.url_of(tmp_path / "new.sqlite"), make=True) as new:
        schema.create(new, "1.0")
        archive.restore(path, new, "1.0", created="")


def test_a_restore_that_is_stopped_leaves_nothing_half(filled: LabDatabase, tmp_path: Path) -> None:
    path = saved(filled, tmp_path)
    before = contents(filled)

    def stop(done: int) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.restore(path, filled, "1.0", created="", replace=True, tell=stop)
    assert contents(filled) == before
    with LabDatabase(archive.url_of(tmp_path / "new.sqlite"), make=True) as new:
        with pytest.raises(KeyboardInterrupt):
            archive.restore(path, new, "1.0", created="", tell=stop)
        assert schema.number_of(new) == 0


def test_a_copy_is_of_one_moment(filled: LabDatabase, connect: Connect, tmp_path: Path) -> None:
    if filled.engine == SQLITE:
        pytest.skip("nobody else writes an SQLite file while it is read")
    other = connect()

    def meanwhile(done: int) -> None:
        if done < 5:
            other.query("DELETE FROM bloodcells_library_remarks")
            other.query("DELETE FROM bloodcells_takeovers")

    before = contents(filled)
    path = tmp_path / "saved.sqlite"
    archive.save(filled, path, "1.0", meanwhile)
    with LabDatabase(archive.url_of(path)) as copy:
        assert contents(copy) == before


def test_what_waited_in_the_outbox_is_not_sent_by_itself(connect: Connect, tmp_path: Path) -> None:
    database = connect()
    schema.create(database, "1.0")
    database.query(
        "INSERT INTO bloodcells_outbox_reports VALUES ('C', 's', 'f', '', '', ?, 1, '', '[]', ?)", b"c", b"x"
    )
    database.query(
        "INSERT INTO bloodcells_outbox_messages VALUES (1, 'LIS', 'C', 'waiting', 0, '', '[\"\", []]', '')"
    )
    path = saved(database, tmp_path)
    archive.restore(path, database, "1.0", created="2026-12-01T00:00:00Z", replace=True)
    ((state, words),) = database.query("SELECT state, words FROM bloodcells_outbox_messages")
    assert state == SendState.REFUSED.value
    assert "2026-12-01" in words


def test_a_file_with_other_things_in_it_is_refused(filled: LabDatabase, tmp_path: Path) -> None:
    before = contents(filled)
    for statement in (
        "CREATE TRIGGER t AFTER INSERT ON bloodcells_settings BEGIN DELETE FROM bloodcells_accounts; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE x (a)",
        "DROP TABLE bloodcells_settings",
        "DELETE FROM bloodcells_versions",
    ):
        (tmp_path / "saved.sqlite").unlink(missing_ok=True)
        path = saved(filled, tmp_path)
        changed = sqlite3.connect(path)
        changed.execute(statement)
        changed.commit()
        changed.close()
        with pytest.raises(UserError, match="cannot be used"):
            archive.restore(path, filled, "1.0", created="", replace=True)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(UserError, match="cannot be used"):
        archive.restore(path, filled, "1.0", created="", replace=True)
    assert contents(filled) == before


def test_a_file_of_a_newer_version_is_refused_in_words(filled: LabDatabase, tmp_path: Path) -> None:
    path = saved(filled, tmp_path)
    with LabDatabase(archive.url_of(path)) as copy:
        copy.query("INSERT INTO bloodcells_versions VALUES (99, 0, '9.0')")
    with pytest.raises(UserError, match="newer version"):
        archive.restore(path, filled, "1.0", created="", replace=True)


@pytest.mark.parametrize("number", range(1, schema.NUMBER))
def test_a_file_of_an_older_version_is_brought_up_to_date(
    connect: Connect, tmp_path: Path, number: int
) -> None:
    path = tmp_path / "old.sqlite"
    with LabDatabase(archive.url_of(path), make=True) as old:
        schema.create(old, "0.9", up_to=number)
        old.query("INSERT INTO bloodcells_takeovers VALUES (1, 'k', 'n', 's', 'r', 'f', 'q', 2)")
    database = connect()
    archive.restore(path, database, "1.0", created="")
    assert database.query("SELECT case_key FROM bloodcells_takeovers") == [("k",)]
    schema.check(database)
