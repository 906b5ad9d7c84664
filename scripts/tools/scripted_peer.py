"""A laboratory system that behaves as it is told, on 127.0.0.1: for tests and for measuring.

    .venv/bin/python -m scripts.tools.scripted_peer [--port 2575] [--protocol mllp|astm] [--does accept]

Prints the control id of each message. It keeps what it accepted, so that a repeat can be told from a result.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from typing import Any

from bloodcells_gui.connect.astm_frames import ACK, ENQ, EOT, NAK, STX, read_frame
from bloodcells_gui.connect.astm_records import parse_records
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.domain.errors import InvalidValue

START, END = b"\x0b", b"\x1c\r"
HUGE_BYTES = 100_000_000
#: What a peer may do with an HL7 message.
FAULTS = (
    "hang", "close", "close after", "late", "twice", "wrong id", "wrong then right", "garbage", "huge frame",
    "huge noise", "fragments", "no acknowledgment", "refuse AE", "refuse AR", "half an answer",
)  # fmt: skip
ARRIVES = frozenset({"accept", "twice", "wrong then right", "fragments"})
REFUSES = frozenset({"refuse AE", "refuse AR"})


def answer(code: str, control_id: str, words: str = "") -> bytes:
    """An acknowledgment in its frame."""
    head = "MSH|^~\\&|LIS|LAB|BLOODCELLS||20260302110000||ACK^R01^ACK|1|P|2.5.1"
    lines = [head, f"MSA|{code}|{control_id}"]
    if words:
        lines.append(f"ERR|||207^Application internal error^HL70357|E||||{words}")
    return START + "\r".join(lines).encode() + b"\r" + END


class ScriptedPeer:
    """Listens from construction until :meth:`close`; each conversation has a thread of its own.

    Parameters
    ----------
    does : callable
        Control id -> "accept" or one of `FAULTS`; of ASTM, called with "" at the start of a conversation.
    protocol : str
        "mllp" or "astm".
    hold_s : float
        How long a peer that hangs or is late does so.
    """

    def __init__(
        self,
        does: Callable[[str], str] = lambda _: "accept",
        *,
        protocol: str = "mllp",
        hold_s: float = 1.5,
        port: int = 0,
        context: Any = None,
    ) -> None:
        self.does, self.hold_s, self.context = does, hold_s, context
        self.messages: list[bytes] = []
        self.accepted: list[str] = []
        self.connections = 0
        self._ended = threading.Event()
        talk = self._mllp if protocol == "mllp" else self._astm
        peer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                peer.connections += 1
                with contextlib.suppress(OSError, ValueError):
                    line = self.request
                    if peer.context is not None:
                        line = peer.context.wrap_socket(line, server_side=True)
                    line.settimeout(10)
                    with contextlib.closing(line):
                        talk(line)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                pass  # a peer that is closed upon is no fault of this program

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> ScriptedPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- HL7 -------------------------------------------------------------------------------------------

    def _mllp(self, line: socket.socket) -> None:
        buffer = b""
        while True:
            while END not in buffer:
                data = line.recv(65_536)
                if not data:
                    return
                buffer += data
            frame, buffer = buffer.split(END, 1)
            message = frame.removeprefix(START)
            control_id = parse_message(message).get("MSH", 10)
            act = self.does(control_id)
            self.messages.append(message)
            if act in ARRIVES:
                self.accepted.append(control_id)
            if not self._react(line, act, control_id):
                return

    def _react(self, line: socket.socket, act: str, control_id: str) -> bool:
        good, wrong = answer("AA", control_id), answer("AA", "ANOTHER")
        if act in ("hang", "late"):
            self._ended.wait(self.hold_s)
            if act == "late":
                line.sendall(good)
        elif act == "fragments":
            for i in range(len(good)):
                line.sendall(good[i : i + 1])
        elif act.startswith("huge"):
            self._flood(line, START if act == "huge frame" else b"x")
        elif act == "close after":
            time.sleep(0.01)
        said = {
            "accept": good, "twice": good + good, "wrong id": wrong, "wrong then right": wrong + good,
            "garbage": START + b"\x00\xff garbage" + END, "half an answer": good[:20],
            "no acknowledgment": answer("XX", control_id), "refuse AE": answer("AE", control_id, "unknown code"),
            "refuse AR": answer("AR", control_id, "not for me"),
        }.get(act)  # fmt: skip
        if said:
            line.sendall(said)
        if act in ("wrong id", "half an answer"):
            self._ended.wait(self.hold_s)
        return act in ARRIVES or act in REFUSES

    def _flood(self, line: socket.socket, first: bytes) -> None:
        line.sendall(first)
        block = b"x" * 1_000_000
        for _ in range(HUGE_BYTES // len(block)):
            line.sendall(block)

    # -- ASTM ------------------------------------------------------------------------------------------

    def _astm(self, line: socket.socket) -> None:
        act = self.does("")
        if act == "silent":
            self._ended.wait(self.hold_s)
            return
        first = {"busy": NAK, "contention": ENQ, "noise": b"??" + ACK, "always busy": NAK}.get(act, ACK)
        text, damaged, number = b"", 1 if act == "damaged" else 0, 0
        while True:
            sign = line.recv(1)
            if sign == ENQ:
                line.sendall(first)
                first = NAK if act == "always busy" else ACK
            elif sign == STX:
                frame = sign + self._rest(line)
                number += 1
                if act == "close" and number == 3:
                    return
                if act == "never takes" or damaged:
                    damaged = 0
                    line.sendall(NAK)
                    continue
                text += read_frame(frame)[1]
                line.sendall(EOT if act == "interrupts" else ACK)
            elif sign == EOT or not sign:
                break
        if sign == EOT and text:
            self.messages.append(text)
            with contextlib.suppress(InvalidValue):
                self.accepted.append(parse_records(text)[0].value(3))

    @staticmethod
    def _rest(line: socket.socket) -> bytes:
        found = b""
        while not found.endswith(b"\n"):
            data = line.recv(1)
            if not data:
                break
            found += data
        return found


def main() -> None:
    """Listen until Ctrl+C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=2575)
    parser.add_argument("--protocol", choices=("mllp", "astm"), default="mllp")
    parser.add_argument("--does", default="accept")
    args = parser.parse_args()
    with ScriptedPeer(lambda _: args.does, protocol=args.protocol, port=args.port) as peer:
        print(f"listens at 127.0.0.1:{peer.port}")
        shown = 0
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(0.2)
                for control_id in peer.accepted[shown:]:
                    print(control_id, flush=True)
                shown = len(peer.accepted)


if __name__ == "__main__":
    main()
