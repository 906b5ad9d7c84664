"""Finished tiles: indices into a grid, and what a case keeps of them, so that a later run can continue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bloodcells_gui.domain.run_record import TileSet
from bloodcells_gui.domain.zones import RectPx
from bloodcells_gui.imaging.tiling import TileGrid


def tile_sets(done: Iterable[int], image: int, grid: TileGrid) -> tuple[TileSet, ...]:
    """The finished tiles (indices into `grid`) of an image; none where there are none."""
    columns, _ = grid.shape
    tiles = frozenset(divmod(index, columns) for index in done)
    return (TileSet(image, grid.tile_px, grid.overlap_px, tiles),) if tiles else ()


def tiles_done(sets: Iterable[TileSet], image: int, grid: TileGrid) -> set[int]:
    """Finished tiles of an image; none where the grid was another one (cells are recognised all the same)."""
    columns, rows = grid.shape
    asked = image, grid.tile_px, grid.overlap_px
    return {
        row * columns + column
        for tiles in sets
        if tiles.grid == asked
        for row, column in tiles.tiles
        if row < rows and column < columns
    }


def visited(sets: Iterable[TileSet], sizes_px: Mapping[int, tuple[int, int]]) -> dict[int, list[RectPx]]:
    """Cores of the tiles by image, full-resolution px; `sizes_px` gives the sizes of the images."""
    out: dict[int, list[RectPx]] = {}
    for tiles in sets:
        grid = grid_over(tiles.tile_px, tiles.overlap_px, sizes_px.get(tiles.image, (0, 0)))
        if grid is not None:
            done = sorted(tiles_done([tiles], tiles.image, grid))
            out.setdefault(tiles.image, []).extend(grid.tile(i).core for i in done)
    return out


def grid_over(tile_px: int, overlap_px: int, size_px: tuple[int, int]) -> TileGrid | None:
    """The grid over an image; None where such a grid, or the image, cannot be."""
    if min(size_px) <= 0 or tile_px <= 2 * overlap_px:
        return None
    return TileGrid((0, 0, *size_px), tile_px, overlap_px)
