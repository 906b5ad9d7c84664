"""A form that grows with its texts and scrolls where the screen has no room for all of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.screen_fit import FRAME

# A row is never lower than this, in px.
_LEAST = 80


class ScrolledForm(Form):
    """A form whose fields lie in an area that scrolls; title and buttons always stay in sight."""

    def __init__(self, title: str, lead: str, parent: QWidget | None = None, *, accept: str = "") -> None:
        super().__init__(title, lead, parent, accept=accept)
        at = self.outer.indexOf(self.form)
        self.outer.takeAt(at)
        self.form.setParent(None)
        self._inner = QWidget()
        self._inner.setLayout(self.form)
        self.form.setContentsMargins(0, 0, 4, 0)
        self.area = QScrollArea()
        # The first field has the focus, not what scrolls it: a scanner types at once.
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setWidget(self._inner)
        for each in (self._inner, self.area.viewport()):
            each.setAutoFillBackground(False)
        self.outer.insertWidget(at, self.area, 1)
        self._inner.installEventFilter(self)
        self.area.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        wanted = QEvent.Type.LayoutRequest if watched is self._inner else QEvent.Type.Resize
        if event.type() == wanted:
            QTimer.singleShot(0, self, self.fit_height)  # once the rows have their new heights
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.fit_height()

    def fit_height(self) -> None:
        """Keep the area as high and wide as its rows are when wrapped, and the dialog within its screen."""
        bar = self.area.verticalScrollBar().sizeHint().width()
        screen = self.screen().availableGeometry()
        self.area.setMinimumWidth(self._inner.minimumSizeHint().width() + bar)
        rest = self._rest()
        width, form = self.area.viewport().width(), self.form
        wanted = form.totalHeightForWidth(width) if form.hasHeightForWidth() else form.sizeHint().height()
        self._inner.setMinimumHeight(wanted)  # its layout counts a wrapped text as one line
        height = max(_LEAST, min(wanted, screen.height() - FRAME.height() - rest))
        self.area.setMinimumHeight(height)
        self.setMinimumHeight(rest + height)
        self.setMinimumWidth(max(self.minimumWidth(), self.outer.minimumSize().width()))
        below = self.frameGeometry().bottom() - screen.bottom()
        if below > 0:
            self.move(self.x(), max(screen.top(), self.y() - below))

    def _rest(self) -> int:
        """Height of everything but the area, with margins and gaps, in px."""
        margins = self.outer.contentsMargins()
        width = self.width() - margins.left() - margins.right()
        heights = [margins.top() + margins.bottom() + self.outer.spacing() * (self.outer.count() - 1)]
        for i in range(self.outer.count()):
            item = self.outer.itemAt(i)
            if item is not None and item.widget() is not self.area:
                high = item.heightForWidth(width) if item.hasHeightForWidth() else item.sizeHint().height()
                heights.append(high)
        return sum(heights)

    def show_whole(self, row: QWidget) -> None:
        """Bring a row into sight once it has its height."""
        QTimer.singleShot(0, self, lambda: self.area.ensureWidgetVisible(row, 0, 0))
