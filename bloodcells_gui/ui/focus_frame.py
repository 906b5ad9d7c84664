"""A card with a frame around it while what it holds has the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from bloodcells_gui.ui.context import UiContext


class FocusFrame(QFrame):
    """Shows which of several cards the next key is for."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self.setObjectName("card")
        self._theme = context.theme
        self._framed: QWidget | None = None

    def frame(self, widget: QWidget) -> None:
        """Draw the frame while this widget has the keyboard."""
        self._framed = widget
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._framed is not None and self._framed.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.colour("accent"), 3))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 6, 6)
            painter.end()
