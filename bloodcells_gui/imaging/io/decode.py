"""Images that fit in memory: check headers and limits, then decode to RGB uint8.

OpenCV decodes JPEG, PNG, BMP and WebP (libjpeg-turbo, libpng, libwebp); TIFF goes through
:mod:`bloodcells_gui.imaging.io.tiff_page`. Pillow comes with other dependencies, but is not used here: it is
two to three times slower on JPEG and would be a second set of codecs to keep safe.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.image_messages import HOLE, NO_ALPHA, OTHER_RANGE, PROFILE_APPLIED, PROFILE_LEFT
from bloodcells_gui.imaging.io import headers_tiff as tiff
from bloodcells_gui.imaging.io.byte_source import ByteSource, FileSource, MemorySource, read_file
from bloodcells_gui.imaging.io.codecs import decode_jpeg, has_hole, imdecode, missing_scans
from bloodcells_gui.imaging.io.colour import Conversion, UnusableProfile
from bloodcells_gui.imaging.io.colour_profiles import colour_conversion_for
from bloodcells_gui.imaging.io.companions import tile_folders
from bloodcells_gui.imaging.io.formats import (
    EXPORT_SLIDE,
    HEAD_BYTES,
    MISNAMED_DICOM,
    PLAIN_SUFFIXES,
    RAW,
    RAW_ADVICE,
    RAW_SUFFIXES,
    RENAME_DICOM,
    is_dicom,
    named,
)
from bloodcells_gui.imaging.io.headers import DamagedHeader, UnknownFormat, read_info
from bloodcells_gui.imaging.io.info import ImageInfo
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.page_names import split_page
from bloodcells_gui.imaging.io.pixels import (
    ITS_OWN,
    Alpha,
    Beyond,
    SampleRange,
    beyond,
    colours_of,
    orient,
    to_rgb,
    wholly_transparent,
)
from bloodcells_gui.imaging.io.refusal import COPY_AGAIN, ImageRefused, printable

if TYPE_CHECKING:
    from bloodcells_gui.imaging.io.tiff_pictures import TiffPictures

__all__ = [
    "ImageInfo", "LoadedImage", "brightness_of", "decode_rgb", "load_image", "pictures_in", "probe",
    "probe_source",
]  # fmt: skip

_COMPLAINT = N_("Its pixel data are damaged ({detail}).")
_ENDS_EARLY = N_("Its pixel data end early: parts of the picture are missing.")
_OVERVIEW = N_("It is only the overview of a slide whose pixels lie in the folder {folder}.")
_TILES = N_("It is the index of a slide that is cut into tiles in the folder {folder}.")
_KEPT_BYTES = 64 * 1024 * 1024
_OF_THE_PAGE = (
    "stored_px", "orientation", "bits", "channels", "mpp", "tiled", "description", "cmyk", "profiled",
)  # fmt: skip
_START_OF_SCAN = b"\xff\xda"
_RGB_AS_STORED = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    """A decoded image with what its file says.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
        Oriented pixels.
    info : ImageInfo
        From the headers.
    sha256 : str
        Of the file's bytes.
    notices : tuple of str
        What there is to say of how it was read (:mod:`bloodcells_gui.domain.image_messages`).
    """

    rgb: NDArray[np.uint8]
    info: ImageInfo
    sha256: str
    notices: tuple[str, ...] = ()


def probe(path: Path, limits: DecodeLimits | None = DEFAULT_LIMITS) -> ImageInfo:
    """Size, depth, scale and orientation of an image file, without decoding it.

    Parameters
    ----------
    path : Path
        A JPEG, PNG, BMP, TIFF or WebP file; its name does not matter.
    limits : DecodeLimits or None
        What the image is held against; None to learn the size of a slide that is read by tiles.

    Raises
    ------
    ImageRefused
        When the file cannot be opened, is no such image, has an unusable header or exceeds `limits`.
    """
    file, number = split_page(path)
    refuse_container(file)
    if number:
        with FileSource(file) as source:
            probe_source(source, path, limits)
        return _file_of_pictures(file, DEFAULT_LIMITS if limits is None else limits).info(number, path)
    with FileSource(path) as source:
        return probe_source(source, path, limits)


def probe_source(
    source: ByteSource, name: str | Path, limits: DecodeLimits | None = DEFAULT_LIMITS
) -> ImageInfo:
    """As :func:`probe`, for bytes that are already open; `name` is what messages call the image."""
    try:
        info = read_info(source)
    except UnknownFormat as e:
        suffix = Path(name).suffix
        sentence, advice, kind = named(str(e), e.advice, e.kind, suffix)
        if suffix.lower() in PLAIN_SUFFIXES and is_dicom(source.read_at(0, HEAD_BYTES)):
            sentence, advice = MISNAMED_DICOM, RENAME_DICOM
        own = "" if suffix.lower() in PLAIN_SUFFIXES else suffix.lstrip(".").upper()
        raise ImageRefused(name, sentence, advice, kind=kind or own or "RAW") from e
    except DamagedHeader as e:
        raise ImageRefused(
            name, "Its header is damaged ({detail}).", COPY_AGAIN, detail=str(e) or type(e).__name__
        ) from e
    if info.format == "tiff" and Path(name).suffix.lower() in RAW_SUFFIXES:
        raise ImageRefused(name, RAW, RAW_ADVICE, kind=Path(name).suffix.lstrip(".").upper())
    if info.stored_px[0] <= 0 or info.stored_px[1] <= 0:
        raise ImageRefused(name, "It says that it has no pixels.", COPY_AGAIN)
    if limits is not None:
        _check_size(info, name, limits)
    return info


def decode_rgb(
    source: Path | bytes, limits: DecodeLimits = DEFAULT_LIMITS, name: str = ""
) -> NDArray[np.uint8]:
    """Pixels of an image as RGB uint8, shape (h, w, 3), EXIF orientation applied once.

    8 and 16 bit, grey, RGBA (on white), palette and CMYK are converted, profiles are applied. Of a TIFF the
    picture is taken, never a thumbnail; of a stack the sharpest plane.

    Raises
    ------
    ImageRefused
        As :func:`probe`, and when the file is truncated or its pixels cannot be decoded.
    """
    return load_image(source, limits, name).rgb


def load_image(
    source: Path | bytes,
    limits: DecodeLimits = DEFAULT_LIMITS,
    name: str = "",
    brightness: SampleRange = ITS_OWN,
) -> LoadedImage:
    """As :func:`decode_rgb`, with headers and SHA-256 from the same read of the file.

    Parameters
    ----------
    source : Path or bytes
        `file.tif#3` is the third picture of a file (:mod:`bloodcells_gui.imaging.io.page_names`).
    brightness : SampleRange
        What means full brightness in all images of the specimen, for more than 8 bits.
    """
    label: str | Path = name or (source if isinstance(source, Path) else "image")
    try:
        if isinstance(source, Path):
            file, number = split_page(source)
            refuse_container(file)
            if number:
                return _file_of_pictures(file, limits).load(number, label, brightness)
            source = read_file(file, limits)
        return _FileOfPictures(source, label, limits).load(0, label, brightness)
    except MemoryError as e:
        raise ImageRefused(
            label, "There is not enough memory for it.", "Close other programs and open it again."
        ) from e


def pictures_in(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> list[ImageInfo]:
    """Headers of each picture in a file, in order; a stack of planes is one, as is every JPEG or PNG.

    Raises
    ------
    ImageRefused
        As :func:`load_image`.
    """
    data = read_file(path, limits)
    return _FileOfPictures(data, path, limits).infos(path)


def brightness_of(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> Beyond | None:
    """What an image tells of its specimen's range of brightness; None where it has 8 bits."""
    file, number = split_page(path)
    one = _FileOfPictures(read_file(file, limits), path, limits)
    return one.brightness(number, path)


