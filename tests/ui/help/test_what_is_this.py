"""Every flag and every column is explained, in plain sentences, with a place in the manual."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from bloodcells_gui.app import manual
from bloodcells_gui.domain import cell
from bloodcells_gui.domain.i18n import LANGUAGES, tr
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.differential.model import Column, DifferentialModel
from bloodcells_gui.ui.help.desk import HelpDesk
from bloodcells_gui.ui.help.explanations import COLUMNS, FLAGS, HERE, explanations
from bloodcells_gui.ui.help.topics import split
from bloodcells_gui.ui.help.what_is_this import ExplanationsModel, QuestionMark, WhatIsThis, keys_of
from bloodcells_gui.ui.help.window import ManualWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.desk import Desk
from tests.support.ui_classes import classes

SENTENCE_ENDS = re.compile(r"[.!?](?=\s|$)")


def test_every_flag_has_an_explanation() -> None:
    all_flags = {str(value) for name, value in vars(cell).items() if name.startswith("FLAG_")}
    assert len(all_flags) > 15
    assert all_flags == FLAGS.keys()


def test_every_column_has_an_explanation_and_shows_it(context: UiContext) -> None:
    assert set(Column) == COLUMNS.keys()
    model = DifferentialModel(context)
    for column in Column:
        tip = model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        assert str(tip).startswith(COLUMNS[column].text[:20])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", explanations())
def test_an_explanation_is_two_to_five_sentences_and_leads_into_the_manual(key: str, lang: str) -> None:
    found = explanations()[key]
    assert 2 <= len(SENTENCE_ENDS.findall(tr(found.text, lang))) <= 5
    page, anchor = split(found.topic)
    assert manual.page(page, lang).has(anchor)


def test_what_belongs_to_a_view_exists() -> None:
    known = classes()
    assert [name for name in HERE if name not in known] == []
    assert [key for keys in HERE.values() for key in keys if key not in explanations()] == []
    assert keys_of(None) == ()


def test_the_names_are_a_sound_model(qtmodeltester: ModelTester) -> None:
    model = ExplanationsModel()
    model.put_first(["scale", "column LIMITS", "no such key"])
    qtmodeltester.check(model)
    assert [model.key(row) for row in (0, 1)] == ["scale", "column LIMITS"]
    assert model.rowCount() == len(explanations())


@pytest.fixture
def help_desk(desk: Desk, context: UiContext, memory: WindowMemory) -> HelpDesk:
    return HelpDesk(desk.window, context, desk.workshop, memory)


def window_of(desk: Desk) -> WhatIsThis:
    found = desk.window.findChild(WhatIsThis)
    assert isinstance(found, WhatIsThis)
    return found


def press(widget: QWidget, qtbot: QtBot, modifier: Qt.KeyboardModifier) -> None:
    widget.setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_F1, modifier)


def test_shift_f1_explains_the_flags_of_the_chosen_cell(
    desk: Desk, help_desk: HelpDesk, qtbot: QtBot
) -> None:
    flagged = next(c.id for c in desk.session.cells if c.flags)
    desk.view.select_ids([flagged])
    press(desk.view, qtbot, Qt.KeyboardModifier.ShiftModifier)
    window = window_of(desk)
    assert window.isVisible()
    assert window.model.key(0) == desk.session.cell(flagged).flags[0]
    assert window.text.text() == FLAGS[window.model.key(0)].text
    qtbot.keyClick(window.list, Qt.Key.Key_Return)
    manual_window = desk.window.findChild(ManualWindow)
    assert isinstance(manual_window, ManualWindow)
    assert manual_window.isVisible()
    assert manual_window.place == split(FLAGS[window.model.key(0)].topic)
    qtbot.keyClick(window.list, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_shift_f1_in_the_table_begins_with_the_limits(desk: Desk, help_desk: HelpDesk, qtbot: QtBot) -> None:
    press(desk.page.differential.table, qtbot, Qt.KeyboardModifier.ShiftModifier)
    window = window_of(desk)
    assert window.model.key(0) == "column LIMITS"
    qtbot.keyClick(window.list, Qt.Key.Key_Down)
    assert window.title.text() == "Class"


def test_the_question_marks_are_reached_by_key_and_open_it(
    desk: Desk, help_desk: HelpDesk, qtbot: QtBot
) -> None:
    marks = desk.window.findChildren(QuestionMark)
    assert len(marks) >= 2
    for mark in marks:
        assert mark.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert mark.accessibleName() == "What is this?"
    desk.page.differential.question.setFocus()
    qtbot.keyClick(desk.page.differential.question, Qt.Key.Key_Space)
    assert window_of(desk).isVisible()


def test_f1_opens_the_part_of_the_view(desk: Desk, help_desk: HelpDesk, qtbot: QtBot) -> None:
    for widget, anchor in (
        (desk.view, "2-review"), (desk.page.differential.table, "the-table"),
        (desk.page.inspector.image, "the-chosen-cell"),
    ):  # fmt: skip
        desk.window.activateWindow()
        press(widget, qtbot, Qt.KeyboardModifier.NoModifier)
        found = desk.window.findChild(ManualWindow)
        assert isinstance(found, ManualWindow)
        assert found.place == ("technician", anchor)
        found.close()


def test_f1_in_a_modal_dialog_opens_a_manual_that_it_does_not_block(
    desk: Desk, help_desk: HelpDesk, qtbot: QtBot, context: UiContext
) -> None:
    from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog

    dialog = ReviewerDialog("", desk.window)
    qtbot.addWidget(dialog)
    dialog.open()
    assert QApplication.activeModalWidget() is dialog
    qtbot.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_F1)
    found = dialog.findChild(ManualWindow)
    assert isinstance(found, ManualWindow)
    assert found.isVisible()
    assert found.parent() is dialog
