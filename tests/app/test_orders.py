"""Orders by number: from a folder that is never written to, newest first, and from systems that are asked."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from bloodcells_gui.app.connection_test import trial_lines
from bloodcells_gui.app.order_lookup import OrderLookup, try_source
from bloodcells_gui.domain.connecting import ASTM, Connections, OrderSource
from bloodcells_gui.domain.errors import UserError
from scripts.tools.scripted_orders import ScriptedOrders

HEAD = "specimen,patient_id,patient_name,birth_date,wbc\n"


def put(folder: Path, name: str, text: str, when: int) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, (when, when))


@pytest.fixture
def orders(tmp_path: Path) -> OrderLookup:
    return OrderLookup(lambda: Connections(orders=str(tmp_path)), lambda: date(2026, 3, 2))


def test_a_number_is_found_however_it_is_written(orders: OrderLookup, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEAD + 'S 1,42,"Doe, Jo",1990-01-31,9\nS2,43,Roe,1991-01-31,\n', 1_000)
    found = orders.look_up(" s1 ")
    assert found is not None
    assert (found.field("patient_id"), found.wbc, found.problems) == ("42", 9.0, ())
    assert orders.look_up("S3") is None
    assert orders.look_up("") is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]


def test_the_newest_file_comes_first_and_a_change_is_seen(orders: OrderLookup, tmp_path: Path) -> None:
    put(tmp_path, "old.csv", HEAD + "S1,42,Doe,1990-01-31,9\n", 1_000)
    put(tmp_path, "new.csv", HEAD + "S1,42,Doe,1990-01-31,8\n", 2_000)
    found = orders.look_up("S1")
    assert found is not None
    assert found.wbc == 8.0
    put(tmp_path, "new.csv", HEAD + "S1,42,Doe,1990-01-31,7\n", 3_000)
    found = orders.look_up("S1")
    assert found is not None
    assert found.wbc == 7.0


def test_files_that_cannot_be_read_stop_nothing_and_are_named(orders: OrderLookup, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEAD + "S1,42,Doe,1990-01-31,9\n", 1_000)
    put(tmp_path, "b.hl7", "MSH|^~\\&|nonsense\r", 2_000)
    put(tmp_path, ".c.csv", HEAD + "S1,1,Other,1990-01-31,9\n", 3_000)  # still being written
    put(tmp_path, "d.pdf", "x", 3_000)
    for _ in range(2):
        assert orders.look_up("S1") is not None
        (skipped,) = orders.skipped
        assert skipped.text().startswith("Skipped file b.hl7: ")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    gone = OrderLookup(lambda: Connections(orders=str(tmp_path / "gone")))
    with pytest.raises(UserError, match="folder of orders"):
        gone.look_up("S1")
    assert OrderLookup(Connections).look_up("S1") is None


def at(port: int, **changes: object) -> OrderSource:
    settings = {"host": "127.0.0.1", "port": port, "timeout_s": 1, **changes}
    return OrderSource("LIS", **settings)  # type: ignore[arg-type]


@pytest.mark.loopback
@pytest.mark.parametrize("protocol", ["mllp", "astm"])
def test_a_source_is_asked_and_its_order_checked(protocol: str, tmp_path: Path) -> None:
    with ScriptedOrders(protocol=protocol) as peer:
        source = at(peer.port, format=ASTM) if protocol == "astm" else at(peer.port)
        lookup = OrderLookup(lambda: Connections(sources=(source,)), lambda: date(2026, 3, 2))
        assert lookup.any
        found = lookup.look_up("S-1")
        assert found is not None
        assert (found.field("patient_id"), found.platelets, found.problems) == ("P-77812", 98.0, ())
        assert lookup.skipped == []
        tried = try_source(source, "S-9")
        assert tried.ok
        assert "S-9" in tried.sent
        # What is shown is what the peer got, word for word, and what it said.
        asked = peer.queries[-1]
        got = asked if isinstance(asked, str) else asked.decode()
        assert got.replace("\r", "\n").strip("\n") == tried.sent.strip("\n")
        assert "P-77812" in tried.came
        lines = trial_lines(tried, "en")
        assert [line[0] for line in lines] == sorted((line[0] for line in lines), key=">< =".index)
        assert lines[-1].startswith("= it answered with an order")
        assert "an order for S-9: Differential" in tried.words.text()
        assert len(peer.queries) == 2


@pytest.mark.loopback
def test_a_source_that_hangs_is_said_and_the_folder_still_answers(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEAD + "S1,42,Doe,1990-01-31,9\n", 1_000)
    with ScriptedOrders(lambda _: "hang", hold_s=3) as peer:
        connections = Connections(orders=str(tmp_path), sources=(at(peer.port),))
        lookup = OrderLookup(lambda: connections, lambda: date(2026, 3, 2))
        found = lookup.look_up("S1")
        assert found is not None
        assert found.wbc == 9.0
        assert "LIS gave no order: the peer did not answer within 1 s" in lookup.skipped[0].text()
        assert lookup.look_up("S2") is None
        stopped = lookup.look_up("S2", lambda: True)
        assert stopped is None
        assert "a person stopped it" in lookup.skipped[0].text()


@pytest.mark.loopback
def test_folder_and_source_of_different_patients_fill_nothing(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEAD + "S-1,42,Doe,1990-01-31,9\n", 1_000)
    with ScriptedOrders() as peer:
        connections = Connections(orders=str(tmp_path), sources=(at(peer.port),))
        found = OrderLookup(lambda: connections).look_up("S-1")
    assert found is not None
    assert found.fields == ()
    assert "different patients" in found.problems[0].text()


def test_nothing_is_reached_without_a_source_that_is_on() -> None:
    off = OrderSource("LIS", host="lis.example", on=False)
    lookup = OrderLookup(lambda: Connections(sources=(off,)))
    assert not lookup.any
    assert lookup.look_up("S-1") is None  # a connection would fail this test
