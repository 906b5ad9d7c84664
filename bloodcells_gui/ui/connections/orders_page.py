"""The page of the folder that orders come into."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel


class OrdersPage(QWidget):
    """Which folder, and what is done with it.

    Signals
    -------
    saved(str)
        The folder that is to be kept; "" for none.
    """

    saved = Signal(str)

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        note = PlainLabel(
            tr(
                "Where a laboratory system puts its orders into a folder (HL7 OML^O33, OML^O21 or ORM^O01,"
                " an analyser's ORU^R01, or a table CSV), a specimen number that is scanned in New analysis"
                " finds patient, tests and the analyser's values there. They are shown before anything is"
                " begun. The folder is only read."
            )
        )
        note.setWordWrap(True)
        self.folder = QLineEdit()
        self.folder.setMaxLength(4096)
        label = QLabel(tr("Fo&lder of orders"))
        label.setBuddy(self.folder)
        choose = QPushButton(tr("Choose…"))
        choose.clicked.connect(lambda _=False: self._choose())
        self.keep_button = QPushButton(tr("&Keep"))
        self.keep_button.clicked.connect(lambda _=False: self.saved.emit(self.folder.text().strip()))
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.folder, 1)
        for button in (choose, self.keep_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(note)
        layout.addLayout(row)
        layout.addStretch(1)

    def _choose(self) -> None:
        path = self._context.files.choose_folder(FileKind.MESSAGES, self, tr("Folder of orders"))
        if path is not None:
            self.folder.setText(str(path))
