"""The forms of a signature and of an amendment."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.signing import SigningCheck
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog, UnsavedCommentDialog


def ok_button(dialog: object) -> QPushButton:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)  # type: ignore[attr-defined]


def test_signing_waits_for_checks_name_and_explanation(qtbot: QtBot, context: UiContext) -> None:
    waiting = SigningCheck("{n} cells are still unidentified.", (("n", "3"),), cells=(1, 2, 3))
    blocked = SignDialog(context, "A. Technician", [waiting])
    qtbot.addWidget(blocked)
    blocked.name.setText("A. Technician")
    assert not ok_button(blocked).isEnabled()
    show = next(b for b in blocked.findChildren(QPushButton) if b.text() == "Show")
    with qtbot.waitSignal(blocked.cells_wanted) as caught:
        show.click()
    assert caught.args == [(1, 2, 3)]
    doubtful = SignDialog(
        context, "A. Technician", [SigningCheck("Target not reached.", blocking=False, id="target")]
    )
    qtbot.addWidget(doubtful)
    doubtful.name.setText("A. Technician")
    assert not ok_button(doubtful).isEnabled()
    doubtful.fields["target"].setText("leukopenic")
    assert ok_button(doubtful).isEnabled()
    clear = SignDialog(context, "A. Technician")
    qtbot.addWidget(clear)
    assert not ok_button(clear).isEnabled()
    clear.name.setText(" A.  Technician ")
    assert clear.answer()[0] == "A. Technician"
    assert ok_button(clear).isEnabled()


def test_another_name_than_the_reviewers_is_asked_about(qtbot: QtBot, context: UiContext) -> None:
    dialog = SignDialog(context, "A. Technician")
    tried: list[str] = []
    dialog.attempt = lambda _: bool(tried.append(dialog.answer()[0])) or True
    qtbot.addWidget(dialog)
    dialog.show()
    QTest.keyClicks(dialog.name, "Nobody Else")
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.question.text() == "You review as A. Technician. Sign as Nobody Else?"
    assert dialog.question.isVisible()
    assert not ok_button(dialog).isEnabled()
    QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)  # a second Enter is no answer
    assert dialog.isVisible()
    assert tried == []
    dialog.name.setText("Nobody")
    assert not dialog.question.isVisible()  # another name is asked about anew
    ok_button(dialog).click()
    assert tried == []
    QTest.keyClick(dialog.meant, Qt.Key.Key_Space)
    ok_button(dialog).click()
    assert tried == ["Nobody"]
    assert not dialog.isVisible()


@pytest.mark.parametrize("typed", ["a. technician", "  A.   TECHNICIAN "])
def test_case_and_blanks_make_no_other_name(qtbot: QtBot, context: UiContext, typed: str) -> None:
    dialog = SignDialog(context, "A. Technician")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.name.setText(typed)
    dialog.accept()
    assert not dialog.isVisible()


def test_an_amendment_needs_a_reason(qtbot: QtBot, context: UiContext) -> None:
    dialog = AmendDialog(context)
    qtbot.addWidget(dialog)
    assert not ok_button(dialog).isEnabled()
    dialog.reason.setText("wrong patient")
    assert ok_button(dialog).isEnabled()


def test_a_comment_of_another_person_says_whose_it_is(qtbot: QtBot, context: UiContext) -> None:
    dialog = UnsavedCommentDialog("Blasts?", typed_by="Anna Roth")
    qtbot.addWidget(dialog)
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "Anna Roth typed it. It would be missing" in said
