"""A damaged case in the window: what opens silently is found behind it, and recovery is one press away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.ui.banner import Banner
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench import case_care
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.fakes import make_cells
from tests.support.tampering import tamper
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def window(
    qtbot: QtBot,
    context: UiContext,
    workspace: Workspace,
    memory: WindowMemory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MainWindow]:
    monkeypatch.setattr(case_care, "_AFTER_MS", 10)
    cases = WorkList(workspace)
    window = MainWindow(context, workspace, memory)
    ToolWindows(window, context, workspace, cases, memory)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    window.deleteLater()
    cases.close()


def button(banner: Banner, text: str) -> QPushButton:
    (found,) = [b for b in banner.findChildren(QPushButton) if b.text() == text]
    return found


def in_two_batches(path: Path) -> Path:
    """A case whose newest batch of cells, which is compared at opening, holds but one of them."""
    a_case(path, 30)
    with CaseStore.open(path) as store:
        last = make_cells(1, first_id=store.next_cell_id())
        store.add_cells(0, last, [store.assets(store.load_cells()[0].id)])
    return path


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cells SET probability = 0.5 WHERE id = 3",
        "UPDATE assets SET thumbnail = (SELECT thumbnail FROM assets WHERE cell = 5) WHERE cell = 3",
        "UPDATE images SET name = 'other.png' WHERE idx = 1",
    ],
)
def test_a_changed_cell_or_picture_is_told_soon_after_opening(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, change: str
) -> None:
    path = in_two_batches(workspace.cases_dir / "one.bcs")
    tamper(path, change)
    window.opener.open_path(path)
    assert window.page is not None
    qtbot.waitUntil(lambda: bool(window.banners.banners), timeout=20_000)
    assert "not as it was written" in window.banners.banners[0].texts[0]
    QTest.mouseClick(button(window.banners.banners[0], "Recover into a new case"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("was saved as" in b.texts[0] for b in window.banners.banners), timeout=20_000)
    assert window.page is None
    QTest.mouseClick(button(window.banners.banners[0], "Open it"), Qt.MouseButton.LeftButton)
    assert window.page.session.path.name == "one (recovered).bcs"


def test_nothing_is_said_of_a_case_that_is_as_it_was_written(
    qtbot: QtBot, window: MainWindow, workspace: Workspace
) -> None:
    path = a_case(workspace.cases_dir / "one.bcs", 30)
    window.opener.open_path(path)
    assert window.page is not None
    store = window.page.session.store
    qtbot.waitUntil(lambda: store._db._compared == len(store.ledger()), timeout=20_000)  # noqa: SLF001  # nothing else says what was compared
    assert window.banners.banners == ()


def test_closing_the_case_ends_the_comparison(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_care, "_REST_S", 0.2)
    path = a_case(workspace.cases_dir / "one.bcs", 30)
    window.opener.open_path(path)
    qtbot.wait(60)
    window.close_case()
    assert list(workspace.cases_dir.glob("*.lock")) == []
    qtbot.wait(300)
    assert window.banners.banners == ()


def test_a_case_that_cannot_be_opened_offers_recovery_instead_of_reading(
    qtbot: QtBot, window: MainWindow, workspace: Workspace
) -> None:
    path = a_case(workspace.cases_dir / "one.bcs", 30)
    tamper(path, "UPDATE run_results SET status = 'failed'")
    window.opener.open_path(path)
    assert window.page is None
    (banner,) = window.banners.banners
    assert [b.text() for b in banner.findChildren(QPushButton)] == ["Recover into a new case"]
    QTest.mouseClick(button(banner, "Recover into a new case"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("was saved as" in b.texts[0] for b in window.banners.banners), timeout=20_000)
    assert (workspace.cases_dir / "one (recovered).bcs").is_file()
    assert list(workspace.cases_dir.glob("*.lock")) == []
