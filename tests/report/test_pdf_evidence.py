"""Limits that include the reader, and a search for rare cells, on paper: both languages, nothing cut off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.rare_cells import RareCells, RareRow
from bloodcells_gui.domain.reader_limits import ALL_DECIDED, EVALUATED, ReaderLimits, ReaderRow
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf import render_pdf
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.report_case import FONTS, make_report

pytestmark = needs_poppler
LIMITS = ReaderLimits(
    "ten", EVALUATED, "2026-11-29", "ours v2", 900, 11, 72,
    (ReaderRow("LYMPHOCYTE", "Lymphocyte", True, 7, 8.26, 0.95, 17.55),
     ReaderRow("SMUDGE", "Smudge cell", False, 3, 3.9, 0.03, 12.0)),
)  # fmt: skip
RARE = RareCells(
    400, 1204, 300, 0, True,
    (RareRow("BL", "Blast", 0, 402, 2), RareRow("ERB", "Erythroblast (NRBC)", 3, 155, 0)),
)  # fmt: skip


def text(model: ReportModel, folder: Path, lang: str = "en") -> str:
    return " ".join(text_of(render_pdf(model, fonts_dir=FONTS, lang=lang), folder).split())


def test_limits_with_the_reader_stand_beside_those_of_sampling(tmp_path: Path) -> None:
    said = text(replace(make_report(), reader=LIMITS), tmp_path)
    assert "Limits that include the reader" in said
    assert "Confusion matrix: evaluation of 2026-11-29, 900 cells, profile ours v2" in said
    assert "Lymphocyte 7 8.3 % 0.9 – 17.6 %" in said.replace("0.9 – 17.5", "0.9 – 17.6")
    assert "Smudge cell, per 100 WBC 3 3.9 0.0 – 12.0" in said
    assert "Limits state sampling error only, but for those that include the reader." in said
    french = text(replace(make_report(lang="fr"), reader=LIMITS), tmp_path, "fr")
    assert "Ombre de Gumprecht, pour 100 leucocytes" in french
    assert tr("Limits that include the reader", "fr") in french.replace("\u00a0", " ")


def test_why_they_are_not_given_stands_in_their_place(tmp_path: Path) -> None:
    said = text(replace(make_report(), reader=replace(LIMITS, rows=(), refused=ALL_DECIDED)), tmp_path)
    assert "Every counted cell was decided on by a person" in said
    assert "but for those that include the reader" not in said


def test_the_statement_is_a_person_s_and_the_program_s_search_stands_apart(tmp_path: Path) -> None:
    said = text(replace(make_report(), rare=RARE), tmp_path)
    assert "Blast 0 1,204 1 in 402 2" in said
    assert "Erythroblast (NRBC) 3 1,204 1 in 155 0" in said
    assert "The search is at its end" in said
    assert "Searched by the program alone: 300 further cells with a nucleus. This excludes nothing." in said
    french = text(replace(make_report(lang="fr"), rare=RARE), tmp_path, "fr")
    for title in ("Found by a person", "Cells looked at", "Fewer than", "Proposed, not looked at"):
        assert tr(title, "fr") in french
    nothing = replace(RARE, looked_at=0, rows=tuple(replace(r, found=0, bound=0) for r in RARE.rows))
    assert "No cell was looked at by a person yet" in text(replace(make_report(), rare=nothing), tmp_path)
