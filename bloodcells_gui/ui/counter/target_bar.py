"""How far a count has come, and past the target where that was."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr

_HEIGHT, _MARK = 8, 3


class TargetBar(QProgressBar):
    """Full at the target; beyond it the whole is what was counted, and a gap marks the target."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.target = 0
        self.setTextVisible(False)
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(tr("Counted of the target"))
        context.theme.changed.connect(self.update)

    def show_count(self, counted: int, target: int) -> None:
        """Leukocytes counted, and how many are wanted; hidden without a target."""
        self.target = target
        self.setVisible(bool(target))
        self.setMaximum(max(1, target, counted))
        self.setValue(counted)
        self.update()

    def mark(self) -> QRectF | None:
        """Where the target is; None while it is the end of the bar."""
        if not 0 < self.target < self.value():
            return None
        return QRectF(self.width() * self.target / self.maximum() - _MARK / 2, 0, _MARK, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme, painter = self._context.theme, QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(self.rect(), theme.colour("border"))
        done = QRectF(0, 0, self.width() * self.value() / self.maximum(), self.height())
        painter.fillRect(done, theme.colour("accent"))
        mark = self.mark()
        if mark is not None:
            painter.fillRect(mark, theme.colour("base"))
