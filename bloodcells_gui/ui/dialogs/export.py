"""Dialog before an export: folder and contents."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from bloodcells_gui.app.export import ExportOptions
from bloodcells_gui.domain.settings import CODES, WORDS, LabSettings
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import csv_choices, ngettext, tr


class ExportDialog(Form):
    """Folder, paper, language, masks, anonymous or not."""

    def __init__(
        self,
        context: UiContext,
        settings: LabSettings,
        folder: Path,
        unidentified: int = 0,
        parent: QWidget | None = None,
        *,
        red_cells: bool = False,
    ) -> None:
        lead = tr("Writes the report as PDF and the tables as CSV. Files of the same name are replaced.")
        if unidentified:
            lead += " " + ngettext(
                "{n} cell is still unidentified: the report will be stamped preliminary.",
                "{n} cells are still unidentified: the report will be stamped preliminary.",
                unidentified,
            )
        super().__init__(tr("Export the report"), lead, parent, accept=tr("Export"))
        self._context = context
        self._proposed = folder
        self.folder = QLineEdit(str(folder))
        browse = QPushButton(tr("Choose…"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        folder_label = QLabel(tr("&Folder"))
        folder_label.setBuddy(self.folder)
        self.form.addRow(folder_label, row)
        self.paper = QComboBox()
        self.paper.addItem("A4", "a4")
        self.paper.addItem("Letter", "letter")
        self.paper.setCurrentIndex(self.paper.findData(settings.paper))
        self.form.addRow(tr("&Paper"), self.paper)
        self.lang = QComboBox()
        self.lang.addItem("English", "en")
        self.lang.addItem("Français", "fr")
        self.lang.setCurrentIndex(self.lang.findData(context.language.lang))
        self.form.addRow(tr("&Language"), self.lang)
        self.tables = QComboBox()
        for name, value in csv_choices():
            self.tables.addItem(name, value)
        self.tables.setCurrentIndex(self.tables.findData(settings.csv))
        self.form.addRow(tr("&Tables"), self.tables)
        self.names = QComboBox()
        self.names.addItem(tr("Words of the language"), WORDS)
        self.names.addItem(tr("Keys and codes, for scripts"), CODES)
        self.names.setCurrentIndex(self.names.findData(settings.csv_names))
        self.form.addRow(tr("&Names in the tables"), self.names)
        self.masks = QCheckBox(tr("Outlines of the cells as mask images"))
        self.form.addRow("", self.masks)
        self.red_cells = QCheckBox(tr("Every red cell in a table of its own"))
        if red_cells:
            self.form.addRow("", self.red_cells)
        self.anonymous = QCheckBox(tr("Leave out whatever identifies the patient"))
        self.anonymous.setChecked(settings.privacy.anonymised_export)
        self.form.addRow("", self.anonymous)
        self.folder.textChanged.connect(lambda t: self.set_accept_enabled(bool(t.strip())))
        self.setMinimumWidth(560)

    def _browse(self) -> None:
        chosen = self._context.files.choose_folder(FileKind.REPORT, self, tr("Folder for the report"))
        if chosen is not None:
            # A folder of its own for each case: files of one name would replace each other.
            own = chosen if chosen.name == self._proposed.name else chosen / self._proposed.name
            self.folder.setText(str(own))

    def answer(self) -> tuple[Path, ExportOptions]:
        """Folder and options."""
        return Path(self.folder.text().strip()), ExportOptions(
            paper=str(self.paper.currentData()),
            lang=str(self.lang.currentData()),
            save_masks=self.masks.isChecked(),
            anonymised=self.anonymous.isChecked(),
            csv=str(self.tables.currentData()),
            csv_names=str(self.names.currentData()),
            red_cells_list=self.red_cells.isChecked(),
        )
