"""Cells at an image edge: the counting frame, and which parts of a picture were seen.

Fields and slides are counted as in an unbiased counting frame (Gundersen, J Microsc 1977;111:219-23): of the
cells that the border cuts, those on two sides count and those on the other two do not. Otherwise large
cells, which a border cuts more often, would be counted too often.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.imaging.tiling import Tile

#: An outline that ends so near to the edge reaches it: two px of the segmenter's window.
AT_EDGE_UM = 0.42
#: A box that ends so near to the edge of its picture is cut.
CUT_PX = 1.5


Corner = Sequence[float] | NDArray[np.float64]


class EdgeFlags(NamedTuple):
    """Something about each side of a picture."""

    left: bool
    top: bool
    right: bool
    bottom: bool

    def both(self, other: EdgeFlags) -> EdgeFlags:
        """Where it holds of this and of the other."""
        return EdgeFlags(*(a and b for a, b in zip(self, other, strict=True)))


NO_SIDE = EdgeFlags(False, False, False, False)


def counting_frame(left_and_top_count: bool) -> EdgeFlags:
    """The sides on which a cut cell does not count."""
    return EdgeFlags(not left_and_top_count, not left_and_top_count, True, True)


def in_frame(boxes: NDArray[np.float32], size_px: tuple[int, int]) -> int:
    """How many of (n, 4) boxes of an image lie in its counting frame: cut neither on the right nor below."""
    right, bottom = boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    return int(((right < size_px[0] - CUT_PX) & (bottom < size_px[1] - CUT_PX)).sum())


def box_reaches(box: Box, shape: tuple[int, ...], within_px: float) -> EdgeFlags:
    """At which sides of a picture (height, width) a box ends."""
    return box_reaches_ends(box, (0.0, 0.0), (shape[1], shape[0]), within_px)


def box_reaches_ends(box: Box, start: Corner, end: Corner, within_px: float) -> EdgeFlags:
    """At which sides of the rectangle from `start` to `end` (x, y) a box ends."""
    return EdgeFlags(
        bool(box.x <= start[0] + within_px),
        bool(box.y <= start[1] + within_px),
        bool(box.x + box.width >= end[0] - within_px),
        bool(box.y + box.height >= end[1] - within_px),
    )


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    w = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    h = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (a.width * a.height + b.width * b.height - w * h)


def visible_part(
    origin: tuple[int, int], step: float, size_px: int, shape: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The part of a window that shows the picture: x0, y0, x1, y1 in px of the window.

    Parameters
    ----------
    origin : (x, y)
        The window's top left corner in px of the picture.
    step : float
        px of the picture per px of the window.
    size_px : int
        Side of the window.
    shape : (height, width) of the picture

    Returns
    -------
    x0, y0, x1, y1 : int
        Never empty: a picture thinner than a px of the window has one.
    """
    ends = []
    for start, length in zip(origin, (shape[1], shape[0]), strict=True):
        # A px counts to the picture when its middle lies in it.
        first = min(max(int(np.ceil(-start / step - 0.5)), 0), size_px - 1)
        last = min(max(int(np.ceil((length - start) / step - 0.5)), first + 1), size_px)
        ends.append((first, last))
    (x0, x1), (y0, y1) = ends
    return x0, y0, x1, y1


def window_of(
    seen: NDArray[np.uint8], origin: tuple[int, int], step: float, size_px: int
) -> NDArray[np.bool_]:
    """(size_px, size_px) which px of a window are known, from a map `seen` (h, w) of a picture."""
    at = np.floor((np.arange(size_px) + 0.5) * step).astype(int)
    x, y = at + origin[0], at + origin[1]
    inside = ((x >= 0) & (x < seen.shape[1]))[None] & ((y >= 0) & (y < seen.shape[0]))[:, None]
    known = seen[np.clip(y, 0, seen.shape[0] - 1)][:, np.clip(x, 0, seen.shape[1] - 1)] > 0
    return np.asarray(known | ~inside, np.bool_)


def sides_reached(mask: NDArray[np.uint8], visible: tuple[int, int, int, int], within_px: int) -> EdgeFlags:
    """On which sides of the visible part of a window an outline comes nearer than `within_px` to its end.

    EdgeFlags at which the window itself ends are no ends of the picture.
    """
    x0, y0, x1, y1 = visible
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return NO_SIDE
    size = mask.shape[0]
    return EdgeFlags(
        x0 > 0 and left < x0 + within_px,
        y0 > 0 and top < y0 + within_px,
        x1 < size and left + width > x1 - within_px,
        y1 < size and top + height > y1 - within_px,
    )


def sides_unknown(mask: NDArray[np.uint8], known: NDArray[np.bool_], within_px: int) -> EdgeFlags:
    """On which sides of an outline what is unknown begins nearer than `within_px` to it."""
    if known.all() or not mask.any():
        return NO_SIDE
    unknown = (~known).astype(np.uint8)
    cell = (mask > 0).astype(np.uint8)

    def reached(dx: int, dy: int) -> bool:
        padded = np.pad(cell, within_px)
        height, width = cell.shape
        for i in range(1, within_px + 1):
            y, x = within_px - i * dy, within_px - i * dx
            if bool((padded[y : y + height, x : x + width] & unknown).any()):
                return True
        return False

    return EdgeFlags(reached(-1, 0), reached(0, -1), reached(1, 0), reached(0, 1))


def whole_in(tile: Tile, box: Box, size_px: tuple[int, int], margin_px: float) -> bool:
    """Whether a box keeps off those edges of a tile that are not the image's own."""
    right, bottom = tile.x + tile.width, tile.y + tile.height
    return (
        (tile.x == 0 or box.x > tile.x + margin_px)
        and (tile.y == 0 or box.y > tile.y + margin_px)
        and (right >= size_px[0] or box.x + box.width < right - margin_px)
        and (bottom >= size_px[1] or box.y + box.height < bottom - margin_px)
    )
