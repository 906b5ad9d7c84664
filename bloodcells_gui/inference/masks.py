"""Turn the segmenter's probabilities into a clean mask of the cell in the middle."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

BACKGROUND, CYTOPLASM, NUCLEUS = 0, 1, 2

#: Smallest part of a nucleus, as a share of the cell's area, that is not taken for a speck.
SPECK_SHARE = 0.012
#: Holes in a nucleus below this share of the cell are chromatin texture; larger ones are rings.
HOLE_SHARE = 0.012
#: A cell smaller than this, in px of the network's window, is none.
SMALLEST_PX = 24


def clean_mask(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Mask of the central cell.

    Parameters
    ----------
    probabilities : (3, s, s) float32
        Background, cytoplasm, nucleus.

    Returns
    -------
    (s, s) uint8
        0 background, 1 cytoplasm, 2 nucleus; one connected cell without holes, or all 0.
    """
    cell_p = cv2.GaussianBlur(1.0 - probabilities[0], (0, 0), 0.8)
    cell = central_component((cell_p > 0.5).astype(np.uint8), cell_p)
    if cell is None:
        return np.zeros(cell_p.shape, np.uint8)
    cell = fill_holes(cell)
    area = int(np.count_nonzero(cell))
    whole = np.zeros(cell.shape, np.uint8)
    x, y, w, h = cv2.boundingRect(cell)
    part = (slice(max(0, y - 2), y + h + 2), slice(max(0, x - 2), x + w + 2))
    cell = np.ascontiguousarray(cell[part])
    lead = cv2.GaussianBlur(probabilities[2][part] - probabilities[1][part], (0, 0), 0.7)
    nucleus = ((lead > 0) & (cell > 0)).astype(np.uint8)
    nucleus = _without_specks(nucleus, SPECK_SHARE * area)
    holes = ((nucleus == 0) & (cell > 0)).astype(np.uint8)
    kept = _without_specks(holes, HOLE_SHARE * area, keep_border_of=cell)
    mask = cell.copy()
    mask[(nucleus > 0) | ((holes > 0) & (kept == 0))] = NUCLEUS
    whole[part] = mask
    return whole


def central_component(binary: NDArray[np.uint8], weight: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """The connected component with the most weight near the middle, as 0/1, or None.

    A 3x3 opening first parts cells that merely touch; it is undone where it would erase the cell.
    """
    size = binary.shape[0]
    opened = cv2.morphologyEx(binary, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    source = opened if np.count_nonzero(opened) >= SMALLEST_PX else binary
    # Cells fill a part of the window; the rest need not be labelled.
    x, y, w, h = cv2.boundingRect(source)
    part = (slice(y, y + h), slice(x, x + w))
    if not w:
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(source[part]), connectivity=4
    )
    near = _nearness(size)[part] * weight[part]
    share = np.bincount(labels.ravel(), weights=near.ravel(), minlength=count)
    share[0] = -1
    best = int(np.argmax(share))
    if stats[best, cv2.CC_STAT_AREA] < SMALLEST_PX:
        return None
    found = np.zeros(source.shape, np.uint8)
    found[part] = labels == best
    return found


_NEARNESS: dict[int, NDArray[np.float32]] = {}


def _nearness(size: int) -> NDArray[np.float32]:
    if size not in _NEARNESS:
        line = (np.arange(size) - (size - 1) / 2) / (0.22 * size)
        _NEARNESS[size] = np.exp(-(line[None] ** 2 + line[:, None] ** 2)).astype(np.float32)
    return _NEARNESS[size]


def fill_holes(binary: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fill everything that the outer contours enclose."""
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    out = np.zeros_like(binary)
    cv2.drawContours(out, contours, -1, 1, cv2.FILLED)
    return out


def _without_specks(
    binary: NDArray[np.uint8], smallest: float, keep_border_of: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    count, labels = cv2.connectedComponents(binary, connectivity=4)
    keep = np.bincount(labels.ravel(), minlength=count) >= smallest
    if keep[1:].all():
        return binary
    keep[0] = False
    if keep_border_of is not None:
        # Cytoplasm that reaches the cell's border is cytoplasm however thin it is.
        rim = (keep_border_of > 0) & (cv2.erode(keep_border_of, np.ones((3, 3), np.uint8)) == 0)
        keep[labels[rim]] = True
        keep[0] = False
    out: NDArray[np.uint8] = keep.astype(np.uint8).take(labels)
    return out
