"""Who signed stands on page one, and the gallery marks only what differs."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from bloodcells_gui.domain.cell import FIRST_HAND_ID
from bloodcells_gui.domain.review import Signature, Status
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf import render_pdf
from bloodcells_gui.report.pdf_gallery import CHANGED, NOT_REVIEWED, UNSURE, _signs
from tests.support.report_case import FONTS, make_report

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")


def words(model: ReportModel, folder: Path, lang: str = "en") -> str:
    """The text of a report's pages, form feeds between them."""
    path = folder / f"{lang}.pdf"
    path.write_bytes(render_pdf(model, fonts_dir=FONTS, lang=lang))
    command = ["pdftotext", "-layout", str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@needs_poppler
def test_page_one_says_who_signed_this_version_when_and_as_what(tmp_path: Path) -> None:
    plain = make_report()
    sha = plain.sha256()
    signed = dataclasses.replace(
        plain,
        version=2,
        signatures=(
            Signature("A. Dupont", "2026-03-01T11:05:00Z", "Reviewed and reported", "", 1),
            *(Signature(f"Dr {n}", "2026-03-02T11:05:00Z", "Amended report", sha, 2) for n in "ABCDE"),
        ),
    )
    first = " ".join(words(signed, tmp_path).split("\f")[0].split())
    assert "SIGNED Dr A, 2026-03-02 11:05 UTC: Amended report" in first
    assert "2 more signatures under “Review and signatures”" in first
    assert "Dupont" not in first
    french = " ".join(words(signed, tmp_path, "fr").split("\f")[0].split())
    assert "SIGNÉ Dr A, 02/03/2026 11:05 UTC : " in french
    assert "SIGNED Dr" not in words(plain, tmp_path)


def test_pictures_bear_a_mark_only_where_a_cell_differs() -> None:
    thumbs = [thumb for row in make_report().gallery for thumb in row.thumbs]
    signs = {status: {_signs(t, True) for t in thumbs if t.status is status} for status in Status}
    assert signs[Status.CONFIRMED] == {()}
    assert signs[Status.RELABELLED] == {(CHANGED,)}
    assert signs[Status.PROPOSED] == {(NOT_REVIEWED,), (NOT_REVIEWED, UNSURE)}
    # Where nobody has reviewed a cell, the heading says so once.
    assert {_signs(t, False) for t in thumbs if t.status is Status.PROPOSED} == {(), (UNSURE,)}


@needs_poppler
def test_a_gallery_without_a_reviewed_cell_says_so_once(tmp_path: Path) -> None:
    text = words(make_report(reviewed=False), tmp_path)
    assert text.count("No person has reviewed the cells shown here.") == 1
    assert "not reviewed by a person" not in text


@needs_poppler
def test_mended_cells_have_the_numbers_that_the_window_shows(tmp_path: Path) -> None:
    plain = make_report()
    review = dataclasses.replace(plain.review, mended=(7, FIRST_HAND_ID + 1))
    said = " ".join(words(dataclasses.replace(plain, review=review), tmp_path).split())
    assert "measured anew: 2 cells (7, H2)" in said
