"""Cells to look at first: counted where the review begins, one key to each, alone in the gallery."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.analysis import CellsFound, CellsReproposed
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.suspicion import LOOK_FIRST, with_flag
from bloodcells_gui.ui.gallery.model import HEADINGS
from tests.support.desk import Desk
from tests.support.fakes import make_cells

Key = Qt.Key


def suspicious(cells: list[Cell], *of: int) -> tuple[Cell, ...]:
    """The cells at these places with a suspicion that grows from the first to the last of them."""
    return tuple(
        replace(cells[i], suspicion=(n + 1) / 10, flags=with_flag(cells[i].flags, True))
        for n, i in enumerate(of)
    )


@pytest.fixture
def queue(desk: Desk) -> list[int]:
    """Four named cells of the case become suspicious as an analysis ends; the most suspicious first."""
    named = [i for i, c in enumerate(desk.session.cells) if not c.abstained and c.predicted == "LY"]
    cells = suspicious(desk.session.cells, *named[:4])
    desk.session.absorb(CellsReproposed(cells))
    return [c.id for c in reversed(cells)]


def queue_alone(desk: Desk) -> list[int]:
    return list(desk.page.gallery.model.ids(HEADINGS.index(LOOK_FIRST)))


def test_the_case_says_how_many_and_nothing_where_there_is_none(desk: Desk) -> None:
    assert not desk.page.differential.look_first.isVisibleTo(desk.page)
    assert not desk.page.gallery.queue.isVisibleTo(desk.page)


def test_one_key_goes_through_them_the_most_suspicious_first(
    qtbot: QtBot, desk: Desk, queue: list[int]
) -> None:
    qtbot.waitUntil(desk.page.differential.look_first.isVisible)
    assert desk.page.differential.look_first.text() == "4 cells: look here first"
    desk.go("SNE")
    seen = []
    for _ in range(5):
        desk.press(Key.Key_F7)
        seen.append(desk.view.current_id())
    assert seen == [*queue, queue[0]]
    assert desk.session.events == []


def test_who_was_decided_on_leaves_the_queue_and_comes_back_with_undo(
    qtbot: QtBot, desk: Desk, queue: list[int]
) -> None:
    desk.press(Key.Key_F7)
    desk.press(Key.Key_T)
    assert desk.session.decision(queue[0]).final == "BL"
    assert desk.page.differential.look_first.text() == "3 cells: look here first"
    assert desk.view.current_id() == queue[1]  # the queue goes on by itself
    desk.press(Key.Key_Z, modifier=Qt.KeyboardModifier.ControlModifier)
    assert desk.page.differential.look_first.text() == "4 cells: look here first"


def test_the_gallery_shows_them_alone_and_space_empties_it(desk: Desk, queue: list[int]) -> None:
    button = desk.page.gallery.queue
    button.click()
    assert queue_alone(desk) == queue
    assert sum(desk.page.gallery.model.counts()) == 4
    assert desk.view.current_id() == queue[0]
    desk.view.setFocus()
    for _ in queue:
        desk.press(Key.Key_Space)
    assert [desk.session.state.decided(i) for i in queue] == [True] * 4
    # the last one leads back to all cells
    assert not button.isChecked()
    assert not button.isEnabled()
    assert sum(desk.page.gallery.model.counts()) == len(desk.session.cells)
    assert not desk.page.differential.look_first.isVisibleTo(desk.page)


def test_a_cell_beside_the_queue_leads_back_to_all_cells(desk: Desk, queue: list[int]) -> None:
    desk.page.gallery.queue.click()
    other = next(c.id for c in desk.session.cells if c.id not in queue)
    desk.view.select_ids([other])
    assert desk.view.current_id() == other
    assert not desk.page.gallery.queue.isChecked()
    desk.page.gallery.queue.click()
    desk.page.views.show_group("SNE")
    assert desk.view.current_id() == desk.ids("SNE")[0]


def test_the_cursor_stays_with_its_cell_when_the_queue_is_left(desk: Desk, queue: list[int]) -> None:
    desk.page.gallery.queue.click()
    desk.view.select_ids([queue[2]])
    desk.page.gallery.queue.click()
    assert desk.view.current_id() == queue[2]


def test_a_cell_that_becomes_more_suspicious_moves_up_while_the_queue_is_shown(
    desk: Desk, queue: list[int]
) -> None:
    desk.page.gallery.queue.click()
    last = desk.session.cell(queue[-1])
    desk.session.absorb(CellsReproposed((replace(last, suspicion=0.99),)))
    assert queue_alone(desk) == [queue[-1], *queue[:-1]]
    assert desk.view.current_id() == queue[0]


def test_without_one_the_key_says_so_and_that_it_excludes_nothing(desk: Desk) -> None:
    said: list[tuple[str, str]] = []
    desk.page.noticed.connect(lambda *texts: said.append(texts))
    before = desk.view.current_id()
    desk.press(Key.Key_F7)
    assert desk.view.current_id() == before
    assert said == [
        ("No cell waits to be looked at first.", "That excludes no blast: look at the other cells too.")
    ]


def test_the_sign_is_a_shape_in_the_picture_and_words_for_who_hears_them(desk: Desk) -> None:
    cell_id = desk.go("LY")
    place = next(i for i, c in enumerate(desk.session.cells) if c.id == cell_id)

    def picture() -> np.ndarray:
        image = desk.view.viewport().grab(desk.view.tile_rect(cell_id)).toImage()
        image = image.convertToFormat(image.Format.Format_RGB888)
        raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return raw[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()

    before = picture()
    desk.session.absorb(CellsReproposed(suspicious(desk.session.cells, place)))
    differs = (picture() != before).any(axis=2)
    assert differs[: differs.shape[0] // 3, differs.shape[1] // 2 :].sum() > 60
    assert not differs[differs.shape[0] // 2 :].any()
    assert "look here first" in desk.page.gallery.model.describe(cell_id)


def test_cells_found_while_an_analysis_runs_join_the_queue(desk: Desk, queue: list[int]) -> None:
    found = suspicious(make_cells(1, first_id=9000), 0)
    desk.session.absorb(CellsFound(found, ()))
    assert desk.session.look_first() == [*queue, found[0].id]
    assert desk.page.gallery.queue.text() == "Look first: 5"
