"""The red cells on paper: one line for a normal film, else shares, grades, sizes and pictures."""

from __future__ import annotations

import math

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.formatting import bound_spaces, number, remark_text
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.measurements import label_of
from bloodcells_gui.domain.page_marks import RGB
from bloodcells_gui.domain.red_cells import FEWEST_FOR_GRADE, RED_CELL_CLASS
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_gallery import draw_picture
from bloodcells_gui.report.pdf_layout import Column, Table
from bloodcells_gui.report.pdf_plots import Axes
from bloodcells_gui.report.pdf_sheet import ACCENT, FAINT, MUTED, RULE, WARNING, WHITE, Sheet
from bloodcells_gui.report.red_cells import PICTURES, RedCellBlock, RedCellLine, RedCellMeasure

HEADING = N_("Red cells")
ONE_LABORATORY = N_(
    "The model learned from one laboratory's films: on other stains and cameras it errs more than its card "
    "says. A proposed grade (dotted) counts for nothing until a person accepts it."
)
FORMULAS = N_(
    "Shares with exact 95 % limits of sampling (Clopper and Pearson). Diameter: of the circle of the cell's "
    "area; SD and CV (100 SD / mean) as of the red-cell distribution width, but of diameters on a dry film, "
    "not of volumes. Grades after ICSH 2015, by the laboratory's thresholds."
)
_PICTURE = 14.0
_PLOT_HEIGHT = 22.0
_DOT = 0.55


def red_cells(sheet: Sheet, model: ReportModel) -> None:
    """The examination of red cells; nothing where none was made."""
    found = model.red_cells
    if found is None:
        return
    if not found.remarkable:
        sheet.heading(sheet.tr(HEADING), 12)
        _normal(sheet, found)
        return
    sheet.heading(sheet.tr(HEADING), 40, sheet.tr("one laboratory's model"))
    sheet.paragraph(bound_spaces(_counted(sheet, found), sheet.lang_code), size=8.5, most=4)
    sheet.set_y(sheet.y + 0.8)
    _table(sheet, found)
    _hints(sheet, found)
    _measures(sheet, found)
    _pictures(sheet, found, model)
    _notes(sheet, found)


def _normal(sheet: Sheet, found: RedCellBlock) -> None:
    """One line: how many were examined, and that nothing reaches a grade."""
    text = []
    if found.cells < FEWEST_FOR_GRADE:
        text.append(sheet.tr("From fewer than {n} red cells no grade is proposed.", n=FEWEST_FOR_GRADE))
    else:
        if not any(line.held for line in found.lines):
            text.append(sheet.tr("No shape class reaches 2+, and no person graded one."))
        text += [_held(sheet, line) for line in found.lines if line.held]
        largest = max((li for li in found.lines if li.item), key=lambda li: li.count, default=None)
        if largest is not None and largest.count:
            name = sheet.tr(RED_CELL_CLASS[largest.code].name)
            share = f"{number(largest.percent, 1, sheet.lang_code)} %"
            text.append(sheet.tr("Most frequent: {name}, {share}.", name=name, share=share))
    text += [remark_text(remark, sheet.lang_code) for remark in found.remarks]
    said = f"{_counted(sheet, found)}  ·  {' '.join(text)}"
    sheet.paragraph(bound_spaces(said, sheet.lang_code), size=8.5, most=8)
    sheet.paragraph(sheet.tr(ONE_LABORATORY), size=7.2, rgb=MUTED)


def _counted(sheet: Sheet, found: RedCellBlock) -> str:
    """How many cells on how many fields, and how many of them a person looked at."""
    parts = [
        sheet.ngettext("{n} red cell counted", "{n} red cells counted", found.cells),
        sheet.ngettext("on {n} field", "on {n} fields", found.fields),
        sheet.ngettext("{n} named by a person", "{n} named by a person", found.looked_at),
    ]
    if found.doubtful:
        parts.append(sheet.ngettext("{n} doubtful proposal", "{n} doubtful proposals", found.doubtful))
    if found.cut:
        parts.append(
            sheet.ngettext(
                "{n} left out, for a border cuts it", "{n} left out, for a border cuts them", found.cut
            )
        )
    if found.not_counted:
        parts.append(
            sheet.ngettext("{n} taken out by a person", "{n} taken out by a person", found.not_counted)
        )
    text = "  ·  ".join([" ".join(parts[:2]), *parts[2:]])
    if found.status is not RunStatus.COMPLETE:
        text += "  ·  " + sheet.tr("stopped before its end")
    return text


