"""The pictures in a TIFF that fits in memory: one, colours in three pages, planes of a stack, or several."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.image_messages import (
    BEST_PLANE,
    COLOURS_GUESSED,
    NO_ALPHA,
    OTHER_RANGE,
    PROFILE_APPLIED,
    PROFILE_LEFT,
)
from bloodcells_gui.imaging.focus import edge_blur_px
from bloodcells_gui.imaging.io.byte_source import MemorySource
from bloodcells_gui.imaging.io.colour import Conversion, UnusableProfile
from bloodcells_gui.imaging.io.colour_profiles import conversion_of_tiff
from bloodcells_gui.imaging.io.headers_tiff import ICC_PROFILE, text
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.pixels import SampleRange, wholly_transparent
from bloodcells_gui.imaging.io.refusal import COPY_AGAIN, ImageRefused
from bloodcells_gui.imaging.io.tiff_page import (
    DAMAGED_HEADER,
    DamagedTiff,
    PageLayout,
    UnsupportedTiff,
    page_layout,
    page_rgb,
    read_raw,
    tiff_refusal,
)
from bloodcells_gui.imaging.io.tiff_structure import PAGE_NAME, Page, structure

_RESAVE = N_("Save it as an uncompressed, LZW, Deflate or JPEG compressed RGB TIFF.")
_GREY = (0, 1)
# Pictures are compared at this size, in their middle (an eyepiece's round edge is alike in all) and in the
# band that neither the blur of another focus nor the place of a cell decides: of 12,000 pairs of different
# pictures of six laboratories none agreed above 0.84, of 300 pairs of planes of a cell none below 0.86.
_MIDDLE = 0.7
_SIDE, _FINE, _COARSE = 64, 1.0, 6.0
_SAME_SCENE, _OTHER_SCENE = 0.85, 0.75
# Planes far from the focus agree less; where the file calls them planes that is enough.
_SAME_SCENE_TOLD = 0.7
_MOST_PAIRS = 24
_LEAST_THUMBNAIL, _SAME_RATIO = 16, 0.05
# Red, green and blue of stained cells differ in brightness by 9 % and more, planes of a stack by 1 %.
_COLOURS_DIFFER = 0.04
_MOST_PLANES_PX = 512_000_000
_COLOURS = {"red": 0, "r": 0, "green": 1, "g": 1, "blue": 2, "b": 2}
_OME_CHANNEL = re.compile(r"<Channel\b([^>]*)>")
_OME_NAME, _OME_COLOUR = re.compile(r'\bName="([^"]{1,40})"'), re.compile(r'\bColor="(-?\d{1,11})"')

Unit = tuple[int, ...]
"""The offsets of the pages that make one picture: one, or red, green and blue."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a file holds.

    Attributes
    ----------
    units : tuple of Unit
        One for each picture or plane, in the file's order.
    stack : bool
        They are planes of one picture.
    guessed : bool
        That three grey pages are red, green and blue was told by their pixels.
    """

    units: tuple[Unit, ...]
    stack: bool = False
    guessed: bool = False

    @property
    def count(self) -> int:
        """How many pictures a person would say there are."""
        return 1 if self.stack else len(self.units)


class TiffPictures:
    """The pictures of one file, decoded as they are asked for.

    Parameters
    ----------
    data : bytes
        The file.
    name, limits
        As for :func:`bloodcells_gui.imaging.io.decode.load_image`.

    Raises
    ------
    ImageRefused
        When it is damaged or of a variant that is not decoded.
    """

    def __init__(self, data: bytes, name: str | Path, limits: DecodeLimits) -> None:
        self._data, self._name, self._limits = data, name, limits
        self._source = MemorySource(data)
        found = structure(self._source)
        self._pages, self._looping = found.pictures, found.looping
        self._layouts: dict[int, PageLayout] = {}
        self._looked_for_smaller = False

    def found(self) -> Pictures:
        """How the pages belong together; looks at pixels where there are several pictures."""
        with _as_refusal(self._name):
            return self._found()

    def picture(self, number: int, brightness: SampleRange) -> tuple[NDArray[np.uint8], tuple[str, ...], int]:
        """Pixels of a picture, shape (h, w, 3), what to remark on it, and the offset of its first page.

        Parameters
        ----------
        number : int
            From 1; 0 for what a person sees as the file's picture: the only one, the sharpest plane of a
            stack, the first of several.
        """
        with _as_refusal(self._name):
            found = self._found() if number == 0 else Pictures(self._page_groups()[0])
            notices = [COLOURS_GUESSED] if found.guessed else []
            unit = found.units[0]
            if number > len(found.units):
                raise UnsupportedTiff(f"no picture {number}")
            if number:
                unit = found.units[number - 1]
            elif found.stack:
                width, height = self._layout(unit[0]).size_px
                if len(found.units) * width * height > _MOST_PLANES_PX:
                    raise UnsupportedTiff(f"a stack of {len(found.units)} planes")
                unit = max(found.units, key=self._sharpness)
                notices.append(BEST_PLANE)
            raw = self._raw(unit)
            layout = self._layout(unit[0])
            if layout.alpha != "none" and wholly_transparent(raw):
                layout = replace(layout, alpha="none")
                notices.append(NO_ALPHA)
            to_srgb, said = self._to_srgb(unit[0], layout)
            top, other = brightness.top(raw[..., : layout.colours])
            if other:
                notices.append(OTHER_RANGE)
            rgb = page_rgb(layout, raw, top, to_srgb)
            return rgb, (*notices, *said), unit[0]

    def samples(self, number: int) -> tuple[NDArray[np.generic], PageLayout]:
        """Raw samples of a picture as :meth:`picture` shows it, with the layout of its first page."""
        with _as_refusal(self._name):
            units = self._found().units if number == 0 else self._page_groups()[0]
            unit = units[min(max(0, number - 1), len(units) - 1)]
            return self._raw(unit), self._layout(unit[0])

    def offset_of(self, number: int) -> int:
        """Where the first page of a picture lies."""
        with _as_refusal(self._name):
            units = self._page_groups()[0]
            if not 1 <= number <= len(units):
                raise UnsupportedTiff(f"no picture {number}")
            return units[number - 1][0]

    def _found(self) -> Pictures:
        units, told = self._page_groups()
        if len(units) == 1:
            return Pictures(units)
        sizes = {self._layout(u[0]).size_px for u in units}
        if len(sizes) > 1:
            return Pictures(units)
        grey = all(self._layout(u[0]).samples == 1 for u in units)
        if len(units) == 3 and grey and not told and all(len(u) == 1 for u in units):
            return self._three_grey(units)
        # Of many pages an even choice of neighbours is compared.
        first = {round(i) for i in np.linspace(0, len(units) - 2, min(len(units) - 1, _MOST_PAIRS))}
        least = min(self._scene_similarity(units[i], units[i + 1]) for i in sorted(first))
        return Pictures(units, stack=least >= (_SAME_SCENE_TOLD if "Z" in told else _SAME_SCENE))

    def _three_grey(self, units: tuple[Unit, ...]) -> Pictures:
        """Three grey pages of which nothing says whether they are colours, planes or pictures."""
        shown = [self._as_rgb(u) for u in units]
        a, b, c = (_normalised_thumbnail(s) for s in shown)
        alike = agreement(a, b), agreement(b, c), agreement(a, c)
        means = [float(s.mean()) for s in shown]
        differ = (max(means) - min(means)) / max(1.0, *means) > _COLOURS_DIFFER
        if max(alike) >= _SAME_SCENE and differ:
            return Pictures((tuple(u[0] for u in units),), guessed=True)
        if _OTHER_SCENE < max(alike) < _SAME_SCENE:
            raise UnsupportedTiff("three grey pages that may be colours or pictures")
        return Pictures(units, stack=min(alike) >= _SAME_SCENE)

    def _scene_similarity(self, a: Unit, b: Unit) -> float:
        return agreement(_normalised_thumbnail(self._as_rgb(a)), _normalised_thumbnail(self._as_rgb(b)))

    def _page_groups(self) -> tuple[tuple[Unit, ...], str]:
        """Pages by picture as the metadata tell, and of which axes these told: colours, depth, time."""
        if not self._looked_for_smaller:
            self._looked_for_smaller = True
            self._pages = self._without_smaller(self._pages)
        offsets = tuple(p.offset for p in self._pages)
        if len(offsets) == 1:
            return (offsets,), ""
        grey = all(p.samples == 1 and p.photometric in _GREY for p in self._pages)
        series = None if self._looping else _series(self._data, offsets)
        if series is None:
            order = colour_order([text(self._source, p.directory, PAGE_NAME) for p in self._pages])
            if grey and len(offsets) == 3 and order is not None:
                return (tuple(offsets[i] for i in order),), "C"
            return tuple((o,) for o in offsets), ""
        axes, shape, pages, order = series
        told = "".join(a for a in axes if a in "CZT")
        if not grey or "C" not in axes:
            return tuple((o,) for o in pages), told
        colours = shape[axes.index("C")]
        if colours == 1:
            return tuple((o,) for o in pages), told
        if colours != 3:
            raise UnsupportedTiff(f"{colours} colour channels, not red, green and blue")
        index = np.moveaxis(np.arange(len(pages)).reshape(shape), axes.index("C"), -1).reshape(-1, 3)
        return tuple(tuple(pages[row[i]] for i in order) for row in index), told

    def _without_smaller(self, pages: tuple[Page, ...]) -> tuple[Page, ...]:
        """Pages but for those that show another one at half its size or less: the thumbnails of crops.

        A page that cannot be decoded stays, to be told in its turn.
        """
        kept = list(pages)
        for page in pages[: _MOST_PAIRS * 4]:
            larger = next((p for p in kept if page.side_px * 2 <= p.side_px + 1), None)
            if larger is None or min(page.size_px) < _LEAST_THUMBNAIL:
                continue
            with suppress(UnsupportedTiff):
                small, large = self._as_rgb((page.offset,)), self._as_rgb((larger.offset,))
                size = small.shape[1::-1]
                ratio = size[0] * large.shape[0] / (size[1] * large.shape[1])
                shrunk = np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.uint8)
                if (
                    abs(ratio - 1) <= _SAME_RATIO
                    and agreement(_normalised_thumbnail(small), _normalised_thumbnail(shrunk)) >= _SAME_SCENE
                ):
                    kept.remove(page)
        return tuple(kept)

    def _layout(self, offset: int) -> PageLayout:
        import tifffile

        if offset not in self._layouts:
            with tifffile.TiffFile(io.BytesIO(self._data)) as tif:
                self._layouts[offset] = page_layout(page_at(tif, offset), self._limits)
        return self._layouts[offset]

    def _to_srgb(self, offset: int, layout: PageLayout) -> tuple[Conversion | None, tuple[str, ...]]:
        page = next(p for p in self._pages if p.offset == offset)
        if ICC_PROFILE not in page.directory.entries:
            return None, ()
        try:
            found = conversion_of_tiff(self._source, page.directory)
        except UnusableProfile:
            return None, (PROFILE_LEFT,)
        if found is not None and layout.inks:
            return None, (PROFILE_LEFT,)
        return found, (PROFILE_APPLIED,) if found is not None else ()

    def _raw(self, unit: Unit) -> NDArray[np.generic]:
        planes = []
        for offset in unit:
            layout = self._layout(offset)
            width, height = layout.size_px
            if width * height > self._limits.max_pixels:
                raise UnsupportedTiff(f"absurd size {width} x {height}")
            if 0 in layout.counts:  # slides may leave glass out, a photograph has all its parts
                raise DamagedTiff("pieces are missing")
            planes.append(read_raw(layout, self._source, 0, 0, width, height))
        if len({p.shape for p in planes}) > 1:
            raise UnsupportedTiff("colours of different size")
        return planes[0] if len(planes) == 1 else np.concatenate([p[..., :1] for p in planes], axis=2)

    def _as_rgb(self, unit: Unit) -> NDArray[np.uint8]:
        return page_rgb(self._layout(unit[0]), self._raw(unit))

    def _sharpness(self, unit: Unit) -> float:
        return -edge_blur_px(self._as_rgb(unit)[..., 1])


class _as_refusal:
    """Turns what tifffile and the decoders raise into a refusal."""

    def __init__(self, name: str | Path) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, e: BaseException | None, trace: Any) -> None:
        if isinstance(e, UnsupportedTiff):
            raise tiff_refusal(self._name, e, _RESAVE) from e
        # tifffile meets damaged directories with exceptions of every type
        if isinstance(e, Exception) and not isinstance(e, MemoryError | ImageRefused):
            raise ImageRefused(self._name, DAMAGED_HEADER, COPY_AGAIN, detail=type(e).__name__) from e


def agreement(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Correlation of two looks, -1 to 1."""
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 1.0


