"""The line above a case."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.case_header import CaseHeader, Chip
from bloodcells_gui.ui.context import UiContext
from tests.support.fakes import FakeSession, make_cells


def test_the_header_shows_what_must_not_be_overlooked(qtbot: QtBot, context: UiContext) -> None:
    session = FakeSession(make_cells(50))
    header = CaseHeader(context, session)
    qtbot.addWidget(header)
    assert {c.accessibleName() for c in header.findChildren(Chip)} >= {"Synthetic", "Preliminary"}
    assert "0.105 µm/px (from red cells)" in header.facts_label.text()
