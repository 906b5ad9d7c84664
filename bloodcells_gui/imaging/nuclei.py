"""Reject detections without a nucleus, by their dark area and by their colour.

A platelet that lies on a red cell looks like a small cell with a small dark nucleus, and a detector proposes
it by the hundred. Its dark part measures 3 to 8 um2; the smallest nuclei, those of late erythroblasts, 14 um2
and more (``python -m scripts.training.evaluate_nuclei``).

Red cells that are dark or blurred or have a speck are proposed on cameras that the detector never saw.
However dark, a red cell absorbs red, green and blue in the proportions of the red cells around it (Beer and
Lambert), whatever the camera's white balance; a stained nucleus does not. So the optical density of a pixel,
a vector of three channels above the blank field, is projected on the direction of the red cells around. The
length of the residual is its off-red density.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.monolayer import JUDGED_MPP

#: Larger boxes (side, um) hold more than a red cell: their dark area is not tested.
MAX_SMALL_BOX_UM = 9.5
#: A dark part of a small box below this area, um2, is no nucleus.
MIN_NUCLEUS_UM2 = 10.0
#: A box below this off-red density holds a red cell only.
MIN_OFF_RED_DENSITY = 0.075
#: Red cells are measured up to this distance around a box, um.
NEIGHBOURHOOD_UM = 14.0
# Images finer than this share of JUDGED_MPP are downsampled to it: a nucleus of 10 um2 still has 60 px.
_RESAMPLE_BELOW = 0.8
# Ranks of the optical density in the box (shares of its pixels): the darkest part, and its background.
_DARK_RANK, _BACKGROUND_RANK = 0.97, 0.30
_DENSITY = (-np.log10((np.arange(256) + 1.0) / 256.0)).astype(np.float32)
# Minimum area of a nucleus in a box that the image edge cuts, um2.
_MIN_NUCLEUS_AT_EDGE_UM2 = 5.0
# A rim of this width around a box, um, still belongs to its cell.
_BOX_PADDING_UM = 1.0
# The surroundings are measured at every second row and column; that is enough for percentiles.
_SUBSAMPLING = 2
# The density of the blank field is this percentile of each channel.
_BLANK_PERCENTILE = 5.0
# Pixels of red cells have more than half of this percentile of the green density ...
_CELL_PERCENTILE = 90.0
# ... and more than this density.
_MIN_GREEN_DENSITY = 0.05
# Red cells around a box must cover at least this area, um2, to tell their colour.
_MIN_REFERENCE_AREA_UM2 = 12.0
# Surroundings denser than this are no red cells.
_MAX_RED_CELL_DENSITY = 0.5
# A box denser than its surroundings by more than this factor holds no red cell.
_MAX_DENSITY_RATIO = 4.0


def dark_area_um2(rgb: NDArray[np.uint8], mpp: float) -> float:
    """Area of the largest connected dark part, um2.

    Dark pixels are nearer to the 97th percentile of the optical density (all channels summed) than to its
    30th, which is the rest of the cell and the corners of the box.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The cell's box.
    mpp : float
        um per px.
    """
    if rgb.size == 0:
        return 0.0
    rgb, scale_x, _ = _downsample(rgb, mpp)
    mpp *= scale_x
    density = _DENSITY[rgb].sum(axis=2)
    ranked = np.sort(density, axis=None)
    last = len(ranked) - 1
    limit = (ranked[round(_DARK_RANK * last)] + ranked[round(_BACKGROUND_RANK * last)]) / 2
    count, _, stats, _ = cv2.connectedComponentsWithStats((density > limit).astype(np.uint8))
    return float(stats[1:, cv2.CC_STAT_AREA].max()) * mpp**2 if count > 1 else 0.0


def off_red_density(
    rgb: NDArray[np.uint8], mpp: float, box: NDArray[np.float32], all_boxes: NDArray[np.float32]
) -> float | None:
    """Off-red density of a box: the part of its colour that the red cells around it do not explain.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The picture.
    mpp : float
        um per px.
    box : (4,) float32
        x, y, width, height in px of `rgb`.
    all_boxes : (n, 4) float32
        All detections, `box` among them or not: their pixels are left out of the red cells around.

    Returns
    -------
    float or None
        The off-red optical density (norm over the channels, log10) that is reached or exceeded on
        `MIN_NUCLEUS_UM2` of the box, or on half of that area where the image edge cuts the box. None where it
        cannot be measured: too few red cells around, or surroundings too dense to be red cells, or a box far
        denser than they are.
    """
    left, top, right, bottom = _padded_bounds(box, NEIGHBOURHOOD_UM / mpp, rgb.shape)
    if left == right or top == bottom:
        return None
    view, scale_x, scale_y = _downsample(rgb[top:bottom, left:right], mpp)
    scales = np.array([scale_x, scale_y] * 2, np.float32)
    boxes = (np.vstack([box, all_boxes]) - np.array([left, top, 0, 0], np.float32)) / scales
    px_um2 = mpp**2 * scale_x * scale_y
    around = np.ones(view.shape[:2], bool)
    for x0, y0, x1, y1 in (_padded_bounds(b, _BOX_PADDING_UM / (mpp * scale_x), view.shape) for b in boxes):
        around[y0:y1, x0:x1] = False
    thinned = _DENSITY[view[::_SUBSAMPLING, ::_SUBSAMPLING]]
    blank = _percentile(thinned.reshape(-1, 3), _BLANK_PERCENTILE)
    reference = thinned[around[::_SUBSAMPLING, ::_SUBSAMPLING]] - blank
    if len(reference):
        reference = reference[
            reference[:, 1] > max(_percentile(reference[:, 1], _CELL_PERCENTILE) / 2, _MIN_GREEN_DENSITY)
        ]
    if len(reference) * _SUBSAMPLING**2 * px_um2 < _MIN_REFERENCE_AREA_UM2:
        return None
    red_direction = _percentile(reference, 50.0)
    strength = float(np.linalg.norm(red_direction))
    if strength > _MAX_RED_CELL_DENSITY:
        return None
    x0, y0, x1, y1 = _padded_bounds(boxes[0], 0.0, view.shape)
    pixels = (_DENSITY[view[y0:y1, x0:x1]] - blank).reshape(-1, 3)
    parallel = pixels @ (red_direction / strength)
    residual = np.sqrt(np.maximum(np.einsum("ij,ij->i", pixels, pixels) - parallel**2, 0.0))
    cut = not _clear_of_edge(box[None], rgb.shape)[0]
    rank = len(residual) - max(1, round((_MIN_NUCLEUS_AT_EDGE_UM2 if cut else MIN_NUCLEUS_UM2) / px_um2))
    if rank < 0 or np.partition(parallel, rank)[rank] > _MAX_DENSITY_RATIO * strength:
        return None
    return float(np.partition(residual, rank)[rank])


def lacks_nucleus(rgb: NDArray[np.uint8], mpp: float, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mask of the boxes without a nucleus: too small a dark part, or only the colour of red cells.

    The dark part is tested in small, complete boxes only; a nucleus that the image edge cuts may show less.

    Returns
    -------
    (n,) bool

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
    mpp : float
        um per px.
    boxes : (n, 4) float32
        x, y, width, height in px of `rgb`: all detections, see :func:`off_red_density`.
    """
    out = np.zeros(len(boxes), bool)
    small = np.sqrt(boxes[:, 2] * boxes[:, 3]) * mpp < MAX_SMALL_BOX_UM
    whole = _clear_of_edge(boxes, rgb.shape)
    for i, box in enumerate(boxes):
        if small[i] and whole[i]:
            x0, y0, x1, y1 = _padded_bounds(box, 0.0, rgb.shape)
            out[i] = dark_area_um2(rgb[y0:y1, x0:x1], mpp) < MIN_NUCLEUS_UM2
        if not out[i]:
            residual = off_red_density(rgb, mpp, box, boxes)
            out[i] = residual is not None and residual < MIN_OFF_RED_DENSITY
    return out


