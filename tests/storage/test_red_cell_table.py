"""Examinations of red cells: written field by field, sealed, recovered, and refused where they lie."""

from __future__ import annotations

import json
import shutil
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.examination import MOST_IN_FIELD
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CODES
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import fold, make_event
from bloodcells_gui.storage import audit, connection, red_cell_rows
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged
from bloodcells_gui.storage.recover import recover
from tests.support.case_tools import T0, Reviewer, a_case
from tests.support.old_versions import BUILDERS
from tests.support.red_cell_case import examined, findings, some_fields, square
from tests.support.tampering import tamper

R = FIRST_RED_CELL_ID


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "a.bcs"
    with a_case(path) as store:
        examined(store)
        person = Reviewer(store)
        person.act(EventKind.NAME_RED_CELLS, R, R + 50, new="TARGET")
        person.act(EventKind.NAME_RED_CELLS, R + 100, new=NOT_COUNTED)
        person.act(EventKind.UNDO)
        person.act(EventKind.RELABEL, 3, new="LY")
    return path


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "a.bcs"))


def test_cells_come_back_as_they_were_found(case: Path) -> None:
    given = some_fields()
    with CaseStore.open(case) as store:
        (run,) = store.examinations()
        assert (run.number, run.status, run.bundle[:12]) == (1, RunStatus.COMPLETE, "red-cells-1 ")
        assert (run.parameters, run.scale is not None and run.scale.mpp) == ({"cells": "1000"}, 0.1)
        fields, cells = store.examined_fields(), store.red_cells(1)
        assert [(f.id, f.place, f.first - R, f.count, f.cut) for f in fields] == [
            (i + 1, given[i].place, 48 * i, 48, 3) for i in range(3)
        ]
        assert cells.ids.tolist() == list(range(R, R + 144))
        assert cells.images.tolist() == [0] * 48 + [1] * 48 + [2] * 48
        assert cells.fields.tolist() == [1] * 48 + [2] * 48 + [3] * 48
        for name in ("boxes", "measures", "doubtful", "parted"):
            wanted = np.concatenate([getattr(f.cells, name) for f in given])
            np.testing.assert_array_equal(getattr(cells, name), wanted)
        for name in ("probabilities", "doubt"):
            wanted = np.concatenate([getattr(f.cells, name) for f in given])
            np.testing.assert_allclose(getattr(cells, name), wanted, atol=5e-4)
        assert cells.predicted()[:48] == ["NORM"] * 40 + ["SPHERO"] * 8
        assert store.field_picture(2) == given[1].picture
        for one, box in zip(store.field_contours(3), given[2].cells.boxes, strict=True):
            np.testing.assert_array_equal(one, square(box))
        assert store.verify() == []
        with pytest.raises(KeyError):
            store.field_picture(4)
        with pytest.raises(KeyError):
            store.field_contours(4)
        assert len(store.red_cells(2)) == 0


def test_a_contour_is_kept_to_an_eighth_of_a_px(tmp_path: Path) -> None:
    found = findings(["NORM"])
    wanted = found.contours[0] + np.float32(0.3)
    shifted = type(found)(found.place, found.cells, [wanted], found.picture)
    with a_case(tmp_path / "a.bcs") as store:
        examined(store, [shifted])
        np.testing.assert_allclose(store.field_contours(1)[0], wanted, atol=1 / 16)


