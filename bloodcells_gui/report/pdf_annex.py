"""What follows the result: morphology, comments, signatures, gallery, Grad-CAM, provenance."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.specimen import ScaleSource
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.domain.wording import number, remark_text
from bloodcells_gui.report.model import GalleryRow, ReportModel, RunBlock, Thumb
from bloodcells_gui.report.pdf_result import local_time
from bloodcells_gui.report.pdf_sheet import (
    ACCENT,
    BAND,
    CRITICAL,
    FAINT,
    GOOD,
    INK,
    MUTED,
    RULE,
    WARNING,
    WHITE,
    Sheet,
)

COLUMNS = 9
THUMB_GAP = 3.6
CAPTION = 3.2
CHANGES_SHOWN = 24
IMAGE_ERRORS = (OSError, ValueError, RuntimeError, SyntaxError)


# -- morphology and comments ----------------------------------------------------------------------------


def morphology(sheet: Sheet, model: ReportModel) -> None:
    """Grades given by hand and the platelet estimate."""
    if not model.grades and not model.platelets:
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
    if model.platelets:
        sheet.set_y(sheet.y + 0.6)
    for remark in model.platelets:
        sheet.paragraph(sheet.left, remark_text(remark, sheet.lang_code), sheet.width, size=8.5)


def comments(sheet: Sheet, model: ReportModel) -> None:
    """Notes with who and when."""
    if not model.comments:
        return
    sheet.heading(sheet.tr("Comments"), 10)
    for note in model.comments:
        sheet.paragraph(sheet.left, note.text, sheet.width, size=9, most=60)
        who = f"{note.author}, {local_time(note.time, sheet.lang_code)}"
        if note.cells:
            shown = ", ".join(str(c) for c in note.cells[:12]) + ("…" if len(note.cells) > 12 else "")
            who += "  ·  " + sheet.tr("cells {cells}", cells=shown)
        sheet.put(sheet.left, sheet.y, who, sheet.width, size=7.5, rgb=MUTED, height=4)
        sheet.set_y(sheet.y + 5)


# -- review and signatures ------------------------------------------------------------------------------


def review(sheet: Sheet, model: ReportModel) -> None:
    """Who reviewed what, what was changed, and the signatures."""
    r = model.review
    sheet.heading(sheet.tr("Review and signatures"), 22)
    parts = [
        sheet.tr("{count} cells", count=r.cells),
        sheet.tr("{count} confirmed", count=r.confirmed),
        sheet.tr("{count} relabelled", count=r.relabelled),
        sheet.tr("{count} taken out", count=r.excluded),
        sheet.tr("{count} proposals not looked at", count=r.proposed),
        sheet.tr("{count} unidentified", count=r.unidentified),
    ]
    if r.by_hand:
        parts.append(sheet.tr("{count} counted by hand", count=r.by_hand))
    sheet.paragraph(sheet.left, "  ·  ".join(parts), sheet.width, size=8.5)
    lang = sheet.lang_code
    for person in r.reviewers:
        text = sheet.tr(
            "{name}: {confirmed} confirmed, {relabelled} relabelled, {excluded} taken out, {first} to {last}",
            name=person.name,
            confirmed=person.confirmed,
            relabelled=person.relabelled,
            excluded=person.excluded,
            first=local_time(person.first, lang),
            last=local_time(person.last, lang),
        )
        sheet.paragraph(sheet.left, text, sheet.width, size=8.5, most=3)
    if r.changes:
        listed = "; ".join(_change(sheet, c.predicted, c.final, c.count) for c in r.changes[:CHANGES_SHOWN])
        more = "; …" if len(r.changes) > CHANGES_SHOWN else ""
        sheet.paragraph(
            sheet.left, sheet.tr("Changed: {changes}", changes=listed + more), sheet.width, size=8, rgb=MUTED
        )
    for second in r.second_readings:
        text = sheet.tr(
            "Second reading by {reader}: {cells} cells, {agreed} agreed, {adjudicated} adjudicated, "
            "{open} open",
            reader=second.reader,
            cells=second.cells,
            agreed=second.agreed,
            adjudicated=second.adjudicated,
            open=second.open,
        )
        sheet.paragraph(sheet.left, text, sheet.width, size=8.5, most=3)
    if r.explanation:
        text = sheet.tr("Explanation given for signing: {text}", text=r.explanation)
        sheet.paragraph(sheet.left, text, sheet.width, size=8.5, most=8)
    sheet.set_y(sheet.y + 1.6)
    _signatures(sheet, model)


def _change(sheet: Sheet, predicted: str, final: str, count: int) -> str:
    target = sheet.tr("taken out") if final == "EXCLUDED" else _class(sheet, final)
    return f"{count} {_class(sheet, predicted)} → {target}"


def _class(sheet: Sheet, code: str) -> str:
    known = BY_CODE.get(code)
    return sheet.tr(known.name) if known else code


def _signatures(sheet: Sheet, model: ReportModel) -> None:
    if not model.signatures:
        half = (sheet.width - 8) / 2
        sheet.ensure(15)
        y = sheet.y
        for i, label in enumerate(("Name and signature", "Date")):
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
        sheet.put(sheet.left + 4, y + 1.2, s.author, sheet.width * 0.5, size=10, style="B", height=5)
        when = f"{local_time(s.time, sheet.lang_code)}  ·  " + sheet.tr(
            "Version {version}", version=s.version
        )
        sheet.put(
            sheet.left + 4 + sheet.width * 0.5,
            y + 1.2,
            when,
            sheet.width * 0.5 - 7,
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


# -- gallery ---------------------------------------------------------------------------------------------


def gallery(sheet: Sheet, model: ReportModel) -> None:
    """Thumbnails of every class by doubt, the doubtful ones marked."""
    rows = [row for row in model.gallery if row.total]
    if not any(row.thumbs for row in rows):
        return
    sheet.heading(sheet.tr("Cells"), 34, sheet.tr("most doubtful first"))
    _legend(sheet)
    _blocks(sheet, [row for row in rows if row.thumbs], model)


def _legend(sheet: Sheet) -> None:
    y = sheet.y
    x = sheet.left
    for kind, text in (
        ("?", "doubtful to the model, with its probability"),
        ("✓", "confirmed by a person"),
        ("→", "relabelled by a person"),
    ):
        _corner(sheet, x, y + 0.2, kind)
        shown = sheet.tr(text)
        sheet.put(x + 4.6, y, shown, 70, size=7.5, rgb=MUTED, height=4)
        sheet.type(7.5)
        x += 4.6 + sheet.measure(sheet.clean(shown)) + 6
    sheet.set_y(y + 5.4)


def _blocks(sheet: Sheet, rows: Sequence[GalleryRow], model: ReportModel) -> None:
    """Classes one after the other, small ones side by side."""
    line: list[tuple[int, GalleryRow]] = []
    slot = 0
    for row in rows:
        need = max(len(row.thumbs), 2)
        if line and slot + need > COLUMNS:
            _line(sheet, line, model)
            line, slot = [], 0
        line.append((slot, row))
        # A class that fills its line leaves no room; elsewhere one slot parts two classes.
        slot += need + 1
    if line:
        _line(sheet, line, model)


def _line(sheet: Sheet, line: Sequence[tuple[int, GalleryRow]], model: ReportModel) -> None:
    """One or more classes beginning at the same height."""
    size, pitch = _thumb_size(sheet)
    height = size + CAPTION + 1.2
    sheet.ensure(6.5 + height)
    y = sheet.y
    for i, (slot, row) in enumerate(line):
        end = line[i + 1][0] if i + 1 < len(line) else COLUMNS + 1
        _class_name(sheet, sheet.left + slot * pitch, y, (end - slot) * pitch - THUMB_GAP - 2, row)
    sheet.set_y(y + 5.6)
    deepest = max(len(row.thumbs) for _, row in line)
    for start in range(0, deepest, COLUMNS):
        sheet.ensure(height)
        top = sheet.y
        for slot, row in line:
            for i, thumb in enumerate(row.thumbs[start : start + COLUMNS]):
                _thumb(sheet, sheet.left + (slot + i) * pitch, top, size, thumb, model)
        sheet.set_y(top + height)
    sheet.set_y(sheet.y + 1.2)


def _thumb_size(sheet: Sheet) -> tuple[float, float]:
    size = (sheet.width - (COLUMNS - 1) * THUMB_GAP) / COLUMNS
    return size, size + THUMB_GAP


def _class_name(sheet: Sheet, x: float, y: float, width: float, row: GalleryRow) -> None:
    sheet.box(x, y + 1.2, 2.6, 2.6, row.rgb, radius=0.5)
    shown = str(row.total)
    if len(row.thumbs) < row.total:
        shown = sheet.tr("{shown} of {total} shown", shown=len(row.thumbs), total=row.total)
    sheet.type(8)
    tail = sheet.measure(sheet.clean(shown)) + 2
    name = sheet.tr(row.name)
    room = max(width - 4.4 - tail, 8)
    sheet.put(x + 4.4, y, name, room, size=9, style="B", height=5, tag="H3")
    sheet.type(9, "B")
    after = x + 4.4 + sheet.measure(sheet.fitted(name, room)) + 1.8
    sheet.put(after, y, shown, tail, size=8, rgb=MUTED, height=5.1)


def _chunks(items: Sequence[Thumb], size: int) -> Iterator[Sequence[Thumb]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _picture(sheet: Sheet, x: float, y: float, size: float, data: bytes, alt: str) -> None:
    """A picture, or an empty frame that says so: a broken thumbnail must not cost the report."""
    if data:
        try:
            with sheet.tagged("Figure", alt=sheet.clean(alt)):
                sheet.image(io.BytesIO(data), x, y, w=size, h=size)
        except IMAGE_ERRORS:
            data = b""
    if not data:
        sheet.box(x, y, size, size, BAND)
        sheet.put(
            x + 1,
            y + size / 2 - 2,
            sheet.tr("no picture"),
            size - 2,
            size=6.5,
            rgb=MUTED,
            align="C",
            height=4,
        )
    sheet.frame(x, y, size, size, RULE, 0.15)


def _thumb(sheet: Sheet, x: float, y: float, size: float, thumb: Thumb, model: ReportModel) -> None:
    alt = sheet.tr(
        "Cell {cell}: {name}, probability {percent} %",
        cell=thumb.cell,
        name=_class(sheet, thumb.final or thumb.predicted),
        percent=_percent(thumb.probability),
    )
    _picture(sheet, x, y, size, model.assets.get(thumb.picture, b""), alt)
    if thumb.status is Status.RELABELLED:
        _corner(sheet, x, y, "→")
    elif thumb.status is Status.CONFIRMED:
        _corner(sheet, x, y, "✓")
    elif thumb.doubtful:
        _corner(sheet, x, y, "?")
    if thumb.doubtful:
        sheet.frame(x, y, size, size, WARNING, 0.5)
    sheet.put(x, y + size + 0.3, str(thumb.cell), size * 0.55, size=6, rgb=MUTED, height=CAPTION - 0.4)
    percent = f"{_percent(thumb.probability)} %"
    rgb = WARNING if thumb.doubtful else MUTED
    sheet.put(
        x + size * 0.5,
        y + size + 0.3,
        percent,
        size * 0.5,
        size=6.3,
        rgb=rgb,
        align="R",
        style="B" if thumb.doubtful else "",
        height=CAPTION - 0.4,
    )


def _percent(probability: float) -> str:
    if math.isnan(probability):
        return "–"
    # 99.6 % must not read as certain
    return ">99" if 0.99 < probability < 1 else f"{100 * probability:.0f}"


def _corner(sheet: Sheet, x: float, y: float, kind: str) -> None:
    """The sign in a thumbnail's corner."""
    rgb = {"?": WARNING, "✓": GOOD, "→": ACCENT}[kind]
    sheet.box(x, y, 3.6, 3.6, rgb, radius=0.5)
    with sheet.artifact():
        sheet.put(x, y, kind, 3.6, size=7, style="B", rgb=WHITE, align="C", height=3.6)


