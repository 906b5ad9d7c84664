"""Line icons that take the colour of the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from bloodcells_gui.ui.resources import resource_dir
from bloodcells_gui.ui.theme import Theme


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    path = resource_dir() / "icons" / f"{name}.svg"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def paint_svg(painter: QPainter, rect: QRectF, name: str, colour: str) -> None:
    """Draw icon `name` into `rect` with `currentColor` replaced by `colour`."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    if renderer.isValid():
        renderer.render(painter, rect)


class _ThemedEngine(QIconEngine):
    """Renders at the asked size in the colour that the theme has at that moment."""

    def __init__(self, name: str, theme: Theme, token: str) -> None:
        super().__init__()
        self._name = name
        self._theme = theme
        self._token = token

    def clone(self) -> QIconEngine:
        return _ThemedEngine(self._name, self._theme, self._token)

    def paint(self, painter: QPainter, rect, mode: QIcon.Mode, _state: QIcon.State) -> None:  # type: ignore[no-untyped-def]
        painter.save()
        if mode == QIcon.Mode.Disabled:
            painter.setOpacity(0.4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_svg(painter, QRectF(rect), self._name, getattr(self._theme.tokens, self._token))
        painter.restore()

    def pixmap(self, size, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:  # type: ignore[no-untyped-def]
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap


class Icons:
    """Icons by name, in the theme's colours."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def get(self, name: str, tint: str = "text") -> QIcon:
        """Icon `resources/icons/NAME.svg` in the colour token `tint`."""
        return QIcon(_ThemedEngine(name, self._theme, tint))

    def pixmap(self, name: str, size: int, ratio: float, tint: str = "text") -> QPixmap:
        """The same as a pixmap of `size` device-independent pixels."""
        pixmap = QPixmap(round(size * ratio), round(size * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_svg(painter, QRectF(pixmap.rect()), name, getattr(self._theme.tokens, tint))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap


def app_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(resource_dir() / "icons" / "app.svg"))
