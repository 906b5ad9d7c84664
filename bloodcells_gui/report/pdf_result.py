"""The result: the differential as a table with its chart, and the remarks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.differential import Differential, DifferentialRow
from bloodcells_gui.domain.formatting import absolute, compact, number, remark_text, row_name
from bloodcells_gui.domain.page_marks import RGB
from bloodcells_gui.domain.remarks import SAMPLING_ONLY, cut_cells
from bloodcells_gui.domain.run_messages import gravest_first, run_remarks
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_sheet import (
    BAND,
    CRITICAL,
    FAINT,
    INK,
    MUTED,
    RULE,
    WARNING,
    WHITE,
    Sheet,
)

ROW = 5.15
BAR = 2.5
REFERENCE_FILL: RGB = (220, 233, 226)


# -- the table ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Columns:
    """Left edges and widths in mm; a column without width is not shown."""

    name: tuple[float, float]
    count: tuple[float, float]
    share: tuple[float, float]
    limits: tuple[float, float]
    chart: tuple[float, float]
    absolute: tuple[float, float]
    reference: tuple[float, float]
    flag: tuple[float, float]

    @classmethod
    def register_fields(cls, sheet: Sheet, *, with_absolute: bool, with_reference: bool) -> _Columns:
        widths = {
            "name": 46.0,
            "count": 12.0,
            "share": 15.0,
            "limits": 24.0,
            "chart": 0.0,
            "absolute": 15.0 if with_absolute else 0.0,
            "reference": 22.0 if with_reference else 0.0,
            "flag": 9.0,
        }
        widths["chart"] = sheet.width - sum(widths.values())
        x, places = sheet.left, {}
        for name, width in widths.items():
            places[name] = (x, width)
            x += width
        return cls(**places)


def nice_axis(highest: float) -> tuple[float, float]:
    """(end, step) of an axis from 0 that holds `highest`, with three to five steps."""
    for end, step in ((5, 1), (10, 2.5), (20, 5), (30, 10), (40, 10), (60, 20), (80, 20), (100, 25)):
        if highest <= end:
            return float(end), float(step)
    scale = 10 ** math.floor(math.log10(highest))
    for factor in (1, 2, 5, 10):
        if highest <= factor * scale:
            return float(factor * scale), factor * scale / 4
    return highest, highest / 4


def table(sheet: Sheet, model: ReportModel) -> None:
    """Inside rows with the chart, their sums, then the items outside the 100 %."""
    d = model.differential
    inside = [r for r in d.rows if r.counts]
    outside = [r for r in d.rows if not r.counts]
    every = (*inside, *outside, *d.totals)
    columns = _Columns.register_fields(
        sheet,
        with_absolute=any(r.absolute is not None for r in every),
        with_reference=any(_reference(r, "en") for r in every),
    )
    note = sheet.tr("{count} leukocytes counted", count=d.total)
    sheet.heading(sheet.tr("Differential count"), 40, note)
    _wbc_line(sheet, d)
    highest = max([r.high95 or 0.0 for r in (*inside, *d.totals) if r.count] + [10.0]) if d.total else 100.0
    axis = nice_axis(min(highest, 100.0))
    part = _Part(sheet.tr("Class"), "%", axis)
    _head(sheet, columns, part)
    for i, row in enumerate(inside):
        _row(sheet, columns, row, part, d, shaded=i % 2 == 1)
    _sum_row(sheet, columns, d)
    for row in d.totals:
        _row(sheet, columns, row, part, d, sum_row=True)
    sheet.struct_builder.close_table()
    if outside:
        sheet.set_y(sheet.y + 2.2)
        highest = max([r.high95 or 0.0 for r in outside if r.count and _is_finite(r.high95)] + [5.0])
        axis = nice_axis(highest)
        part = _Part(sheet.tr("Outside the 100 %"), sheet.tr("/100 WBC"), axis)
        _head(sheet, columns, part)
        for i, row in enumerate(outside):
            _row(sheet, columns, row, part, d, shaded=i % 2 == 1)
        sheet.struct_builder.close_table()
    left_out = sheet.tr(
        "Unidentified: {unidentified}.  Taken out by a person: {excluded}.",
        unidentified=d.unidentified,
        excluded=d.excluded - cut_cells(d),
    )
    sheet.set_y(sheet.y + 0.8)
    bands = sheet.tr("Green bands: reference range.") if columns.reference[1] else ""
    words = f"{left_out}  {bands}  {sheet.tr(SAMPLING_ONLY)}"
    sheet.paragraph(sheet.left, words, sheet.width, size=7.2, rgb=MUTED)


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _wbc_line(sheet: Sheet, d: Differential) -> None:
    if d.wbc is None:
        return
    text = sheet.tr("White cell count {wbc} 10⁹/L", wbc=number(d.wbc, 2, sheet.lang_code))
    if d.corrected:
        text += sheet.tr(", corrected for NRBC {used} 10⁹/L", used=number(d.wbc_used, 2, sheet.lang_code))
    if d.wbc_low is not None or d.wbc_high is not None:
        reference = _range_text(d.wbc_low, d.wbc_high, sheet.lang_code)
        text += "  " + sheet.tr("(reference {range})", range=reference)
    sheet.put(sheet.left, sheet.y, text, sheet.width - 12, size=9, height=4.8)
    if d.wbc_flag:
        _flag(sheet, sheet.left + sheet.width - 9, sheet.y - 0.2, 9, d.wbc_flag)
    sheet.set_y(sheet.y + 5.4)


@dataclass(frozen=True, slots=True)
class _Part:
    """Head of one part of the table, drawn again on every page; `axis` is (end, step) of its chart."""

    title: str
    unit: str
    axis: tuple[float, float]


def _head(sheet: Sheet, c: _Columns, part: _Part) -> None:
    title, unit, axis = part.title, part.unit, part.axis
    sheet.ensure(8 + 3 * ROW)
    y = sheet.y
    with sheet.row():
        cells: Sequence[tuple[tuple[float, float], str, str]] = (
            (c.name, title, "L"),
            (c.count, sheet.tr("Count"), "R"),
            (c.share, unit, "R"),
            (c.limits, sheet.tr("95 % limits"), "R"),
            (c.absolute, "10⁹/L", "R"),
            (c.reference, sheet.tr("Reference"), "R"),
            (c.flag, "", "R"),
        )
        for (x, width), text, align in cells:
            if width:
                sheet.put(
                    x, y, text, width - 0.8, size=7.5, style="B", rgb=MUTED, align=align, height=5, tag="TH"
                )
    with sheet.artifact():
        x0, width = _plot(c)
        end, step = axis
        tick = 0.0
        while tick <= end + 1e-9:
            at = x0 + width * tick / end
            sheet.put(
                at - 5, y + 0.6, compact(tick, sheet.lang_code), 10, size=6, rgb=MUTED, align="C", height=4.2
            )
            tick += step
    sheet.rule(y + 5.1, MUTED, 0.25)
    sheet.set_y(y + 5.3)


def _plot(c: _Columns) -> tuple[float, float]:
    return c.chart[0] + 5, c.chart[1] - 8


def _row(
    sheet: Sheet,
    c: _Columns,
    row: DifferentialRow,
    part: _Part,
    d: Differential,
    *,
    shaded: bool = False,
    sum_row: bool = False,
) -> None:
    if sheet.ensure(ROW):
        _head(sheet, c, part)
    y, lang = sheet.y, sheet.lang_code
    if shaded and not sum_row:
        sheet.box(sheet.left, y, sheet.width, ROW, BAND)
    _bar(sheet, c, row, part.axis, d, y, sum_row=sum_row)
    style = "I" if sum_row else "B" if row.flag else ""
    rgb = INK if row.count else MUTED
    value = row.percent if row.counts else row.per_100_wbc
    with sheet.row():
        if not sum_row:
            sheet.box(c.name[0] + 0.6, y + ROW / 2 - 1.2, 2.4, 2.4, row.rgb, radius=0.5)
        name = row_name(row, lang)
        sheet.put(
            c.name[0] + 4.4, y, name, c.name[1] - 5, size=8.5, style=style, rgb=rgb, height=ROW, tag="TH"
        )
        limits = ""
        if row.low95 is not None:
            low, high = number(row.low95, 1, lang), number(row.high95, 1, lang)
            limits = f"{low} – {high}"
        texts = (
            (c.count, str(row.count)),
            (c.share, number(value, 1, lang, "–")),
            (c.limits, limits),
            (c.absolute, absolute(row.absolute, lang)),
            (c.reference, _reference(row, lang)),
        )
        for (x, width), text in texts:
            if width and text:
                size = 7.8 if (x, width) in (c.limits, c.reference) else 8.5
                tint = MUTED if size < 8 else rgb
                sheet.put(
                    x,
                    y,
                    text,
                    width - 0.8,
                    size=size,
                    style=style if size > 8 else "",
                    rgb=tint,
                    align="R",
                    height=ROW,
                    tag="TD",
                )
        if row.flag:
            _flag(sheet, c.flag[0], y, c.flag[1], row.flag)
    sheet.set_y(y + ROW)


def _sum_row(sheet: Sheet, c: _Columns, d: Differential) -> None:
    sheet.ensure(ROW)
    y = sheet.y
    sheet.rule(y + 0.1, MUTED, 0.25)
    with sheet.row():
        share = number(100.0, 1, sheet.lang_code) if d.total else "–"
        sheet.put(
            c.name[0] + 4.4,
            y,
            sheet.tr("All leukocytes"),
            c.name[1] - 5,
            size=8.5,
            style="B",
            height=ROW,
            tag="TH",
        )
        sheet.put(
            c.count[0],
            y,
            str(d.total),
            c.count[1] - 0.8,
            size=8.5,
            style="B",
            align="R",
            height=ROW,
            tag="TD",
        )
        sheet.put(
            c.share[0], y, share, c.share[1] - 0.8, size=8.5, style="B", align="R", height=ROW, tag="TD"
        )
        if d.wbc_used is not None and c.absolute[1] and d.total:
            sheet.put(
                c.absolute[0],
                y,
                absolute(d.wbc_used, sheet.lang_code),
                c.absolute[1] - 0.8,
                size=8.5,
                style="B",
                align="R",
                height=ROW,
                tag="TD",
            )
    sheet.set_y(y + ROW)


def _flag(sheet: Sheet, x: float, y: float, width: float, flag: str) -> None:
    """A pill with a letter, so that colour is not its only carrier."""
    rgb = CRITICAL if flag == "!" else WARNING
    sheet.box(x + width - 5.4, y + 0.65, 5.4, ROW - 1.3, rgb, radius=1.0)
    sheet.put(
        x + width - 5.4,
        y + 0.65,
        flag,
        5.4,
        size=8,
        style="B",
        rgb=WHITE,
        align="C",
        height=ROW - 1.3,
        tag="TD",
    )


def _bar(
    sheet: Sheet,
    c: _Columns,
    row: DifferentialRow,
    axis: tuple[float, float],
    d: Differential,
    y: float,
    *,
    sum_row: bool,
) -> None:
    """Bar of the share, the reference range as a pale band behind it, the exact limits as a whisker."""
    x0, width = _plot(c)
    end, step = axis
    value = row.percent if row.counts else row.per_100_wbc
    middle = y + ROW / 2

    def at(share: float) -> float:
        return x0 + width * min(max(share, 0.0), end) / end

    with sheet.artifact():
        band = _reference_percent(row, d)
        if band is not None and band[1] > band[0] and band[0] < end:
            sheet.box(at(band[0]), y + 0.45, at(band[1]) - at(band[0]), ROW - 0.9, REFERENCE_FILL)
        tick = 0.0
        while tick <= end + 1e-9:
            sheet.segment(at(tick), y, at(tick), y + ROW, RULE if tick else FAINT, 0.12 if tick else 0.2)
            tick += step
        if value is None:
            return
        if row.count:
            height = 1.5 if sum_row else BAR
            sheet.box(
                at(0), middle - height / 2, max(at(value) - at(0), 0.15), height, _tint(row.rgb, sum_row)
            )
        if row.low95 is not None and row.high95 is not None:
            low, high = at(row.low95), at(row.high95)
            rgb = INK if row.count else FAINT
            sheet.segment(low, middle, high, middle, rgb, 0.25)
            if row.count:
                sheet.segment(low, middle - 0.75, low, middle + 0.75, rgb, 0.25)
            # An open end says that the limit lies beyond the axis.
            if row.high95 <= end:
                sheet.segment(high, middle - 0.75, high, middle + 0.75, rgb, 0.25)


def _tint(rgb: RGB, pale: bool) -> RGB:
    if not pale:
        return rgb
    return tuple(round(v + (255 - v) * 0.45) for v in rgb)  # type: ignore[return-value]


def _reference_percent(row: DifferentialRow, d: Differential) -> tuple[float, float] | None:
    """The reference range in % of leukocytes: the laboratory's own, or 10^9/L against the WBC count."""
    if row.ref_low_percent is not None or row.ref_high_percent is not None:
        return row.ref_low_percent or 0.0, 100.0 if row.ref_high_percent is None else row.ref_high_percent
    if not d.wbc_used or (row.ref_low is None and row.ref_high is None):
        return None
    high = 100.0 if row.ref_high is None else 100.0 * row.ref_high / d.wbc_used
    return 100.0 * (row.ref_low or 0.0) / d.wbc_used, high


