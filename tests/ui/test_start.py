"""The program's start: one window, made anew in another language, drawn without a display."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.ui import start
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.settings.dialog import SettingsDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.fakes import FakeWorkshop
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def keeper(context: UiContext, memory: WindowMemory) -> start.WindowKeeper:
    return start.WindowKeeper(context, FakeWorkshop(), memory)  # type: ignore[arg-type]


def test_another_language_takes_the_open_case_along(
    qtbot: QtBot,
    keeper: start.WindowKeeper,
    context: UiContext,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    session = a_workspace(tmp_path).open_case(a_case(tmp_path / "one.bcs", 30))
    closed: list[bool] = []
    close = session.close
    monkeypatch.setattr(session, "close", lambda: (closed.append(True), close()))
    keeper.window.show()
    keeper.window.attach(session)
    first = keeper.window
    monkeypatch.setattr(SettingsDialog, "exec", lambda self: (self.accept(), 1)[1])
    monkeypatch.setattr(SettingsDialog, "answer", lambda self: replace(LabSettings(), language="fr"))
    first.actions_.get("preferences").trigger()
    qtbot.waitUntil(lambda: keeper.window is not first)
    page = keeper.window.page
    assert page is not None
    assert page.session is session
    assert closed == []
    assert keeper.window.actions_.get("quit").text() == "&Quitter"
    assert sum(page.gallery.model.counts()) == 30
    keeper.window.close()
    assert closed == [True]
    context.language.choose("en")


def test_the_window_remembers_its_size(
    keeper: start.WindowKeeper, context: UiContext, memory: WindowMemory
) -> None:
    keeper.window.show()
    keeper.window.resize(1111, 777)
    keeper.window.close()
    again = start.WindowKeeper(context, FakeWorkshop(), memory)  # type: ignore[arg-type]
    # The offscreen screen is smaller than the window, so the size is cut to it; the default is not used.
    assert again.window.size().width() <= 1111
    again.window.close()


def test_a_fault_in_a_slot_becomes_a_banner(
    keeper: start.WindowKeeper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    start.catch_faults(keeper)
    try:
        raise ZeroDivisionError("planted")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    details = keeper.window.banners.banners[0].details  # they are sent on: no message, it may name a patient
    assert "ZeroDivisionError (its message is left out)" in details
    assert "planted" not in details
    assert "planted" in capsys.readouterr().err
    keeper.window.close()


def test_a_foreseen_problem_that_nobody_caught_is_told_in_its_own_words(
    keeper: start.WindowKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    start.catch_faults(keeper)
    error = UserError("The case file {path} cannot be reached.", "It was moved.", "Repeat it.", path="a.bcs")
    sys.excepthook(type(error), error, error.__traceback__)
    shown = keeper.window.banners.banners[0]
    assert shown.texts == ("The case file a.bcs cannot be reached.", "It was moved.", "Repeat it.")
    assert not shown.details
    keeper.window.close()


def test_the_empty_window_is_drawn_into_a_file(qapp: QApplication, tmp_path: Path) -> None:
    target = tmp_path / "pictures" / "empty.png"
    mine = target.with_suffix(".ini")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("a person's own file", encoding="utf-8")
    assert start.start(None, screenshot=target, lang="en", theme="dark") == 0
    assert sorted(p.name for p in mine.parent.iterdir() if p.is_file()) == sorted([mine.name, target.name])
    assert mine.read_text("utf-8") == "a person's own file"
    assert target.stat().st_size > 10_000


def test_nothing_to_open_is_told_by_the_exit_code_and_in_words(
    qapp: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start.start(tmp_path / "not there", screenshot=tmp_path / "x.png", lang="en") == 3
    assert "not there" in capsys.readouterr().err


def test_settings_and_recent_cases_that_cannot_be_used_are_named_in_words(
    qapp: QApplication, tmp_path: Path
) -> None:
    home, config = tmp_path / "home", tmp_path / "config"
    home.mkdir()
    config.mkdir()
    (config / "settings.json").write_text('{"target_cells": "many", "keys": {"BL": "u"}}', "utf-8")
    (home / "recent.json").write_text("[" * 100_000, "utf-8")
    workspace = Workspace(home=home, config=config)
    shown = start.make_context(qapp, workspace, "fr", "light")
    memory = WindowMemory(tmp_path / "w.ini")
    window, cases = MainWindow(shown, workspace, memory), WorkList(workspace)
    ToolWindows(window, shown, workspace, cases, memory)
    (banner,) = window.banners.banners
    assert banner.texts[1].splitlines() == [
        "Réglage « Leucocytes à compter (target_cells) » : n'est pas un nombre. "
        "La valeur par défaut est utilisée.",
        "Réglage « Touches des classes (keys.BL) » : U est une touche de la révision. "
        "La valeur par défaut est utilisée.",
        "La liste des cas récents est illisible : il est imbriqué trop profondément. "
        "Elle repart de zéro ; les cas sont intacts.",
    ]
    assert workspace.recent() == []
    window.close()
    cases.close()
    window.deleteLater()
    shown.language.choose("en")
