"""Minimap in the corner of the slide view; a click moves the view."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.loader import Key, TileLoader

_SIDE_PX = 190.0
_MARGIN_PX = 12.0


def overview_rect(camera: Camera) -> QRectF:
    """Where it lies on the screen: at the lower right."""
    _, _, pw, ph = camera.plane
    scale = min(_SIDE_PX / max(pw, 1.0), _SIDE_PX / max(ph, 1.0))
    w, h = pw * scale, ph * scale
    return QRectF(camera.width - w - _MARGIN_PX, camera.height - h - _MARGIN_PX, w, h)


def overview_place(camera: Camera, at: QPointF) -> tuple[float, float]:
    """The place of the plane that it shows at a point of the screen."""
    area = overview_rect(camera)
    px, py, pw, ph = camera.plane
    return px + (at.x() - area.x()) / area.width() * pw, py + (at.y() - area.y()) / area.height() * ph


def coarsest(image: PlacedImage) -> Key:
    """The one tile that shows all of an image."""
    return image.index, image.levels - 1, 0, 0


def paint_overview(
    painter: QPainter,
    camera: Camera,
    images: Sequence[PlacedImage],
    loader: TileLoader,
    border: QColor,
    blank: QColor,
) -> None:
    """Images as far as they are loaded, and a frame around what is seen; `blank` lies under them."""
    area = overview_rect(camera)
    px, py, pw, _ = camera.plane
    scale = area.width() / max(pw, 1.0)
    painter.fillRect(area.adjusted(-3, -3, 3, 3), border)
    painter.fillRect(area, blank)
    for image in images:
        picture: QImage | None = loader.get(coarsest(image))
        if picture is not None:
            x, y = image.origin_px
            w, h = image.size_px
            target = QRectF(area.x() + (x - px) * scale, area.y() + (y - py) * scale, w * scale, h * scale)
            painter.drawImage(target, picture, QRectF(picture.rect()))
    left, top, right, bottom = camera.seen()
    view = QRectF(
        area.x() + (left - px) * scale,
        area.y() + (top - py) * scale,
        max(4.0, (right - left) * scale),
        max(4.0, (bottom - top) * scale),
    ).intersected(area)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(255, 255, 255), 3.0), (QColor(200, 30, 60), 1.6)):
        painter.setPen(QPen(colour, width))
        painter.drawRect(view)
