"""One protocol for every kind of image, from a crop to a slide of 100,000 x 100,000 px."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS

RGB = NDArray[np.uint8]
WHITE = 255
# What one request may hold at once on top of its result; larger regions are read block by block.
_BLOCK_PIXELS = 16_000_000


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution of a pyramid.

    `downsample` is full resolution over this level's (1.0 for the first); `tile_px` the piece that is
    stored together, the natural unit of reading.
    """

    size_px: tuple[int, int]
    downsample: float
    tile_px: tuple[int, int]


@runtime_checkable
class ImageReader(Protocol):
    """Random access to an image of any size. All methods may be called from several threads.

    `notices` is what there is to say of how it is read (:mod:`bloodcells_gui.domain.image_messages`);
    `unparsed_scale_text` is what looks like a scale in the file and was not understood ("" for nothing).
    """

    path: Path
    format: str
    description: str
    unparsed_scale_text: str
    notices: tuple[str, ...]

    @property
    def size_px(self) -> tuple[int, int]:
        """Width, height at full resolution, orientation applied."""

    @property
    def mpp(self) -> float | None:
        """um per pixel at full resolution from plausible metadata, else None."""

    @property
    def levels(self) -> tuple[Level, ...]:
        """Resolutions, finest first; levels whose size contradicts the first are left out."""

    def read_region(self, x: int, y: int, width: int, height: int, *, downsample: float = 1.0) -> RGB:
        """Pixels of a region.

        Parameters
        ----------
        x, y, width, height : int
            In full-resolution px; what lies outside the image is white.
        downsample : float
            At least 1: full-resolution px per returned px.

        Returns
        -------
        ndarray of uint8, shape (max(1, round(height / downsample)), max(1, round(width / downsample)), 3)
            RGB.

        Raises
        ------
        ImageRefused
            When the file is damaged there or has disappeared.
        """

    def thumbnail(self, max_px: int) -> RGB:
        """The whole image with its longer side at most `max_px`."""

    def close(self) -> None:
        """Release the file; further reads raise ImageRefused."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PyramidReader(ABC):
    """What all readers share: the choice of level, scaling, borders and bounded memory."""

    path: Path
    format: str
    description: str = ""
    notices: tuple[str, ...] = ()
    unparsed_scale_text: str = ""

    def __init__(self, path: Path, levels: tuple[Level, ...], mpp: float | None) -> None:
        self.path = path
        self._levels = levels
        self._mpp = mpp

    @property
    def size_px(self) -> tuple[int, int]:
        """Width, height at full resolution."""
        return self._levels[0].size_px

    @property
    def mpp(self) -> float | None:
        """um per pixel from metadata."""
        return self._mpp

    @property
    def levels(self) -> tuple[Level, ...]:
        """Resolutions, finest first."""
        return self._levels

    @abstractmethod
    def _read_level(self, level: int, x: int, y: int, width: int, height: int) -> RGB:
        """Pixels of a region that lies inside `level`, in that level's own px."""

    @abstractmethod
    def close(self) -> None:
        """Release the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read_region(self, x: int, y: int, width: int, height: int, *, downsample: float = 1.0) -> RGB:
        """See :class:`ImageReader`."""
        if width <= 0 or height <= 0 or not math.isfinite(downsample) or downsample < 1.0:
            raise ValueError(f"region {width} x {height} at downsample {downsample}")
        out_w, out_h = max(1, round(width / downsample)), max(1, round(height / downsample))
        index = self._level_for(downsample)
        scale = self._levels[index].downsample
        fits = max(1, int(_BLOCK_PIXELS * (scale / downsample) ** 2))
        block_w = min(out_w, max(1, math.isqrt(fits)))
        block_h = min(out_h, max(1, fits // block_w))
        block_w = min(out_w, max(1, fits // block_h))
        if (block_w, block_h) == (out_w, out_h):
            return self._scaled(index, x, y, width, height, out_w, out_h)
        out = np.empty((out_h, out_w, 3), np.uint8)
        for top in range(0, out_h, block_h):
            bottom = min(out_h, top + block_h)
            y0, y1 = y + round(top * height / out_h), y + round(bottom * height / out_h)
            for left in range(0, out_w, block_w):
                right = min(out_w, left + block_w)
                x0, x1 = x + round(left * width / out_w), x + round(right * width / out_w)
                size = (max(1, x1 - x0), max(1, y1 - y0))
                out[top:bottom, left:right] = self._scaled(index, x0, y0, *size, right - left, bottom - top)
        return out

    def thumbnail(self, max_px: int) -> RGB:
        """See :class:`ImageReader`."""
        w, h = self.size_px
        return self.read_region(0, 0, w, h, downsample=max(1.0, max(w, h) / max(1, max_px)))

    def _level_for(self, downsample: float) -> int:
        """The coarsest level that is still as fine as asked for (1 % play for rounded level sizes)."""
        fits = [i for i, level in enumerate(self._levels) if level.downsample <= downsample * 1.01]
        return fits[-1] if fits else 0

    def _scaled(self, index: int, x: int, y: int, w: int, h: int, out_w: int, out_h: int) -> RGB:
        scale = self._levels[index].downsample
        lx, ly = round(x / scale), round(y / scale)
        lw, lh = max(1, round((x + w) / scale) - lx), max(1, round((y + h) / scale) - ly)
        if abs(lw - out_w) <= 1 and abs(lh - out_h) <= 1:
            lw, lh = out_w, out_h  # Same resolution up to rounding: copy, do not resample.
        pixels = self._padded(index, lx, ly, lw, lh)
        if (lw, lh) == (out_w, out_h):
            return pixels
        # Below 1.5 four neighbours hold all there is to average, at a tenth of the cost.
        area = max(lw / out_w, lh / out_h) >= 1.5
        how = cv2.INTER_AREA if area else cv2.INTER_LINEAR
        scaled: RGB = cv2.resize(pixels, (out_w, out_h), interpolation=how)
        return scaled

    def _padded(self, index: int, x: int, y: int, w: int, h: int) -> RGB:
        level_w, level_h = self._levels[index].size_px
        x0, y0, x1, y1 = max(0, x), max(0, y), min(level_w, x + w), min(level_h, y + h)
        if x1 <= x0 or y1 <= y0:
            return np.full((h, w, 3), WHITE, np.uint8)
        inside = self._read_level(index, x0, y0, x1 - x0, y1 - y0)
        if (x0, y0, x1 - x0, y1 - y0) == (x, y, w, h):
            return np.ascontiguousarray(inside)
        out = np.full((h, w, 3), WHITE, np.uint8)
        out[y0 - y : y1 - y, x0 - x : x1 - x] = inside
        return out


def honest_levels(levels: tuple[Level, ...]) -> tuple[int, ...]:
    """Indices of levels whose size fits the first: same shape within two px, each smaller than the last."""
    (w, h), kept = levels[0].size_px, [0]
    for i, level in enumerate(levels[1:], start=1):
        lw, lh = level.size_px
        if lw < 1 or lh < 1 or lw >= levels[kept[-1]].size_px[0]:
            continue
        # Two px of rounding on the short side, as writers floor, round or ceil each level.
        factor = w / lw
        if abs(lh * factor - h) <= 2 * factor + 2:
            kept.append(i)
    return tuple(kept)


class PieceCache:
    """Decoded tiles, least recently used first out, bounded in bytes; safe to share between threads."""

    def __init__(self, max_bytes: int = DEFAULT_LIMITS.cache_bytes) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._items: OrderedDict[Hashable, NDArray[np.generic]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
        """The item for `key`, made outside the lock when absent (two threads may make it twice)."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key]
        value = make()
        with self._lock:
            if key not in self._items and value.nbytes <= self._max_bytes:
                self._items[key] = value
                self._bytes += value.nbytes
                while self._bytes > self._max_bytes:
                    self._bytes -= self._items.popitem(last=False)[1].nbytes
        return value
