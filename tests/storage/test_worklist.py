"""The work list tells the truth about every case file, however it came into the folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.storage import case_transfer, schema, worklist_index
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import copy_case
from bloodcells_gui.storage.lock import CaseInUse, holder_of
from bloodcells_gui.storage.worklist import INDEX_NAME, CaseState, Worklist
from bloodcells_gui.storage.worklist_rows import NOTHING_READ
from tests.support.case_tools import Reviewer, a_case, a_run, cells_of


def make(path: Path, specimen: str, created: str, *, cells: int = 0) -> CaseStore:
    store = CaseStore.create(
        path,
        Specimen(specimen, SpecimenKind.CROPS, path.parent),
        case_id=path.stem,
        created=created,
        app_version="0",
    )
    if cells:
        from tests.support.case_tools import a_run

        store.start_run(a_run())
        store.add_cells(0, *cells_of(0, cells))
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One case in each state."""
    place = tmp_path / "cases"
    place.mkdir()
    make(place / "new.bcs", "S-1", "2026-01-01T08:00:00Z").close()
    with make(place / "fresh.bcs", "S-2", "2026-01-02T08:00:00Z", cells=8) as store:
        store.finish_run(0, RunStatus.COMPLETE)
    with make(place / "done.bcs", "S-3", "2026-01-03T08:00:00Z", cells=8) as store:
        store.finish_run(0, RunStatus.CANCELLED)
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, *range(8), author="Zoë")
        person.act(EventKind.SET_FIELD, key="patient_id", new="P-77")
    (place / "2025").mkdir()
    with make(place / "2025" / "signed.bcs", "S-4", "2025-12-24T08:00:00Z", cells=8) as store:
        store.finish_run(0, RunStatus.COMPLETE)
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, *range(8))
        person.act(EventKind.SIGN, new="reviewed")
    (place / "broken.bcs").write_bytes(b"SQLite format 3\x00 and then nothing")
    (place / "notes.txt").write_text("no case")
    return place


def states(listed: Worklist, **wanted: Any) -> dict[str, str]:
    return {e.path.stem: str(e.state) for e in listed.search(**wanted)}


ALL = {
    "new": "new", "fresh": "to review", "done": "reviewed", "signed": "signed", "broken": "unreadable",
}  # fmt: skip


def test_every_case_is_listed_with_its_state(folder: Path) -> None:
    with Worklist(folder) as listed:
        assert listed.refresh() == 5
        assert states(listed) == ALL
        assert [e.path.stem for e in listed.search()][:3] == ["done", "fresh", "new"]
        done = next(e for e in listed.search() if e.path.stem == "done")
        assert (done.cells, done.reviewed, done.unidentified, done.incomplete) == (8, 8, 0, True)
        assert done.persons == ("Zoë", "ana")
        assert next(e for e in listed.search() if e.path.stem == "signed").signatures == 1
        assert "damaged" in next(e for e in listed.search() if e.path.stem == "broken").problem
        assert listed.refresh() == 0


def test_only_changed_cases_are_read_again(folder: Path) -> None:
    with Worklist(folder) as listed:
        listed.refresh()
        with CaseStore.open(folder / "fresh.bcs") as store:
            Reviewer(store).act(EventKind.CONFIRM, *range(8))
        shutil.copy(folder / "done.bcs", folder / "done copy.bcs")
        (folder / "broken.bcs").unlink()
        assert listed.refresh() == 2
        assert states(listed) == {**{k: v for k, v in ALL.items() if k != "broken"}, "fresh": "reviewed",
                                  "done copy": "reviewed"}  # fmt: skip
        with CaseStore.open(folder / "fresh.bcs") as store:
            Reviewer(store).act(EventKind.SIGN, new="reviewed")
        entry = listed.entry(folder / "fresh.bcs")
        assert entry is not None
        assert entry.state is CaseState.SIGNED
        assert listed.entry(folder / "none.bcs") is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"text": "s-3"}, {"done"}),
        ({"text": "p-77"}, {"done"}),
        ({"text": "SIGNED"}, {"signed"}),
        ({"state": CaseState.REVIEWED}, {"done"}),
        ({"since": "2026-01-02"}, {"fresh", "done"}),
        ({"until": "2026-01-01"}, {"new", "signed", "broken"}),
        ({"since": "2026-01-02", "until": "2026-01-02"}, {"fresh"}),
        ({"person": "zoë"}, {"done"}),
        ({"flag": "*"}, {"done", "signed", "fresh"}),
        ({"flag": "LY"}, {"done", "signed", "fresh"}),
        ({"flag": "blast"}, set()),
    ],
)
def test_search(folder: Path, wanted: dict[str, Any], found: set[str]) -> None:
    def flags(state: Any, store: CaseStore) -> list[str]:
        return [f"{code} seen" for code in state.counts]

    with Worklist(folder, flags=flags) as listed:
        listed.refresh()
        assert set(states(listed, **wanted)) == found


def test_an_analysis_shows_while_it_runs_and_not_after_a_crash(folder: Path) -> None:
    with Worklist(folder) as listed:
        with a_case(folder / "live.bcs"):
            listed.refresh()
            assert states(listed)["live"] == "analysing"
            assert holder_of(folder / "live.bcs") is not None
        listed.refresh()
        assert states(listed)["live"] == "to review"
        left = f'{{"host": "{socket.gethostname()}", "pid": 999999999, "since": "x"}}'
        Path(f"{folder / 'live.bcs'}.lock").write_text(left)
        listed.refresh()
        assert states(listed)["live"] == "to review"
        entry = listed.entry(folder / "live.bcs")
        assert entry is not None
        assert entry.incomplete


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


