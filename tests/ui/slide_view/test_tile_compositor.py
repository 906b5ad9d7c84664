"""The slide's tiles: read as they are wanted, put together, and seen in another light."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.slide_images import TILE_PX
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.display_settings import DisplayPanel, DisplaySettings
from bloodcells_gui.ui.slide_view.loader import TileLoader
from bloodcells_gui.ui.slide_view.tile_compositor import TileCompositor
from tests.support.slide_window import SIZE, PictureReader, placed


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


def _compose(ground: TileCompositor, loader: TileLoader, camera: Camera, images: Any) -> QImage:
    grey = QColor(128, 128, 128)
    picture, _ = ground.compose(loader, camera, images, 1.0, grey, grey, smooth=True)
    return picture.copy()


def test_a_moved_picture_equals_one_painted_anew(qtbot: QtBot, loaded: Any) -> None:
    images = (placed(0, SIZE), placed(1, (900, 700), (3100.0, 40.0)))
    loader = loaded(PictureReader(*images))
    ground = TileCompositor()
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
        assert moved == _compose(TileCompositor(), loader, camera, images)


def test_a_coarser_tile_stands_in_at_once(qtbot: QtBot, loaded: Any) -> None:
    image = placed(0, SIZE)
    reader = PictureReader(image)
    loader = loaded(reader)
    loader.want([(0, image.levels - 1, 0, 0)])
    qtbot.waitUntil(lambda: loader.missing == 0)
    camera = Camera(width=400, height=300, plane=(0, 0, *SIZE))
    camera.look_at(1500, 1000, 1.0)
    ground = TileCompositor()
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


def test_a_look_changes_only_what_is_asked() -> None:
    assert DisplaySettings().table() is None
    bright = DisplaySettings(brightness=0.5).table()
    assert bright is not None
    assert (bright[:-1, 0] <= bright[1:, 0]).all()
    assert bright[100, 0] > 100
    steep = DisplaySettings(contrast=0.5).table()
    assert steep is not None
    assert steep[40, 0] < 40
    assert steep[215, 0] > 215
    lighter = DisplaySettings(gamma=2.0).table()
    assert lighter is not None
    assert lighter[128, 0] > 170
    assert (lighter[0, 0], lighter[255, 0]) == (0, 255)


def test_look_panel_resets(qtbot: QtBot) -> None:
    look = DisplayPanel()
    qtbot.addWidget(look)
    look.sliders[0].setValue(40)
    look.stain_box.setChecked(True)
    assert look.look() == DisplaySettings(0.4, 0.0, 1.0, True)
    with qtbot.waitSignal(look.changed) as told:
        look.reset()
    assert told.args == [DisplaySettings()]
