"""The gallery's view: paints only what is visible, so 100,000 cells cost no more than a hundred."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from bloodcells_gui.domain.taxonomy import UNIDENTIFIED
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.delegate import GalleryDelegate, HeadingState
from bloodcells_gui.ui.gallery.layout import GridLayout, Span
from bloodcells_gui.ui.gallery.model import GROUPS, GalleryModel, Index, pack_ids, ranges, unpack_ids
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader

SIDES = (48, 64, 80, 96, 112, 128, 160, 192, 224)
_Flag = QItemSelectionModel.SelectionFlag


class GalleryView(QAbstractItemView):
    """Cells in rows under pinned headings.

    Signals
    -------
    current_changed(object)
        Id of the cell with the cursor, or None.
    selection_changed()
    dropped(list, str)
        Cells were dropped on the heading of a group.
    side_changed(int)
        Pictures have a new size.
    activated_cell(int)
        Double click or Return on a cell.
    """

    current_changed = Signal(object)
    selection_changed = Signal()
    dropped = Signal(list, str)
    side_changed = Signal(int)
    activated_cell = Signal(int)

    def __init__(
        self,
        context: UiContext,
        model: GalleryModel,
        thumbnails: ThumbnailLoader,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._model = model
        self._thumbnails = thumbnails
        self._delegate = GalleryDelegate(context, thumbnails, 96, self)
        self._grid = GridLayout(self._delegate.metrics(self.font()))
        self._collapsed: set[int] = set()
        self._anchor: int | None = None
        self._press: QPoint | None = None
        self._press_id: int | None = None
        self._band: QRect | None = None
        self._band_base: QItemSelection | None = None
        self._drop_group: int | None = None
        self._wanted: list[int] = []
        self._ask = QTimer(self)
        self._ask.setSingleShot(True)
        self._ask.setInterval(0)
        self._ask.timeout.connect(self._ask_for_pictures)
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)
        self.setMouseTracking(False)
        self.setAccessibleName(self.tr("Gallery of cells"))
        thumbnails.arrived.connect(self._pictures_arrived)
        context.theme.changed.connect(self.viewport().update)
        model.modelReset.connect(self.relayout)
        model.rowsInserted.connect(self.relayout)
        model.rowsRemoved.connect(self.relayout)
        self._tell_side()

    # -- what others ask -------------------------------------------------------------------------------

    def current_id(self) -> int | None:
        """Cell with the cursor."""
        return self._model.cell_id(self.currentIndex())

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
        """Select these cells, the cursor on the first, and bring it on screen."""
        selection = QItemSelection()
        first = QModelIndex()
        for cell_id in ids:
            index = self._model.index_of(cell_id)
            if index.isValid():
                selection.append(QItemSelectionRange(index))
                if not first.isValid():
                    first = index
        self.selectionModel().select(selection, _Flag.ClearAndSelect)
        if first.isValid():
            self._expand(first.parent().row())
            self.selectionModel().setCurrentIndex(first, _Flag.NoUpdate)
            self._anchor = self._model.cell_id(first)
            if scroll:
                self.scrollTo(first)

    def follower(self, ids: Iterable[int]) -> int | None:
        """The cell to go on with once `ids` have been dealt with: the next one in the order of the screen."""
        gone = set(ids)
        indexes = [self._model.index_of(i) for i in gone]
        places = sorted((i.parent().row(), i.row()) for i in indexes if i.isValid())
        if not places:
            return None
        group, row = places[-1]
        members = self._model.ids(group)
        for other in members[row + 1 :]:
            if other not in gone:
                return other
        for other in reversed(members[: places[0][1]] if places[0][0] == group else members[:row]):
            if other not in gone:
                return other
        for later in [*range(group + 1, len(GROUPS)), *range(group)]:
            for other in self._model.ids(later):
                if other not in gone:
                    return other
        return None

    def find_next(self, wanted: Callable[[int], bool]) -> int | None:
        """The next cell after the cursor, round the end, for which `wanted` holds."""
        order = [g for g in range(len(GROUPS)) if self._model.ids(g)]
        if not order:
            return None
        index = self.currentIndex()
        group, row = (index.parent().row(), index.row()) if self.current_id() is not None else (order[0], -1)
        for other in self._model.ids(group)[row + 1 :]:
            if wanted(other):
                return other
        at = order.index(group) if group in order else 0
        for later in order[at + 1 :] + order[: at + 1]:
            for other in self._model.ids(later):
                if wanted(other):
                    return other
        return None

    def show_group(self, code: str) -> None:
        """Bring a group's heading to the top and put the cursor on its first cell."""
        number = GROUPS.index(code) if code in GROUPS else -1
        span = self._grid.span(number)
        if span is None:
            return
        self._expand(number)
        self.verticalScrollBar().setValue(span.top)
        if self._model.ids(number):
            self.select_ids(self._model.ids(number)[:1], scroll=False)

    @property
    def side(self) -> int:
        """Side of a picture, device-independent px."""
        return self._delegate.side

    def set_side(self, side: int) -> None:
        """Change the size of the pictures, keeping the cursor's cell (or the top) in view."""
        side = min(SIDES[-1], max(SIDES[0], side))
        if side == self._delegate.side:
            return
        keep = self.currentIndex()
        self._delegate.side = side
        self._tell_side()
        self.relayout()
        if keep.isValid():
            self.scrollTo(keep)
        self.side_changed.emit(side)

    def step_side(self, steps: int) -> None:
        """The next larger or smaller size."""
        nearest = min(range(len(SIDES)), key=lambda i: abs(SIDES[i] - self.side))
        self.set_side(SIDES[min(len(SIDES) - 1, max(0, nearest + steps))])

    # -- geometry --------------------------------------------------------------------------------------

    def _tell_side(self) -> None:
        self._thumbnails.set_side(round(self._delegate.side * self.devicePixelRatioF()))

    def relayout(self) -> None:
        """Compute places anew; cheap, so every change of the model may ask for it."""
        self._grid.metrics = self._delegate.metrics(self.font())
        self._grid.update(self._model.counts(), self.viewport().width(), frozenset(self._collapsed))
        self.updateGeometries()
        self.viewport().update()

    def updateGeometries(self) -> None:
        bar = self.verticalScrollBar()
        page = self.viewport().height()
        bar.setRange(0, max(0, self._grid.height - page))
        bar.setPageStep(max(1, page - self._grid.metrics.heading))
        bar.setSingleStep(max(16, self._grid.metrics.tile_height // 3))

    def resizeEvent(self, event: QResizeEvent) -> None:
        top = self._grid.at(self._grid.metrics.margin, self.verticalOffset() + self._grid.metrics.heading)
        self.relayout()
        if top is not None and top[1] >= 0 and event.oldSize().width() != event.size().width():
            tile = self._grid.tile(*top)
            if tile is not None and self.verticalOffset() > 0:
                self.verticalScrollBar().setValue(tile[1] - self._grid.metrics.heading)

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid():
            return QRect()
        if not index.parent().isValid():
            span = self._grid.span(index.row())
            if span is None:
                return QRect()
            return QRect(
                0, span.top - self.verticalOffset(), self.viewport().width(), self._grid.metrics.heading
            )
        tile = self._grid.tile(index.parent().row(), index.row())
        return QRect() if tile is None else QRect(tile[0], tile[1] - self.verticalOffset(), tile[2], tile[3])

    def indexAt(self, point: QPoint) -> QModelIndex:
        pinned = self._pinned()
        if pinned is not None and 0 <= point.y() < self._grid.metrics.heading:
            return self._model.index(pinned.group, 0)
        found = self._grid.at(point.x(), point.y() + self.verticalOffset())
        if found is None:
            return QModelIndex()
        group, row = found
        heading = self._model.index(group, 0)
        return heading if row < 0 else self._model.index(row, 0, heading)

    def isIndexHidden(self, index: Index) -> bool:
        return not self.visualRect(index).isValid()

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        # Exact regions of large selections cost more than painting the hundred visible tiles.
        return QRegion(self.viewport().rect())

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        rect = self.visualRect(index)
        if not rect.isValid():
            return
        top, bottom = self._grid.metrics.heading, self.viewport().height()
        bar = self.verticalScrollBar()
        if hint == QAbstractItemView.ScrollHint.PositionAtTop or rect.top() < top:
            bar.setValue(bar.value() + rect.top() - top)
        elif rect.bottom() > bottom:
            bar.setValue(bar.value() + rect.bottom() - bottom + 4)

    def _pinned(self) -> Span | None:
        """The group whose heading has been scrolled away while its cells are still on screen."""
        span = self._grid.span_at(self.verticalOffset())
        return span if span is not None and span.top < self.verticalOffset() else None

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    # -- painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(self.font())
        area = event.rect()
        painter.fillRect(area, self._context.theme.colour("base"))
        offset, width, m = self.verticalOffset(), self.viewport().width(), self._grid.metrics
        selection = self.selectionModel()
        current = self.current_id()
        wanted: list[int] = []
        for span, first, last in self._grid.visible(offset, offset + self.viewport().height()):
            members = self._model.ids(span.group)[first:last]
            wanted.extend(members)
            parent = self._model.index(span.group, 0)
            for row, cell_id in enumerate(members, first):
                line, column = divmod(row, self._grid.columns)
                rect = QRect(
                    m.margin + column * self._grid.pitch,
                    span.tiles_top + line * m.tile_height - offset,
                    self._grid.pitch,
                    m.tile_height,
                )
                if rect.intersects(area):
                    chosen = selection.isSelected(self._model.index(row, 0, parent))
                    self._delegate.paint_tile(
                        painter, rect, self._model, cell_id, selected=chosen, current=cell_id == current
                    )
            self._heading(painter, span, QRect(0, span.top - offset, width, m.heading))
        pinned = self._pinned()
        if pinned is not None:
            top = min(0, pinned.bottom - offset - m.heading)
            self._heading(painter, pinned, QRect(0, top, width, m.heading), pinned=True)
        if self._band is not None:
            colour = QColor(self._context.theme.colour("accent"))
            painter.setPen(colour)
            colour.setAlphaF(0.15)
            painter.setBrush(colour)
            painter.drawRect(self._band.translated(0, -offset))
        # After the frame: workers that start now would take the interpreter from the painting.
        self._wanted = wanted
        self._ask.start()

    def _ask_for_pictures(self) -> None:
        self._thumbnails.want(self._wanted + self._ahead())

    def _ahead(self) -> list[int]:
        """Half a page below the screen, so that scrolling finds its pictures ready."""
        bottom = self.verticalOffset() + self.viewport().height()
        ids: list[int] = []
        for span, first, last in self._grid.visible(bottom, bottom + self.viewport().height() // 2):
            ids.extend(self._model.ids(span.group)[first:last])
        return ids

    def _heading(self, painter: QPainter, span: Span, rect: QRect, *, pinned: bool = False) -> None:
        state = HeadingState(span.group in self._collapsed, span.group == self._drop_group, pinned)
        self._delegate.paint_heading(painter, rect, self._model.index(span.group, 0), state)

    def _pictures_arrived(self, ids: list[int]) -> None:
        dirty = QRegion()
        shown = self.viewport().rect()
        for cell_id in ids:
            rect = self.visualRect(self._model.index_of(cell_id))
            if rect.intersects(shown):
                dirty += rect
        if not dirty.isEmpty():
            self.viewport().update(dirty)

    # -- selection by mouse and keyboard ---------------------------------------------------------------

    def _expand(self, group: int) -> None:
        if group in self._collapsed:
            self._collapsed.discard(group)
            self.relayout()

    def toggle_group(self, group: int) -> None:
        """Fold or unfold a group."""
        self._collapsed.symmetric_difference_update({group})
        self.relayout()

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

    def _point_at(self, cell_id: int, modifiers: Qt.KeyboardModifier) -> None:
        """Put the cursor on a cell the way the modifiers say: alone, toggling, or as the end of a range."""
        index = self._model.index_of(cell_id)
        selection = self.selectionModel()
        if modifiers & Qt.KeyboardModifier.ShiftModifier and self._anchor is not None:
            add = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
            selection.select(
                self._between(self._anchor, cell_id), _Flag.Select if add else _Flag.ClearAndSelect
            )
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            selection.select(index, _Flag.Toggle)
            self._anchor = cell_id
        else:
            selection.select(index, _Flag.ClearAndSelect)
            self._anchor = cell_id
        selection.setCurrentIndex(index, _Flag.NoUpdate)
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
                self._point_at(cell_id, Qt.KeyboardModifier.NoModifier)
        elif not (already and not event.modifiers()):
            self._point_at(cell_id, event.modifiers())
        else:
            # A plain press on a selected cell may start a drag of all; it narrows on release.
            self.selectionModel().setCurrentIndex(index, _Flag.NoUpdate)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        here = event.position().toPoint() + QPoint(0, self.verticalOffset())
        if (here - self._press).manhattanLength() < QApplication.startDragDistance():
            return
        if self._press_id is not None:
            self._drag()
            return
        self._band = QRect(self._press, here).normalized()
        selection = QItemSelection(self._band_base or QItemSelection())
        for group, first, last in self._grid.in_rect(
            self._band.left(), self._band.top(), self._band.right(), self._band.bottom()
        ):
            parent = self._model.index(group, 0)
            selection.select(self._model.index(first, 0, parent), self._model.index(last, 0, parent))
        self.selectionModel().select(selection, _Flag.ClearAndSelect)
        y = event.position().toPoint().y()
        if y < 0 or y > self.viewport().height():
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + (y if y < 0 else y - self.viewport().height()))
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if (
            self._press_id is not None
            and event.button() == Qt.MouseButton.LeftButton
            and not event.modifiers()
            and self._model.cell_id(self.indexAt(event.position().toPoint())) == self._press_id
        ):
            self._point_at(self._press_id, Qt.KeyboardModifier.NoModifier)
        if self._band is not None:
            ids = self.selected_ids()
            if ids:
                self._anchor = ids[0]
                self.selectionModel().setCurrentIndex(self._model.index_of(ids[0]), _Flag.NoUpdate)
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
        goal = self._goal(event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        if goal is not None:
            self._point_at(goal, event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        elif event.key() == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.selectAll()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_id() is not None:
            self.activated_cell.emit(self.current_id())
        else:
            # Never the base class: its type-ahead search would swallow the class keys.
            event.ignore()

    def _goal(self, key: int, control: bool) -> int | None:
        """Cell the cursor goes to from here, None when `key` does not move it."""
        order = [g for g in range(len(GROUPS)) if self._model.ids(g) and g not in self._collapsed]
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
            else next((g for g in range(len(GROUPS)) if self._model.ids(g)), -1)
        )
        if group >= 0 and self._model.ids(group):
            members = self._model.ids(group)
            self.selectionModel().select(self._between(members[0], members[-1]), _Flag.ClearAndSelect)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        return self.currentIndex()

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        index = self.indexAt(rect.center())
        if self._model.cell_id(index) is not None:
            self.selectionModel().select(index, command)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        self.viewport().update()
        self.selection_changed.emit()

    def currentChanged(self, current: Index, previous: Index) -> None:
        self.viewport().update()
        cell_id = self._model.cell_id(current)
        if cell_id is not None and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._model.describe(cell_id)))
        self.current_changed.emit(cell_id)

    def dataChanged(self, top_left: Index, bottom_right: Index, roles: Sequence[int] = ()) -> None:
        self.viewport().update()

    # -- drag and drop ---------------------------------------------------------------------------------

    def _drag(self) -> None:
        ids = self.selected_ids()
        self._press = self._press_id = None
        if not ids:
            return
        drag = QDrag(self)
        drag.setMimeData(pack_ids(ids))
        drag.setPixmap(self._drag_pixmap(ids))
        drag.setHotSpot(QPoint(24, 24))
        drag.exec(Qt.DropAction.MoveAction)

    def _drag_pixmap(self, ids: list[int]) -> QPixmap:
        ratio, theme = self.devicePixelRatioF(), self._context.theme
        canvas = QPixmap(round(84 * ratio), round(84 * ratio))
        canvas.setDevicePixelRatio(ratio)
        canvas.fill(Qt.GlobalColor.transparent)
        painter = QPainter(canvas)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for i, cell_id in reversed(list(enumerate(ids[:3]))):
            target = QRect(4 + 7 * i, 4 + 7 * i, 56, 56)
            picture = self._thumbnails.pixmap(cell_id)
            if picture is not None:
                painter.drawPixmap(target, picture)
            else:
                painter.fillRect(target, theme.colour("raised"))
            painter.setPen(theme.colour("accent"))
            painter.drawRect(target)
        if len(ids) > 1:
            badge = QRect(44, 58, 40, 22)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(badge, 11, 11)
            painter.setPen(theme.colour("on_accent"))
            painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), str(len(ids)))
        painter.end()
        return canvas

    def _drop_target(self, point: QPoint) -> int | None:
        """Group under the mouse: its heading, or any of its cells. Unidentified is a queue, not a class."""
        index = self.indexAt(point)
        if not index.isValid():
            return None
        group = index.row() if self._model.cell_id(index) is None else index.parent().row()
        return None if GROUPS[group] == UNIDENTIFIED else group

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(bool(unpack_ids(event.mimeData())))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        point = event.position().toPoint()
        target = self._drop_target(point) if unpack_ids(event.mimeData()) else None
        if target != self._drop_group:
            self._drop_group = target
            self.viewport().update()
        edge = self._grid.metrics.heading
        bar = self.verticalScrollBar()
        if point.y() < edge:
            bar.setValue(bar.value() - 12)
        elif point.y() > self.viewport().height() - edge:
            bar.setValue(bar.value() + 12)
        event.setAccepted(target is not None)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_group = None
        self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        target = self._drop_target(event.position().toPoint())
        ids = unpack_ids(event.mimeData())
        self._drop_group = None
        self.viewport().update()
        if target is not None and ids:
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
            self.dropped.emit(ids, GROUPS[target])


_MOVES = frozenset(
    {Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
     Qt.Key.Key_PageDown, Qt.Key.Key_PageUp}
)  # fmt: skip
