"""The quality map among a run's tallies."""

from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.domain.zones import GLASS, OUT_OF_FOCUS, TOO_THICK, ZoneTile
from bloodcells_gui.imaging.tiling import TileGrid
from bloodcells_gui.pipeline import resume
from bloodcells_gui.pipeline.stored_quality_map import decode_map, encode_map

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
    found = sorted(decode_map(encode_map(wanted, 2, GRID), SIZES)[2], key=lambda t: t.key)
    assert [(t.key, t.box_px, t.reasons, t.measured) for t in found] == [
        (t.key, t.box_px, t.reasons, t.measured) for t in sorted(wanted, key=lambda t: t.key)
    ]
    for a, b in zip(found, sorted(wanted, key=lambda t: t.key), strict=True):
        assert a.score == pytest.approx(b.score, abs=0.034)


def test_a_field_is_one_tile() -> None:
    tile = ZoneTile(0, 0, 0, (0, 0, 640, 480), 1.0, (), True)
    assert decode_map(encode_map([tile], 0, None), {0: (640, 480)}) == {0: [tile]}


def test_a_later_run_replaces_the_map_and_adds_to_what_is_done() -> None:
    first, second = tiles(), [ZoneTile(2, 0, 0, GRID.tile(0).core, 0.0, (GLASS,), True)]
    runs = [
        {**encode_map(first[:4], 2, GRID), **resume.encode({1}, 2, GRID)},
        {**encode_map(second, 2, GRID), **resume.encode({5}, 2, GRID)},
    ]
    merged = resume.merged(runs)
    assert decode_map(merged, SIZES) == {2: second}
    assert resume.tiles_done(merged, 2, GRID) == {1, 5}
    assert all(resume.is_bookkeeping(name) for name in merged)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("map/2/1200x200/0/0", float("nan")),
        ("map/2/1200x200/0/0", -1.0),
        ("map/2/1200x200/99/0", 3.0),
        ("map/2/300x200/0/0", 3.0),
        ("map/7/1200x200/0/0", 3.0),
        ("map/2/x/0/0", 3.0),
    ],
)
def test_what_fits_nothing_is_left_out(name: str, value: float) -> None:
    assert not decode_map({name: value}, SIZES).get(2)
