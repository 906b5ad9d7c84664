"""Cells side by side, cells alike, and the map with its lasso."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.cell_map import BY_UNCERTAINTY, CellMap, inside
from bloodcells_gui.ui.compare import MOST, CompareWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.uncertainty_colours import uncertainty_colour
from tests.support.fakes import FakeSession, make_cells


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(make_cells(60))


@pytest.fixture
def controller(session: FakeSession) -> ReviewController:
    return ReviewController(session)


@pytest.fixture
def cell_map(
    qtbot: QtBot, context: UiContext, controller: ReviewController, pool: QThreadPool
) -> Iterator[CellMap]:
    cell_map = CellMap(context, controller, pool)
    qtbot.addWidget(cell_map)
    cell_map.resize(600, 500)
    cell_map.show()
    qtbot.waitUntil(lambda: len(cell_map.canvas.points) == 60, timeout=20_000)
    yield cell_map
    cell_map.close_case()
    pool.waitForDone()


def test_a_lasso_holds_what_lies_inside_even_when_it_is_hollow() -> None:
    points = np.array([[0.5, 0.5], [1.5, 0.5], [0.2, 0.9], [-0.1, 0.5]])
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    assert inside(points, square).tolist() == [True, False, True, False]
    arrow = np.array([[0, 0], [1, 0], [1, 1], [0.5, 0.4], [0, 1]], float)
    assert inside(np.array([[0.5, 0.7], [0.5, 0.2]]), arrow).tolist() == [False, True]


def test_doubt_runs_from_blue_to_orange() -> None:
    assert uncertainty_colour(0.0).blue() > uncertainty_colour(0.0).red()
    assert uncertainty_colour(1.0).red() > uncertainty_colour(1.0).blue()
    assert uncertainty_colour(7.0) == uncertainty_colour(1.0)


def test_every_cell_has_a_place(cell_map: CellMap) -> None:
    assert np.isfinite(cell_map.canvas.points).all()
    assert sorted(cell_map.ids) == list(range(1, 61))


def test_a_lasso_on_the_map_chooses_its_cells(qtbot: QtBot, cell_map: CellMap) -> None:
    canvas = cell_map.canvas
    corners = [(-2.0, -2.0), (2.0, -2.0), (2.0, 2.0), (-2.0, 2.0)]
    with qtbot.waitSignal(cell_map.chosen) as caught:
        for i, (x, y) in enumerate(corners):
            canvas.draw_lasso(x, y, begins=i == 0, ends=i == len(corners) - 1)
    assert caught.args is not None
    assert sorted(caught.args[0]) == list(range(1, 61))


def test_a_click_on_a_point_chooses_it(qtbot: QtBot, cell_map: CellMap) -> None:
    box = cell_map.canvas.getViewBox()
    x, y = cell_map.canvas.points[7]
    with qtbot.waitSignal(cell_map.chosen) as caught:
        cell_map.canvas.click(box.mapViewToScene(QPointF(x, y)))
    assert caught.args == [[cell_map.ids[7]]]


def test_colours_follow_class_doubt_and_decisions(cell_map: CellMap, session: FakeSession) -> None:
    def colour(cell_id: int) -> str:
        brushes = cell_map.canvas.dots.data["brush"]
        return str(brushes[cell_map.row_of[cell_id]].color().name())

    before = colour(5)
    session.relabel([5], "BL" if session.cell(5).predicted != "BL" else "MO")
    assert colour(5) != before
    cell_map.colouring.setCurrentIndex(cell_map.colouring.findData(BY_UNCERTAINTY))
    cell_map.recolour()
    assert colour(5) == uncertainty_colour(session.cell(5).uncertainty).name()


def test_the_selection_is_ringed(cell_map: CellMap) -> None:
    cell_map.show_selection([3, 4, 999])
    assert len(cell_map.canvas.rings.data) == 2


def test_compared_cells_share_one_physical_scale(
    qtbot: QtBot, context: UiContext, controller: ReviewController, pool: QThreadPool
) -> None:
    window = CompareWindow(context, controller, pool, list(range(1, 12)))
    qtbot.addWidget(window)
    window.show()
    assert len(window.tiles) == MOST
    qtbot.waitUntil(lambda: all(t.image.has_picture for t in window.tiles))
    window.tiles[2].image.zoom_at(1.7, QPointF(50, 50))
    scales = {round(t.image.um_zoom, 6) for t in window.tiles}
    assert len(scales) == 1
    assert not math.isnan(scales.pop())
    with qtbot.waitSignal(window.chosen) as caught:
        QTest.mouseClick(window.tiles[3].image, Qt.MouseButton.LeftButton)
    assert caught.args == [4]
    controller.session.relabel([1], "BL")
    assert "Blast" in window.tiles[0].caption.toolTip()
    window.close()


def test_the_page_opens_map_and_comparison_when_asked(
    qtbot: QtBot, context: UiContext, session: FakeSession, pool: QThreadPool
) -> None:
    page = CasePage(context, ReviewController(session), pool)
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    assert page.map is None
    page.views.setCurrentIndex(page.views.count() - 1)
    assert page.map is not None
    qtbot.waitUntil(lambda: page.map is not None and len(page.map.canvas.points) == 60, timeout=20_000)
    page.gallery.view.select_ids([3, 4, 5])
    assert len(page.map.canvas.chosen) == 3
    page.compare()
    assert [t.cell_id for t in page.comparisons.windows[0].tiles] == page.gallery.view.selected_ids()
    page.gallery.view.select_ids([10])
    page.show_alike()
    qtbot.waitUntil(lambda: len(page.comparisons.windows) == 2)
    alike = [t.cell_id for t in page.comparisons.windows[1].tiles]
    assert alike[0] == 10
    same = [session.cell(i).predicted == session.cell(10).predicted for i in alike[1:]]
    assert sum(same) >= 1
    page.close_case()
    for window in list(page.comparisons.windows):
        window.close()
    QApplication.processEvents()
    pool.waitForDone()
