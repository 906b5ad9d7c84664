"""Item model of the work list and the delegate that paints a case's state."""

from __future__ import annotations

import re
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
from bloodcells_gui.ui.i18n import Language, ngettext, pgettext, tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex
ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
_SEVERITY = {
    CaseState.NEW: "info",
    CaseState.ANALYSING: "info",
    CaseState.TO_REVIEW: "warning",
    CaseState.REVIEWED: "info",
    CaseState.SECOND_PERSON: "warning",
    CaseState.SIGNED: "ok",
    CaseState.UNREADABLE: "critical",
}


class Column(IntEnum):
    """Columns from left to right."""

    STATE = 0
    SPECIMEN = 1
    PICTURE = 2
    CREATED = 3
    CELLS = 4
    REVIEWED = 5
    FLAGS = 6
    PERSONS = 7


WORK_ORDER = -1
"""Instead of a column: the order in which a laboratory works through its cases."""
_ROLES = frozenset(
    int(role)
    for role in (
        ENTRY_ROLE, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole,
    )
)  # fmt: skip
_ON_THE_RIGHT = (Column.CELLS, Column.REVIEWED)


def column_name(column: Column) -> str:
    """The heading of a column."""
    return {
        Column.STATE: tr("State"),
        Column.SPECIMEN: tr("Specimen"),
        Column.PICTURE: tr("Pictures"),
        Column.CREATED: tr("Begun"),
        Column.CELLS: tr("Counted"),
        Column.REVIEWED: tr("Decided"),
        Column.FLAGS: tr("Flags"),
        Column.PERSONS: tr("Reviewers"),
    }[column]


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
        self._rows: dict[Path, int] = {}

    def show_entries(self, entries: Sequence[CaseEntry]) -> None:
        """Replace the list; the same cases in the same order keep the selection."""
        new = list(entries)
        if [e.path for e in new] == [e.path for e in self._entries]:
            self._entries = new
            self.refresh_states()
            return
        more, shown = len(new) - len(self._entries), len(self._entries)
        if shown and more > 0 and [e.path for e in new[:shown]] == [e.path for e in self._entries]:
            self.beginInsertRows(QModelIndex(), shown, len(new) - 1)
            self._entries = new
            self._rows |= {entry.path: row for row, entry in enumerate(new[shown:], shown)}
            self.endInsertRows()
            self.refresh_states()
            return
        self.beginResetModel()
        self._entries = new
        self._rows = {entry.path: row for row, entry in enumerate(new)}
        self.endResetModel()

    def refresh_states(self) -> None:
        """Something in the queue went on."""
        if self._entries:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._entries) - 1, len(Column) - 1))

    def entry(self, row: int) -> CaseEntry:
        """The case on a row."""
        return self._entries[row]

    def entries(self) -> list[CaseEntry]:
        """All cases that are shown, from top to bottom."""
        return list(self._entries)

    def row_of(self, path: Path) -> int:
        """Where a case stands; -1 when it is not shown."""
        return self._rows.get(path, -1)

    def queue_entry(self, row: int) -> QueueEntry | None:
        """What the queue says of a row, while it waits or runs."""
        found = self._queued(self._entries[row].path)
        return found if found is not None and found.turn in (QueueState.WAITING, QueueState.RUNNING) else None

    def state_text(self, row: int) -> tuple[str, str]:
        """The state in words and its severity."""
        queued = self.queue_entry(row)
        if queued is not None and queued.turn is QueueState.WAITING:
            return tr("waiting for the cluster") if queued.on_cluster else tr("waiting"), "info"
        if queued is not None:
            share = f" {100 * queued.done // queued.total} %" if queued.total else ""
            return (tr("on the cluster") if queued.on_cluster else tr("analysing")) + share, "info"
        state = self._entries[row].state
        return state_name(state), _SEVERITY[state]

    def is_urgent(self, row: int) -> bool:
        """Whether somebody marked the case and it is not signed yet."""
        entry = self._entries[row]
        return entry.urgent and entry.state is not CaseState.SIGNED

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
        return column_name(Column(section))

    @staticmethod
    def _alignment(column: Column) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in _ON_THE_RIGHT else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        # First: a painting asks for a thousand things that the list has nothing to say of.
        if role not in _ROLES or not index.isValid():
            return None
        entry, column = self._entries[index.row()], Column(index.column())
        if role == ENTRY_ROLE:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), entry, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            if column in (Column.FLAGS, Column.CELLS, Column.CREATED):
                return plain_tip(self._tip(index.row(), entry, column))
            more = entry.problem_in(self._context.language.lang) or str(entry.path)
            said = (self._text(index.row(), entry, column), ", ".join(entry.persons), more)
            return plain_tip("\n".join(dict.fromkeys(text for text in said if text)))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = self.headerData(column, Qt.Orientation.Horizontal)
            return labelled(title, self._text(index.row(), entry, column), self._context.language.lang)
        return None

    def _text(self, row: int, entry: CaseEntry, column: Column) -> str:  # noqa: C901  # one branch a column
        language = self._context.language
        match column:
            case Column.STATE:
                state = self.state_text(row)[0]
                return tr("urgent, {state}").format(state=state) if self.is_urgent(row) else state
            case Column.SPECIMEN:
                return name_of(entry)
            case Column.PICTURE:
                return ""
            case Column.CREATED:
                # The zone is that of every line; the tip has it.
                return language.when(entry.created).partition(" UTC")[0] if entry.created else ""
            case Column.CELLS:
                return counted_text(entry, language)
            case Column.REVIEWED:
                return "" if entry.reviewed_percent is None else f"{entry.reviewed_percent} %"
            case Column.FLAGS:
                if entry.problem:
                    # the folders above would leave no room for the reason; the tip has them
                    return entry.problem_in(language.lang).replace(str(entry.path), entry.path.name)
                failed = self._queued(entry.path)
                lacks = entry.incomplete or entry.state in (CaseState.NEW, CaseState.ANALYSING)
                if lacks and failed is not None and failed.turn is QueueState.FAILED and failed.error:
                    return failed.error.text(language.lang).replace(str(entry.path), entry.path.name)
                flags = [tr("open at {place}").format(place=place_of(entry))] if entry.open_at else []
                flags += [language.text(f) for f in entry.flags]
                if entry.unidentified:
                    flags.append(ngettext("{n} unidentified", "{n} unidentified", entry.unidentified))
                if entry.incomplete:
                    flags.append(tr("incomplete"))
                return ", ".join(flags)
            case Column.PERSONS:
                return ", ".join(entry.persons)

    def _tip(self, row: int, entry: CaseEntry, column: Column) -> str:
        if column is Column.CREATED:
            return self._context.language.when(entry.created) if entry.created else ""
        if column is not Column.CELLS:
            return self._text(row, entry, column)
        language, queued = self._context.language, self.queue_entry(row)
        cells = max(entry.cells, queued.cells if queued else 0)
        said = [ngettext("{n} cell in the images", "{n} cells in the images", cells)]
        if entry.by_hand:
            said.append(ngettext("{n} counted by hand", "{n} counted by hand", entry.by_hand))
        if entry.target:
            words = tr("{counted} of {target} leukocytes counted")
            counted, target = language.integer(entry.counted), language.integer(entry.target)
            said.insert(0, words.format(counted=counted, target=target))
        return "\n".join(said)


