"""MLLP against peers that behave in every way: words, bounded time and memory."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bloodcells_gui.connect import peer as network
from bloodcells_gui.connect.hl7_result import hl7_message
from bloodcells_gui.connect.mllp import MOST_ANSWER, send_hl7
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import TCP, Delivery, Destination
from scripts.tools.scripted_peer import FAULTS, ScriptedPeer
from tests.support.outboxes import at_port
from tests.support.results import a_result

pytestmark = pytest.mark.loopback
RESULT = a_result()
WORDS = {
    "hang": "did not answer", "close": "closed", "close after": "closed", "late": "did not answer",
    "wrong id": "another message", "garbage": "cannot be read", "huge frame": "answers more than",
    "huge noise": "did not answer|closed", "no acknowledgment": "no acknowledgment",
    "half an answer": "did not answer|closed",
}  # fmt: skip
ARRIVE = {"twice", "wrong then right", "fragments"}


def sent(act: str) -> tuple[ScriptedPeer, Delivery]:
    with ScriptedPeer(lambda _: act) as peer:
        destination = at_port(peer.port)
        return peer, send_hl7(destination, hl7_message(RESULT, destination), RESULT.control_id)


def test_a_message_is_acknowledged_within_a_second() -> None:
    began = time.monotonic()
    peer, done = sent("accept")
    assert done.accepted
    assert "AA" in done.words.text()
    assert peer.accepted == [RESULT.control_id]
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("act", sorted(ARRIVE))
def test_odd_ways_to_say_yes_are_a_yes(act: str) -> None:
    assert sent(act)[1].accepted


@pytest.mark.parametrize(("act", "words"), [("refuse AE", "unknown code"), ("refuse AR", "not for me")])
def test_a_refusal_has_the_peers_words(act: str, words: str) -> None:
    done = sent(act)[1]
    assert done.refused
    assert words in done.words.text()


@pytest.mark.parametrize("act", sorted(WORDS))
def test_a_faulty_peer_costs_bounded_time_and_memory(act: str) -> None:
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(Unreached, match=WORDS[act]):
            sent(act)
        assert tracemalloc.get_traced_memory()[1] < 20 * MOST_ANSWER
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 10


def test_every_fault_is_tried() -> None:
    assert set(FAULTS) == {*WORDS, *ARRIVE, "refuse AE", "refuse AR"}


def test_nobody_there_and_no_such_host_are_said() -> None:
    with ScriptedPeer() as peer:
        port = peer.port
    with pytest.raises(Unreached, match="nothing listens"):
        send_hl7(at_port(port), b"x", "1")
    with pytest.raises(Unreached):
        send_hl7(at_port(port, host="no-such-host.invalid"), b"x", "1")
    with pytest.raises(Unreached):
        send_hl7(at_port(port, host="x" * 300), b"x", "1")


def test_nothing_but_a_destination_on_the_network_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network.socket, "create_connection", lambda *_: pytest.fail("a socket was opened"))
    with pytest.raises(Unreached, match="no destination on the network"):
        send_hl7(Destination("F", folder="/x"), b"x", "1")


@contextmanager
def another_server() -> Iterator[tuple[int, list[str]]]:
    """The MLLP server of the package hl7, in a thread."""
    hl7 = pytest.importorskip("hl7", reason="the package hl7 is not installed: no server of another's")
    mllp: Any = pytest.importorskip("hl7.mllp")
    received: list[str] = []
    ready = threading.Event()
    found: list[Any] = []

    async def talk(reader: Any, writer: Any) -> None:
        try:
            message = await reader.readmessage()
            received.append(str(message))
            writer.writemessage(message.create_ack("AA"))
            await writer.drain()
            await reader.read()
        finally:
            writer.close()

    async def serve() -> None:
        server = await mllp.start_hl7_server(talk, "127.0.0.1", 0, encoding="utf-8")
        ended = asyncio.Event()
        found.extend((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), ended))
        ready.set()
        async with server:
            await ended.wait()
            await asyncio.sleep(0.1)  # its conversation sees the end

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert hl7
        assert ready.wait(10)
        yield found[0], received
    finally:
        found[1].call_soon_threadsafe(found[2].set)
        thread.join(10)


def test_a_server_of_another_takes_the_message() -> None:
    with another_server() as (port, received):
        destination = Destination("LIS", transport=TCP, host="127.0.0.1", port=port)
        done = send_hl7(destination, hl7_message(RESULT, destination), RESULT.control_id)
    assert done.accepted
    assert len(received) == 1
    assert RESULT.control_id in received[0]
    assert "Émilie" in received[0]


@pytest.mark.parametrize("act", ["half an answer", "garbage"])
def test_the_first_bytes_of_garbage_are_shown(act: str) -> None:
    with pytest.raises(Unreached, match=r"begins with (\\x0bMSH|\\x00\\xff garbage)"):
        sent(act)


def test_what_is_no_frame_is_shown_escaped_and_short() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def web() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 400 Bad\r\n\x1b[31m" + b"x" * 500)

        thread = threading.Thread(target=web)
        thread.start()
        with pytest.raises(Unreached) as caught:
            send_hl7(at_port(port), b"MSH|", "A1")
        thread.join(5)
    said = caught.value.words.text()
    assert "closed the connection" in said
    assert r"HTTP/1.1 400 Bad\x0d\x0a\x1b[31m" in said
    assert said.endswith("…")
    assert len(said) < 200
