"""Ask a laboratory system for the order of a specimen: QBP^Q11 after IHE LAW (LAB-27), over MLLP.

The answer is RSP^K11. The order stands in it, or follows as OML^O33 (LAB-28), which is acknowledged by
ORL^O34: on the same connection, as many systems have it, or on one that the peer opens, as the profile has
it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bloodcells_gui.connect.hl7_result import APPLICATION, PRODUCTION, VERSION
from bloodcells_gui.connect.hl7_text import CHARACTER_SET, Message, components, escape, parse_message, segment
from bloodcells_gui.connect.mllp import framed, meaning, next_frame
from bloodcells_gui.connect.orders import answered_orders
from bloodcells_gui.connect.peer import (
    CAME,
    Answers,
    Peer,
    Unreached,
    answering,
    connected,
    quoting,
    shown_bytes,
)
from bloodcells_gui.domain.connecting import OrderSource
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.orders import Order

#: The query of IHE LAW, and its transactions.
QUERY_NAME = "WOS^Work Order Step^IHELAW"
_LAW_QUERY, _LAW_ORDER = "LAB-27^IHE", "LAB-28^IHE"
#: After the order it is listened so long for another one, which might name another patient.
AFTER_S = 0.3
_MOST_FRAMES = 50
_ACKNOWLEDGED_BY = {"O33": "ORL^O34^ORL_O34", "O21": "ORL^O22^ORL_O22"}
_REFUSED = frozenset({"AE", "AR"})
NOT_FOUND = "NF"
ANOTHER_SPECIMEN = N_("the answer is for another specimen ({other})")
REFUSED_QUERY = N_("the query was refused: {words}")


def order_query(source: OrderSource, specimen: str, control: str, moment: str) -> bytes:
    """The query for the work order steps of a specimen, in UTF-8."""
    head = segment(
        "MSH",
        {
            1: "^~\\&",
            2: APPLICATION,
            4: escape(source.application),
            5: escape(source.facility),
            6: f"{moment}+0000",
            8: "QBP^Q11^QBP_Q11",
            9: control,
            10: PRODUCTION,
            11: VERSION,
            14: "ER",
            15: "AL",
            17: CHARACTER_SET,
            20: _LAW_QUERY,
        },
    )
    asked = segment("QPD", {1: QUERY_NAME, 2: control, 3: escape(specimen)})
    return f"{head}\r{asked}\rRCP|I||R^^HL70394\r".encode()


def ask_hl7(
    source: OrderSource,
    specimen: str,
    control: str,
    moment: str,
    stop: Callable[[], bool],
    came: list[bytes] | None = None,
) -> list[Order]:
    """The orders of a specimen; none where the peer says that it has none; `came` gets its messages.

    Raises
    ------
    Unreached
        When no answer to this question came in time, it is refused, or it is for another specimen.
    """
    with (
        connected(source.peer, stop) as peer,
        answering(peer, source.answer_port, float(source.timeout_s), stop) as answers,
    ):
        peer.send(framed(order_query(source, specimen, control, moment)))
        came = [] if came is None else came
        return _Conversation(peer, source, specimen, control, answers, came).orders()


@dataclass(slots=True)
class _Conversation:
    """What has come since the question; `announced` says that the order is to follow.

    Where the peer connects for it (`answers`), the conversation goes on over that connection.
    """

    peer: Peer
    source: OrderSource
    specimen: str
    control: str
    answers: Answers | None = None
    came: list[bytes] = field(default_factory=list)
    found: list[Order] = field(default_factory=list)
    wrong: str = ""
    announced: bool = False
    ended: bool = False

    def orders(self) -> list[Order]:
        until, buffer = time.monotonic() + self.source.timeout_s, b""
        for _ in range(_MOST_FRAMES):
            try:
                if self.announced and not self.found and self.answers is not None:
                    self.peer, self.answers, buffer = self.answers.accept(until), None, b""
                heard = bytearray(buffer)
                with quoting(heard):
                    frame, buffer = next_frame(self.peer, buffer, until, heard)
                self.came.append(frame)
            except Unreached as error:
                if self.found:
                    break
                raise self._why(error) from error
            before = len(self.found)
            self._hear(frame)
            if self.ended:
                break
            if before == 0 and self.found:
                until = min(until, time.monotonic() + AFTER_S)
        if not self.found and self.wrong:
            raise Unreached(ANOTHER_SPECIMEN, other=self.wrong)
        return self.found

    def _why(self, error: Unreached) -> Unreached:
        """No order came: what the peer said so far is a better reason than its silence."""
        if self.wrong:
            return Unreached(ANOTHER_SPECIMEN, other=self.wrong)
        if self.announced:
            return Unreached(
                N_("the peer announced the order and did not send it: {reason}"), reason=error.words
            )
        if self.came:  # it said something, and no answer to this question
            return Unreached(CAME, reason=error.words, data=shown_bytes(self.came[0]))
        return error

    def _hear(self, frame: bytes) -> None:
        try:
            message = parse_message(frame)
        except InvalidValue as error:
            if self.found:
                return
            text = N_("the answer of the peer cannot be read: {reason}; it begins with {data}")
            raise Unreached(text, reason=error.reason, data=shown_bytes(frame)) from error
        kind = message.get("MSH", 9, 1).upper()
        if kind in ("OML", "ORM"):
            self._hear_order(message)
        elif message.get("MSA", 2) == self.control:
            self._hear_answer(message, kind)

    def _hear_answer(self, message: Message, kind: str) -> None:
        """An answer to the question, or its mere acknowledgment."""
        done = meaning(message)
        status = message.get("QAK", 2).upper()
        if done.refused or status in _REFUSED:
            raise Unreached(REFUSED_QUERY, words=done.words if done.refused else status)
        if status == NOT_FOUND:
            self.ended = not self.found
            return
        asked = message.get("QPD", 3)
        self._take(answered_orders(message, self.source.name))
        if not self.found and asked and not Order(asked).is_of(self.specimen):
            self.wrong = asked[:40]
        self.announced = kind in ("RSP", "QCK")

    def _hear_order(self, message: Message) -> None:
        """An order that the peer sends behind its answer."""
        orders = answered_orders(message, self.source.name)
        own = self._take(orders)
        cancelled = not orders and any(_names(message, self.specimen))
        with contextlib.suppress(Unreached):  # the order is here, whatever becomes of the thanks
            self.peer.send(framed(self._acknowledgment(message, accepted=bool(own) or cancelled)))
        if cancelled and not self.found:  # IHE LAW says so that there is nothing to be done
            self.ended = True

    def _take(self, orders: list[Order]) -> list[Order]:
        own = [order for order in orders if order.is_of(self.specimen)]
        if orders and not own:
            self.wrong = orders[0].specimen[:40]
        self.found += own
        return own

    def _acknowledgment(self, message: Message, *, accepted: bool) -> bytes:
        """The answer to an order: ORL for OML, ACK for ORM."""
        trigger, control = message.get("MSH", 9, 2), message.get("MSH", 10)
        head = segment(
            "MSH",
            {
                1: "^~\\&",
                2: APPLICATION,
                4: escape(self.source.application),
                5: escape(self.source.facility),
                6: escape(message.get("MSH", 7)),
                8: _ACKNOWLEDGED_BY.get(trigger, f"ACK^{escape(trigger)}^ACK"),
                9: f"A{self.control}"[:20],
                10: PRODUCTION,
                11: VERSION,
                17: CHARACTER_SET,
                20: _LAW_ORDER if trigger == "O33" else "",
            },
        )
        code = "AA" if accepted else "AR"
        return f"{head}\r{segment('MSA', {1: code, 2: components(control)})}\r".encode()


def _names(message: Message, specimen: str) -> list[bool]:
    """Whether each specimen or container of a message is that one."""
    numbers = [s.value(2).split("&")[0] for s in message.all("SPM")]
    numbers += [s.value(3) for s in message.all("SAC")]
    return [Order(number).is_of(specimen) for number in numbers]
