"""HL7 as text: every character goes and comes back; whatever comes is read or refused within limits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.connect.hl7_text import (
    MOST_BYTES,
    Delimiters,
    components,
    escape,
    parse_message,
    segment,
    unescape,
)
from bloodcells_gui.domain.errors import InvalidValue

HEAD = "MSH|^~\\&|A|B|C|D|20260302||ORU^R01|1|P|2.5.1"
PLAIN = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\t\u2028"))


@given(PLAIN)
def test_any_text_comes_back_and_holds_no_sign_of_the_protocol(text: str) -> None:
    written = escape(text)
    assert unescape(written, Delimiters()) == text
    assert not set(written) & set("|^~&\r\n\x0b\x1c")


@pytest.mark.parametrize("name", ["O'Brien|^~\\&", "\u202eمحمد", "𝒵oë 🩸", "a\\", "\\F\\", "x\x0b\x1cy"])
def test_hard_names_come_back_through_a_message(name: str) -> None:
    data = (
        f"{HEAD}||||||UNICODE UTF-8\r" + segment("PID", {1: "1", 5: components(name, "N")}) + "\r"
    ).encode()
    message = parse_message(data)
    assert message.get("PID", 5, 1) == name
    assert message.get("PID", 5, 2) == "N"


def test_line_breaks_are_kept_where_they_may_stand() -> None:
    assert escape("a\nb", lines=True) == "a\\.br\\b"
    assert unescape("a\\.br\\b", Delimiters()) == "a\nb"
    assert escape("a\r\nb") == "a b"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("\\X41\\", "A"),
        ("\\Xzz\\", "\\Xzz\\"),
        ("\\H\\bold\\N\\", "bold"),
        ("50 \\", "50 \\"),
        ("\\?\\", "\\?\\"),
    ],
)
def test_escapes_of_others_are_read_or_left(text: str, meaning: str) -> None:
    assert unescape(text, Delimiters()) == meaning


def test_other_delimiters_line_ends_and_repetitions_are_read() -> None:
    message = parse_message(b"\x0bMSH$*%!?$A$B\nPID$1$$7*x%8*y\r\nOBX$1\x1c\r")
    pid = message.first("PID")
    assert pid is not None
    assert (pid.value(3), pid.value(3, 2, 1), pid.value(99), pid.value(3, 9)) == ("7", "y", "", "")
    assert message.get("MSH", 3) == "A"
    assert [s.name for s in message.segments] == ["MSH", "PID", "OBX"]


@pytest.mark.parametrize(
    ("declared", "data", "name"),
    [
        ("8859/1", "Zoë".encode("latin-1"), "Zoë"),
        ("", "Zoë".encode("latin-1"), "Zoë"),
        ("", "Zoë".encode(), "Zoë"),
    ],
)
def test_character_sets_that_are_declared_are_read(declared: str, data: bytes, name: str) -> None:
    message = parse_message(f"{HEAD}||||||{declared}\rPID|1||||".encode() + data)
    assert message.get("PID", 5) == name


@pytest.mark.parametrize(
    "data",
    [
        b"", b"MSH", b"hello", b"MSHA^~", b"\x00" * 100, b"PID|1", b"MSH|^~\\&|" + b"|" * 1000,
        f"{HEAD}||||||UNICODE UTF-8\rPID|\xff".encode("latin-1"), f"{HEAD}||||||KLINGON\r".encode(),
        HEAD.encode() + b"\rNTE" * 30_000,
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        parse_message(data)


def test_a_large_message_is_refused_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(InvalidValue, match="larger"):
        parse_message(b"MSH|^~\\&|" + b"x" * MOST_BYTES)
    assert time.monotonic() - began < 1


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", b"MSH|^~\\&|"):
        try:
            message = parse_message(prefix + data)
        except InvalidValue:
            continue
        for found in message.segments:
            for n in range(1, 6):
                found.value(n, 2)
