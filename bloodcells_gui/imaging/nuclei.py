"""Reject detections without a nucleus, by their dark area and by their colour.

A platelet that lies on a red cell looks like a small cell with a small dark nucleus, and a detector proposes
it by the hundred. Its dark part measures 3 to 8 um2; the smallest nuclei, those of late erythroblasts, 14 um2
and more (``python -m scripts.training.evaluate_nuclei``).

Red cells that are dark or blurred or have a speck are proposed on cameras that the detector never saw.
However dark, a red cell absorbs red, green and blue in the proportions of the red cells around it (Beer and
Lambert), whatever the camera's white balance; a stained nucleus does not. So the optical density of a pixel,
a vector of three channels above the blank field, is split into what lies along that of the red cells around
and the rest: its off-red density.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.monolayer import JUDGED_MPP

#: Boxes larger than this, um, hold more than a red cell: how large their dark part is is not judged.
SMALL_CELL_UM = 9.5
#: Below this, um2, what is dark in a small box is no nucleus.
SMALLEST_NUCLEUS_UM2 = 10.0
#: Below this off-red density what is in a box is a red cell.
LEAST_OFF_RED = 0.075
#: How far around a box red cells are looked for, um.
AROUND_UM = 14.0
# Finer pixels only cost time; at this scale a nucleus of 10 um2 has 60 px.
_FINER = 0.8
# Ranks of the optical density in the box: the darkest part, and what it lies on.
_DARK, _GROUND = 0.97, 0.30
_DENSITY = (-np.log10((np.arange(256) + 1.0) / 256.0)).astype(np.float32)
# What of a nucleus is asked for in a box that the picture's edge cuts, um2.
_CUT_NUCLEUS_UM2 = 5.0
# The rim around a box, um, that still belongs to its cell.
_RIM_UM = 1.0
# Surroundings: every second row and column tells as much as all of them.
_STEP = 2
# The blank field, a percentile of each channel's density; red cells have more than half of another percentile
# of the green density, and more than this.
_BLANK, _COVERED = 5.0, 90.0
_LEAST_GREEN = 0.05
# Less than this around, um2, does not tell the colour of red cells, and red cells are not as dense as this.
_LEAST_COVERED_UM2 = 12.0
_DENSEST_RED = 0.5
# Nor is one red cell so many times as dense as those around it.
_TIMES_AS_DENSE = 4.0


def dark_area_um2(rgb: NDArray[np.uint8], mpp: float) -> float:
    """Area of the largest connected dark part, um2.

    Dark is what is nearer to the darkest three percent of the optical density (all channels summed) than to
    its 30th percentile: the rest of the cell, and the corners of the box.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The cell's box.
    mpp : float
        um per px.
    """
    if rgb.size == 0:
        return 0.0
    rgb, across, _ = _coarser(rgb, mpp)
    mpp *= across
    density = _DENSITY[rgb].sum(axis=2)
    ranked = np.sort(density, axis=None)
    last = len(ranked) - 1
    limit = (ranked[round(_DARK * last)] + ranked[round(_GROUND * last)]) / 2
    count, _, stats, _ = cv2.connectedComponentsWithStats((density > limit).astype(np.uint8))
    return float(stats[1:, cv2.CC_STAT_AREA].max()) * mpp**2 if count > 1 else 0.0


def off_red_density(
    rgb: NDArray[np.uint8], mpp: float, box: NDArray[np.float32], others: NDArray[np.float32]
) -> float | None:
    """How far the colour of what a box holds lies off that of the red cells around it.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The picture.
    mpp : float
        um per px.
    box : (4,) float32
        x, y, width, height in px of `rgb`.
    others : (n, 4) float32
        All finds, whose pixels tell nothing of red cells.

    Returns
    -------
    float or None
        The off-red optical density (norm over the channels, log10) that `SMALLEST_NUCLEUS_UM2` of the box
        have or exceed; half of that area where the picture's edge cuts the box. None where it cannot be told:
        too few red cells around, or so dense that they are none, or a box far denser than they are.
    """
    left, top, right, bottom = _grown(box, AROUND_UM / mpp, rgb.shape)
    if left == right or top == bottom:
        return None
    view, across, down = _coarser(rgb[top:bottom, left:right], mpp)
    stretch = np.array([across, down] * 2, np.float32)
    boxes = (np.vstack([box, others]) - np.array([left, top, 0, 0], np.float32)) / stretch
    px_um2 = mpp**2 * across * down
    around = np.ones(view.shape[:2], bool)
    for x0, y0, x1, y1 in (_grown(b, _RIM_UM / (mpp * across), view.shape) for b in boxes):
        around[y0:y1, x0:x1] = False
    thinned = _DENSITY[view[::_STEP, ::_STEP]]
    blank = _ranked(thinned.reshape(-1, 3), _BLANK)
    reds = thinned[around[::_STEP, ::_STEP]] - blank
    if len(reds):
        reds = reds[reds[:, 1] > max(_ranked(reds[:, 1], _COVERED) / 2, _LEAST_GREEN)]
    if len(reds) * _STEP**2 * px_um2 < _LEAST_COVERED_UM2:
        return None
    red = _ranked(reds, 50.0)
    strength = float(np.linalg.norm(red))
    if strength > _DENSEST_RED:
        return None
    x0, y0, x1, y1 = _grown(boxes[0], 0.0, view.shape)
    pixels = (_DENSITY[view[y0:y1, x0:x1]] - blank).reshape(-1, 3)
    along = pixels @ (red / strength)
    off = np.sqrt(np.maximum(np.einsum("ij,ij->i", pixels, pixels) - along**2, 0.0))
    cut = not _inside(box[None], rgb.shape)[0]
    rank = len(off) - max(1, round((_CUT_NUCLEUS_UM2 if cut else SMALLEST_NUCLEUS_UM2) / px_um2))
    if rank < 0 or np.partition(along, rank)[rank] > _TIMES_AS_DENSE * strength:
        return None
    return float(np.partition(off, rank)[rank])


def without_nucleus(rgb: NDArray[np.uint8], mpp: float, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which boxes hold no nucleus: too little that is dark in a small one, or only a red cell's colour.

    How much is dark is not asked in larger boxes, nor in those at the picture's edge.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
    mpp : float
        um per px.
    boxes : (n, 4) float32
        x, y, width, height in px of `rgb`: all finds, since none counts among the red cells around another.
    """
    out = np.zeros(len(boxes), bool)
    small = np.sqrt(boxes[:, 2] * boxes[:, 3]) * mpp < SMALL_CELL_UM
    # A nucleus that the edge cuts may show less.
    whole = _inside(boxes, rgb.shape)
    for i, box in enumerate(boxes):
        if small[i] and whole[i]:
            x0, y0, x1, y1 = _grown(box, 0.0, rgb.shape)
            out[i] = dark_area_um2(rgb[y0:y1, x0:x1], mpp) < SMALLEST_NUCLEUS_UM2
        if not out[i]:
            off = off_red_density(rgb, mpp, box, boxes)
            out[i] = off is not None and off < LEAST_OFF_RED
    return out


