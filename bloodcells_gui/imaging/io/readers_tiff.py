"""Large TIFF files through tifffile: OME-TIFF, BigTIFF, plain TIFF by tiles or strips, 8 and 16 bit."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from bloodcells_gui.domain.image_messages import (
    BEST_PLANE,
    FIRST_PLANE,
    NO_ALPHA,
    PROFILE_APPLIED,
    PROFILE_LEFT,
)
from bloodcells_gui.imaging.focus import edge_blur_px
from bloodcells_gui.imaging.io.byte_source import ByteSource, FileSource
from bloodcells_gui.imaging.io.colour import Conversion, UnusableProfile
from bloodcells_gui.imaging.io.colour_profiles import conversion_of_tiff
from bloodcells_gui.imaging.io.decode import probe
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.pixels import (
    ITS_OWN,
    SampleRange,
    beyond,
    range_of,
    to_rgb,
    wholly_transparent,
)
from bloodcells_gui.imaging.io.reader import RGB, Level, PieceCache, PyramidReader, honest_levels
from bloodcells_gui.imaging.io.refusal import COPY_AGAIN, RESAVE_TIFF, UNSUPPORTED_TIFF, ImageRefused
from bloodcells_gui.imaging.io.tiff_page import (
    DamagedTiff,
    PageLayout,
    UnsupportedTiff,
    decode_piece,
    page_layout,
    page_rgb,
    read_raw,
    tiff_refusal,
)
from bloodcells_gui.imaging.io.tiff_pictures import colour_order_in, page_at
from bloodcells_gui.imaging.io.tiff_structure import structure

_DAMAGED = "Its header is damaged ({detail})."
_MAX_LEVELS = 32
_RANGE_SAMPLES = 12
_MOST_PLANES = 64


class TiffReader(PyramidReader):
    """A TIFF of any size; never more than the pieces that a region touches is decoded.

    Raises
    ------
    ImageRefused
        When the file is truncated, damaged or of a variant that is not decoded.
    """

    def __init__(
        self, path: Path, limits: DecodeLimits = DEFAULT_LIMITS, brightness: SampleRange = ITS_OWN
    ) -> None:
        info = probe(path, None)
        if info.format != "tiff":
            raise ImageRefused(path, "It is no TIFF file.")
        if info.truncated:
            raise ImageRefused(path, "The file is cut off: its end is missing.", COPY_AGAIN)
        if info.orientation != 1:
            raise ImageRefused(path, UNSUPPORTED_TIFF, RESAVE_TIFF, detail="a turned slide")
        self.path = path
        self._cache = PieceCache(limits.cache_bytes)
        self._lock = threading.Lock()
        self._source: FileSource | None = FileSource(path)
        try:
            self._planes, notices = _open_planes(path, self._source, limits)
            self._look_over(brightness, notices)
            self._to_srgb = self._find_profile(notices)
        except UnsupportedTiff as e:
            self.close()
            raise tiff_refusal(path, e, RESAVE_TIFF) from e
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
        self.notices = tuple(notices)
        self.description = info.description
        self.unparsed_scale_text = info.unparsed_scale_text
        super().__init__(path, tuple(levels[i] for i in kept), info.mpp)

    def _look_over(self, brightness: SampleRange, notices: list[str]) -> None:
        """One brightness range for all pieces and whether alpha is one, from some of the coarsest level."""
        source = self._open_source()
        told, shown = [], False
        first = self._planes[0][0]
        deep = first.dtype != np.uint8 and first.bits != 1
        for layout in self._planes[-1] if deep or first.alpha != "none" else ():
            for column, row in _some(layout, _RANGE_SAMPLES):
                try:
                    raw = decode_piece(layout, source, column, row)
                except DamagedTiff:
                    continue  # told where it is needed
                shown = shown or not wholly_transparent(raw)
                one = beyond(raw[..., : layout.colours])
                told += [one] if one is not None else []
        own = range_of(told)
        real = first.dtype.kind == "f"
        self._top = (brightness.real or own.real if real else brightness.whole or own.whole) or 255.0
        if first.alpha != "none" and not shown:
            notices.append(NO_ALPHA)
            self._planes = [[replace(p, alpha="none") for p in level] for level in self._planes]

    def _find_profile(self, notices: list[str]) -> Conversion | None:
        source = self._open_source()
        picture = structure(source).pictures[0]
        try:
            found = conversion_of_tiff(source, picture.directory)
        except UnusableProfile:
            notices.append(PROFILE_LEFT)
            return None
        if found is not None:
            notices.append(PROFILE_LEFT if self._planes[0][0].inks else PROFILE_APPLIED)
        return None if self._planes[0][0].inks else found

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
            raise tiff_refusal(self.path, e, RESAVE_TIFF) from e
        samples = raw[0] if len(raw) == 1 else np.concatenate(raw, axis=2)
        return page_rgb(layouts[0], samples, self._top, self._to_srgb)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._source is not None:
                self._source.close()
                self._source = None


def _some(layout: PageLayout, most: int) -> list[tuple[int, int]]:
    """Column and row of some pieces, spread over the page."""
    across, down = layout.grid
    step = max(1, across * down // most)
    return [(i % across, i // across) for i in range(0, across * down, step)]


def _open_planes(
    path: Path, source: ByteSource, limits: DecodeLimits
) -> tuple[list[list[PageLayout]], list[str]]:
    """Page layouts by level, and what to remark; three layouts where red, green and blue are pages."""
    notices: list[str] = []
    try:
        found = structure(source)
        pictures = found.pictures
        with tifffile.TiffFile(path) as tif:
            levels = None if found.looping else _levels_with(tif, pictures[0].offset)
            if levels is None:
                page = page_at(tif, pictures[0].offset)
                return [[page_layout(page, limits)]], [FIRST_PLANE] if len(pictures) > 1 else []
            first, said = _first_page(levels[0], source, limits)
            notices += said
            planes = [_planes_of(level, first, limits) for level in levels[:_MAX_LEVELS]]
            if len(pictures) > len(planes[0]) and not notices:
                notices.append(FIRST_PLANE)
            return planes, notices
    except (UnsupportedTiff, ImageRefused, MemoryError):
        raise
    except OSError as e:
        raise ImageRefused(path, "Reading failed: {error}.", error=e.strerror or type(e).__name__) from e
    except Exception as e:  # tifffile meets damaged directories with exceptions of every type
        raise ImageRefused(path, _DAMAGED, COPY_AGAIN, detail=type(e).__name__) from e


def _levels_with(tif: Any, offset: int) -> list[Any] | None:
    """The levels of the series that the picture belongs to; labels, overviews and thumbnails are others."""
    for series in tif.series:
        if any(p is not None and int(p.offset) == offset for p in series.pages):
            return list(series.levels)
    return None


def _first_page(series: Any, source: ByteSource, limits: DecodeLimits) -> tuple[int, list[str]]:
    """Which page of a series is read: the sharpest plane of a stack in depth, else the first."""
    others = {a: n for a, n in zip(series.axes, series.shape, strict=True) if a not in "YXS" and n > 1}
    if set(others) != {"Z"} or others["Z"] != len(series.pages) or others["Z"] > _MOST_PLANES:
        return 0, []
    blurs = []
    for page in series.pages:
        layout = page_layout(page.aspage(), limits)
        pieces = (decode_piece(layout, source, *at) for at in _some(layout, _RANGE_SAMPLES))
        blurs.append(float(np.median([edge_blur_px(to_rgb(p, alpha="none")[..., 1]) for p in pieces])))
    return int(np.argmin(blurs)), [BEST_PLANE]


def _planes_of(series: Any, first: int, limits: DecodeLimits) -> list[PageLayout]:
    axes, shape = str(series.axes), series.shape
    pages = [p for p in series.pages if p is not None]
    if len(pages) != len(series.pages):
        raise UnsupportedTiff("a missing page")
    page = series.keyframe if len(pages) == 1 else pages[first]
    layout = page_layout(page.aspage(), limits)
    if axes.replace("S", "") in ("YX", "QYX") or len(pages) == 1:
        return [layout]
    others = {a: n for a, n in zip(axes, shape, strict=True) if a not in "YXS" and n > 1}
    if set(others) == {"C"} and others["C"] == 3 and layout.samples == 1:
        order = colour_order_in(series.parent)
        return [page_layout(pages[i].aspage(), limits) for i in order]
    if "C" in others and layout.samples == 1:
        if others["C"] != 3:
            raise UnsupportedTiff(f"{others['C']} colour channels, not red, green and blue")
        raise UnsupportedTiff("red, green and blue as separate pages of a stack")
    return [layout]
