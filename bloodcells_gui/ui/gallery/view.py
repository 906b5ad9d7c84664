"""The gallery's public view, and dragging cells to a class."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from time import monotonic

from PySide6.QtCore import (
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
)

from bloodcells_gui.domain.suspicion import LOOK_FIRST
from bloodcells_gui.domain.taxonomy import UNIDENTIFIED
from bloodcells_gui.ui.gallery.dragging import pack_ids, unpack_ids
from bloodcells_gui.ui.gallery.model import HEADINGS
from bloodcells_gui.ui.gallery.selecting import GallerySelection, SelectionFlag

#: A cell counts as seen from this time on the screen on: what flits by while a key is pressed does not.
SEEN_AFTER_S = 0.4


class GalleryView(GallerySelection):
    """Cells in rows under pinned headings; see GalleryCanvas for the signals."""

    def follower(self, ids: Iterable[int], open_one: Callable[[int], bool]) -> int | None:
        """The cell to go on with once `ids` have been dealt with: the next one for which `open_one` holds.

        It is looked for behind them in their group, then in the groups that follow, then round the end. Where
        nothing is open any more it is the next cell of the group, and None behind the last one.
        """
        gone = set(ids)
        indexes = [self._model.index_of(i) for i in gone]
        places = sorted((i.parent().row(), i.row()) for i in indexes if i.isValid())
        if not places:
            return None
        group, row = places[-1]
        members = self._model.ids(group)
        behind = [members[row + 1 :], *(self._model.ids(g) for g in range(group + 1, len(HEADINGS)))]
        before = [*(self._model.ids(g) for g in range(group)), members[:row]]
        for part in (*behind, *before):
            for other in part:
                if other not in gone and open_one(other):
                    return other
        return next((other for other in members[row + 1 :] if other not in gone), None)

    def find_next(self, wanted: Callable[[int], bool]) -> int | None:
        """The next cell after the cursor, round the end, for which `wanted` holds."""
        order = [g for g in range(len(HEADINGS)) if self._model.ids(g)]
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

    def cell_at(self, point: QPoint) -> int | None:
        """Cell under a point of the viewport."""
        return self._model.cell_id(self.indexAt(point))

    def resizeEvent(self, event: QResizeEvent) -> None:
        # A banner that comes, or a border that moves, must not push the cell with the cursor out of sight.
        index = self.currentIndex()
        seen = self._mostly_in(QRect(QPoint(0, 0), event.oldSize()), self.visualRect(index))
        super().resizeEvent(event)
        cell_id = self.current_id()
        if seen and cell_id is not None and not self.shows([cell_id]):
            self.scrollTo(index)

    def steadily(self, change: Callable[[], None]) -> None:
        """Make a change (cells arrive, or move to other groups) under which the cursor stays where it is.

        Cursor and selection stay with their cells, and the cursor's cell stays at its place of the screen.
        """
        current, chosen = self.current_id(), self.selected_ids()
        seen = current is not None and self.shows([current])
        before = self.tile_rect(current).top() if current is not None else 0
        change()
        if current is None:
            return
        if self.current_id() != current or self.selected_ids() != chosen:
            self.select_ids([current, *(i for i in chosen if i != current)], scroll=False)
            if current not in chosen:
                self.selectionModel().select(self._model.index_of(current), SelectionFlag.Deselect)
        tile = self.tile_rect(current)
        if seen and tile.isValid():
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + tile.top() - before)

    def shows(self, ids: Sequence[int]) -> bool:
        """Whether at least one of the cells is on the screen, most of its tile in sight."""
        return bool(self.in_sight(ids))

    def in_sight(self, ids: Sequence[int]) -> set[int]:
        """Those of the cells that are on the screen, most of their tiles in sight."""
        area = self.viewport().rect()
        if self._sticky_group() is not None:
            area.setTop(self._grid.metrics.heading)
        if len(ids) > 1:
            wanted = set(ids)
            ids = [i for i in self._ids_between(area.top(), area.bottom()) if i in wanted]
        return {i for i in ids if self._mostly_in(area, self.tile_rect(i))}

    def seen(self) -> list[int]:
        """The cells whose whole tiles are on the screen, with their pictures, for long enough to be seen."""
        area, limit = self.viewport().rect(), monotonic() - SEEN_AFTER_S
        if self._sticky_group() is not None:
            area.setTop(self._grid.metrics.heading)
        return [
            i
            for i in self._ids_between(area.top(), area.bottom())
            if self._seen_since.get(i, math.inf) <= limit and area.contains(self.tile_rect(i))
        ]

    def next_page(self, behind: Sequence[int], wanted: Callable[[int], bool]) -> int | None:
        """Show the next cells for which `wanted` holds, the first of them at the top under the cursor.

        It is looked for behind the last of `behind`, then from the beginning; None where there is none.
        """
        places = sorted((x.parent().row(), x.row()) for x in map(self._model.index_of, behind) if x.isValid())
        group, row = places[-1] if places else (0, -1)
        order = [
            *self._model.ids(group)[row + 1 :],
            *(i for g in range(group + 1, len(HEADINGS)) for i in self._model.ids(g)),
            *(i for g in range(group + 1) for i in self._model.ids(g)),
        ]
        found = next((i for i in order if wanted(i)), None)
        if found is not None:
            self.select_ids([found], scroll=False)
            self.scrollTo(self._model.index_of(found), self.ScrollHint.PositionAtTop)
        return found

    def _ids_between(self, top: int, bottom: int) -> list[int]:
        """Cells whose tiles reach into these lines of the viewport."""
        offset = self.verticalOffset()
        shown: list[int] = []
        for span, first, last in self._grid.visible(offset + top, offset + bottom):
            shown.extend(self._model.ids(span.group)[first:last])
        return shown

    @staticmethod
    def _mostly_in(area: QRect, tile: QRect) -> bool:
        seen = area.intersected(tile).height()
        return tile.isValid() and 2 * seen >= min(tile.height(), area.height())

    def tile_rect(self, cell_id: int) -> QRect:
        """Where a cell is drawn, in the viewport; empty when it is not shown."""
        return self.visualRect(self._model.index_of(cell_id))

    def show_group(self, code: str) -> None:
        """Bring a group's heading to the top, the cursor on its first cell; a filter without it is left."""
        number = HEADINGS.index(code) if code in HEADINGS else -1
        if self._model.partial and number >= 0 and not self._model.ids(number):
            self._model.outside_asked.emit()
        span = self._grid.span(number)
        if span is None:
            return
        self._expand(number)
        self.verticalScrollBar().setValue(span.top)
        if self._model.ids(number):
            self.select_ids(self._model.ids(number)[:1], scroll=False)

    # -- drag and drop ---------------------------------------------------------------------------------

    def begin_drag(self) -> None:
        """Drag the selected cells."""
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
        """Group under the mouse: its heading, or any of its cells; None for the queues."""
        index = self.indexAt(point)
        if not index.isValid():
            return None
        group = index.row() if self._model.cell_id(index) is None else index.parent().row()
        return None if HEADINGS[group] in (UNIDENTIFIED, LOOK_FIRST) else group

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

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
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
            self.dropped.emit(ids, HEADINGS[target])
