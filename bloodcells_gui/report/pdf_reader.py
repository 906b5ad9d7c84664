"""Limits that include the reader: the table, how it was made, and what it holds for."""

from __future__ import annotations

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.formatting import bound_spaces, number, remark_text
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.reader_limits import ReaderLimits, ReaderRow
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.domain.times import typed_text
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_layout import Column, Table
from bloodcells_gui.report.pdf_sheet import MUTED, Sheet

HEADING = N_("Limits that include the reader")
HOLDS_FOR = N_(
    "95 % limits of sampling and of the program's misnaming together, with the shares corrected for it. They "
    "hold where the program names the cells of this film as it named those of the evaluation, and where no "
    "other class than these is among the cells that no person decided on. Cells that a person decided on are "
    "taken as named."
)


def reader_limits(sheet: Sheet, model: ReportModel) -> None:
    """The table beside that of sampling error; nothing where the laboratory asks for none."""
    found = model.reader
    if found is None:
        return
    sheet.heading(sheet.tr(HEADING), 24, sheet.tr(ROLLUPS[found.rollup].name))
    sheet.paragraph(_origin(sheet, found), size=8.5, most=3)
    if found.refused:
        sheet.paragraph(remark_text(Remark(found.refused, found.params), sheet.lang_code), size=8.5, most=4)
        return
    titles = ((N_("Count"), 16.0), (N_("Corrected"), 24.0), (N_("95 % limits with the reader"), 44.0))
    columns = [Column(sheet.tr(title), width) for title, width in titles]
    table = Table(sheet, [Column(sheet.tr("Class"), 84.0, "L"), *columns])
    table.head()
    for row in found.rows:
        table.row(_texts(sheet, row))
    table.close()
    sheet.set_y(sheet.y + 1.0)
    sheet.paragraph(sheet.tr(HOLDS_FOR), size=7.2, rgb=MUTED)


def _origin(sheet: Sheet, found: ReaderLimits) -> str:
    """What confusion matrix it is, and how many cells it is applied to."""
    made = sheet.ngettext(
        "Confusion matrix: {origin} of {day}, {n} cell",
        "Confusion matrix: {origin} of {day}, {n} cells",
        found.evaluated,
        origin=sheet.tr(found.origin),
        day=typed_text(found.day, sheet.lang_code),
    )
    if found.profile:
        made += ", " + sheet.tr("profile {name}", name=found.profile)
    parts = (
        made,
        sheet.ngettext("{n} proposal not looked at", "{n} proposals not looked at", found.proposed),
        sheet.ngettext("{n} decided on by a person", "{n} decided on by a person", found.decided),
    )
    return bound_spaces("  ·  ".join(parts), sheet.lang_code)


def _texts(sheet: Sheet, row: ReaderRow) -> tuple[str, str, str, str]:
    lang = sheet.lang_code
    name = sheet.tr(row.name)
    if not row.counts:
        name = sheet.tr("{name}, per 100 WBC", name=name)
    unit = " %" if row.counts else ""
    limits = f"{number(row.low95, 1, lang)} – {number(row.high95, 1, lang)}{unit}"
    return name, str(row.count), f"{number(row.percent, 1, lang)}{unit}", limits
