"""The picture of fields or a slide: pan and zoom without waiting for a tile."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.domain.taxonomy import COUNTED
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.slide_view import layers
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.clump_marks import ClumpMarks
from bloodcells_gui.ui.slide_view.legend import NOTHING
from bloodcells_gui.ui.slide_view.loader import TileKey, TileLoader
from bloodcells_gui.ui.slide_view.markers import Markers
from bloodcells_gui.ui.slide_view.minimap import coarsest_tile_key, paint_minimap
from bloodcells_gui.ui.slide_view.tile_compositor import TileCompositor

ZOOM_STEP = 1.25
_FLY_MS = 320
_ZOOM_SETTLES_MS = 90


class SlidePicture(QWidget):
    """What is seen of the images, with everything that lies over them.

    Signals
    -------
    moved()
        Another part is seen.
    """

    moved = Signal()

    def __init__(
        self,
        context: UiContext,
        loader: TileLoader,
        images: tuple[PlacedImage, ...],
        markers: Markers,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._loader = loader
        self.camera = Camera()
        self.markers = markers
        self.zones = layers.ZoneLayer()
        self.clumps = ClumpMarks()
        self.ruler: layers.Ruler | None = None
        self.zone: list[tuple[float, float]] = []
        self.mpp = math.nan
        self.shown_map = NOTHING
        self.show_visited = False
        self.show_markers = True
        self.show_overview = True
        self._chosen: int | None = None
        self._flight = QVariantAnimation(self)
        self._flight.setDuration(_FLY_MS)
        self._flight.setStartValue(0.0)
        self._flight.setEndValue(1.0)
        self._flight.valueChanged.connect(self._animate_step)
        self._route: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
        self._ground = TileCompositor()
        self._last_zoom = 0.0
        self._zooming = QTimer(self)
        self._zooming.setSingleShot(True)
        self._zooming.setInterval(_ZOOM_SETTLES_MS)
        self._zooming.timeout.connect(self.update)
        self.set_images(images)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 200)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        loader.arrived.connect(self.update)
        context.theme.changed.connect(self._recoloured)

    def _recoloured(self) -> None:
        self._ground.forget()
        self.update()

    def set_images(self, images: tuple[PlacedImage, ...]) -> None:
        """What there is to see; the view starts with all of it."""
        self.images = images
        self._ground.forget()
        if images:
            left = min(i.origin_px[0] for i in images)
            top = min(i.origin_px[1] for i in images)
            right = max(i.origin_px[0] + i.size_px[0] for i in images)
            bottom = max(i.origin_px[1] + i.size_px[1] for i in images)
            self.camera.plane = (left, top, right - left, bottom - top)
        self.camera.fit()
        self.update()

    def replace(self, loader: TileLoader, images: tuple[PlacedImage, ...], markers: Markers) -> None:
        """Other pixels, places or cells; the view starts anew only where the plane changed."""
        self._loader.arrived.disconnect(self.update)
        self._loader, self.markers = loader, markers
        loader.arrived.connect(self.update)
        before = self.camera.plane
        x, y, zoom = self.camera.x, self.camera.y, self.camera.zoom
        fitted = self.camera.fitted
        self.set_images(images)
        if self.camera.plane == before and not fitted:
            self.camera.look_at(x, y, zoom)

    # -- choosing and moving ---------------------------------------------------------------------------

    @property
    def chosen(self) -> int | None:
        """The cell with the ring."""
        return self._chosen

    def choose(self, cell_id: int | None) -> None:
        """Put the ring on a cell."""
        if cell_id != self._chosen:
            self._chosen = cell_id
            self.update()

    def fit(self) -> None:
        """See everything."""
        self._flight.stop()
        self.camera.fit()
        self.follow_camera()

    def zoom_step(self, steps: float) -> None:
        """Zoom about the middle."""
        self._flight.stop()
        self.camera.zoom_at(ZOOM_STEP**steps, self.camera.width / 2, self.camera.height / 2)
        self.follow_camera()

    def fly_to(self, cell_id: int, *, at_once: bool = False) -> bool:
        """Bring a cell to the middle, near enough to judge it; False when it has no place here."""
        box = self.markers.box(cell_id)
        if box is None:
            return False
        x, y, w, h = box
        near = min(self.camera.width, self.camera.height) / 5 / max(w, h, 1.0)
        zoom = max(self.camera.zoom, min(near, 2.0))
        self.choose(cell_id)
        goal = (x + w / 2, y + h / 2, zoom)
        if at_once:
            self.camera.look_at(*goal)
            self.follow_camera()
        else:
            self._flight.stop()
            self._route = (self.camera.x, self.camera.y, self.camera.zoom), goal
            self._flight.start()
        return True

    def show_cell(self, cell_id: int) -> None:
        """Choose a cell and, when it is out of sight, move there without changing the zoom."""
        self.choose(cell_id)
        box = self.markers.box(cell_id)
        if box is None:
            return
        sx, sy = self.camera.to_screen(box[0] + box[2] / 2, box[1] + box[3] / 2)
        if not (20 <= sx <= self.camera.width - 20 and 20 <= sy <= self.camera.height - 20):
            self.camera.look_at(box[0] + box[2] / 2, box[1] + box[3] / 2)
            self.follow_camera()

    def _animate_step(self, part: float) -> None:
        if self._route is None:
            return
        (x0, y0, z0), (x1, y1, z1) = self._route
        eased = part * part * (3 - 2 * part)
        zoom = math.exp(math.log(z0) + (math.log(z1) - math.log(z0)) * eased)
        self.camera.look_at(x0 + (x1 - x0) * eased, y0 + (y1 - y0) * eased, zoom)
        self.follow_camera()

    def follow_camera(self) -> None:
        """Show what the camera looks at, after it moved."""
        if self.camera.zoom != self._last_zoom:
            # Smooth scaling costs more than a frame has; it follows when the zoom stands still.
            self._last_zoom = self.camera.zoom
            self._zooming.start()
        self.moved.emit()
        self.update()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self.camera.resize(self.width(), self.height())
        self.moved.emit()

    def image_at(self, x: float, y: float) -> PlacedImage | None:
        """The image that shows a place of the plane."""
        for image in reversed(self.images):
            ix, iy = image.origin_px
            if ix <= x < ix + image.size_px[0] and iy <= y < iy + image.size_px[1]:
                return image
        return None

    # -- painting --------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._context.theme
        picture, tiles = self._ground.compose(
            self._loader,
            self.camera,
            self.images,
            self.devicePixelRatioF(),
            theme.colour("raised"),
            theme.colour("base"),
            smooth=not self._zooming.isActive(),
        )
        self._loader.want(tiles + self._coarsest_tile_keys())
        painter = QPainter(self)
        painter.drawImage(0, 0, picture)
        if self.shown_map != NOTHING or self.show_visited:
            what = self.shown_map, self.show_visited, self._leukocytes
            self.zones.paint(painter, self.camera, self.images, *what)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self._paint_ring(painter)
        if self.show_markers:
            self.markers.paint(painter, self.camera, self.devicePixelRatioF())
            self.clumps.paint(painter, self.camera)
        layers.paint_zone(painter, self.camera, self.zone)
        self.zones.paint_legend(painter, self.shown_map, self.mpp)
        layers.paint_scale_bar(painter, self.camera, self.mpp)
        if self.ruler is not None:
            self.ruler.paint(painter, self.camera, self.ruler_text())
        if self._overview_shown:
            colours = theme.colour("border"), theme.colour("base")
            paint_minimap(painter, self.camera, self.images, self._loader, *colours)
        painter.end()

    def _leukocytes(self) -> NDArray[np.float32]:
        return self.markers.centres([*COUNTED])

    @property
    def frame_done(self) -> bool:
        """Whether every tile on the screen is at its own resolution."""
        return self._ground.complete

    @property
    def _overview_shown(self) -> bool:
        return self.show_overview and not self.camera.fitted

    def _coarsest_tile_keys(self) -> list[TileKey]:
        """The coarsest tile of every image: what is shown at once when nothing finer is here."""
        return [coarsest_tile_key(image) for image in self.images[:200]]

    def _paint_ring(self, painter: QPainter) -> None:
        box = self.markers.box(self._chosen) if self._chosen is not None else None
        if box is None:
            return
        x, y, w, h = box
        sx, sy = self.camera.to_screen(x + w / 2, y + h / 2)
        radius = max(9.0, math.hypot(w, h) / 2 * self.camera.zoom + 7)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(255, 255, 255), 5.0), (self._context.theme.colour("accent"), 2.6)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(QPointF(sx, sy), radius, radius)

    def ruler_text(self) -> str:
        """Length of the ruler in um, or in px without a scale."""
        if self.ruler is None:
            return ""
        px = self.ruler.length_px()
        return layers.length_text(px * self.mpp) if math.isfinite(self.mpp) else f"{px:.0f} px"

    def snapshot(self) -> QImage:
        """What is on the screen, as a picture at the screen's resolution."""
        return self.grab(QRect(0, 0, self.width(), self.height())).toImage()
