"""About: what this program is and is not for, and what it is built on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from bloodcells_gui import __version__
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.icons import app_icon

_PARTS = """PySide6, Qt — LGPL-3.0 (dynamically linked, replaceable)
onnxruntime — MIT
OpenCV — Apache-2.0
NumPy — BSD-3-Clause
pyqtgraph — MIT
OpenSlide — LGPL-2.1 (dynamically linked, replaceable)
tifffile — BSD-3-Clause
platformdirs — MIT
fpdf2 — LGPL-3.0
Open Sans, DejaVu Sans — SIL OFL 1.1, Bitstream Vera licence
"""


class AboutDialog(Form):
    """About."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("About bloodcells"), "", parent)
        logo = QLabel()
        logo.setPixmap(app_icon().pixmap(QSize(64, 64)))
        words = QVBoxLayout()
        version = QLabel(tr("Version {version}").format(version=__version__))
        purpose = QLabel(tr("For Research Use Only. Not for use in diagnostic procedures."))
        font = purpose.font()
        font.setWeight(font.Weight.DemiBold)
        purpose.setFont(font)
        purpose.setWordWrap(True)
        offline = QLabel(tr("Works without a network: no image and no figure leaves this computer."))
        offline.setWordWrap(True)
        licence = QLabel(tr("This program is free software under the Apache licence 2.0. It is built on:"))
        licence.setWordWrap(True)
        for label in (version, purpose, offline, licence):
            words.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addWidget(logo, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.outer.insertLayout(1, row)
        parts = QPlainTextEdit(_PARTS)
        parts.setReadOnly(True)
        parts.setFixedHeight(190)
        parts.setAccessibleName(tr("Licences of the parts"))
        self.outer.insertWidget(2, parts)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).hide()
        self.setMinimumWidth(520)
