"""Classes with their keys and hand counts, as tiles."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bloodcells_gui.app.counter import Counter
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES, CellClass
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr

Index = QModelIndex | QPersistentModelIndex
CODE_ROLE = Qt.ItemDataRole.UserRole + 1
TILE = QSize(150, 84)


class CounterModel(QAbstractListModel):
    """One row a class, in the order of the taxonomy."""

    def __init__(self, context: UiContext, counter: Counter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._counter = counter

    @staticmethod
    def row_of(code: str) -> int:
        """Where a class stands."""
        return CLASSES.index(BY_CODE[code])

    def refresh(self) -> None:
        """The counts may have changed."""
        self.dataChanged.emit(self.index(0), self.index(len(CLASSES) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(CLASSES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        found: CellClass = CLASSES[index.row()]
        name = self._context.language.class_name(found.code)
        if role == CODE_ROLE:
            return found.code
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            key = self._context.keymap.key(found.code)
            return tr("{name}: {count} (key {key})").format(
                name=name, count=self._counter.count_of(found.code), key=key or "–"
            )
        return None


class TileDelegate(QStyledItemDelegate):
    """Key, name and count of a class."""

    def __init__(self, context: UiContext, counter: Counter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._counter = counter
        self.lit = ""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._context.theme
        found = CLASSES[index.row()]
        area = QRectF(option.rect).adjusted(3, 3, -3, -3)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setBrush(theme.colour("selected" if found.code == self.lit else "base"))
        painter.setPen(QPen(theme.colour("accent" if focused else "border"), 2 if focused else 1))
        painter.drawRoundedRect(area, 7, 7)
        stripe = QRectF(area.left() + 5, area.top() + 8, 4, area.height() - 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.ink(found.rgb))
        painter.drawRoundedRect(stripe, 2, 2)
        inner = area.adjusted(16, 7, -9, -7)
        font = QFont(option.font)
        painter.setFont(font)
        painter.setPen(theme.colour("text" if found.counts else "muted"))
        name = self._context.language.class_name(found.code)
        wrapped = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(inner, int(wrapped), name)
        painter.setPen(theme.colour("muted"))
        low = Qt.AlignmentFlag.AlignBottom
        painter.drawText(
            inner, int(Qt.AlignmentFlag.AlignLeft | low), self._context.keymap.key(found.code) or "–"
        )
        font.setPointSizeF(font.pointSizeF() * 1.9)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        count = self._counter.count_of(found.code)
        painter.setPen(theme.colour("text" if count else "placeholder"))
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignRight | low), self._context.language.integer(count))
        painter.restore()
