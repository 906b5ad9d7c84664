"""Whether a small cell has a nucleus at all: the dark area in its box, by optical density.

A platelet that lies on a red cell looks like a small cell with a small dark nucleus, and a detector proposes
it by the hundred. Its dark part measures 3 to 8 um2; the smallest nuclei, those of late erythroblasts, 14 um2
and more (``python -m scripts.evaluate_nuclei``).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

#: Boxes larger than this, um, hold more than a red cell: they are not judged.
SMALL_CELL_UM = 9.5
#: Below this, um2, what is dark in a small box is no nucleus.
SMALLEST_NUCLEUS_UM2 = 10.0
# Finer pixels only cost time; at this scale a nucleus of 10 um2 has 60 px.
_JUDGED_MPP = 0.40
_FINER = 0.8
# Ranks of the optical density in the box: the darkest part, and what it lies on.
_DARK, _GROUND = 0.97, 0.30
_DENSITY = (-np.log10((np.arange(256) + 1.0) / 256.0)).astype(np.float32)


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
    if mpp < _FINER * _JUDGED_MPP:
        factor = mpp / _JUDGED_MPP
        size = tuple(max(1, round(n * factor)) for n in rgb.shape[1::-1])
        mpp *= rgb.shape[1] / size[0]
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    density = _DENSITY[rgb].sum(axis=2)
    ranked = np.sort(density, axis=None)
    last = len(ranked) - 1
    limit = (ranked[round(_DARK * last)] + ranked[round(_GROUND * last)]) / 2
    count, _, stats, _ = cv2.connectedComponentsWithStats((density > limit).astype(np.uint8))
    return float(stats[1:, cv2.CC_STAT_AREA].max()) * mpp**2 if count > 1 else 0.0


def without_nucleus(rgb: NDArray[np.uint8], mpp: float, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which boxes hold a small thing without a nucleus; never larger ones, nor those at the picture's edge.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
    mpp : float
        um per px.
    boxes : (n, 4) float32
        x, y, width, height in px of `rgb`.
    """
    height, width = rgb.shape[:2]
    out = np.zeros(len(boxes), bool)
    x0, y0 = np.floor(boxes[:, :2]).astype(int).T
    x1, y1 = np.ceil(boxes[:, :2] + boxes[:, 2:]).astype(int).T
    small = np.sqrt(boxes[:, 2] * boxes[:, 3]) * mpp < SMALL_CELL_UM
    # A nucleus that the edge cuts may show less.
    inside = (x0 > 1) & (y0 > 1) & (x1 < width - 1) & (y1 < height - 1)
    for i in np.flatnonzero(small & inside):
        out[i] = dark_area_um2(rgb[y0[i] : y1[i], x0[i] : x1[i]], mpp) < SMALLEST_NUCLEUS_UM2
    return out
