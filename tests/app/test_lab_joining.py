"""A workstation brings its own profiles into the laboratory: none replaced, none lost, none twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bloodcells_gui.app import lab_joining
from bloodcells_gui.app.calibration_profiles import own_profiles
from bloodcells_gui.app.lab_joining import bring_in, own_things
from bloodcells_gui.app.reference_library import LIBRARY_NAME, ReferenceLibraryController
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore, ProfileStore
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lab.profiles import LabProfiles
from bloodcells_gui.storage.reference_library import NewPicture
from tests.support.lab import Connect
from tests.support.reference_cells import planted_library


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_joining, "station_name", lambda: "bench_1/x")


@pytest.fixture
def lab(connect: Connect, tmp_path: Path) -> ProfileStore:
    database = connect()
    schema.create(database, "1.0")

    @contextmanager
    def again() -> Iterator[LabDatabase]:
        yield database

    return LabProfiles(again, CalibrationProfileStore(tmp_path / "copies"), station="bench-1")


def no_library(home: Path) -> ReferenceLibraryController:
    return ReferenceLibraryController(home)


def profile(name: str, x: int, bundle: str = "b") -> dict[str, object]:
    return {"name": name, "bundle_sha256": bundle, "x": x}


def test_every_version_and_the_choice_come_along(tmp_path: Path, lab: ProfileStore) -> None:
    own = own_profiles(tmp_path)
    own.save(profile("a", 1))
    own.save(profile("a", 2))
    own.save(profile("b", 3))
    own.use("a")
    assert own_things(tmp_path, lab, no_library(tmp_path)).profiles == ("a", "b")
    said = [r.text() for r in bring_in(tmp_path, lab, no_library(tmp_path))]
    assert said == [
        "The profile a is the laboratory's now.", "The laboratory uses the profile a now.",
        "The profile b is the laboratory's now.",
    ]  # fmt: skip
    assert [lab.load("a", v).data["x"] for v in lab.versions("a")] == [1, 2]
    assert lab.active("b") == "a"
    assert not own_things(tmp_path, lab, no_library(tmp_path))
    assert (
        bring_in(tmp_path, lab, no_library(tmp_path))[0].text()
        == "The laboratory has all that this workstation has."
    )
    assert [p.name for p in own.all()] == ["a", "b"]


def test_the_laboratorys_profile_of_that_name_and_its_choice_stay(tmp_path: Path, lab: ProfileStore) -> None:
    lab.save(profile("a", 7))
    lab.use("a")
    own = own_profiles(tmp_path)
    own.save(profile("a", 1))
    own.use("a")
    (said,) = bring_in(tmp_path, lab, no_library(tmp_path))
    assert "another profile a: this workstation's is called a (bench_1-x)" in said.text()
    assert lab.load("a").data["x"] == 7
    assert lab.load("a (bench_1-x)").data == profile("a (bench_1-x)", 1)
    assert lab.active("b") == "a"
    assert not own_things(tmp_path, lab, no_library(tmp_path))


def test_what_was_interrupted_goes_on_where_it_ended(
    tmp_path: Path, lab: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_profiles(tmp_path)
    for x in (1, 2, 3):
        own.save(profile("a", x))
    save, calls = lab.save, []

    def cut(data: dict[str, object]) -> int:
        calls.append(data)
        if len(calls) == 2:
            raise LabUnreachable("cut")
        return save(data)

    monkeypatch.setattr(lab, "save", cut)
    with pytest.raises(UserError):
        bring_in(tmp_path, lab, no_library(tmp_path))
    monkeypatch.undo()
    monkeypatch.setattr(lab_joining, "station_name", lambda: "bench_1/x")
    bring_in(tmp_path, lab, no_library(tmp_path))
    assert [lab.load("a", v).data["x"] for v in lab.versions("a")] == [1, 2, 3]
    assert [p.name for p in lab.all()] == ["a"]


def test_a_long_name_stays_a_name(tmp_path: Path, lab: ProfileStore) -> None:
    lab.save(profile("x" * 60, 7))
    own_profiles(tmp_path).save(profile("x" * 60, 1))
    bring_in(tmp_path, lab, no_library(tmp_path))
    assert len(lab.all()) == 2


def test_reference_cells_come_along_once_with_all_that_was_said_of_them(
    tmp_path: Path, lab: ProfileStore, connect: Connect
) -> None:
    pool = LabPool(connect.address)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    planted_library(tmp_path / "one" / LIBRARY_NAME, 12)
    shutil.copy(tmp_path / "one" / LIBRARY_NAME, tmp_path / "two" / LIBRARY_NAME)
    one, two = (ReferenceLibraryController(tmp_path / name, lambda: pool) for name in ("one", "two"))
    picture = NewPicture("LY", b"jpeg", "a" * 64, "x.jpg")
    for library, who in ((one, "Ana"), (two, "Bo")):
        library.own().add_pictures([picture], source="s", licence="l", author=who)
    one.own().set_note(1, "a note", "Ana")
    one.own().decide_label(2, "MO", "Ana")
    one.own().remove(3, "Ana")
    assert own_things(tmp_path / "one", lab, one).cells == 12
    (said,) = bring_in(tmp_path / "one", lab, one)
    assert said.text() == "12 cells were brought into the laboratory's reference library."
    there = {r.id: r for r in one.library().entries()}
    assert (there[1].note, there[2].code, there[2].checked) == ("a note", "MO", True)
    # of the copy, what was removed at the first station, and the picture that is there already
    assert own_things(tmp_path / "two", lab, two).cells == 2
    bring_in(tmp_path / "two", lab, two)
    assert own_things(tmp_path / "two", lab, two).cells == 0
    assert len(two.library().entries()) == 13
    assert [r.added_by for r in two.library().entries() if r.source] == ["Ana"]
    assert len(two.own().entries()) == 13
    one.close()
    two.close()
    pool.close()
