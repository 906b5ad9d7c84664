"""Measurements of one segmented cell, every one with its unit, formula and source.

All of them come from the window that the segmenter saw, so that a cell measures the same whatever the
camera's resolution.
Optical densities are relative to the window's own blank field, so they compare between slides of one stain
but not between
stains.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

MEASUREMENTS = (
    "cell_area_um2",
    "nucleus_area_um2",
    "cytoplasm_area_um2",
    "nucleus_cell_ratio",
    "nucleus_cytoplasm_ratio",
    "equivalent_diameter_um",
    "perimeter_um",
    "circularity",
    "solidity",
    "nucleus_circularity",
    "nucleus_solidity",
    "nucleus_lobes",
    "granularity",
    "nucleus_granularity",
    "nucleus_od_red",
    "nucleus_od_green",
    "nucleus_od_blue",
    "cytoplasm_od_red",
    "cytoplasm_od_green",
    "cytoplasm_od_blue",
    "nucleus_haematoxylin",
    "cytoplasm_eosin",
    "focus",
    "nucleus_offset",
)

#: What cannot be measured of a cell whose outline is not seen as a whole.
OF_OUTLINE = (
    "cell_area_um2",
    "nucleus_area_um2",
    "cytoplasm_area_um2",
    "nucleus_cell_ratio",
    "nucleus_cytoplasm_ratio",
    "equivalent_diameter_um",
    "perimeter_um",
    "circularity",
    "solidity",
    "nucleus_circularity",
    "nucleus_solidity",
    "nucleus_lobes",
    "nucleus_offset",
)

#: Ruifrok and Johnston, Anal Quant Cytol Histol 2001;23:291-9: rows haematoxylin, eosin, residual (cross
#: product).
_STAINS = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105]])
_STAINS = np.vstack([_STAINS, np.cross(_STAINS[0], _STAINS[1])])
_STAINS /= np.linalg.norm(_STAINS, axis=1, keepdims=True)
_UNMIX = np.linalg.inv(_STAINS)

_LOG10 = np.log10(np.arange(256) + 1.0).astype(np.float32)

#: `focus` below this means out of focus: on five sites a blur of 0.6 um takes the median cell below it, while
#: 99 of 100 cells as photographed lie above 0.0055 (PBC 0.18, phone camera 0.021, Tecom set 0.0055).
FOCUS_LIMIT = 0.004

#: A nuclear part counts as a lobe when the bridge to the rest is narrower than this share of its own width.
_BRIDGE_SHARE = 0.62
#: Smallest lobe: inner radius in um, and as a share of the largest lobe's.
_LOBE_RADIUS_UM = 0.45
_LOBE_SHARE = 0.30


def measure(crop: NDArray[np.uint8], mask: NDArray[np.uint8], um_per_px: float) -> NDArray[np.float32]:
    """All measurements of the cell in a window.

    Parameters
    ----------
    crop : (s, s, 3) uint8 RGB
    mask : (s, s) uint8
        0 background, 1 cytoplasm, 2 nucleus.
    um_per_px : float
        Scale of the window.

    Returns
    -------
    (M,) float32
        In the order of `MEASUREMENTS`; NaN where a value is undefined (no cell, no nucleus, no cytoplasm).

    Notes
    -----
    With A the area in px times um_per_px^2 and P the perimeter of the outer contour:

    - ``equivalent_diameter_um`` = 2 sqrt(A / pi): the circle of the same area (ISO 9276-6:2008).
    - ``perimeter_um``: see `perimeter_px`.
    - ``circularity`` = 4 pi A / P^2, at most 1: form factor (ISO 9276-6:2008); of cell and of the whole
      nucleus,
      whose parts' areas and perimeters are summed, so that separate lobes lower it.
    - ``solidity`` = A / area of the convex hull (ISO 9276-6:2008).
    - ``nucleus_cell_ratio`` = nucleus area / cell area, 0 to 1; earlier versions called it ``nc_ratio``.
    - ``nucleus_cytoplasm_ratio`` = nucleus area / cytoplasm area: haematology's N:C ratio (an "N:C of 4:1" is
      4.0, and 0.8 as ``nucleus_cell_ratio``); undefined without nucleus or without cytoplasm.
    - ``nucleus_lobes``: see `count_lobes`.
    - ``granularity``: standard deviation of the green optical density of the cytoplasm after subtracting
      its Gaussian
      blur of 0.6 um: texture finer than about 1 um (own definition); ``nucleus_granularity`` likewise of the
      nucleus: how coarse its chromatin is.
    - ``*_od_*``: mean optical density per channel, log10(I0 / I) (Beer-Lambert), I0 the blank field of the
      window (see `blank_field`).
    - ``nucleus_haematoxylin``, ``cytoplasm_eosin``: mean amount of stain by colour deconvolution
      (Ruifrok and Johnston 2001) with their H&E vectors; Romanowsky stains differ, so use them for
      comparison only.
    - ``focus``: see `focus_of`.
    - ``nucleus_offset`` = distance of the centroids of nucleus and cell / (``equivalent_diameter_um`` / 2): 0
      for a nucleus in the middle, above 0.3 for an eccentric one (own definition); undefined without nucleus.
    """
    values = dict.fromkeys(MEASUREMENTS, math.nan)
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        values["focus"] = focus_of(crop, None)
        return np.array([values[name] for name in MEASUREMENTS], np.float32)
    blank = blank_field(crop, mask)
    window = (slice(max(0, top - 3), top + height + 3), slice(max(0, left - 3), left + width + 3))
    crop, mask = np.ascontiguousarray(crop[window]), np.ascontiguousarray(mask[window])
    cell, nucleus = (mask > 0).astype(np.uint8), (mask == 2).astype(np.uint8)
    px2 = um_per_px**2
    area, nucleus_area = int(np.count_nonzero(cell)), int(np.count_nonzero(nucleus))
    perimeter = perimeter_px(cell)
    values["cell_area_um2"] = area * px2
    values["nucleus_area_um2"] = nucleus_area * px2
    values["cytoplasm_area_um2"] = (area - nucleus_area) * px2
    values["nucleus_cell_ratio"] = nucleus_area / area
    if 0 < nucleus_area < area:
        values["nucleus_cytoplasm_ratio"] = nucleus_area / (area - nucleus_area)
    values["equivalent_diameter_um"] = 2 * math.sqrt(area * px2 / math.pi)
    values["perimeter_um"] = perimeter * um_per_px
    values["circularity"] = min(1.0, 4 * math.pi * area / perimeter**2)
    values["solidity"] = solidity_of(cell)
    if nucleus_area:
        around = perimeter_px(nucleus)
        values["nucleus_circularity"] = min(1.0, 4 * math.pi * nucleus_area / around**2)
        values["nucleus_solidity"] = solidity_of(nucleus)
        values["nucleus_offset"] = _distance_of_centroids(cell, nucleus) / math.sqrt(area / math.pi)
    values["nucleus_lobes"] = float(count_lobes(nucleus, um_per_px))
    _densities(values, crop, cell, nucleus, blank, um_per_px)
    values["focus"] = focus_of(crop, cell)
    return np.array([values[name] for name in MEASUREMENTS], np.float32)


def _distance_of_centroids(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Between the centroids of two binary parts, neither of them empty, in px."""
    a, b = (cv2.moments(part, binaryImage=True) for part in (one, other))
    return math.hypot(a["m10"] / a["m00"] - b["m10"] / b["m00"], a["m01"] / a["m00"] - b["m01"] / b["m00"])


