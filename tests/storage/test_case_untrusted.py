"""A case file from anywhere: refused in words where it is not what this program wrote."""

from __future__ import annotations

import random
import sqlite3
import struct
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage import schema
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged, CaseTooNew
from tests.support.case_tools import Reviewer, a_case
from tests.support.old_versions import BUILDERS


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        for i in range(20):
            person.act(EventKind.RELABEL, i, new="LY")
    return path


def run_sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for sql in statements:
        connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a case file"),
        (b"\xff\xd8\xff\xe0 a photo", "not a case file"),
        (b"SQLite format 3\x00" + b"\0" * 20, "cut short"),
        (b"SQLite format 2\x00" + b"\0" * 200, "damaged"),
        (b"SQLite format 3\x00" + b"\0" * 5000, "not a case file"),
    ],
)
def test_what_is_no_case_is_refused(tmp_path: Path, content: bytes, words: str, read_only: bool) -> None:
    path = tmp_path / "a.bcs"
    path.write_bytes(content)
    with pytest.raises(UserError, match=words):
        CaseStore.open(path, read_only=read_only)
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["a.bcs"]


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no case file"):
        CaseStore.open(tmp_path / "a.bcs")
    with pytest.raises(UserError, match="It is a folder") as refused:
        CaseStore.open(tmp_path)
    assert "dossier" in refused.value.text("fr")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    run_sql(path, "CREATE TABLE t (a)")
    with pytest.raises(UserError, match="not a case file"):
        CaseStore.open(path)


def test_a_newer_file_is_refused_unchanged(case: Path) -> None:
    run_sql(case, f"PRAGMA user_version = {schema.VERSION + 1}")
    before = case.read_bytes()
    with pytest.raises(CaseTooNew, match="newer version") as caught:
        CaseStore.open(case)
    assert case.read_bytes() == before
    assert "plus récente" in caught.value.text("fr")


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.99])
def test_a_file_cut_short_is_refused(case: Path, keep: float) -> None:
    data = case.read_bytes()
    case.write_bytes(data[: max(120, int(len(data) * keep))])
    with pytest.raises(CaseDamaged, match="damaged"):
        CaseStore.open(case)


def test_overwritten_pages_are_refused_or_found_by_the_audit(case: Path) -> None:
    data = case.read_bytes()
    page = 8192
    noticed = 0
    for n in range(1, len(data) // page):
        case.write_bytes(data[: n * page] + b"\xa5" * page + data[(n + 1) * page :])
        try:
            with CaseStore.open(case) as store:
                noticed += bool(store.verify())
        except CaseDamaged:
            noticed += 1
    assert noticed == len(data) // page - 1


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM cells; END",
        "CREATE VIEW v AS SELECT load_extension('x')",
        "CREATE TABLE extra (a)",
        "CREATE INDEX i ON events (abs(seq))",
        "DROP TRIGGER events_never_changes",
    ],
)
def test_a_foreign_schema_is_refused(case: Path, sql: str) -> None:
    run_sql(case, sql)
    with pytest.raises(CaseDamaged, match="foreign tables or triggers"):
        CaseStore.open(case)


def test_rows_no_version_wrote_are_refused(case: Path) -> None:
    drop = "DROP TRIGGER {0}_never_changes"
    make = next(s for s in schema.statements() if "events_never_changes" in s)
    run_sql(case, drop.format("events"), "UPDATE events SET cells = '{\"a\": 1}' WHERE seq = 3", make)
    with pytest.raises(CaseDamaged, match="event from 3"):
        CaseStore.open(case)
    assert not Path(f"{case}.lock").exists()
    with CaseStore.open(case, compare=False) as store, pytest.raises(CaseDamaged):
        store.events()


@pytest.mark.parametrize("code", ["", "UNI", "OTHER", "NEUTROPHIL"])
def test_a_cell_whose_proposal_is_no_leaf_class_is_damage(case: Path, code: str) -> None:
    make = next(s for s in schema.statements() if "cells_never_changes" in s)
    change = f"UPDATE cells SET predicted = '{code}' WHERE id = (SELECT min(id) FROM cells)"
    run_sql(case, "DROP TRIGGER cells_never_changes", change, make)
    with CaseStore.open(case, compare=False) as store, pytest.raises(CaseDamaged):
        store.load_cells()


