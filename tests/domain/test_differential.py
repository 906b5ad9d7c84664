"""The differential: denominators, limits, correction, flags, rules, remarks, roll-ups."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.counting_target import counting_target
from bloodcells_gui.domain.differential import Differential, DifferentialRow, age_years, differential
from bloodcells_gui.domain.formatting import absolute, compact, number, remark_text
from bloodcells_gui.domain.grading import DEFAULT_GRADING
from bloodcells_gui.domain.platelets import platelet_estimates
from bloodcells_gui.domain.ranges import Range
from bloodcells_gui.domain.remarks import cut_cells
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.stats import ratio_limits
from bloodcells_gui.domain.taxonomy import BY_CODE, COUNTED, ROLLUPS

NORMAL = {"SNE": 60, "LY": 30, "MO": 6, "EO": 3, "BA": 1}


def table(
    counts: dict[str, int],
    taxonomy: str = "full",
    settings: LabSettings | None = None,
    waiting: int = 0,
    **data: str,
) -> Differential:
    return differential(counts, waiting, 0, SpecimenData(data), settings or LabSettings(), taxonomy)


def row(d: Differential, code: str) -> DifferentialRow:
    return next(r for r in (*d.rows, *d.totals) if r.code == code)


def rules(d: Differential) -> set[str]:
    return {r.rule for r in d.remarks if r.rule}


def text(d: Differential, lang: str = "en") -> str:
    return "\n".join(remark_text(r, lang) for r in d.remarks)


def test_cells_outside_the_counting_frame_are_told_and_grave_ones_named() -> None:
    cut = {"LY": 2, "BL": 1, "ERB": 2}
    d = differential(NORMAL, 0, 5, SpecimenData(), LabSettings(), "full", outside_frame=cut)
    assert (d.total, row(d, "BL").count) == (100, 0)
    named = next(r for r in d.remarks if "BL" in r.codes)
    assert (named.severity, named.codes) == ("critical", ("BL", "ERB"))
    assert "proposed: 1 Blast, 2 Erythroblast (NRBC)" in text(d)
    assert "therefore not counted: 5" in text(d)
    assert cut_cells(d) == 5
    assert "1 Blaste" in text(d, "fr")
    only = differential(NORMAL, 0, 1, SpecimenData(), LabSettings(), "full", outside_frame={"LY": 1})
    assert "therefore not counted: 1" in text(only)
    assert "Look at them" not in text(only)
    assert "edge" not in text(table(NORMAL))


def test_percentages_carry_exact_limits_and_outside_items_are_ratios() -> None:
    d = table({**NORMAL, "ERB": 150, "SMU": 7, "PLT": 40})
    assert d.total == 100
    lymphocyte = row(d, "LY")
    assert (lymphocyte.percent, lymphocyte.per_100_wbc) == (30.0, None)
    assert lymphocyte.low95 == pytest.approx(21.24, abs=0.01)
    nrbc = row(d, "ERB")
    assert (nrbc.percent, nrbc.per_100_wbc) == (None, 150.0)
    low, high = ratio_limits(150, 100)
    assert (nrbc.low95, nrbc.high95) == (pytest.approx(100 * low), pytest.approx(100 * high))
    assert sum(r.percent or 0 for r in d.rows) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("of_laboratory", "asked", "target"),
    [(100, (), 100), (100, ("",), 100), (100, ("200",), 200), (400, ("200",), 400), (0, ("200",), 200),
     (100, ("200", "0"), 100), (100, ("200", "400"), 400), (0, ("x",), 0)],
)  # fmt: skip
def test_table_remark_and_signature_have_one_target(
    of_laboratory: int, asked: tuple[str, ...], target: int
) -> None:
    runs = [AnalysisRun(i, "", "1", (), (), parameters={"target_cells": t}) for i, t in enumerate(asked)]
    settings = LabSettings(target_cells=of_laboratory)
    assert counting_target(runs, settings) == target
    d = differential({"SNE": 181}, 0, 0, SpecimenData(), settings, target=target)
    said = [remark_text(r) for r in d.remarks if r.rule == "target-count"]
    assert said == ([f"Leukocytes counted: 181; the target is {target}."] if target > 181 else [])


def test_a_zone_that_a_person_drew_asks_for_no_larger_count() -> None:
    whole = AnalysisRun(1, "", "1", (), (), parameters={"target_cells": "200"})
    zone = AnalysisRun(2, "", "1", (), (), parameters={"target_cells": "400", "zones": "[[0, 0]]"})
    assert counting_target([whole, zone], LabSettings(target_cells=100)) == 200
    assert counting_target([zone], LabSettings(target_cells=100)) == 100


def test_no_cells_no_figures() -> None:
    d = table({}, wbc="5")
    assert d.total == 0
    assert all(r.percent is None and r.low95 is None and r.absolute is None and not r.flag for r in d.rows)
    assert not [r for r in d.remarks if r.severity == "critical"]


def test_an_unknown_leaf_is_an_error_not_a_silent_loss() -> None:
    with pytest.raises(KeyError):
        table({"XYZ": 3})


def test_unidentified_cells_are_outside_and_make_it_preliminary() -> None:
    d = table(NORMAL, waiting=4)
    assert d.total == 100
    assert d.preliminary
    assert "not in the table: 4" in text(d)


@pytest.mark.parametrize(
    ("answer", "used", "corrected"),
    [
        ("no", 10.0 * 100 / 120, True),
        ("yes", 10.0, False),
        ("unknown", 10.0, False),
        ("", 10.0, False),
    ],
)
def test_nucleated_red_cells_correct_the_count_only_when_the_analyser_did_not(
    answer: str, used: float, corrected: bool
) -> None:
    d = table({**NORMAL, "ERB": 20}, wbc="10", wbc_corrected=answer)
    assert d.wbc == 10.0
    assert d.wbc_used == pytest.approx(used)
    assert d.corrected is corrected
    assert row(d, "LY").absolute == pytest.approx(0.30 * used)
    if not corrected and answer != "yes":
        assert "unknown whether the analyser corrected" in text(d)


def test_below_the_threshold_nothing_is_corrected_and_the_threshold_is_a_setting() -> None:
    counts = {**NORMAL, "ERB": 4}
    assert not table(counts, wbc="10", wbc_corrected="no").corrected
    assert table(counts, settings=LabSettings(nrbc_threshold=3), wbc="10", wbc_corrected="no").corrected
    assert table({**NORMAL, "ERB": 5}, wbc="10", wbc_corrected="no").corrected


def test_ranges_flag_where_a_count_is_known() -> None:
    d = table(NORMAL, wbc="12,5")
    assert (row(d, "LY").flag, row(d, "LY").absolute) == ("H", pytest.approx(3.75))
    assert (row(d, "SNE").flag, row(d, "SNE").ref_high) == ("H", 7.0)
    assert row(d, "MO").flag == ""
    assert d.wbc_flag == "H"
    without = table(NORMAL)
    assert all(r.flag == "" and r.ref_low is None for r in without.rows)


def test_the_range_stands_at_the_row_that_has_its_figure() -> None:
    d = table({**NORMAL, "SNE": 50, "BNE": 10, "LY": 25, "VLY": 5}, wbc="5")
    assert row(d, "SNE").ref_low is None
    assert (row(d, "NEUTROPHIL").count, row(d, "NEUTROPHIL").ref_low) == (60, 2.0)
    assert row(d, "LY").ref_low is None
    assert row(d, "LYMPHOCYTE").percent == 30.0
    five = table({**NORMAL, "SNE": 50, "BNE": 10}, "five", wbc="5")
    assert row(five, "NEUTROPHIL").ref_low == 2.0
    assert not [t for t in five.totals if t.code == "NEUTROPHIL"]


def test_percent_ranges_of_the_laboratory_flag_without_a_count() -> None:
    own = LabSettings(range_set="own", own_ranges=(Range("LYMPHOCYTE", 20, 25, unit="%"),))
    lymphocyte = row(table(NORMAL, settings=own), "LY")
    assert (lymphocyte.flag, lymphocyte.ref_low, lymphocyte.ref_high_percent) == ("H", None, 25)


def test_platelets_and_artefacts_have_no_absolute_count() -> None:
    d = table({**NORMAL, "PLT": 20, "ART": 3, "SMU": 2, "ERB": 1}, wbc="5")
    assert [row(d, c).absolute is None for c in ("PLT", "ART", "SMU", "ERB")] == [True, True, False, False]


def test_blasts_are_never_immature_granulocytes() -> None:
    d = table({**NORMAL, "BL": 5, "MMY": 1, "MY": 2, "PMY": 3})
    assert row(d, "IG").count == 6
    assert "blasts not among them" in text(d)
    assert row(d, "BL").flag == "!"
    for rollup in ROLLUPS:
        for r in ROLLUPS[rollup].rows:
            if "BL" in r.leaves and not r.code.startswith("OTHER"):
                assert r.leaves == ("BL",)


@pytest.mark.parametrize("rollup", ["five", "pbc8"])
def test_a_blast_is_named_even_in_other(rollup: str) -> None:
    d = table({**NORMAL, "BL": 2, "PC": 1}, rollup)
    other = next(r for r in d.remarks if r.text.startswith("Other holds"))
    assert other.severity == "critical"
    assert "2 Blast, 1 Plasma cell" in remark_text(other)
    assert "2 Blaste, 1 Plasmocyte" in remark_text(other, "fr")
    assert row(d, "OTHER").count == 3
    assert row(d, "OTHER").flag == "!"


@given(st.dictionaries(st.sampled_from(sorted(BY_CODE)), st.integers(0, 60)))
def test_no_roll_up_loses_or_doubles_a_cell(counts: dict[str, int]) -> None:
    inside = sum(n for c, n in counts.items() if c in COUNTED)
    for rollup in ROLLUPS:
        d = table(counts, rollup)
        assert d.total == inside == sum(r.count for r in d.rows if r.counts)
        assert sum(counts.values()) == sum(r.count for r in d.rows)


@pytest.mark.parametrize(
    ("counts", "wbc", "rule"),
    [
        ({"SNE": 100}, "3.9", "wbc-low"),
        ({"SNE": 100}, "31", "wbc-high"),
        ({"SNE": 10, "LY": 90}, "9", "neutrophils-low"),
        ({"SNE": 95, "LY": 5}, "25", "neutrophils-high"),
        ({"SNE": 40, "LY": 60}, "9", "lymphocytes-high"),
        ({"SNE": 80, "MO": 20}, "8", "monocytes-high"),
        ({"SNE": 70, "EO": 30}, "8", "eosinophils-high"),
        ({"SNE": 90, "BA": 10}, "6", "basophils-high"),
        ({"SNE": 100, "ERB": 1}, "", "nrbc-any"),
        ({"SNE": 99, "BL": 1}, "", "blasts"),
        ({"SNE": 99, "PMY": 1}, "", "pro-myelocytes"),
        ({"SNE": 97, "MMY": 3}, "", "metamyelocytes"),
        ({"SNE": 94, "VLY": 6}, "", "variant-lymphocytes"),
        ({"SNE": 100, "ERB": 1}, "", "nrbc-smear"),
        ({"SNE": 99, "PC": 1}, "", "plasma-cells"),
    ],
)
def test_each_published_rule_is_raised_and_named(counts: dict[str, int], wbc: str, rule: str) -> None:
    d = table(counts, wbc=wbc)
    assert rule in rules(d)
    off = tuple(dataclasses.replace(r, enabled=False) for r in LabSettings().rules)
    assert rule not in rules(table(counts, settings=LabSettings(rules=off), wbc=wbc))


def test_a_normal_smear_raises_nothing() -> None:
    assert rules(table(NORMAL, wbc="6")) <= {"count-on"}


@pytest.mark.parametrize(("metas", "raised"), [(2, False), (3, True)])
def test_two_percent_metamyelocytes_are_still_allowed(metas: int, raised: bool) -> None:
    assert ("metamyelocytes" in rules(table({"SNE": 100 - metas, "MMY": metas}))) is raised


def test_left_shift_counts_bands_with_the_segmented() -> None:
    d = table({"SNE": 50, "BNE": 15, "LY": 35})
    assert "left-shift" in rules(d)
    assert "15.0 % bands" in text(d)
    assert "65.0 % neutrophils" in text(d)
    assert "15,0 %" in text(d, "fr")
    assert "left-shift" not in rules(table({"SNE": 61, "BNE": 4, "LY": 35}))


def test_count_on_when_a_limit_crosses_a_decision() -> None:
    d = table({"SNE": 97, "MMY": 3})
    hint = next(r for r in d.remarks if r.rule == "count-on")
    assert "Count on to 200 cells" in remark_text(hint)
    assert "MMY" in hint.codes
    at_400 = table({"SNE": 388, "MMY": 12})
    assert "count-on" not in rules(at_400)
    clear = table({"SNE": 50, "LY": 30, "MMY": 20})
    assert "count-on" not in rules(clear)


def test_the_hint_knows_the_ranges_of_the_person() -> None:
    own = LabSettings(
        range_set="own", own_ranges=(Range("LYMPHOCYTE", 25, 60, unit="%", sex="F", age_from=18),)
    )
    assert "count-on" in rules(table(NORMAL, settings=own, sex="F", age="40"))
    assert "count-on" not in rules(table(NORMAL, settings=own, sex="M", age="40"))


def test_the_target_is_told_when_missed_and_limits_are_never_oversold() -> None:
    d = table({"SNE": 40})
    assert "target-count" in rules(d)
    assert "sampling error only" in text(d)
    assert "target-count" not in rules(table({"SNE": 40}, settings=LabSettings(target_cells=0)))


def test_the_gravest_remark_comes_first() -> None:
    weights = [
        {"critical": 0, "warning": 1, "info": 2}[r.severity] for r in table({"BL": 3, "SNE": 40}).remarks
    ]
    assert weights == sorted(weights)
    assert weights[0] == 0


@pytest.mark.parametrize(
    ("fields", "age"),
    [
        ({"age": "7,5"}, 7.5),
        ({"birth_date": "1960-03-01", "collected_at": "2026-03-01T08:00"}, 66.0),
        ({"birth_date": "1960-03-01"}, None),
        ({"birth_date": "2030-01-01", "collected_at": "2026-03-01"}, None),
        ({"age": "old"}, None),
    ],
)
def test_age_comes_from_the_field_or_the_dates(fields: dict[str, str], age: float | None) -> None:
    got = age_years(SpecimenData(fields))
    assert got == (None if age is None else pytest.approx(age, abs=0.01))


def test_numbers_in_words() -> None:
    assert number(12.345, 1, "fr") == "12,3"
    assert number(None, missing="–") == "–"
    assert (number(float("inf")), number(-0.04), number(-0.06)) == ("∞", "0.0", "-0.1")
    assert compact(0.020) == "0.02"
    assert (absolute(12.34), absolute(1.234)) == ("12.3", "1.23")


def test_grades_follow_the_thresholds() -> None:
    by_id = {g.id: g for g in DEFAULT_GRADING}
    schistocytes = by_id["schistocytes"]
    assert [schistocytes.grade(p) for p in (0, 0.5, 1, 2, 2.1)] == ["", "1+", "2+", "2+", "3+"]
    assert [by_id["anisocytosis"].grade(p) for p in (10, 11, 20, 21)] == ["1+", "2+", "2+", "3+"]
    assert by_id["rouleaux"].grade(3) == "present"


def test_platelets_are_estimated_from_fields_and_from_red_cells() -> None:
    from tests.support.report_case import make_run

    def counted_run(**counts: float) -> AnalysisRun:
        return make_run(record=RunRecord(RunCounts(**counts)))  # type: ignore[arg-type]

    data = SpecimenData({"platelets_per_field": "10", "rbc": "4.5"})
    found = platelet_estimates(data, [counted_run(red_cells=2000, platelets=100)], LabSettings())
    assert [dict(r.params)["n_value"] for r in found] == ["150", "225"]
    assert "par champ" in remark_text(found[0], "fr")
    sampled = counted_run(platelets=200, sampled_mm2=0.76)
    [counted] = platelet_estimates(SpecimenData({}), [sampled], LabSettings())
    assert dict(counted.params)["n_fields"] == "10.0"
    assert dict(counted.params)["n_value"] == "150"
    assert "programme" in remark_text(counted, "fr")
    assert len(platelet_estimates(SpecimenData({"platelets_per_field": "9"}), [sampled], LabSettings())) == 1
    small = counted_run(platelets=20, sampled_mm2=0.07)
    assert platelet_estimates(SpecimenData({}), [small], LabSettings()) == ()
    assert platelet_estimates(data, [counted_run(red_cells=90, platelets=9)], LabSettings())[1:] == ()
