"""The charts of quality as PDF: for every figure its days, limits, changes of model and broken rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from bloodcells_gui.domain.control_charts import RULES, Chart, DayPoint, Limits
from bloodcells_gui.domain.formatting import number
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.quality import BY_FIGURE
from bloodcells_gui.domain.times import paper_text, typed_text
from bloodcells_gui.report.csv_out import atomic_file
from bloodcells_gui.report.model import RESEARCH_USE_ONLY
from bloodcells_gui.report.pdf import PAPERS, in_two_passes
from bloodcells_gui.report.pdf_sheet import ACCENT, CRITICAL, FAINT, INK, MUTED, RULE, WARNING, WHITE, Sheet

_HEIGHT, _LEFT, _RIGHT = 38.0, 14.0, 4.0
# So many broken rules of one chart are written out.
_LISTED = 6


def write_quality_pdf(
    charts: Sequence[Chart],
    path: Path,
    *,
    fonts_dir: Path,
    laboratory: str = "",
    paper: str = "a4",
    lang: str = "en",
    created: str = "",
    app_version: str = "",
) -> Path:
    """Write the charts; ValueError for another paper, OutputNotWritable without the right to write."""
    if paper not in PAPERS:
        raise ValueError(f"no such paper: {paper}")

    def draw(pages: int) -> Sheet:
        title = tr("Quality over time", lang)
        sheet = Sheet(
            fonts_dir,
            paper=paper,
            lang=lang,
            title=title,
            specimen=laboratory,
            foot=(tr(RESEARCH_USE_ONLY, lang), f"bloodcells_gui {app_version}"),
            pages=pages,
            created=created,
        )
        sheet.put(
            sheet.left, 12, title, sheet.width, size=15, style="B", rgb=ACCENT, height=7, tag="H1"
        )  # fmt: skip
        line = "  ·  ".join(
            part for part in (laboratory, paper_text(created, lang) if created else "") if part
        )
        sheet.put(sheet.left, 19.6, line, sheet.width, size=9, rgb=MUTED, height=4.6)
        sheet.rule(25.4, ACCENT, 0.6)
        sheet.set_y(28)
        if not charts:
            sheet.paragraph(sheet.tr("No film has been analysed yet."), size=9)
        for chart in charts:
            _chart(sheet, chart)
        return sheet

    data = in_two_passes(draw).pdf
    with atomic_file(path, "wb") as stream:
        stream.write(data)
    return path


def _chart(sheet: Sheet, chart: Chart) -> None:
    figure, lang = BY_FIGURE[chart.figure], sheet.lang_code
    whose = (
        sheet.tr("control slide {name}", name=chart.control) if chart.control else sheet.tr("patients' films")
    )
    unit = f" ({sheet.tr(figure.unit)})" if figure.unit else ""
    sheet.heading(f"{sheet.tr(figure.label)}{unit}", _HEIGHT + 20, whose)
    sheet.put(sheet.left, sheet.y, chart.camera, sheet.width, size=7.5, rgb=MUTED, height=3.8)
    top = sheet.y + 5
    with sheet.artifact():
        _draw(sheet, chart, top, figure.decimals)
    sheet.set_y(top + _HEIGHT + 6)
    for _, limits in chart.limits:
        text = sheet.tr(
            "Mean {mean}, SD {sd}, of {n} days from {first} to {last}",
            mean=number(limits.mean, figure.decimals, lang),
            sd=number(limits.sd, figure.decimals + 1, lang),
            n=limits.n,
            first=typed_text(limits.first, lang),
            last=typed_text(limits.last, lang),
        )
        sheet.paragraph(text, size=7.8, rgb=MUTED)
    if not chart.limits:
        sheet.paragraph(sheet.tr("Too few days for limits yet."), size=7.8, rgb=MUTED)
    for point in [p for p in reversed(chart.points) if p.rules][:_LISTED]:
        text = sheet.tr(
            "{day}: {value}, {rules}",
            day=typed_text(point.day, lang),
            value=number(point.value, figure.decimals, lang),
            rules="; ".join(f"{rule} ({sheet.tr(RULES[rule])})" for rule in point.rules),
        )
        sheet.paragraph(text, size=7.8, rgb=CRITICAL if point.alarm else WARNING)
    sheet.set_y(sheet.y + 2)


def _draw(sheet: Sheet, chart: Chart, top: float, decimals: int) -> None:
    days = [date.fromisoformat(p.day).toordinal() for p in chart.points]
    first, span = days[0], max(1, days[-1] - days[0])
    left, width = sheet.left + _LEFT, sheet.width - _LEFT - _RIGHT
    ends = [v for _, x in chart.limits for v in x.at(3)]
    values = [p.value for p in chart.points] + ends
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    low, high = low - margin, high + margin

    def x(day: int) -> float:
        return left + width * (day - first) / span

    def y(value: float) -> float:
        return top + _HEIGHT * (high - value) / (high - low)

    _limit_lines(sheet, chart, dict(zip(chart.points, days, strict=True)), x, y, decimals)
    sheet.segment(left, top, left, top + _HEIGHT, MUTED, 0.25)
    sheet.segment(left, top + _HEIGHT, left + width, top + _HEIGHT, MUTED, 0.25)
    for changed, _ in chart.changes:
        at = x(date.fromisoformat(changed).toordinal())
        sheet.segment(at, top, at, top + _HEIGHT, INK, 0.5)
        sheet.put(at + 0.6, top, sheet.tr("model"), 14, size=6, rgb=INK, height=3)
    for a, b, da, db in zip(chart.points, chart.points[1:], days, days[1:], strict=False):
        if a.model == b.model:
            sheet.segment(x(da), y(a.value), x(db), y(b.value), FAINT, 0.25)
    for point, day in zip(chart.points, days, strict=True):
        _mark(sheet, x(day), y(point.value), point)
    for day, align in ((days[0], "L"), (days[-1], "R")):
        text = typed_text(date.fromordinal(day).isoformat(), sheet.lang_code)
        at = left if align == "L" else left + width - 30
        sheet.put(at, top + _HEIGHT + 0.8, text, 30, size=6.5, rgb=MUTED, align=align, height=3)


def _limit_lines(
    sheet: Sheet,
    chart: Chart,
    days: dict[DayPoint, int],
    x: Callable[[int], float],
    y: Callable[[float], float],
    decimals: int,
) -> None:
    for model, limits in chart.limits:
        mine = [days[p] for p in chart.points if p.model == model]
        x1, x2 = x(mine[0]), x(mine[-1])
        for value, rgb, name in _lines(limits):
            sheet.segment(x1, y(value), x2, y(value), rgb, 0.3 if name == "m" else 0.2)
            if model == chart.limits[-1][0]:
                text = number(value, decimals, sheet.lang_code)
                sheet.put(sheet.left, y(value) - 1.5, text, _LEFT - 1, size=6, rgb=MUTED, align="R", height=3)


def _lines(limits: Limits) -> list[tuple[float, tuple[int, int, int], str]]:
    (low2, high2), (low3, high3) = limits.at(2), limits.at(3)
    return [
        (limits.mean, MUTED, "m"), (low2, RULE, "2"), (high2, RULE, "2"),
        (low3, CRITICAL, "3"), (high3, CRITICAL, "3"),
    ]  # fmt: skip


def _mark(sheet: Sheet, x: float, y: float, point: DayPoint) -> None:
    """A dot; a hollow one for a baseline day, a square for a warning, a larger filled square for an alarm."""
    if point.alarm:
        sheet.box(x - 1.3, y - 1.3, 2.6, 2.6, CRITICAL)
    elif point.rules:
        sheet.box(x - 1.0, y - 1.0, 2.0, 2.0, WARNING)
    else:
        sheet.box(x - 0.8, y - 0.8, 1.6, 1.6, MUTED if point.odd else ACCENT, radius=0.79)
        if point.baseline:
            sheet.box(x - 0.45, y - 0.45, 0.9, 0.9, WHITE, radius=0.44)
