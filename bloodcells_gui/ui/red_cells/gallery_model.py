"""Item model of the gallery of red cells: the cells of one class in one order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.ui.i18n import Language
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable, Order
from bloodcells_gui.ui.red_cells.words import described, measure_text

Index = QModelIndex | QPersistentModelIndex


class RedCellModel(QAbstractListModel):
    """Ids in the order of the screen."""

    def __init__(self, language: Language, table: CellTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._language = language
        self.table = table
        self.ids: list[int] = []
        self.order = Order.DOUBT
        self._row: dict[int, int] = {}

    def show_cells(self, table: CellTable, ids: Sequence[int], order: Order) -> None:
        """Replace the list."""
        self.beginResetModel()
        self.table, self.ids, self.order = table, list(ids), order
        self._row = {cell_id: row for row, cell_id in enumerate(self.ids)}
        self.endResetModel()

    def row_of(self, cell_id: int) -> int | None:
        """Row of a cell; None where it is not shown."""
        return self._row.get(cell_id)

    def cell_id(self, index: Index) -> int | None:
        """Cell of an index; None for an invalid one."""
        return self.ids[index.row()] if index.isValid() and index.row() < len(self.ids) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        cell_id = self.cell_id(index)
        if cell_id is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return described(self._language, self.table, cell_id)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(described(self._language, self.table, cell_id))
        return None

    def figure(self, cell_id: int) -> str:
        """The number by which a cell is sorted, for its tile."""
        table = self.table
        row = table.row(cell_id)
        if self.order is Order.DOUBT:
            return self._language.number(float(table.cells.doubt[row]), 2)
        if self.order is Order.PALLOR:
            return measure_text(self._language, "pallor", float(table.cells.measure("pallor")[row]))
        value = float(table.cells.measure("diameter_um")[row])
        return f"{self._language.number(value, 1)} µm" if math.isfinite(value) else "–"
