"""The gallery's surface: places and painting. Only what is visible is painted, so 100,000 cells cost no more
than a hundred.
"""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.delegate import GalleryDelegate, HeadingState
from bloodcells_gui.ui.gallery.layout import GridLayout, Span
from bloodcells_gui.ui.gallery.model import GalleryModel, Index
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from bloodcells_gui.ui.i18n import tr

SIDES = (48, 64, 80, 96, 112, 128, 160, 192, 224)


class GalleryCanvas(QAbstractItemView):
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
        # Since when each cell on the screen is there with its picture, by the clock of `monotonic`.
        self._seen_since: dict[int, float] = {}
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
        self.setAccessibleName(tr("Gallery of cells"))
        thumbnails.arrived.connect(self._pictures_arrived)
        context.theme.changed.connect(self.viewport().update)
        model.modelReset.connect(self.relayout)
        model.layoutChanged.connect(self.relayout)
        model.rowsInserted.connect(self.relayout)
        model.rowsRemoved.connect(self.relayout)
        self._tell_side()

    # -- what others ask -------------------------------------------------------------------------------

    def current_id(self) -> int | None:
        """Cell with the cursor."""
        return self._model.cell_id(self.currentIndex())

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
        pinned = self._sticky_group()
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

    def visualRegionForSelection(self, _selection: QItemSelection) -> QRegion:
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

    def _sticky_group(self) -> Span | None:
        """The group whose heading has been scrolled away while its cells are still on screen."""
        span = self._grid.span_at(self.verticalOffset())
        return span if span is not None and span.top < self.verticalOffset() else None

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            # On another screen the pictures need another size; the present ones serve until those arrive.
            self._tell_side()
            self.viewport().update()
        return super().event(event)

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
        pinned = self._sticky_group()
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
        now = monotonic()
        self._seen_since = {
            i: self._seen_since.get(i, now) for i in wanted if self._thumbnails.pixmap(i) is not None
        }
        self._ask.start()

    def _ask_for_pictures(self) -> None:
        self._thumbnails.want(self._wanted + self._prefetch_ids())

    def _prefetch_ids(self) -> list[int]:
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

    def _expand(self, group: int) -> None:
        if group in self._collapsed:
            self._collapsed.discard(group)
            self.relayout()

    def toggle_group(self, group: int) -> None:
        """Fold or unfold a group."""
        self._collapsed.symmetric_difference_update({group})
        self.relayout()
