"""Positions of fields on the slide, as far as their file names give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]

_NUMBER = r"[-+]?\d{1,9}(?:\.\d{1,6})?"
# "x1200_y-35", "X=12.5 Y=3", "pos_x0012y0034"
_XY = re.compile(rf"(?<![a-z])x[ _=:]?(?P<x>{_NUMBER})[ _,;=-]*y[ _=:]?(?P<y>{_NUMBER})", re.IGNORECASE)
# "r03_c11", "row 3 col 11"
_ROW_COLUMN = re.compile(
    r"(?<![a-z])r(?:ow)?[ _=-]?(?P<y>\d{1,5})[ _,;-]*c(?:ol(?:umn)?)?[ _=-]?(?P<x>\d{1,5})", re.IGNORECASE
)
# Neighbouring fields of a mosaic step by this share of a field; more is a gap, less is no scan.
_STEP = (0.35, 1.02)
_MM_TO_UM = 1000.0
_FLIPS = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)], np.float64)

#: Fields with no more than this between them adjoin: cells go on across it.
GAP_UM = 4.0


def name_position(name: str) -> tuple[Point, bool] | None:
    """(x, y) in a file name and whether they are row and column numbers; None when there are none."""
    stem = PurePosixPath(name).stem
    match = _ROW_COLUMN.search(stem)
    if match:
        return (float(match["x"]), float(match["y"])), True
    match = _XY.search(stem)
    if match:
        return (float(match["x"]), float(match["y"])), False
    return None


def layouts(names: Sequence[str], sizes_px: Sequence[tuple[int, int]], mpp: float) -> list[list[Point]]:
    """Possible top left corners of fields in one plane, px, from the positions in their names.

    Names tell neither the unit nor which way the stage's axes point: px, um, mm and grid numbers are tried in
    both directions. Which of them is true, the pixels of fields that overlap (:func:`agreement`) or adjoin
    (:func:`continuity`) must tell.

    Returns
    -------
    list of lists of (x, y)
        Empty when a name has no position or two fields share one.
    """
    if len(names) < 2:
        return []
    found = [name_position(n) for n in names]
    if any(f is None for f in found):
        return []
    points = np.array([f[0] for f in found if f is not None])
    if len({(x, y) for x, y in points}) < len(points):
        return []
    size = np.median(np.array(sizes_px, np.float64), axis=0)
    if all(f is not None and f[1] for f in found):
        return [_plain(points * size * flip) for flip in _FLIPS]
    scaled = [
        points * factor
        for factor in (1.0, 1.0 / mpp, _MM_TO_UM / mpp)
        if _looks_like_a_mosaic(points * factor, size)
    ]
    if not scaled:
        # Small whole numbers are places in a grid; anything else lies too far apart to overlap.
        whole = np.all(points == np.round(points)) and np.ptp(points, axis=0).max() < 4 * len(points)
        scaled = [points * (size if whole else 1.0)]
    return [_plain(p * flip) for p in scaled for flip in _FLIPS]


def overlapping_pairs(
    places: Sequence[Point], sizes_px: Sequence[tuple[int, int]], at_least: float = 0.04
) -> list[tuple[int, int]]:
    """Fields that share at least so much of their area, the largest overlaps first."""
    corners = np.asarray(places, np.float64)
    sizes = np.asarray(sizes_px, np.float64)
    out: list[tuple[float, int, int]] = []
    for i in range(len(corners)):
        low = np.maximum(corners[i], corners[i + 1 :])
        high = np.minimum(corners[i] + sizes[i], corners[i + 1 :] + sizes[i + 1 :])
        shared = np.prod(np.maximum(high - low, 0), axis=1) / np.prod(sizes[i])
        out += [(-float(shared[k]), i, i + 1 + int(k)) for k in np.flatnonzero(shared >= at_least)]
    return [(i, j) for _, i, j in sorted(out)]


def agreement(
    a: NDArray[np.uint8], b: NDArray[np.uint8], shift_px: tuple[float, float], slack_px: int
) -> float:
    """How well two fields show the same where they overlap: the best correlation, -1 to 1.

    Parameters
    ----------
    a, b : (h, w, 3) uint8 RGB
    shift_px : (x, y)
        Where `b` begins in `a`.
    slack_px : int
        How far the stage may have been off.
    """
    x, y = round(shift_px[0]), round(shift_px[1])
    left, top = max(0, x), max(0, y)
    right, bottom = min(a.shape[1], x + b.shape[1]), min(a.shape[0], y + b.shape[0])
    if right - left < 4 * slack_px + 8 or bottom - top < 4 * slack_px + 8:
        slack_px = max(0, (min(right - left, bottom - top) - 8) // 4)
    part = a[top + slack_px : bottom - slack_px, left + slack_px : right - slack_px, 1]
    ground = b[top - y : bottom - y, left - x : right - x, 1]
    if min(part.shape) < 8 or float(part.std()) < 2.0:
        return 0.0
    return float(cv2.matchTemplate(ground, part, cv2.TM_CCOEFF_NORMED).max())


def adjoining_pairs(
    places: Sequence[Point], sizes_px: Sequence[tuple[int, int]], gap_px: float
) -> list[tuple[int, int]]:
    """Fields that lie side by side along at least half a side, at most `gap_px` apart or overlapping."""
    corners = np.asarray(places, np.float64)
    sizes = np.asarray(sizes_px, np.float64)
    out: list[tuple[int, int]] = []
    for i in range(len(corners)):
        low = np.maximum(corners[i], corners[i + 1 :])
        high = np.minimum(corners[i] + sizes[i], corners[i + 1 :] + sizes[i + 1 :])
        common = high - low
        for axis in (0, 1):
            beside = (np.abs(common[:, axis]) <= gap_px) & (common[:, 1 - axis] > sizes[i][1 - axis] / 2)
            out += [(i, i + 1 + int(k)) for k in np.flatnonzero(beside)]
    return out


def continuity(
    a: NDArray[np.uint8], b: NDArray[np.uint8], shift_px: tuple[float, float], slack_px: int
) -> float:
    """How well the picture goes on from one field into the next: correlation along their border, -1 to 1.

    Parameters
    ----------
    a, b : (h, w, 3) uint8 RGB
    shift_px : (x, y)
        Where `b` begins in `a`; along one axis just beyond its end (or just before its beginning).
    slack_px : int
        How far the stage may have been off along the border.
    """
    x, y = round(shift_px[0]), round(shift_px[1])
    if min(abs(x - a.shape[1]), abs(x + b.shape[1])) > min(abs(y - a.shape[0]), abs(y + b.shape[0])):
        return continuity(a.swapaxes(0, 1), b.swapaxes(0, 1), (y, x), slack_px)
    if x < 0:
        return continuity(b, a, (-x, -y), slack_px)
    # Where they overlap a little, the line in the middle of the overlap is the same in both.
    half = max(0, a.shape[1] - x) // 2
    top, bottom = max(0, y) + slack_px, min(a.shape[0], y + b.shape[0]) - slack_px
    part = a[top:bottom, max(0, a.shape[1] - 1 - half), 1]
    ground = b[top - y - slack_px : bottom - y + slack_px, min(half, b.shape[1] - 1), 1]
    if len(part) < 24 or float(part.std()) < 2.0:
        return 0.0
    found = cv2.matchTemplate(
        np.ascontiguousarray(ground)[None], np.ascontiguousarray(part)[None], cv2.TM_CCOEFF_NORMED
    )
    return float(found.max())


def contact_sheet(sizes_px: Sequence[tuple[int, int]], gap_px: float) -> list[Point]:
    """Places for fields of unknown position, in rows, far enough apart that no cell can lie on two."""
    if not sizes_px:
        return []
    columns = max(1, round(len(sizes_px) ** 0.5))
    width = max(w for w, _ in sizes_px) + gap_px
    height = max(h for _, h in sizes_px) + gap_px
    return [(i % columns * width, i // columns * height) for i in range(len(sizes_px))]


def _looks_like_a_mosaic(points: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    """Whether the usual steps along x and y are a plausible share of a field."""
    fits = []
    for axis in (0, 1):
        values = np.unique(np.round(points[:, axis], 1))
        # Stages wander by a few px: steps far below a tenth of a field are that.
        steps = np.diff(values)
        steps = steps[steps > 0.1 * size[axis]]
        if len(steps):
            fits.append(_STEP[0] * size[axis] <= float(np.median(steps)) <= _STEP[1] * size[axis])
    return bool(fits) and all(fits)


def _plain(points: NDArray[np.float64]) -> list[Point]:
    corner = points.min(axis=0)
    return [(float(x), float(y)) for x, y in points - corner]