def _table(sheet: Sheet, found: RedCellBlock) -> None:
    titles = (
        (N_("Count"), 18.0), ("%", 16.0), (N_("95 % limits"), 32.0), (N_("By a person"), 28.0),
    )  # fmt: skip
    table = Table(
        sheet,
        [
            Column(sheet.tr("Shape class"), 46.0, "L"),
            *(Column(sheet.tr(title), width) for title, width in titles),
            Column(sheet.tr("Proposed"), 20.0, "C"),
            Column(sheet.tr("Accepted"), 20.0, "C"),
        ],
        swatches=True,
    )
    table.head()
    lang = sheet.lang_code
    for line in found.lines:
        if not line.count and not line.accepted:
            continue
        y = table.begin_row()
        known = RED_CELL_CLASS[line.code]
        limits = f"{number(line.low, 1, lang)} – {number(line.high, 1, lang)}"
        with sheet.row():
            texts = (
                sheet.tr(known.name), str(line.count), number(line.percent, 1, lang), limits,
                str(line.by_person) if line.by_person else "", "", "",
            )  # fmt: skip
            table.cells(y, texts, swatch=known.rgb, style="B" if line.accepted else "")
            _grade(sheet, table, 5, y, line.proposed if line.item else "", accepted=False)
            _grade(sheet, table, 6, y, line.accepted, accepted=True)
        table.end_row(y)
    table.close()
    sheet.set_y(sheet.y + 1.0)


def _grade(sheet: Sheet, table: Table, column: int, y: float, grade: str, *, accepted: bool) -> None:
    """A grade in its box: filled where a person gave it, else within a dotted outline."""
    if not grade:
        return
    x, width = table.place(column)
    text = sheet.tr(grade)
    wide = 9.0 if len(text) < 4 else width - 2
    left, top, high = x + (width - wide) / 2, y + 0.6, table.row_height - 1.2
    if accepted:
        sheet.box(left, top, wide, high, ACCENT, radius=0.8)
        rgb = WHITE
    else:
        dotted(sheet, left, top, wide, high, MUTED)
        rgb = MUTED
    style = "B" if accepted else ""
    sheet.put(left, top, text, wide, size=8, style=style, rgb=rgb, align="C", height=high, tag="TD")


def dotted(sheet: Sheet, x: float, y: float, w: float, h: float, rgb: RGB) -> None:
    """A dotted outline: what it holds is proposed and not decided."""
    right, low = x + w, y + h
    sides = ((x, y, right, y), (x, low, right, low), (x, y, x, low), (right, y, right, low))
    for x1, y1, x2, y2 in sides:
        steps = max(round((x2 - x1 + y2 - y1) / (2 * _DOT)), 1)
        dx, dy = (x2 - x1) / steps, (y2 - y1) / steps
        for i in range(steps):
            at_x, at_y = x1 + i * dx, y1 + i * dy
            sheet.segment(at_x, at_y, at_x + dx / 2, at_y + dy / 2, rgb, 0.22)


def _hints(sheet: Sheet, found: RedCellBlock) -> None:
    """What the limits leave open, and how many cells more would settle it."""
    for line in found.lines:
        if line.held and not line.accepted:
            sheet.paragraph(bound_spaces(_held(sheet, line), sheet.lang_code), size=8, rgb=WARNING, most=2)
        if not line.open or not line.count:
            continue
        name = sheet.tr(RED_CELL_CLASS[line.code].name)
        if line.more:
            text = sheet.ngettext(
                "{name}: the limits cross a threshold; {n} red cell more would probably settle the grade.",
                "{name}: the limits cross a threshold; {n} red cells more would probably settle the grade.",
                line.more,
                name=name,
            )
        else:
            text = sheet.tr("{name}: the limits cross a threshold.", name=name)
        sheet.paragraph(bound_spaces(text, sheet.lang_code), size=8, rgb=WARNING, most=2)


def _held(sheet: Sheet, line: RedCellLine) -> str:
    """That doubtful cells would decide a grade, so that none is proposed."""
    return sheet.ngettext(
        "{name}: no grade is proposed, for {n} doubtful cell would decide it and no person looked at it.",
        "{name}: no grade is proposed, for {n} doubtful cells would decide it and no person looked at them.",
        line.held,
        name=sheet.tr(RED_CELL_CLASS[line.code].name),
    )


def _measures(sheet: Sheet, found: RedCellBlock) -> None:
    """Plots of size and pallor side by side, their figures above."""
    if not found.measures:
        return
    sheet.ensure(_PLOT_HEIGHT + 20)
    top = sheet.y + 1.5
    pitch = sheet.width / 2
    for i, measure in enumerate(found.measures[:2]):
        _plot(sheet, measure, sheet.left + i * pitch, top, pitch - 8)
    sheet.set_y(top + _PLOT_HEIGHT + 16.5)