# -- explanations ----------------------------------------------------------------------------------------


def explanations(sheet: Sheet, model: ReportModel) -> None:
    """Grad-CAM of some cells beside the cell itself."""
    thumbs = [t for row in model.gallery for t in row.thumbs if t.cam]
    if not thumbs:
        return
    sheet.heading(sheet.tr("What the classifier looked at (Grad-CAM)"), 30)
    note = "Warm colours mark what spoke for the proposed class; they explain the model, not the cell."
    sheet.paragraph(sheet.left, sheet.tr(note), sheet.width, size=7.5, rgb=MUTED)
    sheet.set_y(sheet.y + 1)
    size, pair_gap = 19.0, 5.0
    columns = max(1, int((sheet.width + pair_gap) // (2 * size + 0.6 + pair_gap)))
    pitch = (sheet.width - 2 * size - 0.6) / max(columns - 1, 1)
    for line in _chunks(thumbs, columns):
        sheet.ensure(size + 9)
        y = sheet.y
        for i, thumb in enumerate(line):
            x = sheet.left + i * pitch
            name = _class(sheet, thumb.predicted)
            _picture(sheet, x, y, size, model.assets.get(thumb.picture, b""), name)
            alt = sheet.tr("Grad-CAM of cell {cell} for {name}", cell=thumb.cell, name=name)
            _picture(sheet, x + size + 0.6, y, size, model.assets.get(thumb.cam, b""), alt)
            sheet.put(x, y + size + 0.5, name, 2 * size, size=7.2, height=3.4)
            text = f"{thumb.cell}  ·  {_percent(thumb.probability)} %"
            sheet.put(x, y + size + 3.7, text, 2 * size, size=6.6, rgb=MUTED, height=3.2)
        sheet.set_y(y + size + 8.6)


# -- provenance ------------------------------------------------------------------------------------------


def provenance(sheet: Sheet, model: ReportModel) -> None:
    """Runs, models and hashes, scale, parameters, skipped files, hashes of what the report stands on."""
    sheet.heading(sheet.tr("Provenance"), 24)
    for run in model.runs:
        _run(sheet, run)
    lines = [
        ("Program", f"bloodcells_gui {model.app_version}"),
        (
            "Images",
            sheet.tr(
                "{count} images, sha256 of names and contents {sha}",
                count=model.images,
                sha=model.images_sha256,
            ),
        ),
        ("Settings", f"sha256 {model.settings_sha256}"),
        ("This report", f"sha256 {model.sha256()}"),
    ]
    for label, text in lines:
        _pair(sheet, label, text)
    if model.skipped_total:
        sheet.set_y(sheet.y + 1)
        text = sheet.tr("Files left out: {count}", count=model.skipped_total)
        _pair(sheet, "Skipped", text, rgb=WARNING)
        for file in model.skipped[:15]:
            _pair(sheet, "", f"{file.path}: {sheet.tr(file.reason)}", most=2)
        if model.skipped_total > 15:
            _pair(sheet, "", sheet.tr("and {count} more, all in skipped.csv", count=model.skipped_total - 15))


def _run(sheet: Sheet, run: RunBlock) -> None:
    sheet.ensure(16)
    lang = sheet.lang_code
    title = sheet.tr("Analysis {number}", number=run.number + 1)
    text = f"{sheet.tr(run.status.value)}, {local_time(run.started, lang)}"
    if run.finished:
        text += " – " + local_time(run.finished, lang)
    _pair(sheet, title, text, bold=True, rgb=INK if run.status is RunStatus.COMPLETE else CRITICAL)
    for task, bundle in run.bundles:
        name, _, sha = bundle.rpartition(" ")
        _pair(
            sheet,
            sheet.tr("Model, {task}", task=sheet.tr(task)),
            f"{name or sha}   sha256 {sha}" if name else sha,
        )
    if run.profile:
        _pair(sheet, "Profile", run.profile)
    if run.scale is not None:
        _pair(sheet, "Scale", _scale(sheet, run))
        if run.scale.warning:
            _pair(sheet, "", sheet.tr(run.scale.warning), rgb=WARNING)
    if run.provider:
        _pair(sheet, "Computed by", run.provider)
    if any(v for _, v in run.parameters):
        _pair(sheet, "Parameters", ", ".join(f"{k} = {v}" for k, v in run.parameters if v), most=5)
    if run.tallies:
        _pair(sheet, "Also counted", ", ".join(f"{k} {v:g}" for k, v in run.tallies))
    if run.notice:
        _pair(sheet, "Notice", sheet.tr(run.notice), rgb=WARNING)
    sheet.set_y(sheet.y + 1.4)


def _scale(sheet: Sheet, run: RunBlock) -> str:
    scale = run.scale
    if scale is None or scale.mpp is None or scale.source is ScaleSource.UNKNOWN:
        return sheet.tr("unknown")
    text = sheet.tr(
        "{mpp} µm per pixel, from {source}",
        mpp=number(scale.mpp, 4, sheet.lang_code),
        source=sheet.tr(scale.source.value),
    )
    if scale.spread:
        text += f" (± {number(100 * scale.spread, 0)} %, n = {scale.n})"
    return text


def _pair(
    sheet: Sheet, label: str, text: str, *, rgb: tuple[int, int, int] = INK, bold: bool = False, most: int = 3
) -> None:
    style = "B" if bold else ""
    sheet.type(7.8, style)
    room = sheet.width - 36
    lines = sheet.wrap(text, room, most) or [""]
    for i, line in enumerate(lines):
        sheet.ensure(4)
        y = sheet.y
        if i == 0 and label:
            sheet.put(sheet.left, y, sheet.tr(label), 34, size=7.8, rgb=MUTED, height=4, style=style)
        sheet.put(sheet.left + 36, y, line, room + 0.4, size=7.8, rgb=rgb, height=4, style=style)
        sheet.set_y(y + 4)
