"""Decode with OpenCV, strictly: an incomplete picture is refused.

For a JPEG whose data end early OpenCV hands out what there is; libjpeg's warning goes to standard error
alone. So standard error is a pipe while a JPEG is decoded: for good in a decoder child
(:func:`capture_decoder_warnings`), for one picture after the other elsewhere.
"""

from __future__ import annotations

import os
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.io.formats import JPEG_FRAMES

_STDERR = 2
_END = b"\0"
_PIECE = 65_536
_taking_turns = threading.Lock()
_kept: int | None = None
# What libjpeg prints, among what other threads of this process may print at the same time.
_COMPLAINT = re.compile(r"JPEG|JFIF|Adobe|SOS|progression|Huffman|scanlines|marker", re.IGNORECASE)
# Of the header alone; libjpeg prints only its first complaint, so the header is mended to learn of the data.
_OF_THE_HEADER = ("JFIF revision", "Invalid SOS")
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_SOS, _EOI, _APP0 = 0xDA, 0xD9, 0xE0
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MOST_SEGMENTS = 20_000
_HOLE = bytes(96)

# Damaged files are told to the person by ImageRefused; the library's own lines on stderr say nothing more.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def imdecode(data: bytes, flags: int) -> NDArray[Any] | None:
    """`cv2.imdecode` without exceptions: None for what cannot be decoded."""
    # A pipe that nobody empties fills up with libpng's warnings; one that waits would stop the child.
    return _decoded(data, flags) if _kept is None else _with_complaints(data, flags)[0]


def _decoded(data: bytes, flags: int) -> NDArray[Any] | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


def decode_jpeg(data: bytes, flags: int) -> tuple[NDArray[Any] | None, str]:
    """Pixels of a JPEG stream and what libjpeg complains of ("" when it is whole).

    Complaints of odd header fields that say nothing of the data are left out.
    """
    pixels, said = _with_complaints(data, flags)
    if any(part in said for part in _OF_THE_HEADER):
        pixels, said = _with_complaints(_with_plain_header(data), flags)
    return pixels, said


def capture_decoder_warnings() -> None:
    """Make standard error of this process the pipe that :func:`decode_jpeg` reads, for good."""
    global _kept
    _kept = _make_pipe()


def _with_complaints(data: bytes, flags: int) -> tuple[NDArray[Any] | None, str]:
    """Pixels, and what the decoder printed meanwhile."""
    if _kept is not None:
        _read_to_end(_kept)  # what other decoders printed before, such as libpng's warnings
        pixels = _decoded(data, flags)
        return pixels, _read_to_end(_kept)
    with _taking_turns, _redirected() as said:
        pixels = _decoded(data, flags)
    return pixels, "".join(said)


def _make_pipe() -> int:
    """A pipe behind standard error; its reading end."""
    reading, writing = os.pipe()
    # A decoder that prints more than the pipe holds must not wait for its reader: the rest is lost.
    with suppress(AttributeError, OSError):
        os.set_blocking(writing, False)
    os.dup2(writing, _STDERR)
    os.close(writing)
    return reading


@contextmanager
def _redirected() -> Iterator[list[str]]:
    """Standard error as a pipe; the list has libjpeg's lines afterwards, the others go where they belong."""
    said: list[str] = []
    try:
        saved = os.dup(_STDERR)
    except OSError:  # a program of windows has no standard error
        saved = os.open(os.devnull, os.O_WRONLY)
    reading = _make_pipe()
    others = ""
    try:
        yield said
        for line in _read_to_end(reading).splitlines(keepends=True):
            if _COMPLAINT.search(line):
                said.append(line)
            else:
                others += line
    finally:
        os.dup2(saved, _STDERR)
        os.close(saved)
        os.close(reading)
        if others:
            with suppress(OSError):
                os.write(_STDERR, others.encode("utf-8", "replace"))


def _read_to_end(pipe: int) -> str:
    """What was printed since the last time; a mark of its own lets reading end where pipes always wait."""
    try:
        os.write(_STDERR, _END)
    except BlockingIOError:
        return os.read(pipe, _PIECE).decode("utf-8", "replace")
    found = b""
    while _END not in found:  # others may print behind the mark
        piece = os.read(pipe, _PIECE)
        if not piece:
            break
        found += piece
    return found.replace(_END, b"").decode("utf-8", "replace")


