"""Outlines that persons drew: written with their events, sealed, recovered, and refused where they lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.cell import Box, MendedOutline
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import fold, make_event
from bloodcells_gui.storage import audit, connection
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged
from bloodcells_gui.storage.recover import recover
from tests.support.case_tools import Reviewer, a_case
from tests.support.old_versions import BUILDERS
from tests.support.tampering import tamper

BOX = Box(3.5, 4.0, 20.0, 21.5)


def an_outline(number: int, cell: int) -> MendedOutline:
    return MendedOutline(number, cell, BOX, np.array([88.5, np.nan], np.float32))


def mend(store: CaseStore, person: Reviewer, cell: int, key: str = "cell", mask: bytes = b"png") -> int:
    number = store.next_outline_id()
    event = make_event(person.state, EventKind.MEND_OUTLINE, "ana", (cell,), str(number), key)
    person.state.apply(store.append_outline(event, an_outline(number, cell), mask))
    return number


@pytest.fixture
def case(tmp_path: Path) -> Path:
    with a_case(tmp_path / "a.bcs") as store:
        person = Reviewer(store)
        mend(store, person, 3, mask=b"first")
        mend(store, person, 3, "nucleus", mask=b"second")
        mend(store, person, 5, mask=b"third")
        person.act(EventKind.UNDO)
    return tmp_path / "a.bcs"


def test_outlines_come_back_and_the_events_say_which_holds(case: Path) -> None:
    with CaseStore.open(case) as store:
        found = store.outlines()
        assert {key: (o.cell, o.box_px) for key, o in found.items()} == {
            1: (3, BOX),
            2: (3, BOX),
            3: (5, BOX),
        }
        np.testing.assert_array_equal(found[2].measurements, np.array([88.5, np.nan], np.float32))
        assert [store.outline_mask(key) for key in (1, 2, 3)] == [b"first", b"second", b"third"]
        assert store.next_outline_id() == 4
        state = fold(store.load_cells(), store.events())
        assert state.outlines == {3: 2}
        assert [(e.new, e.old, e.key) for e in store.events()[:3]] == [
            ("1", ("",), "cell"), ("2", ("1",), "nucleus"), ("3", ("",), "cell"),
        ]  # fmt: skip
        with pytest.raises(KeyError):
            store.outline_mask(4)


def test_undo_and_redo_walk_back_to_the_programs_own_outline(case: Path) -> None:
    with CaseStore.open(case) as store:
        person = Reviewer(store)
        person.act(EventKind.UNDO)
        assert person.state.outlines == {3: 1}
        person.act(EventKind.UNDO)
        assert person.state.outlines == {}
        person.act(EventKind.REDO)
        assert person.state.outlines == {3: 1}
        person.act(EventKind.MEND_OUTLINE, 3, new="", key="cell")
        assert person.state.outlines == {}
        assert person.state.counts == Reviewer(store).state.counts


@pytest.mark.parametrize(
    ("cells", "new", "key"),
    [((3,), "2", "cell"), ((3,), "x", "cell"), ((3,), "-1", "cell"), ((3,), "9", "shape"), ((4,), "", "cell"),
     ((3, 4), "9", "cell"), ((3,), "9" * 18, "cell")],
)  # fmt: skip
def test_an_event_that_mends_nothing_is_refused(
    case: Path, cells: tuple[int, ...], new: str, key: str
) -> None:
    with CaseStore.open(case) as store:
        state = Reviewer(store).state
        with pytest.raises(ValueError):
            make_event(state, EventKind.MEND_OUTLINE, "ana", cells, new, key)


def test_an_outline_and_its_event_are_written_together_or_not_at_all(case: Path) -> None:
    with CaseStore.open(case) as store:
        person = Reviewer(store)
        events = len(store.events())
        event = make_event(person.state, EventKind.MEND_OUTLINE, "ana", (4,), "4", "cell")
        with pytest.raises(ValueError, match="does not name"):
            store.append_outline(event, an_outline(4, 5), b"png")
        with pytest.raises(ValueError, match="UNIQUE"):
            store.append_outline(
                make_event(person.state, EventKind.MEND_OUTLINE, "ana", (4,), "1", "cell"),
                an_outline(1, 4),
                b"png",
            )
        stale = make_event(person.state, EventKind.MEND_OUTLINE, "ana", (4,), "4", "cell")
        person.act(EventKind.RELABEL, 1, new="LY")
        with pytest.raises(ValueError, match="does not follow"):
            store.append_outline(stale, an_outline(4, 4), b"png")
        assert (len(store.events()), len(store.outlines())) == (events + 1, 3)
        assert store.verify() == []


def test_a_signed_case_takes_no_outline(case: Path) -> None:
    report = json.dumps({"a": 1}).encode()
    with CaseStore.open(case) as store:
        person = Reviewer(store)
        event = make_event(person.state, EventKind.MEND_OUTLINE, "ana", (4,), "4", "cell")
        for cell in [c.id for c in store.load_cells() if c.abstained]:
            person.act(EventKind.RELABEL, cell, new="LY")
        key = store.freeze(1, report)
        store.sign(make_event(person.state, EventKind.SIGN, "ana", new="reviewed", key=key), 1, report)
        with pytest.raises(UserError):
            store.append_outline(event, an_outline(4, 4), b"png")
        with pytest.raises(UserError):
            store.add_outlines([(an_outline(4, 4), b"png")])
        assert len(store.outlines()) == 3


@pytest.mark.parametrize("column", ["mask = x'00'", "measurements = x'00000000'", "x = 5.0", "cell = 2"])
def test_a_changed_outline_is_found_when_the_case_is_opened(case: Path, column: str) -> None:
    tamper(case, f"UPDATE outlines SET {column} WHERE id = 2")
    with pytest.raises(CaseDamaged):
        CaseStore.open(case)
    assert any("outline" in p.where for p in audit.verify(case, images=False).problems)


@pytest.mark.parametrize(
    "change",
    ["UPDATE outlines SET measurements = x'0000807f'", "UPDATE outlines SET measurements = x'00'",
     "UPDATE outlines SET width = -1.0", "UPDATE outlines SET x = 1e300"],
)  # fmt: skip
def test_nonsense_in_an_outline_is_damage(case: Path, change: str) -> None:
    tamper(case, change)
    with CaseStore.open(case, read_only=True, compare=False) as store, pytest.raises(CaseDamaged):
        store.outlines()


def test_a_case_whose_outline_is_gone_does_not_verify(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where whoever took it out computed the chain anew."""
    with CaseStore.open(case) as store:
        event = make_event(Reviewer(store).state, EventKind.MEND_OUTLINE, "ana", (4,), "9", "cell")
        store.append(event)
    problems = audit.verify(case, images=False).problems
    assert [p.what for p in problems] == ["A mended outline is missing"]