def _clear_of_edge(boxes: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Mask of the boxes that the image edge does not cut."""
    x0, y0 = np.floor(boxes[:, :2]).T
    x1, y1 = np.ceil(boxes[:, :2] + boxes[:, 2:]).T
    return np.asarray((x0 > 1) & (y0 > 1) & (x1 < shape[1] - 1) & (y1 < shape[0] - 1))


def _padded_bounds(box: NDArray[np.float32], by: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a box, `by` px wider on each side, as far as the picture goes."""
    x, y, w, h = (float(v) for v in box)
    left, right = (min(max(0, n), shape[1]) for n in (math.floor(x - by), math.ceil(x + w + by)))
    top, bottom = (min(max(0, n), shape[0]) for n in (math.floor(y - by), math.ceil(y + h + by)))
    return left, top, right, bottom


def _downsample(rgb: NDArray[np.uint8], mpp: float) -> tuple[NDArray[np.uint8], float, float]:
    """Downsample an image that is much finer than JUDGED_MPP; return it and the factors in x and y."""
    if mpp >= _RESAMPLE_BELOW * JUDGED_MPP or rgb.size == 0:
        return rgb, 1.0, 1.0
    height, width = rgb.shape[:2]
    size = tuple(max(1, round(n * mpp / JUDGED_MPP)) for n in (width, height))
    out = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return out, width / size[0], height / size[1]


def _percentile(values: NDArray[np.float32], percent: float) -> NDArray[np.float32]:
    """Percentile of each column, without interpolation."""
    rank = round(percent / 100 * (len(values) - 1))
    return np.asarray(np.partition(values, rank, axis=0)[rank], np.float32)
