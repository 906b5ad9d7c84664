"""One page of a TIFF file, decoded piece by piece (strip or tile) and never as a whole.

tifffile reads the directories. The pieces are decompressed with what is there at run time anyway: zlib, and
OpenCV for LZW, PackBits, JPEG and WebP. That keeps imagecodecs (45 MB) out of the program.
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.imaging.io.byte_source import ByteSource
from bloodcells_gui.imaging.io.codecs import decode_jpeg, imdecode
from bloodcells_gui.imaging.io.colour import Conversion
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.pixels import Alpha, to_rgb, to_uint8
from bloodcells_gui.imaging.io.refusal import COPY_AGAIN, UNSUPPORTED_TIFF, ImageRefused, printable
from bloodcells_gui.imaging.io.tiff_structure import PAGE_COMPRESSIONS

# Damaged directories are told to the person by ImageRefused, not in a log.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

NONE, LZW, JPEG, DEFLATE_OLD, DEFLATE, PACKBITS, WEBP = 1, 5, 7, 32946, 8, 32773, 50001
_MIN_WHITE, _MIN_BLACK, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_DAMAGED_DATA = N_("Its pixel data are damaged ({detail}).")
DAMAGED_HEADER = "Its header is damaged ({detail})."
# Writers pad pieces to whole words.
_PADDING = 3


class UnsupportedTiff(ValueError):
    """A variant of TIFF this program does not decode; the text says which."""


class DamagedTiff(UnsupportedTiff):
    """Pixel data that are cut off or do not decode; the text says how."""


def tiff_refusal(name: str | Path, e: UnsupportedTiff, what_to_do: str) -> ImageRefused:
    """What a person is told of a TIFF that is not decoded."""
    if isinstance(e, DamagedTiff):
        return ImageRefused(name, _DAMAGED_DATA, COPY_AGAIN, detail=str(e))
    return ImageRefused(name, UNSUPPORTED_TIFF, what_to_do, detail=str(e))


@dataclass(frozen=True, slots=True, eq=False)
class PageLayout:
    """How a page is cut into pieces; all lengths in px.

    `offsets` and `counts` hold one entry a piece, row by row, plane after plane when `planes` > 1.
    """

    size_px: tuple[int, int]
    piece_px: tuple[int, int]
    tiled: bool
    planes: int
    samples: int
    dtype: np.dtype[Any]
    compression: int
    photometric: int
    predictor: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    jpeg_tables: bytes
    colormap: NDArray[np.uint16] | None
    bits: int
    fill_order: int = 1
    alpha: Alpha = "none"

    @property
    def colours(self) -> int:
        """Samples that are colours."""
        return {2: 1, 4: 4 if self.inks else 3}.get(self.samples, self.samples)

    @property
    def inks(self) -> bool:
        """Whether the samples are cyan, magenta, yellow and black."""
        return self.photometric == _CMYK

    @property
    def grid(self) -> tuple[int, int]:
        """Pieces across, pieces down."""
        return -(-self.size_px[0] // self.piece_px[0]), -(-self.size_px[1] // self.piece_px[1])


def page_layout(page: Any, limits: DecodeLimits) -> PageLayout:
    """Layout of a tifffile page, checked for contradictions before anything is allocated.

    Raises
    ------
    UnsupportedTiff
        When the variant is not decoded or the numbers cannot be true.
    """
    width, height = int(page.imagewidth), int(page.imagelength)
    samples = int(page.samplesperpixel)
    planar = int(page.planarconfig or 1) == 2 and samples > 1
    if getattr(page, "imagedepth", 1) not in (0, 1):
        raise UnsupportedTiff("volumes")
    if page.is_tiled:
        piece = int(page.tilewidth), int(page.tilelength)
    else:
        piece = width, min(int(page.rowsperstrip) or height, height)
    bits = page.bitspersample
    bits = int(bits if isinstance(bits, int) else bits[0])
    dtype = page.dtype
    if width <= 0 or height <= 0 or piece[0] <= 0 or piece[1] <= 0:
        raise UnsupportedTiff("no pixels")
    if max(width, height) > limits.max_slide_side:
        raise UnsupportedTiff(f"absurd size {width} x {height}")
    if piece[0] * piece[1] > limits.max_segment_pixels:
        raise UnsupportedTiff(f"stored in pieces of {piece[0]} x {piece[1]} pixels")
    if dtype is None or (bits not in (8, 16, 32) and bits != 1) or dtype.kind not in "uifb" or samples > 4:
        raise UnsupportedTiff(f"{samples} samples of {bits} bits")
    layout = PageLayout(
        size_px=(width, height),
        piece_px=piece,
        tiled=bool(page.is_tiled),
        planes=samples if planar else 1,
        samples=samples,
        dtype=np.dtype(dtype).newbyteorder(page.parent.byteorder),
        compression=int(page.compression),
        photometric=int(page.photometric),
        predictor=int(page.predictor or 1),
        offsets=tuple(int(v) for v in page.dataoffsets),
        counts=tuple(int(v) for v in page.databytecounts),
        jpeg_tables=bytes(page.jpegtables or b""),
        colormap=page.colormap if int(page.photometric) == _PALETTE else None,
        bits=bits,
        fill_order=int(page.fillorder or 1),
        alpha=_alpha(page, samples),
    )
    _check(layout)
    return layout


def _alpha(page: Any, samples: int) -> Alpha:
    """What the sample after the colours is: alpha only where the file says so."""
    extra = tuple(int(e) for e in page.extrasamples or ())
    if samples not in (2, 4) or len(extra) != 1:
        return "none"
    return {1: "multiplied", 2: "straight"}.get(extra[0], "none")  # type: ignore[return-value]


def _check(p: PageLayout) -> None:
    across, down = p.grid
    if len(p.offsets) < across * down * p.planes or len(p.counts) < len(p.offsets):
        raise UnsupportedTiff("fewer pieces than its size needs")
    if p.compression not in PAGE_COMPRESSIONS:
        raise UnsupportedTiff(f"compression {p.compression}")
    if p.photometric not in (_MIN_WHITE, _MIN_BLACK, _RGB, _PALETTE, _CMYK, _YCBCR):
        raise UnsupportedTiff(f"colours of kind {p.photometric}")
    if p.photometric == _YCBCR and p.compression not in (JPEG, WEBP):
        raise UnsupportedTiff("subsampled colours without JPEG")
    if p.compression in (JPEG, WEBP) and (p.bits != 8 or p.planes > 1 or p.samples not in (1, 3)):
        raise UnsupportedTiff("JPEG with other than 1 or 3 samples of 8 bits")
    if p.predictor not in (1, 2) or p.fill_order != 1:
        raise UnsupportedTiff("predictor or bit order")
    if p.photometric == _CMYK and p.samples != 4:
        raise UnsupportedTiff("inks without four channels")


def decode_piece(p: PageLayout, source: ByteSource, column: int, row: int) -> NDArray[np.generic]:
    """Raw samples of one piece, shape (h, w, samples); rows below the image are left out.

    Raises
    ------
    UnsupportedTiff
        When the piece is cut off or damaged.
    """
    across, down = p.grid
    width = p.piece_px[0]
    rows = p.piece_px[1] if p.tiled else min(p.piece_px[1], p.size_px[1] - row * p.piece_px[1])
    planes = []
    for plane in range(p.planes):
        i = (plane * down + row) * across + column
        if p.counts[i] == 0:  # Sparse files leave empty tiles out.
            planes.append(np.full((rows, width, p.samples // p.planes), _blank(p), p.dtype))
            continue
        data = source.read_at(p.offsets[i], p.counts[i])
        if len(data) < p.counts[i]:
            raise DamagedTiff("they end early")
        planes.append(_decompress(p, data, width, rows))
    return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)


def page_rgb(
    p: PageLayout,
    raw: NDArray[np.generic],
    top: float | None = None,
    to_srgb: Conversion | None = None,
) -> NDArray[np.uint8]:
    """Raw samples, shape (h, w, samples), as RGB uint8; `top` and `to_srgb` as in :func:`pixels.to_rgb`.

    A profile is not applied to inks.
    """
    if p.photometric == _PALETTE and p.colormap is not None:
        index = np.minimum(raw[..., 0].astype(np.intp), p.colormap.shape[1] - 1)
        # Some writers fill the table with 8 bits.
        full = 65535.0 if p.colormap.max(initial=0) > 255 else 255.0
        return to_rgb(np.moveaxis(p.colormap, 0, -1)[index], top=full, to_srgb=to_srgb)
    if p.photometric == _CMYK:
        ink = 255 - to_uint8(raw, top).astype(np.uint16)
        return ((ink[..., :3] * ink[..., 3:] + 127) // 255).astype(np.uint8)
    if p.photometric == _MIN_WHITE:
        return 255 - to_rgb(raw, top=top, alpha=p.alpha)
    return to_rgb(raw, top=top, alpha=p.alpha, to_srgb=to_srgb)


def _blank(p: PageLayout) -> int:
    if p.photometric in (_MIN_WHITE, _CMYK, _PALETTE):
        return 0
    return int(np.iinfo(p.dtype).max) if p.dtype.kind == "u" else 1


def _decompress(p: PageLayout, data: bytes, width: int, rows: int) -> NDArray[np.generic]:
    samples = p.samples // p.planes
    if p.compression in (JPEG, WEBP):
        return _by_opencv(p, data, width, rows)
    row_bytes = -(-width * samples * p.bits // 8)
    needed = row_bytes * rows
    if p.compression in (DEFLATE, DEFLATE_OLD):
        data = _deflate(data, needed)
    elif p.compression == LZW:
        data = _lzw(data, row_bytes, rows)
    elif p.compression == PACKBITS:
        data = _packbits(data, needed)
    if len(data) < needed:
        raise DamagedTiff("they end early")
    flat = np.frombuffer(data, np.uint8, needed).reshape(rows, row_bytes)
    if p.bits == 1:
        return np.unpackbits(flat, axis=1)[:, :width, None].astype(bool)
    values = flat.view(p.dtype).reshape(rows, width, samples)
    values = values.astype(p.dtype.newbyteorder("="))
    if p.predictor == 2:
        if values.dtype.kind == "f":
            raise UnsupportedTiff("differences of floats")
        values = np.cumsum(values, axis=1, dtype=values.dtype)
    return values


def _by_opencv(p: PageLayout, data: bytes, width: int, rows: int) -> NDArray[np.generic]:
    if p.compression == JPEG:
        data = _whole_jpeg(p, data)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    pixels, complaint = decode_jpeg(data, flags) if p.compression == JPEG else (imdecode(data, flags), "")
    if complaint:
        raise DamagedTiff(printable(complaint.strip()))
    if pixels is None or pixels.shape[0] < rows or pixels.shape[1] < width:
        raise DamagedTiff("no whole JPEG")
    out: NDArray[np.generic] = pixels[:rows, :width]
    return out


def _whole_jpeg(p: PageLayout, data: bytes) -> bytes:
    """An abbreviated JPEG stream with its tables and a marker that says which colours it holds."""
    if data[:2] != b"\xff\xd8":
        raise DamagedTiff("no whole JPEG")
    tables = p.jpeg_tables[2:-2] if p.jpeg_tables[:2] == b"\xff\xd8" else b""
    transform = 1 if p.photometric == _YCBCR else 0
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) if p.samples == 3 else b""
    return b"\xff\xd8" + adobe + tables + data[2:]


def _lzw(data: bytes, row_bytes: int, rows: int) -> bytes:
    """LZW undone by libtiff: the stream is handed over as a grey TIFF of one strip.

    Of 16 bits: at 8 OpenCV fills what the stream lacks with zeros and says nothing.
    """
    if row_bytes % 2 == 0:
        return _by_libtiff(data, row_bytes // 2, rows, 16)
    if rows % 2 == 0:
        return _by_libtiff(data, row_bytes, rows // 2, 16)
    if rows > 1:
        _by_libtiff(data, row_bytes, rows // 2, 16)
    return _by_libtiff(data, row_bytes, rows, 8)


def _by_libtiff(data: bytes, width: int, rows: int, bits: int) -> bytes:
    entries = (
        (256, 4, width), (257, 4, rows), (258, 3, bits), (259, 3, LZW), (262, 3, 1),
        (273, 4, 8), (277, 3, 1), (278, 4, rows), (279, 4, len(data)),
    )  # fmt: skip
    start = 8 + len(data) + (len(data) & 1)
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    wrapped = struct.pack("<2sHI", b"II", 42, start) + data + b"\0" * (len(data) & 1) + directory + bytes(4)
    pixels = imdecode(wrapped, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape != (rows, width) or pixels.dtype.itemsize * 8 != bits:
        raise DamagedTiff("LZW")
    return bytes(np.ascontiguousarray(pixels).tobytes())


def _deflate(data: bytes, needed: int) -> bytes:
    """Deflate undone and held against its checksum; never more than `needed` bytes and a little."""
    stream = zlib.decompressobj()
    try:
        # The bound keeps a deflate bomb from growing past the piece it claims to be.
        out = stream.decompress(data, needed)
        if not stream.eof:
            stream.decompress(stream.unconsumed_tail, 64)  # where the data end, the checksum is looked at
    except zlib.error as e:
        raise DamagedTiff("Deflate") from e
    return out


def _packbits(data: bytes, needed: int) -> bytes:
    out, pos = bytearray(), 0
    while len(out) < needed and pos < len(data):
        n = data[pos]
        if n < 128:
            out += data[pos + 1 : pos + 2 + n]
            pos += n + 2
        else:
            if n > 128:
                out += data[pos + 1 : pos + 2] * (257 - n)
            pos += 2 if n > 128 else 1
    # Runs that go past the end, or much that is left, are no data of this piece.
    if len(out) != needed or len(data) - pos > _PADDING:
        raise DamagedTiff("PackBits")
    return bytes(out)


def pieces_in(p: PageLayout, x: int, y: int, width: int, height: int) -> Iterator[tuple[int, int]]:
    """Column, row of every piece that a region of the page touches."""
    across, down = p.grid
    pw, ph = p.piece_px
    for row in range(max(0, y // ph), min(down, -(-(y + height) // ph))):
        for column in range(max(0, x // pw), min(across, -(-(x + width) // pw))):
            yield column, row


PieceGetter = Callable[[PageLayout, ByteSource, int, int], NDArray[np.generic]]


def read_raw(
    p: PageLayout,
    source: ByteSource,
    x: int,
    y: int,
    width: int,
    height: int,
    piece: PieceGetter = decode_piece,
) -> NDArray[np.generic]:
    """Raw samples of a region that lies inside the page, shape (height, width, channels).

    `piece` fetches one piece; a reader passes its cache.
    """
    out: NDArray[np.generic] | None = None
    pw, ph = p.piece_px
    for column, row in pieces_in(p, x, y, width, height):
        raw = piece(p, source, column, row)
        x0, y0 = column * pw, row * ph
        left, top = max(x, x0), max(y, y0)
        right, bottom = min(x + width, x0 + raw.shape[1]), min(y + height, y0 + raw.shape[0])
        if out is None:
            out = np.zeros((height, width, raw.shape[2]), raw.dtype)
        out[top - y : bottom - y, left - x : right - x] = raw[top - y0 : bottom - y0, left - x0 : right - x0]
    if out is None:
        raise UnsupportedTiff("empty region")
    return out
