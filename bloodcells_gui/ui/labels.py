"""Labels, tool tips and menu texts for names of any length and content, never as rich text."""

from __future__ import annotations

import re
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


# Letters without a blank that any line has room for.
_LONGEST_WORD = 24
_BREAK = "\u200b"


def bounded(text: str, longest: int) -> str:
    """`text` in at most `longest` characters, its end cut off where it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def breakable(text: str) -> str:
    """`text` with places where a line may break in words that no line has room for."""
    return re.sub(rf"\S{{{_LONGEST_WORD}}}(?=\S)", rf"\g<0>{_BREAK}", text)


class BoundedLabel(PlainLabel):
    """Wrapped lines of words from elsewhere, which never make a window wider; the tool tip has all of it.

    Parameters
    ----------
    longest, most, together : int
        Characters of a line, lines, and characters in all that are shown; what has more is cut line by line.
    """

    def __init__(self, longest: int = 240, most: int = 12, together: int = 900) -> None:
        self._longest, self._most, self._together = longest, most, together
        super().__init__()
        self.setWordWrap(True)

    def setText(self, text: str) -> None:
        """The whole text, in lines."""
        lines = text.split("\n")
        shown = [bounded(line, self._longest) for line in lines]
        if len(shown) > self._most:
            shown = [*shown[: self._most - 1], "…"]
        if sum(map(len, shown)) > self._together:
            shown = [bounded(line, self._together // self._most) for line in shown]
        super().setText(breakable("\n".join(shown)))
        self.setToolTip(plain_tip(text) if shown != lines else "")
        self.setAccessibleName(text)


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
        margins = self.contentsMargins()
        wide = min(360, QFontMetrics(self.font()).horizontalAdvance(self._full) + 4)
        wide += margins.left() + margins.right()
        return QSize(wide, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(metrics.elidedText(self._full, self._mode, max(40, self.contentsRect().width())))
