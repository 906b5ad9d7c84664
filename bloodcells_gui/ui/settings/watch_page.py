"""The page of the preferences on the watched folder."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton

from bloodcells_gui.domain.settings import LabSettings, WatchSettings
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.settings.pages import Page


class WatchPage(Page):
    """On or off, which folder, how long a file must be unchanged."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Watched folder")
        watch = s.watch
        self.on = self.box(tr("&Analyse what a camera or scanner puts into a folder"), watch.on)
        self.folder = QLineEdit(watch.folder)
        self.folder.setMaxLength(4096)
        choose = QPushButton(tr("Choose…"))
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(choose)
        label = QLabel(tr("Fol&der"))
        label.setBuddy(self.folder)
        self.form.addRow(label, row)
        self.settle = self.whole(tr("&Seconds without a change"), watch.settle_s, 3600)
        self.settle.setMinimum(2)
        for widget in (self.folder, choose, self.settle):
            widget.setEnabled(watch.on)
            self.on.toggled.connect(widget.setEnabled)
        self.note(
            tr(
                "Each sub-folder and each slide in it is one specimen and becomes a case. Loose pictures wait"
                " until you say whose they are. A file is read when it has not changed for this time; choose"
                " more where a scanner pauses between pictures."
            )
        )
        self.note(
            tr(
                "What lies in the folder already is analysed too. Nothing in it is moved, changed or deleted,"
                " and nothing is analysed twice. Cases are made while the program is open."
            )
        )
        self.outer.addStretch(1)
        self.reads("watch", self._answer)

    def _answer(self) -> WatchSettings:
        folder = self.folder.text().strip()
        return WatchSettings(self.on.isChecked() and bool(folder), folder, self.settle.value())

    def _choose(self) -> None:
        path = self.context.files.choose_folder(FileKind.WATCHED, self, tr("Folder to watch"))
        if path is not None:
            self.folder.setText(str(path))
