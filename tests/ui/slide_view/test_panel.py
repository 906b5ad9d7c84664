"""The slide tab: what mouse, keys and tools do, and what it shows of decisions and of the analysis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.analysis import ImagesRead, ScaleKnown
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.left_out import OWN
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.domain.zones import TileScanned, ZonesRanked, ZoneTile
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view import legend
from bloodcells_gui.ui.slide_view.canvas import ADD, MEASURE, MOVE, ZONE
from bloodcells_gui.ui.slide_view.panel import SlidePanel
from tests.support.slide_window import SIZE, PictureReader, SlideSession, cells, placed


@pytest.fixture
def session() -> SlideSession:
    return SlideSession(cells())


@pytest.fixture
def panel(qtbot: QtBot, context: UiContext, session: SlideSession) -> Any:
    reader = PictureReader(placed(0, SIZE))
    panel = SlidePanel(context, ReviewController(session), reader)
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    qtbot.waitUntil(lambda: panel.canvas.frame_done, timeout=5000)
    yield panel
    panel.close_case()
    assert reader.closed


def _press(qtbot: QtBot, panel: SlidePanel, x: float, y: float) -> None:
    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))


def test_a_click_chooses_a_cell(qtbot: QtBot, panel: SlidePanel, session: SlideSession) -> None:
    wanted = session.cells[13]
    sx, sy = panel.canvas.camera.to_screen(*wanted.box_px.centre)
    with qtbot.waitSignal(panel.cell_picked) as picked:
        _press(qtbot, panel, sx, sy)
    assert picked.args == [wanted.id]
    assert panel.canvas.chosen == wanted.id


def test_dragging_moves_and_chooses_nothing(qtbot: QtBot, panel: SlidePanel) -> None:
    canvas = panel.canvas
    canvas.camera.look_at(1500, 1000, 1.0)
    canvas.picked.connect(lambda _: pytest.fail("a drag chose a cell"))
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    qtbot.mouseMove(canvas, QPoint(340, 310))
    qtbot.mouseMove(canvas, QPoint(400, 320))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 320))
    assert (canvas.camera.x, canvas.camera.y) == pytest.approx((1400, 980))


def test_decisions_change_the_markers(panel: SlidePanel, session: SlideSession) -> None:
    cell = next(c for c in session.cells if not c.abstained and c.predicted == "SNE")
    before = panel.markers.counts()
    panel.controller.relabel([cell.id], "BL")
    after = panel.markers.counts()
    assert after["SNE"] == before["SNE"] - 1
    assert after["BL"] == before.get("BL", 0) + 1
    panel.canvas.choose(cell.id)
    panel.remove_chosen()
    assert panel.markers.counts()["EXCLUDED"] == 1
    panel.controller.undo()
    assert panel.markers.counts() == after


def test_new_cells_appear(panel: SlidePanel, session: SlideSession) -> None:
    from bloodcells_gui.domain.analysis import CellsFound
    from bloodcells_gui.domain.cell import CellAssets

    more = [replace(c, id=c.id + 500) for c in cells(5)]
    session.absorb(CellsFound(tuple(more), tuple(CellAssets(b"", b"", (0, 0, 0)) for _ in more)))
    assert len(panel.markers) == 45


def test_flying_to_a_cell(qtbot: QtBot, panel: SlidePanel, session: SlideSession) -> None:
    cell = session.cells[-1]
    assert panel.fly_to(cell.id)
    qtbot.waitUntil(lambda: abs(panel.canvas.camera.x - cell.box_px.centre[0]) < 0.5, timeout=3000)
    assert panel.canvas.camera.y == pytest.approx(cell.box_px.centre[1], abs=0.5)
    assert panel.canvas.camera.zoom > 0.9
    assert not panel.fly_to(123456)


def test_adding_a_cell(qtbot: QtBot, panel: SlidePanel, session: SlideSession) -> None:
    panel.set_tool(ADD)
    sx, sy = panel.canvas.camera.to_screen(255, 255)
    _press(qtbot, panel, sx, sy)
    [(image, x, y)] = session.added
    assert image == 0
    assert (x, y) == pytest.approx((255, 255), abs=4)
    # On a cell that is known already, it is chosen instead of being counted twice.
    with qtbot.waitSignal(panel.cell_picked):
        _press(qtbot, panel, *panel.canvas.camera.to_screen(*session.cells[0].box_px.centre))
    assert len(session.added) == 1
    # Nor on one whose marker is hidden.
    panel.show_group(session.state.label(session.cells[0].id), False)
    panel.canvas.show_markers = False
    with qtbot.waitSignal(panel.cell_picked):
        _press(qtbot, panel, *panel.canvas.camera.to_screen(*session.cells[0].box_px.centre))
    assert len(session.added) == 1
    with qtbot.waitSignal(panel.controller.failed):
        _press(qtbot, panel, *panel.canvas.camera.to_screen(2950, 1900))


def test_measuring(qtbot: QtBot, panel: SlidePanel) -> None:
    canvas = panel.canvas
    canvas.mpp = 0.5
    panel.set_tool(MEASURE)
    canvas.camera.look_at(1000, 1000, 1.0)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    qtbot.mouseMove(canvas, QPoint(400, 500))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 500))
    assert canvas.ruler_text() == "250 µm"
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.tool == MOVE
    assert canvas.ruler is None


def test_a_zone_is_drawn_and_taken_away(qtbot: QtBot, panel: SlidePanel) -> None:
    canvas = panel.canvas
    panel.set_tool(ZONE)
    canvas.camera.look_at(1000, 1000, 1.0)
    corners = [(100, 100), (400, 100), (400, 400), (100, 400)]
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(*corners[0]))
    for corner in corners[1:]:
        qtbot.mouseMove(canvas, QPoint(*corner))
    with qtbot.waitSignal(canvas.zone_drawn):
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(*corners[-1]))
    [polygon] = panel.zones()[0]
    assert len(polygon) == 4
    for (x, y), (sx, sy) in zip(polygon, corners, strict=True):
        assert canvas.camera.to_screen(x, y) == pytest.approx((sx, sy))
    canvas.snapshot()
    _press(qtbot, panel, 50, 50)
    assert panel.zones() == {}


def test_groups_can_be_hidden(panel: SlidePanel) -> None:
    code = next(iter(panel.markers.counts()))
    shown = len(panel.markers.visible(panel.canvas.camera))
    panel.show_group(code, False)
    assert len(panel.markers.visible(panel.canvas.camera)) == shown - panel.markers.counts()[code]
    panel.tools.fill_cells_menu()
    texts = [a.text() for a in panel.tools.cells_menu.actions()]
    assert len(texts) >= 2 + len(panel.markers.counts())


def test_the_analysis_paints_its_maps(qtbot: QtBot, panel: SlidePanel) -> None:
    tiles = [ZoneTile(0, i, 0, (i * 1000, 0, 1000, 2000), i / 2) for i in range(3)]
    panel.take_event(ZonesRanked(0, tuple(tiles)))
    panel.take_event(TileScanned(replace(tiles[2], measured=True), 3, 100, 5))
    panel.take_event(ImagesRead(()))
    panel.take_event(ScaleKnown(ScaleEstimate(0.125, ScaleSource.RED_CELLS)))
    assert panel.canvas.mpp == 0.125
    zones = panel.canvas.zones
    assert zones.ranked
    assert zones.tile_at(0, 1500, 10) == tiles[1]
    plain = panel.canvas.snapshot()
    panel.show_map(legend.QUALITY)
    mapped = panel.canvas.snapshot()
    panel.show_visited(True)
    dimmed = panel.canvas.snapshot()
    x, y = (round(v) for v in panel.canvas.camera.to_screen(700, 1950))
    seen = [QColor(p.pixel(x, y)).lightness() for p in (plain, mapped, dimmed)]
    assert seen[0] != seen[1]
    assert seen[2] < seen[1]
    panel.show_map(legend.DENSITY)
    panel.canvas.snapshot()


def test_keys_and_wheel(qtbot: QtBot, panel: SlidePanel) -> None:
    camera = panel.canvas.camera
    zoom = camera.zoom
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Plus)
    assert camera.zoom == pytest.approx(1.25 * zoom)
    x = camera.x
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert camera.x > x
    qtbot.keyClick(panel.canvas, Qt.Key.Key_0)
    assert camera.fitted


def test_snapshot_says_what_it_is_for(panel: SlidePanel, tmp_path: Path) -> None:
    panel.save_snapshot(tmp_path / "a.png")
    saved = QImage(str(tmp_path / "a.png"))
    assert saved.width() == panel.canvas.width()
    found = discover(tmp_path)  # it shows cells, but nobody photographed them
    assert found.images == ()
    assert [(f.path, f.reason) for f in found.skipped] == [("a.png", OWN)]
    failures: list[UserError] = []
    panel.failed.connect(failures.append)
    panel.save_snapshot(tmp_path / "missing" / "a.png")
    assert failures


def test_pointing_tells_where(panel: SlidePanel) -> None:
    panel.canvas.mpp = 0.25
    panel.foot.show_place((400.0, 800.0))
    assert "x 400, y 800 px" in panel.foot.where.toolTip()
    assert "0.100, 0.200 mm" in panel.foot.where.toolTip()
    panel.foot.show_place((-5.0, 1.0))
    assert panel.foot.where.toolTip() == ""
