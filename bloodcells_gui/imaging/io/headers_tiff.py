"""The first image file directory of a TIFF, and of the TIFF block inside EXIF (TIFF 6.0; BigTIFF)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.io.byte_source import ByteSource
from bloodcells_gui.imaging.io.info import ImageInfo, mpp_from_density
from bloodcells_gui.imaging.io.written_scale import (
    SEARCHED,
    WrittenScale,
    imagej_scale,
    scale_in_text,
    shown,
)

_TYPES: dict[int, tuple[str, int]] = {
    1: ("u1", 1), 2: ("s", 1), 3: ("u2", 2), 4: ("u4", 4), 5: ("u4/", 8), 6: ("i1", 1), 7: ("s", 1),
    8: ("i2", 2), 9: ("i4", 4), 10: ("i4/", 8), 11: ("f4", 4), 12: ("f8", 8), 13: ("u4", 4),
    16: ("u8", 8), 17: ("i8", 8), 18: ("u8", 8),
}  # fmt: skip
_MAX_ENTRIES = 4096
_MAX_ARRAY = 4_000_000
_UNIT_UM = {2: 25_400.0, 3: 10_000.0}
# Resolutions without a unit that say nothing: square pixels, and the densities of screens and printers.
_NO_SCALE = frozenset({1.0, 72.0, 96.0, 150.0, 200.0, 300.0, 600.0, 1200.0})
# um per pixel that a misplaced unit or point makes of a microscope's, and few printers have.
_NEARLY_MPP = (5e-4, 20.0)
_DESCRIPTION_SHOWN = 4096

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION = 256, 257, 258, 259, 262, 270
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS, PLANAR = 273, 274, 277, 278, 279, 284
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS, SUB_IFDS, NDPI_MAGIC = 322, 323, 324, 325, 330, 65420
# Micro-Manager writes its JSON into a tag of its own, or among ImageJ's.
_METADATA_TAGS, _METADATA_BYTES = (51123, 50839), 1 << 20
ICC_PROFILE = 34675
_PHOTOMETRIC_CMYK = 5


class MalformedTiff(ValueError):
    """The bytes are no TIFF directory."""


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: the entries by tag, and where the next one is (0 = none)."""

    order: str
    entries: dict[int, tuple[int, int, bytes, int]] = field(default_factory=dict)
    next_offset: int = 0
    big: bool = False


