"""Format 3: drafts that may change, and explanation maps that are sealed with the report they belong to."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import make_event
from bloodcells_gui.storage import audit, schema
from bloodcells_gui.storage.case import CaseStore, Draft
from bloodcells_gui.storage.recover import recover
from tests.support.case_tools import T0, Reviewer, a_case
from tests.support.old_versions import BUILDERS, version_1, version_2

REPORT = b'{"total": 3}'
MAPS = {7: b"png seven", 2: b"png two"}


def signed(path: Path) -> CaseStore:
    store = a_case(path, 5, clock=lambda: T0)
    person = Reviewer(store)
    key = hashlib.sha256(REPORT).hexdigest()
    store.sign(make_event(person.state, EventKind.SIGN, "ana", new="reviewed", key=key), 1, REPORT, MAPS)
    return store


def test_a_draft_changes_and_goes_and_seals_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path, clock=lambda: T0) as store:
        head = store.head()
        assert store.draft("comment") is None
        store.set_draft("comment", "Anisocyt", "ana")
        store.set_draft("comment", "Anisocytosis \udcff", "ben")
        store.set_draft("other", "", "ana")
        assert store.head() == head
    with CaseStore.open(path) as store:
        assert store.draft("comment") == Draft("Anisocytosis ?", "ben", T0)
        assert store.draft("other") == Draft("", "ana", T0)
        store.set_draft("comment", None, "ana")
        store.set_draft("comment", None, "ana")
        assert store.draft("comment") is None
        assert store.verify() == []
    with CaseStore.open(path, read_only=True) as store:
        assert store.draft("other") is not None
        with pytest.raises(UserError):
            store.set_draft("other", "x", "ana")


def test_maps_come_with_the_signature_and_are_sealed(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with signed(path) as store:
        key = store.frozen_reports()[0].sha256
        assert store.report_maps(key) == MAPS
        assert store.report_maps("0" * 64) == {}
        assert store.verify() == []
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM report_maps")
    (trigger,) = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE name = 'report_maps_never_changes'"
    ).fetchone()
    connection.execute("DROP TRIGGER report_maps_never_changes")
    connection.execute("UPDATE report_maps SET data = x'00' WHERE cell = 2")
    connection.execute(trigger)
    connection.commit()
    connection.close()
    assert [str(p) for p in audit.verify(path, images=False).problems] == [
        "A sealed row was changed or is gone (report maps from 1)"
    ]


@pytest.mark.parametrize("version", sorted(BUILDERS))
def test_an_older_file_has_neither_until_it_is_opened_for_writing(tmp_path: Path, version: int) -> None:
    path = BUILDERS[version](tmp_path / "old.bcs")
    with CaseStore.open(path, read_only=True) as store:
        assert store.draft("comment") is None
        assert store.report_maps("0" * 64) == {}
    with CaseStore.open(path) as store:
        store.set_draft("comment", "x", "ana")
        person = Reviewer(store)
        key = hashlib.sha256(REPORT).hexdigest()
        store.sign(make_event(person.state, EventKind.SIGN, "ana", new="reviewed", key=key), 1, REPORT, MAPS)
    with CaseStore.open(path, read_only=True) as store:
        assert store.report_maps(key) == MAPS
        assert store.verify() == []
    assert schema.VERSION == 7


def test_recovery_carries_maps_and_drafts(tmp_path: Path) -> None:
    with signed(tmp_path / "a.bcs") as store:
        key = store.frozen_reports()[0].sha256
        store.set_draft("comment", "half a sent", "ana")
    recover(tmp_path / "a.bcs", tmp_path / "b.bcs", app_version="0.2")
    with CaseStore.open(tmp_path / "b.bcs") as store:
        assert store.report_maps(key) == MAPS
        assert store.draft("comment") is not None
        assert store.verify() == []


@pytest.mark.parametrize("build", [version_1, version_2])
@pytest.mark.parametrize("migrated", [False, True])
def test_recovery_finds_the_pages_of_older_files_whose_beginning_is_lost(
    tmp_path: Path, build: Callable[[Path], Path], migrated: bool
) -> None:
    path = build(tmp_path / "old.bcs")
    if migrated:
        with CaseStore.open(path) as store:
            store.set_draft("comment", "x", "ana")
    data = path.read_bytes()
    path.write_bytes(b"\xa5" * 8192 + data[8192:])
    found = recover(path, tmp_path / "new.bcs", app_version="0.2")
    assert (found.cells, found.events, found.lost_pictures) == (1, 1, 0)
