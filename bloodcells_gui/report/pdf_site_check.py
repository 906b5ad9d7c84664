"""A site check as one page: what to expect, what looks wrong, what became of it, and who signs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bloodcells_gui.domain.formatting import labelled, number
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.domain.times import paper_text
from bloodcells_gui.report.csv_out import atomic_file
from bloodcells_gui.report.model import RESEARCH_USE_ONLY
from bloodcells_gui.report.pdf import PAPERS, in_two_passes
from bloodcells_gui.report.pdf_layout import Column, Table
from bloodcells_gui.report.pdf_sheet import ACCENT, BAND, INK, MUTED, RULE, WARNING, Sheet
from bloodcells_gui.report.site_check import (
    WHAT_IT_DOES_NOT,
    WHAT_IT_SAYS,
    WrittenCheck,
    advice_lines,
    first_summary,
    found_rows,
    found_sentences,
    json_text,
    reading_text,
    sentences,
    share_text,
    validation_text,
)

TITLE = N_("Site check")
_SIGNED_SHOWN = 2


def write_site_check_pdf(
    written: WrittenCheck, path: Path, *, fonts_dir: Path, paper: str = "a4", lang: str = "en"
) -> Path:
    """Write the page; ValueError for another paper, OutputNotWritable without the right to write."""
    if paper not in PAPERS:
        raise ValueError(f"no such paper: {paper}")
    sha = hashlib.sha256(json_text(written).encode()).hexdigest()

    def draw(pages: int) -> Sheet:
        sheet = Sheet(
            fonts_dir,
            paper=paper,
            lang=lang,
            title=tr(TITLE, lang),
            specimen=written.check.specimen,
            foot=(
                tr(RESEARCH_USE_ONLY, lang),
                f"bloodcells_gui {written.app_version}  ·  site_check.json sha256 {sha[:24]}…",
            ),
            pages=pages,
            created=written.created,
        )
        _head(sheet, written)
        _expected(sheet, written)
        _found(sheet, written)
        _looks(sheet, written)
        _first(sheet, written)
        _signature(sheet, written, sha)
        return sheet

    data = in_two_passes(draw).pdf
    with atomic_file(path, "wb") as stream:
        stream.write(data)
    return path


def _head(sheet: Sheet, written: WrittenCheck) -> None:
    check, lang = written.check, sheet.lang_code
    sheet.put(
        sheet.left, 12, sheet.tr(TITLE), sheet.width, size=15, style="B", rgb=ACCENT, height=7, tag="H1"
    )  # fmt: skip
    counted = [
        sheet.ngettext("{n} image", "{n} images", check.images),
        sheet.ngettext("{n} cell with a nucleus", "{n} cells with a nucleus", check.answers.cells),
        paper_text(written.created, lang) if written.created else "",
    ]
    line = "  ·  ".join(part for part in (written.laboratory, check.specimen, *counted) if part)
    sheet.put(sheet.left, 19.6, line, sheet.width, size=9, rgb=MUTED, height=4.6)
    sheet.rule(25.4, ACCENT, 0.6)
    sheet.set_y(27)


def _expected(sheet: Sheet, written: WrittenCheck) -> None:
    check, lang = written.check, sheet.lang_code
    note = (
        sheet.tr("in brackets limits wide enough for each laboratory left out") if check.expectation else ""
    )
    sheet.heading(sheet.tr("What to expect"), 30, note)
    tiles = (
        (
            N_("Share named"),
            share_text(check.named, lang),
            N_("by the program alone; the rest waits for a person"),
        ),
        (N_("Right of the named"), share_text(check.right, lang), N_("five-part differential")),
    )
    gap = 4.0
    width, y = (sheet.width - gap) / 2, sheet.y
    for i, (label, value, about) in enumerate(tiles):
        x = sheet.left + i * (width + gap)
        sheet.box(x, y, width, 18, BAND, radius=1)
        sheet.put(x + 3, y + 1.6, sheet.tr(label), width - 5, size=8, rgb=MUTED, height=4)
        sheet.put(x + 3, y + 5.6, value, width - 5, size=15, style="B", height=7)
        sheet.put(x + 3, y + 12.8, sheet.tr(about), width - 5, size=7.5, rgb=MUTED, height=4)
    sheet.set_y(y + 20)
    for text in sentences(check, lang):
        sheet.paragraph(text, size=8.5, style="B", rgb=WARNING, most=3)
    for text in (sheet.tr(WHAT_IT_SAYS), sheet.tr(WHAT_IT_DOES_NOT), validation_text(check, lang)):
        if text:
            sheet.paragraph(text, size=7.8, rgb=MUTED, most=4)


def _found(sheet: Sheet, written: WrittenCheck) -> None:
    check, lang = written.check, sheet.lang_code
    if not check.decided:
        return
    sheet.heading(sheet.tr("What became of it"), 22, sheet.tr("exact 95 % limits, sampling error only"))
    rows = found_rows(check, lang)
    if rows:
        widths = (46.0, 40.0, 40.0)
        columns = [Column("", widths[0], "L")]
        titles = (N_("Expected"), N_("Found"))
        columns += [Column(sheet.tr(t), w) for t, w in zip(titles, widths[1:], strict=True)]
        columns.append(Column("", sheet.width - sum(widths), "R"))
        table = Table(sheet, columns)
        table.head()
        for row in rows:
            table.row(row)
        table.close()
        sheet.set_y(sheet.y + 1)
    for text in found_sentences(check, lang):
        sheet.paragraph(text, size=7.8, rgb=MUTED, most=2)


def _looks(sheet: Sheet, written: WrittenCheck) -> None:
    check, lang = written.check, sheet.lang_code
    sheet.heading(sheet.tr("Light, stain and scale"), 24, sheet.tr("familiar: in the laboratories known"))
    columns = [Column("", 92.0, "L"), Column(sheet.tr("Measured"), 36.0)]
    columns.append(Column(sheet.tr("Familiar"), sheet.width - 128.0))
    table = Table(sheet, columns, row_height=4.6)
    table.head()
    if check.scale is not None and check.scale.mpp:
        mpp = f"{number(check.scale.mpp, 3, lang)} µm/px"
        table.row([sheet.tr("Scale"), f"{mpp} ({sheet.tr(str(check.scale.source))})", ""])
    for reading in check.readings:
        table.row(reading_text(reading, lang), rgb=WARNING if reading.odd else INK)
    table.close()
    sheet.set_y(sheet.y + 1)
    advice = advice_lines(check, lang)
    for wrong, to_do in advice:
        sheet.paragraph(f"{wrong} {to_do}", size=8.5, rgb=WARNING, most=2)
    if not advice:
        sheet.paragraph(sheet.tr("Light, stain and scale look as in known laboratories."), size=8.5)


def _first(sheet: Sheet, written: WrittenCheck) -> None:
    check, lang = written.check, sheet.lang_code
    sheet.heading(sheet.tr("Cells"), 16)
    names = {row.code: row.name for row in ROLLUPS["ten"].rows}
    kinds = sorted(check.proposed.items(), key=lambda item: (-item[1], item[0]))
    counts = ", ".join(f"{sheet.tr(names[code])} {n}" for code, n in kinds)
    sheet.paragraph(labelled(sheet.tr("Proposed"), counts, lang), size=8.5, most=3)
    listed = sheet.tr("They are listed in {file}.", file="site_check.csv")
    sheet.paragraph(f"{first_summary(check, lang)} {listed}", size=8.5, most=3)
    if check.remarks:
        sheet.paragraph(remarks_text(check.remarks, lang), size=7.8, rgb=MUTED, most=5)
    sheet.paragraph(labelled(sheet.tr("classify"), check.model, lang), size=7, rgb=MUTED, most=2)


def _signature(sheet: Sheet, written: WrittenCheck, sha: str) -> None:
    check, lang = written.check, sheet.lang_code
    sheet.ensure(24)
    y = max(sheet.y + 4, 0.0)
    for signature in check.signatures[-_SIGNED_SHOWN:]:
        text = sheet.tr(
            "The case was signed by {author}, {time}; report sha256 {sha}",
            author=signature.author,
            time=paper_text(signature.time, lang),
            sha=signature.report_sha256[:24] + "…",
        )
        sheet.put(sheet.left, y, text, sheet.width, size=7.8, height=4)
        y += 4.4
    chain = sheet.tr("Chain of the case {head}", head=check.chain_head[:24] + "…")
    sheet.put(
        sheet.left,
        y,
        f"{chain}  ·  site_check.json sha256 {sha}",
        sheet.width,
        size=6.5,
        rgb=MUTED,
        height=3.6,
    )
    y += 14
    width = (sheet.width - 16) / 3
    for i, label in enumerate((N_("Name"), N_("Date"), N_("Signature"))):
        x = sheet.left + i * (width + 8)
        sheet.rule(y, RULE, 0.3, x, width)
        sheet.put(x, y + 0.8, sheet.tr(label), width, size=7.5, rgb=MUTED, height=4)
    sheet.set_y(y + 6)
