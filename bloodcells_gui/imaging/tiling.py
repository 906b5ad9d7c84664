"""Overlapping tiles over a region, in full-resolution px."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a grid.

    Attributes
    ----------
    index : int
        Row-major, stable for a given grid: what a resumed scan remembers.
    column, row : int
        Place in the grid.
    x, y, width, height : int
        What to read, overlap included, full-resolution px.
    core : tuple of int
        x, y, width, height of the part that this tile alone owns. The cores of a grid cover the region
        exactly once, so a cell whose centre lies in the core is counted once.
    """

    index: int
    column: int
    row: int
    x: int
    y: int
    width: int
    height: int
    core: tuple[int, int, int, int]

    def owns(self, x: float, y: float) -> bool:
        """Whether a point belongs to this tile's core (left and top borders included)."""
        cx, cy, cw, ch = self.core
        return cx <= x < cx + cw and cy <= y < cy + ch


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Tiles of one size with an overlap, over a rectangle.

    Parameters
    ----------
    region : tuple of int
        x, y, width, height to be covered.
    tile_px : int
        Side of a tile, overlap included.
    overlap_px : int
        How far neighbouring tiles reach into each other, at least the diameter of the largest cell.

    Raises
    ------
    ValueError
        When the tile is not larger than twice the overlap or the region is empty.
    """

    region: tuple[int, int, int, int]
    tile_px: int
    overlap_px: int

    def __post_init__(self) -> None:
        if self.overlap_px < 0 or self.tile_px <= 2 * self.overlap_px:
            raise ValueError("a tile must be larger than twice its overlap")
        if self.region[2] <= 0 or self.region[3] <= 0:
            raise ValueError("empty region")

    @property
    def shape(self) -> tuple[int, int]:
        """Columns, rows."""
        return self._count(self.region[2]), self._count(self.region[3])

    def __len__(self) -> int:
        columns, rows = self.shape
        return columns * rows

    def _count(self, length: int) -> int:
        step = self.tile_px - self.overlap_px
        return max(1, -(-(length - self.overlap_px) // step))

    def tile(self, index: int) -> Tile:
        """The tile of that index; IndexError outside the grid."""
        columns, rows = self.shape
        if not 0 <= index < columns * rows:
            raise IndexError(index)
        row, column = divmod(index, columns)
        x, width, core_x, core_w = self._span(column, columns, self.region[0], self.region[2])
        y, height, core_y, core_h = self._span(row, rows, self.region[1], self.region[3])
        return Tile(index, column, row, x, y, width, height, (core_x, core_y, core_w, core_h))

    def _span(self, i: int, count: int, origin: int, length: int) -> tuple[int, int, int, int]:
        step, half = self.tile_px - self.overlap_px, self.overlap_px // 2
        start = i * step
        end = min(start + self.tile_px, length)
        core_start = 0 if i == 0 else start + half
        core_end = length if i == count - 1 else start + step + half
        return origin + start, end - start, origin + core_start, core_end - core_start

    def __iter__(self) -> Iterator[Tile]:
        return (self.tile(i) for i in range(len(self)))
