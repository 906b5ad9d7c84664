"""Item model of what lies in the watched folder."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.watching import ASKS, WatchEntry, WatchState
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import pgettext, tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex
_ORDER = {
    state: place
    for place, state in enumerate(
        (
            WatchState.FAILED, WatchState.HELD, WatchState.GROWN, WatchState.WAITING, WatchState.UNASSIGNED,
            WatchState.SETTLING, WatchState.TAKING, WatchState.QUEUED, WatchState.STOPPED,
            WatchState.DUPLICATE, WatchState.LEFT_OUT, WatchState.DONE,
        )
    )
}  # fmt: skip


class Column(IntEnum):
    """Columns from left to right."""

    NAME = 0
    STATE = 1
    FILES = 2
    WORDS = 3


def state_words(state: WatchState) -> str:
    """A state in the window's language."""
    return {
        WatchState.SETTLING: tr("arriving"),
        WatchState.WAITING: tr("not complete"),
        WatchState.UNASSIGNED: tr("unassigned"),
        WatchState.TAKING: tr("being taken"),
        WatchState.QUEUED: pgettext("watched", "in the work list"),
        WatchState.DONE: pgettext("watched", "analysed"),
        WatchState.STOPPED: pgettext("watched", "stopped"),
        WatchState.FAILED: pgettext("watched", "failed"),
        WatchState.HELD: tr("in question"),
        WatchState.GROWN: tr("more came"),
        WatchState.DUPLICATE: tr("taken before"),
        WatchState.LEFT_OUT: tr("left out"),
    }[state]


def severity_of(state: WatchState) -> str:
    """How much a state asks for a person."""
    if state is WatchState.FAILED:
        return "critical"
    if state in ASKS:
        return "warning"
    return "ok" if state is WatchState.DONE else "info"


class WatchedModel(QAbstractTableModel):
    """What asks for a person first, then what is under way, then the rest."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._entries: list[WatchEntry] = []

    def show_entries(self, entries: Sequence[WatchEntry]) -> None:
        """Replace the list; the same names in the same order keep the selection."""
        new = sorted(entries, key=lambda e: (_ORDER[e.state], e.name))
        same = [e.name for e in new] == [e.name for e in self._entries]
        if not same:
            self.beginResetModel()
        self._entries = new
        if not same:
            self.endResetModel()
        elif new:
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, len(Column) - 1))

    def entry(self, row: int) -> WatchEntry:
        """What a row shows."""
        return self._entries[row]

    def row_of(self, name: str) -> int:
        """Where a name stands; -1 when it is not shown."""
        return next((i for i, e in enumerate(self._entries) if e.name == name), -1)

    # -- QAbstractTableModel ---------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(Column(section))
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return {
            Column.NAME: tr("Folder, slide or picture"),
            Column.STATE: tr("State"),
            Column.FILES: tr("Files"),
            Column.WORDS: tr("Why, and what to do"),
        }[Column(section)]

    @staticmethod
    def _alignment(column: Column) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column is Column.FILES else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry, column = self._entries[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole and column is Column.STATE:
            return self._context.theme.colour(severity_of(entry.state))
        if role == Qt.ItemDataRole.ToolTipRole:
            said = self._text(entry, Column.WORDS)
            return plain_tip(f"{entry.path}\n{said}" if said else str(entry.path))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = str(self.headerData(column, Qt.Orientation.Horizontal))
            return labelled(title, self._text(entry, column), self._context.language.lang)
        return None

    def _text(self, entry: WatchEntry, column: Column) -> str:
        match column:
            case Column.NAME:
                return " ".join(entry.name.encode("utf-8", "replace").decode("utf-8").split())
            case Column.STATE:
                return state_words(entry.state)
            case Column.FILES:
                return self._context.language.integer(entry.files)
            case Column.WORDS:
                return entry.words.text(self._context.language.lang)
