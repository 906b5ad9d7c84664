"""A laboratory system that is asked for orders and answers as it is told, on 127.0.0.1: for tests, to try.

    .venv/bin/python -m scripts.tools.scripted_orders [--port 2576] [--protocol mllp|astm] [--does answer]

It has an order for each specimen that it is asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import time
from collections.abc import Callable

from bloodcells_gui.connect.astm_frames import ACK, ENQ, EOT, NAK, STX, frames, read_frame
from bloodcells_gui.connect.astm_records import parse_records
from bloodcells_gui.connect.hl7_text import parse_message
from scripts.tools.scripted_peer import END, START, ScriptedPeer

#: What a peer may do with a question, besides answering it in one of the ways of `ANSWERS`.
QUERY_FAULTS = (
    "hang", "close", "late", "garbage", "huge frame", "huge noise", "wrong specimen", "wrong id", "refuse",
    "no order follows", "half an answer", "drip",
)  # fmt: skip
#: Ways to give an order: with the answer, behind it as IHE LAW has it, twice, in pieces.
ANSWERS = ("answer", "follows", "twice", "fragments", "older")
NONE = ("not found", "cancelled")
PATIENT = "PID|1||P-77812^^^LAB^PI||Lefèvre^Émilie||19610714|F"
_HEAD = "MSH|^~\\&|LIS|LAB|BLOODCELLS||20260302110000||{kind}|{control}|P|2.5.1|||NE|AL||UNICODE UTF-8"


def order_lines(specimen: str, patient: str = PATIENT, control: str = "NW") -> list[str]:
    """The segments of an order, analyser values with it."""
    return [
        patient,
        f"SPM|1|{specimen}||BLD^Whole blood^HL70487|||||||P||||||202603010755",
        f"SAC|||{specimen}",
        f"ORC|{control}|O-4711",
        "OBR|1|O-4711||DIFF^Differential^L||||||||||||77^Schultz^Maria^^^Dr.",
        "OBX|1|NM|777-3^PLT^LN||98|10*3/uL|150-400|L",
    ]


class ScriptedOrders(ScriptedPeer):
    """Answers questions for orders. `does` gets the specimen's number and names an answer or a fault.

    `queries` are the messages that it was asked with, `thanks` what acknowledged its orders. With the act
    "connects" the order goes to the port `answers_to`, as IHE LAW has it.
    """

    def __init__(
        self,
        does: Callable[[str], str] = lambda _: "answer",
        *,
        protocol: str = "mllp",
        hold_s: float = 1.5,
        port: int = 0,
        answers_to: int = 0,
    ) -> None:
        self.answers_to = answers_to
        self.queries: list[bytes] = []
        self.thanks: list[bytes] = []
        super().__init__(does, protocol=protocol, hold_s=hold_s, port=port)

    # -- HL7 -------------------------------------------------------------------------------------------

    def _mllp(self, line: socket.socket) -> None:
        buffer = b""
        while True:
            while END not in buffer:
                data = line.recv(65_536)
                if not data:
                    return
                buffer += data
            one, buffer = buffer.split(END, 1)
            text = one.removeprefix(START)
            message = parse_message(text)
            if message.get("MSH", 9, 1) != "QBP":
                self.thanks.append(text)
                continue
            self.queries.append(text)
            specimen = message.get("QPD", 3)
            self._answer(line, self.does(specimen), specimen, message.get("MSH", 10))

    def _answer(self, line: socket.socket, act: str, specimen: str, control: str) -> None:
        if act in ("hang", "late"):
            self._ended.wait(self.hold_s)
        if act in ("hang", "close"):
            line.close()
            return
        if act.startswith("huge"):
            self._flood(line, START if act == "huge frame" else b"x")
            return
        if act == "connects":
            answer, order = _hl7_answers("follows", specimen, control)
            line.sendall(_framed(answer))
            with socket.create_connection(("127.0.0.1", self.answers_to), 5) as back:
                back.sendall(_framed(order))
                self.thanks.append(back.recv(65_536).removeprefix(START).split(END)[0])
            return
        said = b"".join(_framed(lines) for lines in _hl7_answers(act, specimen, control))
        if act == "garbage":
            said = START + b"\x00\xff garbage" + END
        if act == "half an answer":
            said = said[: len(said) // 2]
        for piece in [said[i : i + 1] for i in range(len(said))] if act in ("fragments", "drip") else [said]:
            line.sendall(piece)
            if act == "drip":
                self._ended.wait(0.2)

    # -- ASTM ------------------------------------------------------------------------------------------

    def _astm(self, line: socket.socket) -> None:
        text = b""
        while (sign := line.recv(1)) not in (EOT, b""):
            if sign == ENQ:
                line.sendall(ACK)
            elif sign == STX:
                text += read_frame(sign + self._rest(line))[1]
                line.sendall(ACK)
        if not text:
            return
        self.queries.append(text)
        asked = next(r for r in parse_records(text) if r.type == "Q")
        specimen = asked.value(3, 2)
        self._astm_answer(line, self.does(specimen), specimen)

    def _astm_answer(self, line: socket.socket, act: str, specimen: str) -> None:
        if act in ("hang", "late"):
            self._ended.wait(self.hold_s)
        if act in ("hang", "close"):
            return
        if act.startswith("huge"):
            self._flood(line, ENQ + STX if act == "huge frame" else b"x")
            return
        if act == "garbage":
            line.sendall(ENQ + b"??" + STX + b"1garbage\x0300\r\n" * 20)
            self._ended.wait(self.hold_s)
            return
        for message in _astm_answers(act, specimen):
            line.sendall(ENQ)
            if self._sign(line) != ACK:
                return
            for number, one in enumerate(frames(message), 1):
                self._frame(line, one, act if number == 2 else "")
            if act == "half an answer":
                self._ended.wait(self.hold_s)
                return
            line.sendall(EOT)

    def _frame(self, line: socket.socket, one: bytes, act: str) -> None:
        """Send a frame until it is taken; `act`: damaged the first time, or twice as after a lost answer."""
        if act == "damaged":
            line.sendall(one.replace(b"|", b"!", 1))
            self._sign(line)
        for _ in range(2 if act == "twice" else 1):
            line.sendall(one)
            if self._sign(line) == NAK:
                line.sendall(one)
                self._sign(line)

    @staticmethod
    def _sign(line: socket.socket) -> bytes:
        return line.recv(1)


def _framed(lines: list[str]) -> bytes:
    return START + "\r".join(lines).encode() + b"\r" + END


def _hl7_answers(act: str, specimen: str, control: str) -> list[list[str]]:
    """The messages of an answer, as lines."""
    named = "ANOTHER" if act == "wrong specimen" else specimen
    status = {"not found": "NF", "refuse": "AE"}.get(act, "OK")
    code = "AE|" if act == "refuse" else "AA|"
    heads = [
        _HEAD.format(kind="RSP^K11^RSP_K11", control="R1"),
        f"MSA|{code}{'SOMEBODY' if act == 'wrong id' else control}"
        + ("|not known here" if act == "refuse" else ""),
        f"QAK|{control}|{status}|WOS^Work Order Step^IHELAW",
        f"QPD|WOS^Work Order Step^IHELAW|{control}|{specimen}",
    ]
    order = [_HEAD.format(kind="OML^O33^OML_O33", control="O1"), *order_lines(named)]
    if act in ("not found", "refuse", "no order follows", "wrong id"):
        return [heads]
    if act == "cancelled":
        return [
            heads,
            [_HEAD.format(kind="OML^O33^OML_O33", control="O1"), *order_lines(named, control="DC")],
        ]
    if act in ("follows", "wrong specimen"):
        return [heads, order]
    if act == "another patient":
        other = order_lines(named, "PID|1||P-1^^^LAB^PI||Doe^Jo||19900131|M")
        return [heads, order, [_HEAD.format(kind="OML^O33^OML_O33", control="O2"), *other]]
    if act == "older":
        return [[_HEAD.format(kind="ORM^O01", control="O1"), *order_lines(named)]]
    whole = [*heads, *order_lines(named)]
    return [whole, whole] if act == "twice" else [whole]


def _astm_answers(act: str, specimen: str) -> list[bytes]:
    named = "ANOTHER" if act == "wrong specimen" else specimen
    head = "H|\\^&|||LIS|||||BLOODCELLS||P|LIS2-A2|20260302110000"
    patient = "P|1|P-77812|||Lefèvre^Émilie||19610714|F"
    order = f"O|1|{named}||^^^DIFF^Differential\\^^^CBC|R||202603010755||||A||||BLOOD|77^Schultz^Maria^^^Dr.|||||||||Q"
    values = "R|1|^^^PLT^1|98|10*3/uL||L||F\rR|2|^^^Left_Shift?||||A||F"
    lines = [head, patient, order, values, "L|1|F"]
    if act == "not found":
        lines = [head, "L|1|I"]
    if act == "cancelled":
        lines = [head, f"O|1|{named}||^^^ALL|R||||||||||||||||||||Y", "L|1|F"]
    return [("\r".join(lines) + "\r").encode()]


def main() -> None:
    """Listen until Ctrl+C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=2576)
    parser.add_argument("--protocol", choices=("mllp", "astm"), default="mllp")
    parser.add_argument("--does", default="answer", choices=(*ANSWERS, *NONE, *QUERY_FAULTS))
    args = parser.parse_args()
    with ScriptedOrders(lambda _: args.does, protocol=args.protocol, port=args.port) as peer:
        print(f"listens at 127.0.0.1:{peer.port}")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(0.2)


if __name__ == "__main__":
    main()
