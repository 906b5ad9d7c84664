"""The place in an image where a cell is expected."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.pipeline.edges import NO_SIDE, EdgeFlags


@dataclass(frozen=True, slots=True)
class CellPlace:
    """Where to look: a point in a decoded image (or a region of one).

    Attributes
    ----------
    image : int
        Index of the image within the specimen.
    pixels : (h, w, 3) uint8 RGB
        The image, or the region of it around the cell.
    offset_px : tuple of float
        Where `pixels` begins in the full image, x, y.
    centre_px : tuple of float
        The cell, in `pixels`.
    mpp : float
        um per px of `pixels`; NaN when unknown.
    scale : float
        Full-resolution px per px of `pixels` (1 unless the region was read at a lower level).
    flags : tuple of str
    recentre : bool
        Whether the segmented cell may move the window (crops: the cell is only about central).
    size_px : tuple of int or None
        Size of the whole image when `pixels` is a region of it (for the edge flag).
    box_px : Box or None
        What a detector drew around the cell, in `pixels`; the cell's box where no outline is found.
    platelet : bool
        Whether the detector took it for a platelet: an outline that is not about `box_px` is a neighbour's.
    seen : (h, w) uint8 or None
        Which of `pixels` some image shows, where they were put together from several; the edges of these
        images are then no edges for the cell, but what none of them shows begins at one.
    red_cell_px : float
        Median diameter of the red cells around, px of `pixels`; NaN where too few were found.
    inner : EdgeFlags
        EdgeFlags of the image beyond which another image goes on: no cell is cut there.
    padded : bool
        Whether the image goes on beyond `pixels` with padding alone: what was seen ends here.
    """

    image: int
    pixels: NDArray[np.uint8]
    offset_px: tuple[float, float]
    centre_px: tuple[float, float]
    mpp: float
    scale: float = 1.0
    flags: tuple[str, ...] = ()
    recentre: bool = True
    size_px: tuple[int, int] | None = None
    box_px: Box | None = None
    platelet: bool = False
    seen: NDArray[np.uint8] | None = None
    red_cell_px: float = math.nan
    inner: EdgeFlags = NO_SIDE
    padded: bool = False

    def ends(self) -> EdgeFlags:
        """At which sides of `pixels` the image ends as well."""
        if self.seen is not None:
            return NO_SIDE
        if self.padded:
            return EdgeFlags(True, True, True, True)
        rows, columns = self.pixels.shape[:2]
        x, y = self.offset_px
        width, height = self.size_px or (x + columns * self.scale, y + rows * self.scale)
        right, bottom = x + columns * self.scale, y + rows * self.scale
        ends = (x <= 0.5, y <= 0.5, right >= width - 0.5, bottom >= height - 0.5)
        return EdgeFlags(*(end and not inner for end, inner in zip(ends, self.inner, strict=True)))

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the image at full resolution, without padding."""
        rows, columns = self.pixels.shape[:2]
        x, y = self.offset_px
        if self.padded:
            return x, y, x + columns * self.scale, y + rows * self.scale
        width, height = self.size_px or (round(columns * self.scale), round(rows * self.scale))
        return 0.0, 0.0, float(width), float(height)
