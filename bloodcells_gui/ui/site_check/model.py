"""Item model of the site check: rows of words under fixed titles."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex


class WordsModel(QAbstractTableModel):
    """Rows of words; the first column is left-aligned, odd rows stand in the colour of a warning."""

    def __init__(self, context: UiContext, titles: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._titles = tuple(titles)
        self._rows: list[tuple[tuple[str, ...], bool]] = []

    def show_rows(self, rows: Sequence[tuple[tuple[str, ...], bool]]) -> None:
        """Replace the rows: their words, and whether a row is odd."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section else LEFT
        return self._titles[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        words, odd = self._rows[index.row()]
        text = words[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(text)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if index.column() else LEFT
        if role == Qt.ItemDataRole.ForegroundRole and odd:
            return self._context.theme.colour("warning")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = self._titles[index.column()]
            return labelled(title, text, self._context.language.lang) if title else text
        return None
