"""Orders by QBP^Q11: answers of every kind, and peers that give none."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from bloodcells_gui.connect import peer as network
from bloodcells_gui.connect.hl7_query import ask_hl7, order_query
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.connect.orders import answered_orders
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import ASTM, OrderSource
from bloodcells_gui.domain.orders import Order, merged
from scripts.tools.scripted_orders import ANSWERS, NONE, QUERY_FAULTS, ScriptedOrders
from tests.support.hl7_validator import validated

pytestmark = pytest.mark.loopback
WORDS = {
    "hang": "did not answer|closed", "close": "closed", "late": "did not answer", "garbage": "cannot be read",
    "huge frame": "answers more than", "huge noise": "did not answer|closed",
    "wrong specimen": "another specimen .ANOTHER", "wrong id": "did not answer", "refuse": "not known here",
    "no order follows": "announced the order", "half an answer": "did not answer", "drip": "did not answer",
}  # fmt: skip


def source(port: int, **changes: object) -> OrderSource:
    settings = {"host": "127.0.0.1", "port": port, "timeout_s": 1, **changes}
    return OrderSource("LIS", **settings)  # type: ignore[arg-type]


def asked(act: str, number: str = "S-1") -> tuple[ScriptedOrders, list[Order]]:
    with ScriptedOrders(lambda _: act) as peer:
        found = ask_hl7(source(peer.port), number, "Q1", "20260302110000", lambda: False)
        time.sleep(0.05)  # the thanks are on their way
        return peer, found


def test_the_question_is_that_of_ihe_law() -> None:
    made = order_query(source(1, application="LIS"), "S|1", "Q1", "20260302110000")
    message = parse_message(made)
    assert message.get("MSH", 9) == "QBP"
    assert made.decode().split("\r") == [
        "MSH|^~\\&|BLOODCELLS||LIS||20260302110000+0000||QBP^Q11^QBP_Q11|Q1|P|2.5.1|||ER|AL||UNICODE UTF-8"
        "|||LAB-27^IHE",
        "QPD|WOS^Work Order Step^IHELAW|Q1|S\\F\\1",
        "RCP|I||R^^HL70394",
        "",
    ]


@pytest.mark.parametrize("act", ANSWERS)
def test_an_order_is_taken_however_it_comes(act: str) -> None:
    peer, found = asked(act)
    order = merged(found)
    assert order is not None
    assert (order.specimen, order.number, order.tests) == ("S-1", "O-4711", ("Differential",))
    assert order.field("patient_name") == "Lefèvre, Émilie"
    assert (order.field("birth_date"), order.field("requester")) == ("1961-07-14", "Dr. Schultz, Maria")
    assert (order.platelets, order.flags) == (98.0, ("PLT L",))
    assert (order.requester, order.collected) == ("77^Schultz^Maria^^^Dr.", "202603010755")
    if act == "follows":
        (thanks,) = peer.thanks
        assert thanks.startswith(b"MSH|^~\\&|BLOODCELLS")
        answer = parse_message(thanks)
        assert (answer.get("MSH", 9, 3), answer.get("MSA", 1), answer.get("MSA", 2)) == (
            "ORL_O34", "AA", "O1",
        )  # fmt: skip


@pytest.mark.parametrize("act", NONE)
def test_a_peer_that_has_no_order_is_believed(act: str) -> None:
    assert asked(act)[1] == []


@pytest.mark.parametrize("act", QUERY_FAULTS)
def test_a_faulty_peer_is_said_in_time_and_gives_nothing(act: str) -> None:
    began = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(Unreached, match=WORDS[act]):
            asked(act)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 8
    assert peak < 30e6


def test_an_order_for_another_specimen_is_refused_to_the_peer_too() -> None:
    with ScriptedOrders(lambda _: "wrong specimen") as peer:
        with pytest.raises(Unreached):
            ask_hl7(source(peer.port), "S-1", "Q1", "20260302110000", lambda: False)
        time.sleep(0.05)
        assert parse_message(peer.thanks[0]).get("MSA", 1) == "AR"


def test_a_second_order_that_names_another_patient_is_heard() -> None:
    order = merged(asked("another patient")[1])
    assert order is not None
    assert order.fields == ()
    assert "different patients" in order.problems[0].text()


def test_a_person_need_not_wait() -> None:
    stopped = threading.Event()
    threading.Timer(0.2, stopped.set).start()
    began = time.monotonic()
    with ScriptedOrders(lambda _: "hang", hold_s=5) as peer, pytest.raises(Unreached, match="stopped"):
        ask_hl7(source(peer.port, timeout_s=5), "S-1", "Q1", "20260302110000", stopped.is_set)
    assert time.monotonic() - began < 2


def test_orders_as_systems_write_them_are_read() -> None:
    # MSH-18 not of the table, no SPM-2, the explicit null in SPM-4, PV1 and TCD that are not asked for
    message = (
        "MSH|^~\\&|LIS|||20260302||OML^O33^OML_O33|5|P|2.5.1|||NE|AL||UTF-8|||LAB-28^IHE\r"
        'PID|1||42||Lef\u00e8vre^\u00c9milie^^^^^L||19610714|F\rPV1||U|^103\rSPM|1|||""|||||||P^^HL70369\r'
        "SAC|||S-1\rORC|NW|O-1\rTQ1|||||||||R^^HL70485\rOBR||O-1||DIFF^^99LAB\rTCD|DIFF^^99LAB\r"
    )
    (order,) = answered_orders(parse_message(message.encode()), "LIS")
    assert order.is_of("S-1")
    assert (order.number, order.tests) == ("O-1", ("DIFF",))
    assert order.field("patient_name") == "Lef\u00e8vre, \u00c9milie"


def test_a_validator_has_nothing_to_say_of_question_and_thanks(tmp_path: Path) -> None:
    question = order_query(source(1, application="LIS"), "S-1", "Q1", "20260302110000")
    assert validated(question, tmp_path) == []
    assert validated(asked("follows")[0].thanks[0], tmp_path) == []


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_peer_may_connect_for_the_order() -> None:
    port = free_port()
    with ScriptedOrders(lambda _: "connects", answers_to=port) as peer:
        began = time.monotonic()
        found = ask_hl7(source(peer.port, answer_port=port, timeout_s=5), "S-1", "Q1", "2026", lambda: False)
        assert time.monotonic() - began < 3
        time.sleep(0.05)
        assert parse_message(peer.thanks[0]).get("MSA", 1) == "AA"
    order = merged(found)
    assert order is not None
    assert (order.specimen, order.number) == ("S-1", "O-4711")
    with pytest.raises(ConnectionRefusedError):  # nothing listens behind the conversation
        socket.create_connection(("127.0.0.1", port), 1)


def test_a_peer_that_does_not_connect_is_said() -> None:
    with ScriptedOrders(lambda _: "no order follows") as peer:
        with pytest.raises(Unreached, match="announced the order"):
            ask_hl7(source(peer.port, answer_port=free_port()), "S-1", "Q1", "2026", lambda: False)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(Unreached, match="cannot listen"):
                ask_hl7(source(peer.port, answer_port=port), "S-1", "Q1", "2026", lambda: False)


def test_only_the_peer_that_was_asked_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr(network.Peer, "ends", property(lambda _: ("127.0.0.1", "192.0.2.7")))
    with ScriptedOrders(lambda _: "connects", answers_to=port) as peer:
        with pytest.raises(Unreached, match="announced the order"):
            ask_hl7(source(peer.port, answer_port=port), "S-1", "Q1", "2026", lambda: False)
        assert peer.thanks in ([], [b""])


def test_awaiting_an_order_at_a_port_is_for_plain_hl7() -> None:
    for changes in ({"tls": True}, {"format": ASTM}):
        with pytest.raises(ValueError, match="awaited at a port"):
            source(1, answer_port=2577, **changes)
