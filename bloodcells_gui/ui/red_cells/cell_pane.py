"""The chosen red cell: who says what it is, and its measures with their units."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.red_cells import RED_CELL_MEASURES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel, plain_tip
from bloodcells_gui.ui.red_cells.badge import badge_pixmap
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable
from bloodcells_gui.ui.red_cells.words import class_name, measures_of, status_text


class CellPane(QWidget):
    """One cell in words and numbers."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.title, self.status = PlainLabel(), PlainLabel()
        font = self.title.font()
        font.setWeight(font.Weight.DemiBold)
        self.title.setFont(font)
        self.status.setWordWrap(True)
        self.status.setObjectName("muted")
        self._badge = QLabel()
        self._badge.setFixedSize(18, 18)
        head = QGridLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._badge, 0, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.title, 0, 1)
        head.setColumnStretch(1, 1)
        self.grid = QGridLayout()
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(10)
        self.grid.setVerticalSpacing(2)
        self.grid.setColumnStretch(0, 1)
        self.values: list[QLabel] = []
        self._names: list[QLabel] = []
        for row in range(len(RED_CELL_MEASURES)):
            name, value = PlainLabel(), PlainLabel()
            name.setObjectName("muted")
            name.setWordWrap(True)
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            self.grid.addWidget(name, row, 0)
            self.grid.addWidget(value, row, 1)
            self._names.append(name)
            self.values.append(value)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        self._told = QWidget()
        told = QVBoxLayout(self._told)
        told.setContentsMargins(0, 0, 0, 0)
        told.setSpacing(4)
        told.addWidget(self.status)
        told.addLayout(self.grid)
        layout.addWidget(self._told)
        self.show_cell(None, None)

    def show_cell(self, table: CellTable | None, cell_id: int | None) -> None:
        """Another cell; None for none."""
        if table is None or cell_id is None or cell_id not in table:
            self.title.setText(tr("No cell is chosen."))
            self._badge.clear()
            self._told.setVisible(False)
            return
        language, row = self._context.language, table.row(cell_id)
        code = table.code(cell_id)
        self.title.setText(f"{cell_number(cell_id)} · {class_name(language, code)}")
        self._badge.setPixmap(badge_pixmap(code, 18, self.devicePixelRatioF()))
        status = status_text(language, table, cell_id)
        if table.cells.parted[row]:
            status += "; " + tr("parted from a cell that it overlaps")
        self.status.setText(status)
        self._told.setVisible(True)
        lines = zip(measures_of(language, table, cell_id), self._names, self.values, strict=True)
        for (name, value, says), name_label, value_label in lines:
            name_label.setText(name)
            value_label.setText(value)
            value_label.setAccessibleName(labelled(name, value, language.lang))
            for label in (name_label, value_label):
                label.setToolTip(plain_tip(labelled(name, says, language.lang)))
