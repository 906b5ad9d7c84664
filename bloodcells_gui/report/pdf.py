"""The PDF of a report: PDF/A-2B declared, tagged, with embedded fonts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.page_marks import Page
from bloodcells_gui.report import (
    pdf_annex,
    pdf_earlier,
    pdf_gallery,
    pdf_letterhead,
    pdf_platelets,
    pdf_rare,
    pdf_reader,
    pdf_red_cells,
    pdf_result,
)
from bloodcells_gui.report.csv_out import atomic_file
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_sheet import Sheet

PAPERS = ("a4", "letter")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A PDF, and the marks of its pages as they were drawn into it."""

    pdf: bytes
    pages: tuple[Page, ...]


def render(model: ReportModel, *, fonts_dir: Path, paper: str = "a4", lang: str | None = None) -> Rendered:
    """The report on paper.

    Parameters
    ----------
    fonts_dir : Path
        The shipped `resources/fonts`.
    paper : str
        "a4" or "letter".
    lang : str or None
        "en", "fr"; None takes the model's.

    Raises
    ------
    ValueError
        For another paper.
    """
    if paper not in PAPERS:
        raise ValueError(f"no such paper: {paper}")
    language = lang or model.lang
    sha = model.sha256()
    foot = f"bloodcells_gui {model.app_version}  ·  sha256 {sha[:24]}…  ·  " + tr(_limits(model), language)

    def draw(pages: int) -> Sheet:
        sheet = Sheet(
            fonts_dir,
            paper=paper,
            lang=language,
            title=tr("Blood smear differential", language),
            specimen=model.specimen,
            stamps=tuple(tr(s, language) for s in model.stamps()),
            foot=(tr(model.research_use, language), foot),
            pages=pages,
            created=model.created,
        )
        pdf_letterhead.letterhead(sheet, model)
        pdf_letterhead.fields_block(sheet, model)
        pdf_result.table(sheet, model)
        pdf_result.remarks(sheet, model)
        pdf_rare.rare_cells(sheet, model)
        pdf_reader.reader_limits(sheet, model)
        pdf_earlier.earlier_film(sheet, model)
        pdf_annex.morphology(sheet, model)
        pdf_red_cells.red_cells(sheet, model)
        pdf_platelets.platelets(sheet, model)
        pdf_annex.comments(sheet, model)
        pdf_annex.analyser(sheet, model)
        pdf_annex.review(sheet, model)
        pdf_gallery.gallery(sheet, model)
        pdf_gallery.explanations(sheet, model)
        pdf_annex.provenance(sheet, model)
        return sheet

    return in_two_passes(draw)


def _limits(model: ReportModel) -> str:
    """What the limits of the report are of, for the foot of each page."""
    if model.reader is not None and model.reader.rows:
        return N_("Limits state sampling error only, but for those that include the reader.")
    return N_("Limits state sampling error only.")


def render_pdf(model: ReportModel, *, fonts_dir: Path, paper: str = "a4", lang: str | None = None) -> bytes:
    """The PDF's bytes; see :func:`render`."""
    return render(model, fonts_dir=fonts_dir, paper=paper, lang=lang).pdf


def in_two_passes(draw: Callable[[int], Sheet]) -> Rendered:
    """Draw once to learn the number of pages, then with it."""
    with contextlib.closing(draw(0)) as first:
        pages = first.page
    with contextlib.closing(draw(pages)) as sheet:
        return Rendered(bytes(sheet.output()), sheet.sheets())


def write_pdf(
    model: ReportModel, path: Path, *, fonts_dir: Path, paper: str = "a4", lang: str | None = None
) -> Path:
    """Render and write, whole or not at all; OutputNotWritable when the folder does not allow it."""
    data = render_pdf(model, fonts_dir=fonts_dir, paper=paper, lang=lang)
    with atomic_file(path, "wb") as stream:
        stream.write(data)
    return path
