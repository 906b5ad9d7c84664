"""Compose tiles into one picture and move it along, so that panning costs little."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QRegion

from bloodcells_gui.app.slide_images import TILE_PX, PlacedImage
from bloodcells_gui.ui.slide_view.camera import Camera, level_for
from bloodcells_gui.ui.slide_view.loader import TileKey, TileLoader

# Positions that differ by less than this share of a px count as whole px.
_WHOLE = 0.02


class TileCompositor:
    """Composes the visible tiles into one picture of the screen's size.

    A pan by whole px moves the last picture and paints what came into sight; a tile that arrives is painted
    over the coarser one that stood in for it. Anything else paints all of it anew.
    """

    def __init__(self) -> None:
        self._picture = QImage()
        self._view: tuple[float, float, float] | None = None
        self._smooth = True
        # What stands in the picture for each visible tile: the identity of the image that was drawn.
        self._drawn: dict[TileKey, int] = {}
        self.complete = False

    def forget(self) -> None:
        """Paint all of it anew next time."""
        self._view = None

    def compose(
        self,
        loader: TileLoader,
        camera: Camera,
        images: Sequence[PlacedImage],
        ratio: float,
        empty: QColor,
        blank: QColor,
        *,
        smooth: bool,
    ) -> tuple[QImage, list[TileKey]]:
        """The picture, and the tiles that belong into it, those near the middle first.

        Parameters
        ----------
        ratio : device px per device-independent px
        empty, blank : colour beside the images, and of an image of which nothing is here yet
        smooth : False for speed while zooming
        """
        width, height = max(1, round(camera.width * ratio)), max(1, round(camera.height * ratio))
        tiles = list(_visible_tiles(camera, images, ratio))
        shift = self._shift(camera, ratio, width, height, smooth)
        if shift is None:
            self._picture = QImage(width, height, QImage.Format.Format_RGB32)
            dirty = QRegion(0, 0, width, height)
            self._drawn = {}
        else:
            dirty = self._move(shift, width, height)
        known: dict[TileKey, int] = {}
        pictures: dict[TileKey, QImage | None] = {}
        for key, _, target, _ in tiles:
            picture = loader.get(key)
            pictures[key] = picture
            known[key] = picture.cacheKey() if picture is not None else 0
            if self._drawn.get(key, -1) != known[key]:
                dirty += QRegion(target)
        if not dirty.isEmpty():
            painter = QPainter(self._picture)
            painter.setClipRegion(dirty)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.fillRect(dirty.boundingRect(), empty)
            for key, image, target, part in tiles:
                if dirty.intersects(target):
                    _paint_tile(painter, loader, image, key, pictures[key], part, target, blank)
            painter.end()
        self._drawn = known
        self._view, self._smooth = (camera.x, camera.y, camera.zoom), smooth
        self.complete = all(known.values())
        self._picture.setDevicePixelRatio(ratio)
        middle = width / 2, height / 2
        tiles.sort(key=lambda t: math.hypot(t[2].center().x() - middle[0], t[2].center().y() - middle[1]))
        return self._picture, [t[0] for t in tiles]

    def _shift(
        self, camera: Camera, ratio: float, width: int, height: int, smooth: bool
    ) -> tuple[int, int] | None:
        """By how many device px the last picture has moved; None when it cannot be used."""
        size = self._picture.size()
        if self._view is None or (size.width(), size.height()) != (width, height) or smooth > self._smooth:
            return None
        x, y, zoom = self._view
        if zoom != camera.zoom:
            return None
        dx, dy = (x - camera.x) * zoom * ratio, (y - camera.y) * zoom * ratio
        if abs(dx - round(dx)) > _WHOLE or abs(dy - round(dy)) > _WHOLE:
            return None
        if abs(dx) > width or abs(dy) > height:
            return None
        return round(dx), round(dy)

    def _move(self, shift: tuple[int, int], width: int, height: int) -> QRegion:
        dx, dy = shift
        if (dx, dy) == (0, 0):
            return QRegion()
        moved = QImage(width, height, QImage.Format.Format_RGB32)
        self._picture.setDevicePixelRatio(1.0)
        painter = QPainter(moved)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(dx, dy, self._picture)
        painter.end()
        self._picture = moved
        return QRegion(0, 0, width, height) - QRegion(dx, dy, width, height)


Part = tuple[int, int, int, int]


def _visible_tiles(
    camera: Camera, images: Sequence[PlacedImage], ratio: float
) -> Iterator[tuple[TileKey, PlacedImage, QRect, Part]]:
    """Tiles on the screen: key, image, device px on the screen, px in the image."""
    left, top, right, bottom = camera.visible_rect()
    for image in images:
        ox, oy = image.origin_px
        w, h = image.size_px
        if ox >= right or oy >= bottom or ox + w <= left or oy + h <= top:
            continue
        level = level_for(camera.zoom, ratio, image.levels)
        step = TILE_PX * 2**level
        c0, c1 = max(0, int((left - ox) // step)), min((w - 1) // step, int((right - ox) // step))
        r0, r1 = max(0, int((top - oy) // step)), min((h - 1) // step, int((bottom - oy) // step))
        for row in range(r0, r1 + 1):
            for column in range(c0, c1 + 1):
                x, y = column * step, row * step
                part = (x, y, min(step, w - x), min(step, h - y))
                yield (image.index, level, column, row), image, _snapped(camera, ratio, ox, oy, part), part


def _snapped(camera: Camera, ratio: float, ox: float, oy: float, part: Part) -> QRect:
    """On whole device px, so that no seam shows between tiles."""
    x, y, w, h = part
    sx, sy = camera.to_screen(ox + x, oy + y)
    ex, ey = camera.to_screen(ox + x + w, oy + y + h)
    left, top = math.floor(sx * ratio + 0.5), math.floor(sy * ratio + 0.5)
    return QRect(
        left,
        top,
        max(1, math.floor(ex * ratio + 0.5) - left),
        max(1, math.floor(ey * ratio + 0.5) - top),
    )


def _paint_tile(
    painter: QPainter,
    loader: TileLoader,
    image: PlacedImage,
    key: TileKey,
    picture: QImage | None,
    part: Part,
    target: QRect,
    blank: QColor,
) -> None:
    if picture is not None:
        painter.drawImage(target, picture)
        return
    x, y, w, h = part
    for coarse in range(key[1] + 1, image.levels):
        step = TILE_PX * 2**coarse
        column, row = x // step, y // step
        stand_in = loader.get((image.index, coarse, column, row))
        if stand_in is None:
            continue
        # The tile's true share of the plane, as it may be cut at the image's edge.
        sx = stand_in.width() / min(step, image.size_px[0] - column * step)
        sy = stand_in.height() / min(step, image.size_px[1] - row * step)
        source = QRectF((x - column * step) * sx, (y - row * step) * sy, w * sx, h * sy)
        painter.drawImage(QRectF(target), stand_in, source)
        return
    painter.fillRect(target, blank)
