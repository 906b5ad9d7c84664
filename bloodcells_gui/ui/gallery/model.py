"""Item model of the gallery: groups as top-level rows, their cells below, sorted and filtered."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionRange,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.review import Decision
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.suspicion import LOOK_FIRST
from bloodcells_gui.domain.taxonomy import CLASSES, UNIDENTIFIED
from bloodcells_gui.ui.gallery.cell_words import described
from bloodcells_gui.ui.gallery.dragging import MIME_CELLS, pack_ids
from bloodcells_gui.ui.gallery.order import CellOrder, Sorting
from bloodcells_gui.ui.i18n import Language, ngettext
from bloodcells_gui.ui.labels import plain_tip

GROUPS: tuple[str, ...] = (UNIDENTIFIED, *(c.code for c in CLASSES), EXCLUDED_LABEL)
#: The gallery's headings: the groups, and the queue that is shown instead of them.
HEADINGS: tuple[str, ...] = (*GROUPS, LOOK_FIRST)
# Beyond this many runs of rows a reset is cheaper than telling the view of each.
_MANY_RUNS = 200

Index = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    """Data beyond Qt's own roles."""

    CELL_ID = Qt.ItemDataRole.UserRole + 1
    GROUP = Qt.ItemDataRole.UserRole + 2
    COUNT = Qt.ItemDataRole.UserRole + 3


def ranges(selection: QItemSelection) -> list[QItemSelectionRange]:
    """The ranges of a selection."""
    return list(cast("Iterable[QItemSelectionRange]", selection))