def _densities(
    values: dict[str, float],
    crop: NDArray[np.uint8],
    cell: NDArray[np.uint8],
    nucleus: NDArray[np.uint8],
    blank: NDArray[np.float64],
    um_per_px: float,
) -> None:
    full = np.log10(blank + 1.0).astype(np.float32)
    in_nucleus = nucleus > 0
    in_cytoplasm = (cell > 0) & ~in_nucleus
    # One px off both borders, where the colours of two parts mix.
    core = (cv2.erode(cell, _CROSS) > 0) & (cv2.dilate(nucleus, _CROSS) == 0)
    if np.count_nonzero(core) >= 20:
        in_cytoplasm = core
    for part, where in (("nucleus", in_nucleus), ("cytoplasm", in_cytoplasm)):
        colours = crop.reshape(-1, 3).take(np.flatnonzero(where), axis=0)
        if not len(colours):
            continue
        mean = (full - _LOG10.take(colours)).mean(axis=0)
        values[f"{part}_od_red"], values[f"{part}_od_green"], values[f"{part}_od_blue"] = map(float, mean)
        stains = mean @ _UNMIX
        if part == "nucleus":
            values["nucleus_haematoxylin"] = float(stains[0])
        else:
            values["cytoplasm_eosin"] = float(stains[1])
    green = full[1] - cv2.LUT(np.ascontiguousarray(crop[:, :, 1]), _LOG10)
    if np.count_nonzero(in_cytoplasm) >= 20:
        values["granularity"] = _texture(green, in_cytoplasm, um_per_px)
    if np.count_nonzero(in_nucleus) >= 20:
        left, top, width, height = cv2.boundingRect(nucleus)
        box = (slice(top, top + height), slice(left, left + width))
        values["nucleus_granularity"] = _texture(green[box], in_nucleus[box], um_per_px, cv2.BORDER_CONSTANT)


