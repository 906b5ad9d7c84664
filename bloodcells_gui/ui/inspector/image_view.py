"""The picture of one cell at any zoom, with outlines, explanation and scale bar drawn over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
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
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from bloodcells_gui.domain.explanation import Explanation
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.inspector.overlay import heat_image
from bloodcells_gui.ui.inspector.picture_tool import PictureTool
from bloodcells_gui.ui.keyboard import zoom_steps

MAX_ZOOM = 24.0
CELL_LINE = QColor(255, 214, 64)
NUCLEUS_LINE = QColor(64, 224, 208)
_NICE_UM = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


def scale_bar(mpp: float, zoom: float, widest_px: float) -> tuple[float, float] | None:
    """Length in um and in device-independent px of the longest round bar that fits; None without a scale."""
    if not (math.isfinite(mpp) and mpp > 0 and zoom > 0):
        return None
    fitting = [um for um in _NICE_UM if um / mpp * zoom <= widest_px]
    return (fitting[-1], fitting[-1] / mpp * zoom) if fitting else None


def to_qimage(rgb: NDArray[np.uint8]) -> QImage:
    """An own copy of an (h, w, 3) uint8 RGB array as a QImage."""
    pixels = np.ascontiguousarray(rgb)
    h, w = pixels.shape[:2]
    return QImage(pixels.data, w, h, 3 * w, QImage.Format.Format_RGB888).copy()


def brightened(image: QImage, value: int) -> QImage:
    """The picture with a gamma from `value` (-100 to 100); black and white stay as they are."""
    if value == 0:
        return image
    table = (255 * (np.arange(256) / 255) ** (2.0 ** (-value / 60))).round().astype(np.uint8)
    h, w = image.height(), image.width()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(h, image.bytesPerLine())
    return to_qimage(table[rows[:, : 3 * w].reshape(h, w, 3)])


def contour_path(contours: Sequence[NDArray[Any]]) -> QPainterPath:
    """Closed outlines as one path, in the picture's px."""
    path = QPainterPath()
    for contour in contours:
        points = [QPointF(float(x), float(y)) for x, y in np.asarray(contour).reshape(-1, 2)]
        if len(points) >= 3:
            path.addPolygon(QPolygonF(points))
            path.closeSubpath()
    return path


