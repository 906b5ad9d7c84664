"""A Levey-Jennings chart on the screen.

Imported when it is first wanted: pyqtgraph is the largest part of the start-up otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from bloodcells_gui.domain.control_charts import Chart, DayPoint, Limits
from bloodcells_gui.domain.quality import BY_FIGURE
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.quality.words import chart_name, value_text


class _Days(pg.AxisItem):  # type: ignore[misc]
    """Days along the lower edge, as the language writes them."""

    def __init__(self, context: UiContext) -> None:
        super().__init__("bottom")
        self._context = context

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """A whole number of days apart."""
        step = max(1, round((maxVal - minVal) / max(1.0, size / 90)))
        first = -(-int(minVal) // step) * step
        return [(float(step), [float(day) for day in range(first, int(maxVal) + 1, step)])]

    def tickStrings(self, values: Sequence[float], _scale: float, _spacing: float) -> list[str]:
        """The days of `values` (ordinals)."""
        return [self._context.language.day(date.fromordinal(int(v)).isoformat()) for v in values if v >= 1]


class _Values(pg.AxisItem):  # type: ignore[misc]
    """The figure's values, with the decimal sign of the language."""

    def __init__(self, context: UiContext) -> None:
        super().__init__("left")
        self._context = context
        self.possible = (-math.inf, math.inf)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """As ever, but for values that there cannot be."""
        low, high = self.possible
        levels: list[tuple[float, list[float]]] = super().tickValues(minVal, maxVal, size)
        return [(step, [v for v in values if low <= v <= high]) for step, values in levels]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """The values as text."""
        plain: list[str] = super().tickStrings(values, scale, spacing)
        return [t.replace(".", ",") for t in plain] if self._context.language.lang == "fr" else plain


class ChartPlot(pg.PlotWidget):  # type: ignore[misc]
    """Days as points, limits as lines, a thick line where the model changed.

    What a point is, its shape says too: a ring is a day of the baseline, a square a warning, a triangle an
    alarm.
    """

    def __init__(self, context: UiContext) -> None:
        self._values = _Values(context)
        super().__init__(
            axisItems={"bottom": _Days(context), "left": self._values},
            background=context.theme.colour("base"),
        )
        self._context = context
        self._chart: Chart | None = None
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=True, y=False)
        self.setMinimumSize(240, 160)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the table below says all of it by keyboard

    def show_chart(self, chart: Chart | None) -> None:
        """Draw a chart, nothing for None."""
        self._chart = chart
        theme = self._context.theme
        self.setBackground(theme.colour("base"))
        self.clear()
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(theme.colour("border"))
            axis.setTextPen(theme.colour("text"))
        if chart is None:
            self.setAccessibleName(tr("No chart"))
            return
        self.setAccessibleName(chart_name(self._context.language, chart))
        self._values.possible = BY_FIGURE[chart.figure].possible
        for model, limits in chart.limits:
            self._draw_limits([p for p in chart.points if p.model == model], limits)
        for day, model in chart.changes:
            line = pg.InfiniteLine(
                _x(day) - 0.5, pen=pg.mkPen(theme.colour("text"), width=2), label=model,
                labelOpts={"color": theme.colour("text"), "position": 0.95, "anchors": [(0, 0), (0, 0)]},
            )  # fmt: skip
            self.addItem(line)
        self._draw_points(chart)
        self.getViewBox().autoRange(padding=0.04)

    def _draw_limits(self, points: Sequence[DayPoint], limits: Limits) -> None:
        theme = self._context.theme
        low, high = self._values.possible
        ends = [_x(points[0].day) - 0.5, _x(points[-1].day) + 0.5]
        solid, dashed = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine
        for values, token, style in (
            ((limits.mean,), "muted", solid),
            (limits.at(2), "warning", dashed),
            (limits.at(3), "critical", solid),
        ):
            pen = pg.mkPen(theme.colour(token), width=1, style=style)
            for value in values:
                if not low <= value <= high:
                    continue  # no film can lie beyond it
                self.plot(ends, [value, value], pen=pen)

    def _draw_points(self, chart: Chart) -> None:
        theme, language = self._context.theme, self._context.language
        for a, b in zip(chart.points, chart.points[1:], strict=False):
            if a.model == b.model:
                pen = pg.mkPen(theme.colour("border"), width=1)
                self.plot([_x(a.day), _x(b.day)], [a.value, b.value], pen=pen)
        spots = [
            {"pos": (_x(p.day), p.value), **self._look(p), "data": f"{language.day(p.day)}: "
             f"{value_text(language, chart, p.value)}"}
            for p in chart.points
        ]  # fmt: skip
        item = pg.ScatterPlotItem(hoverable=True, tip=lambda x, y, data: str(data))  # noqa: ARG005  # pyqtgraph names them
        item.addPoints(spots)
        self.addItem(item)

    def _look(self, point: DayPoint) -> dict[str, object]:
        theme = self._context.theme
        if point.alarm:
            return _spot("t1", 14, theme.colour("critical"), theme.colour("critical"))
        if point.rules:
            return _spot("s", 10, theme.colour("warning"), theme.colour("warning"))
        ink = theme.colour("muted" if point.odd else "accent")
        return _spot("o", 8, ink, theme.colour("base") if point.baseline else ink)


def _spot(symbol: str, size: int, pen: QColor, brush: QColor) -> dict[str, object]:
    return {"symbol": symbol, "size": size, "pen": pg.mkPen(pen, width=1.5), "brush": pg.mkBrush(brush)}


def _x(day: str) -> int:
    return date.fromisoformat(day).toordinal()
