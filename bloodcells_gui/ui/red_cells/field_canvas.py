"""One examined field with its red cells outlined, each with the badge of its class."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from bloodcells_gui.domain.examination import FieldPlace
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CODES, USUAL_DIAMETER_UM
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.keyboard import zoom_steps
from bloodcells_gui.ui.red_cells.badge import paint_badge
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable
from bloodcells_gui.ui.red_cells.words import class_rgb, described
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.canvas import CLICK_PX
from bloodcells_gui.ui.slide_view.layers import paint_scale_bar

_ZOOM_STEP = 1.25
# So wide is a usual red cell when it is looked at closely.
_NEAR_PX = 60.0
# Badges from this size of a cell on the screen on.
_BADGE_FROM_PX, _BADGE_PX = 18.0, 13.0
_NORMAL = RED_CELL_CODES[0]
#: Outline of a cell, (k, 2) x and y in px of the image.
Outlines = Mapping[int, NDArray[np.float32]]


class FieldCanvas(QWidget):
    """Wheel zooms at the mouse, dragging moves, a click chooses a cell, arrows go to the next one.

    Signals
    -------
    picked(object)
        Id of the cell that was chosen.
    opened(object)
        Double click or Enter: the cell is wanted in the gallery.
    turned(int)
        The next (1) or previous (-1) field is wanted.
    """

    picked = Signal(object)
    opened = Signal(object)
    turned = Signal(int)

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.camera = Camera()
        self.show_outlines = True
        self._image = QImage()
        self._place: FieldPlace | None = None
        self._paths: dict[int, QPainterPath] = {}
        self._middles: dict[int, tuple[float, float]] = {}
        self._table: CellTable | None = None
        self.chosen: int | None = None
        self._pressed: QPointF | None = None
        self._grab: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Examined field"))
        context.theme.changed.connect(self.update)

    # -- what is shown ---------------------------------------------------------------------------------

    def show_field(self, image: QImage, place: FieldPlace, outlines: Outlines, table: CellTable) -> None:
        """Another field."""
        self._image, self._place, self._table = image, place, table
        self._paths, self._middles = {}, {}
        for cell_id, points in outlines.items():
            path = QPainterPath()
            path.addPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in points]))
            path.closeSubpath()
            self._paths[cell_id] = path
            middle = path.boundingRect().center()
            self._middles[cell_id] = middle.x(), middle.y()
        self.camera.plane = (float(place.x), float(place.y), float(place.width), float(place.height))
        self.camera.fit()
        self.update()

    def show_nothing(self) -> None:
        """No field."""
        self._place = None
        self._paths, self._middles = {}, {}
        self.update()

    def show_table(self, table: CellTable) -> None:
        """Other decisions on the same cells."""
        self._table = table
        self.update()

    def holds(self, cell_id: int) -> bool:
        """Whether the cell lies in the field that is shown."""
        return cell_id in self._middles

    def middle(self, cell_id: int) -> tuple[float, float]:
        """The middle of a cell of this field, px of the image; KeyError for another cell."""
        return self._middles[cell_id]

    def shows(self, cell_id: int) -> bool:
        """Whether the middle of the cell is on the screen, with its picture."""
        if cell_id not in self._middles or self._image.isNull():
            return False
        x, y = self.camera.to_screen(*self._middles[cell_id])
        return 0 <= x < self.camera.width and 0 <= y < self.camera.height

    def choose(self, cell_id: int | None, *, bring: bool = True) -> None:
        """Put the ring on a cell, and bring it on the screen."""
        self.chosen = cell_id
        if cell_id is not None and bring and cell_id in self._middles and not self.shows(cell_id):
            self.camera.look_at(*self._middles[cell_id])
        if cell_id is not None and self._table is not None and cell_id in self._table:
            self.setAccessibleDescription(described(self._context.language, self._table, cell_id))
        self.update()

    def look_closer(self, cell_id: int) -> None:
        """Bring a cell to the middle, near enough to judge it."""
        if cell_id in self._middles and self._place is not None:
            zoom = max(self.camera.fit_zoom, _NEAR_PX * self._place.mpp / USUAL_DIAMETER_UM[1])
            self.camera.look_at(*self._middles[cell_id], zoom)
        self.choose(cell_id)

    # -- painting --------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.camera.resize(float(self.width()), float(self.height()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._context.theme.colour("window"))
        place, camera = self._place, self.camera
        if place is None:
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        sx, sy = camera.to_screen(place.x, place.y)
        target = QRectF(sx, sy, place.width * camera.zoom, place.height * camera.zoom)
        if self._image.isNull():
            painter.setPen(self._context.theme.colour("muted"))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignCenter), tr("This picture cannot be read.")
            )
        else:
            painter.drawImage(target, self._image, QRectF(self._image.rect()))
        if self.show_outlines and self._table is not None:
            self._paint_outlines(painter, self._table)
        if self.chosen in self._paths:
            self._paint_ring(painter, self.chosen)
        paint_scale_bar(painter, camera, place.mpp)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._context.theme.colour("accent"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _transform(self) -> QTransform:
        camera = self.camera
        left, top = camera.to_screen(0.0, 0.0)
        return QTransform(camera.zoom, 0, 0, camera.zoom, left, top)

    def _paint_outlines(self, painter: QPainter, table: CellTable) -> None:
        transform, seen = self._transform(), QRectF(self.rect())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        badges: list[tuple[str, QRectF]] = []
        for cell_id, path in self._paths.items():
            if cell_id not in table:
                continue
            shape = transform.map(path)
            frame = shape.boundingRect()
            if not frame.intersects(seen):
                continue
            code = table.code(cell_id)
            normal, counted = code == _NORMAL, code != NOT_COUNTED
            painter.setPen(QPen(QColor(255, 255, 255, 170), 2.6 if normal else 3.6))
            painter.drawPath(shape)
            pen = QPen(QColor(*class_rgb(code)), 1.2 if normal else 2.2)
            pen.setStyle(Qt.PenStyle.SolidLine if counted else Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawPath(shape)
            if not normal and frame.width() >= _BADGE_FROM_PX:
                badges.append((code, frame))
        for code, frame in badges:  # over all outlines
            side = _BADGE_PX
            corner = QPointF(frame.right() - 0.6 * side, frame.top() - 0.4 * side)
            paint_badge(painter, code, QRectF(corner.x(), corner.y(), side, side), rim=QColor(255, 255, 255))

    def _paint_ring(self, painter: QPainter, cell_id: int) -> None:
        frame = self._transform().map(self._paths[cell_id]).boundingRect().adjusted(-6, -6, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(255, 255, 255, 220), 4.5), (QColor(20, 24, 30), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.drawRoundedRect(frame, 6, 6)

    # -- mouse and keys --------------------------------------------------------------------------------

    def cell_at(self, sx: float, sy: float) -> int | None:
        """The cell whose outline holds a point of the screen, the smallest where several do."""
        at = QPointF(*self.camera.to_plane(sx, sy))
        inside = [i for i, path in self._paths.items() if path.contains(at)]
        areas = {i: self._paths[i].boundingRect() for i in inside}
        return min(inside, key=lambda i: areas[i].width() * areas[i].height(), default=None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120.0
        if steps:
            self.camera.zoom_at(_ZOOM_STEP**steps, event.position().x(), event.position().y())
            self.update()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pressed = self._grab = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._grab is None or self._pressed is None:
            return
        if self._grab is self._pressed and not self._beyond_a_click(at):
            return
        self.camera.pan(at.x() - self._grab.x(), at.y() - self._grab.y())
        self._grab = at
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at, clicked = event.position(), self._grab is self._pressed and self._pressed is not None
        self._grab = self._pressed = None
        if clicked and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            found = self.cell_at(at.x(), at.y())
            if found is not None:
                self.picked.emit(found)

    def _beyond_a_click(self, at: QPointF) -> bool:
        pressed = self._pressed
        return pressed is None or math.hypot(at.x() - pressed.x(), at.y() - pressed.y()) > CLICK_PX

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.cell_at(event.position().x(), event.position().y())
        if found is not None:
            self.opened.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, steps = Qt.Key(event.key()), zoom_steps(event)
        if key in _WAYS:
            self._step(*_WAYS[key])
        elif steps:
            self.camera.zoom_at(_ZOOM_STEP**steps, self.camera.width / 2, self.camera.height / 2)
            self.update()
        elif steps == 0 or key == Qt.Key.Key_Home:
            self.camera.fit()
            self.update()
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self.turned.emit(1 if key == Qt.Key.Key_PageDown else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen is not None:
            self.opened.emit(self.chosen)
        else:
            super().keyPressEvent(event)

    def _step(self, dx: int, dy: int) -> None:
        """Choose the nearest cell in a direction; the first of the field where none is chosen."""
        here = self._middles.get(self.chosen) if self.chosen is not None else None
        if here is None:
            first = min(self._middles, key=lambda i: self._middles[i][::-1], default=None)
        else:
            first, best = None, math.inf
            for cell_id, (x, y) in self._middles.items():
                along = (x - here[0]) * dx + (y - here[1]) * dy
                across = abs((x - here[0]) * dy) + abs((y - here[1]) * dx)
                cost = along + 2.0 * across
                if cell_id != self.chosen and along > 0 and across <= along and cost < best:
                    first, best = cell_id, cost
        if first is not None:
            self.picked.emit(first)


_WAYS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
