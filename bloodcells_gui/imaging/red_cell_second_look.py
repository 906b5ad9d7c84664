"""A second look at where red cells are: what the detector's boxes leave over, and boxes that hold two cells.

What is covered and belongs to no box is a red cell where it is large and thick enough and absorbs red, green
and blue in the proportions of the field's red cells (as in :mod:`.nuclei`). An outline with two notches that
is larger than the field's cells is two cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.measure import solidity_of
from bloodcells_gui.imaging.red_cell_parting import WORK_MPP, PartedCell, PartedField

UInt8 = NDArray[np.uint8]
Box = tuple[float, float, float, float]

# What is left over: worn down by so much, um, the least area, um2, and the least thickness, um: of a piece of
# its own, and of one that hangs on a cell.
_WORN_UM = 0.5
_OWN_UM2, _HANGING_UM2 = 6.0, 11.0
_OWN_THICK_UM, _HANGING_THICK_UM = 1.4, 2.4
# Larger pieces are no cell; of the field's median cell.
_LARGEST = 3.0
# How far red and blue density, over green, may lie from the field's red cells.
_COLOUR_OFF = 0.28
# Two cells in one outline: its area over the median cell's, how deep both notches are, um, and how much of
# the median cell each half has.
_DOUBLE_AREA = 1.3
_NOTCH_UM = 0.25
_LEAST_HALF = 0.4
# Solidity of one cell.
_ONE_SOLIDITY = 0.985


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Boxes to add, px of the work picture, and for seeds that hold two cells both boxes."""

    more: tuple[Box, ...]
    halves: dict[int, tuple[Box, Box]]


def second_look(field: PartedField, cells: list[PartedCell | None], lit: UInt8) -> SecondLook:
    """What the boxes of a parted field miss.

    Parameters
    ----------
    cells : list of PartedCell or None
        Of each red seed.
    lit : (h, w, 3) uint8
        The work picture in even light.
    """
    sizes = [cv2.countNonZero(c.mask) for c in cells if c is not None and not c.parted]
    sizes = sizes or [cv2.countNonZero(c.mask) for c in cells if c is not None]
    if not sizes:  # nothing to compare with
        return SecondLook((), {})
    usual = float(np.median(sizes))
    halves = {}
    for i, cell in enumerate(cells):
        # The outline of a parted cell has notches of its own, one that the border cuts has corners.
        whole = cell is not None and not cell.parted and not _at_border(cell, field.density.shape)
        both = _two_cells(cell, usual) if cell is not None and whole else None
        if both is not None:
            halves[i] = both
    return SecondLook(tuple(_left_over(field, cells, lit, usual)), halves)


def _at_border(cell: PartedCell, shape: tuple[int, ...]) -> bool:
    x, y, w, h = cv2.boundingRect(cell.mask)
    left, top = x + cell.left, y + cell.top
    return bool(left < 1 or top < 1 or left + w > shape[1] - 1 or top + h > shape[0] - 1)


def _claimed(field: PartedField, cells: list[PartedCell | None]) -> NDArray[np.bool_]:
    rows, columns = field.density.shape
    claimed = np.zeros((rows, columns), np.bool_)
    for cell in cells:
        if cell is None:
            continue
        height, width = cell.mask.shape
        part = (slice(cell.top, cell.top + height), slice(cell.left, cell.left + width))
        claimed[part] |= cell.mask > 0
    # A leukocyte has what hangs on it.
    claimed |= (field.owner >= field.n_red) & (field.nearest < 1.6)
    return claimed


