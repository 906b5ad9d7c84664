"""E1381 (CLSI LIS01-A2) over TCP: this program as the sender of a message in frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bloodcells_gui.connect.astm_frames import ACK, ENQ, EOT, NAK, frames
from bloodcells_gui.connect.peer import Peer, Unreached, connected, quoting
from bloodcells_gui.domain.connecting import Delivery, Destination
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
        link.establish()
        for frame in frames(message):
            link.send(frame)
        peer.send(EOT)
    return Delivery(True, False, Reason(TAKEN))


class _Link:
    """One transfer: establishment, frames, end."""

    def __init__(self, peer: Peer, timeout_s: float, waits: Waits, pause: Callable[[float], None]) -> None:
        self._peer, self._timeout_s, self._waits, self._pause = peer, timeout_s, waits, pause

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
        noise = bytearray()
        with quoting(noise):
            while (byte := self._peer.byte(until)) not in wanted:
                if len(noise) < _MOST_NOISE:
                    noise += byte
        return byte
