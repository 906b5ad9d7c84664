"""Layers over the picture: quality and density maps, visited area, scale bar, ruler."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.domain.zones import RectPx, ZoneTile
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.colormap import colormap
from bloodcells_gui.ui.slide_view.legend import DENSITY, NOTHING, QUALITY, paint_legend

_NICE_UM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
_WIDEST_BAR = 180.0
_MAP_ALPHA = 105
_NOT_VISITED = QColor(10, 14, 20, 95)
_RASTER = 640

Centres = Callable[[], NDArray[np.float32]]


class ZoneLayer:
    """The grid of tiles of every image, painted once into a small picture and stretched over the plane."""

    def __init__(self) -> None:
        self._tiles: dict[int, dict[RectPx, ZoneTile]] = {}
        self._visited: dict[int, set[RectPx]] = {}
        self._pictures: dict[tuple[str, int], QImage] = {}
        self._dense: dict[int, dict[RectPx, float]] = {}

    @property
    def known(self) -> bool:
        """Whether there is anything to show."""
        return bool(self._tiles or self._visited)

    @property
    def ranked(self) -> bool:
        """Whether the quality of tiles is known."""
        return bool(self._tiles)

    def rank(self, image: int, tiles: Iterable[ZoneTile]) -> None:
        """A first or new ranking of an image."""
        self._tiles[image] = {t.box_px: t for t in tiles}
        self._forget()

    def scanned(self, tile: ZoneTile) -> None:
        """A tile was searched."""
        self._tiles.setdefault(tile.image, {})[tile.box_px] = tile
        self._visited.setdefault(tile.image, set()).add(tile.box_px)
        self._forget()

    def visit(self, areas: Mapping[int, Iterable[RectPx]]) -> None:
        """Areas that earlier runs searched."""
        for image, boxes in areas.items():
            self._visited.setdefault(image, set()).update(boxes)
        self._forget()

    def _forget(self) -> None:
        self._pictures.clear()
        self._dense.clear()

    def tile_at(self, image: int, x: float, y: float) -> ZoneTile | None:
        """The tile that holds a place of an image (full-resolution px)."""
        for (bx, by, bw, bh), tile in self._tiles.get(image, {}).items():
            if bx <= x < bx + bw and by <= y < by + bh:
                return tile
        return None

    def paint(
        self,
        painter: QPainter,
        camera: Camera,
        images: Sequence[PlacedImage],
        shown: str,
        visited: bool,
        centres: Centres,
    ) -> None:
        """Draw the map `shown` and, where asked for, dim what was not visited.

        `centres` gives (n, 2) middles of the counted leukocytes in the plane, for the density.
        """
        if shown == DENSITY and not self._dense:
            here = centres()
            self._dense = {image.index: self._densities(image, here) for image in images}
        most = self._densest()
        left, top, right, bottom = camera.visible_rect()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for image in images:
            x, y = image.origin_px
            w, h = image.size_px
            if x > right or y > bottom or x + w < left or y + h < top:
                continue
            sx, sy = camera.to_screen(x, y)
            target = QRectF(sx, sy, w * camera.zoom, h * camera.zoom)
            for kind in ((shown,) if shown != NOTHING else ()) + (("visited",) if visited else ()):
                picture = self._picture(kind, image, most)
                if picture is not None:
                    painter.drawImage(target, picture)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)

    def paint_legend(self, painter: QPainter, shown: str, mpp: float) -> None:
        """What the colours of the map `shown` mean; `mpp` is the plane's scale."""
        paint_legend(painter, shown, self._densest(), mpp)

    def _densest(self) -> float:
        """Leukocytes per px2 in the densest tile of all images."""
        return max((v for found in self._dense.values() for v in found.values()), default=0.0)

    def forget_density(self) -> None:
        """Cells changed."""
        self._dense.clear()
        for key in [k for k in self._pictures if k[0] == DENSITY]:
            del self._pictures[key]

    def _picture(self, kind: str, image: PlacedImage, most: float) -> QImage | None:
        key = (kind, image.index)
        if key not in self._pictures:
            made = self._make(kind, image, most)
            if made is None:
                return None
            self._pictures[key] = made
        return self._pictures[key]

    def _make(self, kind: str, image: PlacedImage, most: float) -> QImage | None:
        w, h = image.size_px
        scale = min(1.0, _RASTER / max(w, h))
        picture = QImage(
            max(1, math.ceil(w * scale)), max(1, math.ceil(h * scale)),
            QImage.Format.Format_ARGB32_Premultiplied,
        )  # fmt: skip
        picture.fill(_NOT_VISITED if kind == "visited" else Qt.GlobalColor.transparent)
        tiles = self._tiles.get(image.index, {})
        if kind == "visited":
            boxes: dict[RectPx, QColor] = {
                b: QColor(0, 0, 0, 0) for b in self._visited.get(image.index, set())
            }
            if not boxes and not tiles:
                return None
        elif kind == QUALITY:
            boxes = {b: QColor(*colormap(t.score), _MAP_ALPHA) for b, t in tiles.items()}
        else:
            dense = self._dense.get(image.index, {})
            boxes = {b: QColor(*colormap(v / most if most else 0.0), _MAP_ALPHA) for b, v in dense.items()}
        painter = QPainter(picture)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        for (bx, by, bw, bh), colour in boxes.items():
            x0, y0 = round(bx * scale), round(by * scale)
            painter.fillRect(x0, y0, round((bx + bw) * scale) - x0, round((by + bh) * scale) - y0, colour)
        painter.end()
        return picture

    def _densities(self, image: PlacedImage, centres: NDArray[np.float32]) -> dict[RectPx, float]:
        """Leukocytes per px2 of each searched tile."""
        visited = self._visited.get(image.index, set()) or set(self._tiles.get(image.index, ()))
        local = centres - np.asarray(image.origin_px, np.float32)
        found: dict[RectPx, float] = {}
        for box in visited:
            bx, by, bw, bh = box
            inside = (
                (local[:, 0] >= bx) & (local[:, 0] < bx + bw) & (local[:, 1] >= by) & (local[:, 1] < by + bh)
            )
            found[box] = float(inside.sum()) / (bw * bh)
        return found