def spoil_meta(path: Path, key: str, value: object) -> None:
    """A well-formed case file that says something no version writes."""
    make = next(s for s in schema.statements() if "meta_never_changes" in s)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TRIGGER meta_never_changes")
        other.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
        other.execute(make)


@pytest.mark.parametrize(
    "bad", ["flags", "memory", "name", "fifo", "folder", "lock", "created", "dangling", "huge"]
)
def test_one_bad_case_costs_its_own_line_alone(  # noqa: C901  # one branch a kind of damage
    folder: Path, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flags(_state: Any, store: CaseStore) -> list[str]:
        if store.path.stem == "bad" and bad in ("flags", "memory"):
            raise {"flags": ZeroDivisionError, "memory": MemoryError}[bad]
        return []

    path = folder / "bad.bcs"
    shown = "unreadable"
    if bad == "fifo":
        os.mkfifo(path)
    elif bad == "name":
        path = Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.bcs"))
        path.write_bytes(b"SQLite format 3")
    elif bad == "folder":
        walk = os.walk

        def closed(top: Path, onerror: Any = None, **more: Any) -> Any:
            onerror(PermissionError(13, "no", str(folder / "bad.bcs")))
            return walk(top, onerror=onerror, **more)

        path.mkdir()
        monkeypatch.setattr(os, "walk", closed)
    elif bad == "dangling":
        path.symlink_to("/nowhere/at/all")
    else:
        make(path, "S-5", "2026-01-05T08:00:00Z").close()
        if bad == "lock":
            Path(f"{path}.lock").write_text("[" * 4000)
            shown = "new"
        elif bad == "created":
            spoil_meta(path, "created", b"\xff\xfe")
            shown = ""
        elif bad == "huge":
            spoil_meta(path, "specimen", "[" * 100_000)
    with Worklist(folder, flags=flags) as listed:
        assert listed.refresh() == 6
        found = states(listed)
        stem = next(k for k in found if k.startswith("bad"))
        assert {k: v for k, v in found.items() if k != stem} == ALL
        assert not shown or found[stem] == shown
        line = next(e for e in listed.search() if e.path == path)
        assert line.problem or shown != "unreadable"
        assert listed.entry(folder / "done.bcs") is not None


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


def test_a_case_moves_without_loss(folder: Path, tmp_path: Path) -> None:
    source = folder / "done.bcs"
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    with Worklist(folder) as listed:
        listed.refresh()
        moved = listed.move(source, tmp_path / "stick")
        assert moved == tmp_path / "stick" / "done.bcs"
        assert hashlib.sha256(moved.read_bytes()).hexdigest() == before
        assert not source.exists()
        assert "done" not in states(listed)
        assert sorted(p.name for p in moved.parent.iterdir()) == ["done.bcs"]
        with CaseStore.open(moved) as store:
            assert store.verify() == []


def test_a_case_that_is_open_or_would_replace_another_stays(folder: Path, tmp_path: Path) -> None:
    with Worklist(folder) as listed:
        with CaseStore.open(folder / "done.bcs"), pytest.raises(CaseInUse):
            listed.move(folder / "done.bcs", tmp_path)
        (tmp_path / "done.bcs").write_text("another")
        with pytest.raises(UserError, match="already"):
            listed.move(folder / "done.bcs", tmp_path)
        assert (tmp_path / "done.bcs").read_text() == "another"
        with pytest.raises(UserError, match="damaged"):
            listed.move(folder / "broken.bcs", tmp_path)
        with pytest.raises(UserError, match="cannot be written"):
            listed.move(folder / "new.bcs", folder / "notes.txt")
        assert {p.name for p in folder.glob("*.bcs")} == {"new.bcs", "fresh.bcs", "done.bcs", "broken.bcs"}


def test_a_copy_that_differs_is_not_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["a", "b"])
    monkeypatch.setattr(case_transfer, "sha256_of", lambda _: next(answers))
    with pytest.raises(UserError, match="differs"):
        copy_case(folder / "done.bcs", tmp_path / "done.bcs")
    assert not list(tmp_path.glob("*done*"))
    assert (folder / "done.bcs").exists()


def test_the_list_may_be_asked_from_several_threads(folder: Path) -> None:
    with Worklist(folder) as listed:
        failures: list[BaseException] = []

        def look() -> None:
            try:
                for _ in range(5):
                    listed.refresh()
                    assert len(listed.search()) == 5
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


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


@pytest.mark.parametrize(("bad", "flags"), [((0,), ()), ((0, 1), (NOTHING_READ,))])
def test_a_case_of_which_no_image_could_be_read_says_so(
    tmp_path: Path, bad: tuple[int, ...], flags: tuple[str, ...]
) -> None:
    images = tuple(ImageRef(f"{i}.png", tmp_path / f"{i}.png") for i in range(2))
    specimen = Specimen("S-6", SpecimenKind.CROPS, tmp_path, images)
    path = tmp_path / "cases" / "bad.bcs"
    path.parent.mkdir()
    with CaseStore.create(
        path, specimen, case_id="bad", created="2026-01-06T08:00:00Z", app_version="0"
    ) as store:
        store.start_run(a_run())
        if len(bad) < 2:
            store.add_cells(0, *cells_of(0, 1), [(1, replace(images[1], sha256="ab" * 32))])
        store.finish_run(
            0, RunStatus.COMPLETE, skipped=[SkippedFile(f"{i}.png", "The file is empty.") for i in bad]
        )
    with Worklist(path.parent) as listed:
        listed.refresh()
        (entry,) = listed.search()
        assert (entry.state, entry.incomplete) == (CaseState.TO_REVIEW, False)
        assert entry.flags == flags
        assert len(listed.search(flag="*")) == len(flags)


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