def state_name(state: CaseState) -> str:
    """The state in words."""
    return {
        CaseState.NEW: tr("new"),
        CaseState.ANALYSING: tr("analysing"),
        CaseState.TO_REVIEW: tr("to review"),
        CaseState.REVIEWED: pgettext("case", "reviewed"),
        CaseState.SECOND_PERSON: tr("to sign, second person"),
        CaseState.SIGNED: tr("signed"),
        CaseState.UNREADABLE: tr("damaged"),
    }[state]


def counted_text(entry: CaseEntry, language: Language) -> str:
    """Leukocytes counted, of the target where there is one: "64/100"."""
    counted = language.integer(entry.counted)
    return f"{counted}/{language.integer(entry.target)}" if entry.target else counted


def place_of(entry: CaseEntry) -> str:
    """The station that has a case open, and who is there."""
    who = " ".join(entry.open_by.split())[:60]
    at = " ".join(entry.open_at.split())[:60]
    return f"{at} ({who})" if who else at


def name_of(entry: CaseEntry) -> str:
    """What a person calls a case: its specimen's number."""
    name = " ".join((entry.specimen_id or entry.path.stem).split())
    return name + (tr(" (synthetic)") if entry.synthetic else "")


def sort_key(column: Column) -> Callable[[CaseEntry], tuple[object, ...]]:
    """By what the lines are sorted under a heading."""
    keys: dict[Column, Callable[[CaseEntry], tuple[object, ...]]] = {
        Column.STATE: lambda e: (not e.urgent, list(CaseState).index(e.state)),
        Column.SPECIMEN: lambda e: (natural(e.specimen_id or e.path.stem),),
        Column.CREATED: lambda e: (e.created,),
        Column.CELLS: lambda e: (e.counted,),
        Column.REVIEWED: lambda e: (-1 if e.reviewed_percent is None else e.reviewed_percent,),
        # The most to look at first.
        Column.FLAGS: lambda e: (-len(e.flags), -e.unidentified, ", ".join(e.flags)),
        Column.PERSONS: lambda e: (", ".join(e.persons).casefold(),),
    }
    return keys[column]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A number such that S-9 comes before S-10."""
    parts = re.split(r"(\d+)", text.casefold())
    return tuple((1, int(p), "") if p.isdecimal() and len(p) < 19 else (0, 0, p) for p in parts if p)


class StateDelegate(QStyledItemDelegate):
    """The state as a word in a rounded frame; an analysis under way fills it."""

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        option.text = ""
        option.widget.style().drawControl(
            option.widget.style().ControlElement.CE_ItemViewItem,
            option,
            painter,
            option.widget,
        )
        model = index.model()
        if not isinstance(model, WorklistModel):
            return
        state, severity = model.state_text(index.row())
        queued = model.queue_entry(index.row())
        share = queued.done / queued.total if queued is not None and queued.total else 0.0
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = self._chip(painter, option, option.rect.left() + 8, (state, severity), share)
        if model.is_urgent(index.row()):
            self._chip(painter, option, left + 6, (tr("urgent"), "critical"), 0.0)
        painter.restore()

    def _chip(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        left: float,
        word: tuple[str, str],
        share: float,
    ) -> float:
        """A word in a frame, filled as far as `share`; returns where it ends."""
        (text, severity), theme, metrics = word, self._context.theme, option.fontMetrics
        width = min(option.rect.right() - 4 - left, metrics.horizontalAdvance(text) + 20)
        height = metrics.height() + 4
        frame = QRectF(left, option.rect.center().y() - height / 2 + 0.5, width, height)
        painter.setPen(QPen(theme.colour(severity), 1))
        painter.setBrush(theme.colour(f"{severity}_ground"))
        painter.drawRoundedRect(frame, height / 2, height / 2)
        if share:
            done = QRectF(frame)
            done.setWidth(max(height, frame.width() * min(1.0, share)))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected"))
            painter.drawRoundedRect(done, height / 2, height / 2)
        painter.setPen(theme.colour(severity))
        painter.drawText(frame, int(Qt.AlignmentFlag.AlignCenter), text)
        return frame.right()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index) + QSize(36, 8)