class CellImageView(QWidget):
    """Wheel zooms at the mouse, dragging moves, double click or 0 fits.

    Signals
    -------
    zoom_changed(float)
        Device-independent px per px of the picture.
    chosen()
        A press of the mouse, before anything else comes of it.
    """

    zoom_changed = Signal(float)
    chosen = Signal()

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._image: QImage | None = None
        self._mpp = math.nan
        self._cell = QPainterPath()
        self._nucleus = QPainterPath()
        self._heat: QImage | None = None
        self._fitted = True
        self._zoom = 1.0
        self._centre = QPointF()
        self._grab: QPointF | None = None
        self.message = ""
        self.note = ""
        self._ruler: tuple[QPointF, QPointF] | None = None
        self._shown: QImage | None = None
        self.ruler_on = False
        self.tool: PictureTool | None = None
        self.brightness = 0
        self.show_cell = True
        self.show_nucleus = True
        self.heat_opacity = 0.5
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName(tr("Picture of the cell"))
        context.theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(340, 340)

    # -- content ---------------------------------------------------------------------------------------

    def show_picture(
        self,
        rgb: NDArray[np.uint8],
        mpp: float,
        cell_contours: Sequence[NDArray[Any]] = (),
        nucleus_contours: Sequence[NDArray[Any]] = (),
    ) -> None:
        """Show a picture; zoom and place are kept relative to the cell, so cells compare at one size."""
        before = None if self._image is None else (self._image.width(), self._mpp)
        image = to_qimage(rgb)
        if before is not None and not self._fitted and before[0] != image.width():
            ratio = before[0] / image.width()
            self._zoom *= ratio
            self._centre /= ratio
        self._image, self._mpp = image, mpp
        self._shown = brightened(image, self.brightness)
        self._ruler = None
        self._cell = contour_path(cell_contours)
        self._nucleus = contour_path(nucleus_contours)
        self._heat = None
        self.message = self.note = ""
        if self._fitted or before is None:
            self.fit()
        self.update()

    def show_outlines(
        self, cell_contours: Sequence[NDArray[Any]], nucleus_contours: Sequence[NDArray[Any]]
    ) -> None:
        """Draw other outlines over the same picture."""
        self._cell, self._nucleus = contour_path(cell_contours), contour_path(nucleus_contours)
        self.update()

    def use(self, tool: PictureTool | None) -> None:
        """Hand the left button and the keys to a tool; None takes them back."""
        self.tool = tool
        self._set_cursor()
        self.update()

    def _set_cursor(self) -> None:
        drawing = self.ruler_on or self.tool is not None
        self.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.OpenHandCursor)

    def show_heat(self, found: Explanation | None) -> None:
        """Lay an explanation map, covering the whole picture, over it; None removes it."""
        self._heat = None if found is None else heat_image(found.values, found.kind)
        self.note = ""
        self.update()

    def show_note(self, text: str) -> None:
        """A sentence over the picture until something else is shown."""
        self.note = text
        self.update()

    def clear(self, message: str = "") -> None:
        """Show nothing but a sentence."""
        self._image = self._heat = None
        self.message = message
        self.update()

    def set_brightness(self, value: int) -> None:
        """-100 (dark) to 100 (bright); 0 shows the picture as it is."""
        self.brightness = max(-100, min(100, value))
        if self._image is not None:
            self._shown = brightened(self._image, self.brightness)
        self.update()

    @property
    def um_zoom(self) -> float:
        """Device-independent px per um; NaN without a scale."""
        return self._zoom / self._mpp

    def set_um_zoom(self, px_per_um: float) -> None:
        """Show the middle of the picture at a physical scale, so that cells of two pictures compare."""
        if self._image is not None and math.isfinite(self._mpp) and px_per_um > 0:
            self._fitted = False
            self._zoom = min(MAX_ZOOM, px_per_um * self._mpp)
            self._centre = QPointF(self._image.width() / 2, self._image.height() / 2)
            self.update()

    def clear_ruler(self) -> None:
        """Take the measured line away."""
        self._ruler = None
        self.update()

    @property
    def ruler_um(self) -> float | None:
        """Length on the ruler in um (px without a scale); None when nothing is measured."""
        if self._ruler is None:
            return None
        a, b = self._ruler
        return math.hypot(b.x() - a.x(), b.y() - a.y()) * (self._mpp if math.isfinite(self._mpp) else 1.0)

    @property
    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return self._image is not None

    @property
    def has_heat(self) -> bool:
        """Whether an explanation map lies over the picture."""
        return self._heat is not None

    # -- zoom ------------------------------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Device-independent px of the screen per px of the picture."""
        return self._zoom

    def _fit_zoom(self) -> float:
        if self._image is None:
            return 1.0
        return min(self.width() / self._image.width(), self.height() / self._image.height())

    def fit(self) -> None:
        """Show the whole picture."""
        self._fitted = True
        if self._image is not None:
            self._zoom = self._fit_zoom()
            self._centre = QPointF(self._image.width() / 2, self._image.height() / 2)
        self.zoom_changed.emit(self._zoom)
        self.update()

    def zoom_at(self, factor: float, point: QPointF) -> None:
        """Zoom by `factor`, the picture's spot under `point` staying where it is."""
        if self._image is None:
            return
        fit = self._fit_zoom()
        zoom = min(MAX_ZOOM, max(fit * 0.5, self._zoom * factor))
        spot = self.to_picture(point)
        self._zoom = zoom
        self._fitted = abs(zoom - fit) < 1e-3
        offset = point - QPointF(self.width() / 2, self.height() / 2)
        self._centre = spot - offset / zoom
        self._keep_inside()
        self.zoom_changed.emit(zoom)
        self.update()

    def to_picture(self, point: QPointF) -> QPointF:
        """Return the place in the picture (px) under a point of the widget."""
        return self._centre + (point - QPointF(self.width() / 2, self.height() / 2)) / self._zoom

    def _keep_inside(self) -> None:
        if self._image is None:
            return
        for size, extent, get, put in (
            (self._image.width(), self.width(), self._centre.x, self._centre.setX),
            (self._image.height(), self.height(), self._centre.y, self._centre.setY),
        ):
            half = extent / 2 / self._zoom
            put(size / 2 if 2 * half >= size else min(size - half, max(half, get())))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()
        else:
            self._keep_inside()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_at(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit()
        if self._draws(event.button()) and self.tool is not None:
            self.tool.press(self.to_picture(event.position()))
            return
        if self.ruler_on and self._image is not None:
            spot = self.to_picture(event.position())
            self._ruler = (spot, spot)
            return
        self._grab = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def _draws(self, button: Qt.MouseButton) -> bool:
        return self.tool is not None and self._image is not None and button == Qt.MouseButton.LeftButton

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.tool is not None and self._grab is None:
            self.tool.drag(self.to_picture(event.position()))
        elif self.ruler_on and self._ruler is not None:
            self._ruler = (self._ruler[0], self.to_picture(event.position()))
            self.update()
        elif self._grab is not None and self._image is not None:
            self._centre -= (event.position() - self._grab) / self._zoom
            self._grab = event.position()
            self._fitted = False
            self._keep_inside()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grab = None
        self._set_cursor()
        if self._draws(event.button()) and self.tool is not None:
            self.tool.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self._draws(event.button()):
            self.fit()

    def event(self, event: QEvent) -> bool:
        tool = self.tool if event.type() == QEvent.Type.ShortcutOverride else None
        if tool is not None and isinstance(event, QKeyEvent) and tool.key(event, act=False):
            event.accept()  # what is a shortcut elsewhere, such as Escape
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.tool is not None and self.tool.key(event, act=True):
            return
        steps = zoom_steps(event)
        if steps:
            self.zoom_at(1.25**steps, QPointF(self.width() / 2, self.height() / 2))
        elif steps == 0:
            self.fit()
        else:
            event.ignore()

    # -- painting --------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._context.theme.colour("window"))
        if self._image is None:
            painter.setPen(self._context.theme.colour("muted"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), flags, self.message)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Beyond 6x the single pixels are of interest, below it a smooth picture.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._zoom < 6)
        w, h = self._image.width() * self._zoom, self._image.height() * self._zoom
        left = self.width() / 2 - self._centre.x() * self._zoom
        top = self.height() / 2 - self._centre.y() * self._zoom
        target = QRectF(left, top, w, h)
        picture = self._picture_at(self._shown or self._image, self._zoom)
        painter.drawImage(target, picture, QRectF(picture.rect()))
        if self._heat is not None:
            painter.setOpacity(self.heat_opacity)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawImage(target, self._heat)
            painter.setOpacity(1.0)
        painter.save()
        painter.translate(left, top)
        painter.scale(self._zoom, self._zoom)
        for shown, path, colour in (
            (self.show_cell, self._cell, CELL_LINE),
            (self.show_nucleus, self._nucleus, NUCLEUS_LINE),
        ):
            if shown and not path.isEmpty():
                for line, width in ((QColor(0, 0, 0, 130), 3.2), (colour, 1.6)):
                    pen = QPen(line, width)
                    pen.setCosmetic(True)
                    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
                    painter.strokePath(path, pen)
        if self.tool is not None:
            self.tool.paint(painter, self._zoom)
        painter.restore()
        self._paint_ruler(painter, left, top)
        self._paint_scale_bar(painter)
        if self.note:
            area = painter.fontMetrics().boundingRect(
                self.rect().adjusted(14, 12, -14, -12), int(Qt.TextFlag.TextWordWrap), self.note
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 175))
            painter.drawRoundedRect(area.adjusted(-8, -6, 8, 6), 5, 5)
            painter.setPen(QColor(255, 255, 255))
            painter.drawText(area, int(Qt.TextFlag.TextWordWrap), self.note)

    def _picture_at(self, image: QImage, zoom: float) -> QImage:
        device = zoom * self.devicePixelRatioF()
        if device >= 0.7:
            return image
        # Bilinear filtering alone skips pixels when it shrinks much.
        return image.scaled(
            max(1, round(image.width() * device)),
            max(1, round(image.height() * device)),
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )

    def _paint_ruler(self, painter: QPainter, left: float, top: float) -> None:
        length = self.ruler_um
        if self._ruler is None or not length:
            return
        a, b = (QPointF(left + p.x() * self._zoom, top + p.y() * self._zoom) for p in self._ruler)
        for colour, width in ((QColor(0, 0, 0, 150), 4.0), (QColor(255, 255, 255), 1.8)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(a, b)
        unit = "µm" if math.isfinite(self._mpp) else "px"
        text = f"{self._context.language.number(length, 1)} {unit}"
        box = QRectF(painter.fontMetrics().boundingRect(text)).adjusted(-7, -4, 7, 4)
        box.moveCenter((a + b) / 2 + QPointF(0, -16))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 175))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor(255, 255, 255))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)

    def _paint_scale_bar(self, painter: QPainter) -> None:
        bar = scale_bar(self._mpp, self._zoom, self.width() * 0.4)
        if bar is None:
            return
        um, length = bar
        text = self._context.language.number(um, 1 if um < 1 else 0) + " µm"
        y = self.height() - 14.0
        x = self.width() - 14.0 - length
        width = max(length, painter.fontMetrics().horizontalAdvance(text)) + 16
        ground = QRectF(self.width() - 6 - width, y - painter.fontMetrics().height() - 10, width, 0)
        ground.setBottom(y + 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(ground, 5, 5)
        painter.setPen(QPen(QColor(255, 255, 255), 2))
        x = ground.center().x() - length / 2
        painter.drawLine(QPointF(x, y), QPointF(x + length, y))
        for end in (x, x + length):
            painter.drawLine(QPointF(end, y - 3), QPointF(end, y + 3))
        painter.drawText(
            QRectF(ground.left(), ground.top() + 3, ground.width(), painter.fontMetrics().height()),
            int(Qt.AlignmentFlag.AlignCenter),
            text,
        )
