"""The tour: five steps on drawn cells, by act or by Next, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.practice_case import PracticeCase
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileDialogs
from bloodcells_gui.ui.help.tour import STEPS, Tour, TourCard, place_beside
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.home import Home
from tests.support.workbench_window import a_case


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(home=tmp_path / "home", config=tmp_path / "home")


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[MainWindow]:
    workspace.author = "T. Nicien"
    window = MainWindow(context, workspace, memory)
    window.resize(1024, 700)
    window.show()
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture
def tour(window: MainWindow, context: UiContext, workspace: Workspace, qtbot: QtBot) -> Tour:
    made = Tour(window, context, lambda: PracticeCase(workspace.engine))
    made.start()
    qtbot.waitUntil(lambda: made.step == 0, timeout=30_000)
    qtbot.waitUntil(lambda: not window.analysis.running, timeout=60_000)
    return made


def files(folder: Path) -> set[Path]:
    return {p for p in folder.rglob("*") if p.is_file()}


def test_next_leads_through_all_steps_and_nothing_is_left(
    tour: Tour, window: MainWindow, workspace: Workspace, qtbot: QtBot
) -> None:
    page = window.page
    assert page is not None
    assert page.session.specimen.synthetic
    folder = page.session.path.parent.parent.parent
    assert folder.name.startswith("bloodcells-tour-")
    before = files(workspace.home)
    for number in range(len(STEPS)):
        assert tour.step == number
        tour.place()
        assert tour.card.isVisible()
        assert window.rect().contains(tour.card.geometry())
        qtbot.mouseClick(tour.card.next, Qt.MouseButton.LeftButton)
    assert not tour.running
    assert not tour.card.isVisible()
    assert window.page is None
    assert not folder.exists()
    assert files(workspace.home) == before
    assert workspace.remembered() == []


def test_acts_of_the_person_go_on(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    page = window.page
    assert page is not None
    tour.go_on()
    flagged = [c.id for c in page.session.flagged]
    if flagged:
        page.next_look_first()
    else:
        tour.go_on()
    assert tour.step == 2
    page.next_unreviewed()
    qtbot.keyClick(page.gallery.view, Qt.Key.Key_S)
    assert tour.step == 3
    page.undo()
    assert tour.step == 4


def test_escape_ends_it_at_any_step(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    page = window.page
    assert page is not None
    tour.go_on()
    window.activateWindow()
    page.gallery.view.setFocus()
    qtbot.keyClick(page.gallery.view, Qt.Key.Key_Escape)
    assert not tour.running
    assert window.page is None


def test_another_case_ends_it(tour: Tour, window: MainWindow, workspace: Workspace, qtbot: QtBot) -> None:
    page = window.page
    assert page is not None
    folder = page.session.path.parent.parent.parent
    window.opener.open_path(a_case(workspace.cases_dir / "case.bcs", 20))
    assert not tour.card.isVisible()
    assert not tour.running
    qtbot.waitUntil(lambda: not folder.exists())
    assert window.page is not None


def test_enter_goes_on_from_the_cells_and_from_the_card(tour: Tour, window: MainWindow, qtbot: QtBot) -> None:
    page = window.page
    assert page is not None
    window.activateWindow()
    page.gallery.view.setFocus()
    qtbot.keyClick(page.gallery.view, Qt.Key.Key_Return)
    assert tour.step == 1
    tour.card.next.setFocus()
    qtbot.keyClick(tour.card.next, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert tour.step == 2
    tour.card.end.setFocus()
    qtbot.keyClick(tour.card.end, Qt.Key.Key_Return)
    assert not tour.running


def test_its_buttons_name_their_keys_and_underline_none(tour: Tour) -> None:
    for number in range(len(STEPS)):
        tour.card.show_step(number)
        assert "&" not in tour.card.next.text() + tour.card.end.text()
        assert "Enter" in tour.card.next.text()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_button_of_the_card_is_cut(window: MainWindow, context: UiContext, lang: str) -> None:
    context.language.choose(lang)
    card = TourCard(window)
    card.show()
    for number in range(len(STEPS)):
        card.show_step(number)
        card.layout().activate()  # type: ignore[union-attr]
        for button in (card.next, card.end):
            assert button.width() >= button.minimumSizeHint().width()
            assert card.rect().contains(button.geometry())


def test_whoever_opens_something_else_leaves_the_tour_first(
    tour: Tour, window: MainWindow, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    """Even if the question is answered with Cancel: the case from before is back behind it."""
    tour.end()
    mine = a_case(workspace.cases_dir / "case.bcs", 20)
    window.opener.open_path(mine)
    tour.start()
    qtbot.waitUntil(lambda: tour.step == 0, timeout=30_000)
    seen = []

    def cancel(*_: object) -> None:
        seen.append((tour.running, tour.card.isVisible(), window.page and window.page.session.path))

    monkeypatch.setattr(FileDialogs, "choose_folder", cancel)
    window.actions_.get("open_folder").trigger()
    assert seen == [(False, False, mine)]


def test_the_work_list_ends_it(
    tour: Tour, window: MainWindow, context: UiContext, workspace: Workspace
) -> None:
    Home(context, window, workspace, WorkList(workspace))
    window.actions_.get("home").trigger()
    assert not tour.running
    assert not tour.card.isVisible()
    assert window.at_home
    assert window.page is None


@pytest.mark.parametrize("target", [QRect(0, 0, 300, 700), QRect(700, 0, 324, 700), QRect(0, 0, 1024, 40),
                                    QRect(0, 660, 1024, 40), QRect(0, 0, 1024, 700)])  # fmt: skip
def test_the_card_stays_within_the_window(target: QRect) -> None:
    room, card = QRect(0, 0, 1024, 700), QRect(0, 0, 330, 180)
    at = place_beside(card, target, room)
    placed = QRect(at, card.size())
    assert room.contains(placed)
    assert target == room or not placed.intersects(target)
    assert isinstance(at, QPoint)
