"""Stations of a laboratory list its folder of cases together, from the settings to the list."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui import cli
from bloodcells_gui.app.case_index import own_place
from bloodcells_gui.app.lab_database import init, status
from bloodcells_gui.app.worklist import Query, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.case_folder import MARK_NAME
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import Leases
from bloodcells_gui.storage.lab.worklist import SharedWorklist
from bloodcells_gui.storage.worklist import INDEX_NAME, Worklist
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share" / "cases"
    folder.mkdir(parents=True)
    for i in range(3):
        a_case(folder / f"S-{i}.bcs", 12, specimen_id=f"S-{i}", seed=i)
    return folder


@pytest.fixture
def url(tmp_path: Path, share: Path) -> str:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    init(url, cases=share)
    return url


Station = Callable[..., tuple[Workspace, WorkList]]


@pytest.fixture
def station(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made: list[tuple[Workspace, WorkList]] = []

    def begin(name: str, **settings: object) -> tuple[Workspace, WorkList]:
        monkeypatch.setattr("bloodcells_gui.app.case_index.station_name", lambda: name)
        workspace = a_workspace(tmp_path / name)
        changed = {"lab_database": url, **settings}
        workspace.save_settings(replace(workspace.settings, **changed))  # type: ignore[arg-type]
        made.append((workspace, WorkList(workspace)))
        made[-1][1]._list()  # noqa: SLF001  # under this name
        return made[-1]

    yield begin
    for workspace, cases in made:
        cases.close()
        workspace.lab.close()


def names(cases: WorkList) -> list[str]:
    return sorted(e.path.stem for e in cases.search(Query()))


def soon(what: Callable[[], bool], seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.1)
    return False


def test_a_station_joins_by_one_setting(station: Station, share: Path, tmp_path: Path) -> None:
    workspace, cases = station("bench-1")
    assert workspace.cases_dir == share
    assert cases.refresh() == 3
    other, listed = station("bench-2")
    assert listed.refresh() == 0
    assert names(cases) == names(listed) == ["S-0", "S-1", "S-2"]
    assert cases.trouble is None
    assert not (share / INDEX_NAME).exists()
    assert not (workspace.home / "cases").exists()
    assert len(other.index.kept().films()) == 3


def test_what_one_station_begins_the_other_shows_within_seconds(station: Station, share: Path) -> None:
    workspace, cases = station("bench-1")
    cases.refresh()
    _, listed = station("bench-2")
    listed.refresh()
    generation = listed.generation
    workspace.new_counter_case("S-77").close()
    assert soon(lambda: "S-77" in " ".join(names(listed)))
    assert listed.generation > generation
    session = workspace.open_case(share / "S-1.bcs")
    session.confirm([c.id for c in session.cells])
    assert soon(lambda: any(e.path.stem == "S-1" and e.reviewed for e in listed.search(Query())))
    session.close()


def test_the_next_case_is_one_that_no_other_station_has_open(station: Station, share: Path, url: str) -> None:
    _, cases = station("bench-1")
    cases.refresh()
    first = cases.next_case()
    assert first is not None
    assert first.entry is not None
    assert first.elsewhere == ()
    with LabDatabase(url) as database:
        leases = Leases(database)

        def open_elsewhere(stem: str) -> None:
            with CaseStore.open(share / f"{stem}.bcs", read_only=True) as store:
                leases.acquire(store.seed(), stem, "bench-3", "Zoë", "token")

        open_elsewhere(first.entry.path.stem)
        assert soon(lambda: any(e.open_at == "bench-3" for e in cases.search(Query())))
        found = cases.next_case()
        assert found is not None
        assert found.entry is not None
        assert found.entry.path != first.entry.path
        assert [(e.path, e.open_at, e.open_by) for e in found.elsewhere] == [
            (first.entry.path, "bench-3", "Zoë")
        ]
        for stem in ("S-0", "S-1", "S-2"):
            open_elsewhere(stem)
        assert soon(lambda: sum(e.open_at == "bench-3" for e in cases.search(Query())) == 3)
        none_left = cases.next_case()
        assert none_left is not None
        assert none_left.entry is None
        assert len(none_left.elsewhere) == 3


def test_a_station_that_has_the_share_elsewhere_says_so_itself(
    station: Station, share: Path, tmp_path: Path
) -> None:
    _, cases = station("bench-1")
    cases.refresh()
    mounted = tmp_path / "Z drive"
    mounted.symlink_to(share)
    workspace, listed = station("bench-2", cases_folder=str(mounted))
    assert workspace.cases_dir == mounted
    assert listed.refresh() == 0
    assert all(e.path.parent == mounted for e in listed.search(Query()))


def test_a_share_that_is_missing_is_told_and_nothing_is_made(
    station: Station, share: Path, tmp_path: Path
) -> None:
    workspace, cases = station("bench-1")
    cases.refresh()
    share.rename(tmp_path / "unmounted")
    wrong = tmp_path / "nowhere"
    other, listed = station("bench-2", cases_folder=str(wrong))
    for begin in (
        lambda: workspace.new_counter_case("S-9"),
        lambda: other.new_counter_case("S-9"),
        cases.refresh,
        listed.refresh,
        lambda: listed.take_in(tmp_path / "unmounted" / "S-0.bcs"),
        lambda: listed.recover(tmp_path / "unmounted" / "S-0.bcs"),
    ):
        with pytest.raises(UserError, match="is not there"):
            begin()
    assert not share.exists()
    assert not wrong.exists()
    assert not (workspace.home / "cases").exists()
    share.mkdir()
    (share / MARK_NAME).write_text("0" * 32)
    with pytest.raises(UserError, match="another laboratory's"):
        workspace.new_counter_case("S-9")


def test_without_the_database_a_station_begins_with_what_it_knew(
    station: Station, share: Path, url: str, tmp_path: Path
) -> None:
    workspace, cases = station("bench-1")
    cases.refresh()
    cases.close()
    workspace.lab.close()
    away = tmp_path / "lab.db"
    away.rename(tmp_path / "away")
    again = Workspace(workspace.engine, home=workspace.home, config=tmp_path / "bench-1" / "config")
    listed = WorkList(again)
    assert again.cases_dir == share
    assert listed.refresh() == 3
    assert names(listed) == ["S-0", "S-1", "S-2"]
    assert listed.trouble is not None
    assert not (share / INDEX_NAME).exists()
    assert list(again.home.glob("worklist-*.sqlite"))
    (tmp_path / "away").rename(away)
    assert soon(lambda: listed.trouble is None)
    assert names(listed) == ["S-0", "S-1", "S-2"]
    listed.close()
    again.lab.close()


def test_a_station_that_never_reached_the_database_makes_no_case(
    station: Station, tmp_path: Path, share: Path
) -> None:
    (tmp_path / "lab.db").rename(tmp_path / "away")
    workspace, cases = station("bench-1")
    for begin in (workspace.folder.ready, cases.refresh):
        with pytest.raises(UserError, match="not known where"):
            begin()
    assert not (workspace.home / "cases").exists()
    other, listed = station("bench-2", cases_folder=str(share))  # the folder says itself what it is
    assert listed.refresh() == 3
    assert other.folder.ready() == share


def test_a_laboratory_that_names_no_folder_lists_the_stations_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = f"sqlite:///{tmp_path / 'leases.db'}"
    init(url)
    workspace = a_workspace(tmp_path / "one")
    workspace.save_settings(replace(workspace.settings, lab_database=url))
    a_case(workspace.home / "cases" / "S-1.bcs", 12)
    cases = WorkList(workspace)
    assert cases.refresh() == 1
    assert not (workspace.home / "cases" / INDEX_NAME).exists()  # it may be a share
    cases.close()
    workspace.lab.close()


def test_the_index_follows_the_settings(station: Station, share: Path) -> None:
    workspace, cases = station("bench-1")
    cases.refresh()
    assert isinstance(workspace.index.kept(), SharedWorklist)
    generation = cases.generation
    workspace.save_settings(replace(workspace.settings, lab_database=""))
    assert cases.search(Query()) == []
    assert isinstance(workspace.index.kept(), Worklist)
    assert cases.generation > generation
    assert workspace.new_counter_case("S-5").path.parent == workspace.home / "cases"


def test_a_copy_that_was_damaged_is_asked_for_again(station: Station, share: Path) -> None:
    workspace, _ = station("bench-1")
    copy = workspace.home / "laboratory.json"
    assert json.loads(copy.read_text())["folder"] == str(share)
    for text in ("", "[]", '{"address": 1}', "[" * 5000):
        copy.write_text(text)
        again = Workspace(workspace.engine, home=workspace.home, config=workspace.settings_file.parent)
        assert again.cases_dir == share
        again.lab.close()


def test_the_own_index_never_lies_on_the_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home, share = tmp_path / "home", tmp_path / "share"
    inside = own_place(home, share / "cases")
    assert inside is not None
    assert inside.parent == home
    beside = own_place(share, share / "cases")
    assert beside is not None
    assert not beside.is_relative_to(share)
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert own_place(share, share / "cases") is None
    assert own_place(home, Path(os.fsdecode(b"/x/\xff"))) is not None


def test_the_verbs_name_the_folder(
    tmp_path: Path, share: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path / "home"))
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert cli.run(["lab", "init", url]) == 0
    assert "--cases FOLDER" in capsys.readouterr().out
    assert cli.run(["lab", "init", url, "--cases", str(tmp_path / "missing")]) == 2
    assert "There is no folder" in capsys.readouterr().err
    assert not (tmp_path / "missing").exists()
    assert cli.run(["lab", "init", url, "--cases", str(share)]) == 0
    assert f"Folder of cases: {share}\n" in capsys.readouterr().out
    assert cli.run(["lab", "status", url]) == 0
    assert f"Folder of cases: {share}\n" in capsys.readouterr().out
    share.rename(tmp_path / "unmounted")
    assert "not there" in "\n".join(status(url))


def test_a_station_that_reads_a_slow_case_is_not_asked_twice(station: Station, share: Path) -> None:
    """A case that this station works on is read once it rests, not at each decision."""
    workspace, cases = station("bench-1")
    cases.refresh()
    entries: list[Path] = []
    kept = workspace.index.kept()
    ask = kept.entry
    kept.entry = lambda path: (entries.append(path), ask(path))[1]  # type: ignore[method-assign]
    session = workspace.open_case(share / "S-2.bcs")
    until = time.monotonic() + 3.0
    cells = iter(session.cells * 20)
    while time.monotonic() < until:
        cell = next(cells)
        session.confirm([cell.id]) if not session.state.decided(cell.id) else session.undo()
        time.sleep(0.2)
    busy = len(entries)
    assert soon(lambda: len(entries) > busy)
    assert busy <= 1
    session.close()