def _plot(sheet: Sheet, measure: RedCellMeasure, x: float, y: float, width: float) -> None:
    lang = sheet.lang_code
    size = measure.name.endswith("_um")
    name = sheet.tr(label_of(measure.name))
    unit = " µm" if size else ""
    figures = sheet.tr(
        "mean {mean}, SD {sd}, CV {cv} %",
        mean=number(measure.mean, 2, lang) + unit,
        sd=number(measure.sd, 2, lang) + unit,
        cv=number(measure.cv, 1, lang, "–"),
    )
    sheet.put(x, y, name, width, size=8, style="B", height=4)
    sheet.put(x, y + 3.9, figures, width, size=7.5, rgb=MUTED, height=3.8)
    most = max(measure.bars) or 1
    axes = Axes(sheet, x + 2, y + 8.6, width - 4, _PLOT_HEIGHT, measure.end, float(most), measure.start)
    if not math.isnan(measure.usual_low):
        left, _ = axes.at(measure.usual_low, 0)
        right, _ = axes.at(measure.usual_high, 0)
        sheet.box(left, axes.y, right - left, axes.height, (226, 238, 230))
    step = (measure.end - measure.start) / len(measure.bars)
    for i, count in enumerate(measure.bars):
        if count:
            left, at = axes.at(measure.start + i * step, count)
            right, floor = axes.at(measure.start + (i + 1) * step, 0)
            sheet.box(left, at, max(right - left - 0.15, 0.1), floor - at, ACCENT)
    floor = axes.y + axes.height
    sheet.segment(axes.x, floor, axes.x + axes.width, floor, MUTED, 0.25)
    ticks = 4
    for i in range(ticks + 1):
        value = measure.start + i * (measure.end - measure.start) / ticks
        at, _ = axes.at(value, 0)
        sheet.segment(at, floor, at, floor + 0.8, RULE, 0.2)
        text = number(value, 0 if size else 2, lang)
        sheet.put(at - 6, floor + 0.9, text, 12, size=6.5, rgb=MUTED, align="C", height=3)
    if not math.isnan(measure.usual_low):
        low, high = number(measure.usual_low, 1, lang), number(measure.usual_high, 1, lang)
        text = sheet.tr("shaded: {low} to {high} µm, usual in healthy adults", low=low, high=high)
        sheet.put(x, floor + 4, text, width, size=6.5, rgb=FAINT, height=3)


def _pictures(sheet: Sheet, found: RedCellBlock, model: ReportModel) -> None:
    """Up to `PICTURES` cells of each graded class, classes side by side."""
    lines = [line for line in found.graded if line.thumbs]
    gap, pitch = 0.8, _PICTURE + 0.8
    across = 2 if sheet.width >= 2 * (PICTURES // 2 * pitch) else 1
    column = sheet.width / across
    fit = min(PICTURES, int(column // pitch))
    for start in range(0, len(lines), across):
        some = lines[start : start + across]
        rows = max(-(-len(line.thumbs) // fit) for line in some)
        sheet.ensure(5.6 + rows * (pitch + 3.0))
        y = sheet.y
        for i, line in enumerate(some):
            x = sheet.left + i * column
            _title(sheet, line, x, y, column - 3)
            for n, thumb in enumerate(line.thumbs):
                at_x = x + n % fit * pitch
                at_y = y + 5.2 + n // fit * (pitch + 3.0)
                number_ = cell_number(thumb.cell)
                name = sheet.tr(RED_CELL_CLASS[line.code].name)
                alt = sheet.tr("Red cell {cell}: {name}", cell=number_, name=name)
                draw_picture(sheet, at_x, at_y, _PICTURE, model.assets.get(thumb.picture, b""), alt)
                said = number_ + (" ✓" if thumb.by_person else "")
                sheet.put(at_x, at_y + _PICTURE + 0.2, said, _PICTURE, size=6, rgb=MUTED, height=2.8)
        sheet.set_y(y + 5.4 + rows * (pitch + 3.0) + gap)


def _title(sheet: Sheet, line: RedCellLine, x: float, y: float, width: float) -> None:
    known = RED_CELL_CLASS[line.code]
    sheet.box(x, y + 1.2, 2.6, 2.6, known.rgb, radius=0.5)
    if line.accepted:
        grade = sheet.tr("accepted {grade}", grade=sheet.tr(line.accepted))
    else:
        grade = sheet.tr("proposed {grade}, not accepted", grade=sheet.tr(line.proposed))
    sheet.put(
        x + 4.2, y, f"{sheet.tr(known.name)}  ·  {grade}", width - 4.2, size=8, style="B", height=5, tag="H3"
    )


def _notes(sheet: Sheet, found: RedCellBlock) -> None:
    lang = sheet.lang_code
    for remark in found.remarks:
        sheet.paragraph(remark_text(remark, lang), size=8, rgb=WARNING, most=4)
    name, _, sha = found.model.rpartition(" ")
    model = sheet.tr("Model {name}, sha256 {sha}", name=name or sha, sha=f"{sha[:16]}…")
    if any(t.by_person for line in found.lines for t in line.thumbs):
        model += "  ·  " + sheet.tr("✓: named by a person")
    sheet.paragraph(f"{sheet.tr(ONE_LABORATORY)} {sheet.tr(FORMULAS)} {model}", size=7.2, rgb=MUTED)
