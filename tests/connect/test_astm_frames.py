"""E1381 frames, against recorded ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.connect.astm_frames import TEXT_BYTES, checksum, frame, frames, read_frame
from bloodcells_gui.domain.errors import InvalidValue

#: Published examples of frames with their check sums (LIS01-A2 and vendors' manuals).
RECORDED = [
    b"\x021H|\\^&\r\x03E5\r\n",
    b"\x025L|1|N\r\x0308\r\n",
]


@pytest.mark.parametrize("recorded", RECORDED)
def test_recorded_frames_are_read_and_written_alike(recorded: bytes) -> None:
    number, text, last = read_frame(recorded)
    assert last
    assert frame(number, text, last=True) == recorded


@given(st.binary(max_size=2000).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")))
def test_a_message_comes_back_from_its_frames(record: bytes) -> None:
    message = b"H|\\^&\r" + record + b"\rL|1|N\r"
    made = list(frames(message))
    read = [read_frame(f) for f in made]
    assert b"".join(text for _, text, _ in read) == message.replace(b"\r\r", b"\r")
    assert [n for n, _, _ in read] == [i % 8 for i in range(1, len(made) + 1)]
    assert all(len(text) <= TEXT_BYTES for _, text, _ in read)


@pytest.mark.parametrize(
    "data", [b"", b"\x02", b"\x021H\x0300\r\n", b"xyz", b"\x02xH\x03AA\r\n", b"\x021H|\\^&\r\x03E4\r\n"]
)
def test_damaged_frames_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        read_frame(data)


def test_a_check_sum_is_two_digits() -> None:
    assert checksum(b"") == b"00"
    assert checksum(b"\xff\x01") == b"00"
