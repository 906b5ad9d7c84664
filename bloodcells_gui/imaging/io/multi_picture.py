"""Pictures that a JPEG file holds behind its first one (CIPA DC-007, multi-picture format)."""

from __future__ import annotations

import struct

from bloodcells_gui.imaging.io import headers_tiff as tiff
from bloodcells_gui.imaging.io.byte_source import ByteSource, MemorySource
from bloodcells_gui.imaging.io.formats import JPEG_FRAMES

_ENTRIES, _ENTRY_BYTES, _MOST = 0xB002, 16, 1000
_KIND, _LARGE_THUMBNAIL = 0xFFFFFF, 0x010000
_FRAME_WITHIN = 1 << 18


def count_mpf_images(source: ByteSource, start: int, index: bytes, size_px: tuple[int, int]) -> int:
    """How many further pictures of the same size the index of a file names.

    Thumbnails, and the smaller maps of brightness that phones put there, are no pictures.

    Parameters
    ----------
    start : int
        Where `index` lies in the file: its offsets count from there.
    size_px : (int, int)
        Width and height of the first picture.
    """
    found = MemorySource(index)
    try:
        directory = tiff.read_directory(found)
        entries = tiff.raw(found, directory, _ENTRIES, _MOST * _ENTRY_BYTES)
    except (tiff.MalformedTiff, struct.error):
        return 0
    count = 0
    for at in range(_ENTRY_BYTES, len(entries) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        kind, _, offset = struct.unpack_from(f"{directory.order}III", entries, at)
        thumbnail = kind & _KIND & 0xFF0000 == _LARGE_THUMBNAIL
        count += not thumbnail and _frame_px(source.read_at(start + offset, _FRAME_WITHIN)) == size_px
    return count


def _frame_px(data: bytes) -> tuple[int, int]:
    """Width and height of the JPEG that `data` begin with; (0, 0) where there is none."""
    pos = 2
    while data[:2] == b"\xff\xd8" and pos + 9 <= len(data) and data[pos] == 0xFF:
        if data[pos + 1] in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, pos + 5)
            return width, height
        pos += 2 + max(2, int(struct.unpack_from(">H", data, pos + 2)[0]))
    return 0, 0
