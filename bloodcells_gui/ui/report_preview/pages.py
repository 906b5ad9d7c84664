"""Sheets of paper on the screen, drawn from the marks of the PDF."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from bloodcells_gui.domain.page_marks import RGB, Box, Line, Page, Picture, Text
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.keyboard import zoom_steps
from bloodcells_gui.ui.pictures import decoded

_FAMILIES = ["Open Sans", "DejaVu Sans"]
_EM = 100
_GAP = 18.0
_ZOOMS = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0)
_PX_PER_MM = 96 / 25.4
_MOST_PIXELS = 12_000_000
_PAGES_KEPT = 4


def _font(style: str) -> QFont:
    font = QFont()
    font.setFamilies(_FAMILIES)
    font.setPixelSize(_EM)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setWeight(QFont.Weight.DemiBold if style == "B" else QFont.Weight.Normal)
    font.setItalic(style == "I")
    return font


def _colour(rgb: RGB) -> QColor:
    return QColor(*rgb)


def draw_page(painter: QPainter, page: Page) -> None:
    """Draw a page; the painter's unit is 1 mm and its origin the page's corner."""
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.fillRect(QRectF(0, 0, page.width, page.height), QColor("white"))
    fonts: dict[str, tuple[QFont, QFontMetricsF]] = {}
    for mark in page.marks:
        match mark:
            case Text():
                if mark.style not in fonts:
                    font = _font(mark.style)
                    fonts[mark.style] = font, QFontMetricsF(font)
                _draw_text(painter, mark, *fonts[mark.style])
            case Line():
                painter.setPen(QPen(_colour(mark.rgb), mark.thickness))
                painter.drawLine(QPointF(mark.x1, mark.y1), QPointF(mark.x2, mark.y2))
            case Box():
                _draw_box(painter, mark)
            case Picture():
                image = decoded(mark.data)
                painter.drawImage(QRectF(mark.x, mark.y, mark.width, mark.height), image)


def _draw_text(painter: QPainter, mark: Text, font: QFont, metrics: QFontMetricsF) -> None:
    """Glyphs as outlines, exactly as wide as in the PDF whatever this system's hinting does."""
    path = QPainterPath()
    path.addText(0, 0, font, mark.text)
    scale = mark.size / _EM
    wide = metrics.horizontalAdvance(mark.text) * scale
    painter.save()
    painter.translate(mark.x, mark.y)
    painter.scale(scale * (mark.width / wide if wide > 0 else 1.0), scale)
    painter.fillPath(path, _colour(mark.rgb))
    painter.restore()


def _draw_box(painter: QPainter, mark: Box) -> None:
    if mark.thickness > 0:
        painter.setPen(QPen(_colour(mark.rgb), mark.thickness))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_colour(mark.rgb))
    painter.drawRoundedRect(QRectF(mark.x, mark.y, mark.width, mark.height), mark.radius, mark.radius)


