"""Stations list one folder of cases by one index: what one sees the others see, and no fault spreads."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab import case_rows, worklist
from bloodcells_gui.storage.lab.case_rows import key_of, name_of
from bloodcells_gui.storage.lab.leases import Leases
from bloodcells_gui.storage.last_seen import WENT_BACK
from bloodcells_gui.storage.worklist import INDEX_NAME
from tests.support.case_tools import Reviewer, a_case
from tests.support.lab import Connect, Station, StationList
from tests.support.listed_cases import ALL, make, states


def flags_of(listed: StationList, stem: str) -> tuple[str, ...]:
    return next(e.flags for e in listed.search() if e.path.stem == stem)


def test_a_case_is_read_by_one_station_and_shown_by_all(
    station: Station, folder: Path, tmp_path: Path
) -> None:
    first = station("bench-1")
    assert first.refresh() == 5
    mounted = tmp_path / "mounted elsewhere"
    mounted.symlink_to(folder)
    second = station("bench-2", mounted)
    assert states(second) == {k: v for k, v in ALL.items() if k != "broken"}  # before it looks at the folder
    assert second.refresh() == 1  # the broken one: each station sees for itself
    assert states(second) == ALL
    assert all(e.path.is_relative_to(mounted) and e.path.exists() for e in second.search())
    assert [f.path.stem for f in first.films()] == [f.path.stem for f in second.films()]
    assert len(second.figures()) == len(first.figures()) > 0
    assert first.refresh() == second.refresh() == 0
    assert not (folder / INDEX_NAME).exists()


def test_what_a_station_changes_the_others_hear(station: Station, folder: Path) -> None:
    first, second = station("bench-1"), station("bench-2")
    first.refresh()
    second.refresh()
    first.news()
    assert not first.news()
    with CaseStore.open(folder / "fresh.bcs") as store:
        Reviewer(store).act(EventKind.CONFIRM, *range(8))
        Reviewer(store).act(EventKind.SIGN, new="reviewed")
    make(folder / "added.bcs", "S-9", "2026-02-01T08:00:00Z").close()
    for name in ("fresh", "added"):
        assert second.entry(folder / f"{name}.bcs") is not None
    assert first.news()
    assert states(first) == {**ALL, "fresh": "signed", "added": "new"}
    second.move(folder / "added.bcs", folder.parent / "away")
    assert first.news()
    assert states(first) == {**ALL, "fresh": "signed"}
    assert not first.news()


def test_who_has_a_case_open_is_shown(
    connect: Connect, station: Station, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = station("bench-1"), station("bench-2")
    first.refresh()
    second.refresh()
    with CaseStore.open(folder / "fresh.bcs", read_only=True) as store:
        seed = store.seed()
    leases = Leases(connect())
    leases.acquire(seed, "fresh", "bench-1", "Anna", "token")
    assert second.news()
    assert not second.news()
    shown = {e.path.stem: (e.open_at, e.open_by) for e in second.search() if e.open_at}
    assert shown == {"fresh": ("bench-1", "Anna")}
    entry = second.entry(folder / "fresh.bcs")
    assert entry is not None
    assert entry.open_at == "bench-1"
    first.news()
    assert not any(e.open_at for e in first.search())  # its own
    Leases(connect(), expires_s=-1.0).beat(seed, "token")  # not heard of any more
    assert second.news()
    assert not any(e.open_at for e in second.search())
    leases.acquire(seed, "fresh", "bench-3", "Zoë", "other")
    assert second.news()
    leases.release(seed, "other")
    assert second.news()
    assert not any(e.open_at for e in second.search())


def test_stations_that_look_at_once_share_the_reading(station: Station, folder: Path) -> None:
    for i in range(60):
        shutil.copy(folder / "fresh.bcs", folder / f"copy {i}.bcs")
    benches = [station(f"bench-{i}") for i in range(3)]
    read: list[int] = []
    threads = [threading.Thread(target=lambda one=one: read.append(one.refresh())) for one in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(read) == 64 + 3  # the broken one by each
    for one in benches:
        assert len(states(one)) == 65
        assert one.refresh() == 0


def test_reading_that_was_stopped_is_kept_and_the_rest_is_free(station: Station, folder: Path) -> None:
    for i in range(30):
        shutil.copy(folder / "fresh.bcs", folder / f"copy {i}.bcs")
    first, second = station("bench-1"), station("bench-2")

    def stop(done: int, total: int) -> None:
        assert 0 <= done < total == 35
        if done > 20:
            raise Cancelled

    with pytest.raises(Cancelled):
        first.refresh(stop)
    kept = len(first.search())
    assert 20 <= kept < 35
    assert 35 - kept <= second.refresh() <= 35 - kept + 1


def test_what_a_station_took_and_never_read_is_read_by_another(
    connect: Connect, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(StationList, "_keep", lambda *_: None)  # it dies
        patch.setattr(case_rows, "READING_S", 1.0)
        dead, done = station("bench-1"), threading.Event()

        def die(*_: object) -> None:
            if done.is_set():
                raise Cancelled
            done.set()

        with pytest.raises(Cancelled):
            dead.refresh(die)
    assert connect().query("SELECT count(*) FROM bloodcells_reading") == [(5,)]
    assert station("bench-2").refresh() == 5


def test_a_new_case_that_a_station_does_not_see_yet_stays(
    station: Station, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = station("bench-1"), station("bench-2")
    first.refresh()
    second.refresh()
    (folder / "done.bcs").rename(folder / "done")  # as a share shows it late
    second.refresh()
    assert "done" in states(second)
    monkeypatch.setattr(case_rows, "_FRESH_S", -1.0)
    second.refresh()
    assert "done" not in states(second)
    first.news()
    assert "done" not in states(first)
    (folder / "done").rename(folder / "done.bcs")
    assert first.refresh() == 1
    second.news()
    assert states(second) == ALL


def test_a_case_that_went_back_is_seen_by_every_station(station: Station, folder: Path) -> None:
    first, second = station("bench-1"), station("bench-2")
    shutil.copy(folder / "fresh.bcs", folder.parent / "before")
    with CaseStore.open(folder / "fresh.bcs") as store:
        Reviewer(store).act(EventKind.CONFIRM, *range(8))
    first.refresh()
    assert WENT_BACK not in flags_of(first, "fresh")
    shutil.copy(folder.parent / "before", folder / "fresh.bcs")
    second.refresh()
    assert WENT_BACK in flags_of(second, "fresh")
    first.news()
    assert WENT_BACK in flags_of(first, "fresh")


def test_a_case_that_went_on_while_it_was_read_did_not_go_back(
    connect: Connect, station: Station, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening the file and asking how far it had come, another station decides, and says so."""
    first, second = station("bench-1"), station("bench-2")
    path, once = folder / "fresh.bcs", [0]
    ask = second._reader._seen  # noqa: SLF001

    def late(seed: str) -> object:
        if not once[0]:
            once[0] = 1
            with CaseStore.open(path) as store:
                Reviewer(store).act(EventKind.CONFIRM, *range(8))
            first.entry(path)
        return ask(seed)

    monkeypatch.setattr(second._reader, "_seen", late)  # noqa: SLF001
    entry = second.entry(path)
    assert entry is not None
    assert WENT_BACK not in entry.flags
    second.refresh()
    first.refresh()
    assert (flags_of(first, "fresh"), flags_of(second, "fresh")) == ((), ())