def _range_text(low: float | None, high: float | None, lang: str) -> str:
    """Both limits with the same decimals."""
    known = [v for v in (low, high) if v is not None]
    if not known:
        return ""
    decimals = max(len(compact(v).partition(".")[2]) for v in known)
    first, last = number(low, decimals, lang), number(high, decimals, lang)
    if low is None:
        return f"≤ {last}"
    if high is None:
        return f"≥ {first}"
    return first if low == high else f"{first} – {last}"


def _reference(row: DifferentialRow, lang: str) -> str:
    """Range in 10^9/L, or in % where the laboratory gives only that."""
    text = _range_text(row.ref_low, row.ref_high, lang)
    if text:
        return text
    text = _range_text(row.ref_low_percent, row.ref_high_percent, lang)
    return f"{text} %" if text else ""


# -- remarks --------------------------------------------------------------------------------------------


def remarks(sheet: Sheet, model: ReportModel) -> None:
    """Remarks of the runs and of the table, the gravest first, each with the rule that raised it."""
    # The table's own foot says that limits are of sampling error only.
    of_table = [r for r in model.differential.remarks if r.text != SAMPLING_ONLY]
    found = gravest_first([*run_remarks(model.runs, with_target=True), *of_table])
    if not found:
        return
    sheet.heading(sheet.tr("Flags and remarks"), 8)
    for remark in found:
        rgb = {"critical": CRITICAL, "warning": WARNING}.get(remark.severity, MUTED)
        sign = {"critical": "!", "warning": "!"}.get(remark.severity, "i")
        text = remark_text(remark, sheet.lang_code)
        style = "B" if remark.severity == "critical" else ""
        size = 8.5 if remark.severity != "info" else 8
        sheet.type(size, style)
        rule = sheet.tr("rule {rule}", rule=remark.rule) if remark.rule else ""
        room = sheet.width - 6 - (34 if rule else 0)
        lines = sheet.wrap(text, room)
        sheet.ensure(len(lines) * 4.1 + 0.8)
        y = sheet.y
        sheet.box(sheet.left, y + 0.35, 3.4, 3.4, rgb, radius=0.6 if sign == "!" else 1.7)
        sheet.put(sheet.left, y + 0.35, sign, 3.4, size=7, style="B", rgb=WHITE, align="C", height=3.4)
        if rule:
            sheet.put(sheet.left + sheet.width - 34, y, rule, 34, size=7, rgb=MUTED, align="R", height=4.1)
        for line in lines:
            sheet.put(sheet.left + 5.4, y, line, room + 0.5, size=size, style=style, height=4.1)
            y += 4.1
        sheet.set_y(y + 0.8)
