"""The result: the differential as a table with its chart, and the remarks."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bloodcells_gui.domain.differential import Differential, DifferentialRow
from bloodcells_gui.domain.formatting import absolute, compact, number, remark_text, row_name
from bloodcells_gui.domain.page_marks import RGB
from bloodcells_gui.domain.remarks import SAMPLING_ONLY, cut_cells
from bloodcells_gui.report.all_remarks import model_remarks
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.pdf_layout import Column, Table
from bloodcells_gui.report.pdf_sheet import (
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


class _DifferentialTable(Table):
    """One part of the differential; `title`, `unit` and `axis` ((end, step) of its chart) are its own."""

    NAME, COUNT, SHARE, LIMITS, CHART, ABSOLUTE, REFERENCE, FLAG = range(8)

    def __init__(
        self,
        sheet: Sheet,
        title: str,
        unit: str,
        axis: tuple[float, float],
        *,
        with_absolute: bool,
        with_reference: bool,
    ) -> None:
        columns = [
            Column(title, 46.0, "L"),
            Column(sheet.tr("Count"), 12.0),
            Column(unit, 15.0),
            Column(sheet.tr("95 % limits"), 24.0, size=7.8, muted=True),
            Column("10⁹/L", 15.0 if with_absolute else 0.0),
            Column(sheet.tr("Reference"), 22.0 if with_reference else 0.0, size=7.8, muted=True),
            Column("", 9.0),
        ]
        chart = Column("", sheet.width - sum(c.width for c in columns))
        columns.insert(self.CHART, chart)
        super().__init__(sheet, columns, row_height=ROW, title_size=7.5, swatches=True, least_rows=3)
        self.axis = axis

    @property
    def plot(self) -> tuple[float, float]:
        """Left edge and width of the chart in mm."""
        x, width = self.place(self.CHART)
        return x + 5, width - 8

    def decorate_head(self, y: float) -> None:
        """Draw the ticks of the chart's axis."""
        x0, width = self.plot
        end, _ = self.axis
        with self.sheet.artifact():
            for tick in _ticks(self.axis):
                at, text = x0 + width * tick / end, compact(tick, self.sheet.lang_code)
                self.sheet.put(at - 5, y + 0.6, text, 10, size=6, rgb=MUTED, align="C", height=4.2)

    def draw(self, row: DifferentialRow, d: Differential, *, sum_row: bool = False) -> None:
        """A class with its bar, or (`sum_row`) a sum of classes."""
        sheet, lang = self.sheet, self.sheet.lang_code
        y = self.begin_row(shaded=False if sum_row else None)
        _bar(sheet, self, row, d, y, sum_row=sum_row)
        limits = ""
        if row.low95 is not None:
            limits = f"{number(row.low95, 1, lang)} – {number(row.high95, 1, lang)}"
        share = number(row.percent if row.counts else row.per_100_wbc, 1, lang, "–")
        texts = (
            row_name(row, lang), str(row.count), share, limits, "", absolute(row.absolute, lang),
            _reference(row, lang), "",
        )  # fmt: skip
        with sheet.row():
            self.cells(
                y, texts, style="I" if sum_row else "B" if row.flag else "", rgb=INK if row.count else MUTED,
                swatch=None if sum_row else row.rgb,
            )  # fmt: skip
            if row.flag:
                _flag(sheet, *self.place(self.FLAG), y, row.flag)
        self.end_row(y)

    def draw_total(self, d: Differential) -> None:
        """All leukocytes, under a rule."""
        y, lang = self.begin_row(shaded=False), self.sheet.lang_code
        self.sheet.rule(y + 0.1, MUTED, 0.25)
        share = number(100.0, 1, lang) if d.total else "–"
        amount = absolute(d.wbc_used, lang) if d.wbc_used is not None and d.total else ""
        texts = (self.sheet.tr("All leukocytes"), str(d.total), share, "", "", amount, "", "")
        with self.sheet.row():
            self.cells(y, texts, style="B")
        self.end_row(y)


def _ticks(axis: tuple[float, float]) -> Iterator[float]:
    end, step = axis
    tick = 0.0
    while tick <= end + 1e-9:
        yield tick
        tick += step


