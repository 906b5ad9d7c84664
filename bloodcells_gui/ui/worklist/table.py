"""The lines of the work list: columns, order, choice, and which of them are in sight."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from bloodcells_gui.app.worklist import CaseEntry
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.worklist.model import WORK_ORDER, Column, StateDelegate, WorklistModel, sort_key
from bloodcells_gui.ui.worklist.strips import HEIGHT, StripDelegate

_WIDTHS = {
    Column.STATE: 180, Column.SPECIMEN: 190, Column.PICTURE: 174, Column.CREATED: 126, Column.CELLS: 76,
    Column.REVIEWED: 70, Column.FLAGS: 230, Column.PERSONS: 120,
}  # fmt: skip
# On a narrow window these leave room for the flags.
_NARROW = {Column.STATE: 156, Column.SPECIMEN: 160, Column.PICTURE: 106, Column.PERSONS: 100}
_WIDE_PX = 1200
_LEAST_FLAGS = 150


class CaseTable(QTableView):
    """The list; Enter opens.

    Parameters
    ----------
    pixmap : callable
        The picture of a case, None while there is none.

    Signals
    -------
    opened()
        Enter or double click on a case.
    moved()
        Other lines are in sight.
    order_chosen(int)
        A heading was clicked: its column, or `WORK_ORDER`.
    chosen()
        Other lines are chosen.
    """

    opened = Signal()
    moved = Signal()
    order_chosen = Signal(int)
    chosen = Signal()

    def __init__(
        self, context: UiContext, model: WorklistModel, pixmap: Callable[[CaseEntry], QPixmap | None]
    ) -> None:
        super().__init__()
        self.cases = model
        # The line that was chosen because no other was: it stays the first while lines come.
        self._by_default: list[Path] = []
        self.setModel(model)
        self.setItemDelegateForColumn(Column.STATE, StateDelegate(context, self))
        picture = StripDelegate(lambda row: pixmap(model.entry(row)), self)
        self.setItemDelegateForColumn(Column.PICTURE, picture)
        self.setAccessibleName(tr("Work list"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(max(self.fontMetrics().height() + 14, HEIGHT + 8))
        self._narrow: bool | None = None
        # The case under the pointer at the first of two clicks, and when that was.
        self._pressed: tuple[Path, float] | None = None
        self._share_width(0)
        self._set_up_header(self.horizontalHeader())
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        self.verticalScrollBar().valueChanged.connect(lambda _: self.moved.emit())

    def _set_up_header(self, header: QHeaderView) -> None:
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(WORK_ORDER, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(lambda column, _: self.order_chosen.emit(column))
        header.setSectionResizeMode(Column.FLAGS, QHeaderView.ResizeMode.Stretch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            if not event.isAutoRepeat():
                self.opened.emit()
            return
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self.cases.rowCount() - 1}
        if event.key() in ends and not event.modifiers() and self.cases.rowCount():
            self.selectRow(ends[Qt.Key(event.key())])
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton and index.isValid()
        self._pressed = (self.cases.entry(index.row()).path, time.monotonic()) if left else None
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        # Whatever came between the clicks and moved the lines: the case that was pointed at is meant.
        pressed, self._pressed = self._pressed, None
        longest_s = 2 * QApplication.doubleClickInterval() / 1000
        if pressed is None or time.monotonic() - pressed[1] > longest_s:
            return
        if self.cases.row_of(pressed[0]) >= 0:
            self._by_default = []
            self.choose([pressed[0]])
            self.opened.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width(event.size().width())
        # On a small screen the flags are worth more than who worked on the case; the tool tip has the names.
        kept = sum(self.columnWidth(c) for c in _WIDTHS if c not in (Column.FLAGS, Column.PERSONS))
        room = self.viewport().width() - kept - _WIDTHS[Column.PERSONS]
        self.setColumnHidden(Column.PERSONS, room < _LEAST_FLAGS)
        self.moved.emit()

    def _share_width(self, width: int) -> None:
        """Give the columns their widths once the window became narrow or wide; a person may change them."""
        narrow = width < _WIDE_PX
        if narrow is not self._narrow:
            self._narrow = narrow
            for column, wide in _WIDTHS.items():
                self.setColumnWidth(column, _NARROW.get(column, wide) if narrow else wide)

    # -- order -----------------------------------------------------------------------------------------

    def order_by(self, column: int) -> bool:
        """Sort by a column from now on, or by the order of the work; whether that is another order."""
        header = self.horizontalHeader()
        if header.sortIndicatorSection() == column:
            return False
        header.setSortIndicator(column, Qt.SortOrder.AscendingOrder)
        return True

    def in_order(self, entries: list[CaseEntry]) -> list[CaseEntry]:
        """Cases, given in the order of the work, as the headings say."""
        header = self.horizontalHeader()
        column = header.sortIndicatorSection()
        if column in (WORK_ORDER, Column.PICTURE):
            return entries
        downwards = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        return sorted(entries, key=sort_key(Column(column)), reverse=downwards)

    # -- lines -----------------------------------------------------------------------------------------

    def in_sight(self) -> list[CaseEntry]:
        """The cases whose lines are on the screen."""
        count = self.cases.rowCount()
        if not count or not self.isVisible():
            return []
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        return [self.cases.entry(row) for row in range(max(0, first), count if last < 0 else last + 1)]

    def selected(self) -> list[CaseEntry]:
        """The chosen cases."""
        return [self.cases.entry(i.row()) for i in self.selectionModel().selectedRows()]

    def choose(self, paths: Sequence[Path]) -> None:
        """Choose these cases where they are shown, else the first, as long as nobody chooses another."""
        wanted = [] if list(paths) == self._by_default else paths
        rows = [row for p in wanted if (row := self.cases.row_of(p)) >= 0]
        if not rows and self.cases.rowCount():
            rows = [0]
            self._by_default = [self.cases.entry(0).path]
        choice, flags = QItemSelection(), QItemSelectionModel.SelectionFlag
        for row in rows:
            choice.select(self.cases.index(row, 0), self.cases.index(row, len(Column) - 1))
        self.selectionModel().select(choice, flags.ClearAndSelect)
        if rows:
            self.selectionModel().setCurrentIndex(self.cases.index(rows[0], 0), flags.NoUpdate)
