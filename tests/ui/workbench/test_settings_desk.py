"""The window notices what another station changed in the laboratory's settings, says it and shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.calibration_profiles import own_profiles
from bloodcells_gui.app.settings_keeper import SettingsKeeper
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_workspace


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SettingsKeeper]:
    """Another station of the laboratory, which joined first."""
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    with LabDatabase(url, make=True) as database:
        schema.create(database, "1.0")
    keeper = SettingsKeeper(tmp_path / "other")
    keeper.change_settings(lab_database=url, reviewer="Ana", target_cells=200)
    keeper.notice_settings()
    yield keeper
    keeper.lab.close()


def test_what_another_station_changed_is_said_and_in_force(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path, other: SettingsKeeper
) -> None:
    workspace = a_workspace(tmp_path)
    workspace.save_settings(replace(workspace.settings, lab_database=other.settings.lab_database))
    cases = WorkList(workspace)
    window = MainWindow(context, workspace, memory)
    tools = ToolWindows(window, context, workspace, cases, memory)
    window.show()
    try:
        qtbot.waitUntil(lambda: bool(window.banners.banners))
        assert "its own are kept in" in window.banners.banners[0].texts[0]
        assert workspace.settings.target_cells == 200
        other.change_settings(target_cells=400)
        tools.settings.look()
        qtbot.waitUntil(lambda: workspace.settings.target_cells == 400)
        qtbot.waitUntil(lambda: any(b.texts[0].startswith("Ana at ") for b in window.banners.banners))
    finally:
        window.close()
        window.deleteLater()
        cases.close()
        workspace.lab.close()


def test_a_station_that_joins_is_asked_for_its_own_profiles(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path, other: SettingsKeeper
) -> None:
    workspace = a_workspace(tmp_path)
    own_profiles(workspace.home).save({"name": "ours", "bundle_sha256": "b"})
    workspace.save_settings(replace(workspace.settings, lab_database=other.settings.lab_database))
    cases = WorkList(workspace)
    window = MainWindow(context, workspace, memory)
    ToolWindows(window, context, workspace, cases, memory)
    window.show()
    try:
        qtbot.waitUntil(lambda: any("lacks: ours" in b.texts[0] for b in window.banners.banners))
        asked = next(b for b in window.banners.banners if "ours" in b.texts[0])
        assert workspace.profiles().all() == []
        next(b for b in asked.findChildren(QPushButton) if b.text() == "Bring them in").click()
        qtbot.waitUntil(lambda: any("ours is the laboratory's" in b.texts[0] for b in window.banners.banners))
        assert [p.name for p in workspace.profiles().all()] == ["ours"]
    finally:
        window.close()
        window.deleteLater()
        cases.close()
        workspace.lab.close()
