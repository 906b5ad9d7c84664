"""Where a picture holds platelet-stained material, by its colour alone.

Red cells absorb red, green and blue in one proportion, whatever their thickness (Beer and Lambert), so the
optical densities of their pixels lie on one line through the blank field. The granules of platelets take the
azure dyes, which absorb red as well: they lie off that line, as nuclei do (see :mod:`.nuclei`). What is off
it is the *stain density* here: the length of the residual of a pixel's optical density, of three channels, on
the direction of the red cells, where red is absorbed more than in red cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Box

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

#: Direction of red cells (red, green, blue; unit length) where too few are seen to measure it: the median
# over the fields of three laboratories (``python -m scripts.training.evaluate_platelets --boxes``).
USUAL_RED = (0.40, 0.78, 0.48)
#: Stain density from which on a pixel belongs to a platelet, at least.
LEAST_STAIN = 0.04
# Green densities of red cells that lie alone.
_RED_GREEN_OD = (0.05, 0.45)
# Of them the share of red absorbed is below this, of the green.
_MOST_RED_SHARE = 0.85
# Fewer such pixels than this share of a picture say nothing of the red cells' colour.
_LEAST_SHARE = 0.01
_FEWEST = 60
# Rank of the pixels, of each channel, that are blank field.
_BLANK_RANK = 95.0
# A platelet's outline is drawn where the stain falls to this share of its own (90th percentile in the box).
_OWN_SHARE = 0.33
#: A detector's platelets are looked at from this score on.
LOWEST_SCORE = 0.30
# How many times a box is as stained as red cells where the card's limit holds, and by how much the limit
# falls with the natural logarithm of that.
_AT_LIMIT, _FALL = 3.0, 0.34
# Stain of a red cell where none is seen, and what is added to both, so that a ratio of nothing says nothing.
USUAL_STAIN, NOISE = 0.015, 0.010
_DENSEST = 0.90
# So many red cells tell their stain.
_MOST_RED_CELLS = 60
# Reach around a box that is looked at, um, and the share of the stain that must lie in the box.
_AROUND_UM = 1.2
_WITHIN_BOX = 0.5
# Pixels finer than this are joined, um.
_FINE_UM = 0.12


def optical_density(rgb: Pixels, blank: tuple[float, float, float] | Floats) -> Floats:
    """-log10 of the share of the blank field's light, each channel, (h, w, 3); 0 where it is brighter."""
    levels = np.arange(256, dtype=np.float32)[:, None] + 1.0
    table = np.maximum(-np.log10(levels / (np.asarray(blank, np.float32) + 1.0)), 0.0)
    return np.stack([table[:, c][rgb[..., c]] for c in range(3)], axis=-1)


def blank_of(rgb: Pixels) -> Floats:
    """Level of the blank field of a picture, each channel."""
    return np.asarray(np.percentile(rgb[::2, ::2].reshape(-1, 3), _BLANK_RANK, axis=0), np.float32)


def red_cell_direction(density: Floats) -> Floats:
    """Unit vector of the red cells' optical density; `USUAL_RED` where too few of them are seen."""
    pixels = density.reshape(-1, 3)
    red, green = pixels[:, 0], pixels[:, 1]
    chosen = (green > _RED_GREEN_OD[0]) & (green < _RED_GREEN_OD[1]) & (red < _MOST_RED_SHARE * green)
    if np.count_nonzero(chosen) < max(_FEWEST, _LEAST_SHARE * len(pixels)):
        return np.asarray(USUAL_RED, np.float32) / np.float32(np.linalg.norm(USUAL_RED))
    middle = np.median(pixels[chosen], axis=0)
    return np.asarray(middle / np.linalg.norm(middle), np.float32)


def stain_density(density: Floats, red: Floats) -> Floats:
    """How far each pixel is off the line of the red cells, towards the azure dyes, (h, w).

    Parameters
    ----------
    density : (h, w, 3) float32
        Of :func:`optical_density`.
    red : (3,) float32
        Of :func:`red_cell_direction`.
    """
    along = density @ red
    square = np.einsum("ijk,ijk->ij", density, density) - along * along
    off = np.sqrt(np.maximum(square, 0.0))
    return np.where(density[..., 2] < along * red[2], off, np.float32(0.0)).astype(np.float32)


