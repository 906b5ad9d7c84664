"""E1381 (CLSI LIS01-A2) over TCP: a message in frames, sent and received."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bloodcells_gui.connect.astm_frames import (
    ACK,
    ENQ,
    EOT,
    LONGEST_FRAME,
    NAK,
    STX,
    frames,
    read_frame,
)
from bloodcells_gui.connect.astm_records import MOST_BYTES
from bloodcells_gui.connect.peer import Peer, Unreached, connected, quoting
from bloodcells_gui.domain.connecting import Delivery, Destination
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import N_, Reason

MOST_TRIES = 6
"""How often a frame is sent before the message is given up, by the standard."""
_MOST_NOISE = 200
TAKEN = N_("every frame was acknowledged")


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds to wait before asking again: after the peer was busy (NAK), and after both asked (contention).

    The standard gives the instrument the shorter wait, so that it comes first.
    """

    busy_s: float = 10.0
    contention_s: float = 1.0


def send_astm(
    destination: Destination,
    message: bytes,
    waits: Waits | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Delivery:
    """Send one message; it has arrived when the peer has acknowledged every frame.

    Raises
    ------
    Unreached
        When the peer does not answer, stays busy, or does not take a frame.
    """
    with connected(destination) as peer:
        link = _Link(peer, float(destination.timeout_s), waits or Waits(), pause)
        link.transfer(message)
    return Delivery(True, False, Reason(TAKEN))


def send_message(
    peer: Peer, message: bytes, timeout_s: float, until: float, waits: Waits | None = None
) -> None:
    """Send one message over an open connection, at the latest by `until`; raises as :func:`send_astm`."""

    def pause(seconds: float) -> None:
        time.sleep(max(0.0, min(seconds, until - time.monotonic())))

    _Link(peer, timeout_s, waits or Waits(), pause, until).transfer(message)


def receive_message(peer: Peer, until: float) -> bytes:
    """The next message that the peer sends over an open connection.

    Raises
    ------
    Unreached
        When it did not come whole by `until` (on `time.monotonic`), or is larger than `MOST_BYTES`.
    """
    noise = bytearray()
    with quoting(noise):
        while (byte := peer.byte(until)) != ENQ:
            if len(noise) < _MOST_NOISE:
                noise += byte
    peer.send(ACK)
    taken = _Taken()
    while (sign := peer.byte(until)) != EOT:
        if sign == STX:
            peer.send(ACK if taken.take(STX + _rest(peer, until)) else NAK)
        elif sign == ENQ and not taken.text:  # the peer did not hear that it may begin
            peer.send(ACK)
    return bytes(taken.text)


class _Taken:
    """The text of the frames that came whole."""

    def __init__(self) -> None:
        self.text = bytearray()
        self._last, self._refused = 0, 0

    def take(self, frame: bytes) -> bool:
        """Whether a frame is whole and the next one, or the last one again because its answer was lost."""
        try:
            number, text, _ = read_frame(frame)
            if number not in (self._last, (self._last + 1) % 8):
                raise InvalidValue("it is no frame")
        except InvalidValue as error:
            self._refused += 1
            if self._refused >= MOST_TRIES:
                raise Unreached("{reason}", reason=error.reason) from error
            return False
        if number != self._last or not self.text:
            self.text += text
        self._last = number
        if len(self.text) > MOST_BYTES:
            raise Unreached(N_("the peer answers more than {most} kB"), most=MOST_BYTES // 1024)
        return True


def _rest(peer: Peer, until: float) -> bytes:
    """A frame behind its first sign, up to the line end."""
    found = bytearray()
    while not found.endswith(b"\n"):
        found += peer.byte(until)
        if len(found) > LONGEST_FRAME:
            raise Unreached(N_("the peer answers more than {most} kB"), most=LONGEST_FRAME // 1024)
    return bytes(found)


class _Link:
    """One transfer: establishment, frames, end."""

    def __init__(
        self,
        peer: Peer,
        timeout_s: float,
        waits: Waits,
        pause: Callable[[float], None],
        until: float | None = None,
    ) -> None:
        self._peer, self._timeout_s, self._waits, self._pause = peer, timeout_s, waits, pause
        self._until = until

    def transfer(self, message: bytes) -> None:
        """Establishment, frames, end."""
        self.establish()
        for frame in frames(message):
            self.send(frame)
        self._peer.send(EOT)

    def establish(self) -> None:
        """Ask for the line until the peer gives it."""
        for _ in range(MOST_TRIES):
            self._peer.send(ENQ)
            answer = self._answer({ACK, NAK, ENQ})
            if answer == ACK:
                return
            self._pause(self._waits.contention_s if answer == ENQ else self._waits.busy_s)
        raise Unreached(N_("the peer is busy"))

    def send(self, frame: bytes) -> None:
        """Send a frame until the peer has it whole."""
        for _ in range(MOST_TRIES):
            self._peer.send(frame)
            # EOT asks to be let in after this frame, which has arrived all the same.
            if self._answer({ACK, NAK, EOT}) != NAK:
                return
        self._peer.send(EOT)
        raise Unreached(N_("the peer did not take a frame in {n} tries"), n=MOST_TRIES)

    def _answer(self, wanted: set[bytes]) -> bytes:
        """The next sign of the protocol; other bytes are noise on the line."""
        until = time.monotonic() + self._timeout_s
        if self._until is not None:
            until = min(until, self._until)
        noise = bytearray()
        with quoting(noise):
            while (byte := self._peer.byte(until)) not in wanted:
                if len(noise) < _MOST_NOISE:
                    noise += byte
        return byte