class _FileOfPictures:
    """The bytes of a file that is decoded in one piece, looked at once."""

    def __init__(self, data: bytes, name: str | Path, limits: DecodeLimits) -> None:
        if not data:
            raise ImageRefused(name, "The file is empty (0 bytes).", COPY_AGAIN)
        self._data, self._limits = data, limits
        self._memory = MemorySource(data)
        self._info = probe_source(self._memory, name, limits)
        if self._info.truncated:
            raise ImageRefused(name, "The file is cut off: its end is missing.", COPY_AGAIN)
        self._sha256 = hashlib.sha256(data).hexdigest()

    def load(self, number: int, name: str | Path, brightness: SampleRange) -> LoadedImage:
        """The picture `number`; 0 for the file's own."""
        info = self._info
        if info.format == "tiff":
            rgb, notices, offset = self._tiff(name).picture(number, brightness)
            info = self._at(offset)
        else:
            rgb, notices = _decode(self._data, info, name, self._limits, brightness)
        return LoadedImage(orient(rgb, info.orientation), info, self._sha256, notices)

    def info(self, number: int, name: str | Path) -> ImageInfo:
        """Headers of the picture `number` (from 1)."""
        return self._at(self._tiff(name).offset_of(number))

    def infos(self, name: str | Path) -> list[ImageInfo]:
        """Headers of all pictures."""
        if self._info.format != "tiff" or self._info.pages == 1:
            return [self._info]
        found = self._tiff(name).found()
        return [self._at(unit[0]) for unit in found.units[: found.count]]

    def brightness(self, number: int, name: str | Path) -> Beyond | None:
        """What the picture tells of the range of its samples."""
        if self._info.format == "tiff":
            samples, layout = self._tiff(name).samples(number)
            return None if layout.colormap is not None else beyond(samples[..., : layout.colours])
        if self._info.bits <= 8:
            return None
        pixels = imdecode(self._data, cv2.IMREAD_UNCHANGED)
        return None if pixels is None else beyond(colours_of(pixels))

    def _at(self, offset: int) -> ImageInfo:
        found = tiff.tiff_info(self._memory, tiff.read_directory(self._memory, offset))
        return replace(self._info, **{f: getattr(found, f) for f in _OF_THE_PAGE})

    def _tiff(self, name: str | Path) -> TiffPictures:
        # Late: tifffile takes a tenth of a second to import, and most specimens are JPEG.
        from bloodcells_gui.imaging.io.tiff_pictures import TiffPictures

        return TiffPictures(self._data, name, self._limits)


