"""The window on the real layer below: analysis, decisions on disk, export, signature, reopening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from bloodcells_gui.adaptation.prior_shift import ClassPrior
from bloodcells_gui.app.export import ExportOptions
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.analysis import AnalysisEvent
from bloodcells_gui.domain.review import Status
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.reason import ReasonDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog
from bloodcells_gui.ui.gallery.model import HEADINGS
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.doubles import draw_cell, plain_engine

CODES = ("SNE", "LY", "EO", "LY")


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    folder = tmp_path / "specimen"
    folder.mkdir()
    for i in range(24):
        cv2.imwrite(str(folder / f"cell {i}.png"), draw_cell(CODES[i % 4])[..., ::-1])
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(plain_engine, home=tmp_path / "home", config=tmp_path / "config")
    workspace.author = "A. Technician"
    return workspace


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[MainWindow]:
    window = MainWindow(context, workspace, memory)
    window.resize(1200, 760)
    window.opener.ask_options = lambda path, intake: OpenOptions(mpp=0.107, specimen_id="S-1")
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    yield window
    window.close()


@pytest.fixture
def analysed(qtbot: QtBot, window: MainWindow, crops: Path) -> MainWindow:
    window.opener.open_path(crops)
    qtbot.waitUntil(lambda: window.page is not None and not window.analysis.running, timeout=30_000)
    return window


def session_of(window: MainWindow) -> CaseSession:
    assert window.page is not None
    session = window.page.session
    assert isinstance(session, CaseSession)
    return session


def test_a_folder_becomes_a_case_with_every_cell_on_screen(analysed: MainWindow) -> None:
    assert analysed.page is not None
    assert sum(analysed.page.gallery.model.counts()) == 24
    assert any("could not be read" in b.texts[0] for b in analysed.banners.banners)
    assert session_of(analysed).specimen.id == "S-1"


def test_a_decision_is_on_disk_before_the_screen_shows_it(
    analysed: MainWindow, workspace: Workspace, qtbot: QtBot
) -> None:
    page = analysed.page
    assert page is not None
    cell_id = page.gallery.model.ids(1)[0]
    page.gallery.view.select_ids([cell_id])
    page.gallery.view.setFocus()
    QTest.keyClick(page.gallery.view, Qt.Key.Key_T)
    path = session_of(analysed).path
    # As after kill -9: the file is read anew while the window still holds it.
    other = workspace.open_case(path, read_only=True)
    assert other.decision(cell_id).final == "BL"
    assert other.decision(cell_id).reviewer == "A. Technician"
    other.close()


def test_the_inspector_shows_picture_outline_and_explanation(qtbot: QtBot, analysed: MainWindow) -> None:
    page = analysed.page
    assert page is not None
    page.gallery.view.select_ids([1])
    qtbot.waitUntil(lambda: page.inspector.image.has_picture)
    assert not page.inspector.image._cell.isEmpty()  # noqa: SLF001  # what is painted
    page.inspector.tabs.setCurrentIndex(1)
    assert page.inspector.measurements.rowCount() > 5


def test_export_writes_in_the_background(
    qtbot: QtBot, analysed: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(ExportDialog, "exec", lambda self: int(QDialog.DialogCode.Accepted))
    monkeypatch.setattr(ExportDialog, "answer", lambda self: (out, ExportOptions(lang="fr")))
    analysed.actions_.get("export").trigger()
    assert analysed.page is not None
    assert not analysed.page.isEnabled()
    qtbot.waitUntil(lambda: analysed.page is not None and analysed.page.isEnabled(), timeout=30_000)
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "was written" in analysed.banners.banners[0].texts[0]


def test_an_unwritable_folder_is_told(
    qtbot: QtBot, analysed: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setattr(ExportDialog, "exec", lambda self: int(QDialog.DialogCode.Accepted))
    monkeypatch.setattr(ExportDialog, "answer", lambda self: (tmp_path / "a file" / "out", ExportOptions()))
    analysed.actions_.get("export").trigger()
    qtbot.waitUntil(
        lambda: any("cannot be written" in b.texts[0] for b in analysed.banners.banners), timeout=30_000
    )
    assert analysed.page is not None
    assert analysed.page.isEnabled()


def test_signed_cases_refuse_changes_until_they_are_amended(
    qtbot: QtBot, analysed: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, session = analysed.page, session_of(analysed)
    assert page is not None
    session.confirm([c.id for c in session.cells])
    monkeypatch.setattr(SignDialog, "exec", lambda self: self.accept() or self.result())
    monkeypatch.setattr(
        SignDialog,
        "answer",
        lambda self: ("A. Technician", "Reviewed and reported", {"target": "few cells on the smear"}),
    )
    analysed.actions_.get("sign").trigger()
    assert session.state.signed
    assert "Amend" in analysed.actions_.get("sign").iconText()
    page.gallery.view.select_ids([1])
    page.relabel("BL")
    assert session.decision(1).status is Status.CONFIRMED
    assert analysed.banners.banners
    monkeypatch.setattr(AmendDialog, "exec", lambda self: self.accept() or self.result())
    monkeypatch.setattr(AmendDialog, "answer", lambda self: "a second look")
    analysed.actions_.get("sign").trigger()
    # What was signed is changed with a reason only.
    monkeypatch.setattr(ReasonDialog, "exec", lambda self: int(QDialog.DialogCode.Rejected))
    page.relabel("BL")
    assert session.decision(1).status is Status.CONFIRMED
    monkeypatch.setattr(ReasonDialog, "exec", lambda self: int(QDialog.DialogCode.Accepted))
    monkeypatch.setattr(ReasonDialog, "answer", lambda self: "nucleoli seen at 100x")
    page.relabel("BL")
    assert session.decision(1).final == "BL"
    assert session.store.events()[-1].reason == "nucleoli seen at 100x"


def test_the_case_opens_again_as_it_was_left(
    qtbot: QtBot, analysed: MainWindow, workspace: Workspace
) -> None:
    session = session_of(analysed)
    session.relabel([3, 4], "MO")
    path = session.path
    analysed.close_case()
    assert analysed.page is None
    analysed.opener.open_path(path)
    assert session_of(analysed).decision(3).final == "MO"
    assert [p.name for p in workspace.recent()] == [path.name]


def test_a_case_open_elsewhere_is_offered_for_reading(
    qtbot: QtBot, analysed: MainWindow, context: UiContext, workspace: Workspace, tmp_path: Path
) -> None:
    path = session_of(analysed).path
    second = MainWindow(context, workspace, WindowMemory(tmp_path / "second.ini"))
    qtbot.addWidget(second)
    second.opener.open_path(path)
    assert second.page is None
    banner = second.banners.banners[0]
    button = next(
        b for b in banner.findChildren(type(second.progress.cancel_button)) if "reading" in b.text()
    )
    button.click()
    assert second.page is not None
    assert second.page.session.read_only
    second.close()


def test_the_mix_of_the_specimen_reaches_gallery_and_table_at_the_end(
    qtbot: QtBot, window: MainWindow, workspace: Workspace, crops: Path
) -> None:
    engine = plain_engine()
    engine.classifier.prior = ClassPrior(0.1, 3)
    workspace.engine = lambda: engine
    between = draw_cell("LY")
    between[(between == (60, 60, 200)).all(axis=2)] = (93, 60, 178)  # nearer to SNE by itself
    for i in range(24):
        cv2.imwrite(str(crops / f"cell {i}.png"), (between if i == 7 else draw_cell("LY"))[..., ::-1])
    engine.classifier.gate.clear()
    window.opener.open_path(crops)
    qtbot.waitUntil(lambda: window.page is not None)
    page = window.page
    assert page is not None
    chosen: list[list[int]] = []

    def choose(events: list[AnalysisEvent]) -> None:
        wanted = [c.id for c in page.session.cells if c.image in (7, 11)]
        if not chosen and len(wanted) == 2:
            page.gallery.view.select_ids(wanted)
            chosen.append(page.gallery.view.selected_ids())

    # Before the end is heard, so that the selection has to survive it.
    window.analysis.runner.batch.disconnect()
    window.analysis.runner.batch.connect(lambda events: one_by_one(window, events, choose))
    engine.classifier.gate.set()
    qtbot.waitUntil(lambda: not window.analysis.running, timeout=30_000)
    assert len(chosen[0]) == 2
    session = session_of(window)
    assert {c.predicted for c in session.cells} == {"LY"}
    counts = dict(zip(HEADINGS, page.gallery.model.counts(), strict=True))
    assert (counts["LY"], counts["SNE"]) == (session.state.counts["LY"], 0)
    assert sorted(page.gallery.view.selected_ids()) == sorted(chosen[0])
    assert session.differential("full").total == counts["LY"]
    page.gallery.view.select_ids(chosen[0][:1])
    page.confirm()
    page.undo()
    assert not session.state.decided(chosen[0][0])
    (changed,) = (c.id for c in session.cells if session.as_found(c.id)[0] != c.predicted)
    page.gallery.view.select_ids([changed])
    line = page.inspector.by_itself
    qtbot.waitUntil(line.isVisible)
    assert "segmented neutrophil" in line.text()


def one_by_one(
    window: MainWindow, events: list[AnalysisEvent], between: Callable[[list[AnalysisEvent]], None]
) -> None:
    for event in events:
        window.analysis._batch([event])  # noqa: SLF001  # the signal would come back to this function
        between([event])
