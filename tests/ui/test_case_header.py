"""The line above a case."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from bloodcells_gui.domain import scale_messages as messages
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.ui.case_header import CaseHeader, Chip
from bloodcells_gui.ui.context import UiContext
from tests.support.fakes import FakeSession, make_cells


def test_the_header_shows_what_must_not_be_overlooked(qtbot: QtBot, context: UiContext) -> None:
    session = FakeSession(make_cells(50))
    header = CaseHeader(context, session)
    qtbot.addWidget(header)
    assert {c.accessibleName() for c in header.findChildren(Chip)} >= {"Synthetic", "Preliminary"}
    assert "0.105 µm/px (from red cells)" in header.facts_label.text()


def test_an_unsure_scale_tells_its_limits_and_what_it_rests_on(qtbot: QtBot, context: UiContext) -> None:
    header = CaseHeader(context, FakeSession(make_cells(5)))
    qtbot.addWidget(header)
    header.scale_known(
        ScaleEstimate(0.1, ScaleSource.PRIOR, 0.095, 16, messages.WARNING_KINDS, messages.BASIS_KINDS)
    )
    tip = header.facts_label.toolTip()
    assert "68 % limits 0.091 to 0.11" in tip
    assert "by kind" in tip
    (chip,) = (c for c in header.findChildren(Chip) if c.accessibleName() == "Scale uncertain")
    assert chip.toolTip() == tip
