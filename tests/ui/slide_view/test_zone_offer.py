"""The offer to analyse a zone: what it says, and that one key begins."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.continuing import area_mm2, seconds_per_mm2
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.slide_view.zone_offer import ZoneOffer
from tests.support.case_tools import a_run

SQUARE = [(0.0, 0.0), (4000.0, 0.0), (4000.0, 4000.0), (0.0, 4000.0)]
RUN = replace(
    a_run(),
    started="2026-01-01T10:00:00Z",
    finished="2026-01-01T10:01:00Z",
    record=RunRecord(counts=RunCounts(searched_mm2=2.0)),
)


def test_area_and_pace_are_those_of_the_zone_and_of_the_runs() -> None:
    assert area_mm2(SQUARE, 0.25) == pytest.approx(1.0)
    assert area_mm2(SQUARE[::-1], 0.25) == pytest.approx(1.0)
    assert area_mm2(SQUARE, float("nan")) is None
    assert area_mm2(SQUARE[:2], 0.25) is None
    assert seconds_per_mm2([RUN]) == pytest.approx(30.0)
    assert seconds_per_mm2([RUN, replace(RUN, finished="2026-01-01T10:05:00Z")]) == pytest.approx(90.0)
    assert seconds_per_mm2([replace(RUN, finished=""), a_run()]) is None


def test_the_offer_names_area_and_time_and_is_taken_once(qtbot: QtBot, context: UiContext) -> None:
    over = QWidget()
    qtbot.addWidget(over)
    over.resize(800, 400)
    over.show()
    offer = ZoneOffer(context, over)
    taken: list[bool] = []
    offer.accepted.connect(lambda: taken.append(True))
    offer.accept()
    assert taken == []  # nothing is on offer
    offer.offer(SQUARE, 0.25, [RUN])
    assert offer.isVisible()
    assert "1.00" in offer.text.text()
    assert context.language.duration(30.0) in offer.text.text()
    offer.accept()
    offer.accept()
    assert taken == [True]
    assert not offer.isVisible()
    offer.offer(SQUARE, 0.25, [])
    assert "1.00" in offer.text.text()
    offer.offer([], 0.25, [RUN])
    assert not offer.isVisible()
