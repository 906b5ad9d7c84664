"""Open any image by its content: the one entry point for fields and slides."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.imaging.io.byte_source import FileSource
from bloodcells_gui.imaging.io.decode import load_image, probe, refuse_container
from bloodcells_gui.imaging.io.formats import (
    COPY_SLIDE,
    HEAD_BYTES,
    NO_SLIDE,
    SLIDE_SUFFIXES,
    TIFF_HEADS,
    is_czi,
    is_dicom,
    what_it_is,
)
from bloodcells_gui.imaging.io.info import ImageInfo
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.page_names import split_page
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.readers_plain import InMemoryReader
from bloodcells_gui.imaging.io.refusal import RESAVE_TIFF, UNSUPPORTED_TIFF, ImageRefused
from bloodcells_gui.imaging.io.tiff_structure import PAGE_COMPRESSIONS, SCANNER_COMPRESSIONS, compressions

_GENERIC = "generic-tiff"


def open_image(
    path: Path, limits: DecodeLimits = DEFAULT_LIMITS, brightness: SampleRange = ITS_OWN
) -> ImageReader:
    """A reader for `path`, chosen by content: plain image, OpenSlide or tifffile.

    Small images are decoded at once; tiled or large TIFF files and scanner formats are read by regions.
    `brightness` as for :func:`bloodcells_gui.imaging.io.decode.load_image`.

    Raises
    ------
    ImageRefused
        When no reader can read it, with the reason of the reader that came nearest.
    """
    if is_slide_file(path):
        return _open_slide(path, limits, brightness)
    if is_plain(path, limits):
        return InMemoryReader(path, limits, load_image(path, limits, brightness=brightness))
    return _open_slide(path, limits, brightness)


def is_slide_file(path: Path) -> bool:
    """Whether only OpenSlide can tell what a file holds: by a scanner's suffix; DICOM and CZI by content."""
    if path.suffix.lower() in SLIDE_SUFFIXES:
        return True
    head = _head(path)
    return is_dicom(head) or is_czi(head)


def _head(path: Path) -> bytes:
    with FileSource(path) as source:
        return source.read_at(0, HEAD_BYTES)


def is_plain(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> bool:
    """Whether an image is decoded in one piece, by its name and headers alone.

    Raises
    ------
    ImageRefused
        When it is no image, or a TIFF that is cut off.
    """
    if split_page(path)[1]:
        return True
    if is_slide_file(path):
        return False
    info = probe(path, None)
    if info.format != "tiff":
        return True
    if info.truncated:
        raise ImageRefused(path, "The file is cut off: its end is missing.", "Copy it again from its source.")
    if info.pixels > limits.max_pixels:
        return False
    # A turned image, and one of several, is not read by regions.
    turned = info.orientation != 1 and not info.pyramid
    several = info.pages > 1 and not info.pyramid
    return turned or several or not (info.pyramid or _openslide_reads(info))


def _openslide_reads(info: ImageInfo) -> bool:
    # OpenSlide's generic reader sees neither the sub-directories of OME pyramids nor more than 8 bits.
    return info.tiled and info.orientation == 1 and info.bits == 8 and "<OME" not in info.description


def _open_slide(path: Path, limits: DecodeLimits, brightness: SampleRange) -> ImageReader:
    # Late: libopenslide is loaded only when there is a slide.
    from bloodcells_gui.imaging.io.readers_openslide import (
        OpenSlideReader,
        missing_companion,
        slide_vendor,
    )

    refuse_container(path)
    vendor = slide_vendor(path)
    if vendor == _GENERIC:
        # The same tiles through libjpeg-turbo cost a quarter of what they cost through OpenSlide, and its
        # list of compressions is the one that was looked at: what it refuses goes nowhere else.
        reader = _open_tiff(path, limits, brightness)
        info = probe(path, None)
        if len(reader.levels) > 1 or not (info.pyramid and _openslide_reads(info)):
            return reader
        reader.close()
    if vendor is not None:
        _check_compressions(path, vendor)
        try:
            return OpenSlideReader(path, limits)
        except ImageRefused as e:
            head = _head(path) if path.is_file() else b""
            if not is_czi(head):
                raise
            # OpenSlide reads only some of what microscopes write into CZI files.
            sentence, advice, kind = what_it_is(head)
            raise ImageRefused(path, sentence, advice, kind=kind) from e
    missing = missing_companion(path)
    if missing is not None:
        raise missing
    if probe(path, None).format == "tiff":
        return _open_tiff(path, limits, brightness)
    raise ImageRefused(
        path,
        NO_SLIDE,
        COPY_SLIDE,
    )


def _check_compressions(path: Path, vendor: str) -> None:
    """Refuse a TIFF that OpenSlide would decode by a library that no test of this program has met."""
    with FileSource(path) as source:
        if source.read_at(0, 4) not in TIFF_HEADS:
            return
        known = PAGE_COMPRESSIONS if vendor == _GENERIC else PAGE_COMPRESSIONS | SCANNER_COMPRESSIONS
        other = compressions(source) - known
    if other:
        raise ImageRefused(path, UNSUPPORTED_TIFF, RESAVE_TIFF, detail=f"compression {min(other)}")


def _open_tiff(path: Path, limits: DecodeLimits, brightness: SampleRange) -> ImageReader:
    from bloodcells_gui.imaging.io.readers_tiff import TiffReader

    return TiffReader(path, limits, brightness)
