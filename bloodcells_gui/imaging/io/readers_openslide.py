"""Scanner slides through OpenSlide: SVS, NDPI, MRXS, SCN, BIF, VMS, DICOM and generic tiled TIFF."""

from __future__ import annotations

import threading
from ctypes import c_uint32
from pathlib import Path

import numpy as np
import openslide
from numpy.typing import NDArray
from openslide import lowlevel

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.image_messages import PROFILE_APPLIED, PROFILE_LEFT
from bloodcells_gui.imaging.io.colour import Conversion, UnusableProfile, from_icc
from bloodcells_gui.imaging.io.companions import dicom_header
from bloodcells_gui.imaging.io.info import plausible_mpp
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.reader import RGB, WHITE, Level, PyramidReader, honest_levels
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.written_scale import WrittenScale, number, scale_in_text, shown

_DAMAGED = N_("OpenSlide reports: {detail}.")
_WHAT_TO_DO = N_("Copy the slide again from the scanner, with all files and folders that belong to it.")


def slide_vendor(path: Path) -> str | None:
    """OpenSlide's name of the format ("aperio", "generic-tiff"), from headers only; None when unknown."""
    try:
        vendor: str | None = openslide.OpenSlide.detect_format(path)
    except (openslide.OpenSlideError, OSError, ValueError):
        return None
    return vendor


