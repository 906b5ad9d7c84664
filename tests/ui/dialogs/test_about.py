"""The dialog about the program."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.dialogs.about import AboutDialog


def test_about_says_what_it_is_not_for(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QLabel

    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert any("For Research Use Only" in label.text() for label in dialog.findChildren(QLabel))