def first_offset(source: ByteSource) -> int:
    """Where the first directory lies; MalformedTiff when the head is none of a TIFF."""
    head = source.read_at(0, 16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        raise MalformedTiff("no byte order")
    version = struct.unpack(order + "H", head[2:4])[0]
    if version not in (42, 43) or (version == 43 and len(head) < 16):
        raise MalformedTiff("not version 42 or 43")
    where = head[8:16] if version == 43 else head[4:8]
    return int.from_bytes(where, "little" if order == "<" else "big")


def read_directory(source: ByteSource, offset: int | None = None) -> Directory:
    """The directory at `offset` (None = the first one).

    Raises
    ------
    MalformedTiff
        When there is none; nothing is read outside `source` and at most 4,096 entries are looked at.
    """
    start = first_offset(source)
    head = source.read_at(0, 4)
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(order + "H", head[2:4])[0] == 43
    offset = start if offset is None else offset
    count_size, entry_size, word = (8, 20, "Q") if big else (2, 12, "I")
    raw = source.read_at(offset, count_size)
    if len(raw) < count_size:
        raise MalformedTiff("directory outside the file")
    count = struct.unpack(order + ("Q" if big else "H"), raw)[0]
    if not 0 < count <= _MAX_ENTRIES:
        raise MalformedTiff("absurd number of entries")
    block = source.read_at(offset + count_size, count * entry_size + struct.calcsize(word))
    if len(block) < count * entry_size:
        raise MalformedTiff("directory cut off")
    entries: dict[int, tuple[int, int, bytes, int]] = {}
    for i in range(count):
        e = block[i * entry_size : (i + 1) * entry_size]
        tag, kind = struct.unpack(order + "HH", e[:4])
        n, value = (struct.unpack(order + "Q", e[4:12])[0], e[12:]) if big else (
            struct.unpack(order + "I", e[4:8])[0], e[8:])  # fmt: skip
        entries.setdefault(tag, (kind, n, value, offset))
    tail = block[count * entry_size :]
    follow = struct.unpack(order + word, tail)[0] if len(tail) == struct.calcsize(word) else 0
    return Directory(order, entries, follow, big)


def _payload(source: ByteSource, d: Directory, tag: int, limit: int = _MAX_ARRAY) -> tuple[int, int, bytes]:
    """Type, count and bytes of an entry; (0, 0, b"") when absent or absurd."""
    entry = d.entries.get(tag)
    if entry is None:
        return 0, 0, b""
    kind, n, inline, _ = entry
    size = _TYPES.get(kind, ("", 0))[1] * n
    if size == 0 or n > limit:
        return 0, 0, b""
    if size <= len(inline):
        return kind, n, inline[:size]
    where = struct.unpack(d.order + ("Q" if d.big else "I"), inline)[0]
    data = source.read_at(where, size)
    return (kind, n, data) if len(data) == size else (0, 0, b"")


def numbers(source: ByteSource, d: Directory, tag: int) -> NDArray[np.float64]:
    """Values of a numeric entry as float64 (rationals divided); empty when absent or damaged."""
    kind, _, data = _payload(source, d, tag)
    code = _TYPES.get(kind, ("", 0))[0]
    if not data or code == "s":
        return np.zeros(0)
    values = np.frombuffer(data, np.dtype(d.order + code.rstrip("/"))).astype(np.float64)
    if code.endswith("/"):
        with np.errstate(divide="ignore", invalid="ignore"):
            values = values[0::2] / values[1::2]
    return values


def raw(source: ByteSource, d: Directory, tag: int, limit: int) -> bytes:
    """The bytes of an entry of at most `limit` values; empty when absent or damaged."""
    return _payload(source, d, tag, limit)[2]


def integer(source: ByteSource, d: Directory, tag: int, default: int) -> int:
    """First value of an entry as an integer; `default` when absent or not finite."""
    values = numbers(source, d, tag)
    return int(values[0]) if values.size and np.isfinite(values[0]) else default


def text(source: ByteSource, d: Directory, tag: int, limit: int = 4096) -> str:
    """An ASCII entry as text, cut at `limit` characters."""
    kind, _, data = _payload(source, d, tag)
    return data.split(b"\0", 1)[0][:limit].decode("utf-8", "replace") if kind == 2 else ""


def _resolution(source: ByteSource, d: Directory) -> WrittenScale:
    x, y = _per_unit(source, d)
    code = integer(source, d, RESOLUTION_UNIT, 2)
    unit = _UNIT_UM.get(code)
    if x is None or y is None or not (0 < x < np.inf and 0 < y < np.inf):
        return WrittenScale()
    if unit is None:
        return WrittenScale(unread="" if x in _NO_SCALE else shown(f"{x:.6g} pixels, no unit"))
    mpp = mpp_from_density(x, y, unit)
    nearly = mpp is None and _NEARLY_MPP[0] <= unit / x <= _NEARLY_MPP[1]
    return WrittenScale(mpp, shown(f"{unit / x:.6g} um") if nearly else "")


def _per_unit(source: ByteSource, d: Directory) -> tuple[float | None, float | None]:
    """Pixels per unit along x and y; None without the tag."""
    x, y = numbers(source, d, X_RESOLUTION), numbers(source, d, Y_RESOLUTION)
    across = float(x[0]) if x.size else None
    return across, float(y[0]) if y.size else across


def _metadata_text(source: ByteSource, d: Directory) -> str:
    """What Micro-Manager and ImageJ keep in tags of their own; UTF-16 loses its empty bytes."""
    parts = (_payload(source, d, tag, _METADATA_BYTES)[2] for tag in _METADATA_TAGS)
    return b"\n".join(parts).replace(b"\0", b"").decode("utf-8", "replace")


def written_scale(source: ByteSource, d: Directory, description: str) -> WrittenScale:
    """The scale of a directory: of its text first, which names its unit, then of its resolution."""
    said = scale_in_text(description) | imagej_scale(description, *_per_unit(source, d))
    return said | scale_in_text(_metadata_text(source, d)) | _resolution(source, d)


def valid_orientation(value: int) -> int:
    """EXIF orientation, 1 when the value is none."""
    return value if 1 <= value <= 8 else 1


def _pieces(source: ByteSource, d: Directory, tiled: bool) -> int:
    """Number of tiles or strips that the claimed size needs."""
    width, length = integer(source, d, WIDTH, 0), integer(source, d, LENGTH, 0)
    planes = integer(source, d, SAMPLES, 1) if integer(source, d, PLANAR, 1) == 2 else 1
    if tiled:
        across = -(-width // max(1, integer(source, d, TILE_WIDTH, 1)))
        return planes * across * -(-length // max(1, integer(source, d, TILE_LENGTH, 1)))
    rows = integer(source, d, ROWS_PER_STRIP, length)
    return planes * -(-length // max(1, min(rows, max(1, length)) if rows > 0 else max(1, length)))


def ends_outside(source: ByteSource, d: Directory, tiled: bool) -> bool:
    """Whether pixel data of a directory lie beyond the end of the file."""
    if NDPI_MAGIC in d.entries:
        return False  # Offsets beyond 4 GB wrap in Hamamatsu's 32-bit directories: they say nothing.
    offsets = numbers(source, d, TILE_OFFSETS if tiled else STRIP_OFFSETS)
    counts = numbers(source, d, TILE_COUNTS if tiled else STRIP_COUNTS)
    if 0 < offsets.size < _pieces(source, d, tiled):
        raise MalformedTiff("fewer pieces than its size needs")
    ends = offsets + counts if offsets.size == counts.size else offsets
    return bool(ends.size and ends.max() > source.size)


def tiff_info(
    source: ByteSource, d: Directory, *, pyramid: bool = False, truncated: bool = False, pages: int = 1
) -> ImageInfo:
    """What the directory of a picture says, beside what is known of the other pages.

    Where it says nothing of its scale, the first directory may speak for all.
    """
    first = read_directory(source)
    tiled = TILE_OFFSETS in d.entries
    description = text(source, d, DESCRIPTION, SEARCHED) or text(source, first, DESCRIPTION, SEARCHED)
    scale = written_scale(source, d, description) | written_scale(source, first, description)
    bits = numbers(source, d, BITS)
    return ImageInfo(
        format="tiff",
        stored_px=(integer(source, d, WIDTH, 0), integer(source, d, LENGTH, 0)),
        orientation=valid_orientation(integer(source, d, ORIENTATION, 1)),
        bits=int(bits[0]) if bits.size else 1,
        channels=integer(source, d, SAMPLES, 1),
        mpp=scale.mpp,
        unparsed_scale_text=scale.unread if scale.mpp is None else "",
        truncated=truncated,
        tiled=tiled,
        pyramid=pyramid,
        description=description[:_DESCRIPTION_SHOWN],
        cmyk=integer(source, d, PHOTOMETRIC, 1) == _PHOTOMETRIC_CMYK,
        pages=pages,
        profiled=ICC_PROFILE in d.entries,
    )
