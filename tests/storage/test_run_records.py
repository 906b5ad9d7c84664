"""The record of a run in a case file: written and read back, and refused where it makes no sense."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.counted_fields import CountedField
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.platelet_clumps import ClumpSearch, PlateletClump
from bloodcells_gui.domain.run_messages import LOST, remark
from bloodcells_gui.domain.run_record import (
    AdaptationRecord,
    MapTile,
    PoolParameters,
    QualityMap,
    RunCounts,
    RunRecord,
    ScanProgress,
    TileSet,
)
from bloodcells_gui.domain.zones import GLASS, TOO_THICK
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.serialization import RunEnd, end_from_result, run_result_row
from tests.support.case_tools import SCALE, T0, a_case
from tests.support.records import records
from tests.support.tampering import tamper

RECORD = RunRecord(
    RunCounts(1.25, 0.5, 2140, 31, 118, 8.968, 60, None, 3),
    ScanProgress(
        (TileSet(0, 1024, 140, frozenset({(0, 1), (2, 50)})),),
        (TileSet(0, 1024, 140, frozenset({(0, 1)})),),
        frozenset({4, 2}),
    ),
    (QualityMap(0, 1024, 140, (MapTile(0, 1, 15, True), MapTile(0, 3, 7, False, (GLASS, TOO_THICK)))),),
    AdaptationRecord({"LY": 2.0}, 9, 0.4, leaf_share=0.25),
    (remark(LOST),),
)
PROPAGATION = ("min_similarity", "strength", "damping", "own_share")
POOL = ("adapted", "own", "change", "threshold", "unfamiliar", "specimen_change", "critical")
COLUMNS = ("counts", "progress", "maps", "adaptation", "remarks")


@settings(max_examples=200, deadline=None)
@given(records(st.text(st.characters(codec="utf-8"))))
def test_every_record_comes_back(record: RunRecord) -> None:
    end = RunEnd(RunStatus.COMPLETE, T0, SCALE, record)
    row = run_result_row(7, end)
    assert end_from_result(row) == end
    assert run_result_row(7, end_from_result(row)) == row  # one record is one row: its seal can be repeated


def test_the_columns_are_what_the_engineers_guide_says() -> None:
    row = run_result_row(0, RunEnd(RunStatus.COMPLETE, T0, None, RECORD))
    assert dict(zip(COLUMNS, map(json.loads, row[4:]), strict=True)) == {
        "counts": {
            "searched_mm2": 1.25, "sampled_mm2": 0.5, "red_cells": 2140, "nucleated": 31, "platelets": 118,
            "platelets_per_field": 8.968, "listed_platelets": 60, "fields": 3,
        },
        "progress": {
            "searched": [
                {"image": 0, "tile_px": 1024, "overlap_px": 140, "rows": [[0, "2"], [2, "4000000000000"]]}
            ],
            "sampled": [{"image": 0, "tile_px": 1024, "overlap_px": 140, "rows": [[0, "2"]]}],
            "fields": [2, 4],
        },
        "maps": [{"image": 0, "tile_px": 1024, "overlap_px": 140, "rows": [[0, 1, "03f00065d"]]}],
        "adaptation": {
            "weights": {"LY": 2.0}, "cells": 9, "threshold": 0.4, "uses_view_disagreement": False,
            "last_event": 0, "protects_critical": False, "leaf_share": 0.25, "prior": None,
            "propagation": None, "propagated_cells": 0, "measured_cells": 0,
        },
        "remarks": [{"text": LOST, "params": {}}],
    }  # fmt: skip


def _broken(column: str, change: Any) -> tuple[Any, ...]:
    row = list(run_result_row(0, RunEnd(RunStatus.COMPLETE, T0, None, RECORD)))
    at = 4 + COLUMNS.index(column)
    obj = json.loads(row[at])
    row[at] = json.dumps(change(obj))
    return tuple(row)


def _set(*keys: Any) -> Any:
    """Put the last of `keys` where the others lead."""

    def change(obj: Any) -> Any:
        *way, last, value = keys
        node = obj
        for key in way:
            node = node[key]
        node[last] = value
        return obj

    return change


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("counts", _set("red_cells", -1)), ("counts", _set("red_cells", 0.5)), ("counts", _set("UFO", 1)),
        ("counts", _set("searched_mm2", "much")), ("counts", lambda _: []), ("counts", lambda _: None),
        ("progress", lambda _: {}), ("progress", _set("fields", [-1])), ("progress", _set("more", [])),
        ("progress", _set("searched", 0, "rows", [[0, "g"]])),
        ("progress", _set("searched", 0, "rows", [[0]])),
        ("progress", _set("searched", 0, "rows", [[-1, "1"]])), ("progress", _set("searched", 0, "rows", {})),
        ("progress", _set("searched", 0, "rows", [[0, "f" * 400_000]])),
        ("progress", _set("searched", 0, "rows", [[0, 3]])), ("progress", _set("searched", 0, "image", None)),
        ("progress", _set("searched", 0, "rows", [[0, "-1"]])),
        ("maps", _set(0, "rows", [[0, 1, "03"]])), ("maps", _set(0, "rows", [[0, 1, "03f"], [0, 1, "03f"]])),
        ("maps", _set(0, "rows", [[0, 2**60, "03f"]])), ("maps", _set(0, "tile_px", -5)),
        ("maps", lambda _: None),
        ("adaptation", _set("weights", {"UNICORN": 2.0})), ("adaptation", _set("weights", {"LY": 0})),
        ("adaptation", _set("weights", {})), ("adaptation", _set("threshold", None)),
        ("adaptation", _set("uses_view_disagreement", "yes")), ("adaptation", _set("prior", {"strength": 1})),
        ("adaptation", _set("propagation", dict.fromkeys(PROPAGATION, 2))),
        ("adaptation", lambda _: []), ("adaptation", _set("last_event", -1)),
        ("adaptation", _set("pool", None)), ("adaptation", _set("pool", {})),
        ("adaptation", _set("pool", dict.fromkeys(POOL, 1.0))),
        ("adaptation", _set("pool", {**dict.fromkeys(POOL, 0.5), "own": -0.1})),
        ("adaptation", _set("pool", {**dict.fromkeys(POOL, 0.5), "specimen_change": 2})),
        ("remarks", _set(0, "text", "{0}")), ("remarks", _set(0, "text", "{a.__class__}")),
        ("remarks", _set(0, "params", {"n": "1"})), ("remarks", _set(0, "params", {"n": 1})),
        ("remarks", _set(0, "text", None)), ("remarks", lambda _: {}), ("remarks", lambda _: [[]]),
    ],
)  # fmt: skip
def test_what_this_program_does_not_write_is_refused(column: str, change: Any) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        end_from_result(_broken(column, change))


def test_a_pool_in_range_is_read_and_a_run_without_one_has_none() -> None:
    row = _broken("adaptation", _set("pool", dict.fromkeys(POOL, 0.5)))
    adaptation = end_from_result(row).record.adaptation
    assert adaptation is not None
    assert adaptation.pool == PoolParameters(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
    first = {name: 0.5 for name in POOL if name != "critical"}
    row = _broken("adaptation", _set("pool", first))
    adaptation = end_from_result(row).record.adaptation
    assert adaptation is not None
    assert adaptation.pool == PoolParameters(0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
    plain = end_from_result(run_result_row(0, RunEnd(RunStatus.COMPLETE, T0, None, RECORD)))
    assert plain.record.adaptation is not None
    assert plain.record.adaptation.pool is None


def test_nonsense_in_a_file_is_damage_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        store.finish_run(0, RunStatus.COMPLETE, T0, record=RECORD)
        assert store.runs[0].record == RECORD
        assert store.verify() == []
    with CaseStore.open(path, read_only=True) as store:
        assert store.runs[0].record == RECORD
    tamper(path, "UPDATE run_results SET progress = '[]'")
    with pytest.raises(UserError, match="damaged"):
        CaseStore.open(path, read_only=True)


def test_a_run_ends_once_whichever_table_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        store.finish_run(0, RunStatus.COMPLETE, T0, record=RECORD)
    tamper(path, f"INSERT INTO run_ends VALUES (0, 'complete', '{T0}', '{{}}', '', 'null')")
    with pytest.raises(UserError, match="damaged"):
        CaseStore.open(path, read_only=True)


BY_FIELD = replace(
    RECORD,
    counted=(
        CountedField(0, (0, 1024, 1024, 1000), 0.125, 700, 3, 41),
        CountedField(2, (0, 0, 9, 9), 0.5, 9, 0, 0),
    ),
    clumps=(
        ClumpSearch(0, 2.5, 0.25, 7, (PlateletClump((5, 6, 70, 80), 180.5, True),)),
        ClumpSearch(2, 0.5, 0.0),
    ),
)


SEARCH = {"image": 0, "searched_mm2": 1, "edge_mm2": 1, "found": 1, "places": [[1, 1, 2, 2, 9.0, True]]}


def test_counts_by_field_and_clumps_come_back_and_leave_no_trace_where_there_are_none() -> None:
    end = RunEnd(RunStatus.COMPLETE, T0, SCALE, BY_FIELD)
    row = run_result_row(7, end)
    assert end_from_result(row) == end
    assert json.loads(row[4])["by_field"][0] == [0, 0, 1024, 1024, 1000, 0.125, 700, 3, 41]
    plain = run_result_row(7, RunEnd(RunStatus.COMPLETE, T0, SCALE, RECORD))
    assert not {"by_field", "clumps"} & set(json.loads(plain[4]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("by_field", [[0, 0, 0, 9, 9, 0.1, 1, 1]]), ("by_field", [[0, 0, 0, 0, 9, 0.1, 1, 1, 1]]),
        ("by_field", [[0, -1, 0, 9, 9, 0.1, 1, 1, 1]]), ("by_field", [[0, 0, 0, 9, 9, "x", 1, 1, 1]]),
        ("by_field", [[0, 0, 0, 9, 9, 0.1, 1.5, 1, 1]]), ("by_field", {}), ("by_field", [None]),
        ("clumps", [{}]), ("clumps", 3),
        ("clumps", [SEARCH | {"found": 0}]), ("clumps", [SEARCH | {"searched_mm2": -1}]),
    ],
)  # fmt: skip
def test_broken_counts_by_field_are_refused(name: str, value: Any) -> None:
    row = list(run_result_row(0, RunEnd(RunStatus.COMPLETE, T0, None, BY_FIELD)))
    row[4] = json.dumps(json.loads(row[4]) | {name: value})
    with pytest.raises((ValueError, TypeError)):
        end_from_result(tuple(row))
