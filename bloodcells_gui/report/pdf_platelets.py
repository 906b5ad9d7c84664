"""The platelets on paper: few lines for a normal film, else density, estimates, giant ones and clumps."""

from __future__ import annotations

from bloodcells_gui.domain.formatting import bound_spaces
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.numeration import numeration_lines
from bloodcells_gui.domain.platelet_words import (
    BY_HAND,
    LIMITS,
    clumps_text,
    counted_text,
    density_text,
    estimate_text,
    lines_of,
)
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_sheet import MUTED, WARNING, Sheet

HEADING = N_("Platelets")


def platelets(sheet: Sheet, model: ReportModel) -> None:
    """What was counted field by field and the search for clumps; nothing where neither was made."""
    found = model.platelet_report
    if found is None:
        return
    lang = sheet.lang_code
    sheet.heading(sheet.tr(HEADING), 14)
    if found.remarkable:
        if found.warning:
            sheet.paragraph(bound_spaces(sheet.tr(found.warning), lang), size=9, most=3, rgb=WARNING)
        for line in lines_of(found, lang):
            sheet.paragraph(line, size=8.5, most=3)
        sheet.paragraph(sheet.tr(BY_HAND), size=7.2, rgb=MUTED)
    else:
        figure = estimate_text(found.estimates[0], lang) if found.estimates else density_text(found, lang)
        if found.left_out:
            # What a person left out is never hidden, whether or not the rest gives an estimate.
            sheet.paragraph(counted_text(found, lang), size=8.5, most=3)
        sheet.paragraph(f"{figure}  ·  {clumps_text(found, lang)}", size=8.5, most=4)
    if model.numeration is not None:
        for line in numeration_lines(model.numeration, lang, found.left_out):
            sheet.paragraph(line, size=8.5, most=3)
    sheet.paragraph(sheet.tr(LIMITS), size=7.2, rgb=MUTED)
