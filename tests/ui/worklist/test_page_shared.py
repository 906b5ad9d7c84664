"""The work list of a laboratory: who has a case open, what comes from others, the time without a database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.lab_database import init
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import Leases
from bloodcells_gui.storage.worklist import INDEX_NAME
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from bloodcells_gui.ui.worklist.model import Column
from bloodcells_gui.ui.worklist.page import WorklistPage
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share"
    folder.mkdir()
    for i in range(3):
        a_case(folder / f"S-{i}.bcs", 12, specimen_id=f"S-{i}", seed=i)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, share: Path) -> Iterator[Workspace]:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    init(url, cases=share)
    workspace = a_workspace(tmp_path)
    workspace.save_settings(replace(workspace.settings, lab_database=url))
    yield workspace
    workspace.lab.close()


@pytest.fixture
def bench(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    cases = WorkList(workspace)
    window = MainWindow(context, workspace, memory)
    bench = ToolWindows(window, context, workspace, cases, memory)
    window.show()
    qtbot.waitExposed(window)
    page = bench.home.show()
    qtbot.waitUntil(lambda: page.model.rowCount() == 3 and not page.is_reading, timeout=20_000)
    yield bench
    window.close()
    window.deleteLater()
    cases.close()


def open_elsewhere(workspace: Workspace, path: Path, station: str, reviewer: str) -> None:
    with CaseStore.open(path, read_only=True) as store, LabDatabase(workspace.settings.lab_database) as lab:
        Leases(lab).acquire(store.seed(), path.stem, station, reviewer, f"token {path.stem}")


def flags(page: WorklistPage, path: Path) -> str:
    return str(page.model.index(page.model.row_of(path), Column.FLAGS).data())


def test_the_line_says_who_has_a_case_open_and_the_next_case_is_another(
    qtbot: QtBot, bench: ToolWindows, workspace: Workspace, share: Path
) -> None:
    page = bench.home.page
    first = share / "S-0.bcs"
    assert "open at" not in flags(page, first)
    open_elsewhere(workspace, first, "bench-2", "Zoë")
    qtbot.waitUntil(lambda: flags(page, first).startswith("open at bench-2 (Zoë)"), timeout=10_000)
    bench.home.open_next()
    qtbot.waitUntil(lambda: bench.window.page is not None, timeout=10_000)
    assert bench.window.page is not None
    assert bench.window.page.session.path == share / "S-1.bcs"
    said = [" ".join(b.texts) for b in bench.window.banners.banners]
    assert any("1 is open at another station and was passed over: S-0" in text for text in said)


def test_where_all_that_waits_is_open_elsewhere_it_is_said(
    qtbot: QtBot, bench: ToolWindows, workspace: Workspace, share: Path
) -> None:
    page = bench.home.page
    for i in range(3):
        open_elsewhere(workspace, share / f"S-{i}.bcs", f"bench-{i + 2}", "")
    qtbot.waitUntil(lambda: "bench-4" in flags(page, share / "S-2.bcs"), timeout=10_000)
    bench.home.open_next()
    said = [" ".join(b.texts) for b in page.banners.banners]
    assert any("No further case waits for you. 3 are open at other stations" in text for text in said)


def test_what_another_station_adds_comes_into_the_list(
    qtbot: QtBot, bench: ToolWindows, workspace: Workspace, share: Path, tmp_path: Path
) -> None:
    page = bench.home.page
    other = a_workspace(tmp_path / "other")
    other.save_settings(replace(other.settings, lab_database=workspace.settings.lab_database))
    assert other.cases_dir == share
    other.index.kept()
    other.new_counter_case("S-77").close()
    qtbot.waitUntil(lambda: page.model.rowCount() == 4, timeout=15_000)
    other.index.close()
    other.lab.close()


def test_without_the_database_the_list_says_so_and_comes_back(
    qtbot: QtBot, bench: ToolWindows, workspace: Workspace, share: Path, tmp_path: Path
) -> None:
    page = bench.home.page

    def apart() -> bool:
        return any("own for now" in " ".join(b.texts) for b in page.banners.banners)

    (tmp_path / "lab.db").rename(tmp_path / "away")
    pool = workspace.lab.pool()
    assert pool is not None
    for database in pool._free:  # noqa: SLF001  # the connections break
        database.close()
    qtbot.waitUntil(apart, timeout=10_000)
    assert page.model.rowCount() == 3
    qtbot.waitUntil(lambda: not page.is_reading, timeout=10_000)
    assert not (share / INDEX_NAME).exists()
    (tmp_path / "away").rename(tmp_path / "lab.db")
    qtbot.waitUntil(lambda: not apart(), timeout=15_000)
    assert page.model.rowCount() == 3


def test_a_database_that_does_not_answer_does_not_freeze_the_window_that_opens_a_case(
    bench: ToolWindows, workspace: Workspace, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, ticks, open_case = list[threading.Thread](), list[int](), workspace.open_case

    def slow(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread())
        time.sleep(0.6)
        return open_case(*args, **kwargs)

    monkeypatch.setattr(workspace, "open_case", slow)
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(50)
    bench.window.opener.open_path(share / "S-1.bcs")
    timer.stop()
    assert threads != [threading.main_thread()]
    assert len(ticks) > 3
    assert bench.window.page is not None
    assert bench.window.page.session.specimen.id == "S-1"
