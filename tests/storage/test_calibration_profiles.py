"""Profiles of a folder and of a laboratory's database: one suite over folder, SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore, ProfileStore
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable
from bloodcells_gui.storage.lab.profiles import LabProfiles
from tests.storage.lab.conftest import connect, server
from tests.support.lab import Connect

__all__ = ["connect", "server"]
DATA: dict[str, Any] = {"name": "our lab", "bundle_sha256": "b" * 64, "x": 1}


class Link:
    """A way to the database that can be cut."""

    def __init__(self, database: LabDatabase) -> None:
        self.database, self.cut = database, False

    @contextmanager
    def __call__(self) -> Iterator[LabDatabase]:
        if self.cut:
            raise LabUnreachable("cut")
        yield self.database


def of_laboratory(connect: Connect, copies: Path) -> tuple[LabProfiles, Link]:
    database = connect()
    schema.create(database, "1.0")
    link = Link(database)
    return LabProfiles(link, CalibrationProfileStore(copies), station="bench-1"), link


@pytest.fixture(params=["folder", "laboratory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, connect: Connect) -> ProfileStore:
    if request.param == "folder":
        return CalibrationProfileStore(tmp_path / "profiles")
    return of_laboratory(connect, tmp_path / "copies")[0]


def test_versions_are_kept_and_one_is_in_use(store: ProfileStore) -> None:
    assert store.save(DATA) == 1
    assert store.save({**DATA, "x": 2}) == 2
    assert store.load("our lab").data["x"] == 2
    assert (store.load("our lab", 1).data["x"], store.load("our lab", 1).version) == (1, 1)
    assert store.active("b" * 64) == ""
    assert store.use("our lab").version == 2
    assert store.active("b" * 64) == "our lab"
    assert store.active("c" * 64) == ""
    store.save({"name": "another", "bundle_sha256": "b" * 64})
    assert [(p.name, p.version) for p in store.all()] == [("another", 1), ("our lab", 2)]
    assert store.damaged() == []
    store.use("another")
    assert store.active("b" * 64) == "another"
    store.use_none("b" * 64)
    assert store.active("b" * 64) == ""


def test_a_removed_profile_frees_its_name_and_is_not_in_use(store: ProfileStore) -> None:
    for _ in range(2):
        store.save(DATA)
        store.use("our lab")
        store.remove("our lab")
        assert store.all() == []
        assert store.versions("our lab") == []
        assert store.active("b" * 64) == ""
    for act in (store.load, store.remove, store.use):
        with pytest.raises(UserError, match="no profile called"):
            act("our lab")
    assert store.save({**DATA, "x": 5}) == 1
    assert store.load("our lab").data["x"] == 5


def test_reverting_keeps_the_earlier_version_as_the_newest(store: ProfileStore) -> None:
    store.save(DATA)
    with pytest.raises(UserError, match="no earlier version"):
        store.revert("our lab")
    store.save({**DATA, "x": 2})
    assert store.revert("our lab") == 3
    assert [store.load("our lab", v).data["x"] for v in store.versions("our lab")] == [1, 2, 1]
    assert store.revert("our lab", 2) == 4
    assert store.load("our lab").data["x"] == 2
    with pytest.raises(UserError, match="no earlier version"):
        store.revert("our lab", 77)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 61, "end.", "new\nline", "a'; --"])
def test_a_name_is_a_name(store: ProfileStore, name: str) -> None:
    acts: list[Callable[[], object]] = [
        lambda: store.save({**DATA, "name": name}), lambda: store.load(name), lambda: store.remove(name),
        lambda: store.use(name), lambda: store.versions(name), lambda: store.revert(name),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(UserError, match="cannot be the name"):
            act()
    assert store.all() == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputNotWritable):
        CalibrationProfileStore(tmp_path / "file" / "p").save(DATA)


def test_while_the_database_is_away_what_was_read_last_is_used(connect: Connect, tmp_path: Path) -> None:
    store, link = of_laboratory(connect, tmp_path / "copies")
    link.cut = True
    with pytest.raises(UserError, match="which calibration profile the laboratory uses"):
        store.active("b" * 64)  # never "" where it is not known: another head would answer
    with pytest.raises(UserError, match="which calibration profile the laboratory uses"):
        store.load("our lab")
    link.cut = False
    store.save(DATA)
    store.use("our lab")
    store.active("b" * 64)
    link.cut = True
    assert store.active("b" * 64) == "our lab"
    assert store.load("our lab").data == DATA
    assert [p.name for p in store.all()] == ["our lab"]
    assert store.versions("our lab") == [1]
    for act in (lambda: store.save(DATA), lambda: store.use("our lab"), lambda: store.remove("our lab")):
        with pytest.raises(UserError, match="cannot be changed now"):
            act()
    link.cut = False
    assert store.versions("our lab") == [1]


def test_a_hostile_row_is_damaged_and_harms_no_other(connect: Connect, tmp_path: Path) -> None:
    store, link = of_laboratory(connect, tmp_path / "copies")
    store.save({"name": "good", "bundle_sha256": "b"})
    for name, text in (("text", "[1]"), ("huge", "x" * 17 * 1024**2), ("../up", "{}")):
        link.database.query(
            "INSERT INTO bloodcells_profiles VALUES (?, 0, 1, 0, 's', 'b', 'x', ?)", name, text
        )
    assert [p.name for p in store.all()] == ["good"]
    assert store.damaged() == ["../up", "huge", "text"]
    with pytest.raises(UserError, match="damaged"):
        store.load("huge")
    link.database.query("INSERT INTO bloodcells_profile_choices VALUES ('b', '../../etc/passwd')")
    with pytest.raises(UserError, match="cannot be the name"):
        store.load(store.active("b"))


def test_two_stations_that_save_at_once_make_two_versions(connect: Connect, tmp_path: Path) -> None:
    one, _ = of_laboratory(connect, tmp_path / "one")
    two, _ = of_laboratory(connect, tmp_path / "two")
    start = threading.Barrier(2)

    def save(store: LabProfiles, x: int) -> None:
        start.wait()
        store.save({**DATA, "x": x})

    threads = [threading.Thread(target=save, args=pair) for pair in ((one, 1), (two, 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.versions("our lab") == [1, 2]
    assert {one.load("our lab", v).data["x"] for v in (1, 2)} == {1, 2}


def test_who_may_not_change_rules_changes_no_profile(connect: Connect, tmp_path: Path) -> None:
    database = connect()
    schema.create(database, "1.0")

    def refuse() -> None:
        raise UserError("Not allowed.")

    store = LabProfiles(
        Link(database), CalibrationProfileStore(tmp_path), station="bench-1", may_change=refuse
    )
    for act in (lambda: store.save(DATA), lambda: store.use("a"), lambda: store.use_none("b")):
        with pytest.raises(UserError, match="Not allowed"):
            act()
    assert store.all() == []
