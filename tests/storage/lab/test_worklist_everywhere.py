"""The work list tells the truth about every case file, wherever its index is kept."""

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
from bloodcells_gui.storage import schema
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lock import CaseInUse, holder_of
from bloodcells_gui.storage.worklist_rows import NOTHING_READ, CaseState
from tests.support.case_tools import Reviewer, a_case, a_run, cells_of
from tests.support.lab import Opened
from tests.support.listed_cases import ALL, make, states


def spoil_meta(path: Path, key: str, value: object) -> None:
    """A well-formed case file that says something no version writes."""
    make = next(s for s in schema.statements() if "meta_never_changes" in s)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DROP TRIGGER meta_never_changes")
        other.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
        other.execute(make)


def test_every_case_is_listed_with_its_state(opened: Opened, folder: Path) -> None:
    with opened(folder) as listed:
        assert listed.refresh() == 5
        assert states(listed) == ALL
        assert [e.path.stem for e in listed.search()][:3] == ["done", "fresh", "new"]
        done = next(e for e in listed.search() if e.path.stem == "done")
        assert (done.cells, done.reviewed, done.unidentified, done.incomplete) == (8, 8, 0, True)
        assert done.persons == ("Zoë", "ana")
        assert next(e for e in listed.search() if e.path.stem == "signed").signatures == 1
        assert "damaged" in next(e for e in listed.search() if e.path.stem == "broken").problem
        assert listed.refresh() == 0


def test_only_changed_cases_are_read_again(opened: Opened, folder: Path) -> None:
    with opened(folder) as listed:
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
def test_search(opened: Opened, folder: Path, wanted: dict[str, Any], found: set[str]) -> None:
    def flags(state: Any, store: CaseStore) -> list[str]:
        return [f"{code} seen" for code in state.counts]

    with opened(folder, flags=flags) as listed:
        listed.refresh()
        assert set(states(listed, **wanted)) == found


def test_an_analysis_shows_while_it_runs_and_not_after_a_crash(opened: Opened, folder: Path) -> None:
    with opened(folder) as listed:
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


@pytest.mark.parametrize(
    "bad", ["flags", "memory", "name", "fifo", "folder", "lock", "created", "dangling", "huge"]
)
def test_one_bad_case_costs_its_own_line_alone(  # noqa: C901  # one branch a kind of damage
    opened: Opened, folder: Path, bad: str, monkeypatch: pytest.MonkeyPatch
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
    with opened(folder, flags=flags) as listed:
        assert listed.refresh() == 6
        found = states(listed)
        stem = next(k for k in found if k.startswith("bad"))
        assert {k: v for k, v in found.items() if k != stem} == ALL
        assert not shown or found[stem] == shown
        line = next(e for e in listed.search() if e.path == path)
        assert line.problem or shown != "unreadable"
        assert listed.entry(folder / "done.bcs") is not None


def test_a_case_moves_without_loss(opened: Opened, folder: Path, tmp_path: Path) -> None:
    source = folder / "done.bcs"
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    with opened(folder) as listed:
        listed.refresh()
        moved = listed.move(source, tmp_path / "stick")
        assert moved == tmp_path / "stick" / "done.bcs"
        assert hashlib.sha256(moved.read_bytes()).hexdigest() == before
        assert not source.exists()
        assert "done" not in states(listed)
        assert sorted(p.name for p in moved.parent.iterdir()) == ["done.bcs"]
        with CaseStore.open(moved) as store:
            assert store.verify() == []


def test_a_case_that_is_open_or_would_replace_another_stays(
    opened: Opened, folder: Path, tmp_path: Path
) -> None:
    with opened(folder) as listed:
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


def test_the_list_may_be_asked_from_several_threads(opened: Opened, folder: Path) -> None:
    with opened(folder) as listed:
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


@pytest.mark.parametrize(("bad", "flags"), [((0,), ()), ((0, 1), (NOTHING_READ,))])
def test_a_case_of_which_no_image_could_be_read_says_so(
    opened: Opened, tmp_path: Path, bad: tuple[int, ...], flags: tuple[str, ...]
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
    with opened(path.parent) as listed:
        listed.refresh()
        (entry,) = listed.search()
        assert (entry.state, entry.incomplete) == (CaseState.TO_REVIEW, False)
        assert entry.flags == flags
        assert len(listed.search(flag="*")) == len(flags)
