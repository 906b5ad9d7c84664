"""The preferences of workstations that share a database: whose is said, and a refused change is not lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.lab_settings import ChangedElsewhere
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.shared_settings import SettingsVersion, lab_document
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.screen_fit import FRAME
from bloodcells_gui.ui.settings.dialog import SettingsDialog

SHARED = LabSettings(lab_database="sqlite:///lab.db")


def version(number: int, settings: LabSettings) -> SettingsVersion:
    return SettingsVersion(number, 1.79e9, "bench-<b>1", "Ana & Bo", "1.0", "", lab_document(settings))


def texts(dialog: SettingsDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_whose_each_setting_is_stands_on_the_pages(qtbot: QtBot, context: UiContext) -> None:
    dialog = SettingsDialog(context, SHARED, version=version(7, SHARED))
    qtbot.addWidget(dialog)
    dialog.show()
    said = texts(dialog)
    assert "version 7" in said
    assert "Ana & Bo at bench-<b>1" in said
    assert "All of this page is for this workstation alone." in said
    assert "All of this page is the laboratory's" in said
    assert "For this one alone: Saved pictures of cells, Logo." in said


def test_the_first_version_names_nobody(qtbot: QtBot, context: UiContext) -> None:
    dialog = SettingsDialog(context, SHARED, version=replace(version(1, SHARED), reviewer=""))
    qtbot.addWidget(dialog)
    assert "?" not in dialog._whose.text()  # noqa: SLF001
    assert "at bench-<b>1" in dialog._whose.text()  # noqa: SLF001


def test_a_workstation_on_its_own_is_told_nothing_of_it(qtbot: QtBot, context: UiContext) -> None:
    dialog = SettingsDialog(context, LabSettings())
    qtbot.addWidget(dialog)
    assert "workstation alone" not in texts(dialog)


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [1024, 1366])
def test_the_buttons_stay_in_sight_on_a_small_screen(
    qtbot: QtBot, context: UiContext, lang: str, width: int
) -> None:
    context.language.choose(lang)
    try:
        why = "Dr. Anne-Marie Wojciechowska-Lefevre may not change the laboratory's rules. " * 2
        dialog = SettingsDialog(context, SHARED, version=version(7, SHARED), refusal=why)
        qtbot.addWidget(dialog)
        dialog.show()
        dialog.bring(Path("/nowhere/settings.json"))  # a second bar
        assert len(dialog.banners.banners) == 2
        for row in range(dialog.stack.count()):
            dialog.list.setCurrentIndex(dialog.list.model().index(row, 0))
            dialog.resize(width - FRAME.width(), 768 - FRAME.height())
            qtbot.wait(30)
            assert dialog.width() <= width - FRAME.width(), row
            assert dialog.height() <= 768 - FRAME.height(), row
            for button in dialog.buttons.buttons():
                low = button.mapTo(dialog, button.rect().bottomRight())
                assert dialog.rect().contains(low), row
                assert button.visibleRegion().boundingRect() == button.rect(), row
    finally:
        context.language.choose("en")


def test_what_another_station_changed_is_shown_before_it_is_kept(qtbot: QtBot, context: UiContext) -> None:
    kept: list[LabSettings] = []
    newest = replace(SHARED, target_cells=400)

    def keep(wanted: LabSettings, seen: LabSettings) -> None:
        if seen == SHARED:
            raise ChangedElsewhere(version(8, newest), seen, wanted)
        assert seen == newest
        kept.append(wanted)

    dialog = SettingsDialog(context, SHARED, keep=keep, version=version(7, SHARED))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.fill(replace(SHARED, paper="letter"))
    dialog.accept()
    assert dialog.isVisible()
    assert "Leukocytes to count" in dialog.banners.banners[0].texts[0]
    assert dialog.answer() == replace(SHARED, paper="letter", target_cells=400)
    assert not kept
    dialog.accept()
    assert kept == [replace(SHARED, paper="letter", target_cells=400)]
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_what_cannot_be_kept_stays_in_the_form(qtbot: QtBot, context: UiContext) -> None:
    def keep(_wanted: LabSettings, _seen: LabSettings) -> None:
        raise UserError("The laboratory's settings cannot be changed now.")

    dialog = SettingsDialog(context, SHARED, keep=keep)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.fill(replace(SHARED, paper="letter"))
    dialog.accept()
    assert dialog.isVisible()
    assert dialog.answer().paper == "letter"