def _normalised_thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    h, w = rgb.shape[:2]
    top, left = round(h * (1 - _MIDDLE) / 2), round(w * (1 - _MIDDLE) / 2)
    middle = rgb[top : h - top, left : w - left]
    small = cv2.resize(middle, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(small, (0, 0), sigma) for sigma in (_FINE, _COARSE))
    return np.asarray(fine - coarse, np.float32)


def colour_order(names: Sequence[str]) -> tuple[int, ...] | None:
    """Which of three channels is red, which green, which blue, by their names; None when that is unclear."""
    found = [_COLOURS.get(n.strip().lower()) for n in names]
    if len(found) != 3 or set(found) != {0, 1, 2}:
        return None
    return tuple(found.index(c) for c in range(3))


def _series(
    data: bytes, offsets: Sequence[int]
) -> tuple[str, tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
    """Axes, shape and pages as ImageJ, OME or Micro-Manager tell; the order of three colours in them."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tif:
        for series in tif.series:
            if any(p is None for p in series.pages):
                continue
            pages = tuple(int(p.offset) for p in series.pages)
            if set(pages) != set(offsets) or series.kind not in ("imagej", "ome", "mmstack", "micromanager"):
                continue
            kept = [(a, n) for a, n in zip(series.axes, series.shape, strict=True) if a not in "YXS"]
            axes, shape = "".join(a for a, _ in kept), tuple(n for _, n in kept)
            if int(np.prod(shape)) != len(pages):
                continue
            return axes, shape, pages, colour_order_in(tif)
    return None


def colour_order_in(tif: Any) -> tuple[int, ...]:
    """Red, green and blue among three channels, as ImageJ's tables of colours or OME's channels tell."""
    tables = (tif.imagej_metadata or {}).get("LUTs", []) if tif.is_imagej else []
    shades = [np.asarray(t)[:, -1] for t in tables if np.shape(t) == (3, 256)]
    names = []
    if len(shades) == 3:
        names = ["rgb"[int(np.argmax(s))] if (s > 127).sum() == 1 else "" for s in shades]
    elif tif.is_ome:
        channels = _OME_CHANNEL.findall(str(tif.ome_metadata))[:3]
        found = [_OME_NAME.search(c) for c in channels]
        names = [m[1] if m else "" for m in found]
        if colour_order(names) is None:
            names = [_ome_colour(c) for c in channels]
    return colour_order(names) or (0, 1, 2)


def _ome_colour(channel: str) -> str:
    found = _OME_COLOUR.search(channel)
    if found is None:
        return ""
    value = int(found[1]) & 0xFFFFFFFF
    bright = [(value >> shift) & 255 > 127 for shift in (24, 16, 8)]
    return "rgb"[bright.index(True)] if sum(bright) == 1 else ""


def page_at(tif: Any, offset: int) -> Any:
    """The page whose directory lies at `offset`; tifffile's own lists of pages may have no end."""
    import tifffile

    tif.filehandle.seek(offset)
    return tifffile.TiffPage(tif, index=0)
