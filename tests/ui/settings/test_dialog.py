"""The preferences: every page reads what it shows, bad values are told, the file goes out and comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QDialogButtonBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.settings_file import validate_round_trip
from bloodcells_gui.domain.grading import DEFAULT_GRADING, GradeItem
from bloodcells_gui.domain.ranges import OWN, PUBLISHED
from bloodcells_gui.domain.reader_limits import ReaderMatrix
from bloodcells_gui.domain.settings import DEFAULT_FIELDS, FieldSpec, LabSettings
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import DropDialog
from bloodcells_gui.ui.settings.dialog import SettingsDialog
from bloodcells_gui.ui.settings.form_pages import FieldsPage, GradingPage
from bloodcells_gui.ui.settings.form_tables import FieldsModel, GradingModel
from bloodcells_gui.ui.settings.pages import CountingPage, KeysPage, Page, RangesPage, RulesPage
from bloodcells_gui.ui.settings.quality_page import QualityPage
from bloodcells_gui.ui.settings.tables import RangesModel, RulesModel
from bloodcells_gui.ui.settings.watch_page import WatchPage


@pytest.fixture
def dialog(qtbot: QtBot, context: UiContext) -> SettingsDialog:
    dialog = SettingsDialog(context, LabSettings())
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def page(dialog: SettingsDialog, kind: type[Page]) -> Page:
    return next(p for p in dialog.pages if isinstance(p, kind))


def test_untouched_it_gives_back_what_it_got(dialog: SettingsDialog) -> None:
    assert dialog.answer() == LabSettings()


def test_arrows_go_from_page_to_page(dialog: SettingsDialog) -> None:
    dialog.list.setFocus()
    for expected in range(1, len(dialog.pages)):
        QTest.keyClick(dialog.list, Qt.Key.Key_Down)
        assert dialog.stack.currentIndex() == expected
        dialog.grab()


def test_rules_are_switched_and_their_thresholds_edited(dialog: SettingsDialog) -> None:
    rules = page(dialog, RulesPage)
    assert isinstance(rules, RulesPage)
    model = rules.model
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    on, limit = model.index(0, RulesModel.ON), model.index(0, RulesModel.THRESHOLD)
    assert model.setData(on, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert model.setData(limit, "3,5")
    assert not model.setData(limit, "many")
    assert not model.setData(limit, "-1")
    first = dialog.answer().rules[0]
    assert (first.enabled, first.threshold) == (False, 3.5)


def test_own_ranges_begin_with_a_published_set(dialog: SettingsDialog) -> None:
    ranges = page(dialog, RangesPage)
    assert isinstance(ranges, RangesPage)
    QAbstractItemModelTester(ranges.model, QAbstractItemModelTester.FailureReportingMode.Fatal, ranges.model)
    assert not ranges.model.setData(ranges.model.index(1, RangesModel.LOW), "1.9")
    QTest.mouseClick(ranges.copy, Qt.MouseButton.LeftButton)
    assert dialog.answer().range_set == OWN
    assert dialog.answer().own_ranges == PUBLISHED["oxford"].ranges
    assert ranges.model.setData(ranges.model.index(1, RangesModel.LOW), "1.9")
    assert not ranges.model.setData(ranges.model.index(1, RangesModel.HIGH), "1.0")
    assert ranges.model.setData(ranges.model.index(1, RangesModel.SEX), "f")
    ranges.model.add("MONOCYTE")
    ranges.model.remove(0)
    own = dialog.answer().own_ranges
    assert (own[0].item, own[0].low, own[0].sex, own[-1].item) == ("NEUTROPHIL", 1.9, "F", "MONOCYTE")
    ranges.sets.setCurrentIndex(0)
    assert dialog.answer().own_ranges == own


def test_keys_are_exchanged_and_reserved_ones_refused(dialog: SettingsDialog) -> None:
    keys = page(dialog, KeysPage)
    assert isinstance(keys, KeysPage)
    assert keys.model.setData(keys.model.index(0, 1), "a")
    assert not keys.model.setData(keys.model.index(0, 1), "n")
    assert dialog.answer().key_map["SNE"] == "A"
    assert dialog.answer().key_map["BNE"] == "Q"


def test_fields_are_added_renamed_moved_hidden_and_removed(dialog: SettingsDialog) -> None:
    fields = page(dialog, FieldsPage)
    assert isinstance(fields, FieldsPage)
    model = fields.fields
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    names = [f.name for f in model.records]
    fields.name.setText("Ward é/2")
    QTest.mouseClick(fields.add, Qt.MouseButton.LeftButton)
    row = fields.row
    assert model.records[row] == FieldSpec("ward_e_2", "Ward é/2")
    assert model.setData(model.index(row, FieldsModel.KIND), "choice")
    assert not model.setData(model.index(row, FieldsModel.KIND), "picture")
    assert model.setData(model.index(row, FieldsModel.GROUP), "patient")
    assert model.setData(model.index(row, FieldsModel.UNIT), "floor")
    identifying = model.index(row, FieldsModel.IDENTIFYING)
    assert model.setData(identifying, Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    dialog.list.setCurrentIndex(dialog.list.model().index(dialog.pages.index(fields), 0))
    QTest.keyClicks(fields.choices, "North; South;; North")
    fields.choices.editingFinished.emit()
    QTest.mouseClick(fields.up, Qt.MouseButton.LeftButton)
    wanted = FieldSpec(
        "ward_e_2", "Ward é/2", "patient", "choice", ("", "North", "South"), "floor", identifying=True
    )
    assert dialog.answer().fields[-2] == wanted
    fields.select(0)
    assert not fields.remove.isEnabled()
    shown = model.index(0, FieldsModel.SHOWN)
    assert model.setData(shown, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert not model.setData(model.index(0, FieldsModel.KIND), "number")
    assert model.setData(model.index(0, FieldsModel.LABEL), "Name\x00 of\npatient")
    assert dialog.answer().fields[0] == replace(DEFAULT_FIELDS[0], shown=False, label="Name of patient")
    settings, problems = validate_round_trip(dialog.answer())
    assert (settings.fields, problems) == (dialog.answer().fields, [])
    fields.select(len(names) - 1)
    QTest.mouseClick(fields.remove, Qt.MouseButton.LeftButton)
    assert sorted(f.name for f in dialog.answer().fields) == sorted(names)


def test_thresholds_of_grades_are_edited_and_never_cross(dialog: SettingsDialog) -> None:
    grading = page(dialog, GradingPage)
    assert isinstance(grading, GradingPage)
    model = grading.grading
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    moderate, many = model.index(0, GradingModel.MODERATE), model.index(0, GradingModel.MANY)
    assert model.setData(moderate, "12,5")
    assert model.setData(many, "10")
    assert (dialog.answer().grading[0].moderate_from, dialog.answer().grading[0].many_above) == (10, 10)
    assert not model.setData(many, "101")
    assert model.setData(many, "")
    assert dialog.answer().grading[0].grade(50) == "present"
    row = model.add("Mott cells")
    assert model.setData(model.index(row, GradingModel.GROUP), "white cells")
    assert model.setData(model.index(row, GradingModel.MODERATE), "3")
    wanted = GradeItem("mott-cells", "Mott cells", "white cells", 3, 3)
    assert wanted in dialog.answer().grading
    settings, problems = validate_round_trip(dialog.answer())
    assert (settings.grading, problems) == (dialog.answer().grading, [])
    model.remove(0)
    assert dialog.answer().grading[0].id == "anisocytosis"
    model.remove(row)
    assert len(dialog.answer().grading) == len(DEFAULT_GRADING)


def test_the_kind_is_chosen_from_a_list(qtbot: QtBot, dialog: SettingsDialog) -> None:
    fields = page(dialog, FieldsPage)
    assert isinstance(fields, FieldsPage)
    dialog.list.setCurrentIndex(dialog.list.model().index(dialog.pages.index(fields), 0))
    row = fields.fields.add("Ward")
    fields.view.setCurrentIndex(fields.fields.index(row, FieldsModel.KIND))
    fields.view.edit(fields.view.currentIndex())
    combo = fields.view.findChild(QComboBox)
    assert combo is not None
    assert combo.currentText() == "text"
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert dialog.answer().fields[-1].kind == "lines"
    qtbot.waitUntil(lambda: fields.view.findChild(QComboBox) is None)


def test_what_would_fall_back_is_told_and_keeps_the_dialog_open(dialog: SettingsDialog) -> None:
    counting = page(dialog, CountingPage)
    counting.reads("target_counts", lambda: (100, "many"))
    QTest.mouseClick(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert "target_counts" in dialog.banners.banners[0].texts[1]
    counting.reads("target_counts", lambda: (100, 200))
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.answer().target_counts == (100, 200)


def test_the_file_goes_out_and_comes_back_and_a_bad_key_is_told(
    dialog: SettingsDialog, tmp_path: Path
) -> None:
    path = tmp_path / "lab.json"
    dialog.fill(replace(LabSettings(), target_cells=200, nrbc_threshold=10.0))
    dialog.pass_on(path)
    obj = json.loads(path.read_text("utf-8"))
    assert obj["target_cells"] == 200
    obj["target_cells"] = "two hundred"
    obj["nrbc_threshold"] = 7.0
    path.write_text(json.dumps(obj), "utf-8")
    dialog.bring(path)
    assert "target_cells" in dialog.banners.banners[0].texts[1]
    assert (dialog.answer().target_cells, dialog.answer().nrbc_threshold) == (100, 7.0)
    path.write_text("{", "utf-8")
    dialog.bring(path)
    assert "cannot be used" in dialog.banners.banners[0].texts[0]
    assert dialog.answer().nrbc_threshold == 7.0


def test_the_confusion_matrix_of_an_evaluation_is_taken_and_put_away(
    dialog: SettingsDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    quality = page(dialog, QualityPage)
    assert isinstance(quality, QualityPage)
    row = quality.reader
    assert (row.state.text(), row.remove.isEnabled()) == ("Not in the report", False)
    matrix = ReaderMatrix("five", ("NEUTROPHIL", "LYMPHOCYTE"), ((40, 2), (1, 57)), day="2026-11-29")
    path = tmp_path / "evaluation.json"
    path.write_text("{}", encoding="utf-8")
    row.take(path)
    qtbot.waitUntil(lambda: "holds no confusion matrix" in row.state.text())
    assert dialog.answer().reader_matrix is None
    path.write_text(json.dumps({"reader_matrix": matrix.to_json_obj()}), encoding="utf-8")
    row.take(path)
    qtbot.waitUntil(lambda: row.matrix is not None)
    assert dialog.answer().reader_matrix == matrix
    assert row.state.text().startswith("Confusion matrix: evaluation of 2026-11-29, 100 cells")
    QTest.mouseClick(row.remove, Qt.MouseButton.LeftButton)
    assert dialog.answer().reader_matrix is None


@pytest.fixture
def watch(dialog: SettingsDialog) -> WatchPage:
    found = page(dialog, WatchPage)
    assert isinstance(found, WatchPage)
    dialog.list.setCurrentIndex(dialog.list.model().index(dialog.pages.index(found), 0))
    found.on.setChecked(True)
    dialog.activateWindow()
    return found


def test_enter_in_the_path_of_the_watched_folder_takes_it(dialog: SettingsDialog, watch: WatchPage) -> None:
    watch.folder.setFocus()
    QTest.keyClicks(watch.folder, "/srv/scanner")
    QTest.keyClick(watch.folder, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.answer().watch.folder == "/srv/scanner"


def test_enter_on_the_list_of_pages_keeps_the_dialog_open(dialog: SettingsDialog) -> None:
    dialog.activateWindow()
    dialog.list.setFocus()
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    assert dialog.isVisible()


def answer_question(press: str) -> None:
    """Press a button of the question about changes as soon as it is asked."""

    def look() -> None:
        asked = QApplication.activeModalWidget()
        assert isinstance(asked, DropDialog)
        next(b for b in asked.findChildren(QPushButton) if b.text() == press).click()

    QTimer.singleShot(0, look)


def test_esc_drops_no_changes_without_a_word(dialog: SettingsDialog, watch: WatchPage) -> None:
    watch.folder.setFocus()
    QTest.keyClicks(watch.folder, "/srv/scanner")
    answer_question("&Go on editing")
    QTest.keyClick(watch.folder, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert watch.folder.text() == "/srv/scanner"
    answer_question("&Drop them")
    QTest.keyClick(watch.folder, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_esc_without_changes_and_cancel_ask_nothing(dialog: SettingsDialog, watch: WatchPage) -> None:
    dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel).click()
    assert not dialog.isVisible()
    dialog.show()
    watch.on.setChecked(False)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_mistyped_address_of_a_cluster_is_refused_with_the_reason(
    dialog: SettingsDialog, qtbot: QtBot
) -> None:
    dialog.pages[0].cluster.setText("locla:2")  # type: ignore[attr-defined]
    dialog.accept()
    assert dialog.isVisible()
    assert dialog.result() != QDialog.DialogCode.Accepted
    said = " ".join(label.text() for label in dialog.banners.findChildren(QLabel))
    assert "Cluster for analyses (cluster)" in said
    assert "local:N" in said
    dialog.pages[0].cluster.setText(" local:2 ")  # type: ignore[attr-defined]
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.answer().cluster == "local:2"
