"""MLLP: an HL7 message in a frame, and the answer to it."""

from __future__ import annotations

import time

from bloodcells_gui.connect.hl7_text import Message, parse_message
from bloodcells_gui.connect.peer import Peer, Unreached, connected, quoting, shown_bytes
from bloodcells_gui.domain.connecting import Delivery, Destination
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import N_, Reason

START, END = b"\x0b", b"\x1c\r"
MOST_ANSWER = 1024**2
"""Bytes of an answer; a real one has some hundred."""
_MOST_ANSWERS = 50
_SHOWN = 300

ACCEPTED = frozenset({"AA", "CA"})
REFUSED = frozenset({"AE", "AR", "CE", "CR"})

ACCEPTED_WORDS = N_("accepted ({code})")
REFUSED_WORDS = N_("refused ({code}): {words}")


def framed(message: bytes) -> bytes:
    """The message as it goes over the wire."""
    return START + message + END


def send_hl7(destination: Destination, message: bytes, control_id: str) -> Delivery:
    """Send one message and wait for its answer.

    Raises
    ------
    Unreached
        When there is no answer that is one to this message.
    """
    with connected(destination) as peer:
        peer.send(framed(message))
        return answer_to(peer, control_id, time.monotonic() + destination.timeout_s)


def answer_to(peer: Peer, control_id: str, until: float) -> Delivery:
    """The peer's answer to the message of that control id; answers to others and garbage are passed over."""
    buffer, wrong = b"", ""
    for _ in range(_MOST_ANSWERS):
        heard = bytearray(buffer[:_SHOWN])
        try:
            with quoting(heard):
                frame, buffer = next_frame(peer, buffer, until, heard)
        except Unreached:
            if wrong:
                raise Unreached(N_("the peer answered to another message ({other})"), other=wrong) from None
            raise
        try:
            answer = parse_message(frame)
        except InvalidValue as error:
            text = N_("the answer of the peer cannot be read: {reason}; it begins with {data}")
            raise Unreached(text, reason=error.reason, data=shown_bytes(frame)) from error
        if answer.get("MSA", 2) == control_id:
            return meaning(answer)
        wrong = answer.get("MSA", 2)[:40] or "?"
    raise Unreached(N_("the peer answered to another message ({other})"), other=wrong)


def next_frame(peer: Peer, buffer: bytes, until: float, heard: bytearray) -> tuple[bytes, bytes]:
    """The next frame and what came behind it; what stands before a frame is no part of it.

    `heard` gets the first bytes of all that comes.
    """
    while True:
        start = buffer.find(START)
        end = buffer.find(b"\x1c", start + 1) if start >= 0 else -1
        if end >= 0:
            return buffer[start + 1 : end], buffer[end + 1 :]
        if len(buffer) > MOST_ANSWER:
            raise Unreached(N_("the peer answers more than {most} kB"), most=MOST_ANSWER // 1024)
        came = peer.receive(until)
        heard += came[: max(0, _SHOWN - len(heard))]
        buffer = (buffer[start:] if start >= 0 else b"") + came


def meaning(answer: Message) -> Delivery:
    """What an acknowledgment says; Unreached where it is none."""
    code = answer.get("MSA", 1).upper()
    if code in ACCEPTED:
        return Delivery(True, False, Reason(ACCEPTED_WORDS, (("code", code),)))
    if code in REFUSED:
        said = _peers_words(answer) or "–"
        return Delivery(False, True, Reason(REFUSED_WORDS, (("code", code), ("words", said))))
    raise Unreached(N_("the peer answered {code}, which is no acknowledgment"), code=code[:20] or "–")


def _peers_words(answer: Message) -> str:
    """What the peer says of a refusal: the text of the answer, then that of its errors."""
    found = [answer.get("MSA", 3)]
    for error in answer.all("ERR"):
        found += [error.value(8), error.value(7), error.value(3, 2) or error.value(3, 1), error.value(5, 2)]
    words = list(dict.fromkeys(" ".join(text.split()) for text in found if text.strip()))
    return "; ".join(words)[:_SHOWN]