def _left_over(field: PartedField, cells: list[PartedCell | None], lit: UInt8, usual: float) -> list[Box]:
    claimed = _claimed(field, cells)
    rest = (field.covered & ~claimed).astype(np.uint8)
    worn = round(_WORN_UM / WORK_MPP)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * worn + 1,) * 2)
    rest = cv2.morphologyEx(rest, cv2.MORPH_OPEN, kernel)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(rest, connectivity=4)
    if n == 1:
        return []
    depth = cv2.distanceTransform(np.pad(rest, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    near = cv2.dilate(claimed.astype(np.uint8), np.ones((5, 5), np.uint8))
    colour = _Colour(lit, claimed & (field.owner < field.n_red) & field.covered)
    out: list[Box] = []
    for k in range(1, n):
        x, y, w, h, area = (int(v) for v in stats[k])
        part = (slice(y, y + h), slice(x, x + w))
        own = labels[part] == k
        hanging = bool((near[part][own] > 0).mean() > 0.02)
        least, thick = (_HANGING_UM2, _HANGING_THICK_UM) if hanging else (_OWN_UM2, _OWN_THICK_UM)
        if not least / WORK_MPP**2 <= area <= _LARGEST * usual:
            continue
        if 2 * float(depth[part][own].max()) * WORK_MPP >= thick and colour.red(lit[part][own]):
            out.append((float(x), float(y), float(w), float(h)))
    return out


class _Colour:
    """In which proportions the red cells of a field absorb red, green and blue."""

    def __init__(self, lit: UInt8, red: NDArray[np.bool_]) -> None:
        blank = np.percentile(lit[::4, ::4].reshape(-1, 3), 90, axis=0)
        self._blank = np.maximum(blank, 1.0)
        chosen = lit[::3, ::3][red[::3, ::3]]
        self._usual = self._shares(chosen) if len(chosen) >= 30 else None

    def _shares(self, pixels: UInt8) -> NDArray[np.float64]:
        density = np.log10(self._blank / np.maximum(np.median(pixels, axis=0), 1.0))
        return np.asarray(density[[0, 2]] / max(float(density[1]), 0.01))

    def red(self, pixels: UInt8) -> bool:
        """Whether pixels (n, 3) look like the field's red cells; never where too few tell how these look."""
        if self._usual is None:
            return False
        return bool(np.abs(self._shares(pixels) - self._usual).max() < _COLOUR_OFF)


def _two_cells(cell: PartedCell, usual: float) -> tuple[Box, Box] | None:
    """Both boxes where an outline holds two cells."""
    mask = np.pad(cell.mask, 1)
    area = cv2.countNonZero(mask)
    if area < _DOUBLE_AREA * usual or solidity_of(mask) > _ONE_SOLIDITY:
        return None
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=len)
    if len(contour) < 12:
        return None
    defects = cv2.convexityDefects(contour, cv2.convexHull(contour, returnPoints=False))
    if defects is None:
        return None
    found = defects.reshape(-1, 4)
    deep = found[found[:, 3] >= _NOTCH_UM / WORK_MPP * 256]
    deep = deep[np.argsort(-deep[:, 3])][:4]
    best: tuple[float, tuple[Box, Box]] | None = None
    for i in range(len(deep)):
        for j in range(i + 1, len(deep)):
            a, b = contour[deep[i, 2], 0], contour[deep[j, 2], 0]
            both = _halves(mask, a, b)
            if both is None or min(both[0]) < _LEAST_HALF * usual:
                continue
            neck = float(np.hypot(*(a - b)))
            if best is None or neck < best[0]:
                best = neck, both[1]
    if best is None:
        return None
    first, second = ((x + cell.left - 1.0, y + cell.top - 1.0, w, h) for x, y, w, h in best[1])
    return first, second


def _halves(
    mask: UInt8, a: NDArray[np.int32], b: NDArray[np.int32]
) -> tuple[tuple[float, float], tuple[Box, Box]] | None:
    """Areas and boxes of both sides of the line through two notches."""
    y, x = np.nonzero(mask)
    side = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
    boxes, areas = [], []
    for chosen in (side >= 0, side < 0):
        if not chosen.any():
            return None
        xs, ys = x[chosen], y[chosen]
        left, top = float(xs.min()), float(ys.min())
        boxes.append((left, top, float(xs.max()) - left + 1, float(ys.max()) - top + 1))
        areas.append(float(chosen.sum()))
    return (areas[0], areas[1]), (boxes[0], boxes[1])
