"""What the colours of an occlusion map mean, as a bar between the two classes."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from bloodcells_gui.domain.map_colours import AGAINST_RGB, FOR_RGB
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(60, 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = QLinearGradient(0, 0, self.width(), 0)
        for at, rgb, alpha in (
            (0.0, AGAINST_RGB, 255),
            (0.5, AGAINST_RGB, 0),
            (0.5001, FOR_RGB, 0),
            (1.0, FOR_RGB, 255),
        ):
            colours.setColorAt(at, QColor(*rgb, alpha))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().mid().color())
        painter.setBrush(colours)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)


class MapLegend(QWidget):
    """A bar from the rival's colour to the class's, with both names and one sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.rival, self.asked, self.sentence = PlainLabel(), PlainLabel(), PlainLabel()
        for label in (self.rival, self.asked, self.sentence):
            label.setObjectName("muted")
            label.setWordWrap(True)
        self._bar = _Bar()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.rival, 0, 0)
        grid.addWidget(self._bar, 0, 1)
        grid.addWidget(self.asked, 0, 2)
        grid.addWidget(self.sentence, 1, 0, 1, 3)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 2)

    def show_classes(self, asked: str, rival: str, sentence: str) -> None:
        """Both classes in words, and what covering changes; without a rival the sentence alone."""
        self.rival.setText(tr("speaks for: {name}").format(name=rival) if rival else "")
        self.asked.setText(tr("speaks for: {name}").format(name=asked) if rival else "")
        for part in (self.rival, self._bar, self.asked):
            part.setVisible(bool(rival))
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