def table(sheet: Sheet, model: ReportModel) -> None:
    """Inside rows with the chart, their sums, then the items outside the 100 %."""
    d = model.differential
    inside = [r for r in d.rows if r.counts]
    outside = [r for r in d.rows if not r.counts]
    every = (*inside, *outside, *d.totals)
    shown = {
        "with_absolute": any(r.absolute is not None for r in every),
        "with_reference": any(_reference(r, "en") for r in every),
    }
    note = sheet.ngettext("{n} leukocyte counted", "{n} leukocytes counted", d.total)
    sheet.heading(sheet.tr("Differential count"), 40, note)
    _wbc_line(sheet, d)
    highest = max([r.high95 or 0.0 for r in (*inside, *d.totals) if r.count] + [10.0]) if d.total else 100.0
    part = _DifferentialTable(sheet, sheet.tr("Class"), "%", nice_axis(min(highest, 100.0)), **shown)
    part.head()
    for row in inside:
        part.draw(row, d)
    part.draw_total(d)
    for row in d.totals:
        part.draw(row, d, sum_row=True)
    part.close()
    if outside:
        sheet.set_y(sheet.y + 2.2)
        highest = max([r.high95 or 0.0 for r in outside if r.count and _is_finite(r.high95)] + [5.0])
        title, unit = sheet.tr("Outside the 100 %"), sheet.tr("/100 WBC")
        part = _DifferentialTable(sheet, title, unit, nice_axis(highest), **shown)
        part.head()
        for row in outside:
            part.draw(row, d)
        part.close()
    left_out = sheet.tr(
        "Unidentified: {unidentified}.  Taken out by a person: {excluded}.",
        unidentified=d.unidentified,
        excluded=d.excluded - cut_cells(d),
    )
    sheet.set_y(sheet.y + 0.8)
    bands = sheet.tr("Green bands: reference range.") if shown["with_reference"] else ""
    words = f"{left_out}  {bands}  {sheet.tr(SAMPLING_ONLY)}"
    sheet.paragraph(words, size=7.2, rgb=MUTED)


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
        _flag(sheet, sheet.left + sheet.width - 9, 9, sheet.y - 0.2, d.wbc_flag)
    sheet.set_y(sheet.y + 5.4)


def _flag(sheet: Sheet, x: float, width: float, y: float, flag: str) -> None:
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
    part: _DifferentialTable,
    row: DifferentialRow,
    d: Differential,
    y: float,
    *,
    sum_row: bool,
) -> None:
    """Bar of the share, the reference range as a pale band behind it, the exact limits as a whisker."""
    x0, width = part.plot
    end, _ = part.axis
    value = row.percent if row.counts else row.per_100_wbc
    middle = y + ROW / 2

    def at(share: float) -> float:
        return x0 + width * min(max(share, 0.0), end) / end

    with sheet.artifact():
        band = _reference_percent(row, d)
        if band is not None and band[1] > band[0] and band[0] < end:
            sheet.box(at(band[0]), y + 0.45, at(band[1]) - at(band[0]), ROW - 0.9, REFERENCE_FILL)
        for tick in _ticks(part.axis):
            sheet.segment(at(tick), y, at(tick), y + ROW, RULE if tick else FAINT, 0.12 if tick else 0.2)
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
    """Remarks of the runs and of the table, the gravest first; they name the limit that raised them."""
    # The table's own foot says that limits are of sampling error only.
    found = [r for r in model_remarks(model) if r.text != SAMPLING_ONLY]
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
        room = sheet.width - 6
        lines = sheet.wrap(text, room)
        sheet.ensure(len(lines) * 4.1 + 0.8)
        y = sheet.y
        sheet.box(sheet.left, y + 0.35, 3.4, 3.4, rgb, radius=0.6 if sign == "!" else 1.7)
        sheet.put(sheet.left, y + 0.35, sign, 3.4, size=7, style="B", rgb=WHITE, align="C", height=3.4)
        for line in lines:
            sheet.put(sheet.left + 5.4, y, line, room + 0.5, size=size, style=style, height=4.1)
            y += 4.1
        sheet.set_y(y + 0.8)
