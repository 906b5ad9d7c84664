"""Images that fit in memory: looked at by their headers, held against limits, then decoded to RGB uint8.

OpenCV decodes JPEG, PNG, BMP and WebP (libjpeg-turbo, libpng, libwebp); TIFF goes through
:mod:`bloodcells_gui.imaging.tiff_page`. Pillow comes with other dependencies, but is not used here: it is
two to three times slower on JPEG and would be a second set of codecs to keep safe.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.codecs import decode_jpeg, imdecode, missing_scans
from bloodcells_gui.imaging.headers import DamagedHeader, UnknownFormat, read_info
from bloodcells_gui.imaging.info import ImageInfo
from bloodcells_gui.imaging.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.pixels import orient, to_rgb
from bloodcells_gui.imaging.refusal import ImageRefused, printable
from bloodcells_gui.imaging.source import ByteSource, FileSource, MemorySource, read_file

__all__ = ["ImageInfo", "LoadedImage", "decode_rgb", "load_image", "probe", "probe_source"]

_COPY_AGAIN = "Copy it again from its source."
_COMPLAINT = "Its pixel data are damaged ({detail})."
_ENDS_EARLY = "Its pixel data end early: parts of the picture are missing."
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
    """

    rgb: NDArray[np.uint8]
    info: ImageInfo
    sha256: str


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
    with FileSource(path) as source:
        return probe_source(source, path, limits)


def probe_source(
    source: ByteSource, name: str | Path, limits: DecodeLimits | None = DEFAULT_LIMITS
) -> ImageInfo:
    """As :func:`probe`, for bytes that are already open; `name` is what messages call the image."""
    try:
        info = read_info(source)
    except UnknownFormat as e:
        raise ImageRefused(
            name, str(e), "JPEG, PNG, BMP, TIFF and WebP images and scanner slides are read."
        ) from e
    except DamagedHeader as e:
        raise ImageRefused(
            name, "Its header is damaged ({detail}).", _COPY_AGAIN, detail=str(e) or type(e).__name__
        ) from e
    if info.stored_px[0] <= 0 or info.stored_px[1] <= 0:
        raise ImageRefused(name, "It says that it has no pixels.", _COPY_AGAIN)
    if limits is not None:
        _check_size(info, name, limits)
    return info


def decode_rgb(
    source: Path | bytes, limits: DecodeLimits = DEFAULT_LIMITS, name: str = ""
) -> NDArray[np.uint8]:
    """Pixels of an image as RGB uint8, shape (h, w, 3), EXIF orientation applied once.

    8 and 16 bit, grey, RGBA (on white), palette and CMYK are converted; of a TIFF the first page is taken.

    Raises
    ------
    ImageRefused
        As :func:`probe`, and when the file is truncated or its pixels cannot be decoded.
    """
    return load_image(source, limits, name).rgb


def load_image(source: Path | bytes, limits: DecodeLimits = DEFAULT_LIMITS, name: str = "") -> LoadedImage:
    """As :func:`decode_rgb`, with headers and SHA-256 from the same read of the file."""
    label: str | Path = name or (source if isinstance(source, Path) else "image")
    data = read_file(source, limits) if isinstance(source, Path) else source
    if not data:
        raise ImageRefused(label, "The file is empty (0 bytes).", _COPY_AGAIN)
    memory = MemorySource(data)
    info = probe_source(memory, label, limits)
    if info.truncated:
        raise ImageRefused(label, "The file is cut off: its end is missing.", _COPY_AGAIN)
    try:
        rgb = _decode(data, info, label, limits)
    except MemoryError as e:
        raise ImageRefused(
            label, "There is not enough memory for it.", "Close other programs and open it again."
        ) from e
    return LoadedImage(rgb, info, hashlib.sha256(data).hexdigest())


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


def _decode(data: bytes, info: ImageInfo, name: str | Path, limits: DecodeLimits) -> NDArray[np.uint8]:
    if info.format == "tiff":
        # Late: tifffile takes a tenth of a second to import, and most specimens are JPEG.
        from bloodcells_gui.imaging.tiff_page import decode_first_page

        return orient(decode_first_page(data, name, limits), info.orientation)
    if info.cmyk and not info.adobe:
        raise ImageRefused(
            name,
            "Its four ink channels do not say whether they are inverted, so its colours are unknown.",
            "Save it as an RGB image.",
        )
    if info.progressive and data.count(_START_OF_SCAN) * info.pixels > limits.max_scan_pixels:
        raise ImageRefused(name, "It is stored in an absurd number of passes.", "Save it as a baseline JPEG.")
    # A 32-bit BMP's fourth byte is padding more often than alpha.
    flat = info.format in ("jpeg", "bmp")
    if info.format == "jpeg":
        if info.progressive and missing_scans(data):
            raise ImageRefused(name, _ENDS_EARLY, _COPY_AGAIN)
        pixels, complaint = decode_jpeg(data, _RGB_AS_STORED)
        if complaint:
            raise ImageRefused(name, _COMPLAINT, _COPY_AGAIN, detail=printable(complaint.strip()))
    else:
        pixels = imdecode(data, _RGB_AS_STORED if flat else cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ImageRefused(name, "Its pixel data are damaged.", _COPY_AGAIN)
    if pixels.shape[1::-1] != info.stored_px:
        raise ImageRefused(name, "Its header and its pixel data contradict each other.", _COPY_AGAIN)
    return orient(to_rgb(pixels, bgr=not flat), info.orientation)
