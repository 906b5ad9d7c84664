"""Item models of the outbox and of the table of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.domain.connecting import OutboxLine, is_withdrawal
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.loinc import LOCAL_SYSTEM, LOINC_SYSTEM, CodeRow
from bloodcells_gui.ui.alignment import LEFT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.settings.tables import SettingsTable

Index = QModelIndex | QPersistentModelIndex


class OutboxColumn(IntEnum):
    """Columns from left to right."""

    SIGNED = 0
    SPECIMEN = 1
    VERSION = 2
    DESTINATION = 3
    STATE = 4
    WORDS = 5
    TRIES = 6
    CONTROL_ID = 7


class OutboxModel(QAbstractTableModel):
    """A line for each message, the newest first."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.lines: list[OutboxLine] = []

    def show_lines(self, lines: Sequence[OutboxLine]) -> None:
        """Replace the lines; given oldest first."""
        self.beginResetModel()
        self.lines = list(reversed(lines))
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(OutboxColumn)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            tr("Signed"), tr("Specimen"), tr("Version"), tr("Destination"), tr("State"), tr("Answer"),
            tr("Tries"), tr("Control id"),
        )[section]  # fmt: skip

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        column = OutboxColumn(index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(index.row(), column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = self.headerData(column, Qt.Orientation.Horizontal)
            return labelled(title, self._text(index.row(), column), self._context.language.lang)
        return None

    def _text(self, row: int, column: OutboxColumn) -> str:
        language, line = self._context.language, self.lines[row]
        match column:
            case OutboxColumn.SIGNED:
                return language.when(line.signed_at)
            case OutboxColumn.SPECIMEN:
                return line.specimen
            case OutboxColumn.VERSION:
                version = language.integer(line.version)
                taken_back = is_withdrawal(line.control_id)
                return tr("{version}, withdrawal").format(version=version) if taken_back else version
            case OutboxColumn.DESTINATION:
                return line.destination
            case OutboxColumn.STATE:
                return language.text(line.state.value)
            case OutboxColumn.WORDS:
                return line.words.text(language.lang)
            case OutboxColumn.TRIES:
                return language.integer(line.attempts)
            case OutboxColumn.CONTROL_ID:
                return line.control_id


class CodesModel(SettingsTable):
    """The table of codes: system, code and text to edit, the figure by its text as shipped."""

    FIGURE, SYSTEM, CODE, TEXT = range(4)

    def __init__(self, context: UiContext, codes: Sequence[CodeRow], parent: QObject | None = None) -> None:
        super().__init__(context, parent)
        self.codes = list(codes)

    def show_codes(self, codes: Sequence[CodeRow]) -> None:
        """Replace the table."""
        self.beginResetModel()
        self.codes = list(codes)
        self.endResetModel()

    def titles(self) -> tuple[str, ...]:
        return tr("Figure"), tr("System"), tr("Code"), tr("Text")

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.codes)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() != self.FIGURE else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.codes[index.row()]
        system = "LOINC" if row.system == LOINC_SYSTEM else tr("local")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.key}, {system} {row.code}, {row.text}"
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return (row.key, system, row.code, row.text)[index.column()]
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        row, text = self.codes[index.row()], str(value).strip()
        try:
            if index.column() == self.SYSTEM:
                system = LOINC_SYSTEM if text.upper() in ("LOINC", LOINC_SYSTEM) else LOCAL_SYSTEM
                changed = replace(row, system=system)
            elif index.column() == self.CODE:
                changed = replace(row, code=text[:40])
            else:
                changed = replace(row, text=text[:120])
        except ValueError:
            return False
        self.codes[index.row()] = changed
        self.dataChanged.emit(index, index)
        return True
