"""Marks of classes: a colour and a shape, alike in gallery, table, legends and on maps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF, QTransform

from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.taxonomy import BY_CODE, ROLLUPS, UNIDENTIFIED, Shape

_BAR = 0.34  # width of the bars of a cross, as a share of its side


@lru_cache(maxsize=128)
def shape_of(code: str) -> Shape:
    """The shape of a class, of a row that sums several (its first class), or of a queue of the gallery."""
    if code in BY_CODE:
        return BY_CODE[code].shape
    if code in (UNIDENTIFIED, EXCLUDED_LABEL):
        return Shape.PLUS if code == UNIDENTIFIED else Shape.CROSS
    rows = (row for rollup in ROLLUPS.values() for row in rollup.rows if row.code == code)
    return next((BY_CODE[row.leaves[0]].shape for row in rows), Shape.CIRCLE)


def mark_path(shape: Shape, area: QRectF) -> QPainterPath:
    """The outline of a mark that fills a square."""
    path = QPainterPath()
    x, y, w, h = area.x(), area.y(), area.width(), area.height()
    match shape:
        case Shape.CIRCLE:
            path.addEllipse(area)
        case Shape.SQUARE:
            path.addRect(area.adjusted(0.06 * w, 0.06 * h, -0.06 * w, -0.06 * h))
        case Shape.PLUS | Shape.CROSS:
            bar = _BAR * w
            path.addRect(QRectF(x, y + (h - bar) / 2, w, bar))
            path.addRect(QRectF(x + (w - bar) / 2, y, bar, h))
            path.setFillRule(Qt.FillRule.WindingFill)
            path = path.simplified()
            if shape is Shape.CROSS:
                middle = area.center()
                turn = QTransform().translate(middle.x(), middle.y()).rotate(45)
                path = turn.translate(-middle.x(), -middle.y()).map(path)
        case _:
            corners = {
                Shape.DIAMOND: ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)),
                Shape.TRIANGLE: ((0.5, 0.02), (1, 0.95), (0, 0.95)),
                Shape.DROP: ((0, 0.05), (1, 0.05), (0.5, 0.98)),
            }[shape]
            path.addPolygon(QPolygonF([QPointF(x + u * w, y + v * h) for u, v in corners]))
            path.closeSubpath()
    return path


def paint_mark(painter: QPainter, code: str, area: QRectF, colour: QColor, *, hollow: bool = False) -> None:
    """Draw the mark of a class; `hollow` for a sum or what is hidden. Pen and brush are changed."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.6) if hollow else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if hollow else colour)
    inset = 1.0 if hollow else 0.0
    painter.drawPath(mark_path(shape_of(code), area.adjusted(inset, inset, -inset, -inset)))
    painter.restore()


def mark_pixmap(code: str, side: int, ratio: float, colour: QColor, *, hollow: bool = False) -> QPixmap:
    """The mark as a picture of `side` device-independent px."""
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_mark(painter, code, QRectF(1, 1, side - 2, side - 2), colour, hollow=hollow)
    painter.end()
    return pixmap


@lru_cache(maxsize=64)
def mark_pixels(shape: Shape, reach: int) -> NDArray[np.intp]:
    """(n, 2) offsets y, x of the px of a small mark that reaches `reach` px from its middle."""
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    ax, ay = np.abs(dx), np.abs(dy)
    bar = max(0, round(reach * 0.3 - 0.6))
    inside = {
        Shape.CIRCLE: dx * dx + dy * dy <= reach * reach + 1,
        Shape.SQUARE: np.maximum(ax, ay) <= max(1, reach - (reach > 2)),
        Shape.DIAMOND: ax + ay <= reach,
        Shape.TRIANGLE: 2 * ax <= dy + reach,
        Shape.DROP: 2 * ax <= reach - dy,
        Shape.CROSS: np.abs(ax - ay) <= bar,
        Shape.PLUS: np.minimum(ax, ay) <= bar,
    }[shape]
    return np.argwhere(inside) - reach
