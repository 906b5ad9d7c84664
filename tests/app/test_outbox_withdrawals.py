"""A result that was sent for a wrong patient or specimen is taken back there, and sent anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.app import outbox as outbox_module
from bloodcells_gui.app.connected_verbs import line_text
from bloodcells_gui.app.outgoing import another_than_sent, order_of_another, places_of
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.connect.hl7_text import Message, parse_message
from bloodcells_gui.domain.connecting import ASTM, FHIR, Destination, SendState, is_withdrawal
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.orders import Identity, Order
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD
from bloodcells_gui.storage.outbox import OutboxFile
from tests.support.outboxes import counted_case, workstation


def to_folder(path: Path, format: str = "hl7") -> Destination:
    path.mkdir(exist_ok=True)
    return Destination("LIS", format, folder=str(path))


def signed_for(workspace: Workspace, patient: str) -> CaseSession:
    session = counted_case(workspace)
    session.set_field("patient_id", patient)
    sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
    return session


def corrected(session: CaseSession, **fields: str) -> None:
    amend(session, "A. Dupont", "wrong patient")
    for name, value in fields.items():
        session.set_field(name, value)
    sign(session, "A. Dupont", "Amended report", "Short count.")


def arrived(out: Path) -> dict[str, Message]:
    return {p.stem: parse_message(p.read_bytes()) for p in out.iterdir()}


@pytest.mark.parametrize(("field", "place"), [("patient_id", ("PID", 3)), (SPECIMEN_ID_FIELD, ("SPM", 2))])
def test_the_wrong_one_is_withdrawn_before_the_right_one_comes(
    field: str, place: tuple[str, int], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for(workspace, "P-1")
    workspace.outbox.send()
    corrected(session, **{field: "R-2"})
    sent = [s.line.control_id for s in workspace.outbox.send()]
    assert ["withdrawal" in line_text(x) for x in workspace.outbox.lines()] == [False, True, False]
    first, withdrawal, second = (x.control_id for x in workspace.outbox.lines())
    assert sent == [withdrawal, second]
    assert is_withdrawal(withdrawal)
    assert not is_withdrawal(second)
    messages = arrived(out)
    old, wrong, right = (messages[c] for c in (first, withdrawal, second))
    assert [m.get(*place) for m in (old, wrong, right)][:2] == [old.get(*place)] * 2
    assert right.get(*place) == "R-2"
    assert wrong.get("OBR", 3) == old.get("OBR", 3) != right.get("OBR", 3)
    assert wrong.get("OBR", 2) == old.get("OBR", 2)
    assert [m.get("OBR", 25) for m in (old, wrong, right)] == ["F", "C", "F"]
    assert [{s.value(11) for s in m.all("OBX")} for m in (old, wrong, right)] == [{"F"}, {"W"}, {"F"}]
    assert "Withdrawn" in next(s.value(5) for s in wrong.all("OBX") if s.value(2) == "TX")
    assert first not in (out / f"{second}.hl7").read_text()
    assert wrong.get("MSH", 7)[:14] == right.get("MSH", 7)[:14]
    # A further version for the right patient corrects that one.
    corrected(session, requester="Dr Roy")
    workspace.outbox.send()
    third = workspace.outbox.lines()[-1]
    assert third.replaces == second
    last = arrived(out)[third.control_id]
    assert (last.get("OBR", 25), last.get("OBR", 3)) == ("C", right.get("OBR", 3))
    assert [x.control_id for x in workspace.outbox.of_version(session)] == [third.control_id]
    with pytest.raises(UserError, match="wrong patient"):
        workspace.outbox.retry("LIS", first)
    assert all(x.state is SendState.SENT for x in workspace.outbox.lines())
    session.close()
    workspace.outbox.close()


def test_a_name_that_is_written_otherwise_is_a_correction(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    session = signed_for(workspace, "P-1")
    corrected(session, patient_name="Doe, Jo", patient_id=" p-1 ")
    assert [is_withdrawal(x.control_id) for x in workspace.outbox.lines()] == [False, False]
    session.close()
    workspace.outbox.close()


@pytest.mark.parametrize(
    ("before", "now", "another"),
    [
        (Identity("S1", "P1"), Identity("S1", "P2"), True),
        (Identity("S1", "P1"), Identity("S2", "P1"), True),
        (Identity("S1", ""), Identity("S1", "P2"), False),
        (Identity("S1", "P1", "doe", "1990"), Identity("S1", "P1", "roe", "1991"), False),
        (Identity("S1", "", "doe", "1990"), Identity("S1", "", "roe", "1991"), True),
        (Identity("S1", "", "doe", "1990"), Identity("S1", "", "roe", "1990"), False),
        (Identity("S1", "", "doe", ""), Identity("S1", "", "roe", "1990"), False),
    ],
)
def test_who_is_another(before: Identity, now: Identity, another: bool) -> None:
    assert before.is_another(now) is another


def test_what_never_went_is_neither_sent_nor_taken_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for(workspace, "P-1")
    corrected(session, patient_id="P-2")
    session.close()
    workspace.outbox.send()
    first, withdrawal, second = workspace.outbox.lines()
    assert [x.state for x in (first, withdrawal)] == [SendState.REFUSED] * 2
    assert "wrong patient" in first.words.text()
    assert "never went there" in withdrawal.words.text()
    assert second.state is SendState.SENT
    assert list(arrived(out)) == [second.control_id]
    workspace.outbox.close()


def test_what_may_have_gone_is_taken_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for(workspace, "P-1")
    out.rmdir()
    workspace.outbox.send()  # tried: nobody knows whether it arrived
    corrected(session, patient_id="P-2")
    session.close()
    out.mkdir()
    workspace.outbox.send(anyway=True)
    first, withdrawal, second = workspace.outbox.lines()
    assert [x.state for x in (first, withdrawal, second)] == [
        SendState.REFUSED, SendState.SENT, SendState.SENT,
    ]  # fmt: skip
    assert set(arrived(out)) == {withdrawal.control_id, second.control_id}
    workspace.outbox.close()


def test_what_went_before_a_kill_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for(workspace, "P-1")
    deliver = outbox_module.deliver

    def killed(*args: Any) -> None:
        deliver(*args)
        raise KeyboardInterrupt  # nothing is noted any more

    monkeypatch.setattr(outbox_module, "deliver", killed)
    with pytest.raises(KeyboardInterrupt):
        workspace.outbox.send()
    monkeypatch.undo()
    corrected(session, patient_id="P-2")
    session.close()
    workspace.outbox.send()
    first, withdrawal, second = workspace.outbox.lines()
    assert set(arrived(out)) == {x.control_id for x in (first, withdrawal, second)}
    assert withdrawal.state is SendState.SENT
    workspace.outbox.close()


def test_a_kill_between_withdrawal_and_report_loses_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for(workspace, "P-1")
    workspace.outbox.send()
    keep = OutboxFile.keep

    def killed(self: OutboxFile, report: object, destinations: object) -> int:
        if not is_withdrawal(report.control_id):  # type: ignore[attr-defined]
            raise UserError("killed")
        return keep(self, report, destinations)  # type: ignore[arg-type]

    monkeypatch.setattr(OutboxFile, "keep", killed)
    corrected(session, patient_id="P-2")
    monkeypatch.undo()
    session.close()
    assert len(workspace.outbox.lines()) == 2
    workspace.outbox.send()
    workspace.outbox.send()
    lines = workspace.outbox.lines()
    assert [x.state for x in lines] == [SendState.SENT] * 3
    assert len({x.control_id for x in lines}) == 3
    workspace.outbox.close()


def test_a_lost_outbox_is_rebuilt_under_the_same_ids(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for(workspace, "P-1")
    corrected(session, patient_id="P-2")
    corrected(session, requester="Dr Roy")
    before = [x.control_id for x in workspace.outbox.lines()]
    places = places_of(session)
    assert [p.version for p in places] == [1, 2, 3]
    assert [p.wrong is not None for p in places] == [False, True, False]
    assert places[0].filler != places[1].filler == places[2].filler
    workspace.outbox.close()
    for file in tmp_path.glob("outbox.sqlite*"):
        file.unlink()
    assert workspace.outbox.put_in(session) == 1
    assert [x.control_id for x in workspace.outbox.lines()] == before[-1:]
    session.close()
    workspace.outbox.close()


def test_the_other_forms_say_it_in_their_words(tmp_path: Path) -> None:
    for format in (ASTM, FHIR):
        home = tmp_path / format
        home.mkdir()
        out = home / "out"
        workspace = workstation(home, to_folder(out, format))
        session = signed_for(workspace, "P-1")
        workspace.outbox.send()
        corrected(session, patient_id="P-2")
        session.close()
        workspace.outbox.send()
        _, withdrawal, _ = workspace.outbox.lines()
        text = next(p for p in out.iterdir() if p.stem == withdrawal.control_id).read_bytes().decode()
        workspace.outbox.close()
        if format == ASTM:
            records = [line.split("|") for line in text.split("\r")]
            assert {r[8] for r in records if r[0] == "R"} == {"X"}
            assert next(r[25] for r in records if r[0] == "O") == "X"
        else:
            resources = [e["resource"] for e in json.loads(text)["entry"]]
            states = {
                r["status"] for r in resources if r["resourceType"] in ("Observation", "DiagnosticReport")
            }
            assert states == {"entered-in-error"}


ORDERED = Order(
    "S-1", "O-4711",
    (("patient_name", "Doe, Jo"), ("patient_id", "P-1"), ("birth_date", "1990-01-31"),
     ("requester", "Dr. Schultz, Maria"), ("collected_at", "2026-03-01")),
    requester="77^Schultz^Maria^^^Dr.", collected="202603010755", authority="LAB",
)  # fmt: skip


def signed_for_an_order(workspace: Workspace) -> CaseSession:
    session = counted_case(workspace)
    names = ("patient_name", "patient_id", "birth_date", "requester", "collected_at", "order_number")
    for name, text in ORDERED.case_fields(names, session.specimen.id):
        session.set_field(name, text)
    sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
    return session


@pytest.mark.parametrize("field", ["patient_id", SPECIMEN_ID_FIELD])
def test_the_order_of_another_patient_is_not_answered(field: str, tmp_path: Path) -> None:
    """A system that matches by order would file the right result to the wrong patient again."""
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for_an_order(workspace)
    workspace.outbox.send()
    amend(session, "A. Dupont", "wrong patient")
    assert not another_than_sent(session)
    assert not order_of_another(session)
    session.set_field(field, "P-99")
    assert another_than_sent(session)
    assert order_of_another(session)
    sign(session, "A. Dupont", "Amended report", "Short count.")
    workspace.outbox.send()
    corrected(session, clinical_information="pallor")  # a correction of it says no more of the order
    workspace.outbox.send()
    old, wrong, right, last = (arrived(out)[x.control_id] for x in workspace.outbox.lines())
    for message in (old, wrong):
        assert (message.get("ORC", 2), message.get("OBR", 2)) == ("O-4711", "O-4711")
        assert message.get("OBR", 16, 2) == "Schultz"
        assert message.get("OBR", 7) == "202603010755"
        assert message.get("PID", 3, 4) == "LAB"
    for message in (right, last):
        assert message.first("ORC") is None
        assert message.get("OBR", 2) == message.get("SPM", 2)
        assert [message.get("OBR", 16, n) for n in (1, 2, 3)] == ["", "", ""]
        assert {message.get("OBR", 7), message.get("SPM", 17), message.get("OBX", 14)} == {""}
        assert message.get("PID", 3, 4) == ("" if field == "patient_id" else "LAB")
    assert (right.get("OBR", 25), last.get("OBR", 25)) == ("F", "C")
    session.close()
    workspace.outbox.close()


def test_what_is_entered_anew_is_sent(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for_an_order(workspace)
    corrected(
        session, patient_id="P-99", order_number="O-9", requester="Dr. Roy, Ann", collected_at="2026-02-28"
    )
    workspace.outbox.send()
    right = arrived(out)[workspace.outbox.lines()[-1].control_id]
    assert (right.get("ORC", 2), right.get("OBR", 2)) == ("O-9", "O-9")
    assert (right.get("OBR", 16, 2), right.get("OBR", 7)) == ("Roy", "20260228")
    session.close()
    workspace.outbox.close()


def test_another_spelling_of_the_name_keeps_the_order(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    session = signed_for_an_order(workspace)
    corrected(session, patient_name="Doe, John")
    workspace.outbox.send()
    right = arrived(out)[workspace.outbox.lines()[-1].control_id]
    assert (right.get("ORC", 2), right.get("PID", 3, 4)) == ("O-4711", "LAB")
    session.close()
    workspace.outbox.close()
