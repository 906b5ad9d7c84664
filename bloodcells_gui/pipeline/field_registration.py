"""Place fields by their names where the pixels of overlaps confirm it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.imaging.field_positions import (
    GAP_UM,
    Point,
    adjoining_pairs,
    agreement,
    continuity,
    layouts,
    overlapping_pairs,
)
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused

# Fields are compared at this scale, so many pairs of them, with so much play of the stage.
_COMPARED_MPP = 0.8
_COMPARED_PAIRS = 5
_SLACK_PX = 8
_AGREEMENT = 0.5
_CONTINUITY = 0.6
_ALONG_PX = 4

Open = Callable[[ImageRef], ImageReader]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where fields lie.

    Attributes
    ----------
    origins : list of (x, y)
        Top left corners in the plane, px; empty when nothing is known.
    joined : bool
        Whether the pixels say so too: overlaps show the same, borders go on in the next field.
    contradicted : bool
        The names give places but the overlaps show that they are wrong.
    """

    origins: list[Point]
    joined: bool = False
    contradicted: bool = False


def register_fields(refs: Sequence[ImageRef], mpp: float, open_field: Open, token: CancelToken) -> Layout:
    """The layout that the pixels bear out best.

    Where no fields overlap or adjoin there is nothing to bear out: the first reading of the names is taken.
    """
    sizes = [ref.size_px for ref in refs]
    pixels = _Pictures(refs, max(1.0, _COMPARED_MPP / mpp), open_field)
    best: tuple[float, Layout] | None = None
    candidates = layouts([ref.name for ref in refs], sizes, mpp)
    for places in candidates:
        token.check()
        mark, layout = _tried(places, sizes, mpp, pixels)
        if layout is not None and (best is None or mark > best[0]):
            best = mark, layout
    if best is not None:
        return best[1]
    return Layout([], contradicted=bool(candidates))


def _tried(
    places: list[Point], sizes: Sequence[tuple[int, int]], mpp: float, pictures: _Pictures
) -> tuple[float, Layout | None]:
    """How well the pixels agree with a layout; None when they contradict it."""
    overlaps = overlapping_pairs(places, sizes)
    if overlaps:
        mark = pictures.mark(overlaps, places, lambda a, b, d: agreement(a, b, d, _SLACK_PX))
        if mark is None:
            # Unproven overlaps would leave cells to fields that may not show them.
            return -1.0, Layout([])
        return mark, Layout(places, joined=True) if mark >= _AGREEMENT else None
    sides = adjoining_pairs(places, sizes, GAP_UM / mpp)
    mark = pictures.mark(sides, places, lambda a, b, d: continuity(a, b, d, _ALONG_PX))
    if mark is None or mark < _CONTINUITY:
        # Fields taken here and there and numbered in a grid: side by side on the screen only.
        return 0.0, Layout(places)
    return mark, Layout(places, joined=True)


class _Pictures:
    """Small pictures of fields, read when they are first asked for."""

    def __init__(self, refs: Sequence[ImageRef], factor: float, open_field: Open) -> None:
        self._refs = refs
        self._factor = factor
        self._open = open_field
        self._small: dict[int, NDArray[np.uint8]] = {}

    def mark(
        self,
        pairs: Sequence[tuple[int, int]],
        places: Sequence[Point],
        compare: Callable[[NDArray[np.uint8], NDArray[np.uint8], Point], float],
    ) -> float | None:
        """The middle of what `compare` says of some of the pairs; None when none can be compared."""
        marks = []
        step = max(1, len(pairs) // _COMPARED_PAIRS)
        for i, j in pairs[::step][:_COMPARED_PAIRS]:
            shift = tuple((places[j][k] - places[i][k]) / self._factor for k in (0, 1))
            try:
                marks.append(compare(self._picture(i), self._picture(j), (shift[0], shift[1])))
            except ImageRefused:
                continue  # told when its turn comes
        return float(np.median(marks)) if marks else None

    def _picture(self, i: int) -> NDArray[np.uint8]:
        if i not in self._small:
            with self._open(self._refs[i]) as reader:
                self._small[i] = reader.read_region(0, 0, *reader.size_px, downsample=self._factor)
        return self._small[i]