def test_a_field_is_kept_once_and_whole_or_not_at_all(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs") as store:
        run = store.start_examination(T0, app_version="0.1", bundle="m ab")
        found = findings(["NORM", "TEAR"])
        stored, cells = store.add_examined_field(run.number, found)
        assert (stored.first, cells.ids.tolist()) == (R, [R, R + 1])
        with pytest.raises(ValueError, match="already"):
            store.add_examined_field(run.number, found)
        with pytest.raises(ValueError):
            store.add_examined_field(7, findings(["NORM"], x=1000))  # no such examination
        torn = type(found)(findings(["NORM"], x=2000).place, found.cells, found.contours[:1], found.picture)
        with pytest.raises(ValueError, match="contours"):
            store.add_examined_field(run.number, torn)
        many = findings(["NORM"] * 2, x=3000)
        big = many.cells.take(np.zeros(MOST_IN_FIELD + 1, np.intp))
        contours = [many.contours[0]] * len(big)
        with pytest.raises(ValueError):
            store.add_examined_field(run.number, type(found)(many.place, big, contours, b""))
        assert [f.id for f in store.examined_fields()] == [1]
        assert store.examinations()[0].status is RunStatus.RUNNING
        with pytest.raises(ValueError):
            store.stop_examination(run.number, RunStatus.RUNNING, T0)
        store.stop_examination(run.number, RunStatus.CANCELLED, T0)
        store.stop_examination(run.number, RunStatus.COMPLETE, T0)
        assert store.examinations()[0].status is RunStatus.COMPLETE
        assert store.verify() == []


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -1.0, 1e12])
def test_findings_that_make_no_sense_are_not_written(tmp_path: Path, nonsense: float) -> None:
    found = findings(["NORM"] * 3)
    found.cells.boxes[1, 2] = nonsense
    with a_case(tmp_path / "a.bcs") as store:
        run = store.start_examination(T0, app_version="0.1", bundle="m ab")
        with pytest.raises(ValueError):
            store.add_examined_field(run.number, found)
        assert store.examined_fields() == []


def test_a_signed_case_takes_no_red_cells_and_no_names(case: Path) -> None:
    report = json.dumps({"a": 1}).encode()
    with CaseStore.open(case) as store:
        person = Reviewer(store)
        for cell in [c.id for c in store.load_cells() if c.abstained]:
            person.act(EventKind.RELABEL, cell, new="LY")
        key = store.freeze(1, report)
        signed = make_event(person.state, EventKind.SIGN, "ana", new="reviewed", key=key)
        person.state.apply(store.sign(signed, 1, report))
        for act in (
            lambda: store.start_examination(T0, app_version="0.1", bundle="m ab"),
            lambda: store.add_examined_field(1, findings(["NORM"], x=9000)),
            lambda: store.stop_examination(1, RunStatus.CANCELLED, T0),
        ):
            with pytest.raises(UserError):
                act()
        with pytest.raises(ValueError, match="signed"):
            make_event(person.state, EventKind.NAME_RED_CELLS, "ana", (R,), "NORM")
        assert len(store.examined_fields()) == 3


@pytest.mark.parametrize(
    "change",
    ["UPDATE red_cell_runs SET bundle = 'x'", "UPDATE red_cell_run_ends SET status = 'cancelled'",
     "DELETE FROM red_cell_run_ends"],
)  # fmt: skip
def test_a_changed_examination_is_found_when_the_case_is_opened(case: Path, change: str) -> None:
    tamper(case, change)
    with pytest.raises(CaseDamaged):
        CaseStore.open(case)


@pytest.mark.parametrize(
    "change",
    ["UPDATE red_cell_fields SET picture = x'00' WHERE id = 2", "DELETE FROM red_cell_fields WHERE id = 3",
     "UPDATE red_cell_fields SET x = 1 WHERE id = 1"],
)  # fmt: skip
def test_a_changed_field_is_found_by_the_seals(case: Path, change: str) -> None:
    tamper(case, change)
    with CaseStore.open(case, read_only=True) as store, pytest.raises(CaseDamaged):
        store.check_seals(lambda: None)
    assert any("field" in p.where for p in audit.verify(case, images=False).problems)


def _bomb() -> str:
    return zlib.compress(bytes(60_000_000)).hex()


def read_all(store: CaseStore) -> None:
    for run in {f.run for f in store.examined_fields()}:
        store.red_cells(run)
    for stored in store.examined_fields():
        store.field_contours(stored.id)