def _file_of_pictures(file: Path, limits: DecodeLimits) -> _FileOfPictures:
    """A file whose pictures are asked for one by one: the last one is kept while it is not changed."""
    status = file.stat() if file.is_file() else None
    if status is None or status.st_size > _KEPT_BYTES:
        return _FileOfPictures(read_file(file, limits), file, limits)
    return _kept_file(file, limits, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=1)
def _kept_file(file: Path, limits: DecodeLimits, *_unchanged: int) -> _FileOfPictures:
    return _FileOfPictures(read_file(file, limits), file, limits)


def refuse_container(file: Path) -> None:
    """Refuse an overview or index of a slide whose pixels lie in a folder beside it (Olympus VSI, Deep Zoom).

    Raises
    ------
    ImageRefused
        With what to export.
    """
    suffix = file.suffix.lower()
    if (folders := tile_folders(file)) != []:
        raise ImageRefused(file, _TILES, EXPORT_SLIDE, folder=folders[0].name)
    if suffix not in (".vsi", ".tif", ".tiff"):
        return
    folder = file.with_name(f"_{file.stem}_")
    if suffix == ".vsi" or (folder.is_dir() and any(folder.glob("*/*.ets"))):
        raise ImageRefused(file, _OVERVIEW, EXPORT_SLIDE, folder=folder.name)


def _check_size(info: ImageInfo, name: str | Path, limits: DecodeLimits) -> None:
    if info.pixels > limits.max_pixels:
        width, height = info.stored_px
        raise ImageRefused(
            name,
            "It would have {width} x {height} pixels; at most {limit} million are decoded in one piece.",
            "Save it as a tiled TIFF and open it as a slide.",
            width=width,
            height=height,
            limit=round(limits.max_pixels / 1e6),
        )


def _decode(
    data: bytes, info: ImageInfo, name: str | Path, limits: DecodeLimits, brightness: SampleRange
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Pixels of a JPEG, PNG, BMP or WebP, and what to remark on them."""
    if info.cmyk and not info.adobe:
        raise ImageRefused(
            name,
            "Its four ink channels do not say whether they are inverted, so its colours are unknown.",
            "Save it as an RGB image.",
        )
    if info.progressive and data.count(_START_OF_SCAN) * info.pixels > limits.max_scan_pixels:
        raise ImageRefused(name, "It is stored in an absurd number of passes.", "Save it as a baseline JPEG.")
    notices: list[str] = []
    # A 32-bit BMP's fourth byte is padding more often than alpha.
    flat = info.format in ("jpeg", "bmp")
    if info.format == "jpeg":
        pixels = _jpeg_pixels(data, info, name)
        if has_hole(data):
            notices.append(HOLE)
    else:
        pixels = imdecode(data, _RGB_AS_STORED if flat else cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ImageRefused(name, "Its pixel data are damaged.", COPY_AGAIN)
    if pixels.shape[1::-1] != info.stored_px:
        raise ImageRefused(name, "Its header and its pixel data contradict each other.", COPY_AGAIN)
    to_srgb, about_profile = _profile_of(data, info)
    notices += about_profile
    alpha: Alpha = "straight"
    if not flat and wholly_transparent(pixels):
        alpha = "none"
        notices.append(NO_ALPHA)
    top, other = brightness.top(colours_of(pixels))
    if other:
        notices.append(OTHER_RANGE)
    return to_rgb(pixels, not flat, top, alpha, to_srgb), tuple(notices)


def _jpeg_pixels(data: bytes, info: ImageInfo, name: str | Path) -> NDArray[np.uint8] | None:
    """Pixels of a JPEG as stored; None where the decoder gives none."""
    if info.progressive and missing_scans(data):
        raise ImageRefused(name, _ENDS_EARLY, COPY_AGAIN)
    pixels, complaint = decode_jpeg(data, _RGB_AS_STORED)
    if complaint:
        raise ImageRefused(name, _COMPLAINT, COPY_AGAIN, detail=printable(complaint.strip()))
    return pixels


def _profile_of(data: bytes, info: ImageInfo) -> tuple[Conversion | None, list[str]]:
    """The conversion to sRGB that an image's colour profile asks for, and what to remark on it."""
    if not info.profiled:
        return None, []
    try:
        to_srgb = colour_conversion_for(data, info.format)
        if to_srgb is not None and info.cmyk:
            raise UnusableProfile("of inks")
    except UnusableProfile:
        return None, [PROFILE_LEFT]
    return to_srgb, [] if to_srgb is None else [PROFILE_APPLIED]