@dataclass(slots=True)
class Ruler:
    """A distance that the person laid over the picture, plane px."""

    start: tuple[float, float]
    end: tuple[float, float]

    def length_px(self) -> float:
        """In plane px."""
        return math.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    def paint(self, painter: QPainter, camera: Camera, caption: str) -> None:
        """Line with end marks and the length beside it."""
        a, b = QPointF(*camera.to_screen(*self.start)), QPointF(*camera.to_screen(*self.end))
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(255, 235, 120), 2.0)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(a, b)
            for p in (a, b):
                painter.drawEllipse(p, 3.0, 3.0)
        plate(painter, (a + b) / 2 + QPointF(8, -22), caption)


def paint_zone(painter: QPainter, camera: Camera, zone: Sequence[tuple[float, float]]) -> None:
    """Outline of the zone that a person drew."""
    if len(zone) < 2:
        return
    outline = QPolygonF([QPointF(*camera.to_screen(x, y)) for x, y in zone])
    painter.setBrush(QColor(255, 235, 120, 28))
    for colour, width, style in (
        (QColor(0, 0, 0, 170), 3.4, Qt.PenStyle.SolidLine),
        (QColor(255, 235, 120), 1.8, Qt.PenStyle.DashLine),
    ):
        painter.setPen(QPen(colour, width, style))
        painter.drawPolygon(outline)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def nice_length(mpp: float, zoom: float) -> tuple[float, float] | None:
    """um and screen px of the longest round scale bar; None without a scale."""
    if not (math.isfinite(mpp) and mpp > 0):
        return None
    fitting = [um for um in _NICE_UM if um / mpp * zoom <= _WIDEST_BAR]
    return (float(fitting[-1]), fitting[-1] / mpp * zoom) if fitting else None


def length_text(um: float) -> str:
    """ "12.5 µm" or "1.20 mm"."""
    if um >= 1000:
        return f"{um / 1000:.2f} mm"
    return f"{um:.0f} µm" if um >= 100 or um == round(um) else f"{um:.1f} µm"


def paint_scale_bar(painter: QPainter, camera: Camera, mpp: float) -> None:
    """At the lower left."""
    bar = nice_length(mpp, camera.zoom)
    if bar is None:
        return
    um, px = bar
    y = camera.height - 22.0
    ground = QRectF(12, y - 24, px + 20, 36)
    painter.fillRect(ground, QColor(255, 255, 255, 205))
    painter.setPen(QPen(QColor(20, 24, 30), 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(QPointF(22, y), QPointF(22 + px, y))
    for x in (22.0, 22.0 + px):
        painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
    text = length_text(um)
    painter.drawText(QRectF(12, y - 23, px + 20, 17), Qt.AlignmentFlag.AlignCenter, text)


def plate(painter: QPainter, at: QPointF, text: str) -> None:
    """A line of text on a dark plate."""
    metrics = painter.fontMetrics()
    ground = QRectF(at.x(), at.y(), metrics.horizontalAdvance(text) + 12, metrics.height() + 4)
    painter.fillRect(ground, QColor(20, 24, 30, 215))
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, text)
