"""The analyser's differential beside the smear's, class by class, with limits."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSpinBox,
    QTableView,
)

from bloodcells_gui.app import case_details
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.comparison import AnalyserRow
from bloodcells_gui.domain.taxonomy import BY_CODE, ORDER
from bloodcells_gui.ui.case_details.panel import CaseDetailsPanel
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.review import ReviewController

Index = QModelIndex | QPersistentModelIndex
NAME, ANALYSER, SMEAR, DIFFERENCE = range(4)


class AnalyserModel(QAbstractTableModel):
    """One row a class; the analyser's % can be edited.

    Signals
    -------
    entered(str, str)
        Label and text of an edited percentage.
    """

    entered = Signal(str, str)

    def __init__(self, context: UiContext, session: CaseSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._session = session
        self._rows: dict[str, AnalyserRow] = {}
        self._labels: list[str] = []
        self.editable = True
        self.refresh()

    def refresh(self) -> None:
        """Counts or the analyser's figures may have changed."""
        rows = {r.code: r for r in case_details.analyser_rows(self._session)}
        entered, _ = case_details.analyser_in(self._session)
        meant = {leaves_of(label) for label in entered}
        free = [c for c in case_details.ANALYSER_CLASSES if leaves_of(c) not in meant]
        labels = sorted([*entered, *free], key=lambda c: ORDER[leaves_of(c)[0]])
        self._rows = rows
        if labels != self._labels:
            self.beginResetModel()
            self._labels = labels
            self.endResetModel()
        elif labels:
            self.dataChanged.emit(self.index(0, 0), self.index(len(labels) - 1, DIFFERENCE))

    def row(self, row: int) -> AnalyserRow | None:
        """The comparison of a row; None while the analyser says nothing of it."""
        return self._rows.get(self._labels[row])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._labels)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 4

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return base | Qt.ItemFlag.ItemIsEditable if index.column() == ANALYSER and self.editable else base

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section == NAME else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and section in (SMEAR, DIFFERENCE):
            return tr("With 95 % limits")
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Class"), tr("Analyser %"), tr("Smear %"), tr("Difference"))[section]

    def _name(self, label: str) -> str:
        row = self._rows.get(label)
        if row is not None:
            return self._context.language.text(row.name)
        leaves = leaves_of(label)
        groups = {"NE": "Neutrophils (total)", "IG": "Immature granulocytes (total)"}
        known = groups.get(label) or (BY_CODE[leaves[0]].name if leaves else label)
        return self._context.language.text(known)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        label, column = self._labels[index.row()], index.column()
        row, number = self._rows.get(label), self._context.language.number
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column == NAME else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and column == DIFFERENCE and row and not row.inside:
            return self._context.theme.colour("warning")
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return None
        if column == NAME:
            return self._name(label)
        if row is None:
            return ""
        if column == ANALYSER:
            return number(row.analyser, 1) if role == Qt.ItemDataRole.DisplayRole else f"{row.analyser:g}"
        if math.isnan(row.smear):
            return "–"
        if column == SMEAR:
            return f"{number(row.smear)} ({number(row.smear_low)} – {number(row.smear_high)})"
        sign = "+" if row.difference > 0 else ""
        mark = "" if row.inside else " *"
        return f"{sign}{number(row.difference)} ({number(row.low)} … {number(row.high)}){mark}"

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or index.column() != ANALYSER:
            return False
        if str(value).strip() != str(self.data(index, Qt.ItemDataRole.EditRole)):
            self.entered.emit(self._labels[index.row()], str(value))
        return True


class AnalyserPanel(CaseDetailsPanel):
    """Enter, import, compare.

    Signals
    -------
    over_cases()
        The person wants to see the agreement over cases.
    """

    over_cases = Signal()

    def __init__(self, context: UiContext, controller: ReviewController) -> None:
        super().__init__(context, controller)
        self.model = AnalyserModel(context, self.session, self)
        self.model.entered.connect(self._enter_percentage)
        self.table = self._build_table()
        self.cells = QSpinBox()
        self.cells.setRange(0, 1_000_000)
        self.cells.setSpecialValueText(tr("not stated"))
        self.cells.setAccessibleName(tr("Leukocytes counted by the analyser"))
        self.cells.editingFinished.connect(self._enter_cells)
        self.note = QLabel()
        self.note.setObjectName("muted")
        self.note.setWordWrap(True)
        self.note.setContentsMargins(14, 4, 14, 10)
        self.column.addLayout(self._build_head())
        self.column.addWidget(self.table, 1)
        self.column.addWidget(self.note)
        self.setFocusProxy(self.table)
        self.begin()

    def _build_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(tr("Analyser and smear"))
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setObjectName("pairs")
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        return table

    def _build_head(self) -> QHBoxLayout:
        label = QLabel(tr("Leukocytes counted by the analyser"))
        label.setBuddy(self.cells)
        label.setWordWrap(True)
        self.import_button = QPushButton(tr("&Import CSV…"))
        self.import_button.clicked.connect(self._choose_csv)
        over = QPushButton(tr("Over &cases…"))
        over.clicked.connect(self.over_cases)
        row = QHBoxLayout()
        row.setContentsMargins(14, 8, 14, 8)
        row.addWidget(label, 1)
        row.addWidget(self.cells)
        row.addWidget(self.import_button)
        row.addWidget(over)
        return row

    def refresh(self) -> None:
        self.model.editable = self.controller.editable
        self.model.refresh()
        if not self.cells.hasFocus():
            self.cells.setValue(self._known_cells())
        self.cells.setEnabled(self.controller.editable)
        self.import_button.setEnabled(self.controller.editable)
        entered, _ = case_details.analyser_in(self.session)
        self.note.setText(
            tr("* Outside the exact 95 % limits of the smear's count. Double click a figure to enter it.")
            if entered
            else tr("Nothing of an analyser yet: double click “Analyser %” to enter it, or import a CSV.")
        )

    def _known_cells(self) -> int:
        return case_details.analyser_in(self.session)[1] or 0

    def _enter_cells(self) -> None:
        # Also when the focus only went through: nobody is asked for a name then.
        if self.cells.value() != self._known_cells():
            self.controller.set_analyser_cells(self.cells.value())
            self.refresh()

    def _choose_csv(self) -> None:
        names = tr("Tables")
        title, filters = tr("The analyser's differential"), f"{names} (*.csv *.txt *.tsv)"
        path = self.context.files.choose_file(FileKind.ANALYSER, self, title, filters)
        if path is not None:
            self.import_csv(path)

    def import_csv(self, path: Path) -> None:
        """Take the differential from a CSV file."""
        self.controller.import_analyser(path)
        self.refresh()

    def _enter_percentage(self, label: str, text: str) -> None:
        self.controller.set_analyser(label, text)
        self.refresh()
