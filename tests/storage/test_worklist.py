"""The work list tells the truth about every case file, however it came into the folder."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage import case_transfer, worklist_index
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import copy_case
from bloodcells_gui.storage.worklist import INDEX_NAME, Worklist
from tests.support.case_tools import Reviewer
from tests.support.listed_cases import ALL, one_of_each, states


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return one_of_each(tmp_path)


@pytest.mark.parametrize("damage", ["junk", "cut", "foreign", "gone"])
def test_the_index_is_rebuilt_from_the_cases(folder: Path, damage: str) -> None:
    index = folder / INDEX_NAME
    with Worklist(folder) as listed:
        listed.refresh()
    if damage == "junk":
        index.write_bytes(b"SQLite format 3\x00" + b"\xa5" * 3000)
    elif damage == "cut":
        index.write_bytes(index.read_bytes()[:4500])
    elif damage == "foreign":
        shutil.copy(folder / "done.bcs", index)
    else:
        index.unlink()
    with Worklist(folder) as listed:
        assert listed.refresh() == 5
        assert states(listed) == ALL
    with Worklist(folder) as listed:
        assert listed.refresh() == 0
        assert listed.rebuild() == 5


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cases SET state = 'signed', signatures = 1 WHERE state != 'signed'",
        "UPDATE cases SET state = 'no such state'",
        "UPDATE cases SET persons = '[[', flags = 'null'",
        "UPDATE cases SET specimen_id = 'S-9', ids = 'P-1'",
        "UPDATE cases SET problem = 'all is well', created = 'never'",
        "UPDATE cases SET name = 'else' || rowid || '.bcs'",
        "UPDATE cases SET name = cast(name AS BLOB)",
        "UPDATE cases SET seal = ''",
        "INSERT INTO cases SELECT '../outside.bcs', stamp, case_id, specimen_id, kind, created, changed,"
        " state, cells, unidentified, reviewed, signatures, incomplete, synthetic, persons, ids, flags,"
        " problem, film, counted, by_hand, target, urgent, signed_at, seal FROM cases"
        " WHERE name = 'done.bcs'",
        "DELETE FROM cases WHERE name = 'done.bcs'",
    ],
)
@pytest.mark.parametrize("while_open", [False, True])
def test_a_row_that_was_edited_is_not_believed(folder: Path, change: str, while_open: bool) -> None:
    with Worklist(folder) as listed:
        listed.refresh()
        truth = listed.search()
        if while_open:
            with contextlib.closing(sqlite3.connect(folder / INDEX_NAME)) as other, other:
                other.execute(change)
            if not change.startswith("DELETE"):  # what is missing is found by the next look
                assert {e.path.name for e in listed.search()} <= {e.path.name for e in truth}
                assert all(e in truth for e in listed.search())
            assert listed.entry(folder / "done.bcs") in truth
            listed.refresh()
            assert listed.search() == truth
    if not while_open:
        with contextlib.closing(sqlite3.connect(folder / INDEX_NAME)) as other, other:
            other.execute(change)
        with Worklist(folder) as listed:
            listed.refresh()
            assert listed.search() == truth


def test_an_index_that_fails_while_in_use_is_replaced(folder: Path) -> None:
    with Worklist(folder) as listed:
        listed.refresh()
        listed._index.close()  # noqa: SLF001  # the index fails
        assert states(listed) == ALL


def test_an_index_that_cannot_be_written_is_kept_in_memory(folder: Path) -> None:
    (folder / INDEX_NAME).mkdir()
    with Worklist(folder) as listed:
        listed.refresh()
        assert states(listed) == ALL


def test_a_copy_that_differs_is_not_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["a", "b"])
    monkeypatch.setattr(case_transfer, "sha256_of", lambda _: next(answers))
    with pytest.raises(UserError, match="differs"):
        copy_case(folder / "done.bcs", tmp_path / "done.bcs")
    assert not list(tmp_path.glob("*done*"))
    assert (folder / "done.bcs").exists()


def test_an_index_of_the_version_before_is_read_again_and_keeps_the_ends_of_chains(folder: Path) -> None:
    from bloodcells_gui.storage.worklist_index import HEADS_SQL

    old = ", ".join(f"c{i} TEXT" for i in range(19))
    with contextlib.closing(sqlite3.connect(folder / INDEX_NAME, isolation_level=None)) as made:
        made.execute(f"CREATE TABLE cases ({old}) STRICT")
        made.execute(HEADS_SQL)
        made.execute("INSERT INTO heads VALUES ('seed', 7, 'head')")
        made.execute("PRAGMA user_version = 3")
    with Worklist(folder) as listed:
        assert listed.refresh() == 5
        assert states(listed) == ALL
    with contextlib.closing(sqlite3.connect(folder / INDEX_NAME)) as other:
        assert ("seed", 7, "head") in other.execute("SELECT * FROM heads").fetchall()


def test_a_picture_is_drawn_once_as_long_as_its_case_stays_the_same(folder: Path) -> None:
    drawn: list[str] = []

    def draw(store: CaseStore) -> bytes:
        drawn.append(store.path.name)
        return b"picture %d" % len(drawn)

    path = folder / "fresh.bcs"
    with Worklist(folder) as listed:
        listed.refresh()
        assert [listed.picture(path, draw) for _ in range(3)] == [b"picture 1"] * 3
        with CaseStore.open(path) as store:
            Reviewer(store).act(EventKind.CONFIRM, 0)
        assert listed.picture(path, draw) == b"picture 2"
        with contextlib.closing(sqlite3.connect(folder / INDEX_NAME)) as other, other:
            other.execute("UPDATE pictures SET picture = x'00'")
        assert listed.picture(path, draw) == b"picture 3"
        path.unlink()
        listed.refresh()
    with contextlib.closing(sqlite3.connect(folder / INDEX_NAME)) as other:
        assert other.execute("SELECT count(*) FROM pictures").fetchone() == (0,)


def test_lines_of_the_version_before_are_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(worklist_index, "_VERSION", 5)
        with Worklist(folder) as listed:
            assert listed.refresh() == 5
            assert listed.refresh() == 0
    with Worklist(folder) as listed:
        assert listed.refresh() == 5
        assert states(listed) == ALL
        assert listed.refresh() == 0
