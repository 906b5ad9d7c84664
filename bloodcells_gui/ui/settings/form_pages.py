"""Pages of the preferences for the fields of the form, and for grades."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QTableView

from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import pgettext, tr
from bloodcells_gui.ui.settings.form_tables import ChoiceDelegate, FieldsModel, GradingModel
from bloodcells_gui.ui.settings.pages import Page


class RecordsPage(Page):
    """A list of records with buttons to add, take out and move."""

    model: FieldsModel | GradingModel

    def build(self, model: FieldsModel | GradingModel, stretched: int, hint: str) -> QTableView:
        """Lay the table and its buttons."""
        self.model = model
        self.view = self.table(model, self.title, stretched)
        self.view.setItemDelegate(ChoiceDelegate(self.view))
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.name.setPlaceholderText(hint)
        self.name.setAccessibleName(hint)
        self.add = QPushButton(tr("A&dd"))
        self.add.clicked.connect(self._add)
        self.remove = QPushButton(pgettext("record", "Re&move"))
        self.remove.clicked.connect(lambda: model.remove(self.row))
        self.up, self.down = QPushButton(tr("&Up")), QPushButton(tr("Do&wn"))
        self.up.clicked.connect(lambda: self.select(model.move(self.row, -1)))
        self.down.clicked.connect(lambda: self.select(model.move(self.row, 1)))
        row = QHBoxLayout()
        row.addWidget(self.name, 1)
        for button in (self.add, self.remove, self.up, self.down):
            row.addWidget(button)
        self.outer.addLayout(row)
        self.name.textChanged.connect(lambda _: self._update_buttons())
        self.view.selectionModel().currentChanged.connect(lambda *_: self._update_buttons())
        model.rowsRemoved.connect(lambda *_: self._update_buttons())
        self._update_buttons()
        return self.view

    @property
    def row(self) -> int:
        """Where the cursor is; -1 for nowhere."""
        return int(self.view.currentIndex().row())

    def select(self, row: int) -> None:
        """Put the cursor on a record."""
        index = self.model.index(row, 1)
        flags = QItemSelectionModel.SelectionFlag
        self.view.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.view.scrollTo(index)

    def _add(self) -> None:
        self.select(self.model.add(self.name.text()))
        self.name.clear()

    def _update_buttons(self) -> None:
        row, rows = self.row, self.model.rowCount()
        self.add.setEnabled(bool(self.name.text().strip()))
        self.remove.setEnabled(0 <= row < rows and not self.model.built_in(row))
        self.up.setEnabled(0 < row < rows)
        self.down.setEnabled(0 <= row < rows - 1)


class FieldsPage(RecordsPage):
    """Fields of specimen and patient."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Fields")
        self.choices = QLineEdit()
        self.choices.setMaxLength(400)
        self.fields = FieldsModel(context, s.fields, self)
        self.build(self.fields, FieldsModel.LABEL, tr("Name of a further field"))
        choices = QHBoxLayout()
        self.choices.setPlaceholderText(tr("Choices of the field, a semicolon between them"))
        self.choices.setAccessibleName(self.choices.placeholderText())
        self.choices.editingFinished.connect(self._choose)
        choices.addWidget(self.choices)
        self.outer.addLayout(choices)
        self.note(
            tr(
                "Fields that the program understands can be hidden and renamed, not taken out."
                " What identifies the patient stays out of anonymised exports."
            )
        )
        self.fields.dataChanged.connect(lambda *_: self._show_choices())
        self.reads("fields", lambda: tuple(self.fields.records))
        self._update_buttons()

    def _update_buttons(self) -> None:
        super()._update_buttons()
        self._show_choices()

    def _show_choices(self) -> None:
        row = self.row
        possible = 0 <= row < self.model.rowCount() and self.model.records[row].kind == "choice"
        possible = possible and not self.model.built_in(row)
        self.choices.setVisible(possible)
        if possible and not self.choices.hasFocus() and isinstance(self.model, FieldsModel):
            self.choices.setText(self.model.choices_of(row))

    def _choose(self) -> None:
        if self.row >= 0 and self.choices.isVisible():
            self.fields.set_choices(self.row, self.choices.text())


class GradingPage(RecordsPage):
    """Morphology by hand."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Morphology")
        self.grading = GradingModel(context, s.grading, self)
        self.build(self.grading, GradingModel.FEATURE, tr("Name of a further feature"))
        self.note(
            tr(
                "Shares of the cells of its kind; without them a feature is only present or absent. After the"
                " ICSH list of 2015, recalled: check the thresholds for your laboratory."
            )
        )
        self.reads("grading", lambda: tuple(self.grading.records))