def _texture(
    density: NDArray[np.float32],
    where: NDArray[np.bool_],
    um_per_px: float,
    border: int = cv2.BORDER_DEFAULT,
) -> float:
    """Standard deviation of a part's density after subtracting its blur of 0.6 um."""
    # Normalised convolution: the blur must not drag one part's density into the other.
    weight = where.astype(np.float32)
    sigma = 0.6 / um_per_px
    at = np.flatnonzero(where)
    blurred, share = (
        cv2.GaussianBlur(image, (0, 0), sigma, borderType=border).take(at)
        for image in (density * weight, weight)
    )
    return float((density.take(at) - blurred / np.maximum(share, 1e-3)).std())


_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def blank_field(crop: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """RGB of the light that passed no cell: the 90th percentile of what lies outside the mask, per channel.

    A window without background gives 255.
    """
    outside = (mask[::2, ::2] == 0).astype(np.uint8)
    n = cv2.countNonZero(outside)
    if n < 30:
        return np.full(3, 255.0)
    rank = int(0.9 * (n - 1))
    some = np.ascontiguousarray(crop[::2, ::2])
    counts = [cv2.calcHist([some], [channel], outside, [256], [0, 256]).cumsum() for channel in range(3)]
    return np.array([np.searchsorted(below, rank, side="right") for below in counts], np.float64)


def perimeter_px(binary: NDArray[np.uint8]) -> float:
    """Length of all outer contours in px.

    The staircase of a digital contour is up to 1.27 times too long; the contour is therefore smoothed by a
    circular
    moving average of five points, and pi is added for the half pixel between pixel centres and the true
    border
    (exact for convex outlines: Steiner's formula). A disc of radius 10 to 40 px is right within 2 %.
    """
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    total = 0.0
    for contour in contours:
        points = contour[:, 0, :].astype(np.float64)
        if len(points) >= 10:
            ring = np.concatenate([points[-2:], points, points[:2]])
            points = (ring[:-4] + ring[1:-3] + ring[2:-2] + ring[3:-1] + ring[4:]) / 5
        steps = np.concatenate([points[1:], points[:1]]) - points
        total += float(np.hypot(steps[:, 0], steps[:, 1]).sum()) + math.pi
    return total


def solidity_of(binary: NDArray[np.uint8]) -> float:
    """Area over the area of the convex hull, at most 1; NaN for nothing."""
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return math.nan
    hull = cv2.convexHull(np.concatenate(contours))
    # Half a pixel outwards all around: the hull runs through pixel centres.
    hull_area = cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2 + math.pi / 4
    return min(1.0, int(np.count_nonzero(binary)) / hull_area)


def count_lobes(nucleus: NDArray[np.uint8], um_per_px: float) -> int:
    """Number of nuclear lobes; 0 without a nucleus.

    A lobe is a part that falls off when the nucleus is worn down by a depth t (distance transform > t),
    provided that
    the bridge it hung by was narrower than `_BRIDGE_SHARE` of the lobe's own width, and that it is not
    a crumb. This follows the microscopist's rule that lobes hang together by a strand or a marked
    constriction (band forms keep a wide bridge: CLSI H20, College of American Pathologists); the largest
    number over all depths counts.
    """
    if not nucleus.any():
        return 0
    x, y, w, h = cv2.boundingRect(nucleus)
    part = nucleus[y : y + h, x : x + w]
    padded = cv2.copyMakeBorder(part, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    peak = float(depth.max())
    smallest = max(_LOBE_RADIUS_UM / um_per_px, _LOBE_SHARE * peak)
    best = 1
    level = 0.0
    while level < peak * _BRIDGE_SHARE:
        count, labels = cv2.connectedComponents(cv2.compare(depth, level, cv2.CMP_GT), connectivity=4)
        if count - 1 > best:
            peaks = np.zeros(count, np.float32)
            inside = labels > 0
            np.maximum.at(peaks, labels[inside], depth[inside])
            best = max(best, int(np.count_nonzero(peaks >= max(smallest, level / _BRIDGE_SHARE))))
        level += 1.0
    return best


def focus_of(crop: NDArray[np.uint8], cell: NDArray[np.uint8] | None) -> float:
    """Sharpness: variance of the Laplacian over variance of the grey values, of the cell (or the window).

    Dimensionless and independent of contrast; after Pech-Pacheco et al., ICPR 2000 (variance of the
    Laplacian),
    normalised so that pale cells are not called blurred.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    edges = cv2.Laplacian(grey, cv2.CV_32F, ksize=1)
    if cell is not None:
        at = np.flatnonzero(cv2.dilate(cell, _CROSS))
        grey_values, edge_values = grey.take(at).astype(np.float32), edges.take(at)
    else:
        grey_values, edge_values = grey.astype(np.float32).ravel(), edges.ravel()
    spread = float(grey_values.var())
    return float(edge_values.var()) / spread if spread > 1.0 else 0.0
