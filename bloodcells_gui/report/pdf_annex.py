"""The parts after the result: morphology, comments, analyser, signatures, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bloodcells_gui.adaptation.prior_shift import prior_shift_of
from bloodcells_gui.domain.analysis import RunStatus, status_word
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.comparison import AnalyserRow
from bloodcells_gui.domain.formatting import labelled, number, remark_text
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.numeration import numeration, other_counts
from bloodcells_gui.domain.remarks import cut_cells
from bloodcells_gui.domain.retold import retold
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.domain.scale_messages import SCALE_LIMITS
from bloodcells_gui.domain.specimen import ScaleSource
from bloodcells_gui.domain.taxonomy import PLATELET
from bloodcells_gui.domain.times import paper_span, paper_text
from bloodcells_gui.report import pdf_checks
from bloodcells_gui.report.adaptation_text import adaptation_text
from bloodcells_gui.report.model import ReportModel, RunBlock, TagLine
from bloodcells_gui.report.pdf_gallery import class_name
from bloodcells_gui.report.pdf_layout import Column, Table, key_value
from bloodcells_gui.report.pdf_sheet import (
    BAND,
    CRITICAL,
    FAINT,
    GOOD,
    INK,
    MUTED,
    WARNING,
    Sheet,
)

CHANGES_SHOWN = 24
# Keys of a run's parameters and counts, in words.
_PARAMETERS = {
    "kind": N_("kind of images"),
    "mpp": N_("given scale (µm per px)"),
    "target_cells": N_("leukocytes to find"),
    "threads": N_("threads"),
    "count_cut_left_top": N_("cells cut by the left or top edge count"),
    "zones": N_("zone"),
    "sample_range": N_("range of brightness"),
}
_COUNTED = {
    "RBC": N_("red cells"),
    PLATELET: N_("platelets"),
    "WBC": N_("nucleated cells"),
    "PLT_listed": N_("platelets listed"),
    "PLT_unlisted": N_("platelets not listed"),
    "PLT_per_field": N_("platelets per field"),
    "fields": N_("fields"),
    "scanned_mm2": N_("mm² searched"),
}
MENDED_SHOWN = 24


# -- morphology and comments ----------------------------------------------------------------------------


def morphology(sheet: Sheet, model: ReportModel) -> None:
    """Grades given by hand, tags of single cells, and the platelet estimate."""
    if not model.grades and not model.platelets and not model.tags:
        return
    sheet.heading(sheet.tr("Morphology"), 10)
    column = sheet.width / 3
    for start in range(0, len(model.grades), 3):
        sheet.ensure(5.2)
        y = sheet.y
        for i, line in enumerate(model.grades[start : start + 3]):
            x = sheet.left + i * column
            grade = sheet.tr(line.grade)
            width = 8.0 if len(grade) < 4 else 16.0
            sheet.box(x, y + 0.4, width, 4, BAND, radius=1)
            sheet.put(x, y + 0.4, grade, width, size=8, style="B", align="C", height=4)
            sheet.put(x + width + 2, y, sheet.tr(line.name), column - width - 5, size=8.5, height=4.8)
        sheet.set_y(y + 5.2)
    for tagged in model.tags:
        sheet.paragraph(_tag_line(sheet, tagged), size=8.5, most=3)
    if model.platelets:
        sheet.set_y(sheet.y + 0.6)
    for remark in model.platelets:
        sheet.paragraph(remark_text(remark, sheet.lang_code), size=8.5)


def _tag_line(sheet: Sheet, line: TagLine) -> str:
    """How many cells carry a tag, of which classes, and which they are."""
    classes = "; ".join(f"{n} {class_name(sheet, code)}" for code, n in line.classes)
    cells = ", ".join(cell_number(i) for i in line.cells) + ("…" if line.count > len(line.cells) else "")
    return sheet.ngettext(
        "{tag}: {n} cell ({classes}; number {cells})",
        "{tag}: {n} cells ({classes}; numbers {cells})",
        line.count,
        tag=sheet.tr(line.tag),
        classes=classes,
        cells=cells,
    )


def comments(sheet: Sheet, model: ReportModel) -> None:
    """Notes with who and when."""
    if not model.comments and not model.anonymised:
        return
    sheet.heading(sheet.tr("Comments"), 10)
    if model.anonymised:
        left_out = sheet.tr("Comments in free text are left out, for they may name people.")
        sheet.paragraph(left_out, size=8, rgb=MUTED)
    for note in model.comments:
        sheet.paragraph(note.text, size=9, most=60)
        who = f"{note.author}, {paper_text(note.time, sheet.lang_code)}"
        if note.cells:
            shown = ", ".join(cell_number(c) for c in note.cells[:12]) + ("…" if len(note.cells) > 12 else "")
            who += "  ·  " + sheet.ngettext("cell {cells}", "cells {cells}", len(note.cells), cells=shown)
        sheet.put(sheet.left, sheet.y, who, sheet.width, size=7.5, rgb=MUTED, height=4)
        sheet.set_y(sheet.y + 5)


# -- analyser -------------------------------------------------------------------------------------------


def analyser(sheet: Sheet, model: ReportModel) -> None:
    """Smear against analyser: shares, difference with its limits as a whisker about zero."""
    rows = model.analyser
    if not rows:
        return
    sheet.heading(sheet.tr("Agreement with the analyser"), 24, sheet.tr("difference: smear minus analyser"))
    titles = (
        ("Smear %", 16.0),
        ("95 % limits", 26.0),
        ("Analyser %", 19.0),
        ("Difference", 18.0),
        ("95 % limits", 28.0),
    )
    table = Table(
        sheet,
        [Column("", 36.0, "L"), *(Column(sheet.tr(title), width, size=8.2) for title, width in titles)],
    )
    table.head()
    x0 = sheet.left + table.width + 5
    reach = max(5.0, *(min(abs(v), 100.0) for r in rows for v in (r.low, r.high)))
    whisker = _Whisker(x0, sheet.left + sheet.width - 16 - x0, reach)
    for row in rows:
        _analyser_row(sheet, table, whisker, row)
    table.close()
    note = N_("“Agrees”: the analyser's share lies within the exact limits of the smear's count (Rümke).")
    sheet.put(sheet.left, sheet.y + 0.6, sheet.tr(note), sheet.width, size=7.2, rgb=MUTED, height=3.8)
    sheet.set_y(sheet.y + 5)


@dataclass(frozen=True, slots=True)
class _Whisker:
    """Where differences from -`reach` to `reach` lie: left edge and width in mm."""

    x: float
    width: float
    reach: float

    def at(self, value: float) -> float:
        return self.x + self.width / 2 * (1 + min(max(value / self.reach, -1.0), 1.0))


def _analyser_row(sheet: Sheet, table: Table, whisker: _Whisker, row: AnalyserRow) -> None:
    y, lang = table.begin_row(), sheet.lang_code
    sheet.segment(whisker.at(0), y, whisker.at(0), y + 5.2, FAINT, 0.2)
    rgb = INK if row.inside else WARNING
    sheet.segment(whisker.at(row.low), y + 2.6, whisker.at(row.high), y + 2.6, rgb, 0.25)
    sheet.box(whisker.at(row.difference) - 0.8, y + 1.8, 1.6, 1.6, rgb, radius=0.79)
    texts = (
        sheet.tr(row.name),
        number(row.smear, 1, lang),
        f"{number(row.smear_low, 1, lang)} – {number(row.smear_high, 1, lang)}",
        number(row.analyser, 1, lang),
        number(row.difference, 1, lang),
        sheet.tr("{low} to {high}", low=number(row.low, 1, lang), high=number(row.high, 1, lang)),
    )
    with sheet.row():
        table.cells(y, texts)
        sheet.put(
            sheet.left + sheet.width - 15, y, sheet.tr("Agrees" if row.inside else "Differs"), 15, size=7.5,
            style="" if row.inside else "B", rgb=rgb, align="R", height=5.2, tag="TD",
        )  # fmt: skip
    table.end_row(y)


# -- review and signatures ------------------------------------------------------------------------------


def review(sheet: Sheet, model: ReportModel) -> None:
    """Who reviewed what, what was changed, and the signatures."""
    r, cut = model.review, cut_cells(model.differential)
    # Lines for a signature by hand do not go to a page of their own.
    sheet.heading(sheet.tr("Review and signatures"), 22 if model.signatures else 36)
    parts = [
        sheet.ngettext("{n} cell", "{n} cells", r.cells),
        sheet.ngettext("{n} confirmed", "{n} confirmed", r.confirmed),
        sheet.ngettext("{n} relabelled", "{n} relabelled", r.relabelled),
        sheet.ngettext("{n} taken out", "{n} taken out", r.excluded - cut),
        *(
            [sheet.ngettext("{n} outside the counting frame", "{n} outside the counting frame", cut)]
            if cut
            else []
        ),
        sheet.ngettext("{n} proposal not looked at", "{n} proposals not looked at", r.proposed),
        sheet.ngettext("{n} unidentified", "{n} unidentified", r.unidentified),
    ]
    if r.by_hand:
        parts.append(sheet.ngettext("{n} counted by hand", "{n} counted by hand", r.by_hand))
    sheet.paragraph("  ·  ".join(parts), size=8.5)
    lang = sheet.lang_code
    for person in r.reviewers:
        text = sheet.tr(
            "{name}: {confirmed}, {relabelled}, {excluded}; {when}",
            name=person.name,
            confirmed=sheet.ngettext("{n} confirmed", "{n} confirmed", person.confirmed),
            relabelled=sheet.ngettext("{n} relabelled", "{n} relabelled", person.relabelled),
            excluded=sheet.ngettext("{n} taken out", "{n} taken out", person.excluded),
            when=paper_span(person.first, person.last, lang),
        )
        sheet.paragraph(text, size=8.5, most=3)
    if r.changes:
        listed = "; ".join(_change(sheet, c.predicted, c.final, c.count) for c in r.changes[:CHANGES_SHOWN])
        more = "; …" if len(r.changes) > CHANGES_SHOWN else ""
        sheet.paragraph(sheet.tr("Changed: {changes}", changes=listed + more), size=8, rgb=MUTED)
    if r.mended:
        _mended(sheet, r.mended)
    for second in r.second_readings:
        text = sheet.tr(
            "Second reading by {reader}: {cells}, {agreed}, {adjudicated}, {open}",
            reader=second.reader,
            cells=sheet.ngettext("{n} cell", "{n} cells", second.cells),
            agreed=sheet.ngettext("{n} agreed", "{n} agreed", second.agreed),
            adjudicated=sheet.ngettext("{n} adjudicated", "{n} adjudicated", second.adjudicated),
            open=sheet.ngettext("{n} open", "{n} open", second.open),
        )
        sheet.paragraph(text, size=8.5, most=3)
    if r.explanation:
        text = sheet.tr("Explanation given for signing: {text}", text=r.explanation)
        sheet.paragraph(text, size=8.5, most=8)
    pdf_checks.findings(sheet, model)
    pdf_checks.checks(sheet, model)
    sheet.set_y(sheet.y + 1.6)
    _signatures(sheet, model)


def _mended(sheet: Sheet, cells: Sequence[int]) -> None:
    """Whose outline, and with it whose measurements, a person changed."""
    shown = ", ".join(map(cell_number, cells[:MENDED_SHOWN])) + (", …" if len(cells) > MENDED_SHOWN else "")
    text = sheet.ngettext(
        "Outline mended by a person, and measured anew: cell {cells}",
        "Outlines mended by a person, and measured anew: {n} cells ({cells})",
        len(cells),
        cells=shown,
    )
    sheet.paragraph(text, size=8.5, most=4)
    note = N_("The proposed classes are those of the program's own outlines.")
    sheet.paragraph(sheet.tr(note), size=8, rgb=MUTED)


def _change(sheet: Sheet, predicted: str, final: str, count: int) -> str:
    target = sheet.tr("taken out") if final == EXCLUDED_LABEL else class_name(sheet, final)
    return f"{count} {class_name(sheet, predicted)} → {target}"


def _signatures(sheet: Sheet, model: ReportModel) -> None:
    if not model.signatures:
        half = (sheet.width - 8) / 2
        sheet.ensure(15)
        y = sheet.y
        for i, label in enumerate((N_("Name and signature"), N_("Date"))):
            x = sheet.left + i * (half + 8)
            sheet.rule(y + 9, FAINT, 0.2, x, half)
            sheet.put(x, y + 9.4, sheet.tr(label), half, size=7.5, rgb=MUTED, height=4)
        sheet.set_y(y + 14)
        return
    for s in model.signatures:
        sheet.ensure(13)
        y = sheet.y
        current = s.version == model.version
        sheet.box(sheet.left, y, sheet.width, 11.4, BAND, radius=1)
        sheet.box(sheet.left, y, 1.2, 11.4, GOOD if current else FAINT)
        sheet.put(sheet.left + 4, y + 1.2, s.author, sheet.width * 0.42, size=10, style="B", height=5)
        when = f"{paper_text(s.time, sheet.lang_code)}  ·  " + sheet.tr(
            "Version {version}", version=s.version
        )
        sheet.put(
            sheet.left + 4 + sheet.width * 0.42,
            y + 1.2,
            when,
            sheet.width * 0.58 - 7,
            size=8.5,
            align="R",
            height=5,
        )
        sheet.put(
            sheet.left + 4, y + 6.3, sheet.tr(s.meaning), sheet.width * 0.42, size=8, rgb=MUTED, height=4
        )
        seal = sheet.tr("Report sha256 {sha}", sha=s.report_sha256[:32] + "…" if s.report_sha256 else "–")
        sheet.put(
            sheet.left + 4 + sheet.width * 0.42,
            y + 6.3,
            seal,
            sheet.width * 0.58 - 7,
            size=7,
            rgb=MUTED,
            align="R",
            height=4,
        )
        sheet.set_y(y + 12.6)


# -- provenance ------------------------------------------------------------------------------------------


def provenance(sheet: Sheet, model: ReportModel) -> None:
    """Runs, models and hashes, scale, parameters, skipped files, hashes of what the report stands on."""
    sheet.heading(sheet.tr("Provenance"), 24)
    for run in model.runs:
        _run(sheet, run, run.number in model.completed_later)
    lines = [
        (N_("Program"), f"bloodcells_gui {model.app_version}"),
        (
            "Images",
            sheet.ngettext(
                "{n} image, sha256 of its name and content {sha}",
                "{n} images, sha256 of names and contents {sha}",
                model.images,
                sha=model.images_sha256,
            ),
        ),
        ("Settings", f"sha256 {model.settings_sha256}"),
        (N_("This report"), f"sha256 {model.sha256()}"),
    ]
    if model.chain is not None:
        end = model.chain
        text = sheet.tr(
            "{entries}, {events}, sha256 {sha}",
            entries=sheet.ngettext("{n} entry", "{n} entries", end.entries),
            events=sheet.ngettext("{n} decision", "{n} decisions", end.events),
            sha=end.head,
        )
        lines.append((N_("Audit chain when signed"), text))
    if model.head:
        lines.append((N_("Audit chain when written"), f"sha256 {model.head}"))
    for label, text in lines:
        key_value(sheet, label, text)
    if model.skipped_total:
        sheet.set_y(sheet.y + 1)
        text = sheet.tr("Files left out: {count}", count=model.skipped_total)
        key_value(sheet, N_("Skipped"), text, rgb=WARNING)
        for file in model.skipped[:15]:
            key_value(
                sheet, "", labelled(file.path, retold(file.reason, sheet.lang_code), sheet.lang_code), most=2
            )
        if model.skipped_total > 15:
            more = model.skipped_total - 15
            key_value(
                sheet,
                "",
                sheet.ngettext("and {n} more, all in skipped.csv", "and {n} more, all in skipped.csv", more),
            )


def _run(sheet: Sheet, run: RunBlock, completed: bool) -> None:  # noqa: C901  # one branch a line of the annex
    sheet.ensure(16)
    lang = sheet.lang_code
    title = sheet.tr("Analysis {number}", number=run.number + 1)
    status = sheet.tr(status_word(run.status))
    text = f"{status[:1].upper()}{status[1:]}, {paper_span(run.started, run.finished or run.started, lang)}"
    if completed:
        text += "; " + sheet.tr("a later analysis went on with it to the end")
    done = completed or run.status is RunStatus.COMPLETE
    key_value(sheet, title, text, bold=True, rgb=INK if done else CRITICAL)
    for task, bundle in run.bundles:
        name, _, sha = bundle.rpartition(" ")
        key_value(
            sheet,
            sheet.tr("Model, {task}", task=sheet.tr(task)),
            f"{name or sha}   sha256 {sha}" if name else sha,
        )
    if run.never_proposed:
        translated = (sheet.tr(name) for name in run.never_proposed)
        names = ", ".join(name[:1].lower() + name[1:] for name in translated)
        key_value(sheet, N_("Never proposes"), names, most=2)
    if run.profile:
        key_value(sheet, "Profile", run.profile)
    if run.scale is not None:
        key_value(sheet, N_("Scale"), _scale(sheet, run))
        if run.scale.warning:
            key_value(sheet, "", sheet.tr(run.scale.warning), rgb=WARNING)
    if run.provider:
        key_value(sheet, N_("Computed by"), run.provider)
    if any(v for _, v in run.parameters):
        key_value(sheet, N_("Parameters"), _parameters(sheet, run), most=5)
    label = N_("Numeration")
    for template, values in numeration(run.record.counts, "," if lang == "fr" else "."):
        key_value(sheet, label, sheet.tr(template, **values))
        label = ""
    others = other_counts(run.record.counts)
    if others:
        counted = (f"{sheet.tr(_COUNTED.get(k, k))} {v:g}" for k, v in others.items())
        key_value(sheet, N_("Also counted"), ", ".join(counted))
    prior_shift = prior_shift_of(run.record.adaptation)
    if prior_shift is not None:
        key_value(sheet, "Whole specimen", adaptation_text(prior_shift, lang), most=6)
    if run.record.remarks:
        key_value(sheet, N_("Notice"), remarks_text(run.record.remarks, lang), rgb=WARNING)
    sheet.set_y(sheet.y + 1.4)


def _parameters(sheet: Sheet, run: RunBlock) -> str:
    """What the run was told, in words."""
    found = []
    for key, value in run.parameters:
        if value:
            said = sheet.tr("drawn") if key == "zones" else sheet.tr(value)
            found.append(labelled(sheet.tr(_PARAMETERS.get(key, key)), said, sheet.lang_code))
    return "; ".join(found)


def _scale(sheet: Sheet, run: RunBlock) -> str:
    scale = run.scale
    if scale is None or scale.mpp is None or scale.source is ScaleSource.UNKNOWN:
        return sheet.tr("unknown")
    text = sheet.tr(
        "{mpp} µm per pixel, from {source}",
        mpp=number(scale.mpp, 4, sheet.lang_code),
        source=sheet.tr(scale.source.value),
    )
    if scale.basis and scale.limits is not None:
        low, high = (number(limit, 4, sheet.lang_code) for limit in scale.limits)
        limits = sheet.tr(SCALE_LIMITS, low=low, high=high, basis=sheet.tr(scale.basis))
        return f"{text} ({limits}, n = {scale.n})"
    if scale.spread:  # of earlier versions
        text += f" (± {number(100 * scale.spread, 0)} %, n = {scale.n})"
    return text
