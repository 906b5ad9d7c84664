"""The search for rare cells: what a person's look says, and apart from it what the program searched."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.rare_cells import RareCells, end_text, person_lines, program_lines, whole
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_layout import Column, Table
from bloodcells_gui.report.pdf_sheet import MUTED, WARNING, Sheet

HEADING = N_("Search for rare cells")
COUNTS = N_(
    "Limits are exact (Clopper and Pearson, one-sided 95 %), for each class by itself, and count only cells "
    "that a person looked at. The suspicious cells were shown first, so the limits err on the safe side."
)


def rare_cells(sheet: Sheet, model: ReportModel) -> None:
    """The statement; nothing where no search was begun."""
    result = model.rare
    if result is None:
        return
    sheet.heading(sheet.tr(HEADING), 24)
    lang = sheet.lang_code
    if result.looked_at:
        _table(sheet, result)
        sheet.paragraph(end_text(result, lang), size=8.5, most=3)
    else:
        for line in person_lines(result, lang):
            sheet.paragraph(line, size=8.5, most=3)
    for line in program_lines(result, lang):
        sheet.paragraph(line, size=8.5, most=3, rgb=WARNING)
    sheet.paragraph(sheet.tr(COUNTS), size=7.2, rgb=MUTED)


def _table(sheet: Sheet, result: RareCells) -> None:
    lang = sheet.lang_code
    titles = (
        (N_("Found by a person"), 42.0), (N_("Cells looked at"), 32.0), (N_("Fewer than"), 22.0),
        (N_("Proposed, not looked at"), 40.0),
    )  # fmt: skip
    table = Table(
        sheet,
        [Column(sheet.tr("Class"), 44.0, "L"), *(Column(sheet.tr(title), width) for title, width in titles)],
    )
    table.head()
    for row in result.rows:
        limit = sheet.tr("1 in {bound}", bound=whole(row.bound, lang)) if row.bound else "–"
        texts = (
            sheet.tr(row.name), whole(row.found, lang), whole(result.looked_at, lang), limit,
            whole(row.proposed, lang),
        )  # fmt: skip
        table.row(texts, style="B" if row.found else "")
    table.close()
    sheet.set_y(sheet.y + 1.0)
