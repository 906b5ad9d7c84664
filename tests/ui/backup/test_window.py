"""Backup and restore in the window: made while a case is open, never over anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.backup import Workstation, proposed_name
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.ui.backup.window import BackupWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace


def workstation(folder: Path) -> Workstation:
    return Workstation(folder / "home", folder / "config")


@pytest.fixture
def window(qtbot: QtBot, context: UiContext, tmp_path: Path, pool: QThreadPool) -> BackupWindow:
    a_case(tmp_path / "home" / "cases" / "one.bcs", 5)
    window = BackupWindow(context, workstation(tmp_path), pool, lambda: None)
    qtbot.addWidget(window)
    window.show()
    return window


def done(qtbot: QtBot, window: BackupWindow) -> tuple[str, str]:
    qtbot.waitUntil(lambda: not window.running and bool(window.banners.banners), timeout=20_000)
    banner = window.banners.banners[0]
    return banner.severity, " ".join(banner.texts)


def test_a_backup_made_and_brought_back(qtbot: QtBot, window: BackupWindow, tmp_path: Path) -> None:
    with CaseStore.open(tmp_path / "home" / "cases" / "one.bcs"):  # somebody works on it
        window.back_up(tmp_path / "b")
        assert window.cancel_button.isVisible()
        assert not window.save_button.isEnabled()
        severity, text = done(qtbot, window)
    assert severity == "ok", text
    assert "b.zip was written, read back and compared" in text
    assert "Cases: 1," in text
    window.back_up(tmp_path / "b.zip")
    severity, text = done(qtbot, window)
    assert severity == "critical"
    assert "already" in text
    window.restore(tmp_path / "b.zip", tmp_path / "elsewhere")
    severity, text = done(qtbot, window)
    assert severity == "ok", text
    with CaseStore.open(tmp_path / "elsewhere" / "cases" / "one.bcs", read_only=True) as store:
        assert store.verify() == []


def test_a_restore_over_other_cases_is_refused_with_a_way_out(
    qtbot: QtBot, context: UiContext, window: BackupWindow, tmp_path: Path, pool: QThreadPool
) -> None:
    other = tmp_path / "other"
    a_case(other / "home" / "cases" / "two.bcs", 5)
    workstation(other).back_up(other / "b.zip", token=_token(), progress=lambda _: None)
    context.language.choose("fr")
    window.restore(other / "b.zip")
    severity, text = done(qtbot, window)
    context.language.choose("en")
    assert severity == "critical"
    assert "contient déjà d'autres données, par exemple one.bcs" in text
    assert [b for b in window.banners.banners[0].findChildren(type(window.save_button)) if b.text()]
    assert [p.name for p in (tmp_path / "home" / "cases").glob("*.bcs")] == ["one.bcs"]


def _token() -> object:
    from bloodcells_gui.domain.progress import CancelToken

    return CancelToken()


def test_cancelling_leaves_nothing(qtbot: QtBot, window: BackupWindow, tmp_path: Path) -> None:
    window.back_up(tmp_path / "b.zip")
    QTest.mouseClick(window.cancel_button, Qt.MouseButton.LeftButton)
    severity, text = done(qtbot, window)
    if severity != "ok":  # so quick that it was done before
        assert "nothing was written" in text
        assert not (tmp_path / "b.zip").exists()
    assert not list(tmp_path.glob(".b.zip*"))


def test_the_menu_leads_to_it_and_restored_settings_count(
    qtbot: QtBot, context: UiContext, tmp_path: Path
) -> None:
    from dataclasses import replace

    source = a_workspace(tmp_path / "source")
    source.save_settings(replace(source.settings, reviewer="Zoë"))
    a_case(source.cases_dir / "one.bcs", 5)
    Workstation(source.home, source.settings_file.parent).back_up(
        tmp_path / "b.zip", token=_token(), progress=lambda _: None
    )
    workspace = a_workspace(tmp_path / "new")
    cases = WorkList(workspace)
    cases.refresh()
    main = MainWindow(context, workspace, WindowMemory())
    qtbot.addWidget(main)
    bench = ToolWindows(main, context, workspace, cases, WindowMemory())
    try:
        window = bench.backup.show()
        assert window is bench.backup.show()
        window.restore(tmp_path / "b.zip")
        severity, text = done(qtbot, window)
        assert severity == "ok", text
        assert workspace.settings.reviewer == "Zoë"
        cases.refresh()
        from bloodcells_gui.app.worklist import Query

        assert [e.path.name for e in cases.search(Query())] == ["one.bcs"]
    finally:
        main.close()
        cases.close()


def test_the_proposed_name_says_the_day() -> None:
    assert proposed_name().startswith("bloodcells-20")


def test_the_window_says_which_cases_a_backup_holds(window: BackupWindow, tmp_path: Path) -> None:
    said = [label.text() for label in window.findChildren(QLabel)]
    assert any(str(tmp_path / "home" / "cases") in text and "another place" in text for text in said)
