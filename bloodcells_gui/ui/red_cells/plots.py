"""Distributions of size and central pallor of the red cells.

Imported when it is first wanted: pyqtgraph is the largest part of the start-up otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from bloodcells_gui.domain.red_cell_figures import FEWEST_MEASURED, distribution_of
from bloodcells_gui.domain.red_cells import USUAL_DIAMETER_UM
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.red_cells.badge import class_ink
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable
from bloodcells_gui.ui.red_cells.words import class_name, measure_name, measure_text

_DIAMETER_BINS = np.arange(2.0, 13.01, 0.25)
_BEHIND_MS = 150
_PALLOR_BINS = np.arange(0.0, 1.001, 0.04)


class _Numbers(pg.AxisItem):  # type: ignore[misc]
    """An axis with the decimal sign of the language."""

    def __init__(self, context: UiContext, side: str) -> None:
        super().__init__(side)
        self._context = context

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """The values as text."""
        plain: list[str] = super().tickStrings(values, scale, spacing)
        return [t.replace(".", ",") for t in plain] if self._context.language.lang == "fr" else plain


class Histogram(pg.PlotWidget):  # type: ignore[misc]
    """All counted cells in grey, before them those of a class in its colour; the chosen cell is a line."""

    def __init__(self, context: UiContext, measure: str, bins: NDArray[np.float64], band: bool) -> None:
        super().__init__(
            axisItems={side: _Numbers(context, side) for side in ("left", "bottom")},
            background=context.theme.colour("base"),
        )
        self._context, self.measure, self._bins, self._band = context, measure, bins, band
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setMinimumSize(120, 84)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the line above says all of it by keyboard
        self._mark: pg.InfiniteLine | None = None

    def sizeHint(self) -> QSize:
        return QSize(240, 150)

    def wheelEvent(self, event: object) -> None:
        """The wheel belongs to what lies around."""
        event.ignore()  # type: ignore[attr-defined]

    def show_values(self, table: CellTable, code: str) -> None:
        """Draw the cells of a case and, of them, those of a class."""
        theme = self._context.theme
        self.setBackground(theme.colour("base"))
        self.clear()
        self._mark = None
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(theme.colour("border"))
            axis.setTextPen(theme.colour("muted"))
        if self._band:
            self._draw_band()
        everyone, mine = table.values(self.measure), table.values(self.measure, code)
        self._bars(everyone, QColor(theme.colour("placeholder")), 0.45)
        if len(mine) != len(everyone):
            self._bars(mine, class_ink(self._context, code), 1.0)
        if len(everyone):
            pen = pg.mkPen(theme.colour("text"), width=1.4, style=Qt.PenStyle.DashLine)
            self.addItem(pg.InfiniteLine(float(everyone.mean()), pen=pen))
        low, high = self._range(everyone)
        self.getViewBox().setXRange(low, high, padding=0.02)
        top = max(1, int(self._counts(everyone).max()) if len(everyone) else 1)
        self.getViewBox().setYRange(0, 1.06 * top, padding=0)

    def mark(self, value: float) -> None:
        """Show where the chosen cell lies; NaN for nowhere."""
        if self._mark is not None:
            self.removeItem(self._mark)
            self._mark = None
        if math.isfinite(value):
            self._mark = pg.InfiniteLine(value, pen=pg.mkPen(self._context.theme.colour("accent"), width=2.4))
            self.addItem(self._mark)

    def _draw_band(self) -> None:
        theme = self._context.theme
        ground = QColor(theme.colour("ok"))
        ground.setAlphaF(0.16)
        low, _, high = USUAL_DIAMETER_UM
        band = pg.LinearRegionItem((low, high), movable=False, brush=ground, pen=pg.mkPen(None))
        band.setZValue(-10)
        self.addItem(band)

    def _counts(self, values: NDArray[np.float32]) -> NDArray[np.intp]:
        kept = np.clip(values, self._bins[0], self._bins[-1] - 1e-6)
        return np.histogram(kept, self._bins)[0]

    def _bars(self, values: NDArray[np.float32], colour: QColor, alpha: float) -> None:
        counts = self._counts(values)
        ground = QColor(colour)
        ground.setAlphaF(alpha)
        width = float(self._bins[1] - self._bins[0])
        bars = pg.BarGraphItem(
            x0=self._bins[:-1], width=width, height=counts, brush=ground, pen=pg.mkPen(None)
        )
        self.addItem(bars)

    def _range(self, values: NDArray[np.float32]) -> tuple[float, float]:
        low, high = float(self._bins[0]), float(self._bins[-1])
        if not self._band:
            return low, high
        usual_low, _, usual_high = USUAL_DIAMETER_UM
        if len(values):
            low = max(low, min(usual_low - 1.2, float(values.min()) - 0.3))
            high = min(high, max(usual_high + 1.2, float(values.max()) + 0.3))
        return low, high


class Distributions(QWidget):
    """Size and pallor, each under a line with mean, spread and number."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.size_line, self.pallor_line = PlainLabel(), PlainLabel()
        for label in (self.size_line, self.pallor_line):
            label.setWordWrap(True)
        self.sizes = Histogram(context, "diameter_um", _DIAMETER_BINS, band=True)
        self.pallors = Histogram(context, "pallor", _PALLOR_BINS, band=False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for label, plot in ((self.size_line, self.sizes), (self.pallor_line, self.pallors)):
            layout.addWidget(label)
            layout.addWidget(plot, 1)
        self._shown: tuple[CellTable, str] | None = None
        self._marked: int | None = None
        # Drawn a little behind: who names cells by keys does not wait for it.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_BEHIND_MS)
        self._later.timeout.connect(self._draw)
        context.theme.changed.connect(self._draw)

    def show_table(self, table: CellTable, code: str) -> None:
        """Draw the cells of a case and, of them, those of a class."""
        first = self._shown is None
        self._shown = table, code
        if first:
            self._draw()
        else:
            self._later.start()

    def mark(self, cell_id: int | None) -> None:
        """Show where a cell lies."""
        self._marked = cell_id
        table = self._shown[0] if self._shown is not None else None
        known = table is not None and cell_id is not None and cell_id in table
        for plot in (self.sizes, self.pallors):
            value = math.nan
            if known and table is not None and cell_id is not None:
                value = float(table.cells.measure(plot.measure)[table.row(cell_id)])
            plot.mark(value)

    def _draw(self) -> None:
        if self._shown is None:
            return
        table, code = self._shown
        language = self._context.language
        sizes = table.values("diameter_um")
        self.size_line.setText(self._spread("diameter_um", sizes))
        self.pallor_line.setText(self._spread("pallor", table.values("pallor")))
        low, _, high = USUAL_DIAMETER_UM
        self.sizes.setToolTip(
            tr(
                "Green: usual, {low} to {high} µm. Grey: all counted cells. Dashed: their mean. "
                "In colour: {name}."
            ).format(low=language.number(low), high=language.number(high), name=class_name(language, code))
        )
        for plot, line in ((self.sizes, self.size_line), (self.pallors, self.pallor_line)):
            plot.show_values(table, code)
            plot.setAccessibleName(line.text())
        self.mark(self._marked)

    def close_plots(self) -> None:
        """Draw nothing any more."""
        self._later.stop()

    def _spread(self, measure: str, values: NDArray[np.float32]) -> str:
        """Mean, standard deviation and coefficient of variation in words."""
        found, language = distribution_of(values), self._context.language
        name = measure_name(language, measure)
        if found is None:
            return tr("{name}: fewer than {n} cells measured").format(name=name, n=FEWEST_MEASURED)
        mean, sd = measure_text(language, measure, found.mean), language.number(found.sd, 2)
        if measure != "diameter_um":
            return tr("{name}: mean {mean}, SD {sd}").format(name=name, mean=mean, sd=sd)
        low, _, high = USUAL_DIAMETER_UM
        return tr("{name}: mean {mean}, SD {sd}, CV {cv} % (usual {low} to {high} µm)").format(
            name=name, mean=mean, sd=sd, cv=language.number(found.cv), low=language.number(low),
            high=language.number(high),
        )  # fmt: skip

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        small = self.height() < 330
        for plot in (self.sizes, self.pallors):
            plot.getAxis("left").setStyle(showValues=not small)
