"""Measurements and history of a cell as plain two-column lists."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from bloodcells_gui.domain.event_words import act_text
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.measurements import label_of
from bloodcells_gui.domain.review import NUCLEUS_OUTLINE, Event, EventKind, Status
from bloodcells_gui.ui.i18n import Language, pgettext, tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex


class PairsModel(QAbstractTableModel):
    """Lines of two texts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pairs: list[tuple[str, str]] = []

    def show_pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Replace all lines."""
        self.beginResetModel()
        self._pairs = list(pairs)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._pairs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._pairs[index.row()][index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._pairs[index.row()][index.column()])
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 1:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class PairsView(QTableView):
    """Quiet list without headers."""

    def __init__(self, model: PairsModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setObjectName("pairs")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 7)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if event.text().isprintable() and event.text().strip():
            event.ignore()
            return
        super().keyPressEvent(event)


def status_word(status: Status) -> str:
    """What became of a cell, in a word."""
    return {
        Status.PROPOSED: tr("proposed"),
        Status.UNIDENTIFIED: pgettext("cell", "unidentified"),
        Status.CONFIRMED: tr("confirmed"),
        Status.RELABELLED: tr("changed"),
        Status.EXCLUDED: tr("excluded"),
    }[status]


def measurement_name(language: Language, name: str) -> str:
    """A measurement in words, the same as in the report."""
    return language.text(label_of(name))


def measurement_value(language: Language, name: str, value: float, unit: str) -> str:
    """Value with a sensible number of decimals and its unit."""
    if name == "nucleus_lobes":
        return str(round(value))
    decimals = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 or unit else 3
    pretty = {"um2": "µm²", "um": "µm", "um²": "µm²"}.get(unit, unit)
    return f"{language.number(value, decimals)} {pretty}".strip()


def event_text(event: Event, cell_id: int, language: Language) -> str:
    """What one event did to a cell."""
    name = language.class_name
    old = event.old[event.cells.index(cell_id)] if len(event.old) == len(event.cells) else ""
    match event.kind:
        case EventKind.RELABEL:
            return tr("{old} → {new}").format(old=name(old) if old else "?", new=name(event.new))
        case EventKind.MEND_OUTLINE:
            return _outline_text(event)
        case EventKind.TAG | EventKind.UNTAG | EventKind.NOTE:
            said = language.text(event.new) if event.kind is not EventKind.NOTE else event.new
            return labelled(act_text(event.kind, language.lang), said, language.lang)
        case EventKind.SECOND_READ:
            return tr("Second reader: {new}").format(new=name(event.new))
        case EventKind.ADJUDICATE:
            return tr("Adjudicated: {new}").format(new=name(event.new))
        case _:
            return act_text(event.kind, language.lang)


def _outline_text(event: Event) -> str:
    if not event.new:
        return tr("The program's own outline again")
    nucleus = event.key == NUCLEUS_OUTLINE
    return tr("Outline of the nucleus mended") if nucleus else tr("Outline of the cell mended")