def test_a_damaged_header_of_the_case_is_refused(case: Path) -> None:
    make = next(s for s in schema.statements() if "meta_never_changes" in s)
    run_sql(
        case, "DROP TRIGGER meta_never_changes", "UPDATE meta SET value = '[]' WHERE key = 'specimen'", make
    )
    with pytest.raises(CaseDamaged):
        CaseStore.open(case)
    assert not Path(f"{case}.lock").exists()


def test_a_file_left_in_wal_mode_is_brought_back(case: Path) -> None:
    run_sql(case, "PRAGMA journal_mode = WAL")
    with CaseStore.open(case) as store:
        assert len(store.events()) == 20
    assert case.read_bytes()[18:20] == b"\x01\x01"


def test_an_absurd_page_count_is_refused(case: Path) -> None:
    data = bytearray(case.read_bytes())
    data[28:32] = struct.pack(">I", 2**31)
    case.write_bytes(bytes(data))
    with pytest.raises(CaseDamaged):
        CaseStore.open(case)


@pytest.mark.parametrize("version", sorted(BUILDERS))
def test_every_older_version_can_be_read_where_nothing_may_be_written(tmp_path: Path, version: int) -> None:
    path = BUILDERS[version](tmp_path / "old.bcs")
    before = path.read_bytes()
    with CaseStore.open(path, read_only=True) as store:
        assert [c.predicted for c in store.load_cells()] == ["SNE"]
        assert store.verify() == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", sorted(BUILDERS))
def test_every_older_version_opens_and_verifies(tmp_path: Path, version: int) -> None:
    path = BUILDERS[version](tmp_path / "old.bcs")
    with CaseStore.open(path) as store:
        assert store.specimen.id == "S-1"
        assert [c.predicted for c in store.load_cells()] == ["SNE"]
        assert store.load_cells()[0].scores.tolist() == [0.75, 0.25]
        assert [e.new for e in store.events()] == ["LY"]
        assert store.verify() == []
        Reviewer(store).act(EventKind.UNDO)
    with CaseStore.open(path) as store:
        assert store.verify() == []


def test_every_version_has_its_kept_builder() -> None:
    assert sorted(BUILDERS) == list(range(1, schema.VERSION + 1))
    assert sorted(schema.MIGRATIONS) == list(range(1, schema.VERSION))


def test_a_migration_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mechanism, with a step of the test's own after the newest version."""
    newest = schema.VERSION
    path = BUILDERS[newest](tmp_path / "old.bcs")
    addition = "CREATE TABLE extra (a INTEGER PRIMARY KEY) STRICT"
    broken = [True]

    def step(connection: sqlite3.Connection) -> None:
        connection.execute(addition)
        if broken[0]:
            connection.execute("INSERT INTO nowhere VALUES (1)")

    plain = schema.statements
    monkeypatch.setattr(schema, "VERSION", newest + 1)
    monkeypatch.setattr(schema, "MIGRATIONS", {**schema.MIGRATIONS, newest: step})
    monkeypatch.setattr(
        schema, "statements", lambda version: plain(version) + ((addition,) if version > newest else ())
    )
    schema.expected.cache_clear()
    try:
        before = path.read_bytes()
        with pytest.raises(UserError):
            CaseStore.open(path)
        assert path.read_bytes() == before
        broken[0] = False
        with CaseStore.open(path, read_only=True) as store:
            assert len(store.events()) == 1
        assert path.read_bytes() == before
        with CaseStore.open(path) as store:
            assert len(store.events()) == 1
        assert path.read_bytes()[60:64] == struct.pack(">I", newest + 1)
        CaseStore.open(path, read_only=True).close()
    finally:
        schema.expected.cache_clear()


def test_a_flipped_byte_is_refused_found_or_harmless(case: Path) -> None:
    """Whatever one byte does, nothing but words come out, and no change goes unnoticed."""
    data = case.read_bytes()
    with CaseStore.open(case) as store:
        before = (
            store.events(),
            [c.scores.tobytes() for c in store.load_cells()],
            store.runs,
            store.specimen,
        )
    rng = random.Random(11)
    filled = [i for i, byte in enumerate(data) if byte]  # most of a small file is empty
    harmless = 0
    for _ in range(200):
        at = rng.choice(filled)
        spoilt = bytearray(data)
        spoilt[at] ^= 1 << rng.randrange(8)
        case.write_bytes(bytes(spoilt))
        try:
            with CaseStore.open(case) as store:
                if store.verify():
                    continue
                after = (
                    store.events(),
                    [c.scores.tobytes() for c in store.load_cells()],
                    store.runs,
                    store.specimen,
                )
        except UserError:
            continue
        assert after == before, at
        harmless += 1
    assert harmless < 20