def jpeg_segments(data: bytes, start: int = 2) -> Iterator[tuple[int, int, int]]:
    """Marker, beginning and end of the content of each segment of a JPEG stream, in order, to its end."""
    pos = start
    for _ in range(_MOST_SEGMENTS):
        if pos + 1 >= len(data) or data[pos] != 0xFF:
            return
        marker = data[pos + 1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker in _STANDALONE:
            pos += 2
            continue
        if marker == _EOI or pos + 4 > len(data):
            return
        length = struct.unpack(">H", data[pos + 2 : pos + 4])[0]
        yield marker, pos + 4, pos + 2 + length
        pos += 2 + length
        if marker == _SOS:
            found = _IN_SCAN.search(data, pos)
            if found is None:
                return
            pos = found.start()


def missing_scans(data: bytes) -> bool:
    """Whether a JPEG stored in several passes lacks some: every coefficient must reach its last bit.

    libjpeg says nothing of passes that never came; the picture is blurred or lacks a colour then.
    """
    # In place of jpeg_segments: this is done for every progressive crop.
    frame, scans, pos, most = b"", [], 2, len(data) - 4
    while pos <= most and data[pos] == 0xFF:
        marker = data[pos + 1]
        if marker == 0xFF:
            pos += 1
        elif marker in _STANDALONE:
            pos += 2
        elif marker == _EOI:
            break
        else:
            end = pos + 2 + (data[pos + 2] << 8 | data[pos + 3])
            if marker == _SOS:
                scans.append(data[pos + 4 : end])
                found = _IN_SCAN.search(data, end)
                if found is None:
                    break
                end = found.start()
            elif marker in JPEG_FRAMES:
                frame = data[pos + 1 : pos + 2] + data[pos + 9 : end]
            pos = end
    return _incomplete(frame, tuple(scans))


def has_hole(data: bytes) -> bool:
    """Whether a JPEG's pixel data hold a run of zeros that a photograph's do not.

    Zeros may decode without a complaint, above all in a progressive JPEG. In 18,890 photographs of cells of
    thirteen sets the longest run was 51 bytes; drawn and padded pictures have longer ones, so it is no proof.
    """
    if _HOLE not in data:  # the usual case, at no cost
        return False
    for marker, _, end in jpeg_segments(data):
        if marker == _SOS:
            found = _IN_SCAN.search(data, end)
            if _HOLE in data[end : found.start() if found else len(data)]:
                return True
    return False


@lru_cache(maxsize=64)
def _incomplete(frame: bytes, scans: tuple[bytes, ...]) -> bool:
    """As :func:`missing_scans`: marker, number and table of the components; header of each scan.

    Kept, for encoders use the same passes for all their pictures.
    """
    if len(frame) < 2 or len(frame) < 2 + 3 * frame[1]:
        return True
    lowest = {c: bytearray(b"\xff" * 64) for c in frame[2::3][: frame[1]]}
    for scan in scans:
        n = scan[0] if scan else 0
        if len(scan) < 4 + 2 * n:
            return True
        first, last, low = scan[-3], min(scan[-2], 63), scan[-1] & 15
        if frame[0] not in _PROGRESSIVE:
            first, last, low = 0, 63, 0
        for component in scan[1 : 1 + 2 * n : 2]:
            if component in lowest and last >= first:
                lowest[component][first : last + 1] = bytes((low,)) * (last + 1 - first)
    return any(any(bits) for bits in lowest.values())


def _with_plain_header(data: bytes) -> bytes:
    """The stream with the JFIF version and the scan parameters that a sequential JPEG must have."""
    out, sequential = bytearray(data), False
    for marker, start, end in jpeg_segments(data):
        if marker == _APP0 and data[start : start + 5] == b"JFIF\0" and end - start >= 7:
            out[start + 5 : start + 7] = b"\1\1"
        elif marker in (0xC0, 0xC1):
            sequential = True
        elif marker == _SOS and sequential and end - start >= 4:
            out[end - 3 : end] = b"\0\x3f\0"
    return bytes(out)
