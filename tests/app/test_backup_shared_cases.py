"""A backup holds the laboratory's cases on the share, also while another station writes one of them."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui import cli
from bloodcells_gui.app.backup import Finished, Workstation
from bloodcells_gui.app.lab_database import init
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.times import local_text
from bloodcells_gui.storage.archive import Archive
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import a_case


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share"
    (folder / "2026").mkdir(parents=True)
    for name in ("S-1", "S-2", "2026/S-3"):
        a_case(folder / f"{name}.bcs").close()
    init(f"sqlite:///{tmp_path / 'lab.db'}", cases=folder)
    return folder


@pytest.fixture
def station(tmp_path: Path, share: Path) -> Workstation:
    home = tmp_path / "home"
    workspace = Workspace(home=home, config=home)
    workspace.save_settings(replace(workspace.settings, lab_database=f"sqlite:///{tmp_path / 'lab.db'}"))
    workspace.lab.close()
    return Workstation(home, home)


def back_up(station: Workstation, archive: Path) -> Finished:
    return station.back_up(archive, token=CancelToken(), progress=lambda _: None)


def bring_back(archive: Path, into: Path) -> Finished:
    return Workstation(into, into).restore(archive, into=into, token=CancelToken(), progress=lambda _: None)


def test_the_laboratorys_cases_go_along_and_come_back_beside_the_own_ones(
    tmp_path: Path, share: Path, station: Workstation
) -> None:
    own = station.places.data / "cases"
    own.mkdir(parents=True, exist_ok=True)
    a_case(own / "S-1.bcs").close()  # from before it joined, under a name that the share has, too
    drafts = station.places.data / "kept drafts"
    drafts.mkdir()
    (drafts / "S-2.txt").write_text("Half a sentence", "utf-8")
    sqlite3.connect(station.places.data / "watched.sqlite").execute(
        "CREATE TABLE seen (a)"
    ).connection.close()
    with CaseStore.open(share / "S-2.bcs"):  # a station works on it
        done = back_up(station, tmp_path / "b.zip")
    assert done.complete
    said = " ".join(done.lines())
    assert "Cases: 4," in said
    assert f"The laboratory's cases in {share} are in it" in said
    new = tmp_path / "new"
    back = " ".join(bring_back(tmp_path / "b.zip", new).lines())
    assert str(new / "cases" / "laboratory") in back
    with Archive(tmp_path / "b.zip") as archive:
        created = archive.manifest.created
    assert created not in back  # a stored time is no text for people
    assert f"The backup of {local_text(created)} was compared" in back
    for name in ("S-1", "S-2", "2026/S-3"):
        with (
            CaseStore.open(new / "cases" / "laboratory" / f"{name}.bcs", read_only=True) as came,
            CaseStore.open(share / f"{name}.bcs", read_only=True) as there,
        ):
            assert came.verify() == []
            assert came.head() == there.head()
    assert (new / "cases" / "S-1.bcs").read_bytes() == (own / "S-1.bcs").read_bytes()
    assert (new / "kept drafts" / "S-2.txt").read_text("utf-8") == "Half a sentence"
    assert (new / "watched.sqlite").is_file()
    again = back_up(station, tmp_path / "again.zip")  # the share is as it was
    assert "Cases: 4," in " ".join(again.lines())


def test_what_came_back_beside_and_what_is_on_the_share_are_both_saved(
    tmp_path: Path, share: Path, station: Workstation
) -> None:
    shutil.copytree(share, station.places.data / "cases" / "laboratory")
    done = back_up(station, tmp_path / "b.zip")
    assert "Cases: 6," in " ".join(done.lines())
    with Archive(tmp_path / "b.zip") as archive:
        names = [m.name for m in archive.manifest.files]
    assert "data/cases/laboratory 2/S-1.bcs" in names


def test_a_folder_within_the_own_one_is_saved_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "cases").mkdir(parents=True)
    a_case(home / "cases" / "S-1.bcs").close()
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    init(url, cases=home / "cases")
    workspace = Workspace(home=home, config=home)
    workspace.save_settings(replace(workspace.settings, lab_database=url))
    workspace.lab.close()
    assert "Cases: 1," in " ".join(back_up(Workstation(home, home), tmp_path / "b.zip").lines())


def test_a_share_that_is_away_is_said_loudly(
    tmp_path: Path,
    share: Path,
    station: Workstation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    share.rename(tmp_path / "gone")
    share.mkdir()  # what is left of a share that is not mounted
    monkeypatch.setenv("BLOODCELLS_HOME", str(station.places.data))
    monkeypatch.setattr("bloodcells_gui.app.backup.user_config_dir", lambda: station.places.data)
    assert cli.run(["lab", "backup", str(tmp_path / "b.zip")]) == 1
    assert "NOT SAVED: the laboratory's cases on the share" in capsys.readouterr().err


def test_the_window_names_the_folder_that_is_saved(share: Path, station: Workstation) -> None:
    assert station.cases_dir() == share
