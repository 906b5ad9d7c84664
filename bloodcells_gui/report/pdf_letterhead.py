"""Head of the first page: laboratory, stamps, patient and specimen."""

from __future__ import annotations

import io

from PIL import Image

from bloodcells_gui.domain.accounts import SECOND_PERSON
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.page_marks import RGB
from bloodcells_gui.domain.remarks import cut_cells
from bloodcells_gui.domain.times import paper_text
from bloodcells_gui.report.model import (
    INCOMPLETE,
    NOT_SIGNED,
    PRELIMINARY,
    SIGNED,
    SYNTHETIC,
    FieldLine,
    ReportModel,
)
from bloodcells_gui.report.pdf_sheet import ACCENT, CRITICAL, GOOD, MUTED, WARNING, WHITE, Sheet

SIGNATURES_IN_FRONT = 3

# -- letterhead ----------------------------------------------------------------------------------------


def letterhead(sheet: Sheet, model: ReportModel) -> None:
    """Laboratory left, what this is right, stamps below."""
    x, y = sheet.left, 12.0
    half = sheet.width - 72
    indent = _logo(sheet, model, x, y)
    name = model.header.laboratory
    line = y
    if name:
        sheet.type(13, "B")
        for part in sheet.wrap(name, half - indent, 2):
            sheet.put(x + indent, line, part, half - indent, size=13, style="B", height=6)
            line += 6
        line += 0.4
    for text in model.header.address:
        sheet.put(x + indent, line, text, half - indent, size=8, rgb=MUTED, height=3.8)
        line += 3.8
    right, width = x + half + 4, sheet.width - half - 4
    sheet.put(
        right,
        y,
        sheet.tr("Blood smear differential"),
        width,
        size=15,
        style="B",
        rgb=ACCENT,
        align="R",
        height=7,
        tag="H1",
    )
    sheet.put(right, y + 7.4, model.specimen, width, size=10, style="B", align="R", height=4.8)
    version = sheet.tr("Version {version}", version=model.version)
    printed = sheet.tr("Printed {time}", time=paper_text(model.created, sheet.lang_code))
    sheet.put(right, y + 12.2, version, width, size=8, rgb=MUTED, align="R", height=4)
    sheet.put(right, y + 16.0, printed, width, size=8, rgb=MUTED, align="R", height=4)
    sheet.set_y(max(line, y + (18 if indent else 0), y + 20) + 2.2)
    sheet.rule(sheet.y, ACCENT, 0.6)
    sheet.set_y(sheet.y + 2.4)
    _stamps(sheet, model)


def _logo(sheet: Sheet, model: ReportModel, x: float, y: float) -> float:
    """Draw the logo in a box of 34 x 16 mm, left-aligned; the width it takes with its gap."""
    data = model.assets.get(model.header.logo, b"")
    if not data:
        return 0.0
    with Image.open(io.BytesIO(data)) as opened:
        wide, high = opened.size
    scale = min(34.0 / wide, 16.0 / high)
    with sheet.tagged("Figure", alt=sheet.tr("Logo of the laboratory")):
        sheet.picture(data, x, y, wide * scale, high * scale)
    return wide * scale + 4


def stamp_text(sheet: Sheet, model: ReportModel, stamp: str) -> str:
    """Why the stamp is there."""
    if stamp == SYNTHETIC:
        return sheet.tr("A generated specimen: no patient, no blood.")
    if stamp == PRELIMINARY:
        return sheet.tr(
            "Cells that still wait as Unidentified: {count}.", count=model.differential.unidentified
        )
    if stamp == INCOMPLETE:
        return sheet.tr(
            "The analysis was stopped or failed before its end; what was found until then is shown."
        )
    if stamp == SECOND_PERSON:
        return sheet.tr("This report needs the signatures of two persons; one has signed.")
    if stamp == NOT_SIGNED:
        r = model.review
        # No person took out what the counting frame leaves out.
        reviewed = r.cells - r.proposed - r.unidentified - cut_cells(model.differential)
        by_hand = sheet.ngettext(
            "{n} cell was counted by hand.", "{n} cells were counted by hand.", r.by_hand
        )
        if r.by_hand and not r.cells:
            return by_hand
        of_images = sheet.ngettext(
            "{n} of {cells} cells was reviewed by a person.",
            "{n} of {cells} cells were reviewed by a person.",
            reviewed,
            cells=r.cells,
        )
        return f"{of_images} {by_hand}" if r.by_hand else of_images
    return ""


