"""The window of charts and the line of alarms."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.quality import Quality
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.quality.alarm_line import AlarmLine
from bloodcells_gui.ui.quality.model import DayColumn
from bloodcells_gui.ui.quality.window import QualityWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.quality_cases import FIRST, analysed, wobble
from tests.support.workbench_window import a_workspace, shown_tools

NOW = f"{(FIRST + timedelta(days=12)).isoformat()}T18:00:00Z"


@pytest.fixture
def quality(tmp_path: Path) -> Quality:
    """Eleven days, then one with another stain."""
    workspace = a_workspace(tmp_path)
    workspace.change_settings(quality=type(workspace.settings.quality)(days=8))
    for day in range(12):
        analysed(
            workspace.cases_dir, day, nucleus_od=0.9 if day == 11 else 0.6 + wobble(day, 0.02),
            focus=5 + wobble(day, 0.2), red_cell_od=0.25 + wobble(day, 0.01),
        )  # fmt: skip
    return Quality(workspace.index, lambda: workspace.settings, lambda: NOW)


def test_the_chart_with_the_alarm_comes_first_and_says_why(
    qtbot: QtBot, context: UiContext, quality: Quality, pool: QThreadPool
) -> None:
    window = QualityWindow(context, quality, pool)
    qtbot.addWidget(window)
    for model in (window.charts, window.days):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    window.show()
    qtbot.waitUntil(lambda: window.charts.rowCount() > 0, timeout=60_000)
    chart = window.chosen()
    assert chart is not None
    assert chart.figure == "nucleus_od"
    assert str(window.days.index(0, DayColumn.RULES).data()).startswith("1_3s: beyond 3 SD")
    assert "8 days" in window.about.text()
    spoken = window.charts.data(window.list.currentIndex(), Qt.ItemDataRole.AccessibleTextRole)
    assert "alarm" in str(spoken)
    QTest.keyClick(window.list, Qt.Key.Key_Down)
    assert window.chosen() is not chart
    for theme in ("dark", "light"):
        context.theme.choose(theme)
        window.grab()
    window.close()


def test_the_alarm_stands_above_the_work_list(
    qtbot: QtBot, context: UiContext, quality: Quality, memory: WindowMemory, tmp_path: Path
) -> None:
    with shown_tools(context, a_workspace(tmp_path), memory) as tools:
        films = tools.films
        films.quality = quality
        films.look()
        qtbot.waitUntil(lambda: not films.alarm.isHidden(), timeout=60_000)
        home = tools.window.home
        assert home is not None
        assert home.isAncestorOf(films.alarm)


def test_the_line_of_alarms_is_there_only_with_one(
    qtbot: QtBot, context: UiContext, quality: Quality
) -> None:
    line = AlarmLine(context)
    qtbot.addWidget(line)
    found = quality.overview()
    line.show_overview(found)
    assert not line.isHidden()
    assert "Nuclei of neutrophils" in line.text.text()
    line.show_overview(type(found)(found.charts, ()))
    assert line.isHidden()
