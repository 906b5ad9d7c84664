"""A folder of pictures into the library by the window; beside the chosen cell by class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.app.reference_pictures import plan_pictures
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.inspector.references_tab import ReferencesTab
from bloodcells_gui.ui.reference_library.pictures_dialog import Column, PicturesDialog
from bloodcells_gui.ui.reference_library.window import LibraryWindow
from tests.support.watching import picture


@pytest.fixture
def shelf(tmp_path: Path, context: UiContext) -> Iterator[ReferenceLibraryController]:
    shelf = context.library = ReferenceLibraryController(tmp_path / "home")
    yield shelf
    shelf.close()


@pytest.fixture
def atlas(tmp_path: Path) -> Path:
    for number, name in enumerate(("MO/a.png", "MO/b.png", "NEU_1.png", "IMG_1.png")):
        picture(tmp_path / "atlas" / name, number)
    (tmp_path / "atlas" / "notes.pdf").write_bytes(b"%PDF-1.7 x")
    return tmp_path / "atlas"


def test_nothing_is_accepted_before_all_is_said(qtbot: QtBot, context: UiContext, atlas: Path) -> None:
    dialog = PicturesDialog(context, plan_pictures(atlas))
    qtbot.addWidget(dialog)
    dialog.show()
    QAbstractItemModelTester(dialog.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert dialog.focusWidget() is dialog.source
    QTest.keyClicks(dialog.source, "Atlas of ours")
    dialog.licence.setEditText("CC0 1.0")
    assert not ok.isEnabled()
    labels = [dialog.model.index(row, Column.NAME).data() for row in range(3)]
    assert labels == ["IMG…", "NEU…", "MO/"]
    for row, choose in ((0, "Leave out"), (1, "Band neutrophil")):
        box = dialog.table.indexWidget(dialog.model.index(row, Column.CLASS))
        assert isinstance(box, QComboBox)
        assert box.currentText() == "Choose…"
        box.setCurrentIndex(box.findText(choose))
        box.activated.emit(box.currentIndex())
    assert ok.isEnabled()
    codes, source, licence, scale = dialog.answer()
    assert codes == {"IMG…": "", "NEU…": "BNE", "MO/": "MO"}
    assert (source, licence, scale) == ("Atlas of ours", "CC0 1.0", None)
    dialog.source.clear()
    assert not ok.isEnabled()


def test_names_of_folders_are_read_and_never_rendered(
    qtbot: QtBot, context: UiContext, tmp_path: Path
) -> None:
    picture(tmp_path / "<b>atlas" / "<i>mine" / "x.png", 1)
    dialog = PicturesDialog(context, plan_pictures(tmp_path / "<b>atlas"))
    qtbot.addWidget(dialog)
    lead = next(label for label in dialog.findChildren(QLabel) if "<b>atlas" in label.text())
    assert lead.textFormat() is Qt.TextFormat.PlainText
    name = dialog.model.index(0, Column.NAME)
    assert name.data() == "<i>mine/"
    assert name.data(Qt.ItemDataRole.ToolTipRole) == "<qt>&lt;i&gt;mine/</qt>"


def test_what_a_name_may_mean_comes_first(qtbot: QtBot, context: UiContext, atlas: Path) -> None:
    dialog = PicturesDialog(context, plan_pictures(atlas))
    qtbot.addWidget(dialog)
    assert [code for _, code in dialog.model.choices(1)][2:4] == ["SNE", "BNE"]


def test_a_folder_comes_into_the_library_and_can_be_taken_out(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, atlas: Path
) -> None:
    window = LibraryWindow(context, shelf, "B. Reader", pool)
    qtbot.addWidget(window)
    window.show()
    plan = plan_pictures(atlas)
    codes = {"IMG…": "", "NEU…": "BNE", "MO/": "MO"}
    window.desk.take(plan, codes, "Atlas of ours", "CC0 1.0", None, "B. Reader")
    qtbot.waitUntil(lambda: window.model.rowCount() == 3, timeout=20_000)
    assert "scale not known" in window.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "CC0 1.0" in window.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    (banner,) = window.banners.banners
    assert "3 pictures" in banner.texts[0]
    assert "notes.pdf" in banner.texts[1]
    next(b for b in banner.findChildren(QPushButton) if "out again" in b.text()).click()
    qtbot.waitUntil(lambda: window.model.rowCount() == 0, timeout=20_000)
    window.desk.stop()


def test_pictures_of_the_class_stand_beside_the_cell(
    qtbot: QtBot, context: UiContext, shelf: ReferenceLibraryController, pool: QThreadPool, atlas: Path
) -> None:
    window = LibraryWindow(context, shelf, "B. Reader", pool)
    qtbot.addWidget(window)
    codes = {"IMG…": "", "NEU…": "BNE", "MO/": "MO"}
    window.desk.take(plan_pictures(atlas), codes, "Atlas of ours", "CC0 1.0", None, "B. Reader")
    qtbot.waitUntil(lambda: len(shelf.entries()) == 3, timeout=20_000)
    tab = ReferencesTab(context)
    qtbot.addWidget(tab)
    tab.show_class("MO")
    tab.show()
    assert tab.model is not None
    assert tab.model.rowCount() == 2
    assert "Atlas of ours" in tab.origin.text()
    tab.show_class("BL")
    assert tab.model.rowCount() == 0
    assert "no picture of this class" in tab.empty.text()
    tab.choice.setCurrentIndex(tab.choice.findData("BNE"))  # the one that the person picks
    assert tab.model.rowCount() == 1
    tab.show_class("BL")  # the same cell: the choice stays
    assert tab.model.rowCount() == 1
    window.desk.stop()
