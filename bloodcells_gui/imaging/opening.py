"""Open any image by its content: the one entry point for fields and slides."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.imaging.decode import probe
from bloodcells_gui.imaging.info import ImageInfo
from bloodcells_gui.imaging.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.reader import ImageReader
from bloodcells_gui.imaging.readers_plain import PlainReader
from bloodcells_gui.imaging.refusal import ImageRefused

# Names that only slides have; their content may not look like an image at all (MRXS is a JPEG with a folder).
SLIDE_SUFFIXES = frozenset(
    {".svs", ".ndpi", ".ndpis", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide", ".dcm", ".czi"}
)

_GENERIC = "generic-tiff"


def open_image(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> ImageReader:
    """A reader for `path`, chosen by content: plain image, OpenSlide or tifffile.

    Small images are decoded at once; tiled or large TIFF files and scanner formats are read by regions.

    Raises
    ------
    ImageRefused
        When no reader can read it, with the reason of the reader that came nearest.
    """
    if path.suffix.lower() in SLIDE_SUFFIXES:
        return _open_slide(path, limits)
    if is_plain(path, limits):
        return PlainReader(path, limits)
    if _openslide_reads(probe(path, None)):
        return _open_slide(path, limits)
    return _open_tiff(path, limits)


def is_plain(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> bool:
    """Whether an image is decoded in one piece, by its name and headers alone.

    Raises
    ------
    ImageRefused
        When it is no image, or a TIFF that is cut off.
    """
    if path.suffix.lower() in SLIDE_SUFFIXES:
        return False
    info = probe(path, None)
    if info.format != "tiff":
        return True
    if info.truncated:
        raise ImageRefused(path, "The file is cut off: its end is missing.", "Copy it again from its source.")
    return info.pixels <= limits.max_pixels and not info.pyramid and not _openslide_reads(info)


def _openslide_reads(info: ImageInfo) -> bool:
    # OpenSlide's generic reader sees neither the sub-directories of OME pyramids nor more than 8 bits.
    return info.tiled and info.orientation == 1 and info.bits == 8 and "<OME" not in info.description


def _open_slide(path: Path, limits: DecodeLimits) -> ImageReader:
    # Late: libopenslide is loaded only when there is a slide.
    from bloodcells_gui.imaging.readers_openslide import (
        OpenSlideReader,
        missing_companion,
        slide_vendor,
    )

    vendor = slide_vendor(path)
    if vendor == _GENERIC:
        # The same tiles through libjpeg-turbo cost a quarter of what they cost through OpenSlide.
        try:
            reader = _open_tiff(path, limits)
        except ImageRefused:
            return OpenSlideReader(path, limits)
        if len(reader.levels) > 1 or not probe(path, None).pyramid:
            return reader
        reader.close()
    if vendor is not None:
        return OpenSlideReader(path, limits)
    missing = missing_companion(path)
    if missing is not None:
        raise missing
    if probe(path, None).format == "tiff":
        return _open_tiff(path, limits)
    raise ImageRefused(
        path,
        "It is named like a scanner's slide but its content is none.",
        "Copy the slide again from the scanner, with all files and folders that belong to it.",
    )


def _open_tiff(path: Path, limits: DecodeLimits) -> ImageReader:
    from bloodcells_gui.imaging.readers_tiff import TiffReader

    return TiffReader(path, limits)
