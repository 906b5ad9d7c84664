"""Every window and view has its part of the manual, in every language."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDialog, QLabel, QWidget

from bloodcells_gui.app import manual
from bloodcells_gui.domain.i18n import LANGUAGES
from bloodcells_gui.ui.help.topics import REVIEW, START, TOPICS, split, topic_of
from tests.support.ui_classes import classes

#: Bases of windows, and the manual itself.
NO_VIEWS = {"Form", "ScrolledForm", "AccountForm", "ActForm", "ManualWindow"}


def test_every_dialog_has_a_topic() -> None:
    dialogs = {name for name, kind in classes().items() if issubclass(kind, QDialog)}
    assert len(dialogs) > 20
    assert sorted(dialogs - NO_VIEWS - TOPICS.keys()) == []


def test_every_line_of_the_table_is_a_class_that_exists() -> None:
    known = classes()
    assert [name for name in TOPICS if name not in known] == []
    assert [name for name in TOPICS if not issubclass(known[name], QWidget)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", TOPICS)
def test_a_topic_is_a_heading_in_every_language(view: str, lang: str) -> None:
    page, anchor = split(TOPICS[view])
    assert manual.page(page, lang).has(anchor), TOPICS[view]


def test_the_innermost_view_decides(qtbot) -> None:  # type: ignore[no-untyped-def]
    class CellMap(QWidget):
        pass

    class CasePage(QWidget):
        pass

    outer = CasePage()
    qtbot.addWidget(outer)
    inner = CellMap(outer)
    assert topic_of(QLabel(inner)) == "technician#the-map"
    assert topic_of(QLabel(outer)) == REVIEW
    assert topic_of(None) == START