@pytest.mark.parametrize(
    "change",
    ["SET count = count + 1", "SET count = -1", "SET count = 30000", "SET first = 5", "SET first = first - 1",
     "SET width = 0", "SET height = 4000000000", "SET x = -1", "SET mpp = 0.0", "SET mpp = 1e300",
     "SET mpp = 5e-324",
     "SET cut = -3", "SET run = 9", "SET cells = x''", "SET cells = x'00ff'",
     "SET cells = substr(cells, 1, 40)", "SET cells = CAST(cells || x'00' AS BLOB)",
     "SET contours = x'00'", "BOMB"],
)  # fmt: skip
def test_nonsense_in_a_field_is_damage_and_bounded(case: Path, change: str) -> None:
    sql = f"SET cells = x'{_bomb()}'" if change == "BOMB" else change
    tamper(case, "PRAGMA foreign_keys = OFF", f"UPDATE red_cell_fields {sql} WHERE id = 2", reseal=True)
    with CaseStore.open(case, read_only=True, compare=False) as store, pytest.raises(CaseDamaged):
        read_all(store)
    assert audit.verify(case, images=False).problems


@pytest.mark.parametrize("codes", [["NORM", "NORM"], ["NORM", "WORM"], [], "NORM", [["NORM"]]])
def test_unknown_columns_are_damage(case: Path, codes: object) -> None:
    tamper(case, f"UPDATE red_cell_runs SET classes = '{json.dumps(codes)}'")
    with CaseStore.open(case, read_only=True, compare=False) as store, pytest.raises(CaseDamaged):
        store.examinations()


