"""Count each cell once where tiles or overlapping fields show it several times."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.detections import SAME_INSIDE

#: A detector places the same cell's middle a little differently in two tiles. Within this band beyond its
#: core a tile may still propose a cell, and the neighbour's proposal of the same cell is recognised.
BAND_UM = 4.0
#: Of a cell of which it is not known what the detector took it for.
ANY_KIND = -1
_SAME_IOU = 0.30


class ListedBoxes:
    """Remembers accepted boxes and recognises them when they come again.

    Parameters
    ----------
    cell_px : float
        Side of the buckets of the index, about the largest cell; plane px.
    """

    def __init__(self, cell_px: float) -> None:
        self._side = max(cell_px, 1.0)
        self._boxes: dict[tuple[int, int], list[tuple[int, Box]]] = defaultdict(list)

    def add(self, box: Box, kind: int) -> None:
        """Remember a cell; `box` in the plane, `kind` a detection class."""
        x, y = box.centre
        self._boxes[self._bucket(x, y)].append((kind, box))

    def seen(self, box: Box, kind: int) -> bool:
        """Whether a cell of the same class (or of any) is remembered where `box` lies."""
        x, y = box.centre
        column, row = self._bucket(x, y)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                for other_kind, other in self._boxes.get((column + dx, row + dy), ()):
                    if other_kind in (kind, ANY_KIND) and same_cell(box, other):
                        return True
        return False

    def _bucket(self, x: float, y: float) -> tuple[int, int]:
        return math.floor(x / self._side), math.floor(y / self._side)


def same_cell(a: Box, b: Box) -> bool:
    """Whether two boxes from different tiles show one cell; touching neighbours overlap far less."""
    w = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    h = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if w <= 0 or h <= 0:
        return False
    common = w * h
    area, other = a.width * a.height, b.width * b.height
    if common > SAME_INSIDE * min(area, other):
        return True
    return common > _SAME_IOU * (area + other - common)


def touching(boxes: Iterable[Box], gap_px: float) -> list[bool]:
    """For each box, whether another comes nearer than `gap_px`."""
    items = list(boxes)
    flags = [False] * len(items)
    order = sorted(range(len(items)), key=lambda i: items[i].x)
    for n, i in enumerate(order):
        a = items[i]
        for j in order[n + 1 :]:
            b = items[j]
            if b.x > a.x + a.width + gap_px:
                break
            if b.y <= a.y + a.height + gap_px and a.y <= b.y + b.height + gap_px:
                flags[i] = flags[j] = True
    return flags
