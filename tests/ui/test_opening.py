"""Opening folders and cases: analysis in the background, cancelling, what goes wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.workspace import OpenOptions
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.run_messages import remark
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.scale_messages import SCALE_CONTRADICTED, WARNING_CONTRADICTED
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.scale_words import as_in_the_window
from tests.support.fakes import FakeJob, FakeSession, FakeWorkshop, make_cells

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
    QTest.mouseClick(window.progress.cancel_button, Qt.MouseButton.LeftButton)
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


def test_what_else_was_dropped_is_told(window: MainWindow, workshop: FakeWorkshop, tmp_path: Path) -> None:
    window.opener.ask_options = lambda path, intake: None
    paths = [tmp_path / name for name in ("1.jpg", "2.jpg", "3.jpg")]
    for path in paths:
        path.touch()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    for target in (window, window.empty):
        event = QDropEvent(
            QPointF(50, 200),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        target.dropEvent(event)
        banner = window.banners.banners[0]
        assert "2 others were not" in banner.texts[0]
        window.banners.dismiss(banner)


def test_a_damaged_case_is_told_with_a_way_out(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "bad.bcs"
    path.touch()
    window.opener.open_path(path)
    assert "is damaged" in window.banners.banners[0].texts[0]
    assert window.page is None


def test_a_case_that_waits_for_its_scale_says_what_to_do_and_asks_for_it(
    qtbot: QtBot, window: MainWindow, workshop: FakeWorkshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = FakeSession(settings=workshop.settings)
    known = ScaleEstimate(0.107, ScaleSource.CONTRADICTED, 0.05, 40, WARNING_CONTRADICTED)
    said = remark(SCALE_CONTRADICTED, n_said="0.2718", n_seen="0.107")
    session.runs[-1] = replace(session.runs[-1], scale=known, record=RunRecord(remarks=(said,)))
    session.specimen = replace(
        session.specimen, root=tmp_path, images=(ImageRef("a.tif", tmp_path / "a.tif"),)
    )
    workshop.sessions["a.bcs"] = session
    window.opener.open_case(tmp_path / "a.bcs")
    (banner,) = window.banners.banners
    assert banner.texts[0] == as_in_the_window(remark_text(said))
    assert "--mpp" not in banner.texts[0]
    assert "Give the scale" in banner.texts[2]
    asked: list[OpenOptionsDialog] = []

    def answer(dialog: OpenOptionsDialog) -> int:
        asked.append(dialog)
        dialog.mpp.setText("0,107")
        return 1

    monkeypatch.setattr(OpenOptionsDialog, "exec", answer)
    given: list[OpenOptions] = []
    begin = workshop.new_case
    monkeypatch.setattr(workshop, "new_case", lambda i, o: (given.append(o), begin(i, o))[1])
    button = next(b for b in banner.findChildren(QPushButton) if "scale" in b.text())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(given))
    assert asked[0].specimen_id.text() == session.specimen.id
    assert given[0].mpp == 0.107
    qtbot.waitUntil(lambda: not window.analysis.running, timeout=10_000)


def test_a_case_of_known_scale_opens_without_a_banner(
    window: MainWindow, workshop: FakeWorkshop, tmp_path: Path
) -> None:
    workshop.sessions["a.bcs"] = FakeSession(settings=workshop.settings)
    window.opener.open_case(tmp_path / "a.bcs")
    assert not window.banners.banners


def test_images_on_the_network_are_opened_when_a_person_says_so(
    window: MainWindow, workshop: FakeWorkshop, tmp_path: Path
) -> None:
    path = tmp_path / "a case.bcs"
    path.touch()
    first, second = FakeSession(make_cells(20)), FakeSession(make_cells(20))
    first.shielded_root = Path("//host/smears")
    workshop.sessions["a case.bcs"] = first
    window.opener.open_path(path)
    banner = window.banners.banners[0]
    assert "on the network and were not opened" in banner.texts[0]
    assert banner.texts[1] == "//host/smears"
    workshop.sessions["a case.bcs"] = second
    button = next(b for b in banner.findChildren(QPushButton) if b.text() == "Open the images")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert workshop.allowed == [Path("//host/smears")]
    assert first.closed
    assert window.page is not None
    assert window.page.session is second