def test_recovery_carries_outlines_and_their_events(case: Path, tmp_path: Path) -> None:
    found = recover(case, tmp_path / "b.bcs", app_version="0")
    assert found.complete
    with CaseStore.open(tmp_path / "b.bcs") as new, CaseStore.open(case) as old:
        assert set(new.outlines()) == set(old.outlines())
        assert new.outline_mask(2) == b"second"
        assert fold(new.load_cells(), new.events()).outlines == {3: 2}
        assert new.verify() == []


def test_recovery_leaves_out_an_outline_that_was_changed_and_says_so(case: Path, tmp_path: Path) -> None:
    tamper(case, "UPDATE outlines SET mask = x'00' WHERE id = 2")
    found = recover(case, tmp_path / "b.bcs", app_version="0")
    assert not found.complete
    assert [str(kind) for kind in found.altered] == ["outline"]
    assert found.lost_events >= 1
    with CaseStore.open(tmp_path / "b.bcs") as new:
        assert set(new.outlines()) == {1, 3}
        assert fold(new.load_cells(), new.events()).outlines.get(3) in (None, 1)
        assert audit.verify(tmp_path / "b.bcs", images=False).problems == []


@pytest.mark.parametrize("version", sorted(BUILDERS))
def test_an_older_case_has_no_outlines_and_takes_them_once_opened_for_writing(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = BUILDERS[version](tmp_path / "old.bcs")
    monkeypatch.setattr(connection, "QUICK_CHECK_BYTES", 0)  # as a large file is checked
    with CaseStore.open(path, read_only=True) as store:
        assert store.outlines() == {}
    with CaseStore.open(path) as store:
        person = Reviewer(store)
        mend(store, person, 0)
        assert person.state.outlines == {0: 1}
    with CaseStore.open(path, read_only=True) as store:
        assert set(store.outlines()) == {1}
        assert store.verify() == []


def test_the_trail_names_the_act_its_cell_and_both_outlines(case: Path) -> None:
    with CaseStore.open(case) as store:
        acts: list[dict[str, Any]] = [row for row in audit.trail(store) if row["act"] == "mend outline"]
    assert [(r["cells"], r["key"], r["old"], r["new"]) for r in acts] == [
        ([3], "cell", [""], "1"), ([3], "nucleus", ["1"], "2"), ([5], "cell", [""], "3"),
    ]  # fmt: skip
