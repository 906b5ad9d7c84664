"""The quality map that a run keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.run_record import MapTile, RunCounts, RunRecord, ScanProgress, merged
from bloodcells_gui.domain.zones import GLASS, OUT_OF_FOCUS, TOO_THICK, ZoneTile
from bloodcells_gui.imaging.tiling import TileGrid
from bloodcells_gui.pipeline import resume
from bloodcells_gui.pipeline.stored_quality_map import quality_map, zone_tiles

GRID = TileGrid((0, 0, 9000, 5000), 1200, 200)
SIZES = {2: (9000, 5000)}


def tiles() -> list[ZoneTile]:
    rng = np.random.default_rng(1)
    reasons = [(), (GLASS,), (TOO_THICK, OUT_OF_FOCUS)]
    return [
        ZoneTile(2, t.column, t.row, t.core, float(rng.random()), reasons[t.index % 3], t.index % 2 == 0)
        for t in GRID
    ]


def test_a_map_comes_back() -> None:
    wanted = tiles()
    found = zone_tiles([quality_map(wanted, 2, GRID)], SIZES)[2]
    assert [(t.key, t.box_px, t.reasons, t.measured) for t in found] == [
        (t.key, t.box_px, t.reasons, t.measured) for t in sorted(wanted, key=lambda t: t.key)
    ]
    for a, b in zip(found, sorted(wanted, key=lambda t: t.key), strict=True):
        assert a.score == pytest.approx(b.score, abs=0.034)


def test_a_field_is_one_tile() -> None:
    tile = ZoneTile(0, 0, 0, (0, 0, 640, 480), 1.0, (), True)
    assert zone_tiles([quality_map([tile], 0, None)], {0: (640, 480)}) == {0: [tile]}


def test_a_later_run_replaces_tiles_of_the_map_and_adds_to_what_is_done() -> None:
    first, second = tiles(), [ZoneTile(2, 0, 0, GRID.tile(0).core, 0.0, (GLASS,), True)]
    runs = [
        RunRecord(
            RunCounts(red_cells=7),
            ScanProgress(resume.tile_sets({done}, 2, GRID), fields=frozenset({done})),
            (quality_map(seen, 2, GRID),),
        )
        for seen, done in ((first[:4], 1), (second, 5))
    ]
    together = merged(runs)
    assert together.counts == RunCounts()
    assert zone_tiles(together.maps, SIZES)[2][0] == second[0]
    assert [t.key for t in zone_tiles(together.maps, SIZES)[2]] == [t.key for t in first[:4]]
    assert resume.tiles_done(together.progress.searched, 2, GRID) == {1, 5}
    assert together.progress.fields == {1, 5}


@pytest.mark.parametrize(
    "change",
    [
        {"image": 7}, {"tile_px": 300}, {"tile_px": 0}, {"overlap_px": 5000},
        {"tiles": (MapTile(99, 0, 3, True), MapTile(0, 99, 3, True))},
    ],
)  # fmt: skip
def test_what_fits_nothing_is_left_out(change: dict[str, Any]) -> None:
    quality = replace(quality_map(tiles()[-1:], 2, GRID), **change)
    assert not zone_tiles([quality], SIZES).get(2)
