"""A day at the window with names that are as bad as they come: none of them is in the log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.export import ExportOptions
from bloodcells_gui.app.log import log_files, log_folder, logging_to
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import OpenOptions
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings, ReportHeader
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.support import SupportDialog
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.hostile_names import FILES, FOLDER, PATIENT, REVIEWER, SPECIMEN, assert_names_nobody
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / FOLDER
    folder.mkdir()
    monkeypatch.setenv("BLOODCELLS_HOME", str(folder / "home"))
    return folder


@pytest.fixture
def window(qtbot: QtBot, context: UiContext, laboratory: Path) -> Iterator[MainWindow]:
    workspace = a_workspace(laboratory)
    workspace.author = REVIEWER
    workspace.save_settings(
        replace(LabSettings(), reviewer=REVIEWER, header=ReportHeader(PATIENT), comments=(PATIENT,))
    )
    memory = WindowMemory(laboratory / "w.ini")
    cases = WorkList(workspace)
    with logging_to(log_folder()):
        window = MainWindow(context, workspace, memory)
        ToolWindows(window, context, workspace, cases, memory)
        window.opener.ask_options = lambda *_: OpenOptions(specimen_id=SPECIMEN)
        window.show()
        yield window
        window.close()
        cases.close()
    window.deleteLater()
    context.support = None


def logged() -> bytes:
    return b"".join(p.read_bytes() for p in log_files(log_folder()) if p.is_file())


def test_nothing_that_happens_at_the_window_names_anybody(
    qtbot: QtBot, window: MainWindow, laboratory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def banners() -> int:
        return len(window.banners.banners)

    def open_and_wait(path: Path, says: str) -> None:
        window.banners.clear()
        window.opener.open_path(path)
        qtbot.waitUntil(
            lambda: any(says in " ".join(b.texts) for b in window.banners.banners), timeout=20_000
        )

    case = a_case(laboratory / f"{PATIENT}.bcs", specimen_id=SPECIMEN)
    damaged = laboratory / f"{FILES[1]}.bcs"
    damaged.write_bytes(case.read_bytes()[:3000] + PATIENT.encode() * 200)
    images = laboratory / PATIENT
    images.mkdir()
    (images / FILES[0]).write_bytes(b"\x89PNG\r\n\x1a\n" + PATIENT.encode())
    open_and_wait(laboratory / f"{SPECIMEN.replace('/', '-')} none", "nothing")
    open_and_wait(damaged, "damaged")
    open_and_wait(images, "")

    window.opener.open_path(case)
    qtbot.waitUntil(lambda: window.page is not None, timeout=20_000)
    page = window.page
    assert page is not None
    assert page.session.specimen.id == SPECIMEN
    page.gallery.view.select_ids([1])
    page.relabel("BL")

    blocked = laboratory / FILES[2]
    blocked.write_text(PATIENT, "utf-8")
    monkeypatch.setattr(ExportDialog, "exec", lambda _: 1)
    monkeypatch.setattr(ExportDialog, "answer", lambda _: (blocked / PATIENT, ExportOptions()))
    window.banners.clear()
    window.actions_.get("export").trigger()
    qtbot.waitUntil(lambda: banners() > 0, timeout=20_000)

    def fail() -> None:
        raise LookupError(f"{PATIENT} {case}")

    lookup = Lookup(window.pool, window)
    lookup.failed.connect(lambda _, error: window.banners.crash(error))
    lookup.ask(PATIENT, fail)
    qtbot.waitUntil(lambda: b"LookupError" in logged(), timeout=20_000)
    window.banners.error(UserError(f"{PATIENT} is not there.", REVIEWER), of=SPECIMEN)
    target = laboratory / "support.txt"
    monkeypatch.setattr(SupportDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (os.fspath(target), ""))
    window.actions_.get("support").trigger()
    window.close_case()
    assert logged().count(b"a foreseen problem is shown") >= 3
    assert_names_nobody(logged())
    assert_names_nobody(target.read_bytes())
