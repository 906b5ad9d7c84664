"""Orders by an ASTM query: frames received whole, and peers that give none."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from bloodcells_gui.connect.astm_query import ask_astm, astm_query
from bloodcells_gui.connect.astm_records import parse_records
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import ASTM, OrderSource
from bloodcells_gui.domain.orders import Order
from scripts.tools.scripted_orders import ScriptedOrders

pytestmark = pytest.mark.loopback
FAULTS = {
    "hang": "did not answer|closed", "close": "closed", "late": "did not answer|closed",
    "garbage": "check sum|no frame|did not answer", "huge frame": "answers more than|did not answer|closed",
    "huge noise": "did not answer|closed", "wrong specimen": "another specimen .ANOTHER",
    "half an answer": "did not answer|closed",
}  # fmt: skip


def asked(act: str) -> tuple[ScriptedOrders, list[Order]]:
    with ScriptedOrders(lambda _: act, protocol="astm") as peer:
        source = OrderSource("LIS", ASTM, "127.0.0.1", peer.port, timeout_s=1)
        query = astm_query(source, "S-1", "Q1", "20260302110000", "1.0")
        return peer, ask_astm(source, "S-1", query, lambda: False)


def test_the_question_names_the_specimen() -> None:
    peer, _ = asked("answer")
    head, query, end = parse_records(peer.queries[0])
    assert (head.value(3), query.value(3, 2), query.value(5, 4), query.value(13)) == ("Q1", "S-1", "ALL", "O")
    assert end.value(3) == "N"


@pytest.mark.parametrize("act", ["answer", "twice", "damaged"])
def test_an_order_is_taken_whole(act: str) -> None:
    (order,) = asked(act)[1]
    assert (order.specimen, order.tests) == ("S-1", ("Differential", "CBC"))
    assert order.field("patient_name") == "Lefèvre, Émilie"
    assert (order.field("patient_id"), order.field("birth_date")) == ("P-77812", "1961-07-14")
    assert (order.field("requester"), order.collected) == ("Dr. Schultz, Maria", "202603010755")
    assert (order.platelets, order.flags) == (98.0, ("PLT L", "Left Shift?"))


@pytest.mark.parametrize("act", ["not found", "cancelled"])
def test_a_peer_that_has_no_order_is_believed(act: str) -> None:
    assert asked(act)[1] == []


@pytest.mark.parametrize("act", FAULTS)
def test_a_faulty_peer_is_said_in_time_and_gives_nothing(act: str) -> None:
    began = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(Unreached, match=FAULTS[act]):
            asked(act)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 8
    assert peak < 30e6