def test_stations_of_two_versions_each_keep_lines_of_their_own(
    station: Station, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = station("bench-1"), station("bench-2")
    first.refresh()

    def look(number: int, one: StationList) -> int:
        with monkeypatch.context() as patch:
            patch.setattr(worklist, "LINE_VERSION", number)
            return one.refresh()

    assert look(7, second) == 5
    assert states(second) == ALL
    assert [look(6, first), look(7, second)] * 3 == [0, 0] * 3
    (folder / "new.bcs").unlink()
    assert [look(6, first), look(7, second)] == [0, 0]
    assert "new" not in states(first) | states(second)


def test_an_analysis_shows_to_every_station_while_it_runs(station: Station, folder: Path) -> None:
    first, second = station("bench-1"), station("bench-2")
    with a_case(folder / "live.bcs"):
        first.refresh()
        second.refresh()
        assert states(first)["live"] == states(second)["live"] == "analysing"
    for one in (first, second):
        assert one.news()  # what a killed analysis leaves changes no file
        assert states(one)["live"] == "to review"
        assert next(e for e in one.search() if e.path.stem == "live").incomplete
    left = f'{{"host": "{socket.gethostname()}", "pid": 999999999, "since": "x"}}'
    Path(f"{folder / 'live.bcs'}.lock").write_text(left)
    assert [first.refresh(), second.refresh(), first.refresh()] == [0, 0, 0]
    assert states(first)["live"] == "to review"


def test_a_clock_that_is_hours_ahead_reads_nothing_twice(station: Station, folder: Path) -> None:
    first, second = station("bench-1"), station("bench-2")
    ahead = (folder / "done.bcs").stat().st_mtime + 7200
    os.utime(folder / "done.bcs", (ahead, ahead))
    first.refresh()
    assert [second.refresh(), first.refresh(), second.refresh()] == [1, 0, 0]


@pytest.mark.parametrize(
    "name", [b"\xff\xfe", b"%s' \"; --", "Zoë 🩸".encode(), b"a\nb\tc", b"//x", b"a\\b", b"$now ?"]
)
def test_any_name_is_listed(station: Station, folder: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name.replace(b"/", b"_") + b".bcs"))
    shutil.copy(folder / "done.bcs", folder / "plain.bcs")
    (folder / "plain.bcs").rename(path)
    first, second = station("bench-1"), station("bench-2")
    assert first.refresh() == 6
    assert path in [e.path for e in second.search()]
    assert second.refresh() == 1
    second.move(path, folder.parent / "away")
    first.news()
    assert states(first) == ALL


@given(st.binary(min_size=1).filter(lambda b: b"\0" not in b and not b.startswith(b"/")))
def test_the_place_of_a_case_comes_back_from_its_key(name: bytes) -> None:
    inside = os.path.normpath(os.fsdecode(name) + ".bcs")
    key = key_of(Path("/cases"), Path("/cases", inside))
    key.encode("utf-8")
    assert "\0" not in key
    assert name_of(key) == (inside if not inside.startswith("..") or inside[2:3] not in ("", "/") else None)
