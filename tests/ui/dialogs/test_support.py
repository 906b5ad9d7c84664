"""The report for support and what the window writes into the log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.log import FILE_NAME, logging_to
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings, ReportHeader
from bloodcells_gui.ui import start
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.support import SupportDesk, SupportDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.fakes import FakeWorkshop
from tests.support.workbench_window import a_workspace

NAME = "Mustermann"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def desk(window: MainWindow, context: UiContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[SupportDesk]:
    workshop = FakeWorkshop(author=NAME)
    workshop.settings = replace(
        LabSettings(), reviewer=NAME, header=ReportHeader(NAME, (NAME,), f"/{NAME}.png"), comments=(NAME,)
    )
    monkeypatch.setattr(SupportDialog, "exec", lambda _: 1)
    desk = SupportDesk(context, workshop, window.banners, window)
    context.support = desk.show
    yield desk
    context.support = None


def choose(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    asked: list[str] = []

    def file_name(_parent: object, title: str, proposal: str, _filter: str) -> tuple[str, str]:
        asked.append(proposal)
        return answer, ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", file_name)
    return asked


def test_the_report_is_saved_where_the_person_says(
    desk: SupportDesk, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.txt"
    proposal = choose(monkeypatch, str(target))
    desk.show()
    assert Path(proposal[0]).name.startswith("bloodcells-support-")
    text = target.read_text("utf-8")
    for part in ("[Program]", "Qt: 6.", "[Models]", "comments, how many: 1", "platform plugin: offscreen"):
        assert part in text
    assert "screen 1: width, height, dpi, scale: " in text
    assert NAME not in text
    assert window.banners.banners[0].severity == "ok"


def test_a_place_that_cannot_be_written_is_told(
    desk: SupportDesk, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, str(tmp_path / "none" / "report.txt"))
    desk.show()
    assert window.banners.banners[0].severity == "critical"
    shown = len(window.banners.banners)
    choose(monkeypatch, "")
    desk.show()
    assert len(window.banners.banners) == shown


def test_the_dialog_shows_the_whole_text_and_lets_nobody_change_it(qtbot: QtBot) -> None:
    dialog = SupportDialog("one\ntwo\n")
    qtbot.addWidget(dialog)
    (view,) = dialog.findChildren(QPlainTextEdit)
    assert view.toPlainText() == "one\ntwo\n"
    assert view.isReadOnly()


def test_it_is_in_the_help_menu_and_beside_every_fault(
    qtbot: QtBot, context: UiContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = a_workspace(tmp_path)
    memory = WindowMemory(tmp_path / "w.ini")
    window = MainWindow(context, workspace, memory)
    cases = WorkList(workspace)
    ToolWindows(window, context, workspace, cases, memory)
    shown: list[str] = []
    monkeypatch.setattr(
        SupportDialog, "exec", lambda d: shown.append(d.findChild(QPlainTextEdit).toPlainText())
    )
    action = window.actions_.get("support")
    assert action in window.menuBar().actions()[-1].menu().actions()
    action.trigger()
    banner = window.banners.crash(ValueError(NAME))
    (button,) = (b for b in banner.findChildren(QPushButton) if b.text() == "Report for support…")
    button.click()
    assert len(shown) == 2
    assert shown[1].startswith("bloodcells: report for support")
    window.close()
    cases.close()
    window.deleteLater()
    context.support = None


def test_problems_and_faults_of_the_window_are_in_the_log(window: MainWindow, folder: Path) -> None:
    with logging_to(folder):
        window.banners.error(UserError("There is nothing at {path}.", path=NAME), of=NAME)
        try:
            raise KeyError(NAME)
        except KeyError as error:
            window.banners.crash(error)
    text = (folder / FILE_NAME).read_text("utf-8")
    assert "“There is nothing at {path}.”" in text
    assert "builtins.KeyError (its message is left out)" in text
    assert NAME not in text


@pytest.mark.parametrize("early", [False, True])
def test_a_log_that_cannot_be_written_is_shown_once(qtbot: QtBot, window: MainWindow, early: bool) -> None:
    trouble = start.LogTrouble()
    thread = threading.Thread(target=trouble.take, args=(OSError(28, "No space left on device"),))

    def find_out() -> None:
        thread.start()
        thread.join()

    if early:
        find_out()
    trouble.show_in(lambda: window.banners)
    if not early:
        assert window.banners.banners == ()
        find_out()
    qtbot.waitUntil(lambda: bool(window.banners.banners))
    qtbot.wait(50)
    (banner,) = window.banners.banners
    assert banner.texts[0] == (
        "The log cannot be written (No space left on device). The work goes on without it."
    )