def _runs(rows: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted rows as runs (first, last)."""
    runs: list[tuple[int, int]] = []
    for row in sorted(rows):
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs


class GalleryModel(QAbstractItemModel):
    """Cells by group.

    Parameters
    ----------
    cell_of : callable
        Cell of an id.
    decision_of : callable
        CellState decision of an id.
    group_of : callable
        Group an id belongs to (one of GROUPS), "" when it is to be left out.
    language : Language
    headline_of : callable or None
        What is said of a cell that waits as Unidentified.
    waits_first : callable or None
        Whether an id stands in the queue of cells to look at first.
    order : CellOrder or None
        How the cells of a group are sorted; None by uncertainty.
    remarks_of : callable
        What persons remarked on an id, in words.

    Signals
    -------
    queue_shown(bool)
        From now on the queue is shown alone, or all cells are.
    outside_asked()
        While not all cells are shown, one of the others is wanted.
    """

    queue_shown = Signal(bool)
    outside_asked = Signal()

    def __init__(
        self,
        cell_of: Callable[[int], Cell],
        decision_of: Callable[[int], Decision],
        group_of: Callable[[int], str],
        language: Language,
        parent: QObject | None = None,
        headline_of: Callable[[int], str] | None = None,
        waits_first: Callable[[int], bool] | None = None,
        order: CellOrder | None = None,
        remarks_of: Callable[[int], Sequence[str]] = lambda _: (),
    ) -> None:
        super().__init__(parent)
        self._order = order
        self._remarks_of = remarks_of
        self._passes: Callable[[int], bool] | None = None
        self._headline_of = headline_of
        self._waits_first = waits_first
        self._queue_only = False
        #: What the queue is called where it is not that of possible blasts.
        self.queue_name = ""
        self._cell_of = cell_of
        self._decision_of = decision_of
        self._group_of = group_of
        self._language = language
        self._groups: list[list[int]] = [[] for _ in HEADINGS]
        self._group_number = {code: i for i, code in enumerate(HEADINGS)}
        self._where: dict[int, int] = {}
        # What each cell is sorted by, the smallest first.
        # Floats, not tuples: the garbage collector need not visit them.
        self._key: dict[int, float] = {}

    # -- filling ---------------------------------------------------------------------------------------

    def load(self, cells: Iterable[Cell]) -> None:
        """Replace everything."""
        self.beginResetModel()
        for group in self._groups:
            group.clear()
        self._where.clear()
        self._key = {c.id: self._rank(c) for c in cells}
        for cell_id in sorted(self._key):
            number = self._group_number.get(self._heading_of(cell_id))
            if number is not None:
                self._where[cell_id] = number
                self._groups[number].append(cell_id)
        for group in self._groups:
            # Stable: cells of equal rank stay in the order of their ids, as `_sort_key` wants it.
            group.sort(key=self._key.__getitem__)
        self.endResetModel()

    # -- the queue -------------------------------------------------------------------------------------

    @property
    def queue_only(self) -> bool:
        """Whether only the cells to look at first are shown, the most suspicious first."""
        return self._queue_only

    def show_queue(self, alone: bool, cells: Iterable[Cell]) -> None:
        """Show the queue alone, or all `cells`."""
        if alone != self._queue_only:
            self._queue_only = alone
            self.load(cells)
            self.queue_shown.emit(alone)

    @property
    def partial(self) -> bool:
        """Whether only some of the cells are shown."""
        return self._queue_only or self._passes is not None

    def show_only(
        self, passes: Callable[[int], bool] | None, order: CellOrder, cells: Iterable[Cell]
    ) -> None:
        """Show those of `cells` that pass (None: all of them), in an order."""
        self._passes, self._order = passes, order
        self.load(cells)

    def figure(self, cell_id: int) -> str:
        """The number by which a cell is sorted."""
        cell = self._cell_of(cell_id)
        if self._order is None:
            return ""
        order = replace(self._order, by=Sorting.SUSPICION) if self._queue_only else self._order
        return order.figure(cell, self._decision_of(cell_id))

    def is_tagged(self, cell_id: int) -> bool:
        """Whether a person remarked something on the cell."""
        return bool(self._remarks_of(cell_id))

    def waits_first(self, cell_id: int) -> bool:
        """Whether the cell stands in the queue."""
        return self._waits_first is not None and self._waits_first(cell_id)

    def _heading_of(self, cell_id: int) -> str:
        if self._queue_only:
            return LOOK_FIRST if self.waits_first(cell_id) else ""
        if self._passes is not None and not self._passes(cell_id):
            return ""
        return self._group_of(cell_id)

    def _rank(self, cell: Cell) -> float:
        if self._queue_only:
            return -cell.suspicion
        return -cell.uncertainty if self._order is None else self._order.rank(cell)

    def _sort_key(self, cell_id: int) -> tuple[float, int]:
        """Sorting key within a group: by rank, then in the order of finding."""
        return self._key[cell_id], cell_id

    def refresh(self, ids: Iterable[int]) -> None:
        """Bring these cells up to date: new ones in, others to their group or out, the rest repainted.

        Where the rank of known cells changed, so did their order: everything is sorted anew in one
        step, in which cursor and selection stay with their cells.
        """
        ids = list(ids)
        ranks = {i: self._rank(self._cell_of(i)) for i in ids}
        if any(self._key.get(i, rank) != rank for i, rank in ranks.items()):
            self._sort_anew(ids)
            return
        leaving, arriving, staying = self._moves(ids)
        rows = {n: _runs(self._row_in_group(n, i) for i in members) for n, members in leaving.items()}
        arrivals = sum(map(len, arriving.values()))
        if sum(map(len, rows.values())) > _MANY_RUNS or arrivals > 4 * _MANY_RUNS:
            self._regroup(leaving, arriving)
            return
        for number, runs in staying.items():
            for first, last in _runs(runs):
                parent = self.index(number, 0)
                self.dataChanged.emit(self.index(first, 0, parent), self.index(last, 0, parent))
        for number, group_runs in rows.items():
            for first, last in reversed(group_runs):
                self._remove(number, first, last)
        for number, members in arriving.items():
            self._insert(number, members)
        self._headings_changed({*leaving, *arriving})

    def _moves(self, ids: Iterable[int]) -> tuple[dict[int, list[int]], ...]:
        """Cells that leave their group, and that come into one, and the rows of those that stay; by group."""
        leaving: dict[int, list[int]] = {}
        arriving: dict[int, list[int]] = {}
        staying: dict[int, list[int]] = {}
        for cell_id in ids:
            old = self._where.get(cell_id)
            new = self._group_number.get(self._heading_of(cell_id))
            if cell_id not in self._key:
                self._key[cell_id] = self._rank(self._cell_of(cell_id))
            if new == old:
                if old is not None:
                    staying.setdefault(old, []).append(self._row_in_group(old, cell_id))
                continue
            if old is not None:
                leaving.setdefault(old, []).append(cell_id)
            if new is not None:
                arriving.setdefault(new, []).append(cell_id)
        return leaving, arriving, staying

    def _remove(self, number: int, first: int, last: int) -> None:
        self.beginRemoveRows(self.index(number, 0), first, last)
        for cell_id in self._groups[number][first : last + 1]:
            del self._where[cell_id]
        del self._groups[number][first : last + 1]
        self.endRemoveRows()

    def _sort_anew(self, ids: Iterable[int]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        cells = [self.cell_id(index) for index in before]
        for cell_id in ids:
            self._key[cell_id] = self._rank(self._cell_of(cell_id))
            number = self._group_number.get(self._heading_of(cell_id))
            if number is None:
                self._where.pop(cell_id, None)
            else:
                self._where[cell_id] = number
        for group in self._groups:
            group.clear()
        for cell_id in sorted(self._where):
            self._groups[self._where[cell_id]].append(cell_id)
        for group in self._groups:
            group.sort(key=self._key.__getitem__)
        after = [
            index if cell is None else self.index_of(cell) for index, cell in zip(before, cells, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _regroup(self, leaving: dict[int, list[int]], arriving: dict[int, list[int]]) -> None:
        self.beginResetModel()
        for number, members in leaving.items():
            gone = set(members)
            for cell_id in members:
                del self._where[cell_id]
            self._groups[number] = [i for i in self._groups[number] if i not in gone]
        for number, members in arriving.items():
            self._groups[number].extend(members)
            self._groups[number].sort(key=self._sort_key)
            for cell_id in members:
                self._where[cell_id] = number
        self.endResetModel()

    def _insert(self, number: int, ids: list[int]) -> None:
        group = self._groups[number]
        ids.sort(key=self._sort_key)
        i = 0
        while i < len(ids):
            row = bisect_left(group, self._sort_key(ids[i]), key=self._sort_key)
            j = i + 1
            limit = self._sort_key(group[row]) if row < len(group) else None
            while j < len(ids) and (limit is None or self._sort_key(ids[j]) < limit):
                j += 1
            self.beginInsertRows(self.index(number, 0), row, row + j - i - 1)
            group[row:row] = ids[i:j]
            for cell_id in ids[i:j]:
                self._where[cell_id] = number
            self.endInsertRows()
            i = j
        self._headings_changed({number})

    def _headings_changed(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            index = self.index(number, 0)
            self.dataChanged.emit(index, index)

    def _row_in_group(self, number: int, cell_id: int) -> int:
        return bisect_left(self._groups[number], self._sort_key(cell_id), key=self._sort_key)

    # -- asking ----------------------------------------------------------------------------------------

    def counts(self) -> list[int]:
        """Cells per group, in the order of HEADINGS."""
        return [len(g) for g in self._groups]

    def ids(self, group: int) -> Sequence[int]:
        """Cells of a group in order; not to be altered."""
        return self._groups[group]

    def cell_id(self, index: Index) -> int | None:
        """Cell of an index, None for headings and invalid ones."""
        if not index.isValid() or index.internalId() == 0:
            return None
        return self._groups[index.internalId() - 1][index.row()]

    def index_of(self, cell_id: int) -> QModelIndex:
        """Index of a cell; invalid when it is not in the model."""
        number = self._where.get(cell_id)
        if number is None:
            return QModelIndex()
        return self.createIndex(self._row_in_group(number, cell_id), 0, number + 1)

    def group_index(self, code: str) -> QModelIndex:
        """Index of a group's heading."""
        number = self._group_number.get(code)
        return QModelIndex() if number is None else self.index(number, 0)

    def cell(self, cell_id: int) -> Cell:
        """The cell itself."""
        return self._cell_of(cell_id)

    def decision(self, cell_id: int) -> Decision:
        """Its standing decision."""
        return self._decision_of(cell_id)

    # -- QAbstractItemModel ----------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if column != 0 or row < 0:
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, 0, 0) if row < len(HEADINGS) else QModelIndex()
        if parent.internalId() != 0 or row >= len(self._groups[parent.row()]):
            return QModelIndex()
        return self.createIndex(row, 0, parent.row() + 1)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(HEADINGS)
        return len(self._groups[parent.row()]) if parent.internalId() == 0 and parent.column() == 0 else 0

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        base = Qt.ItemFlag.ItemIsEnabled
        if index.internalId() == 0:
            return base | Qt.ItemFlag.ItemIsDropEnabled
        return (
            base
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemNeverHasChildren
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if index.internalId() == 0:
            return self._heading_data(index.row(), role)
        cell_id = self._groups[index.internalId() - 1][index.row()]
        if role == Role.CELL_ID:
            return cell_id
        if role == Role.GROUP:
            return HEADINGS[index.internalId() - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._decision_of(cell_id).final or self._cell_of(cell_id).predicted
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.describe(cell_id)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self.describe(cell_id))
        return None

    def _heading_data(self, number: int, role: int) -> object:
        named = self.queue_name if HEADINGS[number] == LOOK_FIRST else ""
        name = named or self._language.class_name(HEADINGS[number])
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Role.GROUP:
            return HEADINGS[number]
        if role == Role.COUNT:
            return len(self._groups[number])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ngettext("{n} cell", "{n} cells", len(self._groups[number])) + ", " + name
        return None

    def describe(self, cell_id: int) -> str:
        """One cell in words, for tool tips and screen readers."""
        headline = self._headline_of(cell_id) if self._headline_of is not None else ""
        return described(
            self._cell_of(cell_id),
            self._decision_of(cell_id),
            self._language,
            headline,
            self._remarks_of(cell_id),
        )

    def mimeTypes(self) -> list[str]:
        return [MIME_CELLS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        return pack_ids([i for i in map(self.cell_id, indexes) if i is not None])

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction
