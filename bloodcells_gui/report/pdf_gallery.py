"""Pictures: the gallery of every class, and explanation maps of some cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set

from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.map_colours import AGAINST_RGB, FOR_RGB
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.report.model import GalleryRow, ReportModel, Thumb
from bloodcells_gui.report.pdf_sheet import ACCENT, BAND, MUTED, RULE, WARNING, WHITE, Sheet

COLUMNS = 9
THUMB_GAP = 3.6
CAPTION = 3.2
SIGN = 3.6
UNSURE, NOT_REVIEWED, CHANGED = "?", "○", "→"
_REVIEWED = (Status.CONFIRMED, Status.RELABELLED)
IMAGE_ERRORS = (OSError, ValueError, RuntimeError, SyntaxError)


def class_name(sheet: Sheet, code: str) -> str:
    """Translated name of a leaf, the code itself when it is none."""
    known = BY_CODE.get(code)
    return sheet.tr(known.name) if known else code


def gallery(sheet: Sheet, model: ReportModel) -> None:
    """Thumbnails of every class by uncertainty; what a person confirmed bears no mark."""
    rows = [row for row in model.gallery if row.thumbs and row.total]
    if not rows:
        return
    sheet.heading(sheet.tr("Cells"), 34, sheet.tr("most uncertain first"))
    thumbs = [thumb for row in rows for thumb in row.thumbs]
    reviewed = any(thumb.status in _REVIEWED for thumb in thumbs)
    if not reviewed:
        sheet.paragraph(sheet.tr("No person has reviewed the cells shown here."), size=7.5, rgb=MUTED)
    _legend(sheet, {kind for thumb in thumbs for kind in _signs(thumb, reviewed)})
    _blocks(sheet, rows, model, reviewed)


def _signs(thumb: Thumb, reviewed: bool) -> tuple[str, ...]:
    """What differs about a cell. Where no cell is `reviewed` the heading says so, not every picture."""
    if thumb.status is Status.RELABELLED:
        return (CHANGED,)
    if thumb.status in _REVIEWED:
        return ()
    open_one = (NOT_REVIEWED,) if reviewed else ()
    return (*open_one, UNSURE) if thumb.doubtful else open_one


def _legend(sheet: Sheet, kinds: Set[str]) -> None:
    """The signs that occur, each with its meaning."""
    y = sheet.y
    x = sheet.left
    for kind, text in (
        (UNSURE, N_("uncertain to the model")),
        (NOT_REVIEWED, N_("not reviewed by a person")),
        (CHANGED, N_("given another class by a person")),
    ):
        if kind not in kinds:
            continue
        _sign(sheet, x, y + 0.2, kind)
        shown = sheet.tr(text)
        sheet.put(x + 4.6, y, shown, 70, size=7.5, rgb=MUTED, height=4)
        sheet.type(7.5)
        x += 4.6 + sheet.measure(sheet.clean(shown)) + 6
    note = sheet.tr("Under each picture: number of the cell, and the model's probability of its proposal")
    room = sheet.left + sheet.width - x
    sheet.type(7.5)
    beside = bool(kinds) and sheet.measure(sheet.clean(note)) <= room
    if kinds and not beside:
        x, y, room = sheet.left, y + 4.4, sheet.width
    sheet.put(x, y, note, room, size=7.5, rgb=MUTED, height=4)
    sheet.set_y(y + 5.4)


def _blocks(sheet: Sheet, rows: Sequence[GalleryRow], model: ReportModel, reviewed: bool) -> None:
    """Classes one after the other, small ones side by side."""
    line: list[tuple[int, GalleryRow]] = []
    slot = 0
    for row in rows:
        need = max(len(row.thumbs), 2)
        if line and slot + need > COLUMNS:
            _line(sheet, line, model, reviewed)
            line, slot = [], 0
        line.append((slot, row))
        # A class that fills its line leaves no room; elsewhere one slot parts two classes.
        slot += need + 1
    if line:
        _line(sheet, line, model, reviewed)


def _line(sheet: Sheet, line: Sequence[tuple[int, GalleryRow]], model: ReportModel, reviewed: bool) -> None:
    """One or more classes beginning at the same height."""
    size, pitch = _thumb_size(sheet)
    height = size + CAPTION + 1.2
    sheet.ensure(6.5 + height)
    y = sheet.y
    for i, (slot, row) in enumerate(line):
        end = line[i + 1][0] if i + 1 < len(line) else COLUMNS + 1
        _block_name(sheet, sheet.left + slot * pitch, y, (end - slot) * pitch - THUMB_GAP - 2, row)
    sheet.set_y(y + 5.6)
    deepest = max(len(row.thumbs) for _, row in line)
    for start in range(0, deepest, COLUMNS):
        sheet.ensure(height)
        top = sheet.y
        for slot, row in line:
            for i, thumb in enumerate(row.thumbs[start : start + COLUMNS]):
                x = sheet.left + (slot + i) * pitch
                _thumb(sheet, x, top, size, thumb, model)
                for sign in _signs(thumb, reviewed):
                    # The model's doubt right, what a person did or did not do left.
                    _sign(sheet, x + size - SIGN if sign == UNSURE else x, top, sign)
        sheet.set_y(top + height)
    sheet.set_y(sheet.y + 1.2)


def _thumb_size(sheet: Sheet) -> tuple[float, float]:
    size = (sheet.width - (COLUMNS - 1) * THUMB_GAP) / COLUMNS
    return size, size + THUMB_GAP


def _block_name(sheet: Sheet, x: float, y: float, width: float, row: GalleryRow) -> None:
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


def draw_picture(sheet: Sheet, x: float, y: float, size: float, data: bytes, alt: str) -> None:
    """A picture, or an empty frame that says so: a broken thumbnail must not cost the report."""
    if data:
        try:
            with sheet.tagged("Figure", alt=sheet.clean(alt)):
                sheet.picture(data, x, y, size, size)
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
        cell=cell_number(thumb.cell),
        name=class_name(sheet, thumb.predicted),
        percent=_percent(thumb.probability),
    )
    if thumb.status is Status.RELABELLED:
        alt = sheet.tr(
            "Cell {cell}: {name}, proposed as {proposed}",
            cell=cell_number(thumb.cell),
            name=class_name(sheet, thumb.final),
            proposed=class_name(sheet, thumb.predicted),
        )
    alt = ", ".join((alt, *map(sheet.tr, thumb.tags)))
    draw_picture(sheet, x, y, size, model.assets.get(thumb.picture, b""), alt)
    unsure = thumb.doubtful and thumb.status not in _REVIEWED
    if unsure:
        sheet.frame(x, y, size, size, WARNING, 0.5)
    sheet.put(
        x, y + size + 0.3, cell_number(thumb.cell), size * 0.55, size=6, rgb=MUTED, height=CAPTION - 0.4
    )
    if thumb.status is Status.RELABELLED:
        return  # the probability is that of a class which the cell is not
    percent = f"{_percent(thumb.probability)} %"
    rgb = WARNING if unsure else MUTED
    sheet.put(
        x + size * 0.5,
        y + size + 0.3,
        percent,
        size * 0.5,
        size=6.3,
        rgb=rgb,
        align="R",
        style="B" if unsure else "",
        height=CAPTION - 0.4,
    )


def _percent(probability: float) -> str:
    if math.isnan(probability):
        return "–"
    # 99.6 % must not read as certain
    return ">99" if 0.99 < probability < 1 else f"{100 * probability:.0f}"


def _sign(sheet: Sheet, x: float, y: float, kind: str) -> None:
    """The sign in a thumbnail's corner."""
    rgb = {UNSURE: WARNING, NOT_REVIEWED: MUTED, CHANGED: ACCENT}[kind]
    sheet.box(x, y, SIGN, SIGN, rgb, radius=0.5)
    with sheet.artifact():
        sheet.put(x, y, kind, SIGN, size=7, style="B", rgb=WHITE, align="C", height=SIGN)


