"""What is measured of one outlined red cell, every value with its unit, formula and source."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.red_cells import RED_CELL_MEASURES
from bloodcells_gui.imaging.measure import perimeter_px

# Depth below the outline as a share of the greatest: the rim lies between the first two, the middle below the
# last.
_RIM_DEPTH = (0.15, 0.75)
_RIM_RANK = 75
_MIDDLE_DEPTH = 0.75
# Shallower dimples are the noise of the picture, not a pallor.
_LEAST_PALLOR_DEPTH = 0.08


def measure_red_cell(
    mask: NDArray[np.uint8], density: NDArray[np.float32], um_per_px: float
) -> NDArray[np.float32]:
    """All measures of one red cell.

    Parameters
    ----------
    mask : (h, w) uint8
        1 inside the outline, central pallor filled; one piece that does not touch the border of the window.
    density : (h, w) float32
        Optical density in green, 0 at the blank field.
    um_per_px : float
        Scale of the window.

    Returns
    -------
    (len(RED_CELL_MEASURES),) float32
        NaN where a value is undefined.

    Notes
    -----
    With A the number of px inside times um_per_px^2 and P the perimeter:

    - ``diameter_um`` = 2 sqrt(A / pi): the circle of the same area (ISO 9276-6:2008).
    - ``area_um2`` = A.
    - ``perimeter_um`` = P: the contour smoothed over five points, plus pi px
      (:func:`bloodcells_gui.imaging.measure.perimeter_px`). Discs of 4 to 11 um at 0.2 um/px are within 2 %;
      spicules under 0.5 um are smoothed away.
    - ``circularity`` = 4 pi A / P^2, at most 1: form factor (ISO 9276-6:2008).
    - ``elongation`` = 1 - b / a, with a and b the axes of the ellipse of equal second moments (Hu 1962, IRE
      Trans Inf Theory 8:179-87): 0 for a disc, 0.5 for a cell twice as long as wide.
    - ``pallor`` = diameter of the circle of the pale area's size over ``diameter_um``. The pale area is the
      connected part round the middle that is nearer to the middle's density than to the rim's; 0 without a
      dimple (own definition; about a third in health, Bain, Blood Cells).
    - ``pallor_depth`` = 1 - middle / rim (own definition): the middle is the mean density of what lies deeper
      than 0.75 of the greatest depth below the outline, the rim the 75th percentile between 0.15 and 0.75 of
      it. Below 0 where the middle is darker (targets, spherocytes).
    - ``density``: mean optical density in green, log10(I0 / I) (Beer-Lambert), I0 the blank field of the
      picture.
    """
    values = dict.fromkeys(RED_CELL_MEASURES, math.nan)
    area = int(cv2.countNonZero(mask))
    if area == 0:
        return np.array([values[name] for name in RED_CELL_MEASURES], np.float32)
    perimeter = perimeter_px(mask)
    diameter = 2 * math.sqrt(area / math.pi)
    values["diameter_um"] = diameter * um_per_px
    values["area_um2"] = area * um_per_px**2
    values["perimeter_um"] = perimeter * um_per_px
    values["circularity"] = min(1.0, 4 * math.pi * area / perimeter**2)
    values["elongation"] = elongation_of(mask)
    values["pallor"], values["pallor_depth"] = _pallor(mask, density, diameter)
    values["density"] = float(cv2.mean(density, mask)[0])
    return np.array([values[name] for name in RED_CELL_MEASURES], np.float32)


def elongation_of(mask: NDArray[np.uint8]) -> float:
    """1 - minor / major axis of the ellipse of equal second moments; 0 for a single px."""
    m = cv2.moments(mask, binaryImage=True)
    # A px is a square: its own second moment is 1/12.
    xx, yy = m["mu20"] / m["m00"] + 1 / 12, m["mu02"] / m["m00"] + 1 / 12
    xy = m["mu11"] / m["m00"]
    half, root = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    return 1 - math.sqrt(max(half - root, 0.0) / (half + root))


def _pallor(mask: NDArray[np.uint8], density: NDArray[np.float32], diameter_px: float) -> tuple[float, float]:
    """Diameter of the pale middle over the cell's, and how much paler than the rim it is."""
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    depth *= 1 / float(depth.max())
    rim_px = density[(depth > _RIM_DEPTH[0]) & (depth < _RIM_DEPTH[1])]
    middle_px = depth >= _MIDDLE_DEPTH
    if not rim_px.size:
        return math.nan, math.nan
    rim, middle = float(np.percentile(rim_px, _RIM_RANK)), float(density[middle_px].mean())
    if rim <= 0:
        return math.nan, math.nan
    fall = 1 - middle / rim
    if fall < _LEAST_PALLOR_DEPTH:
        return 0.0, fall
    # The rim itself is pale where it is out of focus: it is no part of the middle.
    pale = ((density < (rim + middle) / 2) & (depth > _RIM_DEPTH[0])).astype(np.uint8)
    _, labels = cv2.connectedComponents(pale, connectivity=4)
    own = labels[middle_px & (pale > 0)]
    if not own.size:
        return 0.0, fall
    area = int(np.count_nonzero(labels == np.bincount(own).argmax()))
    return 2 * math.sqrt(area / math.pi) / diameter_px, fall