def stained_as_platelets(
    rgb: Pixels, boxes: Floats, scores: Floats, red_boxes: Floats, limit: float, blank: Floats
) -> NDArray[np.bool_]:
    """Which of a detector's platelets are believed, by its score and by their stain together.

    A detector is less sure of platelets of a camera that it never saw, and surer than it should be of specks
    and of the rims of red cells. Both show in the stain: so the lowest score falls with the logarithm of how
    much more a box is stained than red cells are. What is `_AT_LIMIT` times as stained has the card's limit.
    Fitted by logistic regression on the fields of three laboratories, each left out in turn
    (``python -m scripts.training.evaluate_platelets``).

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The picture that the detector saw.
    boxes : (n, 4) float32
        Platelets, x, y, width, height, px of `rgb`.
    scores : (n,) float32
    red_boxes : (m, 4) float32
        Red cells of the same picture.
    limit : float
        Lowest score of a platelet by the detector's card.
    blank : (3,) float32
        Level of the blank field.
    """
    if len(boxes) == 0:
        return np.zeros(0, np.bool_)
    red = red_cell_direction(optical_density(np.ascontiguousarray(rgb[::2, ::2]), blank))
    seen = red_boxes[:: max(1, len(red_boxes) // _MOST_RED_CELLS)]
    around = [stain_in(rgb, box, red, blank) for box in seen]
    usual = float(np.median(around)) if around else USUAL_STAIN
    stain = np.array([stain_in(rgb, box, red, blank) for box in boxes], np.float64)
    share = (stain + NOISE) / (usual + NOISE)
    held = np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)
    needed = math.log(limit / (1 - limit)) - _FALL * np.log(share / _AT_LIMIT)
    return np.asarray(np.log(held / (1 - held)) > needed, np.bool_)


def stain_in(rgb: Pixels, box: Floats, red: Floats, blank: Floats) -> float:
    """The stain density that the densest tenth of a box reaches."""
    height, width = rgb.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, math.ceil(box[0] + box[2])), min(height, math.ceil(box[1] + box[3]))
    if x1 <= x0 or y1 <= y0:
        return 0.0
    stain = stain_density(optical_density(rgb[y0:y1, x0:x1], blank), red).ravel()
    rank = round(_DENSEST * (stain.size - 1))
    return float(np.partition(stain, rank)[rank])


@dataclass(frozen=True, slots=True)
class PlateletOutline:
    """One platelet by its stain.

    Attributes
    ----------
    box : Box
        Around it, px of the picture.
    area_um2 : float
    diameter_um : float
        Of the circle of the same area.
    solidity : float
        Area over that of the convex hull, 0 to 1.
    """

    box: Box
    area_um2: float
    diameter_um: float
    solidity: float


def outline_platelet(rgb: Pixels, box: Box, mpp: float) -> PlateletOutline | None:
    """The platelet in a detector's box, outlined where its stain falls to half of its own.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The box with its surroundings, as it was taken.
    box : Box
        Px of `rgb`.
    mpp : float
        um per px of `rgb`.

    Returns
    -------
    PlateletOutline or None
        None where the box holds nothing of that stain.
    """
    if not (math.isfinite(mpp) and mpp > 0) or rgb.size == 0:
        return None
    density = optical_density(rgb, blank_of(rgb))
    stain = stain_density(density, red_cell_direction(density))
    height, width = stain.shape
    reach = _AROUND_UM / mpp
    x0, y0 = max(0, math.floor(box.x - reach)), max(0, math.floor(box.y - reach))
    x1 = min(width, math.ceil(box.x + box.width + reach))
    y1 = min(height, math.ceil(box.y + box.height + reach))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    part = stain[y0:y1, x0:x1]
    if mpp < _FINE_UM:
        part = cv2.GaussianBlur(part, (0, 0), _FINE_UM / mpp)
    inner = np.zeros(part.shape, bool)
    left, top = max(0, math.floor(box.x) - x0), max(0, math.floor(box.y) - y0)
    inner[top : math.ceil(box.y + box.height) - y0, left : math.ceil(box.x + box.width) - x0] = True
    own = float(np.percentile(part[inner], 90.0)) if inner.any() else 0.0
    if own < LEAST_STAIN:
        return None
    found = (part > max(_OWN_SHARE * own, 0.6 * LEAST_STAIN)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found)
    inside = np.bincount(labels[inner], minlength=count)
    inside[0] = 0
    best = int(inside.argmax())
    if inside[best] == 0 or inside[best] < _WITHIN_BOX * stats[best, cv2.CC_STAT_AREA]:
        return None
    return _outline(labels == best, stats[best], (x0, y0), mpp)


def _outline(
    mask: NDArray[np.bool_], stats: NDArray[np.int32], origin: tuple[int, int], mpp: float
) -> PlateletOutline:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outer = max(contours, key=cv2.contourArea)
    # Pixels, not the polygon through their middles: a small platelet has few.
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, [outer], -1, 1, cv2.FILLED)
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(outer), 1)
    area = float(cv2.countNonZero(filled))
    x, y, w, h = (float(v) for v in stats[: cv2.CC_STAT_AREA])
    um2 = area * mpp**2
    return PlateletOutline(
        Box(origin[0] + x, origin[1] + y, w, h),
        um2,
        math.sqrt(4 * um2 / math.pi),
        area / max(1.0, float(cv2.countNonZero(hull))),
    )
