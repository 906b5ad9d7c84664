"""Markers of the cells: found by position, drawn as dots from afar and as frames from near."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPen

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.taxonomy import CLASSES, PLATELETS, UNIDENTIFIED, Shape
from bloodcells_gui.ui.class_marks import mark_pixels, mark_pixmap, paint_mark, shape_of
from bloodcells_gui.ui.gallery.model import GROUPS
from bloodcells_gui.ui.slide_view.camera import Camera

UNKNOWN_RGB = (235, 180, 20)
EXCLUDED_RGB = (150, 150, 150)
RGB: dict[str, tuple[int, int, int]] = {
    UNIDENTIFIED: UNKNOWN_RGB, EXCLUDED_LABEL: EXCLUDED_RGB, **{c.code: c.rgb for c in CLASSES}
}  # fmt: skip
_INDEX = {code: i for i, code in enumerate(GROUPS)}
_SHAPES = [str(shape_of(code)) for code in GROUPS]
_MARK_PX = 8.0
# Frames from this size on the screen on, and at most so many.
_FRAME_PX = 13.0
_MOST_FRAMES = 500
_CAPTION_PX = 34.0
_PICK_PX = 9.0
_GROWTH = 1024
_CROWD = 3000


class Markers:
    """Boxes of all cells in the specimen's plane.

    Parameters
    ----------
    origins : mapping of int to (x, y)
        Where each image begins in the plane, px.
    group_of : callable
        Gallery group of a cell id; "" when the cell is not there.
    """

    def __init__(self, origins: Mapping[int, tuple[float, float]], group_of: Callable[[int], str]) -> None:
        self._origins = dict(origins)
        self._group_of = group_of
        self._ids = np.zeros(_GROWTH, np.int64)
        self._boxes = np.zeros((_GROWTH, 4), np.float32)
        self._groups = np.zeros(_GROWTH, np.int16)
        self._row: dict[int, int] = {}
        self._n = 0
        self.hidden: set[str] = set()
        self.revision = 0

    def __len__(self) -> int:
        return self._n

    def add(self, cells: Iterable[Cell]) -> None:
        """New cells; those of images that are not shown are left out."""
        for cell in cells:
            origin = self._origins.get(cell.image)
            if origin is None or cell.id in self._row:
                continue
            if self._n == len(self._ids):
                self._grow()
            box = cell.box_px
            self._ids[self._n] = cell.id
            self._boxes[self._n] = box.x + origin[0], box.y + origin[1], box.width, box.height
            self._groups[self._n] = _INDEX.get(self._group_of(cell.id), -1)
            self._row[cell.id] = self._n
            self._n += 1
        self.revision += 1

    def _grow(self) -> None:
        more = max(_GROWTH, len(self._ids))
        self._ids = np.concatenate([self._ids, np.zeros(more, np.int64)])
        self._boxes = np.concatenate([self._boxes, np.zeros((more, 4), np.float32)])
        self._groups = np.concatenate([self._groups, np.zeros(more, np.int16)])

    def regroup(self, ids: Iterable[int]) -> None:
        """A decision gave these cells another class."""
        for cell_id in ids:
            row = self._row.get(cell_id)
            if row is not None:
                self._groups[row] = _INDEX.get(self._group_of(cell_id), -1)
        self.revision += 1

    def knows(self, cell_id: int) -> bool:
        """Whether the cell has a marker."""
        return cell_id in self._row

    def counts(self) -> dict[str, int]:
        """Number of cells in each group that has any, in the order of the table."""
        found = np.bincount(self._groups[: self._n][self._groups[: self._n] >= 0], minlength=len(GROUPS))
        return {code: int(found[i]) for i, code in enumerate(GROUPS) if found[i]}

    def box(self, cell_id: int) -> tuple[float, float, float, float] | None:
        """x, y, width, height in the plane."""
        row = self._row.get(cell_id)
        if row is None:
            return None
        x, y, w, h = (float(v) for v in self._boxes[row])
        return x, y, w, h

    def centres(self, codes: Sequence[str]) -> NDArray[np.float32]:
        """(n, 2) middles of the cells of these groups."""
        wanted = np.isin(self._groups[: self._n], [_INDEX[c] for c in codes])
        boxes = self._boxes[: self._n][wanted]
        return np.asarray(boxes[:, :2] + boxes[:, 2:] / 2, np.float32)

    def _shown(self) -> NDArray[np.bool_]:
        hidden = [_INDEX[c] for c in self.hidden if c in _INDEX]
        groups = self._groups[: self._n]
        return (groups >= 0) & ~np.isin(groups, hidden)

    def visible(self, camera: Camera) -> NDArray[np.intp]:
        """Rows of the shown cells that touch the screen."""
        left, top, right, bottom = camera.visible_rect()
        b = self._boxes[: self._n]
        inside = (
            (b[:, 0] < right) & (b[:, 0] + b[:, 2] > left) & (b[:, 1] < bottom) & (b[:, 1] + b[:, 3] > top)
        )
        return np.flatnonzero(inside & self._shown())

    def pick(self, camera: Camera, sx: float, sy: float) -> int | None:
        """The cell under a point of the screen: the smallest box that holds it, else the nearest middle."""
        rows = self.visible(camera)
        if len(rows) == 0:
            return None
        x, y = camera.to_plane(sx, sy)
        b = self._boxes[rows]
        slack = _PICK_PX / camera.zoom
        half_w, half_h = np.maximum(b[:, 2] / 2, slack), np.maximum(b[:, 3] / 2, slack)
        dx, dy = np.abs(b[:, 0] + b[:, 2] / 2 - x), np.abs(b[:, 1] + b[:, 3] / 2 - y)
        hit = np.flatnonzero((dx <= half_w) & (dy <= half_h))
        if len(hit) == 0:
            return None
        best = hit[np.argmin(np.hypot(dx, dy)[hit])]
        return int(self._ids[rows[best]])

    def holding(self, x: float, y: float) -> int | None:
        """The cell whose box holds a place of the plane, hidden classes included."""
        b = self._boxes[: self._n]
        inside = (b[:, 0] <= x) & (x < b[:, 0] + b[:, 2]) & (b[:, 1] <= y) & (y < b[:, 1] + b[:, 3])
        rows = np.flatnonzero(inside & (self._groups[: self._n] >= 0))
        return int(self._ids[rows[0]]) if len(rows) else None

    def paint(self, painter: QPainter, camera: Camera, ratio: float) -> None:
        """Draw all visible markers; `ratio` is the screen's px per device-independent px."""
        rows = self.visible(camera)
        if len(rows) == 0:
            return
        size = np.median(self._boxes[rows, 2:]) * camera.zoom
        if size >= _FRAME_PX and len(rows) <= _MOST_FRAMES:
            self._paint_frames(painter, camera, rows)
        else:
            self._paint_dots(painter, camera, rows, ratio)

    def _paint_frames(self, painter: QPainter, camera: Camera, rows: NDArray[np.intp]) -> None:
        font = painter.font()
        font.setPointSizeF(8.0)
        painter.setFont(font)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        boxes = self._boxes[rows]
        groups = self._groups[rows]
        for group in np.unique(groups):
            code = GROUPS[group]
            colour = QColor(*RGB[code])
            pen = QPen(colour, 1.8)
            dotted = code in (UNIDENTIFIED, EXCLUDED_LABEL)
            pen.setStyle(Qt.PenStyle.DotLine if dotted else Qt.PenStyle.SolidLine)
            mine = boxes[groups == group]
            for x, y, w, h in mine.tolist():
                sx, sy = camera.to_screen(x, y)
                if code in PLATELETS and w * camera.zoom < _CAPTION_PX:
                    _dot(painter, code, QPointF(sx + w * camera.zoom / 2, sy + h * camera.zoom / 2), colour)
                    continue
                frame = QRectF(sx - 3, sy - 3, w * camera.zoom + 6, h * camera.zoom + 6)
                painter.setPen(QPen(QColor(255, 255, 255, 150), 3.2))
                painter.drawRect(frame)
                painter.setPen(pen)
                painter.drawRect(frame)
                _dot(painter, code, frame.bottomRight(), colour)
                if w * camera.zoom >= _CAPTION_PX:
                    _caption(painter, frame, code)

    def _paint_dots(self, painter: QPainter, camera: Camera, rows: NDArray[np.intp], ratio: float) -> None:
        """All cells as small squares, written straight into a picture: 100,000 cost a few milliseconds."""
        width, height = round(camera.width * ratio), round(camera.height * ratio)
        b = self._boxes[rows]
        x = ((b[:, 0] + b[:, 2] / 2 - camera.x) * camera.zoom + camera.width / 2) * ratio
        y = ((b[:, 1] + b[:, 3] / 2 - camera.y) * camera.zoom + camera.height / 2) * ratio
        table = np.array(
            [0xFF000000 | r << 16 | g << 8 | bl for r, g, bl in (RGB[c] for c in GROUPS)], np.uint32
        )
        groups = self._groups[rows]
        reach = round((4 if len(rows) < _CROWD else 2) * ratio)
        # A margin on all sides, so that no dot needs to be cut.
        stride = width + 2 * reach
        canvas = np.zeros((height + 2 * reach, stride), np.uint32)
        px, py = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
        ok = (px >= 0) & (px < width) & (py >= 0) & (py < height)
        place, groups = (py[ok] + reach) * stride + px[ok] + reach, groups[ok]
        flat = canvas.reshape(-1)
        shapes = np.array([_SHAPES[g] for g in range(len(GROUPS))])[groups]
        for ring in (reach, reach - 1):
            for shape in np.unique(shapes):
                own = shapes == shape
                shade = table[groups[own]] if ring < reach else np.uint32(0xC0C0C0C0)
                for dy, dx in mark_pixels(Shape(shape), ring).tolist():
                    flat[place[own] + (dy * stride + dx)] = shade
        image = QImage(
            canvas.data, stride, canvas.shape[0], 4 * stride, QImage.Format.Format_ARGB32_Premultiplied
        )
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(-reach / ratio, -reach / ratio), image)


def _dot(painter: QPainter, code: str, middle: QPointF, colour: QColor) -> None:
    """The mark of a class at a place, on a pale rim."""
    for half, shade in ((_MARK_PX / 2 + 1.5, QColor(255, 255, 255, 200)), (_MARK_PX / 2, colour)):
        corner = QPointF(half, half)
        paint_mark(painter, code, QRectF(middle - corner, middle + corner), shade)


def _caption(painter: QPainter, frame: QRectF, text: str) -> None:
    metrics = painter.fontMetrics()
    width = metrics.horizontalAdvance(text) + 8
    plate = QRectF(frame.left(), frame.top() - metrics.height() - 1, width, metrics.height())
    painter.fillRect(plate, QColor(20, 24, 30, 200))
    painter.setPen(QColor(255, 255, 255))  # the frame has the colour; some are too dark to be read
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def swatch(code: str, *, ticked: bool) -> QIcon:
    """Full for a class that is shown, a frame for one that is hidden: an icon takes the place of the tick."""
    return QIcon(mark_pixmap(code, 14, 2.0, QColor(*RGB[code]), hollow=not ticked))
