"""The form before an analysis."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog


def ok_button(dialog: object) -> QPushButton:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)  # type: ignore[attr-defined]


def test_opening_asks_and_refuses_nonsense(qtbot: QtBot, context: UiContext) -> None:
    dialog = OpenOptionsDialog(context, Path("/data/" + "long name " * 40))
    qtbot.addWidget(dialog)
    assert dialog.options().mpp is None
    assert ok_button(dialog).isEnabled()
    QTest.keyClicks(dialog.mpp, "abc")
    assert not ok_button(dialog).isEnabled()
    dialog.mpp.setText("0,108")
    dialog.wbc.setText("6.2")
    dialog.corrected.setCurrentIndex(dialog.corrected.findData("no"))
    dialog.kind.setCurrentIndex(dialog.kind.findData("fields"))
    options = dialog.options()
    assert (options.mpp, options.kind) == (0.108, "fields")
    assert dict(options.fields) == {"wbc": "6.2", "wbc_corrected": "no"}
