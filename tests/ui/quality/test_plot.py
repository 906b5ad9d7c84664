"""The chart's axis has no values that there cannot be."""

from __future__ import annotations

import re

import pyqtgraph as pg
import pytest
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.control_charts import Chart, DayPoint, Limits
from bloodcells_gui.domain.quality import FIGURES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.quality.plot import ChartPlot


def chart(figure: str, values: list[float], mean: float, sd: float) -> Chart:
    points = tuple(DayPoint(f"2026-11-{n + 1:02d}", v, 3, "m") for n, v in enumerate(values))
    limits = Limits(mean, sd, len(values), points[0].day, points[-1].day)
    return Chart(figure, "", "camera", points, (("m", limits),))


def labels(plot: ChartPlot) -> list[float]:
    axis = plot.getAxis("left")
    low, high = plot.getViewBox().viewRange()[1]
    levels = axis.tickValues(low, high, axis.height() or 300)
    texts = [t for step, values in levels for t in axis.tickStrings(values, 1.0, step)]
    return [float(re.sub("[−–]", "-", text)) for text in texts]


@pytest.mark.parametrize("figure", [f.code for f in FIGURES])
def test_no_value_below_zero_and_no_share_above_all(qtbot: QtBot, context: UiContext, figure: str) -> None:
    plot = ChartPlot(context)
    qtbot.addWidget(plot)
    plot.resize(500, 300)
    plot.show()
    plot.show_chart(chart(figure, [1.0, 0.0, 2.0, 0.5, 99.0, 100.0], 1.0, 40.0))
    shown = labels(plot)
    assert len(shown) > 2
    assert min(shown) >= 0
    assert figure not in ("unidentified", "agreed", "second_reader") or max(shown) <= 100
    lines = [i for i in plot.getPlotItem().items if isinstance(i, pg.PlotDataItem)]
    assert lines
    assert min(float(line.yData.min()) for line in lines) >= 0  # a limit that no film can pass is not drawn
