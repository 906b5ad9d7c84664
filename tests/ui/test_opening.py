"""Opening folders and cases: analysis in the background, cancelling, what goes wrong."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.workspace import OpenOptions
from bloodcells_gui.ui.main_window import MainWindow
from tests.ui.fakes import FakeJob, FakeSession, FakeWorkshop, make_cells

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
Key = Qt.Key


def test_an_analysis_fills_the_window_while_it_runs(
    qtbot: QtBot, window: MainWindow, workshop: FakeWorkshop
) -> None:
    workshop.next_job = FakeJob(make_cells(160), batch=8, pause_s=0.02)
    workshop.next_job.skipped = 5
    window.opener.ask_options = lambda path, intake: OpenOptions()
    window.opener.open_path(Path())
    qtbot.waitUntil(lambda: window.page is not None and len(window.page.session.cells) >= 16)
    assert window.analysis.running
    assert window.progress.isVisible()
    qtbot.waitUntil(lambda: not window.analysis.running, timeout=10_000)
    assert window.page is not None
    assert sum(window.page.gallery.model.counts()) == 160
    assert not window.progress.isVisible()
    assert "5 file" in window.banners.banners[0].texts[0]


def test_cancel_answers_at_once_and_keeps_the_cells(
    qtbot: QtBot, window: MainWindow, workshop: FakeWorkshop
) -> None:
    workshop.next_job = FakeJob(make_cells(4000), batch=8, pause_s=0.01)
    window.opener.ask_options = lambda path, intake: OpenOptions()
    window.opener.open_path(Path())
    qtbot.waitUntil(lambda: window.page is not None and len(window.page.session.cells) >= 16)
    before = time.monotonic()
    QTest.mouseClick(window.progress._button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.analysis.running)
    assert time.monotonic() - before < 2.0
    assert window.page is not None
    assert len(window.page.session.cells) >= 16


def test_a_missing_folder_becomes_a_banner(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.opener.open_path(tmp_path / "not there")
    qtbot.waitUntil(lambda: bool(window.banners.banners))
    assert "There is nothing at" in window.banners.banners[0].texts[0]
    assert window.page is None


def test_a_dropped_case_opens(window: MainWindow, workshop: FakeWorkshop, tmp_path: Path) -> None:
    path = tmp_path / "a case.bcs"
    path.touch()
    workshop.sessions["a case.bcs"] = FakeSession(make_cells(20))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(50, 200),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    assert window.page is not None
    window.close_case()
    assert workshop.sessions["a case.bcs"].closed


def test_a_damaged_case_is_told_with_a_way_out(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "bad.bcs"
    path.touch()
    window.opener.open_path(path)
    assert "is damaged" in window.banners.banners[0].texts[0]
    assert window.page is None
