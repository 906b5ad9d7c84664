"""What a signed report says to a laboratory system."""

from __future__ import annotations

import dataclasses

import pytest

from bloodcells_gui.connect.result import _name_alone, result_of
from bloodcells_gui.domain.connecting import control_id
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.loinc import DEFAULT_CODES
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.domain.taxonomy import ARTEFACT, GIANT_PLATELET, PLATELET, PLATELET_CLUMP, ROLLUPS
from bloodcells_gui.report.model import CheckLine, FindingLine
from tests.support.report_case import make_report
from tests.support.results import FORMER, a_result, signed_model


def by_code(result: object) -> dict[str, object]:
    return {f.code.code: f for f in result.figures}  # type: ignore[attr-defined]


def test_the_figures_are_those_of_the_report() -> None:
    model = signed_model()
    result = a_result()
    rows = {r.code: r for r in model.differential.rows}
    figures = {f.code.key: f for f in result.figures}
    assert figures["SNE.percent"].value == f"{rows['SNE'].percent:.1f}"
    assert figures["SNE.percent"].unit == "%"
    assert figures["ERB.per_100_wbc"].unit == "/100{WBCs}"
    assert figures["BL.absolute"].flag == "H"
    assert figures["BL.absolute"].unit == "10*9/L"
    assert figures["WBC.absolute"].value == "11.7"
    assert "Corrected" in figures["WBC.absolute"].note
    assert (figures["MO.absolute"].low, figures["MO.absolute"].high) == (0.2, 1.0)
    assert figures["counted"].value == str(model.differential.total)
    assert [g.value for g in result.grades] == ["2+", "1+", "3+"]
    assert any("Auer rods" in w for w in result.words)
    assert result.words[-1] == model.research_use
    assert result.patient.number == "P-77812"
    assert (result.patient.birth_date, result.patient.sex, result.collected) == ("19610714", "F", "20260301")


@pytest.mark.parametrize("rollup", list(ROLLUPS))
def test_no_code_stands_twice_and_every_row_is_there(rollup: str) -> None:
    model = make_report(taxonomy=rollup)
    result = a_result(model)
    codes = [(f.code.system, f.code.code) for f in (*result.figures, *result.grades)]
    assert len(set(codes)) == len(codes)
    keys = {f.code.key.partition(".")[0] for f in result.figures}
    unseen = {PLATELET, GIANT_PLATELET, PLATELET_CLUMP, ARTEFACT}  # the fabricated case is of single cells
    assert {r.code for r in model.differential.rows if r.count or r.code not in unseen} <= keys


def test_pictures_of_single_cells_say_nothing_of_platelets_that_are_not_among_them() -> None:
    model = make_report(taxonomy="full")
    none = {r.code for r in model.differential.rows if not r.count} & {PLATELET, GIANT_PLATELET, ARTEFACT}
    assert none
    keys = {f.code.key.partition(".")[0] for f in a_result(model).figures}
    assert not none & keys
    fields = dataclasses.replace(model, kind=SpecimenKind.FIELDS)
    assert none <= {f.code.key.partition(".")[0] for f in a_result(fields).figures}


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Zoë Else (root)", "Zoë Else"), ("Anna Roth (lab:anna)", "Anna Roth"), ("Zoë Else", "Zoë Else"),
        ("Else (night) (root)", "Else (night)"), ("(root)", "(root)"),
    ],
)  # fmt: skip
def test_who_signed_is_a_name_without_an_account(author: str, name: str) -> None:
    assert _name_alone(author) == name


def test_lymphocytes_have_the_code_of_all_until_a_variant_is_there() -> None:
    both = by_code(a_result())
    assert "LY-PCT" in both  # the fabricated case has variant lymphocytes
    assert both["26478-8"].code.key == "LYMPHOCYTE.percent"  # type: ignore[attr-defined]
    five = by_code(a_result(make_report(taxonomy="five")))
    assert five["26478-8"].code.key == "LYMPHOCYTE.percent"  # type: ignore[attr-defined]


def test_the_control_id_is_the_reports_and_short_enough() -> None:
    model = signed_model()
    result = a_result()
    assert result.control_id == control_id(model.sha256())
    assert len(result.control_id) == 20
    assert result.control_id == a_result(make_report(lang="fr")).control_id
    assert result.control_id != a_result(version=2).control_id


def test_an_amended_report_names_what_it_replaces() -> None:
    first, second = a_result(), a_result(version=2)
    assert (first.status, first.replaces) == ("F", "")
    assert (second.status, second.replaces) == ("C", control_id(FORMER))
    assert second.filler == first.filler
    assert control_id(FORMER) in second.words[0]


def test_what_nobody_signed_is_no_result() -> None:
    with pytest.raises(UserError, match="nobody signed"):
        result_of(make_report(), DEFAULT_CODES, "1")
    amended = dataclasses.replace(signed_model(), version=2)
    with pytest.raises(UserError, match="nobody signed"):
        result_of(amended, DEFAULT_CODES, "1")


def test_who_was_told_and_why_it_was_signed_stand_in_the_words() -> None:
    model = make_report()
    finding = FindingLine("Blast cells", 3, verdict="confirmed", told="Dr Roy", told_at="10:40")
    check = CheckLine("short count", (), "Slide is poor.")
    review = dataclasses.replace(model.review, findings=(finding,), checks=(check,))
    words = a_result(dataclasses.replace(model, review=review)).words
    assert "Critical finding, Blast cells: 3, confirmed, told: Dr Roy, 10:40" in words
    assert "Signed: approved" in words
    assert "short count: Slide is poor." in words
