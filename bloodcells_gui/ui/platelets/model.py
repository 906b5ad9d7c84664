"""Tables of the platelet window: counted fields, places that may be clumps; what is left out is struck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from bloodcells_gui.domain.zones import RectPx

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what an event calls it by, where it lies, its texts, and whether a person left it out."""

    key: str
    image: int
    box_px: RectPx
    texts: tuple[str, ...]
    out: bool


class PlaceTable(QAbstractTableModel):
    """Rows with their texts.

    Parameters
    ----------
    titles : sequence of str
        Of the columns; the first column's texts stand left, all others right.
    out_word : str
        Said of a row that a person left out.
    """

    def __init__(self, titles: Sequence[str], out_word: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles = tuple(titles)
        self._out_word = out_word
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; where they are the same places, the choice stays."""
        rows = tuple(rows)
        same = [r.key for r in rows] == [r.key for r in self.rows]
        if same:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self._titles) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._titles[section]

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        answers: dict[int, Callable[[], object]] = {
            Qt.ItemDataRole.DisplayRole: lambda: row.texts[index.column()],
            Qt.ItemDataRole.AccessibleTextRole: lambda: self._said(row, index.column()),
            Qt.ItemDataRole.FontRole: lambda: _struck() if row.out else None,
            Qt.ItemDataRole.TextAlignmentRole: lambda: (
                Qt.AlignmentFlag.AlignVCenter
                | (Qt.AlignmentFlag.AlignRight if index.column() else Qt.AlignmentFlag.AlignLeft)
            ),
        }
        answer = answers.get(role)
        return None if answer is None else answer()

    def _said(self, row: Row, column: int) -> str:
        text = row.texts[column]
        return f"{text}, {self._out_word}" if row.out and column == 0 else text


def _struck() -> QFont:
    font = QFont()
    font.setStrikeOut(True)
    return font
