"""Protocol with a decoder child: a line of JSON each way, pixels through shared memory.

Pixels go through a window of memory that both sides map, piece by piece when they are larger than it. What a
child says is checked like any other input, for a damaged image may have taken it over.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import tempfile
from dataclasses import fields
from typing import Any

from bloodcells_gui.domain.image_messages import IMAGE_NOTICES
from bloodcells_gui.imaging.io.info import ImageInfo
from bloodcells_gui.imaging.io.pixels import Beyond, tops
from bloodcells_gui.imaging.io.refusal import ImageRefused

WINDOW_BYTES = 32 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float | None": (float, int, type(None)),
}
_INFO_KINDS = {
    field.name: _KINDS[str(field.type)] for field in fields(ImageInfo) if field.name != "stored_px"
}


class BadAnswer(Exception):
    """The other side said something that it never should."""


def encode(message: dict[str, Any]) -> bytes:
    """A message as one line."""
    return json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of a line; BadAnswer for what is none."""
    try:
        message = json.loads(line)
    except ValueError as e:
        raise BadAnswer("no JSON") from e
    if not isinstance(message, dict):
        raise BadAnswer("no message")
    return message


def refusal_to_wire(e: ImageRefused) -> dict[str, Any]:
    """A refusal with what its sentences are made of, so that it can still be said in any language."""
    params = {k: v if isinstance(v, int | float | str) else str(v) for k, v in e.params.items()}
    return {"why": e.why, "what_to_do": e.what_to_do, "params": params}


def refusal_from_wire(found: Any) -> ImageRefused:
    """The refusal again."""
    if not isinstance(found, dict) or not isinstance(found.get("params"), dict):
        raise BadAnswer("no refusal")
    params = {str(k): v for k, v in found["params"].items() if isinstance(v, int | float | str)}
    name = str(params.pop("name", "image"))
    return ImageRefused(name, str(found.get("why", "")), str(found.get("what_to_do", "")), **params)


def info_to_wire(info: ImageInfo) -> dict[str, Any]:
    """Headers as plain values."""
    return {name: getattr(info, name) for name in _INFO_KINDS} | {"stored_px": info.stored_px}


def info_from_wire(found: Any) -> ImageInfo:
    """Headers from what a child sent; every value must have its type."""
    if not isinstance(found, dict):
        raise BadAnswer("no headers")
    size = found.get("stored_px")
    if not (isinstance(size, list) and len(size) == 2 and all(type(v) is int and v > 0 for v in size)):
        raise BadAnswer("no size")
    values: dict[str, Any] = {"stored_px": (size[0], size[1])}
    for name, kinds in _INFO_KINDS.items():
        value = found.get(name)
        if not isinstance(value, kinds):
            raise BadAnswer(f"no {name}")
        values[name] = value
    return ImageInfo(**values)


def notices_from_wire(found: Any) -> tuple[str, ...]:
    """What there is to say of how an image was read: known sentences only."""
    if not isinstance(found, list) or not all(n in IMAGE_NOTICES for n in found):
        raise BadAnswer("an unknown notice")
    return tuple(found)


def beyond_from_wire(found: Any) -> Beyond | None:
    """What an image tells of the range of its samples."""
    if found is None:
        return None
    if not (isinstance(found, list) and len(found) == 3 and type(found[0]) is bool and type(found[1]) is int):
        raise BadAnswer("no range")
    counts = found[2]
    if not isinstance(counts, list) or len(counts) != tops(found[0]):
        raise BadAnswer("no range")
    if not all(type(n) is int and 0 <= n <= found[1] for n in counts):
        raise BadAnswer("no range")
    return found[0], found[1], tuple(counts)


def shape_from_wire(found: Any, most_pixels: int) -> tuple[int, int, int]:
    """Height, width, 3 of pixels that will follow, held against what was asked for."""
    whole = isinstance(found, list) and len(found) == 3 and all(type(v) is int for v in found)
    if not whole or found[2] != 3 or found[0] < 1 or found[1] < 1 or found[0] * found[1] > most_pixels:
        raise BadAnswer("an impossible shape")
    return found[0], found[1], 3


def make_window(number: int) -> tuple[mmap.mmap, int | None, str]:
    """Shared memory: the mapping, the descriptor to hand on (None on Windows), its name for the child.

    It has no name that other programs could open (but on Windows) and vanishes with the two processes.
    """
    if sys.platform == "win32":
        name = f"bloodcells-{os.getpid()}-{number}-{os.urandom(8).hex()}"
        return mmap.mmap(-1, WINDOW_BYTES, tagname=name), None, name
    fd = _anonymous_file()
    try:
        os.ftruncate(fd, WINDOW_BYTES)
        return mmap.mmap(fd, WINDOW_BYTES), fd, str(fd)
    except BaseException:
        os.close(fd)
        raise


def open_window(name: str) -> mmap.mmap:
    """The child's side of :func:`make_window`."""
    if sys.platform == "win32":
        return mmap.mmap(-1, WINDOW_BYTES, tagname=name)
    fd = int(name)
    window = mmap.mmap(fd, WINDOW_BYTES)
    os.close(fd)
    return window


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("bloodcells-pixels")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
