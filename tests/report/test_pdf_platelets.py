"""Platelets on paper: one line for a normal film, all figures and a warning where there is more to say."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from bloodcells_gui.domain.counted_fields import FieldRatio
from bloodcells_gui.domain.numeration import Numeration
from bloodcells_gui.domain.platelet_report import (
    AREA_METHOD,
    TOO_FEW_FIELDS,
    TOO_SMALL,
    ClumpFigures,
    PlateletEstimate,
    PlateletReport,
)
from bloodcells_gui.report.model import from_json, to_json
from bloodcells_gui.report.pdf import render_pdf
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.report_case import FONTS, make_report

pytestmark = needs_poppler
NORMAL = PlateletReport(
    12, 1, 1.9, 700, 9000, 20, 368.0, 340.0, 399.0, 40.0,
    (PlateletEstimate(AREA_METHOD, 210.0, 194.0, 227.0, 15.0),), clumps=ClumpFigures(41.0, 3.1, 0, 0),
)  # fmt: skip
LOW = replace(
    NORMAL, estimates=(PlateletEstimate(AREA_METHOD, 60.0, 50.0, 72.0, 15.0),), analyser=45.0, agrees="below",
    clumps=ClumpFigures(41.0, 3.1, 3, 1),
)  # fmt: skip
COUNTED = Numeration(
    FieldRatio(4700.0, 4500.0, 4900.0, 90.0, 12), None, FieldRatio(368.0, 340.0, 399.0, 40.0, 12)
)


def text(report: PlateletReport, folder: Path, lang: str = "en") -> str:
    model = replace(make_report(lang=lang), platelet_report=report, numeration=COUNTED)
    return " ".join(text_of(render_pdf(model, fonts_dir=FONTS, lang=lang), folder).split())


def test_a_normal_film_is_one_line_with_limits_and_what_was_looked_at(tmp_path: Path) -> None:
    said = text(NORMAL, tmp_path)
    assert "210 10⁹/L (194 – 227)" in said
    assert "41.00 mm²" in said
    assert "excludes none" in said
    assert "1 field left out by a person" in said
    assert "Numeration, per mm², on 12 fields (1 field left out by a person): red cells" in said
    assert "red cells 4700 (4500 – 4900)" in said


def test_a_low_estimate_with_clumps_warns_and_says_all(tmp_path: Path) -> None:
    assert "pseudothrombocytopenia" in text(LOW, tmp_path)
    french = text(LOW, tmp_path, "fr")
    assert "pseudothrombopénie" in french
    assert "1 champ écarté par une personne" in french
    assert "au-dessous des limites" in french


def test_why_there_is_no_figure_is_said(tmp_path: Path) -> None:
    none = PlateletReport(2, 0, 0.1, why_not=TOO_FEW_FIELDS, why_params=(("n", "2"), ("needed", "3")))
    assert "2 of at least 3" in text(none, tmp_path)
    # The area is too small because a person left fields out: the report says so.
    small = PlateletReport(
        3, 2, 0.1, 40, 900, why_not=TOO_SMALL, why_params=(("area", "0.10"), ("needed", "0.38"))
    )
    said = text(small, tmp_path)
    assert "0.10 mm² are too small" in said
    assert said.count("2 fields left out by a person") == 2
    french = text(small, tmp_path, "fr")
    assert french.count("2 champs écartés par une personne") == 2
    assert "left out by" not in text(replace(small, left_out=0), tmp_path)


def test_it_is_frozen_with_the_report_and_older_reports_have_none() -> None:
    model = replace(make_report(), platelet_report=LOW, numeration=COUNTED)
    assert from_json(to_json(model)).platelet_report == LOW
    assert math.isnan(NORMAL.analyser)
    plain = make_report()
    assert plain.platelet_report is None
    assert b"platelet_report" not in plain.canonical()
