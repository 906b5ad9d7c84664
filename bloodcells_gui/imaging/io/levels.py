"""Read a pyramid only at levels that show the same as full resolution."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.io.reader import ImageReader

# Compression and different resampling stay far below; another picture, a shift or other colours do not.
_MEAN_DIFFERENCE = 14.0
_CORRELATION = 0.80
_TEXTURE_STD = 4.0
_PATCH_PX = 128
_LARGEST_PX = 1024
#: Levels beyond this many pixels are not read whole for an overview.
_OVERVIEW_PIXELS = 40_000_000


class TrustedLevels:
    """Reads regions of an image through the levels that were found honest.

    Parameters
    ----------
    reader : ImageReader
    """

    def __init__(self, reader: ImageReader) -> None:
        self.reader = reader
        self._liars: frozenset[int] = frozenset()

    @property
    def lying(self) -> tuple[int, ...]:
        """Indices of levels that do not show the same picture as full resolution."""
        return tuple(sorted(self._liars))

    def check(self, places: Sequence[tuple[int, int]]) -> None:
        """Compare every level with full resolution around `places` (full-resolution px)."""
        liars = set()
        for index, level in enumerate(self.reader.levels):
            if index and not self._honest(level.downsample, places):
                liars.add(index)
        self._liars = frozenset(liars)

    def has_overview(self) -> bool:
        """Whether a small picture of the whole image can be had without reading all of it."""
        best = max(
            (lv.downsample for i, lv in enumerate(self.reader.levels) if i not in self._liars), default=1.0
        )
        width, height = self.reader.size_px
        return width * height / best**2 <= _OVERVIEW_PIXELS

    def read(self, x: int, y: int, width: int, height: int, downsample: float = 1.0) -> NDArray[np.uint8]:
        """As ImageReader.read_region, without the lying levels; a `downsample` below 1 enlarges."""
        if downsample < 1.0:
            pixels = self.reader.read_region(x, y, width, height)
            size = max(1, round(width / downsample)), max(1, round(height / downsample))
            return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        honest = self._finest_below(downsample)
        if honest is None:
            return self.reader.read_region(x, y, width, height, downsample=downsample)
        pixels = self.reader.read_region(x, y, width, height, downsample=honest)
        size = max(1, round(width / downsample)), max(1, round(height / downsample))
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)

    def overview(self, max_px: int) -> NDArray[np.uint8]:
        """The whole image, its longer side at most `max_px`."""
        width, height = self.reader.size_px
        return self.read(0, 0, width, height, max(1.0, max(width, height) / max(1, max_px)))

    def coarsest(self, limit: float) -> float:
        """Downsample of the coarsest honest level that is at most `limit`."""
        levels = enumerate(self.reader.levels)
        return max(
            (v.downsample for i, v in levels if i not in self._liars and v.downsample <= limit), default=1.0
        )

    def _finest_below(self, downsample: float) -> float | None:
        """Where the reader would take a lying level: the downsample of the best honest one instead."""
        levels = self.reader.levels
        fits = [i for i, level in enumerate(levels) if level.downsample <= downsample * 1.01]
        if not fits or fits[-1] not in self._liars:
            return None
        return max(levels[i].downsample for i in fits if i not in self._liars)

    def _honest(self, downsample: float, places: Sequence[tuple[int, int]]) -> bool:
        width, height = self.reader.size_px
        side = min(round(_PATCH_PX * downsample), width, height, _LARGEST_PX)
        for cx, cy in places:
            x, y = min(max(0, cx - side // 2), width - side), min(max(0, cy - side // 2), height - side)
            coarse = self.reader.read_region(x, y, side, side, downsample=downsample)
            fine = self.reader.read_region(x, y, side, side)
            shrunk = cv2.resize(fine, (coarse.shape[1], coarse.shape[0]), interpolation=cv2.INTER_AREA)
            # Levels are rounded to whole px: compare at a resolution where half a px does not matter.
            a = cv2.GaussianBlur(coarse, (0, 0), 2.0).astype(np.float32)
            b = cv2.GaussianBlur(shrunk, (0, 0), 2.0).astype(np.float32)
            if float(np.abs(a - b).mean()) > _MEAN_DIFFERENCE:
                return False
            da, db = a - a.mean(axis=(0, 1)), b - b.mean(axis=(0, 1))
            if min(float(da.std()), float(db.std())) < _TEXTURE_STD:
                continue
            if float((da * db).mean()) < _CORRELATION * float(da.std()) * float(db.std()):
                return False
        return True
