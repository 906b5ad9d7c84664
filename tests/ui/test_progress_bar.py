"""The bar of a running analysis."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.progress_bar import AnalysisBar


def test_progress_says_cells_rate_and_time_left(qtbot: QtBot, context: UiContext) -> None:
    bar = AnalysisBar(context)
    qtbot.addWidget(bar)
    bar.begin()
    bar.show_progress(Progress(40, 1200, "images", 38, 123.4, 185.0))
    assert bar.text_label.text() == "40 of 1,200 images  ·  38 cells found  ·  123/s  ·  3 min 05 s left"
    with qtbot.waitSignal(bar.cancelled):
        QTest.mouseClick(bar.cancel_button, Qt.MouseButton.LeftButton)
    assert not bar.cancel_button.isEnabled()
