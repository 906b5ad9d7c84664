"""Minimap in the corner of the slide view; a click moves the view."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.loader import TileKey, TileLoader

_MAX_SIDE_PX = 190.0
_MARGIN_PX = 12.0


def minimap_rect(camera: Camera) -> QRectF:
    """Screen rectangle of the minimap, at the lower right of the view."""
    _, _, pw, ph = camera.plane
    scale = min(_MAX_SIDE_PX / max(pw, 1.0), _MAX_SIDE_PX / max(ph, 1.0))
    w, h = pw * scale, ph * scale
    return QRectF(camera.width - w - _MARGIN_PX, camera.height - h - _MARGIN_PX, w, h)


def minimap_to_scene(camera: Camera, at: QPointF) -> tuple[float, float]:
    """Convert a screen point on the minimap to x and y in the plane of the view."""
    area = minimap_rect(camera)
    px, py, pw, ph = camera.plane
    return px + (at.x() - area.x()) / area.width() * pw, py + (at.y() - area.y()) / area.height() * ph


def coarsest_tile_key(image: PlacedImage) -> TileKey:
    """Key of the one tile that shows all of an image."""
    return image.index, image.levels - 1, 0, 0


def paint_minimap(
    painter: QPainter,
    camera: Camera,
    images: Sequence[PlacedImage],
    loader: TileLoader,
    border: QColor,
    background: QColor,
) -> None:
    """Paint the loaded images over `background`, then a frame around the visible part."""
    area = minimap_rect(camera)
    px, py, pw, _ = camera.plane
    scale = area.width() / max(pw, 1.0)
    painter.fillRect(area.adjusted(-3, -3, 3, 3), border)
    painter.fillRect(area, background)
    for image in images:
        picture: QImage | None = loader.get(coarsest_tile_key(image))
        if picture is not None:
            x, y = image.origin_px
            w, h = image.size_px
            target = QRectF(area.x() + (x - px) * scale, area.y() + (y - py) * scale, w * scale, h * scale)
            painter.drawImage(target, picture, QRectF(picture.rect()))
    left, top, right, bottom = camera.visible_rect()
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
