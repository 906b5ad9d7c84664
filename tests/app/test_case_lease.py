"""Cases under the laboratory's leases: open for one station, told in words to the others."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bloodcells_gui import cli
from bloodcells_gui.app.case_lease import CaseElsewhere, CaseLease
from bloodcells_gui.app.lab_database import init, status
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable
from bloodcells_gui.storage.lab.leases import Leases
from bloodcells_gui.storage.lab.pool import LabPool
from tests.support.case_tools import a_case
from tests.support.postgres import Server, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        init(server.url)
        yield server


@pytest.fixture
def pool(server: Server) -> Iterator[LabPool]:
    made = LabPool(server.url)
    yield made
    made.close()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    with a_case(tmp_path / "S-1.bcs") as store:
        return store.path


@pytest.fixture
def workspace_of(tmp_path: Path) -> Iterator[Callable[[str], Workspace]]:
    opened: list[Workspace] = []

    def make(url: str) -> Workspace:
        opened.append(workspace(tmp_path, url))
        return opened[-1]

    yield make
    for one in opened:
        one.lab.close()


def workspace(tmp_path: Path, url: str) -> Workspace:
    from dataclasses import replace

    made = Workspace(home=tmp_path / "home", config=tmp_path / "home")
    made.save_settings(replace(made.settings, lab_database=url, reviewer="Anna"))
    made.author = "Anna"
    return made


@pytest.fixture
def as_station(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says under which name this computer is known from now on."""
    return lambda name: monkeypatch.setattr(socket, "gethostname", lambda: name)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def holders(url: str) -> list[tuple[str, str]]:
    with LabDatabase(url, make=True) as database:
        return [(lease.station, lease.reviewer) for lease in Leases(database).all()]


def test_an_open_case_is_held_and_given_back_when_it_is_closed(
    server: Server,
    case: Path,
    pool: LabPool,
    workspace_of: Callable[[str], Workspace],
    as_station: Callable[[str], None],
) -> None:
    as_station("bench 1")
    session = workspace_of(server.url).open_case(case)
    assert holders(server.url) == [("bench 1", "Anna")]
    assert any("S-1: bench 1, Anna" in line for line in status(server.url))
    session.close()
    assert holders(server.url) == []


def test_reading_takes_no_lease_and_a_new_case_gets_one(
    server: Server, case: Path, pool: LabPool, workspace_of: Callable[[str], Workspace]
) -> None:
    made = workspace_of(server.url)
    made.open_case(case, read_only=True).close()
    assert holders(server.url) == []
    session = made.new_counter_case("S-2")
    until(lambda: len(holders(server.url)) == 1)
    session.close()
    assert holders(server.url) == []


def test_another_station_is_told_who_reads_the_case_and_may_read_it(
    server: Server,
    case: Path,
    pool: LabPool,
    workspace_of: Callable[[str], Workspace],
    as_station: Callable[[str], None],
) -> None:
    """The file's lock is on another computer and may not be seen over a share: the lease is."""
    as_station("bench 1")
    seed = seed_of(case)
    lease = CaseLease(pool, case, seed, "Anna")
    as_station("bench 2")
    made = workspace_of(server.url)
    with pytest.raises(CaseElsewhere, match="S-1 is open at the station bench 1, by Anna") as caught:
        made.open_case(case)
    assert caught.value.elsewhere  # the window then offers to take it over
    assert not Path(f"{case}.lock").exists()
    made.open_case(case, read_only=True).close()
    lease.close()
    made.open_case(case).close()


def test_a_window_that_holds_the_file_cannot_be_taken_over_and_nothing_is_recorded(
    server: Server,
    case: Path,
    pool: LabPool,
    workspace_of: Callable[[str], Workspace],
    as_station: Callable[[str], None],
) -> None:
    """On one computer, or over a share that passes locks on."""
    as_station("bench 1")
    session = workspace_of(server.url).open_case(case)
    before = takeovers(server.url)
    as_station("bench 2")
    made = workspace_of(server.url)
    for take_over in (False, True, True):
        with pytest.raises(CaseElsewhere, match="still open and holds the file") as caught:
            made.open_case(case, take_over=take_over)
        assert caught.value.alive  # the window then offers reading alone
        assert holders(server.url) == [("bench 1", "Anna")]
    assert takeovers(server.url) == before
    session.relabel([session.cells[0].id], "EO")
    assert session.store.lease is not None
    assert session.store.lease.lost() is None
    session.close()
    made.open_case(case).close()


