"""The dialog that says what the installed models propose."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QTableWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.models import InstalledModel
from bloodcells_gui.domain.proposal_table import derived_table, never_proposed
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.models import ModelsDialog

KNOWN = ("SNE", "LY", "PLT")


def models() -> list[InstalledModel]:
    """A classifier, a detector, and a bundle that was refused."""
    table = derived_table({"classes": list(KNOWN)})
    return [
        InstalledModel("detector-1", "1.2", "detect", "b" * 64),
        InstalledModel("classifier-x", "9.1", "classify", "a" * 64, table, never_proposed(KNOWN)),
        InstalledModel("broken", refused="The model bundle was refused."),
    ]


@pytest.fixture
def dialog(qtbot: QtBot, context: UiContext) -> ModelsDialog:
    dialog = ModelsDialog(context, models())
    qtbot.addWidget(dialog)
    return dialog


def test_every_class_has_a_row_that_says_what_the_program_does(dialog: ModelsDialog) -> None:
    table = dialog.findChild(QTableWidget)
    assert isinstance(table, QTableWidget)
    rows = {table.item(i, 0).text(): table.item(i, 1).text() for i in range(table.rowCount())}
    assert len(rows) == len(CLASSES)
    assert rows["Lymphocyte"] == "proposes"
    assert rows["Variant lymphocyte"] == "only rolls up, as lymphocyte"
    assert rows["Plasma cell"] == "by hand"


def test_versions_refusals_and_what_is_never_proposed_are_told(dialog: ModelsDialog) -> None:
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "classifier-x, version 9.1" in said
    assert "detector-1, version 1.2" in said
    assert "The model bundle was refused." in said
    assert "Never proposes:" in said
    assert "plasma cell" in said


def test_it_fits_the_smallest_screen(dialog: ModelsDialog) -> None:
    hint = dialog.minimumSizeHint()
    assert hint.width() <= 1024
    assert hint.height() <= 700
