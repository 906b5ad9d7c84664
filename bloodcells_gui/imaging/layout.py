"""Where fields lie on the slide, as far as their file names tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

Point = tuple[float, float]

_NUMBER = r"[-+]?\d{1,9}(?:\.\d{1,6})?"
# "x1200_y-35", "X=12.5 Y=3", "pos_x0012y0034"
_XY = re.compile(rf"(?<![a-z])x[ _=:-]?(?P<x>{_NUMBER})[ _,;=-]*y[ _=:-]?(?P<y>{_NUMBER})", re.IGNORECASE)
# "r03_c11", "row 3 col 11"
_ROW_COLUMN = re.compile(
    r"(?<![a-z])r(?:ow)?[ _=-]?(?P<y>\d{1,5})[ _,;-]*c(?:ol(?:umn)?)?[ _=-]?(?P<x>\d{1,5})", re.IGNORECASE
)
# Neighbouring fields of a mosaic step by this share of a field; more is a gap, less is no scan.
_STEP = (0.35, 1.02)
_MM_TO_UM = 1000.0


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


def layout(names: Sequence[str], sizes_px: Sequence[tuple[int, int]], mpp: float) -> list[Point] | None:
    """Top left corners of fields in one plane, px, from the positions in their names.

    The unit is not told by the names: px, um and mm are tried, and the one is taken in which neighbouring
    fields lie side by side with a plausible overlap. Where none fits, px are taken: then fields do not
    overlap and nothing is shared between them.

    Returns
    -------
    list of (x, y) or None
        None when a name has no position or two fields share one: they are laid out as a contact sheet.
    """
    if len(names) < 2:
        return None
    found = [name_position(n) for n in names]
    if any(f is None for f in found):
        return None
    points = np.array([f[0] for f in found if f is not None])
    if len({(x, y) for x, y in points}) < len(points):
        return None
    size = np.median(np.array(sizes_px, np.float64), axis=0)
    if all(f is not None and f[1] for f in found):
        return _plain(points * size)
    for factor in (1.0, 1.0 / mpp, _MM_TO_UM / mpp):
        if _looks_like_a_mosaic(points * factor, size):
            return _plain(points * factor)
    # Small whole numbers are places in a grid.
    whole = np.all(points == np.round(points)) and np.ptp(points, axis=0).max() < 4 * len(points)
    return _plain(points * (size if whole else 1.0))


def contact_sheet(sizes_px: Sequence[tuple[int, int]], gap_px: float) -> list[Point]:
    """Places for fields of unknown position, in rows, far enough apart that no cell can lie on two."""
    if not sizes_px:
        return []
    columns = max(1, round(len(sizes_px) ** 0.5))
    width = max(w for w, _ in sizes_px) + gap_px
    height = max(h for _, h in sizes_px) + gap_px
    return [(i % columns * width, i // columns * height) for i in range(len(sizes_px))]


def _looks_like_a_mosaic(points: np.ndarray, size: np.ndarray) -> bool:
    """Whether the smallest steps along x or y are a plausible share of a field."""
    for axis in (0, 1):
        values = np.unique(np.round(points[:, axis], 1))
        # Stages wander by a few px: steps far below a tenth of a field are that.
        steps = np.diff(values)
        steps = steps[steps > 0.1 * size[axis]]
        if len(steps) and _STEP[0] * size[axis] <= float(np.median(steps)) <= _STEP[1] * size[axis]:
            return True
    return False


def _plain(points: np.ndarray) -> list[Point]:
    corner = points.min(axis=0)
    return [(float(x), float(y)) for x, y in points - corner]
