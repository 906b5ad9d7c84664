"""Records as named numbers and one English text: what formats 1 to 3 and the JSON of reports hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodcells_gui.domain.flat_record import (
    notice_of,
    record_from_flat,
    remarks_in,
    reported_record,
    tallies_of,
)
from bloodcells_gui.domain.run_messages import (
    CONTRADICTION,
    FOREIGN,
    LOST,
    NOT_REACHED,
    VERBATIM,
    names_in,
    remark,
    templates,
)
from bloodcells_gui.domain.run_record import RunCounts, RunRecord, ScanProgress, TileSet
from bloodcells_gui.domain.scale_messages import SCALE_OF_THE_PATIENT, SCALE_OUTLIERS
from tests.support.records import records

# Names that a remark of an earlier version could quote: nothing of it can be taken for another sentence.
NAMES = st.text("abcXYZ019_-é.", min_size=1).map(lambda text: f"{text}.tif")


@settings(max_examples=200, deadline=None)
@given(records(NAMES))
def test_every_record_comes_back_from_the_flat_form(record: RunRecord) -> None:
    kept = [r for r in record.remarks if r.text != VERBATIM]
    if len(kept) < len(record.remarks):
        kept.append(remark(VERBATIM, notice="Something of another version."))
    wanted = replace(record, remarks=tuple(kept))
    found = record_from_flat(tallies_of(wanted), notice_of(wanted.remarks))
    by_grid = lambda sets: {s.grid: s for s in sets}  # noqa: E731 - the order of grids says nothing
    assert by_grid(found.progress.searched) == by_grid(wanted.progress.searched)
    assert by_grid(found.progress.sampled) == by_grid(wanted.progress.sampled)
    assert found.progress.fields == wanted.progress.fields
    assert by_grid(found.maps) == by_grid(wanted.maps)
    assert (found.counts, found.adaptation) == (wanted.counts, wanted.adaptation)
    assert found.remarks == wanted.remarks


def test_the_names_are_those_of_the_earlier_versions() -> None:
    record = RunRecord(
        RunCounts(1.25, 0.5, 2140, 31, 118, 8.968, 60, 7, 3),
        ScanProgress((TileSet(0, 1024, 140, frozenset({(0, 1), (2, 50)})),), fields=frozenset({4})),
    )
    assert tallies_of(record) == {
        "scanned_mm2": 1.25, "sampled_mm2": 0.5, "RBC": 2140.0, "WBC": 31.0, "PLT": 118.0,
        "PLT_per_field": 8.968, "PLT_listed": 60.0, "PLT_unlisted": 7.0, "fields": 3.0,
        "done/0/1024x140/0/0": 2.0, "done/0/1024x140/2/1": 4.0, "field/4": 1.0,
    }  # fmt: skip
    assert tallies_of(RunRecord()) == {}


@pytest.mark.parametrize(
    "tallies",
    [
        {"RBC": -1.0}, {"RBC": 0.5}, {"RBC": 1e300}, {"scanned_mm2": float("inf")}, {"UFO": 1.0},
        {"done/0/1024x140/0/0": -1.0}, {"done/0/1024x140/0/0": 2.0**48}, {"done/0/1024x140/0": 1.0},
        {"map/0/1024x140/0/0": 0.5}, {"map/0/1024x140/99999999/0": 3.0}, {"field/x": 1.0},
    ],
)  # fmt: skip
def test_what_no_version_wrote_is_refused(tallies: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"."):
        record_from_flat(tallies, "")


def test_an_adaptation_that_is_not_whole_is_none_and_the_first_ones_had_no_share_of_the_leaf() -> None:
    first = {
        "mix/weight/LY": 2.0,
        "mix/cells": 9.0,
        "mix/threshold": 0.4,
        "mix/views": 1.0,
        "mix/events": 3.0,
    }
    adaptation = record_from_flat(first, "").adaptation
    assert adaptation is not None
    assert (adaptation.cells, adaptation.uses_view_disagreement, adaptation.last_event) == (9, True, 3)
    assert (adaptation.protects_critical, adaptation.leaf_share, adaptation.prior) == (False, 0.25, None)
    for change in ({"mix/near": 0.5}, {"mix/cells": 1e300}, {"mix/threshold": None}, {"mix/strength": 1.0}):
        assert record_from_flat({**first, **change}, "").adaptation is None


def test_every_sentence_of_an_earlier_version_is_known_again() -> None:
    remarks = tuple(
        remark(
            template,
            **{
                n: "a.tif" if n == "text" else "0.27" if n.startswith("n_") else 3 for n in names_in(template)
            },
        )
        for template in templates()
    )
    assert remarks_in(notice_of(remarks)) == remarks
    assert remarks_in(" ") == ()


def test_one_sentence_may_stand_twice_and_other_words_between() -> None:
    wide, wider = remark(SCALE_OF_THE_PATIENT, n_um="8.4"), remark(SCALE_OF_THE_PATIENT, n_um="8.9")
    words = remark(VERBATIM, notice="The lamp flickered.")
    said = (remark(NOT_REACHED, found=3, target=100), wide, words, wider, remark(FOREIGN))
    assert remarks_in(notice_of(said)) == said


def test_a_quoted_name_does_not_hide_a_sentence() -> None:
    quoted = remark(SCALE_OUTLIERS, count=1, text=CONTRADICTION)
    assert remarks_in(notice_of([quoted, remark(LOST)])) == (quoted, remark(LOST))


def test_of_a_report_tiles_and_maps_are_left_out() -> None:
    numbers = {"RBC": 5.0, "done/0/1024x140/0/0": 281474976700000.0, "field/1": 1.0, "map/0/9x1/0/0": 0.5}
    assert reported_record(numbers.items(), LOST) == RunRecord(
        RunCounts(red_cells=5), remarks=(remark(LOST),)
    )