def _inside(boxes: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which boxes keep clear of the picture's edge."""
    x0, y0 = np.floor(boxes[:, :2]).T
    x1, y1 = np.ceil(boxes[:, :2] + boxes[:, 2:]).T
    return np.asarray((x0 > 1) & (y0 > 1) & (x1 < shape[1] - 1) & (y1 < shape[0] - 1))


def _grown(box: NDArray[np.float32], by: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a box, `by` px wider on each side, as far as the picture goes."""
    x, y, w, h = (float(v) for v in box)
    left, right = (min(max(0, n), shape[1]) for n in (math.floor(x - by), math.ceil(x + w + by)))
    top, bottom = (min(max(0, n), shape[0]) for n in (math.floor(y - by), math.ceil(y + h + by)))
    return left, top, right, bottom


def _coarser(rgb: NDArray[np.uint8], mpp: float) -> tuple[NDArray[np.uint8], float, float]:
    """The picture, brought to the judged scale where it is much finer; its px in one px, across and down."""
    if mpp >= _FINER * JUDGED_MPP or rgb.size == 0:
        return rgb, 1.0, 1.0
    height, width = rgb.shape[:2]
    size = tuple(max(1, round(n * mpp / JUDGED_MPP)) for n in (width, height))
    out = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return out, width / size[0], height / size[1]


def _ranked(values: NDArray[np.float32], percent: float) -> NDArray[np.float32]:
    """The value of that percentile, of each column by itself."""
    rank = round(percent / 100 * (len(values) - 1))
    return np.asarray(np.partition(values, rank, axis=0)[rank], np.float32)
