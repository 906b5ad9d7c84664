"""The slide tab: camera, tiles, markers, tools."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.slide_images import TILE_PX
from bloodcells_gui.domain.analysis import ImagesRead, ScaleKnown
from bloodcells_gui.domain.cell import Box, Cell
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.domain.zones import TileScanned, ZonesRanked, ZoneTile
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view import layers, legend
from bloodcells_gui.ui.slide_view.camera import MOST_ZOOM, Camera, level_for
from bloodcells_gui.ui.slide_view.canvas import ADD, MEASURE, MOVE, ZONE
from bloodcells_gui.ui.slide_view.ground import Ground
from bloodcells_gui.ui.slide_view.loader import TileLoader
from bloodcells_gui.ui.slide_view.look import Look, LookPanel
from bloodcells_gui.ui.slide_view.markers import Markers
from bloodcells_gui.ui.slide_view.panel import SlidePanel
from tests.ui.fakes import FakeSession, make_cells
from tests.ui.slides import PictureReader, placed

SIZE = (3000, 2000)


def cells(n: int = 40) -> list[Cell]:
    """On a grid, 60 px wide, 250 px apart."""
    return [
        replace(c, image=0, box_px=Box(100.0 + 250 * (i % 10), 100.0 + 250 * (i // 10), 60, 60))
        for i, c in enumerate(make_cells(n))
    ]


class SlideSession(FakeSession):
    """A fake session of a slide that takes cells by hand."""

    def __init__(self, found: list[Cell]) -> None:
        super().__init__(found)
        self.added: list[tuple[int, float, float]] = []
        self.specimen = Specimen(
            "slide", SpecimenKind.SLIDE, Path(), (ImageRef("image-0.tif", Path("x"), size_px=SIZE),)
        )

    def add_cell(self, image: int, x: float, y: float) -> Change:
        if x > 2900:
            raise UserError("There is no image at this place.")
        self.added.append((image, x, y))
        return Change()


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


# -- camera --------------------------------------------------------------------------------------------


def test_zooming_keeps_the_place_under_the_mouse() -> None:
    camera = Camera(width=800, height=600, plane=(0, 0, 8000, 6000))
    camera.fit()
    assert camera.zoom == pytest.approx(0.1)
    camera.zoom_at(3, 200, 450)
    before = camera.to_plane(200, 450)
    camera.zoom_at(2.5, 200, 450)
    assert camera.to_plane(200, 450) == pytest.approx(before)
    assert camera.to_screen(*camera.to_plane(17, 23)) == pytest.approx((17, 23))
    camera.zoom_at(1e9, 0, 0)
    assert camera.zoom == MOST_ZOOM
    camera.zoom_at(1e-9, 0, 0)
    assert camera.zoom == pytest.approx(0.05)


def test_the_middle_stays_on_the_plane_and_a_fitted_view_stays_fitted() -> None:
    camera = Camera(width=800, height=600, plane=(-100, 50, 4000, 4000))
    camera.look_at(1e9, -1e9, 1.0)
    assert (camera.x, camera.y) == (3900, 50)
    camera.fit()
    camera.resize(400, 900)
    assert camera.fitted
    camera.zoom_at(4, 10, 10)
    zoom = camera.zoom
    camera.resize(500, 500)
    assert camera.zoom == zoom


def test_a_level_has_a_pixel_for_every_one_of_the_screen() -> None:
    assert [level_for(z, 1.0, 5) for z in (4.0, 1.0, 0.6, 0.5, 0.26, 0.25, 0.01)] == [0, 0, 0, 1, 1, 2, 4]
    assert level_for(0.5, 2.0, 5) == 0


# -- tiles ---------------------------------------------------------------------------------------------


@pytest.fixture
def loaded(qtbot: QtBot) -> Any:
    made: list[TileLoader] = []

    def make(reader: PictureReader) -> TileLoader:
        made.append(TileLoader(reader))
        return made[-1]

    yield make
    for loader in made:
        loader.close()


def test_what_is_no_longer_wanted_is_not_read(qtbot: QtBot, loaded: Any) -> None:
    reader = PictureReader(placed(0, SIZE))
    loader = loaded(reader)
    reader.gate.clear()
    loader.want([(0, 0, c, 0) for c in range(5)])
    qtbot.waitUntil(lambda: len(reader.asked) == 2)
    loader.want([(0, 0, 0, 1)])
    reader.gate.set()
    qtbot.waitUntil(lambda: loader.missing == 0)
    assert set(reader.asked) == {(0, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)}
    assert loader.get((0, 0, 0, 1)) is not None
    assert loader.get((0, 0, 4, 0)) is None


def test_a_damaged_tile_is_told_and_not_asked_for_again(qtbot: QtBot, loaded: Any) -> None:
    reader = PictureReader(placed(0, SIZE))
    reader.bad = {(0, 0, 1, 1)}
    loader = loaded(reader)
    with qtbot.waitSignal(loader.failed) as told:
        loader.want([(0, 0, 1, 1)])
    assert "damaged" in str(told.args[0])
    loader.want([(0, 0, 1, 1), (0, 0, 0, 0)])
    qtbot.waitUntil(lambda: loader.missing == 0)
    assert reader.asked.count((0, 0, 1, 1)) == 1


def test_memory_is_bounded(qtbot: QtBot, loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bloodcells_gui.ui.slide_view.loader.CACHE_BYTES", 3 * TILE_PX * TILE_PX * 4)
    loader = loaded(PictureReader(placed(0, SIZE)))
    keys = [(0, 0, c, r) for r in range(2) for c in range(4)]
    for key in keys:
        loader.want([key])
        qtbot.waitUntil(lambda: loader.missing == 0)
    assert sum(loader.get(k) is not None for k in keys) == 3
    assert loader.get(keys[-1]) is not None


def test_another_look_reads_anew_and_shows_the_old_meanwhile(qtbot: QtBot, loaded: Any) -> None:
    reader = PictureReader(placed(0, SIZE))
    loader = loaded(reader)
    loader.want([(0, 0, 0, 0)])
    qtbot.waitUntil(lambda: loader.missing == 0)
    before = loader.get((0, 0, 0, 0)).pixelColor(100, 100)
    loader.set_look(None, True)
    assert loader.get((0, 0, 0, 0)).pixelColor(100, 100) == before
    loader.want([(0, 0, 0, 0)])
    qtbot.waitUntil(lambda: loader.missing == 0)
    after = loader.get((0, 0, 0, 0)).pixelColor(100, 100)
    assert [255 - v for v in before.getRgb()[:3]] == list(after.getRgb()[:3])


def _compose(ground: Ground, loader: TileLoader, camera: Camera, images: Any) -> QImage:
    grey = QColor(128, 128, 128)
    picture, _ = ground.compose(loader, camera, images, 1.0, grey, grey, smooth=True)
    return picture.copy()


def test_a_moved_picture_equals_one_painted_anew(qtbot: QtBot, loaded: Any) -> None:
    images = (placed(0, SIZE), placed(1, (900, 700), (3100.0, 40.0)))
    loader = loaded(PictureReader(*images))
    ground = Ground()
    camera = Camera(width=640, height=480, plane=(0, 0, 4000, 2000))
    camera.look_at(1500, 900, 0.5)
    rng = np.random.default_rng(2)
    for _ in range(40):
        camera.pan(*(float(v) for v in rng.integers(-180, 180, 2)))
        _, wanted = ground.compose(
            loader, camera, images, 1.0, QColor(128, 128, 128), QColor(128, 128, 128), smooth=True
        )
        if rng.random() < 0.6:
            loader.want(wanted)
            qtbot.waitUntil(lambda: loader.missing == 0)
        moved = _compose(ground, loader, camera, images)
        assert moved == _compose(Ground(), loader, camera, images)


def test_a_coarser_tile_stands_in_at_once(qtbot: QtBot, loaded: Any) -> None:
    image = placed(0, SIZE)
    reader = PictureReader(image)
    loader = loaded(reader)
    loader.want([(0, image.levels - 1, 0, 0)])
    qtbot.waitUntil(lambda: loader.missing == 0)
    camera = Camera(width=400, height=300, plane=(0, 0, *SIZE))
    camera.look_at(1500, 1000, 1.0)
    ground = Ground()
    picture = _compose(ground, loader, camera, (image,))
    assert not ground.complete
    # The stand-in shows the same place: red and green follow the place, 60 darker at level 3.
    middle = picture.pixelColor(200, 150)
    assert middle.red() == pytest.approx((1500 >> 4) % 200 + 40 - 20 * (image.levels - 1), abs=3)
    assert middle.green() == pytest.approx((1000 >> 4) % 200 + 40 - 20 * (image.levels - 1), abs=3)
    loader.want([(0, 0, c, r) for c in range(2, 4) for r in range(1, 3)])
    qtbot.waitUntil(lambda: loader.missing == 0)
    picture = _compose(ground, loader, camera, (image,))
    assert ground.complete
    assert picture.pixelColor(200, 150).red() == (1500 >> 4) % 200 + 40


# -- markers -------------------------------------------------------------------------------------------


def test_markers_are_found_by_place() -> None:
    markers = Markers({0: (1000.0, 0.0)}, lambda _: "SNE")
    markers.add(cells(20))
    camera = Camera(width=600, height=600, plane=(0, 0, 5000, 5000))
    camera.look_at(1000 + 130, 130, 1.0)
    assert markers.pick(camera, 300, 300) == cells(1)[0].id
    assert markers.pick(camera, 300 + 125, 300 + 125) is None
    assert len(markers.visible(camera)) == 4
    markers.hidden = {"SNE"}
    assert markers.pick(camera, 300, 300) is None
    markers.hidden = set()
    other = replace(cells(1)[0], id=999, image=7)
    markers.add([other])
    assert not markers.knows(999)


def test_the_smaller_of_two_nested_markers_can_be_picked() -> None:
    markers = Markers({0: (0.0, 0.0)}, lambda _: "LY")
    big, small = replace(cells(1)[0], id=1, box_px=Box(0, 0, 300, 300)), replace(cells(1)[0], id=2)
    markers.add([big, replace(small, box_px=Box(200, 200, 40, 40))])
    camera = Camera(width=600, height=600, plane=(0, 0, 600, 600))
    camera.look_at(300, 300, 1.0)
    assert markers.pick(camera, 218, 222) == 2
    assert markers.pick(camera, 150, 150) == 1


def test_markers_of_100_000_cells_are_drawn_from_afar() -> None:
    markers = Markers({0: (0.0, 0.0)}, lambda i: ("SNE", "EO")[i % 2])
    rng = np.random.default_rng(0)
    one = cells(1)[0]
    places = rng.uniform(0, 100_000, (100_000, 2))
    markers.add(replace(one, id=i, box_px=Box(float(x), float(y), 50, 50)) for i, (x, y) in enumerate(places))
    assert markers.counts() == {"SNE": 50_000, "EO": 50_000}
    image = QImage(800, 800, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    camera = Camera(width=800, height=800, plane=(0, 0, 100_000, 100_000))
    camera.fit()
    painter = QPainter(image)
    markers.paint(painter, camera, 1.0)
    painter.end()
    x, y = camera.to_screen(places[-1][0] + 25, places[-1][1] + 25)
    assert image.pixelColor(int(x), int(y)) != QColor(Qt.GlobalColor.white)


# -- panel ---------------------------------------------------------------------------------------------


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
    panel._controller.relabel([cell.id], "BL")
    after = panel.markers.counts()
    assert after["SNE"] == before["SNE"] - 1
    assert after["BL"] == before.get("BL", 0) + 1
    panel.canvas.choose(cell.id)
    panel.remove_chosen()
    assert panel.markers.counts()["EXCLUDED"] == 1
    panel._controller.undo()
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
    with qtbot.waitSignal(panel.failed):
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
    panel.tools._fill_cells_menu()
    texts = [a.text() for a in panel.tools._cells_menu.actions()]
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
    panel._show_map(legend.QUALITY)
    mapped = panel.canvas.snapshot()
    panel._show_visited(True)
    dimmed = panel.canvas.snapshot()
    x, y = (round(v) for v in panel.canvas.camera.to_screen(700, 1950))
    seen = [QColor(p.pixel(x, y)).lightness() for p in (plain, mapped, dimmed)]
    assert seen[0] != seen[1]
    assert seen[2] < seen[1]
    panel._show_map(legend.DENSITY)
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


def test_a_look_changes_only_what_is_asked() -> None:
    assert Look().table() is None
    bright = Look(brightness=0.5).table()
    assert bright is not None
    assert (bright[:-1, 0] <= bright[1:, 0]).all()
    assert bright[100, 0] > 100
    steep = Look(contrast=0.5).table()
    assert steep is not None
    assert steep[40, 0] < 40
    assert steep[215, 0] > 215
    lighter = Look(gamma=2.0).table()
    assert lighter is not None
    assert lighter[128, 0] > 170
    assert (lighter[0, 0], lighter[255, 0]) == (0, 255)


def test_look_panel_resets(qtbot: QtBot) -> None:
    look = LookPanel()
    qtbot.addWidget(look)
    look._sliders[0].setValue(40)
    look._stain.setChecked(True)
    assert look.look() == Look(0.4, 0.0, 1.0, True)
    with qtbot.waitSignal(look.changed) as told:
        look.reset()
    assert told.args == [Look()]


def test_lengths_in_words() -> None:
    assert layers.length_text(12.5) == "12.5 µm"
    assert layers.length_text(1234) == "1.23 mm"
    assert layers.nice_length(math.nan, 1.0) is None
    um, px = layers.nice_length(0.25, 1.0) or (0, 0)
    assert (um, px) == (20, 80)
