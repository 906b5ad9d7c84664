"""Messages before HL7 servers of another language, which others wrote.

npm install node-hl7-server@2.5.0 simple-hl7@3.3.0     (in any folder)
BLOODCELLS_NODE=that/folder .venv/bin/python -m pytest tests/connect/test_mllp_node_peers.py
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.connect.hl7_query import ask_hl7
from bloodcells_gui.connect.hl7_result import connection_test, hl7_message
from bloodcells_gui.connect.mllp import send_hl7
from bloodcells_gui.connect.result import withdrawn
from bloodcells_gui.domain.connecting import ORU, OUL, OrderSource
from tests.support.outboxes import at_port
from tests.support.results import a_result

pytestmark = pytest.mark.loopback
SCRIPT = Path(__file__).resolve().parents[1] / "support" / "hl7_peer.mjs"
PACKAGES = ("node-hl7-server", "simple-hl7")


class NodePeer:
    """A server of `package` in a process of its own; `heard` gives what it read in the next message."""

    def __init__(self, folder: Path, package: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        command = ["node", str(SCRIPT), str(folder), package, str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        until = time.monotonic() + 30
        while time.monotonic() < until:
            line = self.process.stdout.readline().strip()
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise AssertionError("the peer said nothing")

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == "ready":
                return
        raise AssertionError("the peer ended")


@contextmanager
def started(package: str) -> Iterator[NodePeer]:
    folder = Path(os.environ.get("BLOODCELLS_NODE", "/nowhere"))
    if shutil.which("node") is None or not (folder / "node_modules" / package).is_dir():
        pytest.skip(f"no HL7 server in node: node with {package} in $BLOODCELLS_NODE")
    peer = NodePeer(folder, package)
    try:
        peer.wait_until_ready()
        yield peer
    finally:
        peer.process.kill()
        peer.process.wait(10)
        assert peer.process.stdout is not None
        peer.process.stdout.close()


@pytest.fixture(params=PACKAGES)
def peer(request: pytest.FixtureRequest) -> Iterator[NodePeer]:
    with started(request.param) as peer:
        yield peer


@pytest.mark.parametrize("message", [ORU, OUL])
def test_a_server_of_another_language_takes_what_is_sent(peer: NodePeer, message: str) -> None:
    destination = at_port(peer.port, message=message, timeout_s=10)
    result = a_result(order="O-4711", pdf=b"%PDF" * 20_000)
    for sent in (result, withdrawn(result, "W" + "A" * 19, "2026-03-03T10:00:00Z")):
        data = hl7_message(sent, destination)
        done = send_hl7(destination, data, sent.control_id)
        assert done.accepted, done.words.text()
        seen = peer.heard()
        assert seen.pop("observations") == data.count(b"\rOBX|")
        assert seen == {
            "control": sent.control_id, "patient": "P-77812", "family": "Émilie Lefèvre-Nowak",
            "placer": "O-4711", "specimen": "S-2026-0142",
        }  # fmt: skip


def test_its_refusal_is_one(peer: NodePeer) -> None:
    destination = at_port(peer.port, timeout_s=10)
    done = send_hl7(destination, connection_test("REFUSED", destination, "20260302110000"), "REFUSED")
    assert done.refused
    assert "AR" in done.words.text()


def test_a_question_is_understood_and_its_answer_too() -> None:
    with started("simple-hl7") as peer:
        source = OrderSource("LIS", host="127.0.0.1", port=peer.port)
        (order,) = ask_hl7(source, "S|1^2", "Q1", "20260302110000", lambda: False)
    assert (order.specimen, order.number, order.tests) == ("S|1^2", "O-4711", ("Differential",))
    assert order.field("patient_name") == "Lefèvre, Émilie"
