"""Tell a TIFF's pictures from its thumbnails, lower resolutions, masks and labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.imaging.io.byte_source import ByteSource
from bloodcells_gui.imaging.io.formats import EXPORT, MICROSCOPE, RAW, RAW_ADVICE
from bloodcells_gui.imaging.io.headers_tiff import (
    COMPRESSION,
    DESCRIPTION,
    LENGTH,
    NDPI_MAGIC,
    PHOTOMETRIC,
    SAMPLES,
    SUB_IFDS,
    TILE_OFFSETS,
    WIDTH,
    Directory,
    MalformedTiff,
    ends_outside,
    first_offset,
    integer,
    numbers,
    raw,
    read_directory,
    text,
)

MOST_PAGES = 4096
_MOST_SUB_PAGES = 32
# Undone by :mod:`.tiff_page`; and by OpenSlide, in the formats of scanners (JPEG 2000).
PAGE_COMPRESSIONS = frozenset({1, 5, 7, 8, 32773, 32946, 50001})
SCANNER_COMPRESSIONS = frozenset({33003, 33005, 34712})
NEW_SUBFILE, SUBFILE, MAKE, SOFTWARE, XMP, PAGE_NAME = 254, 255, 271, 305, 700, 285
_DNG_VERSION, _LSM, _STK, _FLEX = 50706, 34412, 33629, 65200
_REDUCED, _MASK = 1, 4
_CFA, _LINEAR_RAW, _MASK_COLOURS = 32803, 34892, 4
_RAW_COMPRESSIONS = frozenset({32767, 32769, 32770, 34713, 34892})
_RAW_OF_MAKER = (
    ("nikon", "NEF"), ("canon", "CR2"), ("sony", "ARW"), ("olympus", "ORF"), ("om digital", "ORF"),
    ("panasonic", "RW2"), ("leica", "RWL"), ("pentax", "PEF"), ("ricoh", "PEF"), ("samsung", "SRW"),
    ("hasselblad", "3FR"), ("phase one", "IIQ"), ("epson", "ERF"), ("kodak", "DCR"), ("mamiya", "MEF"),
)  # fmt: skip
_ASSOCIATED = re.compile(r"\b(label|macro|thumbnail|overview)\b", re.IGNORECASE)
# What is no larger than this may be a crop: crops of several sizes are no versions of each other.
_CROP_PX = 600
_SAME_SHAPE = 0.03


class NoPicture(ValueError):
    """A TIFF whose pages are no pictures to be read: a sentence, what to do, and the names in them."""

    def __init__(self, sentence: str, advice: str, kind: str = "") -> None:
        super().__init__(sentence)
        self.advice = advice
        self.kind = kind


ONLY_REDUCED = N_("It holds only reduced versions (thumbnails) of an image that is not in the file.")


@dataclass(frozen=True, slots=True)
class Page:
    """One directory with what says whether it is a picture; lengths in px."""

    directory: Directory
    offset: int
    size_px: tuple[int, int]
    reduced: bool
    mask: bool
    tiled: bool
    samples: int
    photometric: int
    sub: bool = False

    @property
    def side_px(self) -> int:
        """The longer side."""
        return max(self.size_px)


@dataclass(frozen=True, slots=True)
class Structure:
    """The pages of a file.

    Attributes
    ----------
    pictures : tuple of Page
        Those of full resolution, in the file's order; at least one.
    levels : bool
        Smaller versions of the first are there.
    scanner : bool
        A slide scanner's own format, which OpenSlide reads.
    cut : bool
        A page, or its pixel data, lies beyond the end of the file.
    looping : bool
        The last page leads back to one before it, so that its pages are followed without end.
    """

    pictures: tuple[Page, ...]
    levels: bool
    scanner: bool
    cut: bool
    looping: bool = False


def structure(source: ByteSource) -> Structure:
    """The pages of a TIFF.

    Raises
    ------
    MalformedTiff
        When there is no usable first directory.
    NoPicture
        When none of the pages is a picture that this program reads.
    """
    top, subs, cut = _walk(source)
    looping = top[-1].directory.next_offset != 0
    first = top[0].directory
    if _is_scanners(source, first):
        return Structure((top[0],), True, True, cut, looping)
    _refuse_raw(source, [*top, *subs])
    for tag, name in ((_LSM, "LSM"), (_STK, "STK"), (_FLEX, "FLEX")):
        if tag in first.entries:
            raise NoPicture(MICROSCOPE, EXPORT, name)
    full = [p for p in top if not (p.reduced or p.mask)]
    if not full:
        full = [p for p in subs if not (p.reduced or p.mask)][:1]
    if not full:
        raise NoPicture(ONLY_REDUCED, N_("Copy or export the image itself."))
    largest = max(full, key=lambda p: p.side_px)
    pictures = [p for p in full if not _is_smaller_version(source, p, largest)]
    levels = bool(subs) or any(p.reduced for p in top) or len(pictures) < len(full)
    return Structure(tuple(pictures), levels, False, cut, looping)


def compressions(source: ByteSource) -> frozenset[int]:
    """Of all pages, those below others too; empty when there is no usable directory."""
    try:
        top, subs, _ = _walk(source)
    except MalformedTiff:
        return frozenset()
    return frozenset(integer(source, p.directory, COMPRESSION, 1) for p in (*top, *subs))


def _walk(source: ByteSource) -> tuple[list[Page], list[Page], bool]:
    """Pages in a chain, pages below them, and whether something of them lies outside the file."""
    d = read_directory(source)
    top, subs, cut = [], [], False
    offset, seen = first_offset(source), {0}
    while True:
        top.append(_page(source, d, offset))
        cut = cut or ends_outside(source, d, TILE_OFFSETS in d.entries)
        for below in numbers(source, d, SUB_IFDS)[:_MOST_SUB_PAGES]:
            try:
                sub = read_directory(source, int(below))
                subs.append(_page(source, sub, int(below), sub=True))
                cut = cut or ends_outside(source, sub, TILE_OFFSETS in sub.entries)
            except MalformedTiff:
                cut = True
        seen.add(offset)
        offset = d.next_offset
        if offset in seen or len(top) >= MOST_PAGES:
            return top, subs, cut
        try:
            d = read_directory(source, offset)
        except MalformedTiff:
            return top, subs, True


def _page(source: ByteSource, d: Directory, offset: int, sub: bool = False) -> Page:
    kind, old = integer(source, d, NEW_SUBFILE, 0), integer(source, d, SUBFILE, 1)
    photometric = integer(source, d, PHOTOMETRIC, 1)
    return Page(
        d,
        offset,
        (integer(source, d, WIDTH, 0), integer(source, d, LENGTH, 0)),
        reduced=bool(kind & _REDUCED) or (NEW_SUBFILE not in d.entries and old == 2),
        mask=bool(kind & _MASK) or photometric == _MASK_COLOURS,
        tiled=TILE_OFFSETS in d.entries,
        samples=integer(source, d, SAMPLES, 1),
        photometric=photometric,
        sub=sub,
    )


def _is_smaller_version(source: ByteSource, page: Page, largest: Page) -> bool:
    """Whether a page that does not say so is a lower resolution, thumbnail, label or overview of another."""
    if page is largest or largest.side_px <= _CROP_PX or page.side_px > largest.side_px // 2 + 1:
        return False
    (w, h), (width, height) = page.size_px, largest.size_px
    if min(w, h) > 0 and abs(w * height / (h * width) - 1) <= max(_SAME_SHAPE, 2 / min(w, h)):
        return True
    named = text(source, page.directory, DESCRIPTION)[:200] + text(source, page.directory, PAGE_NAME)[:80]
    return largest.tiled or bool(_ASSOCIATED.search(named))


def _is_scanners(source: ByteSource, first: Directory) -> bool:
    if NDPI_MAGIC in first.entries:
        return True
    description = text(source, first, DESCRIPTION)[:600]
    if description.startswith("Aperio") or "<scn" in description:
        return True
    if text(source, first, SOFTWARE).startswith(("Philips", "Trestle")):
        return True
    return b"iScan" in raw(source, first, XMP, 1 << 20)


def _refuse_raw(source: ByteSource, pages: list[Page]) -> None:
    first = pages[0].directory
    canon = source.read_at(8, 2) == b"CR"
    if not (
        canon
        or _DNG_VERSION in first.entries
        or any(p.photometric in (_CFA, _LINEAR_RAW) for p in pages)
        or any(integer(source, p.directory, COMPRESSION, 1) in _RAW_COMPRESSIONS for p in pages)
    ):
        return
    maker = text(source, first, MAKE).strip().lower()
    kind = next((k for start, k in _RAW_OF_MAKER if maker.startswith(start)), "")
    kind = "CR2" if canon else "DNG" if _DNG_VERSION in first.entries else kind
    raise NoPicture(RAW, RAW_ADVICE, kind)
