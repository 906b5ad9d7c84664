"""The zone that was drawn and the quality map: kept with the case, shown again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.zones import GLASS, ZoneTile
from bloodcells_gui.imaging.tiling import TileGrid
from bloodcells_gui.pipeline.stored_quality_map import quality_map
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view import legend
from bloodcells_gui.ui.slide_view.panel import SlidePanel
from bloodcells_gui.ui.slide_view.zone import outline_from_json
from tests.support.slide_window import SIZE, PictureReader, SlideSession, cells, placed


@pytest.fixture
def session() -> SlideSession:
    return SlideSession(cells())


@pytest.fixture
def panel(qtbot: QtBot, context: UiContext, session: SlideSession) -> Iterator[SlidePanel]:
    panel = SlidePanel(context, ReviewController(session), PictureReader(placed(0, SIZE)))
    qtbot.addWidget(panel)
    yield panel
    panel.close_case()


def test_zone_and_quality_map_come_back_with_the_case(
    qtbot: QtBot, context: UiContext, panel: SlidePanel, session: SlideSession
) -> None:
    grid = TileGrid((0, 0, *SIZE), 1200, 200)
    tiles = [
        ZoneTile(0, 1, 0, grid.tile(1).core, 0.8, (), True),
        ZoneTile(0, 0, 1, grid.tile(3).core, 0.0, (GLASS,)),
    ]
    run = session.runs[-1]
    session.runs[-1] = replace(run, record=replace(run.record, maps=(quality_map(tiles, 0, grid),)))
    panel.canvas.zone = [(200.0, 300.0), (900.0, 310.0), (500.0, 800.0)]
    panel.canvas.zone_drawn.emit()
    drawn = panel.zones()

    again = SlidePanel(context, ReviewController(session), PictureReader(placed(0, SIZE)))
    qtbot.addWidget(again)
    assert again.zones() == drawn != {}
    shown = again.canvas.zones
    assert shown.ranked
    good = shown.tile_at(0, 1500, 500)
    assert good is not None
    assert (good.score, good.measured) == (0.8, True)
    assert shown.tile_at(0, 100, 1500).reasons == (GLASS,)  # type: ignore[union-attr]
    again.tools.offer_maps()
    assert again.tools.map_actions[legend.QUALITY].isEnabled()
    again.controller.undo()
    assert again.zones() == {}
    again.controller.redo()
    assert again.zones() == drawn
    again.close_case()


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", '{"0": 5}', '{"0": [[["a", 1], [2, 3], [4, 5]]]}', '{"0": [[[1e999, 0], [1, 1], [2, 2]]]}'],
)
def test_a_kept_zone_that_is_none_is_ignored(text: str) -> None:
    assert outline_from_json(text, [placed(0, SIZE)]) == []
