"""The legend of the map: the marks of the classes on it with their numbers, or the colours of uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from bloodcells_gui.ui.class_marks import paint_mark
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.delegate import group_rgb
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.uncertainty_colours import uncertainty_colour

_MARK, _GAP, _BETWEEN, _MARGIN = 11, 5, 16, 14


class MapLegend(QWidget):
    """Lines of marks with names and numbers, as many as the width needs."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self._counts: dict[str, int] = {}
        self._of_uncertainty = False
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(tr("Legend of the map"))
        context.theme.changed.connect(self.update)

    def show_classes(self, counts: Mapping[str, int]) -> None:
        """Number of points of each group of the gallery that has any."""
        self._counts, self._of_uncertainty = dict(counts), False
        self._changed(", ".join(text for _, text in self._items()))

    def show_uncertainty(self) -> None:
        """The colours from certain to uncertain."""
        self._of_uncertainty = True
        self._changed(tr("From certain to uncertain"))

    def _changed(self, described: str) -> None:
        self.setAccessibleDescription(described)
        self.updateGeometry()
        self.update()

    def _items(self) -> list[tuple[str, str]]:
        name = self._context.language.class_name
        return [(code, f"{name(code)} {n}") for code, n in self._counts.items()]

    def _placed(self, width: int) -> tuple[list[tuple[float, float, str, str]], int]:
        """Where each item goes (x, y, group, text), and the height of all lines."""
        metrics = self.fontMetrics()
        line = metrics.height() + 3
        x, y, placed = float(_MARGIN), 2.0, []
        for code, text in self._items():
            wide = _MARK + _GAP + metrics.horizontalAdvance(text)
            if x > _MARGIN and x + wide > width - _MARGIN:
                x, y = float(_MARGIN), y + line
            placed.append((x, y, code, text))
            x += wide + _BETWEEN
        return placed, round(y + line + 2)

    def heightForWidth(self, width: int) -> int:
        if self._of_uncertainty:
            return self.fontMetrics().height() + 7
        return self._placed(width)[1] if self._counts else 0

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(200, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._context.theme
        painter.setPen(theme.colour("text"))
        if self._of_uncertainty:
            self._paint_uncertainty(painter)
            return
        line = self.fontMetrics().height()
        for x, y, code, text in self._placed(self.width())[0]:
            area = QRectF(x, y + (line - _MARK) / 2, _MARK, _MARK)
            paint_mark(painter, code, area, theme.ink(group_rgb(code)))
            left = x + _MARK + _GAP
            painter.drawText(
                QRectF(left, y, self.width() - left, line), int(Qt.AlignmentFlag.AlignLeft), text
            )

    def _paint_uncertainty(self, painter: QPainter) -> None:
        metrics = self.fontMetrics()
        x = float(_MARGIN)
        for text in (tr("certain"), "", tr("uncertain")):
            if text:
                painter.drawText(QRectF(x, 3, 300, metrics.height()), int(Qt.AlignmentFlag.AlignLeft), text)
                x += metrics.horizontalAdvance(text) + 8
                continue
            bar = QRectF(x, 3 + metrics.height() / 2 - 5, 120, 10)
            colours = QLinearGradient(bar.topLeft(), bar.topRight())
            for step in range(9):
                colours.setColorAt(step / 8, uncertainty_colour(step / 8))
            painter.fillRect(bar, colours)
            x += bar.width() + 8
