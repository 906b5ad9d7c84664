"""A case that several stations see: the lease comes before the file is read, and two moments never mix."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app import case_lease
from bloodcells_gui.app.case_lease import CaseElsewhere, CaseLease, CaseTaken
from bloodcells_gui.app.case_reading import changed_elsewhere, lost_case
from bloodcells_gui.app.drafts import COMMENT
from bloodcells_gui.app.export import ExportOptions, export
from bloodcells_gui.app.lab_database import init
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.storage import database as case_database
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import Leases
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lock import CaseInUse, holder_of
from bloodcells_gui.storage.write_lease import CaseChanged, seed_of
from tests.support.case_tools import a_case
from tests.support.shared_cases import UnseenLock


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 'lab.db'}"
    init(address)
    return address


@pytest.fixture
def pool(url: str) -> Iterator[LabPool]:
    made = LabPool(url)
    yield made
    made.close()


@pytest.fixture
def workspace(tmp_path: Path, url: str) -> Iterator[Workspace]:
    made = Workspace(home=tmp_path / "home", config=tmp_path / "home")
    made.save_settings(replace(made.settings, lab_database=url, reviewer="Anna"))
    made.author = "Anna"
    yield made
    made.lab.close()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    with a_case(tmp_path / "S-1.bcs") as store:
        return store.path


def decide_elsewhere(case: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a station does that sees no lock: SQLite keeps the file whole, and nothing else."""
    with monkeypatch.context() as patch:
        patch.setattr(case_database, "CaseLock", UnseenLock)
        with CaseStore.open(case) as store:
            state = ReviewState([])
            for event in store.events():
                state.apply(event)
            store.append(make_event(state, EventKind.NOTE, "Ben", new=text))


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def notes(case: Path) -> list[str]:
    with CaseStore.open(case, read_only=True) as store:
        return [event.new for event in store.events()]


