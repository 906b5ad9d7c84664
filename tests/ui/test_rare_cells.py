"""The window of the search for rare cells: begun by an act, decided by keys, counted by what a person saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.rare_cells import cells_to_look_at, result_of_case, search_of_case
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.rare_search import DEFAULT_SEARCH
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.suspicion import LOOK_FIRST, is_flagged
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.gallery.model import HEADINGS
from bloodcells_gui.ui.rare_cells.window import RareCellsWindow
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.workbench_window import a_case, a_workspace, shown_tools

Key = Qt.Key
QUEUE = HEADINGS.index(LOOK_FIRST)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[CaseSession]:
    session = a_workspace(tmp_path).open_case(a_case(tmp_path / "case.bcs", 60))
    session.author = "A. Technician"
    yield session
    session.close()


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, session: CaseSession
) -> Iterator[RareCellsWindow]:
    window = RareCellsWindow(context, ReviewController(session), pool)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    yield window
    window.close()
    pool.waitForDone()


def begun(window: RareCellsWindow, qtbot: QtBot) -> None:
    window.start.click()
    qtbot.waitUntil(window.view.hasFocus)


def test_nothing_is_on_before_a_person_begins(
    window: RareCellsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    assert search_of_case(session) is None
    assert window.view.isHidden()
    assert window.end_line.text() == "No search was begun in this case."
    begun(window, qtbot)
    assert search_of_case(session) == DEFAULT_SEARCH
    assert list(window.model.ids(QUEUE)) == cells_to_look_at(session, DEFAULT_SEARCH)
    heading = window.model.index(QUEUE, 0)
    assert heading.data() == "Cells that nobody looked at"  # not "Look here first": most are no suspects
    assert window.end_line.text().startswith("No cell was looked at by a person yet")
    window.stop.click()
    assert search_of_case(session) is None
    assert window.view.isHidden()


def test_keys_decide_and_the_statement_follows(
    window: RareCellsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    begun(window, qtbot)
    first, second, third, *_ = window.model.ids(QUEUE)
    QTest.keyClick(window.view, Key.Key_Space)
    assert session.decision(first).reviewer == "A. Technician"
    assert window.view.current_id() == second
    QTest.keyClick(window.view, Key.Key_S)
    assert session.decision(second).final == "LY"
    QTest.keyClick(window.view, Key.Key_Delete)
    assert session.decision(third).status is Status.EXCLUDED
    result = result_of_case(session)
    assert result is not None
    assert result.looked_at == 2
    assert "of 2 cells looked at" in window.statement.text()
    assert window.bar.value() == 2
    assert window.bar.maximum() == 1197
    QTest.keyClick(window.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.hint.accessibleName().startswith("Taken back: ")
    assert third in window.model.ids(QUEUE)
    assert window.view.current_id() == third  # the key that corrects it is meant for it
    QTest.keyClick(window.view, Key.Key_Z)
    assert session.decision(third).final == "EO"
    for _ in range(2):
        QTest.keyClick(window.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.view.current_id() == second
    while session.state.can_undo:
        QTest.keyClick(window.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.hint.accessibleName() == "Nothing is left to undo."


def test_shift_space_confirms_what_was_seen_and_no_suspicious_cell(
    window: RareCellsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    begun(window, qtbot)
    flagged = [c.id for c in session.cells if is_flagged(c)]
    session.confirm(flagged[1:])  # one of them stays, at the head of the order
    qtbot.waitUntil(lambda: len(window.view.seen()) > 8, timeout=10_000)
    seen = window.view.seen()
    wanted = {
        i for i in seen
        if session.decision(i).status is Status.PROPOSED and not is_flagged(session.cell(i))
    }  # fmt: skip
    assert wanted
    QTest.keyClick(window.view, Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    confirmed = {c.id for c in session.cells if session.decision(c.id).status is Status.CONFIRMED}
    assert confirmed - set(flagged) == wanted
    assert flagged[0] not in confirmed
    QTest.keyClick(window.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # one step to undo
    assert not any(session.decision(i).status is Status.CONFIRMED for i in wanted)


def test_the_rest_of_the_film_is_asked_for_where_it_was_not_searched(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, session: CaseSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bloodcells_gui.app import rare_cells as app

    monkeypatch.setattr(app, "film_is_searched", lambda _: False)
    window = RareCellsWindow(context, ReviewController(session), pool)
    qtbot.addWidget(window)
    window.show()
    assert window.rest.isHidden()
    begun(window, qtbot)
    assert not window.rest.isHidden()
    with qtbot.waitSignal(window.whole_film_wanted):
        window.rest.click()
    window.close()
    pool.waitForDone()


def test_the_laboratory_s_own_search_is_begun(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, session: CaseSession
) -> None:
    own = replace(session.settings, rare_cells=replace(DEFAULT_SEARCH, codes=("BL",), one_in=1000))
    session._settings = lambda: own  # noqa: SLF001  # the settings of the moment
    window = RareCellsWindow(context, ReviewController(session), pool)
    qtbot.addWidget(window)
    window.show()
    begun(window, qtbot)
    assert session.state.data.fields["rare_cells"] == "BL; 1000"
    window.close()
    pool.waitForDone()


def test_the_menu_of_the_case_opens_it_once_and_it_goes_with_the_case(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path
) -> None:
    with shown_tools(context, a_workspace(tmp_path), memory) as tools:
        films = tools.films
        films.show_rare_cells()
        assert films.rare is None  # no case is open
        tools.window.attach(tools.workspace.open_case(a_case(tmp_path / "one.bcs", 12)))
        films.show_rare_cells()
        first = films.rare
        assert first is not None
        begun(first, qtbot)
        films.show_rare_cells()
        assert films.rare is first
        first.close()
        qtbot.waitUntil(lambda: films.rare is None)
        films.show_rare_cells()  # the search is on, so its cells are shown at once
        assert films.rare is not None
        assert not films.rare.view.isHidden()
        tools.window.close_case()
        qtbot.waitUntil(lambda: films.rare is None)


def test_the_question_who_reviews_stands_over_the_window_that_asks(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the main window it would take the keyboard there: the next key would decide on another cell."""
    over: list[object] = []
    monkeypatch.setattr(ReviewerDialog, "exec", lambda dialog: over.append(dialog.parentWidget()) or 0)
    workspace = a_workspace(tmp_path)
    with shown_tools(context, workspace, memory) as tools:
        tools.window.attach(workspace.open_case(a_case(tmp_path / "one.bcs", 12)))
        workspace.author = ""
        tools.films.show_rare_cells()
        window = tools.films.rare
        assert window is not None
        qtbot.waitUntil(window.isActiveWindow)
        window.start.click()
        assert over == [window]
        window.close()
