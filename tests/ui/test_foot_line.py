"""The line at the foot of the window."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QMainWindow
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.foot_line import fill_foot, show_reviewer
from bloodcells_gui.ui.i18n import tr


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_long_name_never_cuts_the_notice(qtbot: QtBot, context: UiContext, lang: str) -> None:
    context.language.choose(lang)
    try:
        window = QMainWindow()
        qtbot.addWidget(window)
        saved, person = fill_foot(window.statusBar())
        saved.setText(tr("Every decision is saved"))
        show_reviewer(person, "Wojciechowska " * 5 + "Lefevre-XY")
        window.resize(1024, 300)
        window.show()
        qtbot.waitExposed(window)
        notice = next(
            label for label in window.statusBar().findChildren(QLabel) if label not in (saved, person)
        )
        assert window.width() == 1024
        assert notice.visibleRegion().boundingRect().width() >= notice.sizeHint().width()
        assert person.text().endswith("…")
        shown = person.fontMetrics().horizontalAdvance(person.text())
        assert shown <= person.contentsRect().width()  # the dots that say so are seen too
        show_reviewer(person, "A. B.")
        qtbot.wait(30)
        assert person.text().endswith("A. B.")
        assert person.geometry().left() >= notice.geometry().right()
    finally:
        context.language.choose("en")


def test_a_name_from_right_to_left_turns_no_sentence(qtbot: QtBot, context: UiContext) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1024, 300)
    _, person = fill_foot(window.statusBar())
    window.show()
    show_reviewer(person, "ليلى حداد")
    assert person.accessibleName() == "Reviewer: \u2068ليلى حداد\u2069"
    said = context.language.text("{name} may not {act}.", name="ليلى حداد", act="sign reports")
    assert said == "\u2068ليلى حداد\u2069 may not sign reports."
