"""The picture of fields or a slide with mouse, wheel and keys."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.keyboard import zoom_steps
from bloodcells_gui.ui.slide_view import layers
from bloodcells_gui.ui.slide_view.loader import TileLoader
from bloodcells_gui.ui.slide_view.markers import Markers
from bloodcells_gui.ui.slide_view.minimap import minimap_rect, minimap_to_scene
from bloodcells_gui.ui.slide_view.picture import ZOOM_STEP, SlidePicture

MOVE, ADD, MEASURE, ZONE = "move", "add", "measure", "zone"
CLICK_PX = 4.0
_CURSORS = {
    MOVE: Qt.CursorShape.OpenHandCursor, ADD: Qt.CursorShape.CrossCursor,
    MEASURE: Qt.CursorShape.CrossCursor, ZONE: Qt.CursorShape.CrossCursor,
}  # fmt: skip


class SlideCanvas(SlidePicture):
    """Wheel zooms at the mouse, dragging moves, a click chooses a cell.

    Signals
    -------
    picked(object)
        Id of the cell that was clicked, None beside all cells.
    add_wanted(int, float, float)
        Image and place (full-resolution px) where the person wants a cell.
    pointed(object)
        Plane x, y under the mouse, None outside.
    removal_wanted()
        Delete was pressed.
    zone_drawn()
        The person drew a zone, or took it away.
    enter_pressed()
        Enter was pressed.
    """

    picked = Signal(object)
    add_wanted = Signal(int, float, float)
    pointed = Signal(object)
    removal_wanted = Signal()
    zone_drawn = Signal()
    enter_pressed = Signal()

    def __init__(
        self,
        context: UiContext,
        loader: TileLoader,
        images: tuple[PlacedImage, ...],
        markers: Markers,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(context, loader, images, markers, parent)
        self.tool = MOVE
        self._grab: QPointF | None = None
        self._pressed: QPointF | None = None
        self._map_grab = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(_CURSORS[MOVE])
        self.setAccessibleName(tr("Slide"))

    def set_tool(self, tool: str) -> None:
        """MOVE, ADD, MEASURE or ZONE."""
        self.tool = tool
        self.setCursor(_CURSORS[tool])
        if tool != MEASURE:
            self.ruler = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._flight.stop()
        steps = event.angleDelta().y() / 120.0
        if steps:
            self.camera.zoom_at(ZOOM_STEP**steps, event.position().x(), event.position().y())
            self.follow_camera()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._flight.stop()
        at = event.position()
        self._pressed = self._grab = at
        moving = event.button() == Qt.MouseButton.MiddleButton
        if self._overview_shown and minimap_rect(self.camera).contains(at):
            self._map_grab = True
            self._pan_to_minimap(at)
        elif self.tool == MEASURE and not moving:
            place = self.camera.to_plane(at.x(), at.y())
            self.ruler = layers.Ruler(place, place)
        elif self.tool == ZONE and not moving:
            self.zone = [self.camera.to_plane(at.x(), at.y())]
        elif self.tool == MOVE or moving:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self.pointed.emit(self.camera.to_plane(at.x(), at.y()))
        if self._grab is None:
            return
        moving = bool(event.buttons() & Qt.MouseButton.MiddleButton)
        if self._map_grab:
            self._pan_to_minimap(at)
        elif self.tool == MEASURE and not moving:
            if self.ruler is not None:
                self.ruler.end = self.camera.to_plane(at.x(), at.y())
                self.update()
        elif self.tool == ZONE and not moving:
            self._extend_drawing(at)
        elif self._beyond_a_click(at):
            self.camera.pan(at.x() - self._grab.x(), at.y() - self._grab.y())
            self._grab = at
            self.follow_camera()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at, pressed = event.position(), self._pressed
        was_map = self._map_grab
        clicked = pressed is not None and not was_map and not self._beyond_a_click(at)
        self._grab = self._pressed = None
        self._map_grab = False
        self.setCursor(_CURSORS[self.tool])
        if self.tool == ZONE and event.button() == Qt.MouseButton.LeftButton and not was_map:
            self._close_zone()
            return
        if not clicked or event.button() != Qt.MouseButton.LeftButton or self.tool == MEASURE:
            return
        if self.tool == ADD:
            x, y = self.camera.to_plane(at.x(), at.y())
            image = self.image_at(x, y)
            there = self.markers.holding(x, y)  # also one whose marker is hidden: it would count twice
            if there is not None:
                self.picked.emit(there)
            elif image is not None:
                self.add_wanted.emit(image.index, x - image.origin_px[0], y - image.origin_px[1])
        elif self.show_markers:
            self.picked.emit(self.markers.pick(self.camera, at.x(), at.y()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.tool == MOVE and event.button() == Qt.MouseButton.LeftButton:
            self.camera.zoom_at(ZOOM_STEP**3, event.position().x(), event.position().y())
            self.follow_camera()

    def leaveEvent(self, _event: QEvent) -> None:
        self.pointed.emit(None)

    def _beyond_a_click(self, at: QPointF) -> bool:
        pressed = self._pressed
        if pressed is None or self._grab is not pressed:
            return True
        return math.hypot(at.x() - pressed.x(), at.y() - pressed.y()) > CLICK_PX

    def _extend_drawing(self, at: QPointF) -> None:
        place = self.camera.to_plane(at.x(), at.y())
        last = self.zone[-1] if self.zone else None
        if last is None or math.hypot(place[0] - last[0], place[1] - last[1]) * self.camera.zoom > CLICK_PX:
            self.zone.append(place)
            self.update()

    def _close_zone(self) -> None:
        """A click without a drag takes the zone away."""
        if len(self.zone) < 3:
            self.zone = []
        self.zone_drawn.emit()
        self.update()

    def _pan_to_minimap(self, at: QPointF) -> None:
        self.camera.look_at(*minimap_to_scene(self.camera, at))
        self.follow_camera()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = 0.12 * min(self.camera.width, self.camera.height)
        pans = {
            Qt.Key.Key_Left: (step, 0.0), Qt.Key.Key_Right: (-step, 0.0),
            Qt.Key.Key_Up: (0.0, step), Qt.Key.Key_Down: (0.0, -step),
        }  # fmt: skip
        key, steps = event.key(), zoom_steps(event)
        if key in pans:
            self.camera.pan(*pans[Qt.Key(key)])
            self.follow_camera()
        elif steps:
            self.zoom_step(steps)
        elif steps == 0 or key == Qt.Key.Key_Home:
            self.fit()
        elif key == Qt.Key.Key_Delete:
            self.removal_wanted.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enter_pressed.emit()
        elif key == Qt.Key.Key_Escape and self.tool != MOVE:
            self.set_tool(MOVE)
        else:
            super().keyPressEvent(event)
