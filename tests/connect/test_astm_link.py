"""E1381 over TCP against a peer that is busy, asks too, loses frames, or says nothing."""

from __future__ import annotations

import time

import pytest

from bloodcells_gui.connect.astm_link import Waits, send_astm
from bloodcells_gui.connect.astm_records import astm_message
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import ASTM
from scripts.tools.scripted_peer import ScriptedPeer
from tests.support.outboxes import at_port
from tests.support.results import a_result

pytestmark = pytest.mark.loopback
RESULT = a_result()
QUICK = Waits(0.01, 0.01)


def sent(act: str, pauses: list[float] | None = None) -> tuple[ScriptedPeer, bytes]:
    with ScriptedPeer(lambda _: act, protocol="astm") as peer:
        destination = at_port(peer.port, format=ASTM)
        message = astm_message(RESULT, destination)
        waits = QUICK if pauses is None else Waits()
        send_astm(destination, message, waits, time.sleep if pauses is None else pauses.append)
        until = time.monotonic() + 5
        while not peer.accepted and time.monotonic() < until:
            time.sleep(0.01)
        return peer, message


@pytest.mark.parametrize("act", ["accept", "busy", "contention", "noise", "damaged", "interrupts"])
def test_the_message_arrives_whole(act: str) -> None:
    peer, message = sent(act)
    assert peer.messages == [message]
    assert peer.accepted == [RESULT.control_id]


def test_the_waits_are_those_of_the_standard() -> None:
    for act, wait in (("busy", 10.0), ("contention", 1.0)):
        pauses: list[float] = []
        sent(act, pauses)
        assert pauses == [wait]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("silent", "did not answer"),
        ("always busy", "busy"),
        ("never takes", "in 6 tries"),
        ("close", "closed"),
    ],
)
def test_a_faulty_peer_is_said_in_time(act: str, words: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unreached, match=words):
        sent(act)
    assert time.monotonic() - began < 10
