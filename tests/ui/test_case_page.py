"""Slide, gallery and inspector of one case point at the same cell."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt, QThreadPool
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.review import Status
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.review import ReviewController
from tests.support.slide_window import SIZE, PictureReader, SlideSession, cells, placed


@pytest.fixture
def page(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CasePage]:
    monkeypatch.setattr(
        "bloodcells_gui.ui.slide_view.panel.SlideImages", lambda *_: PictureReader(placed(0, SIZE))
    )
    page = CasePage(context, ReviewController(SlideSession(cells())), pool)
    qtbot.addWidget(page)
    page.resize(1300, 800)
    page.show()
    qtbot.waitExposed(page)
    yield page
    page.close_case()


def test_a_click_on_the_slide_selects_in_gallery_and_inspector(qtbot: QtBot, page: CasePage) -> None:
    assert page.slide is not None
    page.views.setCurrentWidget(page.slide)
    wanted = page.session.cells[13]
    x, y = page.slide.canvas.camera.to_screen(*wanted.box_px.centre)
    qtbot.mouseClick(page.slide.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    assert page.gallery.view.selected_ids() == [wanted.id]
    assert page.inspector.shown_cell == wanted.id


def test_a_double_click_in_the_gallery_flies_there(qtbot: QtBot, page: CasePage) -> None:
    assert page.slide is not None
    view = page.gallery.view
    wanted = page.session.cells[7]
    view.select_ids([wanted.id])
    place = view.visualRect(view.currentIndex()).center()
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert page.views.currentWidget() is page.slide
    camera = page.slide.canvas.camera
    qtbot.waitUntil(lambda: (camera.x, camera.y) == pytest.approx(wanted.box_px.centre, abs=1), timeout=5000)
    assert page.slide.canvas.chosen == wanted.id
    assert not camera.fitted


def test_removing_a_false_cell_leaves_the_view_where_the_person_looks(qtbot: QtBot, page: CasePage) -> None:
    assert page.slide is not None
    page.views.setCurrentWidget(page.slide)
    canvas, wanted = page.slide.canvas, page.session.cells[13]
    page.gallery.view.select_ids([wanted.id])
    canvas.fly_to(wanted.id, at_once=True)
    before = canvas.camera.x, canvas.camera.y, canvas.camera.zoom
    qtbot.keyClick(canvas, Qt.Key.Key_Delete)
    assert page.session.decision(wanted.id).status is Status.EXCLUDED
    qtbot.wait(50)
    assert (canvas.camera.x, canvas.camera.y, canvas.camera.zoom) == before
    page.undo()
    assert page.session.decision(wanted.id).status is not Status.EXCLUDED


def test_panning_never_waits_for_a_tile(qtbot: QtBot, page: CasePage) -> None:
    assert page.slide is not None
    page.views.setCurrentWidget(page.slide)
    canvas, reader = page.slide.canvas, page.slide.reader
    assert isinstance(reader, PictureReader)
    qtbot.waitUntil(lambda: canvas.frame_done, timeout=5000)
    reader.gate.clear()  # the share hangs: no tile comes any more
    reader.asked.clear()
    canvas.camera.look_at(1500, 1000, 1.0)
    slowest = 0.0
    for i in range(20):
        canvas.camera.pan(60 if i % 2 else -25, -15)
        canvas.follow_camera()
        began = time.monotonic()
        canvas.repaint()
        slowest = max(slowest, time.monotonic() - began)
        qtbot.wait(5)
    assert reader.asked  # they were wanted
    assert not canvas.frame_done
    assert slowest < 2.0  # the reader would have held it for ten seconds
    reader.gate.set()
    qtbot.waitUntil(lambda: canvas.frame_done, timeout=10_000)


def test_a_view_that_needs_the_room_puts_the_inspector_aside(qtbot: QtBot, page: CasePage) -> None:
    wide = QWidget()
    wide.setMinimumWidth(620)
    least = page.minimumSizeHint().width()
    page.add_view("Wide", wide)
    assert page.minimumSizeHint().width() == least  # what lies behind asks for no room
    page.resize(1012, 700)
    assert page.inspector.isVisible()
    page.views.setCurrentWidget(wide)
    qtbot.waitUntil(lambda: not page.inspector.isVisible())
    qtbot.waitUntil(lambda: page.views.width() >= 620)
    page.views.setCurrentWidget(page.gallery)
    qtbot.waitUntil(page.inspector.isVisible)
    page.views.setCurrentWidget(wide)
    page.resize(1700, 700)
    assert page.inspector.isVisible()


def test_the_tabs_stay_where_they_are_when_the_inspector_is_put_aside(qtbot: QtBot, page: CasePage) -> None:
    wide = QWidget()
    wide.setMinimumWidth(560)
    page.add_view("Wide", wide)
    page.resize(1012, 700)
    qtbot.waitUntil(page.inspector.isVisible)
    qtbot.wait(20)  # the layout's own requests
    before = page.splitter.sizes()
    for _ in range(2):
        page.views.setCurrentWidget(wide)
        qtbot.waitUntil(lambda: not page.inspector.isVisible())
        qtbot.wait(20)
        assert page.views.x() == before[0] + page.splitter.handleWidth()
        page.views.setCurrentWidget(page.gallery)
        qtbot.waitUntil(page.inspector.isVisible)
        qtbot.wait(20)
        assert page.splitter.sizes() == before
