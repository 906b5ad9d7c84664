"""Tile grids: every point has one owner, whatever the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.imaging.tiling import TileGrid


@given(
    st.integers(-50, 50),
    st.integers(-50, 50),
    st.integers(1, 900),
    st.integers(1, 900),
    st.integers(8, 300),
    st.data(),
)
def test_cores_cover_the_region_exactly_once(
    x: int, y: int, width: int, height: int, tile: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, (tile - 1) // 2))
    grid = TileGrid((x, y, width, height), tile, overlap)
    tiles = list(grid)
    assert sum(t.core[2] * t.core[3] for t in tiles) == width * height
    px, py = x + data.draw(st.integers(0, width - 1)), y + data.draw(st.integers(0, height - 1))
    (owner,) = [t for t in tiles if t.owns(px, py)]
    # A cell of up to the overlap's diameter around its centre lies inside its owner, or is cut by the region.
    half = overlap // 2
    assert owner.x <= max(x, px - half)
    assert owner.x + owner.width >= min(x + width, px + half)
    assert owner.y <= max(y, py - half)
    assert owner.y + owner.height >= min(y + height, py + half)


def test_tiles_are_stable_and_bounded() -> None:
    grid = TileGrid((0, 0, 1000, 700), 512, 64)
    assert grid.shape == (3, 2)
    assert len(grid) == 6
    assert [t.index for t in grid] == list(range(6))
    assert all(t.width <= 512 and t.height <= 512 for t in grid)
    assert grid.tile(4) == list(grid)[4]
    with pytest.raises(IndexError):
        grid.tile(6)


@pytest.mark.parametrize("bad", [((0, 0, 10, 10), 64, 32), ((0, 0, 0, 10), 64, 8), ((0, 0, 10, 10), 64, -1)])
def test_impossible_grids(bad: tuple[tuple[int, int, int, int], int, int]) -> None:
    with pytest.raises(ValueError):
        TileGrid(*bad)
