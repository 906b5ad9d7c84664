"""The page of the orders: the folder that they come into, and the systems that are asked for them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.ui.connections.sources import SourcesForm
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import UnawaitedThreads
from bloodcells_gui.ui.labels import PlainLabel


class OrdersPage(QWidget):
    """Which folder, which systems, and what is done with them.

    Signals
    -------
    saved(str)
        The folder that is to be kept; "" for none.
    """

    saved = Signal(str)

    def __init__(self, context: UiContext, threads: UnawaitedThreads, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._kept = ""
        note = PlainLabel(
            tr(
                "A specimen number that is scanned in New analysis is looked up in a folder (HL7 OML^O33,"
                " OML^O21 or ORM^O01, an analyser's ORU^R01, ASTM records, or a table CSV), and the systems"
                " below are asked for it. Patient, tests and the analyser's values are shown before anything"
                " is begun."
            )
        )
        note.setWordWrap(True)
        self.folder = QLineEdit()
        self.folder.setMaxLength(4096)
        label = QLabel(tr("Fo&lder of orders"))
        label.setBuddy(self.folder)
        choose = QPushButton(tr("Choose…"))
        choose.clicked.connect(lambda _=False: self._choose())
        self.keep_button = QPushButton(tr("Keep the &folder"))
        self.keep_button.clicked.connect(lambda _=False: self.save())
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.folder, 1)
        for button in (choose, self.keep_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        self.sources = SourcesForm(context, threads)
        layout = QVBoxLayout(self)
        layout.addWidget(note)
        layout.addLayout(row)
        layout.addWidget(self.sources, 1)

    def show_folder(self, folder: str) -> None:
        """Show the folder that is kept."""
        self._kept = folder
        self.folder.setText(folder)

    @property
    def changed(self) -> bool:
        """Whether another folder stands there than the one that is kept."""
        return self.folder.text().strip() != self._kept

    def save(self) -> None:
        """Have the folder kept."""
        self.saved.emit(self.folder.text().strip())

    def discard(self) -> None:
        """Show again what is kept."""
        self.folder.setText(self._kept)

    def _choose(self) -> None:
        path = self._context.files.choose_folder(FileKind.MESSAGES, self, tr("Folder of orders"))
        if path is not None:
            self.folder.setText(str(path))

    def stop(self) -> None:
        """Deliver nothing any more."""
        self.sources.stop()
