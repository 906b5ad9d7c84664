"""Probabilities as bars; a click chooses the class that the explanation map explains."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr

_MOST = 8
_LEAST_SHARE = 0.0005


class ProbabilityBars(QWidget):
    """The likeliest classes, best first.

    Signals
    -------
    chosen(str)
        Class to explain.
    """

    chosen = Signal(str)

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.scores: list[tuple[str, float]] = []
        self._marked = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Probabilities"))
        context.theme.changed.connect(self.update)

    def line_height(self) -> int:
        """Return the height of one bar with its name, in px."""
        return self.fontMetrics().height() + 8

    def sizeHint(self) -> QSize:
        return QSize(280, max(1, len(self.scores)) * self.line_height() + 10)

    def show_scores(self, scores: Sequence[tuple[str, float]]) -> None:
        """Leaf codes with probabilities, in any order."""
        best = sorted(scores, key=lambda s: -s[1])[:_MOST]
        self.scores = [s for i, s in enumerate(best) if i < 3 or s[1] >= _LEAST_SHARE]
        self.setAccessibleDescription(
            ", ".join(f"{self._context.language.class_name(c)} {100 * p:.1f} %" for c, p in self.scores)
        )
        self.updateGeometry()
        self.update()

    def mark(self, code: str) -> None:
        """Underline the class that is being explained."""
        self._marked = code
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        i = int(event.position().y() - 5) // self.line_height()
        if 0 <= i < len(self.scores):
            self.chosen.emit(self.scores[i][0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        codes = [c for c, _ in self.scores]
        if step is None or not codes:
            event.ignore()
            return
        at = codes.index(self._marked) if self._marked in codes else -1 if step > 0 else 0
        self.chosen.emit(codes[(at + step) % len(codes)])

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, language = self._context.theme, self._context.language
        height = self.line_height()
        metrics = self.fontMetrics()
        figure = metrics.horizontalAdvance("100.0 %") + 6
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        # Names before bars: a class must be read in full, French ones are the longest.
        names = [QFontMetrics(bold).horizontalAdvance(language.class_name(c)) for c, _ in self.scores]
        name_width = min(max(names, default=0) + 12, round(self.width() - figure - 50))
        for i, (code, p) in enumerate(self.scores):
            line = QRect(2, 5 + i * height, self.width() - 4, height)
            if code == self._marked:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("selected"))
                painter.drawRoundedRect(line, 4, 4)
            painter.setFont(bold if i == 0 else self.font())
            painter.setPen(theme.colour("text" if i == 0 or p >= 0.05 else "muted"))
            name = QRect(line.left() + 6, line.top(), name_width, height)
            fm = QFontMetrics(painter.font())
            painter.drawText(
                name,
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
                fm.elidedText(language.class_name(code), Qt.TextElideMode.ElideRight, name_width - 6),
            )
            bar = QRectF(name.right(), line.center().y() - 4, line.right() - figure - name.right() - 6, 9)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("grid"))
            painter.drawRoundedRect(bar, 2, 2)
            painter.setBrush(theme.ink(BY_CODE[code].rgb) if code in BY_CODE else theme.colour("muted"))
            if p > 0.002:
                painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(2.0, bar.width() * p), 9), 2, 2)
            painter.setPen(theme.colour("text" if i == 0 else "muted"))
            painter.drawText(
                line.adjusted(0, 0, -6, 0),
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
                f"{language.number(100 * p, 1)} %",
            )
        if self.hasFocus():
            painter.setPen(theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
