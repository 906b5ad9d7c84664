"""Select cells in the gallery by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication

from bloodcells_gui.ui.gallery.canvas import GalleryCanvas
from bloodcells_gui.ui.gallery.model import HEADINGS, Index, ranges

SelectionFlag = QItemSelectionModel.SelectionFlag


class GallerySelection(GalleryCanvas):
    """Cursor, ranges over headings, rubber band."""

    def selected_ids(self) -> list[int]:
        """Selected cells in the order of the screen."""
        chosen = sorted(
            (r.parent().row(), r.top(), r.bottom()) for r in ranges(self.selectionModel().selection())
        )
        ids: list[int] = []
        for group, first, last in chosen:
            if group >= 0:
                ids.extend(self._model.ids(group)[first : last + 1])
        return ids

    def select_ids(self, ids: Sequence[int], *, scroll: bool = True) -> None:
        """Select these cells, the cursor on the first, and bring it on screen.

        A filter or the queue is left for a cell that is not shown under it.
        """
        if self._model.partial and not all(self._model.index_of(i).isValid() for i in ids):
            self._model.outside_asked.emit()
        selection = QItemSelection()
        first = QModelIndex()
        for cell_id in ids:
            index = self._model.index_of(cell_id)
            if index.isValid():
                selection.append(QItemSelectionRange(index))
                if not first.isValid():
                    first = index
        self.selectionModel().select(selection, SelectionFlag.ClearAndSelect)
        if first.isValid():
            self._expand(first.parent().row())
            self.selectionModel().setCurrentIndex(first, SelectionFlag.NoUpdate)
            self._anchor = self._model.cell_id(first)
            if scroll:
                self.scrollTo(first)

    def _between(self, a: int, b: int) -> QItemSelection:
        """Everything from cell `a` to cell `b` in the order of the screen."""
        selection = QItemSelection()
        ends = sorted(
            (i.parent().row(), i.row())
            for i in (self._model.index_of(a), self._model.index_of(b))
            if i.isValid()
        )
        if len(ends) < 2:
            return selection
        (g0, r0), (g1, r1) = ends
        for group in range(g0, g1 + 1):
            count = len(self._model.ids(group))
            first, last = (r0 if group == g0 else 0), (r1 if group == g1 else count - 1)
            if count and first <= last and (group not in self._collapsed or g0 == g1):
                parent = self._model.index(group, 0)
                selection.select(self._model.index(first, 0, parent), self._model.index(last, 0, parent))
        return selection

    def _move_cursor_to(self, cell_id: int, modifiers: Qt.KeyboardModifier) -> None:
        """Put the cursor on a cell the way the modifiers say: alone, toggling, or as the end of a range."""
        index = self._model.index_of(cell_id)
        selection = self.selectionModel()
        if modifiers & Qt.KeyboardModifier.ShiftModifier and self._anchor is not None:
            add = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
            selection.select(
                self._between(self._anchor, cell_id),
                SelectionFlag.Select if add else SelectionFlag.ClearAndSelect,
            )
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            selection.select(index, SelectionFlag.Toggle)
            self._anchor = cell_id
        else:
            selection.select(index, SelectionFlag.ClearAndSelect)
            self._anchor = cell_id
        selection.setCurrentIndex(index, SelectionFlag.NoUpdate)
        self.scrollTo(index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        index = self.indexAt(point)
        cell_id = self._model.cell_id(index)
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and cell_id is None:
            self.toggle_group(index.row())
            return
        self._press = point + QPoint(0, self.verticalOffset())
        self._press_id = cell_id
        if cell_id is None:
            if not event.modifiers():
                self.selectionModel().clearSelection()
            self._band_base = QItemSelection(self.selectionModel().selection())
            return
        already = self.selectionModel().isSelected(index)
        if event.button() == Qt.MouseButton.RightButton:
            if not already:
                self._move_cursor_to(cell_id, Qt.KeyboardModifier.NoModifier)
        elif not (already and not event.modifiers()):
            self._move_cursor_to(cell_id, event.modifiers())
        else:
            # A plain press on a selected cell may start a drag of all; it narrows on release.
            self.selectionModel().setCurrentIndex(index, SelectionFlag.NoUpdate)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        here = event.position().toPoint() + QPoint(0, self.verticalOffset())
        if (here - self._press).manhattanLength() < QApplication.startDragDistance():
            return
        if self._press_id is not None:
            self.begin_drag()
            return
        self._band = QRect(self._press, here).normalized()
        selection = QItemSelection(self._band_base or QItemSelection())
        for group, first, last in self._grid.in_rect(
            self._band.left(), self._band.top(), self._band.right(), self._band.bottom()
        ):
            parent = self._model.index(group, 0)
            selection.select(self._model.index(first, 0, parent), self._model.index(last, 0, parent))
        self.selectionModel().select(selection, SelectionFlag.ClearAndSelect)
        y = event.position().toPoint().y()
        if y < 0 or y > self.viewport().height():
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + (y if y < 0 else y - self.viewport().height()))
        self.viewport().update()

    def begin_drag(self) -> None:
        """The selected cells are about to be dragged; the view says what that means."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if (
            self._press_id is not None
            and event.button() == Qt.MouseButton.LeftButton
            and not event.modifiers()
            and self._model.cell_id(self.indexAt(event.position().toPoint())) == self._press_id
        ):
            self._move_cursor_to(self._press_id, Qt.KeyboardModifier.NoModifier)
        if self._band is not None:
            ids = self.selected_ids()
            if ids:
                self._anchor = ids[0]
                self.selectionModel().setCurrentIndex(self._model.index_of(ids[0]), SelectionFlag.NoUpdate)
        self._press = self._press_id = self._band = None
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        cell_id = self._model.cell_id(self.indexAt(event.position().toPoint()))
        if cell_id is not None:
            self.activated_cell.emit(cell_id)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.step_side(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        goal = self._cursor_target(event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        if goal is not None:
            self._move_cursor_to(goal, event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        elif event.key() == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.selectAll()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_id() is not None:
            self.activated_cell.emit(self.current_id())
        else:
            # Never the base class: its type-ahead search would swallow the class keys.
            event.ignore()

    def _cursor_target(self, key: int, control: bool) -> int | None:
        """Cell the cursor goes to from here, None when `key` does not move it."""
        order = [g for g in range(len(HEADINGS)) if self._model.ids(g) and g not in self._collapsed]
        if not order:
            return None
        index = self.currentIndex()
        if self.current_id() is None or index.parent().row() not in order:
            return self._model.ids(order[0])[0] if key in _MOVES else None
        group, row = index.parent().row(), index.row()
        at, members = order.index(group), self._model.ids(group)
        page = max(
            1, (self.viewport().height() - self._grid.metrics.heading) // self._grid.metrics.tile_height
        )
        if key == Qt.Key.Key_Right:
            if row + 1 < len(members):
                return members[row + 1]
            return self._model.ids(order[at + 1])[0] if at + 1 < len(order) else members[row]
        if key == Qt.Key.Key_Left:
            if row:
                return members[row - 1]
            return self._model.ids(order[at - 1])[-1] if at else members[row]
        if key == Qt.Key.Key_Home:
            return self._model.ids(order[0])[0] if control else members[0]
        if key == Qt.Key.Key_End:
            return self._model.ids(order[-1])[-1] if control else members[-1]
        lines = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_PageUp: -page,
        }.get(Qt.Key(key))
        if lines is None:
            return None
        place = self._grid.step(group, row, lines)
        return None if place is None else self._model.ids(place[0])[place[1]]

    def selectAll(self) -> None:
        """All cells of the cursor's group; all of the first group when there is no cursor."""
        index = self.currentIndex()
        group = (
            index.parent().row()
            if self.current_id() is not None
            else next((g for g in range(len(HEADINGS)) if self._model.ids(g)), -1)
        )
        if group >= 0 and self._model.ids(group):
            members = self._model.ids(group)
            self.selectionModel().select(self._between(members[0], members[-1]), SelectionFlag.ClearAndSelect)

    def moveCursor(
        self, _action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        return self.currentIndex()

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        index = self.indexAt(rect.center())
        if self._model.cell_id(index) is not None:
            self.selectionModel().select(index, command)

    def selectionChanged(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self.viewport().update()
        self.selection_changed.emit()

    def currentChanged(self, current: Index, _previous: Index) -> None:
        self.viewport().update()
        cell_id = self._model.cell_id(current)
        if cell_id is not None and QAccessible.isActive():
            said = self._model.describe(cell_id)
            self.setAccessibleDescription(said)
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self.current_changed.emit(cell_id)

    def dataChanged(self, _top_left: Index, _bottom_right: Index, _roles: Sequence[int] = ()) -> None:
        self.viewport().update()


_MOVES = frozenset(
    {Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
     Qt.Key.Key_PageDown, Qt.Key.Key_PageUp}
)  # fmt: skip