def takeovers(url: str) -> int:
    with LabDatabase(url) as database:
        return len(database.query("SELECT station FROM bloodcells_takeovers"))


def test_the_lease_names_who_is_there_now(
    server: Server,
    case: Path,
    pool: LabPool,
    workspace_of: Callable[[str], Workspace],
    as_station: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bloodcells_gui.app.case_lease._BEATS", 1000)
    as_station("bench 1")
    made = workspace_of(server.url)
    made.author = ""
    session = made.open_case(case)
    assert any("S-1: bench 1, ?" in line for line in status(server.url))
    made.author = "Ben"
    until(lambda: holders(server.url) == [("bench 1", "Ben")])
    session.close()


def seed_of(case: Path) -> str:
    from bloodcells_gui.storage.case import CaseStore

    with CaseStore.open(case, read_only=True) as store:
        return store.seed()


def test_after_a_take_over_the_former_station_saves_nothing_more(
    server: Server,
    case: Path,
    pool: LabPool,
    workspace_of: Callable[[str], Workspace],
    as_station: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bloodcells_gui.app.case_lease._BEATS", 1000)
    as_station("bench 1")
    session = workspace_of(server.url).open_case(case)
    cell = session.cells[0].id
    session.relabel([cell], "EO")
    as_station("bench 2")
    other = CaseLease(pool, case, session.store.seed(), "Ben", take_over=True)

    def refused() -> bool:
        try:
            session.relabel([cell], "LY")
        except UserError as error:
            return "taken over by the station bench 2 (Ben)" in error.text()
        return False

    until(refused)
    decided = session.decision(cell).final
    session.close()
    other.close()
    with LabDatabase(server.url) as database:
        rows = database.query("SELECT case_name, station, from_station FROM bloodcells_takeovers")
    assert rows == [("S-1", "bench 2", "bench 1")]
    as_station("bench 1")
    again = workspace_of(server.url).open_case(case)
    assert again.decision(cell).final == decided
    again.close()


def test_a_server_that_is_gone_refuses_opening_for_writing_alone(
    server: Server, case: Path, pool: LabPool, workspace_of: Callable[[str], Workspace]
) -> None:
    made = workspace_of(server.url)
    made.folder.ask()  # as a window does when it begins
    made.accounts.refresh()
    session = made.open_case(case)
    server.stop()
    try:
        session.relabel([session.cells[0].id], "EO")  # the case that is open goes on
        began = time.monotonic()
        session.close()
        assert time.monotonic() - began < 20
        with pytest.raises(LabUnreachable, match="not known whether another station is at this case"):
            made.open_case(case)
        with pytest.raises(LabUnreachable) as caught:
            status(server.url)
        assert "case" not in caught.value.text()
        assert not Path(f"{case}.lock").exists()
        made.open_case(case, read_only=True).close()
        made.new_counter_case("S-3").close()
    finally:
        server.start()
    again = made.open_case(case)  # the station's own lease, left behind
    assert again.decision(again.cells[0].id).final == "EO"
    again.close()


def test_the_verbs_make_the_database_and_say_how_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path / "home"))
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    assert cli.run(["lab", "status", url]) == 2
    assert "lab init" in capsys.readouterr().err
    assert cli.run(["lab", "init", url, "--cases", str(tmp_path / "nope")]) == 2
    assert "There is no folder" in capsys.readouterr().err
    assert list(tmp_path.glob("lab.db*")) == []  # neither a question nor a refusal makes anything
    assert cli.run(["lab", "init", url]) == 0
    assert f"is made (tables {schema.NUMBER}, SQLite" in capsys.readouterr().out
    assert cli.run(["lab", "init", url, "--lang", "fr"]) == 0
    assert "est déjà à jour" in capsys.readouterr().out
    assert cli.run(["lab", "status", url]) == 0
    assert capsys.readouterr().out.startswith("ok: SQLite")
    assert cli.run(["lab", "status"]) == 2
    assert "has no laboratory's database" in capsys.readouterr().err


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"bloodcells-gui\[lab\]"):
        LabDatabase("postgresql://h/d")
