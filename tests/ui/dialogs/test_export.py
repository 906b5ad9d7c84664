"""The dialog of the export."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialogButtonBox, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.export import ExportDialog


def ok_button(dialog: object) -> QPushButton:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)  # type: ignore[attr-defined]


def test_every_red_cell_can_be_listed_where_some_were_examined(qtbot: QtBot, context: UiContext) -> None:
    without = ExportDialog(context, LabSettings(), Path("/tmp/x"))
    qtbot.addWidget(without)
    assert without.form.indexOf(without.red_cells) < 0
    dialog = ExportDialog(context, LabSettings(), Path("/tmp/x"), red_cells=True)
    qtbot.addWidget(dialog)
    assert dialog.form.indexOf(dialog.red_cells) >= 0
    assert not dialog.answer()[1].red_cells_list
    dialog.red_cells.setChecked(True)
    assert dialog.answer()[1].red_cells_list


def test_export_says_that_the_report_will_be_preliminary(qtbot: QtBot, context: UiContext) -> None:
    from PySide6.QtWidgets import QLabel

    dialog = ExportDialog(context, LabSettings(paper="letter"), Path("/tmp/x"), unidentified=2)
    qtbot.addWidget(dialog)
    assert any("2 cells are still unidentified" in label.text() for label in dialog.findChildren(QLabel))
    dialog.lang.setCurrentIndex(dialog.lang.findData("fr"))
    folder, options = dialog.answer()
    assert (str(folder), options.paper, options.lang) == ("/tmp/x", "letter", "fr")
    dialog.folder.clear()
    assert not ok_button(dialog).isEnabled()