# -- explanations ----------------------------------------------------------------------------------------


def explanations(sheet: Sheet, model: ReportModel) -> None:
    """Explanation maps of some cells beside the cell itself: occlusion, or Grad-CAM in older reports."""
    thumbs = [t for row in model.gallery for t in row.thumbs if t.cam]
    if not thumbs:
        return
    occlusion = any(t.rival for t in thumbs)
    if occlusion:
        sheet.heading(sheet.tr("What the answer hinges on (occlusion maps)"), 42)
        _occlusion_legend(sheet)
    else:
        sheet.heading(sheet.tr("What the classifier looked at (Grad-CAM)"), 38)
        note = N_(
            "Warm colours mark what spoke for the proposed class; they explain the model, not the cell."
        )
        sheet.paragraph(sheet.tr(note), size=7.5, rgb=MUTED)
    sheet.set_y(sheet.y + 1)
    size, pair_gap = 19.0, 5.0
    columns = max(1, int((sheet.width + pair_gap) // (2 * size + 0.6 + pair_gap)))
    pitch = (sheet.width - 2 * size - 0.6) / max(columns - 1, 1)
    below = 3.2 if occlusion else 0.0
    for line in _chunks(thumbs, columns):
        sheet.ensure(size + 9 + below)
        y = sheet.y
        for i, thumb in enumerate(line):
            _explained(sheet, model, thumb, (sheet.left + i * pitch, y), size)
        sheet.set_y(y + size + 8.6 + below)


def _occlusion_legend(sheet: Sheet) -> None:
    """Say what the two colours mean, beside a patch of each."""
    patch = 2.6
    for rgb, text in (
        (FOR_RGB, N_("speaks for the proposed class: covered, the class becomes less likely")),
        (AGAINST_RGB, N_("speaks for the class named behind “against”")),
    ):
        sheet.box(sheet.left, sheet.y + 0.5, patch, patch, rgb)
        sheet.put(
            sheet.left + patch + 1.2,
            sheet.y,
            sheet.tr(text),
            sheet.width - 5,
            size=7.5,
            rgb=MUTED,
            height=3.6,
        )
        sheet.set_y(sheet.y + 3.7)
    note = N_(
        "The maps explain the program, not the cell: each place was covered and the answer asked again. "
        "Where there is no colour, no single place decides."
    )
    sheet.paragraph(sheet.tr(note), size=7.5, rgb=MUTED)


def _explained(sheet: Sheet, model: ReportModel, thumb: Thumb, at: tuple[float, float], size: float) -> None:
    """A cell, its map beside it, and what they are."""
    x, y = at
    name = class_name(sheet, thumb.predicted)
    number = cell_number(thumb.cell)
    if thumb.rival:
        alt = sheet.tr("Occlusion map of cell {cell} for {name}", cell=number, name=name)
    else:
        alt = sheet.tr("Grad-CAM of cell {cell} for {name}", cell=number, name=name)
    draw_picture(sheet, x, y, size, model.assets.get(thumb.picture, b""), name)
    draw_picture(sheet, x + size + 0.6, y, size, model.assets.get(thumb.cam, b""), alt)
    sheet.put(x, y + size + 0.5, name, 2 * size, size=7.2, height=3.4)
    text = f"{number}  ·  {_percent(thumb.probability)} %"
    sheet.put(x, y + size + 3.7, text, 2 * size, size=6.6, rgb=MUTED, height=3.2)
    if thumb.rival:
        against = sheet.tr("against {name}", name=class_name(sheet, thumb.rival))
        sheet.put(x, y + size + 6.9, against, 2 * size, size=6.6, rgb=MUTED, height=3.2)
