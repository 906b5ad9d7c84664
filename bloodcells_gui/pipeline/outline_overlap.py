"""Merge proposals whose outlines show that they are the same cell.

A detector now and then proposes a second leukocyte beside a real one: the boxes overlap too little to be the
same cell, as those of touching cells do, but both outlines are of one cell. Outlines leave neighbours out, so
those of two cells hardly overlap.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Box, Cell, CellAssets

#: Outlines that share more than this of the smaller one are of one cell.
SAME_OUTLINE = 0.5

InPlane = Callable[[int, Box], Box]
AssetsOf = Callable[[], CellAssets]


class Outlines:
    """Remembers outlined cells and recognises them when another box holds one again.

    Parameters
    ----------
    cell_px : float
        Side of the buckets of the index, about the largest cell; plane px.
    in_plane : callable
        Where a box of an image lies in the specimen's plane.
    """

    def __init__(self, cell_px: float, in_plane: InPlane) -> None:
        self._side = max(cell_px, 1.0)
        self._in_plane = in_plane
        self._cells: dict[tuple[int, int], list[tuple[Box, int, AssetsOf]]] = defaultdict(list)

    def add(self, cell: Cell, assets_of: AssetsOf) -> None:
        """Remember a cell; `assets_of` is asked only where another box overlaps its own."""
        box = self._in_plane(cell.image, cell.box_px)
        self._cells[self._bucket(*box.centre)].append((box, cell.image, assets_of))

    def has(self, cell: Cell, assets: CellAssets) -> bool:
        """Whether the outline of a cell is one that is remembered."""
        box = self._in_plane(cell.image, cell.box_px)
        column, row = self._bucket(*box.centre)
        mine: _Outline | None = None
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                for other, image, assets_of in self._cells.get((column + dx, row + dy), ()):
                    if not _overlap(box, other):
                        continue
                    mine = mine or _Outline(assets, cell.image, self._in_plane)
                    if mine.shared(_Outline(assets_of(), image, self._in_plane)) > SAME_OUTLINE:
                        return True
        return False

    def _bucket(self, x: float, y: float) -> tuple[int, int]:
        return math.floor(x / self._side), math.floor(y / self._side)


class _Outline:
    """A cell's mask where it lies in the plane."""

    def __init__(self, assets: CellAssets, image: int, in_plane: InPlane) -> None:
        data = np.frombuffer(assets.mask, np.uint8)
        raw = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
        self.mask: NDArray[np.bool_] = np.zeros((1, 1), bool) if raw is None else np.asarray(raw > 0)
        x, y, side = assets.crop_px
        self.window = in_plane(image, Box(x, y, side, side))
        self.step = self.window.width / self.mask.shape[1]

    def shared(self, other: _Outline) -> float:
        """Which part of the smaller outline both cover; 0 where one of them is empty."""
        rows, columns = np.nonzero(self.mask)
        if not len(rows) or not other.mask.any():
            return 0.0
        x = self.window.x + (columns + 0.5) * self.step
        y = self.window.y + (rows + 0.5) * self.step
        column = np.floor((x - other.window.x) / other.step).astype(int)
        row = np.floor((y - other.window.y) / other.step).astype(int)
        height, width = other.mask.shape
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        both = int(other.mask[row[inside], column[inside]].sum()) * self.step**2
        smaller = min(len(rows) * self.step**2, int(other.mask.sum()) * other.step**2)
        return float(both / smaller)


def _overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