def test_what_another_station_wrote_before_the_lease_came_is_read(
    case: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire = Leases.acquire

    def late(leases: Leases, *args: str, take_over: bool = False) -> object:
        decide_elsewhere(case, "from bench 2", monkeypatch)
        return acquire(leases, *args, take_over=take_over)

    monkeypatch.setattr(Leases, "acquire", late)
    session = workspace.open_case(case)
    assert [note.text for note in session.state.notes] == ["from bench 2"]
    session.note("from here")  # the first decision is not refused
    session.close()
    assert notes(case) == ["from bench 2", "from here"]


def test_a_case_of_an_older_format_is_not_changed_without_the_lease(
    case: Path, pool: LabPool, workspace: Workspace
) -> None:
    lease = CaseLease(pool, case, seed_of(case), "Ben", station="bench 2")
    before = case.read_bytes()
    with pytest.raises(CaseElsewhere):
        workspace.open_case(case)
    assert case.read_bytes() == before
    lease.close()


def lock_of(case: Path, *, leased: bool) -> None:
    holder = {"host": "bench 2", "pid": 4711, "since": "2026-11-30T05:00:00Z"}
    Path(f"{case}.lock").write_text(json.dumps(holder | ({"leased": True} if leased else {})))


def test_the_lock_of_a_crashed_station_asks_nobody_where_the_database_says_that_the_case_is_free(
    case: Path, workspace: Workspace
) -> None:
    lock_of(case, leased=True)
    session = workspace.open_case(case)
    holder = holder_of(case)
    assert holder is not None
    assert (holder.host != "bench 2", holder.leased) == (True, True)
    session.note("goes on")
    session.close()
    assert not Path(f"{case}.lock").exists()


def test_a_station_that_the_database_never_knew_is_asked_about_as_ever(
    case: Path, workspace: Workspace
) -> None:
    """It may have no laboratory's database in its settings, and be at the case."""
    lock_of(case, leased=False)
    with pytest.raises(CaseInUse, match="bench 2") as caught:
        workspace.open_case(case)
    assert caught.value.elsewhere
    workspace.open_case(case, take_over=True).close()


def test_a_station_that_holds_the_lease_is_told_of_and_its_lock_is_left_alone(
    case: Path, pool: LabPool, workspace: Workspace
) -> None:
    lock_of(case, leased=True)
    lease = CaseLease(pool, case, seed_of(case), "Ben", station="bench 2")
    with pytest.raises(CaseElsewhere, match="bench 2, by Ben"):
        workspace.open_case(case)
    holder = holder_of(case)
    assert holder is not None
    assert holder.host == "bench 2"
    lease.close()


def test_a_second_window_of_the_same_computer_is_kept_out_by_the_lock_and_does_not_disturb_the_lease(
    case: Path, url: str, workspace: Workspace
) -> None:
    session = workspace.open_case(case)
    with LabDatabase(url, make=True) as database:
        token = database.query("SELECT token FROM bloodcells_leases")
        with pytest.raises(CaseInUse):
            workspace.open_case(case)
        assert database.query("SELECT token FROM bloodcells_leases") == token
    session.note("goes on")
    session.close()


def test_the_seed_is_read_past_a_journal_that_a_kill_left(case: Path) -> None:
    seed = seed_of(case)
    page = case.read_bytes()[:4096]
    journal = bytes.fromhex("d9d505f920a163d7") + (1).to_bytes(4) + bytes(4) + (1).to_bytes(4)
    journal += (512).to_bytes(4) + (4096).to_bytes(4)
    Path(f"{case}-journal").write_bytes(journal.ljust(512, b"\0") + (1).to_bytes(4) + page + bytes(4))
    assert seed_of(case) == seed


def test_a_case_open_for_reading_shows_one_moment_and_says_that_it_was_changed(
    case: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_elsewhere(case, "first", monkeypatch)
    reading = workspace.open_case(case, read_only=True)
    assert changed_elsewhere(reading) is None
    export(reading, tmp_path / "before", ExportOptions())
    decide_elsewhere(case, "second", monkeypatch)
    assert isinstance(changed_elsewhere(reading), CaseChanged)
    assert [note.text for note in reading.state.notes] == ["first"]
    assert reading.history(99) == []
    assert reading.store.thumbnails([reading.cells[0].id])  # pictures are never changed
    with pytest.raises(CaseChanged):  # no word of damage
        reading.check_seals()
    with pytest.raises(CaseChanged, match="Read it again"):
        export(reading, tmp_path / "mixed", ExportOptions())  # table of then, chain of now
    reading.close()
    again = workspace.open_case(case, read_only=True)
    assert [note.text for note in again.state.notes] == ["first", "second"]
    assert changed_elsewhere(again) is None
    again.close()


def test_a_case_that_is_written_while_it_is_opened_for_reading_is_read_again(
    case: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, times = CaseStore.load_cells, []

    def slow(store: CaseStore, **more: bool) -> object:
        if len(times) < 2:
            times.append(1)
            decide_elsewhere(case, f"{len(times)}", monkeypatch)
        return load(store, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(CaseStore, "load_cells", slow)
    session = workspace.open_case(case, read_only=True)
    # each of the two notes counted its own case's cells on the way, and came before a second reading
    assert [note.text for note in session.state.notes] == notes(case)
    assert changed_elsewhere(session) is None
    session.close()


def test_a_take_over_is_known_within_a_heartbeat_and_what_was_typed_is_kept(
    case: Path, url: str, pool: LabPool, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_lease, "_BEATS", 600)  # one every 0.1 s
    session = workspace.open_case(case)
    session.drafts.keep(COMMENT, "before")
    assert lost_case(session) is None
    other = CaseLease(pool, case, seed_of(case), "Ben", station="bench 2", take_over=True)
    until(lambda: lost_case(session))
    lost = lost_case(session)
    assert lost is not None
    assert "was taken over by the station bench 2 (Ben)" in lost.text()
    with pytest.raises(CaseTaken):
        session.note("refused")
    session.drafts.keep(COMMENT, "half a sentence, 5 µm <b>")
    session.drafts.keep(COMMENT, "half a sentence, 5 µm <b>")
    kept = session.drafts.kept_in
    assert kept is not None
    assert kept.parent.name == "kept drafts"
    assert "half a sentence, 5 µm <b>" in kept.read_text("utf-8")
    assert "Anna" in kept.read_text("utf-8")
    session.close()
    other.close()
    again = workspace.open_case(case)
    assert again.drafts.text(COMMENT) == "before"  # the case's own drafts are not touched
    again.close()
    with LabDatabase(url, make=True) as database:
        assert len(database.query("SELECT * FROM bloodcells_takeovers")) == 1


def test_a_case_made_while_the_server_was_away_and_opened_elsewhere_meanwhile_is_shown_as_a_conflict(
    workspace: Workspace, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_lease, "_BEATS", 600)
    workspace.folder.ask()  # as a window does when it begins
    workspace.accounts.refresh()
    there = Path(url.removeprefix("sqlite:///"))
    away = there.rename(f"{there}.away")
    session = workspace.new_counter_case("S-9")
    session.note("made without a server")
    elsewhere = LabPool(f"sqlite:///{away}")
    other = CaseLease(elsewhere, session.path, session.store.seed(), "Ben", station="bench 2")
    there.unlink(missing_ok=True)
    away.rename(there)
    until(lambda: lost_case(session))
    lost = lost_case(session)
    assert lost is not None
    assert "is open at the station bench 2 (Ben) as well" in lost.text()
    with pytest.raises(CaseTaken):
        session.note("refused")
    session.close()
    other.close()
    elsewhere.close()
    assert notes(session.path) == ["made without a server"]
