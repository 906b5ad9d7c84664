"""A folder of cases that does not answer keeps nothing waiting but what needs it, and then in sight."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.earlier_films import EarlierFilms, signed_film
from bloodcells_gui.domain.earlier_films import FOLDER_UNREADABLE, NOT_AWAITED, SEARCH_FAILED, not_looked_for
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.sign import SignDialog
from bloodcells_gui.ui.earlier_films.search import FilmWaitDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.films import a_film
from tests.support.workbench_window import a_workspace, shown_tools


@pytest.fixture
def tools(tmp_path: Path, context: UiContext, memory: WindowMemory) -> Iterator[ToolWindows]:
    with shown_tools(context, a_workspace(tmp_path), memory) as tools:
        a_film(tools.workspace, "S-2", {"SNE": 65, "LY": 35})
        yield tools


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A share that does not answer before this is set."""
    gate, find = threading.Event(), EarlierFilms.find

    def blocked(self: EarlierFilms, *asked: object) -> object:
        assert threading.current_thread() is not threading.main_thread()
        assert gate.wait(60)
        return find(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(EarlierFilms, "find", blocked)
    yield gate
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "folder lookup":
            thread.join(60)
    QApplication.processEvents()


def open_own(tools: ToolWindows) -> None:
    counts = {"SNE": 20, "LY": 80}
    path = a_film(tools.workspace, "S-9", counts, created="2026-11-01T08:00:00Z", signed=False)
    tools.window.attach(tools.workspace.open_case(path))


def fill_and_sign(
    tools: ToolWindows,
    monkeypatch: pytest.MonkeyPatch,
    looked: Callable[[SignDialog], object] = lambda _: None,
) -> None:
    def fill(dialog: SignDialog) -> int:
        dialog.name.setText("A. Technician")
        for field in dialog.fields.values():
            field.setText("As it is.")
        looked(dialog)
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(SignDialog, "exec", fill)
    tools.window.sign()


def meanwhile(act: Callable[[FilmWaitDialog], object]) -> None:
    """Do `act` once the dialog is up that waits for the search."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, FilmWaitDialog):
            act(dialog)
        else:
            QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)


def signed(tools: ToolWindows) -> bool:
    assert tools.session is not None
    return tools.session.state.signed


def test_the_signature_waits_in_sight_and_compares(
    tools: ToolWindows, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_own(tools)
    told: list[str] = []

    def enter_then_answer(dialog: FilmWaitDialog) -> None:
        QTest.keyClick(dialog, Qt.Key.Key_Return)  # a second Enter after the name
        assert dialog.isVisible()
        told.append(dialog.windowTitle())
        gate.set()

    meanwhile(enter_then_answer)
    fill_and_sign(tools, monkeypatch, lambda dialog: told.append(dialog.films_label.text()))
    assert told == ["Looking for earlier films…"] * 2
    assert signed(tools)
    assert tools.session is not None
    film = signed_film(tools.session)
    assert film is not None
    assert (film.specimen, film.total) == ("S-2", 100)


def test_whoever_does_not_wait_signs_and_the_report_says_so(
    tools: ToolWindows, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_own(tools)
    meanwhile(lambda dialog: dialog.without_button.click())
    fill_and_sign(tools, monkeypatch)
    assert signed(tools)
    assert tools.session is not None
    assert signed_film(tools.session) == not_looked_for(NOT_AWAITED)
    assert not gate.is_set()


def test_back_to_the_case_signs_nothing(
    tools: ToolWindows, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_own(tools)
    meanwhile(lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Escape))
    fill_and_sign(tools, monkeypatch)
    assert not signed(tools)
    gate.set()
    QApplication.processEvents()
    assert not signed(tools)


@pytest.mark.parametrize(
    ("trouble", "why"), [(UserError("No folder."), FOLDER_UNREADABLE), (ZeroDivisionError(), SEARCH_FAILED)]
)
def test_a_search_that_fails_forbids_no_signature(
    qtbot: QtBot,
    tools: ToolWindows,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
    why: str,
) -> None:
    def fails(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(EarlierFilms, "find", fails)
    open_own(tools)
    said: list[str] = []

    def looked(dialog: SignDialog) -> None:
        qtbot.waitUntil(lambda: "not compared" in dialog.films_label.text())
        said.append(dialog.films_label.text())

    fill_and_sign(tools, monkeypatch, looked)
    assert said == [f"Earlier films were not compared: {why}."]
    assert signed(tools)
    assert tools.session is not None
    assert signed_film(tools.session) == not_looked_for(why)


def test_the_panel_and_the_window_say_that_films_are_looked_for(
    qtbot: QtBot, tools: ToolWindows, gate: threading.Event
) -> None:
    open_own(tools)
    page, comparison = tools.window.page, tools.films.comparison
    assert page is not None
    assert comparison is not None
    qtbot.waitUntil(lambda: page.differential.films.text() == "Looking for earlier films…")
    # What waits for the pool does not wait for the share.
    qtbot.waitUntil(lambda: tools.window.pool.activeThreadCount() == 0)
    comparison.show_films()
    assert comparison.window is not None
    comparison.look()
    gate.set()
    qtbot.waitUntil(lambda: page.differential.films.text().startswith("Film of 2026-10-01"))
    comparison.window.close()


def test_the_preview_compares_or_says_that_it_did_not(
    qtbot: QtBot, tools: ToolWindows, gate: threading.Event
) -> None:
    open_own(tools)
    window = tools.show_preview()
    assert window is not None
    qtbot.waitUntil(lambda: window.where.text() == "Looking for earlier films…")
    qtbot.waitUntil(window.unawaited_button.isVisible)
    window.unawaited_button.click()
    qtbot.waitUntil(lambda: window.pages.count > 0, timeout=30_000)
    first = " ".join(window.pages.page_list[0].words().split())
    assert "Earlier films were not compared: nobody waited for the search." in first
    gate.set()
    window.paper.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "S-2" in " ".join(p.words() for p in window.pages.page_list), timeout=30_000)
    assert window.unawaited_button.isHidden()
