"""Item model of the results: rounds of readers, and the classes of one round."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.known_cells import KnownRound, RoundScore, scores
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr

Index = QModelIndex | QPersistentModelIndex


class ScoreColumn(IntEnum):
    """Columns from left to right."""

    TIME = 0
    READER = 1
    CLASS = 2
    CELLS = 3
    RIGHT = 4
    SHARE = 5
    LIMITS = 6


class ScoresModel(QAbstractTableModel):
    """A line for each round and class, the newest round first."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._lines: list[tuple[KnownRound, RoundScore]] = []

    def show_rounds(self, rounds: Sequence[KnownRound]) -> None:
        """Replace the lines."""
        self.beginResetModel()
        self._lines = [(r, score) for r in rounds for score in scores(r.answers)]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(ScoreColumn)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if section <= ScoreColumn.CLASS else RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            tr("Time"), tr("Reader"), tr("Class"), tr("Cells"), tr("Right"), "%", tr("95 % limits"),
        )[section]  # fmt: skip

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        column = ScoreColumn(index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if column <= ScoreColumn.CLASS else RIGHT
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = self.headerData(column, Qt.Orientation.Horizontal)
            return labelled(title, self._text(index.row(), column), self._context.language.lang)
        return None

    def _text(self, row: int, column: ScoreColumn) -> str:
        language = self._context.language
        found, score = self._lines[row]
        match column:
            case ScoreColumn.TIME:
                return language.when(found.began)
            case ScoreColumn.READER:
                return found.reader
            case ScoreColumn.CLASS:
                return language.class_name(score.code) if score.code else tr("all cells")
            case ScoreColumn.CELLS:
                return language.integer(score.cells)
            case ScoreColumn.RIGHT:
                return language.integer(score.right)
            case ScoreColumn.SHARE:
                return language.number(100 * score.right / score.cells)
            case ScoreColumn.LIMITS:
                return f"{language.number(100 * score.low)} – {language.number(100 * score.high)}"
