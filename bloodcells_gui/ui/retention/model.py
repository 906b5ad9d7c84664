"""Item models: cases whose time is over, each with a box to tick, and the record of removed ones."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.app.retention import Act, ExpiredCase, Removal
from bloodcells_gui.app.worklist import CaseState
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.ui.alignment import RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import pgettext, tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns of the cases from left to right."""

    CASE = 0
    STATE = 1
    CHANGED = 2
    UNTIL = 3
    SIGNATURES = 4
    SIZE = 5


class DueModel(QAbstractTableModel):
    """Cases to be removed: unsigned ones are ticked, signed ones wait for a person's word."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._cases: list[ExpiredCase] = []
        self._ticked: list[bool] = []

    def show_cases(self, cases: Sequence[ExpiredCase]) -> None:
        """Replace the list."""
        self.beginResetModel()
        self._cases = list(cases)
        self._ticked = [not c.signed for c in cases]
        self.endResetModel()

    def ticked(self) -> list[ExpiredCase]:
        """The chosen cases."""
        return [c for c, on in zip(self._cases, self._ticked, strict=True) if on]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._cases)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section >= Column.SIGNATURES:
            return RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            tr("Case"), tr("State"), tr("Last act"), tr("Kept until"),
            tr("Signatures"), tr("Size"),
        )[section]  # fmt: skip

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == Column.CASE else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        column, case = Column(index.column()), self._cases[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and column is Column.CASE:
            return Qt.CheckState.Checked if self._ticked[index.row()] else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.TextAlignmentRole and column >= Column.SIGNATURES:
            return RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{self._text(case, column)}\n{case.entry.path}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return labelled(
                self.headerData(column, Qt.Orientation.Horizontal),
                self._text(case, column),
                self._context.language.lang,
            )
        return self._text(case, column) if role == Qt.ItemDataRole.DisplayRole else None

    def _text(self, case: ExpiredCase, column: Column) -> str:
        language, entry = self._context.language, case.entry
        match column:
            case Column.CASE:
                return " ".join((entry.specimen_id or entry.path.stem).split())
            case Column.STATE:
                return {
                    CaseState.NEW: tr("new"),
                    CaseState.TO_REVIEW: tr("to review"),
                    CaseState.REVIEWED: pgettext("case", "reviewed"),
                    CaseState.SECOND_PERSON: tr("to sign, second person"),
                    CaseState.SIGNED: tr("signed"),
                }.get(entry.state, str(entry.state))
            case Column.CHANGED:
                return language.when(entry.changed)
            case Column.UNTIL:
                return case.until
            case Column.SIGNATURES:
                return language.integer(entry.signatures) if entry.signatures else ""
            case Column.SIZE:
                return tr("{size} MB").format(size=language.number(case.size / 1e6, 1))

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != Column.CASE:
            return False
        self._ticked[index.row()] = Qt.CheckState(value) == Qt.CheckState.Checked
        self.dataChanged.emit(index, index)
        return True


class RecordModel(QAbstractTableModel):
    """What was removed, newest first."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._lines: list[Removal] = []

    def show_lines(self, lines: Sequence[Removal]) -> None:
        """Replace the list."""
        self.beginResetModel()
        self._lines = list(lines)[::-1]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 7

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (
                tr("No."), tr("Time"), tr("Person"), tr("Act"), tr("Begun"),
                tr("Signed reports"), tr("Chain of the case"),
            )[section]  # fmt: skip
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line, language = self._lines[index.row()], self._context.language
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip("\n".join([line.reason, *line.signed, f"sha256 {line.head}"]))
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        act = tr("Removed") if line.act == Act.DONE else tr("Removal begun")
        return (
            str(line.seq), language.when(line.time), line.author, act, language.when(line.created),
            ", ".join(s[:12] for s in line.signed), line.head[:24],
        )[index.column()]  # fmt: skip