class OpenSlideReader(PyramidReader):
    """A slide opened by OpenSlide, which serves several threads at once.

    Raises
    ------
    ImageRefused
        When the slide is damaged, incomplete (an MRXS without its folder) or claims an absurd size.
    """

    def __init__(self, path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> None:
        self._close_lock = threading.Lock()
        self._closed = False
        try:
            self._slide = openslide.OpenSlide(path)
        except openslide.OpenSlideUnsupportedFormatError as e:
            raise missing_companion(path) or ImageRefused(
                path, "It is no slide format that OpenSlide knows.", _WHAT_TO_DO
            ) from e
        except (openslide.OpenSlideError, OSError, ValueError) as e:
            missing = missing_companion(path)
            raise missing or _damaged(path, e) from e
        try:
            self._setup(path, limits)
        except BaseException:
            self._slide.close()
            raise

    def _setup(self, path: Path, limits: DecodeLimits) -> None:
        slide = self._slide
        try:
            self._cache_bytes = limits.cache_bytes
            slide.set_cache(openslide.OpenSlideCache(self._cache_bytes))
            properties = _properties(slide)
            all_levels = tuple(
                Level(
                    size,
                    float(slide.level_downsamples[i]),
                    (
                        _int_property(properties.get(f"openslide.level[{i}].tile-width"), size[0]),
                        _int_property(properties.get(f"openslide.level[{i}].tile-height"), size[1]),
                    ),
                )
                for i, size in enumerate(slide.level_dimensions)
            )
        except (openslide.OpenSlideError, KeyError, ValueError) as e:
            raise _damaged(path, e) from e
        width, height = all_levels[0].size_px
        tile_w, tile_h = all_levels[0].tile_px
        if max(width, height) > limits.max_slide_side or min(width, height) < 1:
            raise ImageRefused(
                path,
                "It claims an absurd size of {width} x {height} pixels.",
                _WHAT_TO_DO,
                width=width,
                height=height,
            )
        if tile_w * tile_h > limits.max_segment_pixels:
            raise ImageRefused(
                path,
                "It is stored in pieces of {width} x {height} pixels, too large to be decoded.",
                "Save it as a TIFF with tiles of 256 to 1,024 pixels.",
                width=tile_w,
                height=tile_h,
            )
        self._index = honest_levels(all_levels)
        kept = tuple(all_levels[i] for i in self._index)
        levels = tuple(
            Level(level.size_px, width / level.size_px[0] if i else 1.0, level.tile_px)
            for i, level in enumerate(kept)
        )
        self.format = f"openslide:{properties.get(openslide.PROPERTY_NAME_VENDOR, 'unknown')}"
        self.description = properties.get(openslide.PROPERTY_NAME_COMMENT, "")[:4096]
        self.notices: tuple[str, ...] = ()
        self._to_srgb = self._find_profile()
        self.associated = tuple(slide.associated_images)
        background = properties.get(openslide.PROPERTY_NAME_BACKGROUND_COLOR, "")
        self._background = _colour(background)
        scale = _scale(properties)
        self.unparsed_scale_text = scale.unread if scale.mpp is None else ""
        super().__init__(path, levels, scale.mpp)
        if self.format == "openslide:dicom":
            # OpenSlide reads nothing but the head of these: a file that is cut off shows at its end.
            self._read_level(0, width - 1, height - 1, 1, 1)

    def _find_profile(self) -> Conversion | None:
        profile: bytes | None = getattr(self._slide, "_profile", None)
        if not profile:
            return None
        try:
            found = from_icc(profile)
        except UnusableProfile:
            self.notices = (PROFILE_LEFT,)
            return None
        if found is not None:
            self.notices = (PROFILE_APPLIED,)
        return found

    def _read_level(self, level: int, x: int, y: int, width: int, height: int) -> RGB:
        if self._closed:
            raise ImageRefused(self.path, "It was closed.")
        # OpenSlide wants the origin in full-resolution px; half a level px keeps rounding from slipping.
        scale = self._levels[level].downsample
        origin = (x, y) if level == 0 else (round(x * scale), round(y * scale))
        buffer = (width * height * c_uint32)()
        for last in (False, True):
            slide = self._slide
            try:
                # The public read_region goes through Pillow and copies the pixels three times.
                lowlevel._read_region(slide._osr, buffer, *origin, self._index[level], width, height)  # noqa: SLF001  # see above
                break
            except (openslide.OpenSlideError, OSError) as e:
                self._open_again(slide)
                if last:
                    raise _damaged(self.path, e) from e
        # Native 32-bit words ARGB: bytes B, G, R, A on the little-endian machines that Qt 6 supports.
        argb = np.ctypeslib.as_array(buffer).view(np.uint8).reshape(height, width, 4)
        rgb, alpha = argb[..., 2::-1], argb[..., 3]
        if alpha.min() == 255:
            return self._shown(rgb)
        # Colours are premultiplied, so the background only fills what alpha leaves.
        rest = (255 - alpha)[..., None].astype(np.uint16) * self._background
        return self._shown(np.minimum(rgb + (rest + 127) // 255, 255).astype(np.uint8))

    def _shown(self, rgb: NDArray[np.uint8]) -> RGB:
        """The pixels in sRGB; empty glass and what was not scanned stay as they are."""
        return np.ascontiguousarray(rgb) if self._to_srgb is None else self._to_srgb(rgb)

    def _open_again(self, failed: openslide.OpenSlide) -> None:
        """Replace a handle that met an error: OpenSlide refuses every later reading from it, sound or not.

        The old one is left to the threads that may still read from it.
        """
        with self._close_lock:
            if self._closed or self._slide is not failed:
                return
            try:
                fresh = openslide.OpenSlide(self.path)
                fresh.set_cache(openslide.OpenSlideCache(self._cache_bytes))
            except (openslide.OpenSlideError, OSError, ValueError):
                return  # the file is gone; the old handle goes on to say so
            self._slide = fresh

    def close(self) -> None:
        """Release the slide."""
        with self._close_lock:
            if not self._closed:
                self._closed = True
                self._slide.close()


def _damaged(path: Path, e: Exception) -> ImageRefused:
    if "end of filehandle" in str(e):
        if dicom_header(path) is not None:
            return ImageRefused(path, "It is a DICOM file that is cut off: its end is missing.", _WHAT_TO_DO)
        return ImageRefused(path, "The file is cut off: its end is missing.", _WHAT_TO_DO)
    return ImageRefused(path, _DAMAGED, _WHAT_TO_DO, detail=str(e)[:200])


def missing_companion(path: Path) -> ImageRefused | None:
    """The refusal of a slide whose other files did not come with it; None when nothing is known to miss."""
    if path.suffix.lower() == ".mrxs" and not path.with_suffix("").is_dir():
        return ImageRefused(
            path,
            "Its folder {folder} with the image data is missing.",
            "Copy the .mrxs file together with the folder of the same name.",
            folder=path.with_suffix("").name,
        )
    return None


def _properties(slide: openslide.OpenSlide) -> dict[str, str]:
    """The slide's properties; those whose text is damaged are left out."""
    out: dict[str, str] = {}
    for name in slide.properties:
        try:
            out[name] = slide.properties[name]
        except (KeyError, ValueError):
            continue
    return out


def _int_property(text: str | None, default: int) -> int:
    try:
        return max(1, int(text)) if text else default
    except ValueError:
        return default


def _colour(text: str) -> NDArray[np.uint16]:
    try:
        return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)], np.uint16)
    except ValueError:
        return np.full(3, WHITE, np.uint16)


def _scale(properties: dict[str, str]) -> WrittenScale:
    """OpenSlide's own reading of the scale, else the words of the file."""
    x = properties.get(openslide.PROPERTY_NAME_MPP_X)
    y = properties.get(openslide.PROPERTY_NAME_MPP_Y, x)
    said = WrittenScale()
    if x is not None and y is not None:
        across, down = number(x), number(y)
        mpp = plausible_mpp(across, down) if across is not None and down is not None else None
        said = WrittenScale(mpp, "" if mpp else shown(f"{x} x {y} um"))
    return said | scale_in_text(properties.get(openslide.PROPERTY_NAME_COMMENT, ""))