@pytest.mark.parametrize(
    ("column", "value"),
    [("boxes", np.nan), ("measures", np.inf), ("probabilities", -0.5), ("probabilities", np.nan),
     ("probabilities", 2.0), ("doubt", np.inf)],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_damage(case: Path, column: str, value: float) -> None:
    found = some_fields()[1].cells
    getattr(found, column)[0] = value
    data = [found.boxes.astype("<f4"), found.measures.astype("<f4"), found.probabilities.astype("<f2"),
            found.doubt.astype("<f2"), np.zeros(48, np.uint8)]  # fmt: skip
    blob = zlib.compress(b"".join(part.tobytes() for part in data)).hex()
    tamper(case, f"UPDATE red_cell_fields SET cells = x'{blob}' WHERE id = 2")
    with CaseStore.open(case, read_only=True, compare=False) as store, pytest.raises(CaseDamaged):
        store.red_cells(1)


def test_columns_of_an_earlier_model_stand_where_todays_do(case: Path) -> None:
    """A model that knew fewer classes and measured less: 0 and NaN stand in for what it did not say."""
    found = some_fields()[0]
    few = red_cell_rows.Columns(("SPHERO", "NORM"), ("pallor", "diameter_um"))
    which = [RED_CELL_CODES.index(code) for code in few.classes]
    data = [found.cells.boxes.astype("<f4"), np.tile(np.float32([0.5, 7.0]), (48, 1)),
            found.cells.probabilities[:, which].astype("<f2"), found.cells.doubt.astype("<f2"),
            np.zeros(48, np.uint8)]  # fmt: skip
    blob = zlib.compress(b"".join(part.tobytes() for part in data)).hex()
    tamper(
        case,
        'UPDATE red_cell_runs SET classes = \'["SPHERO","NORM"]\', measures = \'["pallor","diameter_um"]\'',
        f"UPDATE red_cell_fields SET cells = x'{blob}'",
    )
    with CaseStore.open(case, read_only=True, compare=False) as store:
        cells = store.red_cells(1)
    assert cells.predicted()[:48] == ["NORM"] * 40 + ["SPHERO"] * 8
    assert cells.measure("pallor")[0] == 0.5
    assert cells.measure("diameter_um")[0] == 7.0
    assert np.isnan(cells.measure("density")).all()


def test_a_name_of_a_red_cell_that_is_nowhere_does_not_verify(case: Path) -> None:
    with CaseStore.open(case) as store:
        store.append(make_event(Reviewer(store).state, EventKind.NAME_RED_CELLS, "ana", (R + 144,), "TEAR"))
    problems = audit.verify(case, images=False).problems
    assert [p.what for p in problems] == ["A red cell that was named is missing"]


def test_recovery_carries_examinations_and_names(case: Path, tmp_path: Path) -> None:
    found = recover(case, tmp_path / "b.bcs", app_version="0")
    assert found.complete
    with CaseStore.open(tmp_path / "b.bcs") as new, CaseStore.open(case) as old:
        assert new.examinations() == old.examinations()
        assert new.examined_fields() == old.examined_fields()
        np.testing.assert_array_equal(new.red_cells(1).probabilities, old.red_cells(1).probabilities)
        assert fold(new.load_cells(), new.events()).red_cells == {R: "TARGET", R + 50: "TARGET"}
        assert new.verify() == []
    assert audit.verify(tmp_path / "b.bcs", images=False).problems == []


def test_recovery_leaves_out_a_changed_field_and_its_names_and_says_so(case: Path, tmp_path: Path) -> None:
    tamper(case, "UPDATE red_cell_fields SET picture = x'00' WHERE id = 2")
    found = recover(case, tmp_path / "b.bcs", app_version="0")
    assert not found.complete
    assert [str(kind) for kind in found.altered] == ["red cell field"]
    with CaseStore.open(tmp_path / "b.bcs") as new:
        assert [f.id for f in new.examined_fields()] == [1, 3]
        assert new.examinations()[0].status is RunStatus.CANCELLED  # it lacks a field
        assert fold(new.load_cells(), new.events()).red_cells == {R: "TARGET"}
        stored, _ = new.add_examined_field(1, some_fields()[1])  # and can be gone on with
        assert stored.first == R + 144
    assert audit.verify(tmp_path / "b.bcs", images=False).problems == []


@pytest.mark.parametrize("version", sorted(BUILDERS))
def test_an_older_case_has_no_red_cells_and_takes_them_once_opened_for_writing(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = BUILDERS[version](tmp_path / "old.bcs")
    monkeypatch.setattr(connection, "QUICK_CHECK_BYTES", 0)  # as a large file is checked
    with CaseStore.open(path, read_only=True) as store:
        assert (store.examinations(), store.examined_fields(), len(store.red_cells(1))) == ([], [], 0)
    with CaseStore.open(path) as store:
        examined(store)
    with CaseStore.open(path, read_only=True) as store:
        assert len(store.red_cells(1)) == 144
        assert store.verify() == []


def test_the_trail_names_the_act_and_the_red_cells(case: Path) -> None:
    with CaseStore.open(case) as store:
        acts = [row for row in audit.trail(store) if row["act"]]
    assert [(r["act"], r["cells"], r["old"], r["new"]) for r in acts] == [
        ("name red cells", [R, R + 50], ["", ""], "TARGET"), ("name red cells", [R + 100], [""], "-"),
        ("undo", [R + 100], ["-"], ""), ("relabel", [3], acts[3]["old"], "LY"),
    ]  # fmt: skip


def test_a_hundred_thousand_cells_are_read_in_a_second(tmp_path: Path) -> None:
    some = findings(["NORM", "TEAR"] * 50)
    big = some.cells.take(np.arange(1000) % 100)
    contours = [some.contours[i % 100] for i in range(1000)]
    with a_case(tmp_path / "a.bcs") as store:
        run = store.start_examination(T0, app_version="0.1", bundle="m ab")
        for i in range(100):
            place = findings([], x=1000 * i).place
            store.add_examined_field(run.number, type(some)(place, big, contours, some.picture))
        began = time.perf_counter()
        cells = store.red_cells(run.number)
        took = time.perf_counter() - began
    assert (len(cells), len(set(cells.ids.tolist()))) == (100_000, 100_000)
    assert took < 1.0
