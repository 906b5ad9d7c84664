"""What to expect, which cells to name first, what became of it: arithmetic."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.site_advice import (
    ADVICE,
    BLANK_LEVEL,
    BLANK_TINT,
    BLURRED,
    CELL_DIAMETER,
    NUCLEUS_DENSITY,
    SCALE_SPREAD,
    UNLIKE,
    advice_on,
)
from bloodcells_gui.domain.site_check import (
    ABOVE,
    AS_EXPECTED,
    BELOW,
    DRAWN,
    DRAWN_CELLS,
    FIRST_CELLS,
    SUSPICIOUS,
    TELLING,
    UNKNOWN,
    Judged,
    Reading,
    first_cells,
    five_part,
    found_in,
    kind_of,
    verdict,
)
from bloodcells_gui.domain.site_expectation import Answers, Limits, Line, expectation_from
from bloodcells_gui.domain.specimen import ScaleSource
from bloodcells_gui.domain.taxonomy import NUCLEATED
from tests.support.fakes import make_cells
from tests.support.site_cases import SHA, TOLD

ANSWERS = Answers(200, 0.8, 0.97, 0.95, 0.9, 0.93, 0.1)
LEFT = ((30, -0.3, 0.2), (75, -0.2, 0.1), (150, -0.1, 0.05))


def test_a_line_through_the_reading_itself_expects_the_reading() -> None:
    expected = Line(0.0, {"confidence": 1.0}, LEFT).at(ANSWERS)
    assert expected == pytest.approx((0.95, 0.85, 1.0))
    assert Line(0.0, {"named": 1.0}, LEFT).at(ANSWERS) == pytest.approx((0.8, 0.7, 0.85))


def test_a_line_adds_on_the_scale_of_log_odds() -> None:
    expected = Line(-1.0, {"named": 2.0, "change": 10.0}, LEFT).at(ANSWERS)
    assert expected is not None
    assert expected.value == pytest.approx(1 / (1 + math.exp(-(2 * math.log(4)))))


@pytest.mark.parametrize(("cells", "width"), [(29, None), (30, 0.5), (74, 0.5), (75, 0.3), (150, 0.15)])
def test_fewer_cells_have_wider_limits_and_too_few_none(cells: int, width: float | None) -> None:
    answers = Answers(cells, 0.5, 0.9, 0.9, 0.9, 0.9, 0.1)
    expected = Line(0.0, {"named": 1.0}, LEFT).at(answers)
    assert (None if expected is None else pytest.approx(expected.high - expected.low)) == width


def test_nothing_is_expected_where_no_cell_is_named() -> None:
    assert (
        Line(0.0, {"confidence": 1.0}, LEFT).at(Answers(200, 0.0, math.nan, math.nan, 0.4, 0.9, 0.3)) is None
    )


def test_an_expectation_is_read_from_its_json() -> None:
    known = expectation_from(TOLD)
    assert known.bundle_sha256 == SHA
    assert known.right.left[-1] == (150, -0.1, 0.03)
    assert known.familiar["blank_level"] == (170.0, 250.0)
    assert known.validation.within["right"] == 0.91


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2), (("level",), None), (("level",), True), (("level",), "0.95"), (("named",), []),
        (("named", "weights"), {"luck": 1.0}), (("named", "intercept"), math.nan), (("named", "left"), "no"),
        (("named", "left"), [[150, -0.1, 0.1], [30, -0.2, 0.1]]), (("named", "left"), [[30, 0.2, 0.1]]),
        (("named", "left"), [[30, 0.2]]), (("familiar", "blank_level"), [1.0]), (("validation", "within"), 1),
    ],
)  # fmt: skip
def test_what_is_no_expectation_is_refused(path: tuple[str, ...], value: Any) -> None:
    told: Any = copy.deepcopy(TOLD)
    part = told
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    with pytest.raises(ValueError):
        expectation_from(told)


@pytest.mark.parametrize("missing", ["named", "bundle_sha256", "validation"])
def test_an_expectation_lacks_nothing(missing: str) -> None:
    with pytest.raises(ValueError):
        expectation_from({k: v for k, v in TOLD.items() if k != missing})
    with pytest.raises(ValueError):
        expectation_from([TOLD])


# ---- which cells


def _order(cells: list[Cell]) -> list[int]:
    return [c.id for c in cells][::-1]


def test_half_of_the_cells_to_name_first_is_drawn_and_half_teaches() -> None:
    cells = make_cells(500)
    first = first_cells(cells, {}, _order(cells))
    assert len(first) == len({f.id for f in first}) == FIRST_CELLS
    nucleated = [i for i in _order(cells) if cells[i - 1].predicted in NUCLEATED]
    assert [f.id for f in first if f.why == DRAWN] == nucleated[:DRAWN_CELLS]
    assert all(cells[f.id - 1].predicted in NUCLEATED for f in first)


def test_the_telling_are_the_most_uncertain_of_every_kind() -> None:
    cells = make_cells(500)
    first = first_cells(cells, {}, _order(cells))
    drawn = {f.id for f in first if f.why == DRAWN}
    telling = [cells[f.id - 1] for f in first if f.why == TELLING]
    of_kind: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.predicted in NUCLEATED and cell.id not in drawn:
            of_kind.setdefault(kind_of(cell.predicted), []).append(cell)
    assert {kind_of(c.predicted) for c in telling} == set(of_kind)
    for kind, group in of_kind.items():
        mine = [c for c in telling if kind_of(c.predicted) == kind]
        best = sorted(group, key=lambda c: (-c.uncertainty, c.id))[: len(mine)]
        assert [c.id for c in mine] == [c.id for c in best]


def test_suspicious_cells_come_first_of_their_kind() -> None:
    cells = make_cells(500)
    order = _order(cells)
    drawn = {f.id for f in first_cells(cells, {}, order) if f.why == DRAWN}
    certain = [c.id for c in cells if c.predicted == "LY" and c.id not in drawn and c.uncertainty < 0.01][:2]
    assert len(certain) == 2
    first = first_cells(cells, {}, order, frozenset(certain))
    assert {f.id for f in first if f.why == SUSPICIOUS} == set(certain)


def test_of_cells_that_show_the_same_one_is_enough() -> None:
    cells = make_cells(500)
    order = _order(cells)
    plain = [f.id for f in first_cells(cells, {}, order) if f.why == TELLING]
    same = {i: [j for j in plain if j != i] for i in plain}
    told = [f.id for f in first_cells(cells, same, order) if f.why == TELLING]
    assert len(set(told) & set(plain)) == 1
    assert len(told) == FIRST_CELLS - DRAWN_CELLS


def test_few_cells_are_all_named_first() -> None:
    cells = make_cells(40)
    nucleated = sum(c.predicted in NUCLEATED for c in cells)
    assert len(first_cells(cells, {}, _order(cells))) == nucleated


# ---- what became of it


def test_five_parts_are_counted_and_others_apart() -> None:
    assert five_part("BNE") == five_part("SNE") != five_part("LY")
    assert five_part("BL") == five_part("MY") == five_part("") == five_part("SMU") == five_part("XX") == ""
    judged = [
        Judged("SNE", "BNE"), Judged("LY", "LY"), Judged("MO", "LY"), Judged("", "EO"), Judged("MO", "BL"),
    ]  # fmt: skip
    found = found_in(judged, all_cells=False)
    assert (found.cells, found.named, found.right, found.others) == (4, 3, 2, 1)
    assert found.right_limits.value == pytest.approx(2 / 3)
    assert found.right_limits.low == pytest.approx(0.0943, abs=1e-4)
    assert found.named_limits.value == 0.75
    nothing = found_in([], all_cells=True)
    assert math.isnan(nothing.right_limits.value)


def test_a_verdict_needs_limits_without_a_common_value() -> None:
    expected = Limits(0.95, 0.85, 0.98)
    assert verdict(expected, Limits(0.8, 0.7, 0.86)) == AS_EXPECTED
    assert verdict(expected, Limits(0.7, 0.6, 0.84)) == BELOW
    assert verdict(Limits(0.6, 0.5, 0.7), Limits(0.9, 0.8, 0.95)) == ABOVE
    assert verdict(None, Limits(0.9, 0.8, 0.95)) == UNKNOWN
    assert verdict(expected, Limits(math.nan, 0, 1)) == UNKNOWN


# ---- advice


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (Reading(BLANK_LEVEL, 100, (170, 250)), "dark"), (Reading(BLANK_LEVEL, 254, (170, 250)), "bright"),
        (Reading(BLANK_TINT, 2.0, (1, 1.6)), "tinted"), (Reading(NUCLEUS_DENSITY, 0.05, (0.1, 0.5)), "pale"),
        (Reading(NUCLEUS_DENSITY, 0.6, (0.1, 0.5)), "dense"),
        (Reading(CELL_DIAMETER, 9, (10, 16)), "cells small"),
        (Reading(CELL_DIAMETER, 17, (10, 16)), "cells large"), (Reading(BLURRED, 0.2), "blurred"),
        (Reading(UNLIKE, 0.2), "unlike"), (Reading(SCALE_SPREAD, 0.2), "scale unsure"),
    ],
)  # fmt: skip
def test_an_odd_reading_calls_for_advice(reading: Reading, code: str) -> None:
    assert advice_on((reading,), ScaleSource.METADATA) == (code,)


@pytest.mark.parametrize(
    "reading",
    [
        Reading(BLANK_LEVEL, 200, (170, 250)), Reading(BLANK_LEVEL, 10), Reading(BLANK_TINT, 0.5, (1, 1.6)),
        Reading(BLANK_LEVEL, math.nan, (170, 250)), Reading(BLURRED, 0.1),
    ],
)  # fmt: skip
def test_a_familiar_or_unjudged_reading_calls_for_none(reading: Reading) -> None:
    assert advice_on((reading,), ScaleSource.METADATA) == ()


def test_a_scale_that_is_a_guess_or_contradicted_is_said_once() -> None:
    unsure = (Reading(SCALE_SPREAD, 0.2),)
    assert advice_on(unsure, ScaleSource.PRIOR) == advice_on(unsure, ScaleSource.UNKNOWN) == ("no scale",)
    assert advice_on(unsure, ScaleSource.CONTRADICTED) == ("scale contradicted",)
    assert advice_on((), ScaleSource.RED_CELLS) == ()
    assert set(advice_on(unsure, "")) <= set(ADVICE)
