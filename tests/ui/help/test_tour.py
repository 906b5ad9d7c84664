"""The tour: five steps on drawn cells, by act or by Next, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.practice_case import PracticeCase
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.help.tour import STEPS, Tour, place_beside
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
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


@pytest.mark.parametrize("target", [QRect(0, 0, 300, 700), QRect(700, 0, 324, 700), QRect(0, 0, 1024, 40),
                                    QRect(0, 660, 1024, 40), QRect(0, 0, 1024, 700)])  # fmt: skip
def test_the_card_stays_within_the_window(target: QRect) -> None:
    room, card = QRect(0, 0, 1024, 700), QRect(0, 0, 330, 180)
    at = place_beside(card, target, room)
    placed = QRect(at, card.size())
    assert room.contains(placed)
    assert target == room or not placed.intersects(target)
    assert isinstance(at, QPoint)