def _stamps(sheet: Sheet, model: ReportModel) -> None:
    """What keeps the report from being final, or who signed it."""
    for stamp in model.stamps():
        rgb = WARNING if stamp in (NOT_SIGNED, SYNTHETIC) else CRITICAL
        _stamp(sheet, stamp, stamp_text(sheet, model, stamp), rgb)
    of_version = [s for s in model.signatures if s.version == model.version]
    for signature in of_version[:SIGNATURES_IN_FRONT]:
        text = sheet.tr(
            "{name}, {time}: {meaning}",
            name=signature.author,
            time=paper_text(signature.time, sheet.lang_code),
            meaning=sheet.tr(signature.meaning),
        )
        _stamp(sheet, SIGNED, text, GOOD)
    more = len(of_version) - SIGNATURES_IN_FRONT
    if more > 0:
        text = sheet.ngettext(
            "{n} more signature under “Review and signatures”",
            "{n} more signatures under “Review and signatures”",
            more,
        )
        _stamp(sheet, SIGNED, text, GOOD)
    sheet.set_y(sheet.y + 0.6)


def _stamp(sheet: Sheet, stamp: str, text: str, rgb: RGB) -> None:
    """A word on its colour, with what it means beside it."""
    y, word = sheet.y, sheet.tr(stamp)
    sheet.type(8.5, "B")
    width = sheet.measure(sheet.clean(word)) + 6
    sheet.box(sheet.left, y, width, 5, rgb, radius=0.8)
    sheet.put(sheet.left, y, word, width, size=8.5, style="B", rgb=WHITE, align="C", height=5)
    sheet.type(8.5)
    room = sheet.width - width - 3
    for line in sheet.wrap(text, room, 3) or [""]:
        sheet.put(sheet.left + width + 2.5, y, line, room + 0.5, size=8.5, rgb=rgb, height=5)
        y += 4.2
    sheet.set_y(y + 1.8)


# -- specimen and patient -------------------------------------------------------------------------------


def fields_block(sheet: Sheet, model: ReportModel) -> None:
    """Configured fields, patient left, specimen right, each with its label."""
    patient = [f for f in model.fields if f.group == "patient"]
    specimen = [FieldLine("specimen_id", "Specimen", model.specimen, "", "specimen")]
    specimen += [f for f in model.fields if f.group != "patient" and f.name not in ("wbc", "wbc_corrected")]
    kind = sheet.tr(model.kind.value)
    images = sheet.ngettext("{n} image, {kind}", "{n} images, {kind}", model.images, kind=kind)
    if not model.images:
        images = kind
    specimen.append(FieldLine("images", N_("Material"), images, "", "specimen"))
    if model.anonymised:
        patient.insert(0, FieldLine("", "Patient", sheet.tr("(left out: anonymised)"), "", "patient"))
    top, gap = sheet.y, 6.0
    column = (sheet.width - gap) / 2
    ends = []
    for x, lines in (
        (sheet.left, patient or specimen),
        (sheet.left + column + gap, specimen if patient else []),
    ):
        y = top
        for line in lines:
            y = _field(sheet, x, y, column, line)
        ends.append(y)
    sheet.set_y(max(ends) + 0.5)


def _field(sheet: Sheet, x: float, y: float, width: float, line: FieldLine) -> float:
    label_width = 33.0
    value = (
        paper_text(line.value, sheet.lang_code) if line.name in ("birth_date", "collected_at") else line.value
    )
    if line.name == "sex":
        value = sheet.tr({"F": N_("female"), "M": N_("male")}.get(value, value))
    if line.unit:
        value = f"{value} {sheet.tr(line.unit)}"
    sheet.put(x, y, sheet.tr(line.label), label_width - 1.5, size=8, rgb=MUTED, height=4.5)
    sheet.type(9)
    for text in sheet.wrap(value, width - label_width, 6) or [""]:
        sheet.put(
            x + label_width,
            y,
            text,
            width - label_width + 0.3,
            size=9,
            height=4.5,
            style="B" if line.name in ("patient_name", "specimen_id") else "",
        )
        y += 4.5
    return y
