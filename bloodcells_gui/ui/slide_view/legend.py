"""Legend of a map over the picture."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter

from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.slide_view.colormap import colormap

QUALITY, DENSITY, NOTHING = "quality", "density", "nothing"
_BAR_PX, _MARGIN_PX = 150.0, 12.0


def words(shown: str, densest_per_px2: float, mpp: float) -> tuple[str, str, str] | None:
    """Title, lower and upper end of the map `shown`; None where there is no map.

    Parameters
    ----------
    densest_per_px2 : float
        Leukocytes per plane px2 in the densest tile.
    mpp : float
        um per plane px; NaN when unknown.
    """
    if shown == QUALITY:
        return tr("Monolayer: one layer, in focus"), "0 %", "100 %"
    if shown != DENSITY:
        return None
    if not (math.isfinite(mpp) and mpp > 0):
        dense = tr("densest")
        return tr("Leukocytes per area"), "0", dense
    title = tr("Leukocytes per mm²")
    return title, "0", f"{densest_per_px2 * 1e6 / mpp**2:.3g}"


def paint_legend(painter: QPainter, shown: str, densest_per_px2: float, mpp: float) -> None:
    """A bar of the map's colours with its ends, at the upper left; nothing where there is no map."""
    found = words(shown, densest_per_px2, mpp)
    if found is None:
        return
    title, low, high = found
    metrics = painter.fontMetrics()
    line = metrics.height()
    width = max(_BAR_PX, metrics.horizontalAdvance(title), metrics.horizontalAdvance(f"{low}  {high}"))
    ground = QRectF(_MARGIN_PX, _MARGIN_PX, width + 16, 2 * line + 22)
    painter.fillRect(ground, QColor(255, 255, 255, 225))
    inner = ground.adjusted(8, 4, -8, -4)
    painter.setPen(QColor(20, 24, 30))
    painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, title)
    bar = QRectF(inner.left(), inner.top() + line + 2, inner.width(), 10)
    colours = QLinearGradient(bar.topLeft(), bar.topRight())
    for step in range(9):
        colours.setColorAt(step / 8, QColor(*colormap(step / 8)))
    painter.fillRect(bar, colours)
    painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, low)
    painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, high)
