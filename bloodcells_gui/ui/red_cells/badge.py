"""The badge of a shape class: its colour with its letter, so that colour is never the only carrier."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.red_cells.words import class_key, class_rgb
from bloodcells_gui.ui.theme import contrast

_BLACK, _WHITE = QColor(16, 20, 24), QColor(255, 255, 255)


def letter_ink(ground: QColor) -> QColor:
    """Black or white, whichever is read better on a colour."""
    return _BLACK if contrast(_BLACK, ground) >= contrast(_WHITE, ground) else _WHITE


def paint_badge(painter: QPainter, code: str, area: QRectF, *, rim: QColor | None = None) -> None:
    """Draw the badge of a class into a square; `rim` sets it off from a picture."""
    ground = QColor(*class_rgb(code))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen if rim is None else QPen(rim, 1.4))
    painter.setBrush(ground)
    painter.drawRoundedRect(area, 0.22 * area.width(), 0.22 * area.width())
    font = QFont(painter.font())
    font.setPixelSize(max(7, round(0.72 * area.height())))
    font.setWeight(QFont.Weight.Bold)
    painter.setFont(font)
    painter.setPen(letter_ink(ground))
    painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), class_key(code))
    painter.restore()


def badge_pixmap(code: str, side: int, ratio: float) -> QPixmap:
    """The badge as a picture of `side` device-independent px."""
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_badge(painter, code, QRectF(0, 0, side, side))
    painter.end()
    return pixmap


def badge_icon(code: str) -> QIcon:
    """The badge for a menu."""
    return QIcon(badge_pixmap(code, 16, 2.0))


def class_ink(context: UiContext, code: str) -> QColor:
    """The colour of a class, strong enough to be seen on the ground of the theme."""
    return context.theme.ink(class_rgb(code))
