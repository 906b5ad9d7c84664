"""Item model of the work list and the delegate that paints a case's state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bloodcells_gui.app.analysis_queue import QueueEntry, QueueState
from bloodcells_gui.app.worklist import CaseEntry, CaseState
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, pgettext, tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex
ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
_SEVERITY = {
    CaseState.NEW: "info",
    CaseState.ANALYSING: "info",
    CaseState.TO_REVIEW: "warning",
    CaseState.REVIEWED: "info",
    CaseState.SIGNED: "ok",
    CaseState.UNREADABLE: "critical",
}


class Column(IntEnum):
    """Columns from left to right."""

    STATE = 0
    SPECIMEN = 1
    CREATED = 2
    CELLS = 3
    REVIEWED = 4
    FLAGS = 5
    PERSONS = 6


class WorklistModel(QAbstractTableModel):
    """Cases as they were found, with what the queue says of each."""

    def __init__(
        self,
        context: UiContext,
        queued: Callable[[Path], QueueEntry | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._queued = queued
        self._entries: list[CaseEntry] = []

    def show_entries(self, entries: Sequence[CaseEntry]) -> None:
        """Replace the list; the same cases in the same order keep the selection."""
        new = list(entries)
        if [e.path for e in new] == [e.path for e in self._entries]:
            self._entries = new
            self.refresh_states()
            return
        self.beginResetModel()
        self._entries = new
        self.endResetModel()

    def refresh_states(self) -> None:
        """Something in the queue went on."""
        if self._entries:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._entries) - 1, len(Column) - 1))

    def entry(self, row: int) -> CaseEntry:
        """The case on a row."""
        return self._entries[row]

    def row_of(self, path: Path) -> int:
        """Where a case stands; -1 when it is not shown."""
        return next((i for i, e in enumerate(self._entries) if e.path == path), -1)

    def queue_entry(self, row: int) -> QueueEntry | None:
        """What the queue says of a row, while it waits or runs."""
        found = self._queued(self._entries[row].path)
        return found if found is not None and found.turn in (QueueState.WAITING, QueueState.RUNNING) else None

    def state_text(self, row: int) -> tuple[str, str]:
        """The state in words and its severity."""
        queued = self.queue_entry(row)
        if queued is not None and queued.turn is QueueState.WAITING:
            return tr("waiting"), "info"
        if queued is not None:
            share = f" {100 * queued.done // queued.total} %" if queued.total else ""
            return tr("analysing") + share, "info"
        entry = self._entries[row]
        words = {
            CaseState.NEW: tr("new"),
            CaseState.ANALYSING: tr("analysing"),
            CaseState.TO_REVIEW: tr("to review"),
            CaseState.REVIEWED: pgettext("case", "reviewed"),
            CaseState.SIGNED: tr("signed"),
            CaseState.UNREADABLE: tr("damaged"),
        }
        return words[entry.state], _SEVERITY[entry.state]

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
            Column.STATE: tr("State"),
            Column.SPECIMEN: tr("Specimen"),
            Column.CREATED: tr("Begun"),
            Column.CELLS: tr("Cells"),
            Column.REVIEWED: tr("Decided"),
            Column.FLAGS: tr("Flags"),
            Column.PERSONS: tr("Reviewers"),
        }[Column(section)]

    @staticmethod
    def _alignment(column: Column) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in (Column.CELLS, Column.REVIEWED) else (
            Qt.AlignmentFlag.AlignLeft
        )  # fmt: skip
        return side | Qt.AlignmentFlag.AlignVCenter

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry, column = self._entries[index.row()], Column(index.column())
        if role == ENTRY_ROLE:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), entry, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            if column is Column.FLAGS:
                return plain_tip(self._text(index.row(), entry, column))
            return plain_tip(entry.problem_in(self._context.language.lang) or str(entry.path))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = self.headerData(column, Qt.Orientation.Horizontal)
            return labelled(title, self._text(index.row(), entry, column), self._context.language.lang)
        return None

    def _text(self, row: int, entry: CaseEntry, column: Column) -> str:  # noqa: C901  # one branch a column
        language = self._context.language
        match column:
            case Column.STATE:
                return self.state_text(row)[0]
            case Column.SPECIMEN:
                name = " ".join((entry.specimen_id or entry.path.stem).split())
                return name + (tr(" (synthetic)") if entry.synthetic else "")
            case Column.CREATED:
                return language.when(entry.created) if entry.created else ""
            case Column.CELLS:
                queued = self.queue_entry(row)
                return language.integer(max(entry.cells, queued.cells if queued else 0))
            case Column.REVIEWED:
                return f"{100 * entry.reviewed // entry.cells} %" if entry.cells else ""
            case Column.FLAGS:
                if entry.problem:
                    # the folders above would leave no room for the reason; the tip has them
                    return entry.problem_in(language.lang).replace(str(entry.path), entry.path.name)
                flags = [language.text(f) for f in entry.flags]
                if entry.unidentified:
                    flags.append(ngettext("{n} unidentified", "{n} unidentified", entry.unidentified))
                if entry.incomplete:
                    flags.append(tr("incomplete"))
                return ", ".join(flags)
            case Column.PERSONS:
                return ", ".join(entry.persons)


class StateDelegate(QStyledItemDelegate):
    """The state as a word in a rounded frame; an analysis under way fills it."""

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        text, option.text = option.text, ""
        option.widget.style().drawControl(
            option.widget.style().ControlElement.CE_ItemViewItem,
            option,
            painter,
            option.widget,
        )
        model = index.model()
        if not isinstance(model, WorklistModel):
            return
        severity = model.state_text(index.row())[1]
        theme = self._context.theme
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = option.fontMetrics
        area = option.rect
        width = min(area.width() - 12, metrics.horizontalAdvance(text) + 20)
        height = metrics.height() + 4
        frame = QRectF(area.left() + 8, area.center().y() - height / 2 + 0.5, width, height)
        painter.setPen(QPen(theme.colour(severity), 1))
        painter.setBrush(theme.colour(f"{severity}_ground"))
        painter.drawRoundedRect(frame, height / 2, height / 2)
        queued = model.queue_entry(index.row())
        if queued is not None and queued.total:
            done = QRectF(frame)
            done.setWidth(max(height, frame.width() * min(1.0, queued.done / queued.total)))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected"))
            painter.drawRoundedRect(done, height / 2, height / 2)
        painter.setPen(theme.colour(severity))
        painter.drawText(frame, int(Qt.AlignmentFlag.AlignCenter), text)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index) + QSize(36, 8)
