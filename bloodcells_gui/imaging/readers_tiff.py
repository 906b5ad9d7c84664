"""Large TIFF files through tifffile: OME-TIFF, BigTIFF, plain TIFF by tiles or strips, 8 and 16 bit."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from bloodcells_gui.imaging.decode import probe
from bloodcells_gui.imaging.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.pixels import sample_range
from bloodcells_gui.imaging.reader import RGB, Level, PieceCache, PyramidReader, honest_levels
from bloodcells_gui.imaging.refusal import ImageRefused
from bloodcells_gui.imaging.source import ByteSource, FileSource
from bloodcells_gui.imaging.tiff_page import (
    PageLayout,
    UnsupportedTiff,
    decode_piece,
    page_layout,
    page_rgb,
    read_raw,
    tiff_refusal,
)

_UNSUPPORTED = "Its TIFF variant is not supported ({detail})."
_DAMAGED = "Its header is damaged ({detail})."
_COPY_AGAIN = "Copy it again from its source."
_RESAVE = "Save it as an RGB TIFF with tiles, LZW, Deflate or JPEG compressed."
_MAX_LEVELS = 32
_RANGE_SAMPLES = 12


class TiffReader(PyramidReader):
    """A TIFF of any size; never more than the pieces that a region touches is decoded.

    Raises
    ------
    ImageRefused
        When the file is truncated, damaged or of a variant that is not decoded.
    """

    def __init__(self, path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> None:
        info = probe(path, None)
        if info.format != "tiff":
            raise ImageRefused(path, "It is no TIFF file.")
        if info.truncated:
            raise ImageRefused(path, "The file is cut off: its end is missing.", _COPY_AGAIN)
        if info.orientation != 1 and info.pixels > limits.max_pixels:
            raise ImageRefused(path, _UNSUPPORTED, _RESAVE, detail="a turned slide")
        self.path = path
        self._cache = PieceCache(limits.cache_bytes)
        self._lock = threading.Lock()
        self._source: FileSource | None = FileSource(path)
        try:
            self._planes = _open_planes(path, limits)
            self._top = self._find_range()
        except UnsupportedTiff as e:
            self.close()
            raise tiff_refusal(path, e, _RESAVE) from e
        except ImageRefused:
            self.close()
            raise
        first = self._planes[0][0]
        levels = tuple(
            Level(p[0].size_px, first.size_px[0] / p[0].size_px[0] if i else 1.0, p[0].piece_px)
            for i, p in enumerate(self._planes)
        )
        kept = honest_levels(levels)
        self._planes = [self._planes[i] for i in kept]
        self.format = "tiff"
        self.description = info.description
        self.scale_unread = info.scale_unread
        super().__init__(path, tuple(levels[i] for i in kept), info.mpp)

    def _find_range(self) -> float:
        """One brightness range for all pieces, from some of the coarsest level (see sample_range)."""
        source = self._open_source()
        top = 0.0
        for layout in self._planes[-1]:
            if layout.dtype == np.uint8 or layout.bits == 1:
                return 255.0
            across, down = layout.grid
            step = max(1, across * down // _RANGE_SAMPLES)
            for i in range(0, across * down, step):
                top = max(top, sample_range(decode_piece(layout, source, i % across, i // across)))
        return top

    def _open_source(self) -> FileSource:
        source = self._source
        if source is None:
            raise ImageRefused(self.path, "It was closed.")
        return source

    def _read_level(self, level: int, x: int, y: int, width: int, height: int) -> RGB:
        source = self._open_source()
        layouts = self._planes[level]

        def cached(p: PageLayout, s: ByteSource, column: int, row: int) -> NDArray[np.generic]:
            key = (level, p.offsets[0], column, row)
            return self._cache.get(key, lambda: decode_piece(p, s, column, row))

        try:
            raw = [read_raw(p, source, x, y, width, height, cached) for p in layouts]
        except UnsupportedTiff as e:
            raise tiff_refusal(self.path, e, _RESAVE) from e
        samples = raw[0] if len(raw) == 1 else np.concatenate(raw, axis=2)
        return page_rgb(layouts[0], samples, self._top)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._source is not None:
                self._source.close()
                self._source = None


def _open_planes(path: Path, limits: DecodeLimits) -> list[list[PageLayout]]:
    """Page layouts by level; three layouts where red, green and blue are separate pages (OME "CYX")."""
    try:
        with tifffile.TiffFile(path) as tif:
            series = tif.series[0]
            return [_planes_of(level, limits) for level in series.levels[:_MAX_LEVELS]]
    except (UnsupportedTiff, ImageRefused, MemoryError):
        raise
    except OSError as e:
        raise ImageRefused(path, "Reading failed: {error}.", error=e.strerror or type(e).__name__) from e
    except Exception as e:  # tifffile meets damaged directories with exceptions of every type
        raise ImageRefused(path, _DAMAGED, _COPY_AGAIN, detail=type(e).__name__) from e


def _planes_of(series: Any, limits: DecodeLimits) -> list[PageLayout]:
    axes, shape = str(series.axes), series.shape
    page = series.keyframe if len(series.pages) == 1 else series.pages[0]
    if page is None:
        raise UnsupportedTiff("a missing page")
    layout = page_layout(page.aspage(), limits)
    if axes.replace("S", "") in ("YX", "QYX") or len(series.pages) == 1:
        return [layout]
    others = {a: n for a, n in zip(axes, shape, strict=True) if a not in "YXS" and n > 1}
    if set(others) == {"C"} and others["C"] == 3 and layout.samples == 1:
        return [page_layout(p.aspage(), limits) for p in series.pages[:3]]
    if set(others) <= {"C"} and others.get("C", 1) > 1:
        raise UnsupportedTiff(f"{others['C']} colour channels, not red, green and blue")
    return [layout]  # Stacks and time series: the first plane.
