"""What a film says of its platelets: by two methods, with limits, or why not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bloodcells_gui.domain.counted_fields import CountedField
from bloodcells_gui.domain.grading import DEFAULT_GRADING
from bloodcells_gui.domain.numeration import numeration_by_field, numeration_lines
from bloodcells_gui.domain.platelet_clumps import ClumpSearch, PlateletClump
from bloodcells_gui.domain.platelet_report import (
    AREA_METHOD,
    CLUMPS_LOWER,
    FIELDS_METHOD,
    NO_FIELDS,
    OIL_FIELD_MM2,
    PSEUDO,
    RED_CELL_METHOD,
    TOO_FEW_FIELDS,
    TOO_SMALL,
    ClumpFigures,
    PlateletEstimate,
    PlateletReport,
    agreement,
    clump_figures,
    density_of,
    estimates_of,
    giant_share,
    used_fields,
    why_no_figure,
)
from bloodcells_gui.domain.platelet_words import clumps_text, lines_of

GIANTS = next(i for i in DEFAULT_GRADING if i.id == "giant-platelets")


def some_fields(n: int = 6, platelets: int = 40, area: float = 0.1, red: int = 500) -> list[CountedField]:
    return [CountedField(i, (0, 0, 9, 9), area, red, 2, platelets + i) for i in range(n)]


def test_both_methods_name_their_factor_and_have_limits() -> None:
    fields = some_fields()
    area, red = estimates_of(fields, 15.0, 4.5)
    density = 255 / 0.6
    assert (area.method, area.factor) == (AREA_METHOD, 15.0)
    assert area.value == pytest.approx(density * OIL_FIELD_MM2 * 15)
    assert (red.method, red.factor) == (RED_CELL_METHOD, 4.5)
    assert red.value == pytest.approx(255 / 3000 * 4500)
    for estimate in (area, red):
        assert estimate.low < estimate.value < estimate.high


def test_what_a_person_counted_takes_the_place_of_the_area() -> None:
    counted, red = estimates_of(some_fields(), 20.0, 4.5, 14.0)
    assert (counted.method, counted.value) == (FIELDS_METHOD, 280.0)
    assert math.isnan(counted.low)
    assert red.method == RED_CELL_METHOD


def test_no_figure_under_the_least_area_or_number_of_fields_and_why() -> None:
    assert why_no_figure([])[0] == NO_FIELDS
    assert why_no_figure(some_fields(2, area=0.4))[0] == TOO_FEW_FIELDS
    assert why_no_figure(some_fields(5, area=0.05)) == (TOO_SMALL, {"area": "0.25", "needed": "0.38"})
    assert why_no_figure(some_fields())[0] == ""
    assert density_of(some_fields(5, area=0.05)) is None
    assert estimates_of(some_fields(5, area=0.05, red=100), 15.0, 4.5) == ()


def test_fields_left_out_leave_the_figures() -> None:
    fields = some_fields()
    used, out = used_fields(fields, {fields[0].key, "nobody's"})
    assert out == fields[:1]
    assert len(used) == 5


def test_the_analyser_agrees_within_the_limits() -> None:
    estimates = [PlateletEstimate(AREA_METHOD, 200.0, 180.0, 220.0, 15.0)]
    assert agreement(190.0, estimates) == "within"
    assert agreement(90.0, estimates) == "below"
    assert agreement(400.0, estimates) == "above"
    assert agreement(None, estimates) == ""
    assert agreement(190.0, [PlateletEstimate(FIELDS_METHOD, 200.0, math.nan, math.nan, 15.0)]) == ""


def test_giant_platelets_propose_a_grade_from_their_share() -> None:
    assert giant_share(["PLT"] * 40, GIANTS) is None
    found = giant_share(["PLT"] * 150 + ["GPLT"] * 30, GIANTS)
    assert found is not None
    assert (found.count, found.total, found.proposed) == (30, 180, "2+")
    assert found.low < found.percent < found.high
    accepted = giant_share(["PLT"] * 150 + ["GPLT"] * 30, GIANTS, "3+")
    assert accepted is not None
    assert accepted.accepted == "3+"


def test_giant_platelets_say_that_fields_left_out_are_among_them() -> None:
    share = giant_share(["PLT"] * 211 + ["GPLT"], GIANTS)
    report = PlateletReport(fields=5, left_out=1, giants=share)
    [said] = [line for line in lines_of(report, "en") if "Giant" in line]
    assert "1 of 212 listed" in said
    assert "of the whole case, fields left out included" in said
    [plain] = [line for line in lines_of(replace(report, left_out=0), "en") if "Giant" in line]
    assert "left out" not in plain


def test_a_low_estimate_with_clumps_warns_of_pseudothrombocytopenia() -> None:
    clumps = ClumpFigures(40.0, 3.0, 2, 0)
    low = PlateletReport(clumps=clumps, estimates=(PlateletEstimate(AREA_METHOD, 60.0, 40.0, 80.0, 15.0),))
    assert low.warning == PSEUDO
    usual = PlateletReport(
        clumps=clumps, estimates=(PlateletEstimate(AREA_METHOD, 260.0, 240.0, 280.0, 15.0),)
    )
    assert usual.warning == CLUMPS_LOWER
    assert PlateletReport(clumps=ClumpFigures(40.0, 3.0, 2, 2)).warning == ""


def test_no_clump_seen_excludes_none() -> None:
    place = PlateletClump((5, 6, 7, 8), 120.0, True)
    found = clump_figures([ClumpSearch(0, 40.0, 3.0, 1, (place,))], {"0:5:6"})
    assert found is not None
    assert (found.found, found.refuted, found.standing) == (1, 1, 0)
    assert clump_figures([], ()) is None
    said = clumps_text(PlateletReport(clumps=ClumpFigures(40.0, 3.0, 0, 0)), "en")
    assert "40.00 mm²" in said
    assert "3.00 mm²" in said
    assert "excludes none" in said


def test_the_words_are_there_in_both_languages() -> None:
    report = PlateletReport(
        6, 1, 0.6, 255, 3000, 12, 425.0, 400.0, 450.0, 20.0, estimates_of(some_fields(), 15.0, 4.5),
        analyser=240.0, agrees="within", giants=giant_share(["PLT"] * 60, GIANTS),
        clumps=ClumpFigures(40.0, 3.0, 3, 1),
    )  # fmt: skip
    english, french = lines_of(report, "en"), lines_of(report, "fr")
    assert len(english) == len(french) == 7
    assert all(a != b for a, b in zip(english, french, strict=True))


def test_the_numeration_has_limits_and_ratios_from_the_same_fields() -> None:
    found = numeration_by_field(some_fields())
    assert found.red is not None
    assert found.red.value == pytest.approx(5000)
    assert found.platelet_ratio is not None
    assert found.platelet_ratio.value == pytest.approx(255 / 12)
    assert found.platelet_ratio.low < 255 / 12 < found.platelet_ratio.high
    assert len(numeration_lines(found, "en")) == 2
    without = numeration_by_field([CountedField(i, (0, 0, 9, 9), 0.1, 500, 0, 40) for i in range(4)])
    assert without.red_ratio is None
    assert len(numeration_lines(without, "fr")) == 1
