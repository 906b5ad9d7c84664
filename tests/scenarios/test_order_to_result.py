"""From the bar code to the result: what was ordered is answered under its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from bloodcells_gui.app.case_details import analyser_rows
from bloodcells_gui.app.signing import sign
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.domain.connecting import ASTM, Connections, Destination, OrderSource
from bloodcells_gui.domain.taxonomy import SEGMENTED
from scripts.tools.scripted_orders import ScriptedOrders
from scripts.tools.scripted_peer import ScriptedPeer
from tests.support.outboxes import AT, at_port, workstation

pytestmark = pytest.mark.loopback


@pytest.mark.parametrize("protocol", ["mllp", "astm"])
def test_what_was_ordered_is_answered(protocol: str, tmp_path: Path) -> None:
    with ScriptedOrders(protocol=protocol) as system, ScriptedPeer() as peer:
        workspace = workstation(tmp_path)
        source = OrderSource("LIS", host="127.0.0.1", port=system.port)
        if protocol == "astm":
            source = OrderSource("LIS", ASTM, "127.0.0.1", system.port)
        connections = Connections((at_port(peer.port),), sources=(source,))
        workspace.outbox.save_connections(connections.confirm("A. Dupont", AT))
        orders = workspace.orders()
        assert orders is not None
        order = orders.look_up("S-2026-0142")
        assert order is not None
        assert order.problems == ()
        session = workspace.new_counter_case("S-2026-0142")
        for name, text in order.case_fields([f.name for f in workspace.settings.fields]):
            session.set_field(name, text)
        session.count(SEGMENTED, 1)
        assert session.state.data.fields["analyser_flags"].startswith("PLT L")
        sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
        session.close()
        workspace.outbox.send()
        workspace.outbox.close()
    (message,) = map(parse_message, peer.messages)
    assert message.get("OBR", 2) == ("O-4711" if protocol == "mllp" else "S-2026-0142")
    assert (message.get("PID", 3), message.get("PID", 5, 1)) == ("P-77812", "Lefèvre")
    assert [message.get("OBR", 16, n) for n in (1, 2, 3, 6)] == ["77", "Schultz", "Maria", "Dr."]
    assert (message.get("OBR", 7), message.get("SPM", 17)) == ("202603010755", "202603010755")


def test_without_anything_set_up_nothing_is_reached(tmp_path: Path) -> None:
    workspace = workstation(tmp_path)
    assert workspace.orders() is None  # a connection would fail this test
    off = OrderSource("LIS", host="lis.example", on=False)
    workspace.outbox.save_connections(Connections((Destination("LIS", folder="/x"),), sources=(off,)))
    assert workspace.orders() is None


@pytest.mark.loopback
def test_an_analysers_differential_fills_the_comparison(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "xn.astm").write_bytes(
        b"H|\\^&|||XN\rP|1||42||Doe^Jo||19900131|M\rO|1|S-1||^^^CBC\rR|1|^^^^WBC^1|6700|/uL\r"
        b"R|2|^^^^NEUT#^1|4.02|10*3/uL\rR|3|^^^^LYMPH%^1|30|%\rL|1|N\r"
    )
    workspace = workstation(tmp_path)
    workspace.outbox.save_connections(Connections(orders=str(tmp_path / "orders")))
    orders = workspace.orders()
    assert orders is not None
    order = orders.look_up("s-1")
    assert order is not None
    session = workspace.new_counter_case("S-1")
    for name, text in (
        *order.case_fields([f.name for f in workspace.settings.fields]),
        ("wbc", f"{order.wbc:g}"),
    ):
        session.set_field(name, text)
    session.count(SEGMENTED, 1)
    assert {(r.code, r.analyser) for r in analyser_rows(session)} == {
        ("neutrophils", 60.0),
        ("lymphocytes", 30.0),
    }
    (row,) = [r for r in session.differential("five").rows if r.code == "NEUTROPHIL"]
    assert row.absolute == pytest.approx(6.7)
    session.close()
    workspace.outbox.close()
