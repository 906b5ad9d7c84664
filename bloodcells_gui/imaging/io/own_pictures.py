"""Check pictures stored in a case or a library before anything decodes them: they are untrusted.

They are small and shown by the thousand, so they are decoded where they are shown, not in a child: what
the window's and the report's decoders get to see is therefore only what this program writes itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from bloodcells_gui.imaging.io.byte_source import MemorySource
from bloodcells_gui.imaging.io.decode import probe_source
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.refusal import ImageRefused

_MOST_PX = 2_000_000


def validated_jpeg(data: bytes, most_px: int = _MOST_PX) -> bytes:
    """`data` if it is a plain, whole JPEG of so many pixels at most as this program writes; else nothing."""
    return data if _is(data, "jpeg", most_px) else b""


def own_jpegs(found: Mapping[int, bytes]) -> dict[int, bytes]:
    """:func:`validated_jpeg` of each."""
    return {key: validated_jpeg(data) for key, data in found.items()}


def own_png(data: bytes) -> bytes:
    """As :func:`validated_jpeg` for the PNG of a mask."""
    return data if _is(data, "png") else b""


def _is(data: bytes, kind: str, most_px: int = _MOST_PX) -> bool:
    try:
        info = probe_source(MemorySource(data), "picture", DecodeLimits(max_pixels=most_px))
    except ImageRefused:
        return False
    return info.format == kind and not (info.truncated or info.progressive or info.cmyk)
