"""Every dialog opens ready to be typed into; no blank presses a button, Enter in a field means OK."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.signing import SigningCheck
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import ImagePlace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.counter.dialog import CountDialog
from bloodcells_gui.ui.dialogs.about import AboutDialog
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.keys import KeyMapDialog
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog
from bloodcells_gui.ui.reference_library.window import NoteDialog
from bloodcells_gui.ui.settings.dialog import SettingsDialog

Key = Qt.Key
DOUBT = SigningCheck("Few cells.", blocking=False)
PLACES = [ImagePlace(n, Path("/data/smear") / n, 3, ()) for n in ("a", "b")]

MAKERS: dict[str, Callable[[UiContext], Form]] = {
    "who reviews": lambda c: ReviewerDialog("A. Technician"),
    "who reviews, nobody yet": lambda c: ReviewerDialog(),
    "count by hand": lambda c: CountDialog(),
    "new analysis": lambda c: OpenOptionsDialog(c, Path("/data/smear")),
    "new analysis of several folders": lambda c: OpenOptionsDialog(c, Path("/data/smear"), places=PLACES),
    "amend": AmendDialog,
    "library note": lambda c: NoteDialog(count=3),
    "export": lambda c: ExportDialog(c, LabSettings(), Path("/data/out")),
    "sign": lambda c: SignDialog(c, "A. Technician"),
    "sign with words": lambda c: SignDialog(c, "A. Technician", [DOUBT]),
    "keys": lambda c: KeyMapDialog(c, LabSettings()),
    "settings": lambda c: SettingsDialog(c, LabSettings(), "settings.json"),
    "about": lambda c: AboutDialog(),
}


def shown(qtbot: QtBot, dialog: QDialog) -> QWidget:
    """Show the dialog as its callers do and say where the focus is."""
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    focus = QApplication.focusWidget()
    assert focus is not None
    return focus


def type_text(text: str) -> None:
    """Type into whatever has the focus, key by key, as a keyboard does."""
    for letter in text:
        focus = QApplication.focusWidget()
        assert focus is not None, "a key closed the dialog"
        QTest.keyClicks(focus, letter)


@pytest.mark.parametrize("name", MAKERS)
def test_a_dialog_opens_with_the_focus_in_a_field(qtbot: QtBot, context: UiContext, name: str) -> None:
    dialog = MAKERS[name](context)
    focus = shown(qtbot, dialog)
    assert dialog.isAncestorOf(focus)
    assert not isinstance(focus, QAbstractButton)
    QTest.keyClick(focus, Key.Key_Space)
    assert dialog.isVisible()
    dialog.reject()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("who reviews", lambda d: d.answer()),
        ("who reviews, nobody yet", lambda d: d.answer()),
        ("count by hand", lambda d: d.answer()),
        ("amend", lambda d: d.answer()),
        ("library note", lambda d: d.answer()),
        ("export", lambda d: str(d.answer()[0])),
    ],
)
def test_what_is_typed_first_is_the_answer_and_enter_accepts_it(
    qtbot: QtBot, context: UiContext, name: str, answer: Callable[[Form], str]
) -> None:
    """Names with blanks: the blank pressed Cancel before."""
    dialog = MAKERS[name](context)
    shown(qtbot, dialog)
    type_text("B. Reader 2")
    assert answer(dialog) == "B. Reader 2"
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert not dialog.isVisible()


@pytest.mark.parametrize("places", [(), PLACES])
def test_a_scanners_text_and_enter_land_in_the_specimen_number(
    qtbot: QtBot, context: UiContext, places: list[ImagePlace]
) -> None:
    dialog = OpenOptionsDialog(context, Path("/data/smear"), places=places)
    assert shown(qtbot, dialog) is dialog.specimen_id
    type_text("26-001 234")
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Return)
    assert dialog.isVisible()  # the scale and the white cell count can still be given
    assert dialog.options().specimen_id == "26-001 234"
    assert QApplication.focusWidget() is dialog.specimen_id  # where the next scan replaces it
    dialog.found.one.setChecked(True)
    QTest.qWait(60)  # a second Enter at once is a scanner's line feed
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Enter)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.options().kind == "auto"


def test_enter_in_a_field_never_presses_another_button(qtbot: QtBot, context: UiContext) -> None:
    """The buttons “Choose…” and “Show”, beside the folder and a check, are push buttons too."""
    for name, make in MAKERS.items():
        dialog = make(context)
        shown(qtbot, dialog)
        for button in dialog.findChildren(QPushButton):
            if button not in dialog.buttons.buttons():
                assert not button.autoDefault(), f"{name}: {button.text()}"
        dialog.reject()


def test_a_second_opening_leaves_the_focus_where_the_person_put_it(qtbot: QtBot, context: UiContext) -> None:
    dialog = SignDialog(context, "A. Technician", [DOUBT])
    assert shown(qtbot, dialog) is not dialog.name
    dialog.name.setFocus()
    dialog.hide()
    dialog.show()
    assert isinstance(dialog.focusWidget(), QLineEdit)
    assert dialog.focusWidget() is dialog.name
    dialog.reject()


def tab_through(dialog: QDialog, presses: int) -> list[QWidget]:
    passed = []
    for _ in range(presses):
        focus = QApplication.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, Key.Key_Tab)
        now = QApplication.focusWidget()
        assert now is not None
        passed.append(now)
    return passed


def test_enter_signs_after_tab_went_through_cancel(qtbot: QtBot, context: UiContext) -> None:
    dialog = SignDialog(context, "A. Technician", [replace(DOUBT, id="few")])
    shown(qtbot, dialog)
    type_text("Dry tap")
    tab_through(dialog, 4)  # Cancel is among these, because Sign is disabled
    dialog.name.setFocus()
    type_text("A. Technician")
    QTest.keyClick(dialog.name, Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_tab_goes_from_the_last_answer_to_meaning_and_name(qtbot: QtBot, context: UiContext) -> None:
    dialog = SignDialog(context, "A. Technician", [replace(DOUBT, id="few")])
    shown(qtbot, dialog)
    type_text("Dry tap")
    assert tab_through(dialog, 2) == [dialog.meaning, dialog.name]


def test_enter_on_cancel_cancels_and_in_a_field_with_ok_disabled_does_nothing(
    qtbot: QtBot, context: UiContext
) -> None:
    dialog = AmendDialog(context)
    shown(qtbot, dialog)
    tab_through(dialog, 1)
    dialog.reason.setFocus()
    QTest.keyClick(dialog.reason, Key.Key_Return)
    assert dialog.isVisible()
    type_text("Wrong patient")
    cancel = dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel)
    cancel.setFocus()
    QTest.keyClick(cancel, Key.Key_Return)
    assert not dialog.isVisible()
    assert dialog.result() == QDialog.DialogCode.Rejected


def test_a_number_scanned_twice_changes_no_choice(qtbot: QtBot, context: UiContext) -> None:
    dialog = OpenOptionsDialog(context, Path("/data/smear"))
    shown(qtbot, dialog)
    type_text("S-1002")
    QTest.keyClick(dialog.specimen_id, Key.Key_Return)
    before = [(box, box.currentIndex()) for box in dialog.findChildren(QComboBox)]
    assert before
    for box, at in before:
        box.setFocus()
        QTest.keyClicks(box, "S-1002 FCcs")
        assert box.currentIndex() == at
        QTest.keyClick(box, Key.Key_Escape)  # a blank opens the list
    kind = before[0][0]
    QTest.keyClick(kind, Key.Key_Down)
    assert kind.currentIndex() == before[0][1] + 1
    dialog.reject()


def test_words_typed_into_the_meaning_of_a_signature_change_nothing(qtbot: QtBot, context: UiContext) -> None:
    dialog = SignDialog(context, "A. Technician")
    shown(qtbot, dialog)
    dialog.meaning.setFocus()
    QTest.keyClicks(dialog.meaning, "Approved")
    assert dialog.meaning.currentIndex() == 0
    dialog.reject()
