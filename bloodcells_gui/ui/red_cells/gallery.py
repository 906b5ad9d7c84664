"""The gallery of red cells of one class: thousands of tiles, of which only the visible are painted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from bloodcells_gui.ui.alignment import RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.canvas import SIDES
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.red_cells.badge import class_ink
from bloodcells_gui.ui.red_cells.gallery_model import Index, RedCellModel
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable, Order

_GAP = 4
_GLYPH = 14
_FLAG = QItemSelectionModel.SelectionFlag


class RedCellDelegate(QStyledItemDelegate):
    """Tile: picture, line of certainty in the colour of the class, who decided, the number of the order."""

    def __init__(self, context: UiContext, thumbnails: ThumbnailLoader, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._thumbnails = thumbnails
        self.side = 80
        self._glyphs: dict[tuple[str, str, float], QPixmap] = {}
        context.theme.changed.connect(self._glyphs.clear)

    def tile(self, font: QFont) -> QSize:
        """Size of a tile."""
        line = self._line(font)
        return QSize(self.side + 2 * _GAP + 4, self.side + line + 2 * _GAP + 8)

    @staticmethod
    def _line(font: QFont) -> int:
        return max(_GLYPH, QFontMetrics(font).height())

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        return self.tile(option.font)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, RedCellModel):
            return
        cell_id = model.cell_id(index)
        if cell_id is None:
            return
        theme, state = self._context.theme, option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        current = bool(state & QStyle.StateFlag.State_HasFocus)
        frame = option.rect.adjusted(1, 1, -1, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if selected or current:
            painter.setPen(QPen(theme.colour("accent"), 2 if current else 1))
            painter.setBrush(theme.colour("selected") if selected else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(frame).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        picture = QRect(0, frame.y() + _GAP, self.side, self.side)
        picture.moveLeft(frame.x() + (frame.width() - self.side) // 2)
        self._paint_picture(painter, picture, cell_id)
        self._paint_foot(painter, picture, model, cell_id)
        painter.restore()

    def _paint_picture(self, painter: QPainter, picture: QRect, cell_id: int) -> None:
        pixmap, theme = self._thumbnails.pixmap(cell_id), self._context.theme
        if pixmap is not None:
            painter.drawPixmap(picture, pixmap)
            return
        painter.fillRect(picture, theme.colour("raised"))
        if self._thumbnails.broken(cell_id):
            painter.setPen(QPen(theme.colour("critical"), 2))
            painter.drawLine(picture.topLeft(), picture.bottomRight())

    def _paint_foot(self, painter: QPainter, picture: QRect, model: RedCellModel, cell_id: int) -> None:
        theme, table = self._context.theme, model.table
        row = table.row(cell_id)
        decided = table.decided(cell_id)
        bar = QRect(picture.x(), picture.bottom() + 2, picture.width(), 3)
        painter.fillRect(bar, theme.colour("grid"))
        certain = 1.0 if decided else float(table.cells.probabilities[row].max())
        ink = class_ink(self._context, table.codes[row])
        painter.fillRect(QRect(bar.x(), bar.y(), round(bar.width() * certain), 3), ink)
        line = QRect(picture.x(), bar.bottom() + 2, picture.width(), self._line(painter.font()))
        if decided or table.cells.doubtful[row]:
            icon, token = ("doubt", "warning")
            if decided:
                same = table.named[cell_id] == table.proposed[row]
                icon, token = ("confirm", "ok") if same else ("edit", "accent")
            key = (icon, token, painter.device().devicePixelRatioF())
            if key not in self._glyphs:
                self._glyphs[key] = self._context.icons.pixmap(icon, _GLYPH, key[2], token)
            corner = QPoint(line.x(), line.y() + (line.height() - _GLYPH) // 2)
            painter.drawPixmap(corner, self._glyphs[key])
        painter.setPen(theme.colour("muted"))
        painter.drawText(line, int(RIGHT), model.figure(cell_id))


class RedCellGallery(QListView):
    """Tiles of one class.

    Signals
    -------
    current_changed(object)
        Id of the cell with the cursor, or None.
    activated_cell(object)
        Double click or Enter on a cell.
    """

    current_changed = Signal(object)
    activated_cell = Signal(object)

    def __init__(self, context: UiContext, table: CellTable, thumbnails: ThumbnailLoader) -> None:
        super().__init__()
        self._context = context
        self._thumbnails = thumbnails
        self.cells = RedCellModel(context.language, table, self)
        self._delegate = RedCellDelegate(context, thumbnails, self)
        self.setModel(self.cells)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Gallery of red cells"))
        self._ask = QTimer(self)
        self._ask.setSingleShot(True)
        self._ask.setInterval(0)
        self._ask.timeout.connect(self._ask_for_pictures)
        thumbnails.arrived.connect(lambda _: self.viewport().update())
        context.theme.changed.connect(self.viewport().update)
        self.set_side(80)

    # -- what is shown ---------------------------------------------------------------------------------

    def show_cells(self, table: CellTable, ids: Sequence[int], order: Order) -> None:
        """Another list; cursor, choice and place of the screen stay with the cells that are still there."""
        current, chosen, at = self.current_id(), self.selected_ids(), self.verticalScrollBar().value()
        self.cells.show_cells(table, ids, order)
        kept = [i for i in chosen if self.cells.row_of(i) is not None]
        here = current if current is not None and self.cells.row_of(current) is not None else None
        self.executeDelayedItemsLayout()
        if here is not None or kept:
            self.select_ids(kept or [here], current=here, scroll=False)  # type: ignore[list-item]
            self.verticalScrollBar().setValue(at)
        else:
            self.current_changed.emit(None)

    def set_side(self, side: int) -> None:
        """Side of the pictures, device-independent px."""
        self._delegate.side = min(SIDES[-1], max(SIDES[0], side))
        self.setGridSize(self._delegate.tile(self.font()))
        self._thumbnails.set_side(round(self._delegate.side * self.devicePixelRatioF()))
        self.viewport().update()
        if self.currentIndex().isValid():
            self.executeDelayedItemsLayout()
            self.scrollTo(self.currentIndex())

    @property
    def side(self) -> int:
        """Side of the pictures."""
        return self._delegate.side

    def step_side(self, steps: int) -> None:
        """The next larger or smaller size."""
        nearest = min(range(len(SIDES)), key=lambda i: abs(SIDES[i] - self.side))
        self.set_side(SIDES[min(len(SIDES) - 1, max(0, nearest + steps))])

    # -- choice ----------------------------------------------------------------------------------------

    def current_id(self) -> int | None:
        """Cell with the cursor."""
        return self.cells.cell_id(self.currentIndex())

    def selected_ids(self) -> list[int]:
        """Chosen cells in the order of the screen."""
        rows: list[int] = []
        for found in self.selectionModel().selection():  # type: ignore[attr-defined]
            rows.extend(range(found.top(), found.bottom() + 1))
        return [self.cells.ids[row] for row in sorted(rows) if row < len(self.cells.ids)]

    def chosen(self) -> list[int]:
        """The selected cells, else the one with the cursor."""
        current = self.current_id()
        return self.selected_ids() or ([] if current is None else [current])

    def select_ids(self, ids: Iterable[int], *, current: int | None = None, scroll: bool = True) -> None:
        """Choose these cells, the cursor on `current`, else the first of them."""
        rows = [row for i in ids if (row := self.cells.row_of(i)) is not None]
        selection = QItemSelection()
        for row in rows:
            selection.append(QItemSelectionRange(self.cells.index(row)))
        self.selectionModel().select(selection, _FLAG.ClearAndSelect)
        first = self.cells.row_of(current) if current is not None else None
        first = first if first is not None else (rows[0] if rows else None)
        if first is not None:
            self.selectionModel().setCurrentIndex(self.cells.index(first), _FLAG.NoUpdate)
            if scroll:
                self.executeDelayedItemsLayout()
                self.scrollTo(self.cells.index(first))

    def follower(self, ids: Iterable[int]) -> int | None:
        """The cell to go on with once `ids` are dealt with: the next that nobody decided on, round the end.

        Where none is left it is the next cell of the list, and None behind the last one.
        """
        gone = set(ids)
        rows = [row for i in gone if (row := self.cells.row_of(i)) is not None]
        if not rows:
            return None
        behind, before = self.cells.ids[max(rows) + 1 :], self.cells.ids[: min(rows)]
        table = self.cells.table
        for cell_id in (*behind, *before):
            if cell_id not in gone and not table.decided(cell_id):
                return cell_id
        return next((i for i in behind if i not in gone), None)

    def in_sight(self, ids: Sequence[int]) -> set[int]:
        """Those of the cells that are on the screen, most of their tiles in sight."""
        self.executeDelayedItemsLayout()
        area = self.viewport().rect()
        wanted = set(ids)
        found = set()
        for row in self._visible_rows():
            cell_id = self.cells.ids[row]
            tile = self.visualRect(self.cells.index(row))
            if cell_id in wanted and 2 * area.intersected(tile).height() >= min(tile.height(), area.height()):
                found.add(cell_id)
        return found

    def _visible_rows(self) -> range:
        """Rows whose tiles touch the viewport: they lie in lines of one height."""
        count = len(self.cells.ids)
        grid, width = self.gridSize(), max(1, self.viewport().width())
        columns = max(1, width // max(1, grid.width()))
        if count > 1:  # as the view laid them out
            tops = [self.visualRect(self.cells.index(n)).top() for n in range(min(count, columns + 2))]
            columns = next((n for n, top in enumerate(tops) if top > tops[0]), count)
        offset = self.verticalOffset()
        top = offset // max(1, grid.height())
        bottom = -(-(offset + self.viewport().height()) // max(1, grid.height()))
        return range(min(count, top * columns), min(count, bottom * columns))

    # -- painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self._ask.start()  # after the frame

    def _ask_for_pictures(self) -> None:
        rows = self._visible_rows()
        ahead = range(rows.stop, min(len(self.cells.ids), rows.stop + len(rows) // 2))
        self._thumbnails.want([self.cells.ids[row] for row in (*rows, *ahead)])

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._thumbnails.set_side(round(self.side * self.devicePixelRatioF()))
        elif event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.setGridSize(self._delegate.tile(self.font()))
        return super().event(event)

    # -- mouse and keys --------------------------------------------------------------------------------

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Left and right go on over the ends of the lines."""
        step = {
            QAbstractItemView.CursorAction.MoveLeft: -1, QAbstractItemView.CursorAction.MoveRight: 1,
        }.get(action)  # fmt: skip
        row = self.currentIndex().row()
        if step is None or row < 0:
            return super().moveCursor(action, modifiers)
        return self.cells.index(min(len(self.cells.ids) - 1, max(0, row + step)))

    def keyboardSearch(self, _search: str) -> None:
        """Letters name cells; a search by what is typed would move the cursor."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        cell_id = self.cells.cell_id(self.indexAt(event.position().toPoint()))
        if cell_id is not None and event.button() == Qt.MouseButton.LeftButton:
            self.activated_cell.emit(cell_id)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.step_side(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_id() is not None:
            self.activated_cell.emit(self.current_id())
        elif event.text() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()  # a letter is for the window
        else:
            super().keyPressEvent(event)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        cell_id = self.cells.cell_id(current)
        if cell_id is not None and QAccessible.isActive():
            said = str(self.cells.data(current))
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self.current_changed.emit(cell_id)