class PagesView(QAbstractScrollArea):
    """Pages one below the other; only those in sight are drawn.

    Signals
    -------
    moved()
        Another page is in sight, or the scale is another.
    """

    moved = Signal()

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.page_list: tuple[Page, ...] = ()
        self._zoom = 0.0  # 0 fits the width
        self._drawn: dict[int, QPixmap] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.verticalScrollBar().valueChanged.connect(lambda _: self._on_scrolled())
        context.theme.changed.connect(self.viewport().update)

    # -- what is shown ---------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Number of pages."""
        return len(self.page_list)

    @property
    def scale(self) -> float:
        """1 is the size of the paper on a screen of 96 dots an inch."""
        if self._zoom or not self.page_list:
            return self._zoom or 1.0
        wide = max(p.width for p in self.page_list)
        return max(0.2, (self.viewport().width() - 2 * _GAP) / (wide * _PX_PER_MM))

    @property
    def current(self) -> int:
        """The page in the middle of what is seen, from 1; 0 without pages."""
        middle = self.verticalScrollBar().value() + self.viewport().height() / 3
        for n, frame in enumerate(self._frames(), start=1):
            if middle < frame.bottom() + _GAP:
                return n
        return self.count

    def show_pages(self, pages: Sequence[Page]) -> None:
        """Replace what is shown; the place in it stays."""
        at = self.verticalScrollBar().value()
        self.page_list = tuple(pages)
        self._drawn.clear()
        self._update_scroll_bars()
        self.verticalScrollBar().setValue(at)
        self._on_scrolled()

    def step_zoom(self, by: int) -> None:
        """One step larger (1) or smaller (-1); 0 fits the width."""
        if not by:
            self._rescale(0.0)
            return
        now = self.scale
        wider = [z for z in _ZOOMS if (z > now * 1.01 if by > 0 else z < now * 0.99)]
        if wider:
            self._rescale(wider[0] if by > 0 else wider[-1])

    def _rescale(self, zoom: float) -> None:
        bar = self.verticalScrollBar()
        share = bar.value() / max(1, bar.maximum())
        self._zoom = zoom
        self._update_scroll_bars()
        bar.setValue(round(share * bar.maximum()))
        self._on_scrolled()

    def go_to(self, page: int) -> None:
        """Scroll to a page, from 1."""
        frames = self._frames()
        if 1 <= page <= len(frames):
            self.verticalScrollBar().setValue(round(frames[page - 1].top() - _GAP))

    # -- layout ----------------------------------------------------------------------------------------

    def _frames(self) -> list[QRectF]:
        """Where each page lies, in px of the whole roll."""
        factor, y, found = self.scale * _PX_PER_MM, _GAP, []
        wide = max((p.width for p in self.page_list), default=0.0) * factor
        across = max(wide + 2 * _GAP, float(self.viewport().width()))
        for page in self.page_list:
            size = QSizeF(page.width * factor, page.height * factor)
            found.append(QRectF(QPointF((across - size.width()) / 2, y), size))
            y += size.height() + _GAP
        return found

    def _update_scroll_bars(self) -> None:
        frames, view = self._frames(), self.viewport()
        high = frames[-1].bottom() + _GAP if frames else 0.0
        wide = max((f.width() for f in frames), default=0.0) + 2 * _GAP
        for bar, size, seen in (
            (self.verticalScrollBar(), high, view.height()),
            (self.horizontalScrollBar(), wide, view.width()),
        ):
            bar.setRange(0, max(0, round(size) - seen))
            bar.setPageStep(round(seen * 0.9))
            bar.setSingleStep(40)
        view.update()

    def _on_scrolled(self) -> None:
        n = self.current
        self.setAccessibleDescription(self.page_list[n - 1].words() if n else "")
        self.viewport().update()
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_scroll_bars()
        self.moved.emit()

    # -- drawing and keys ------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self._context.theme.colour("window"))
        painter.translate(-self.horizontalScrollBar().value(), -self.verticalScrollBar().value())
        seen = QRectF(self.viewport().rect()).translated(
            self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        )
        for n, (page, frame) in enumerate(zip(self.page_list, self._frames(), strict=True)):
            if frame.intersects(seen):
                painter.save()
                painter.translate(frame.topLeft())
                self._draw(painter, n, page, frame)
                painter.restore()
                painter.setPen(QPen(self._context.theme.colour("border"), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(frame)
        painter.end()

    def _draw(self, painter: QPainter, n: int, page: Page, frame: QRectF) -> None:
        """A page at the painter's origin; kept as pixels, so that scrolling does not draw it anew."""
        ratio = self.devicePixelRatioF()
        size = (frame.size() * ratio).toSize()
        if size.width() * size.height() > _MOST_PIXELS:
            painter.scale(frame.width() / page.width, frame.height() / page.height)
            draw_page(painter, page)
            return
        kept = self._drawn.get(n)
        if kept is None or kept.size() != size:
            kept = QPixmap(size)
            inner = QPainter(kept)
            inner.scale(size.width() / page.width, size.height() / page.height)
            draw_page(inner, page)
            inner.end()
            kept.setDevicePixelRatio(ratio)
            while len(self._drawn) >= _PAGES_KEPT:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[n] = kept
        painter.drawPixmap(QPointF(0, 0), kept)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        match event.key():
            case Qt.Key.Key_Home:
                bar.setValue(0)
            case Qt.Key.Key_End:
                bar.setValue(bar.maximum())
            case Qt.Key.Key_Space:
                bar.setValue(bar.value() + bar.pageStep())
            case _ if (steps := zoom_steps(event)) is not None:
                self.step_zoom(steps)
            case _:
                super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.step_zoom(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)
