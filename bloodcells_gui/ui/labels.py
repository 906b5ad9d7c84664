"""Labels, tool tips and menu texts for names of any length and content, never as rich text."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel


def plain_tip(text: str) -> str:
    """`text` as a tool tip that is read, never rendered, whatever a file or a person is called."""
    if "<" not in text and "&" not in text:
        return text
    return "<qt>" + escape(text).replace("\n", "<br>") + "</qt>"


def menu_text(text: str) -> str:
    """`text` for a menu or button, its ampersands no mnemonics."""
    return " ".join(text.split()).replace("&", "&&")


class PlainLabel(QLabel):
    """A label whose text is never taken for rich text."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


class ElidedLabel(QLabel):
    """One line that is shortened when there is no room, by default in the middle; its tool tip is whole."""

    def __init__(self, text: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle) -> None:
        super().__init__()
        self._full, self._mode = "", mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(40)
        if text:
            self.show_text(text)

    def show_text(self, text: str) -> None:
        """The whole text; line breaks become blanks."""
        self._full = " ".join(text.split())
        self.setToolTip(plain_tip(self._full))
        self.setAccessibleName(self._full)
        self.updateGeometry()
        self._elide()

    def sizeHint(self) -> QSize:
        wide = min(360, QFontMetrics(self.font()).horizontalAdvance(self._full) + 4)
        return QSize(wide, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(metrics.elidedText(self._full, self._mode, max(40, self.width())))
