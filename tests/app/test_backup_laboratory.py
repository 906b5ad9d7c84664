"""A backup holds the laboratory's database, and brings it back into one of either engine."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from bloodcells_gui.app.backup import Finished, Workstation
from bloodcells_gui.app.lab_settings import COPY_NAME
from bloodcells_gui.app.settings_keeper import SettingsKeeper
from bloodcells_gui.domain.connecting import Connections, Destination
from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.storage.archive import LABORATORY, Archive
from bloodcells_gui.storage.connections import CONNECTIONS_NAME
from bloodcells_gui.storage.connections import save as save_connections
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.settings import LabSettingsTable
from tests.support.lab import Connect


@pytest.fixture
def station(tmp_path: Path, connect: Connect) -> Workstation:
    """A workstation of a laboratory, with a destination."""
    schema.create(connect(), "1.0")
    keeper = SettingsKeeper(tmp_path / "home")
    keeper.change_settings(lab_database=connect.address, target_cells=250)
    keeper.notice_settings()
    keeper.lab.close()
    destination = Destination("SECRET-LIS", folder="/secret/place")
    save_connections(tmp_path / "home" / CONNECTIONS_NAME, Connections((destination,)))
    return Workstation(tmp_path / "home", tmp_path / "home")


def back_up(station: Workstation, archive: Path) -> Finished:
    return station.back_up(archive, token=CancelToken(), progress=lambda _: None)


def bring_back(station: Workstation, archive: Path, url: str, *, replace: bool = False) -> Finished:
    return station.restore_laboratory(archive, url, replace=replace, token=CancelToken())


def test_the_laboratory_goes_along_and_comes_back_elsewhere(
    tmp_path: Path, station: Workstation, connect: Connect
) -> None:
    archive = tmp_path / "b.zip"
    done = back_up(station, archive)
    assert done.complete
    assert any("database is in it" in text for text in done.lines())
    url = f"sqlite:///{tmp_path / 'new.db'}"
    said = bring_back(station, archive, url).lines()
    assert "was brought back" in said[0]
    with LabDatabase(url) as new:
        there, here = LabSettingsTable(new).newest(), LabSettingsTable(connect()).newest()
    assert there == here
    assert there is not None
    assert there.document["target_cells"] == 250


def test_no_destination_and_no_copy_of_what_is_in_the_database_is_in_it(
    tmp_path: Path, station: Workstation
) -> None:
    archive = tmp_path / "b.zip"
    back_up(station, archive)
    with zipfile.ZipFile(archive) as found:
        names, content = found.namelist(), b"".join(found.read(name) for name in found.namelist())
    assert LABORATORY in names
    assert not any(CONNECTIONS_NAME in name or COPY_NAME in name for name in names)
    assert b"SECRET-LIS" not in content
    assert b"/secret/place" not in content


def test_the_workstation_alone_comes_back_without_it(tmp_path: Path, station: Workstation) -> None:
    archive = tmp_path / "b.zip"
    back_up(station, archive)
    done = Workstation(tmp_path / "x", tmp_path / "x").restore(
        archive, into=tmp_path / "new", token=CancelToken(), progress=lambda _: None
    )
    assert any("--database URL" in text for text in done.lines())
    assert not list((tmp_path / "new").rglob("laboratory.sqlite"))


def test_a_database_that_is_away_is_said_and_the_rest_is_saved(
    tmp_path: Path, station: Workstation, connect: Connect
) -> None:
    keeper = SettingsKeeper(tmp_path / "home")
    keeper.change_settings(lab_database=f"sqlite:///{tmp_path / 'gone' / 'lab.db'}")
    done = back_up(station, tmp_path / "b.zip")
    assert not done.complete
    assert "NOT SAVED: the laboratory's database" in done.problem_lines()[-1]
    with Archive(tmp_path / "b.zip") as archive:
        assert [m.name for m in archive.manifest.files] == ["config/settings.json"]
    with pytest.raises(UserError, match="holds no laboratory's database"):
        bring_back(station, tmp_path / "b.zip", connect.address)


def test_what_is_there_is_replaced_only_when_told(
    tmp_path: Path, station: Workstation, connect: Connect
) -> None:
    archive = tmp_path / "b.zip"
    back_up(station, archive)
    with pytest.raises(UserError, match="holds a laboratory already"):
        bring_back(station, archive, connect.address)
    table = LabSettingsTable(connect())
    table.add({"later": 1}, lambda _: True, station="s", reviewer="r", program="p")
    bring_back(station, archive, connect.address, replace=True)
    assert table.head() is not None
    assert table.head()[0] == 1  # type: ignore[index]


def test_an_archive_that_was_changed_is_refused(
    tmp_path: Path, station: Workstation, connect: Connect
) -> None:
    archive = tmp_path / "b.zip"
    back_up(station, archive)
    data = archive.read_bytes()
    at = data.index(b"SQLite format 3") + 5000
    archive.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    before = LabSettingsTable(connect()).newest()
    with pytest.raises(UserError, match="cannot be used"):
        bring_back(station, archive, connect.address, replace=True)
    assert LabSettingsTable(connect()).newest() == before


def test_an_archive_without_a_laboratory_stays_readable_for_earlier_versions(tmp_path: Path) -> None:
    keeper = SettingsKeeper(tmp_path / "home")
    keeper.change_settings(target_cells=250)
    back_up(Workstation(tmp_path / "home", tmp_path / "home"), tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as found:
        assert b'"version": 1' in found.read("manifest.json")


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, station: Workstation) -> None:
    with pytest.raises(OutputNotWritable, match="There is no folder"):
        back_up(station, tmp_path / "stik" / "b.zip")
    assert not (tmp_path / "stik").exists()
