"""E1381 (CLSI LIS01-A2) frames: a message in numbered pieces with check sums."""

from __future__ import annotations

from collections.abc import Iterator

from bloodcells_gui.domain.errors import InvalidValue

STX, ETX, EOT, ENQ, ACK, NAK, ETB = b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x15", b"\x17"
TEXT_BYTES = 240
"""Most bytes of text in a frame, by the standard."""
LONGEST_FRAME = 64_000
"""What is read as one frame: newer systems send longer ones."""


def checksum(numbered: bytes) -> bytes:
    """Two hexadecimal digits: the sum of all bytes from the frame's number to ETB or ETX, modulo 256."""
    return b"%02X" % (sum(numbered) % 256)


def frame(number: int, text: bytes, *, last: bool) -> bytes:
    """One frame; `number` counts modulo 8."""
    numbered = b"%d" % (number % 8) + text + (ETX if last else ETB)
    return STX + numbered + checksum(numbered) + b"\r\n"


def frames(message: bytes) -> Iterator[bytes]:
    """The frames of a message, record by record, numbered from 1; a long record takes several."""
    number = 1
    for line in message.split(b"\r"):
        if not line:
            continue
        record = line + b"\r"
        pieces = [record[i : i + TEXT_BYTES] for i in range(0, len(record), TEXT_BYTES)]
        for piece in pieces:
            yield frame(number, piece, last=piece is pieces[-1])
            number += 1


def read_frame(data: bytes) -> tuple[int, bytes, bool]:
    """Number, text and whether it ends a record of one frame, STX and line end included.

    Raises
    ------
    InvalidValue
        When it is no whole frame or its check sum differs.
    """
    body = data.rstrip(b"\r\n")
    if len(body) < 5 or body[:1] != STX or body[-3:-2] not in (ETX, ETB) or not body[1:2].isdigit():
        raise InvalidValue("it is no frame")
    if checksum(body[1:-2]) != body[-2:].upper():
        raise InvalidValue("the check sum of a frame differs")
    return int(body[1:2]), body[2:-3], body[-3:-2] == ETX
