"""Red cells on paper: one line for a normal film, nothing where none were examined, dots for a proposal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.page_marks import Line
from bloodcells_gui.domain.red_cells import RED_CELL_CODES
from bloodcells_gui.report.model import ReportModel, digest
from bloodcells_gui.report.pdf import render, render_pdf
from bloodcells_gui.report.red_cells import RedCellBlock, RedCellLine, RedCellMeasure, RedCellThumb
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.report_case import FONTS, make_report, picture

pytestmark = needs_poppler
PICTURE = picture("SNE")
THUMBS = tuple(RedCellThumb(2**44 + i, digest(PICTURE), 0.8, i == 0) for i in range(6))


def lines(**changed: RedCellLine) -> tuple[RedCellLine, ...]:
    plain = {code: RedCellLine(code, 0, 0.0, 0.0, 0.4, 0) for code in RED_CELL_CODES}
    plain["NORM"] = RedCellLine("NORM", 950, 95.0, 93.5, 96.3, 0)
    plain["OVALO"] = RedCellLine("OVALO", 21, 2.1, 1.3, 3.2, 0, "Ovalocytes", "1+")
    return tuple((plain | changed).values())


SPHERO = RedCellLine("SPHERO", 50, 5.0, 3.7, 6.5, 3, "Spherocytes", "2+", True, 1500, "", THUMBS)
NORMAL = RedCellBlock(
    1000, 12, 4, 35, 17, 8, "red-cells-1 " + "ab" * 32, "0.1", RunStatus.COMPLETE, lines(),
    (RedCellMeasure("diameter_um", 1000, 7.31, 0.52, 7.11, 6.4, 8.3, 4.0, 12.0, (0, 3, 9, 2) * 10, 6.2, 8.2),
     RedCellMeasure("pallor", 980, 0.41, 0.08, 19.5, 0.2, 0.6, 0.0, 1.0, (1,) * 40)),
)  # fmt: skip
FOUND = replace(NORMAL, lines=lines(SPHERO=SPHERO))


def model(block: RedCellBlock, lang: str = "en") -> ReportModel:
    made = make_report(lang=lang)
    return replace(made, red_cells=block, assets={**made.assets, digest(PICTURE): PICTURE})


def text(block: RedCellBlock, folder: Path, lang: str = "en") -> str:
    return " ".join(text_of(render_pdf(model(block, lang), fonts_dir=FONTS, lang=lang), folder).split())


def dots(block: RedCellBlock) -> int:
    """Short lines: those of dotted outlines."""
    pages = render(model(block), fonts_dir=FONTS).pages
    marks = [mark for page in pages for mark in page.marks if isinstance(mark, Line)]
    return sum(abs(m.x2 - m.x1) + abs(m.y2 - m.y1) < 0.7 and m.thickness == 0.22 for m in marks)


def test_nothing_is_said_where_no_red_cell_was_examined(tmp_path: Path) -> None:
    made = make_report()
    assert made.red_cells is None
    assert b"red_cells" not in made.canonical()
    said = " ".join(text_of(render_pdf(made, fonts_dir=FONTS), tmp_path).split())
    assert "laboratory's films" not in said
    assert "red cells counted" not in said


def test_a_normal_film_is_one_line_and_the_warning(tmp_path: Path) -> None:
    said = text(NORMAL, tmp_path)
    assert "1000 red cells counted on 8 fields · 12 named by a person · 17 doubtful proposals" in said
    assert "No shape class reaches 2+, and no person graded one. Most frequent: Ovalocyte, 2.1 %." in said
    assert "one laboratory's films" in said
    for absent in ("Shape class", "SD 0.52", "Proposed"):
        assert absent not in said
    assert dots(NORMAL) == 0


def test_few_cells_propose_nothing_and_it_is_said(tmp_path: Path) -> None:
    few = replace(NORMAL, cells=150, status=RunStatus.CANCELLED, remarks=(Remark("Said so."),))
    said = text(few, tmp_path)
    assert "From fewer than 200 red cells no grade is proposed." in said
    assert "stopped before its end" in said
    assert "Said so." in said


def test_a_grade_that_doubtful_cells_would_decide_is_held_back_and_it_is_said(tmp_path: Path) -> None:
    held = replace(SPHERO, proposed="", held=18, open=False, more=0, thumbs=())
    one_line = text(replace(NORMAL, lines=lines(SPHERO=held)), tmp_path)
    words = "Spherocyte: no grade is proposed, for 18 doubtful cells would decide it"
    assert words in one_line
    assert "No shape class reaches 2+" not in one_line
    beside = replace(SPHERO, code="TARGET", item="Target cells")
    assert words in text(replace(NORMAL, lines=lines(SPHERO=held, TARGET=beside)), tmp_path)
    graded = replace(held, accepted="2+")
    assert words not in text(replace(NORMAL, lines=lines(SPHERO=graded)), tmp_path)


def test_a_proposed_grade_is_dotted_and_an_accepted_one_is_not(tmp_path: Path) -> None:
    said = text(FOUND, tmp_path)
    assert "Spherocyte 50 5.0 3.7 – 6.5 3 2+" in said
    assert "Ovalocyte 21 2.1 1.3 – 3.2 1+" in said
    assert "Spherocyte: the limits cross a threshold; 1500 red cells more would probably settle" in said
    assert "Spherocyte · proposed 2+, not accepted" in said
    assert "mean 7.31 µm, SD 0.52 µm, CV 7.1 %" in said
    assert "shaded: 6.2 to 8.2 µm, usual in healthy adults" in said
    assert "R1 ✓ R2 R3" in said
    assert "Model red-cells-1, sha256 abababababababab…" in said
    open_ones = dots(FOUND)
    assert open_ones > 40
    accepted = replace(FOUND, lines=lines(SPHERO=replace(SPHERO, accepted="3+", proposed="")))
    assert "Spherocyte 50 5.0 3.7 – 6.5 3 3+" in text(accepted, tmp_path)
    assert 0 < dots(accepted) < open_ones  # that of the ovalocytes is left
    assert "Spherocyte · accepted 3+" in text(accepted, tmp_path)


def test_a_grade_that_a_person_gave_brings_the_section_whatever_the_share(tmp_path: Path) -> None:
    rare = replace(SPHERO, count=0, percent=0.0, low=0.0, thumbs=(), accepted="1+", proposed="", open=False)
    assert "Spherocyte 0 0.0" in text(replace(NORMAL, lines=lines(SPHERO=rare)), tmp_path)


def test_a_picture_that_is_gone_costs_no_report(tmp_path: Path) -> None:
    made = replace(model(FOUND), assets={})
    said = " ".join(text_of(render_pdf(made, fonts_dir=FONTS), tmp_path).split())
    assert "no picture" in said


def test_the_section_is_french(tmp_path: Path) -> None:
    said = text(FOUND, tmp_path, "fr").replace("\u00a0", " ")
    for title in ("Shape class", "By a person", "Proposed", "Accepted"):
        assert tr(title, "fr") in said
    assert "Sphérocyte 50 5,0 3,7 – 6,5 3 2+" in said
    assert "moyenne 7,31 µm, ET 0,52 µm, CV 7,1 %" in said
    assert "1000 hématies comptées sur 8 champs · 12 nommées par une personne" in said
    assert "Aucune classe de forme n'atteint 2+" in text(NORMAL, tmp_path, "fr").replace("’", "'")


@pytest.mark.parametrize("block", [NORMAL, FOUND])
def test_the_block_survives_its_json(block: RedCellBlock) -> None:
    from bloodcells_gui.report.model import from_json, to_json

    again = from_json(to_json(model(block))).red_cells
    assert again is not None
    assert again.lines == block.lines
    assert again.measures[0] == block.measures[0]
    assert (again.remarkable, again.status, again.model) == (block.remarkable, block.status, block.model)
