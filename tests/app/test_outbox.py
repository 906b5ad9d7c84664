"""The outbox: what is signed arrives once, under one id, or is visible as not sent."""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
import time
from pathlib import Path

import pytest

from bloodcells_gui.app import outbox as outbox_module
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.domain.connecting import Destination, OutboxLine, SendState, control_id
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lock import CaseLock
from bloodcells_gui.storage.outbox import OUTBOX_NAME
from scripts.tools.scripted_peer import ScriptedPeer
from tests.support.outboxes import amended, at_port, counted_case, signed_session, workstation
from tests.support.signed_cases import signed_case

pytestmark = pytest.mark.loopback


def only(workspace: Workspace) -> OutboxLine:
    (line,) = workspace.outbox.lines()
    return line


def to_folder(path: Path, **changes: object) -> Destination:
    path.mkdir(exist_ok=True)
    return dataclasses.replace(Destination("LIS", folder=str(path)), **changes)  # type: ignore[arg-type]


def test_without_a_destination_nothing_is_made_or_opened(tmp_path: Path) -> None:
    workspace = workstation(tmp_path)
    session = signed_session(workspace)
    session.close()
    assert workspace.outbox.send() == []
    assert workspace.outbox.lines() == []
    assert not (tmp_path / OUTBOX_NAME).exists()
    with pytest.raises(UserError, match="No destination"):
        workspace.outbox.put_in(session)


def test_signing_puts_one_message_in_and_sending_brings_it(tmp_path: Path) -> None:
    with ScriptedPeer() as peer:
        workspace = workstation(tmp_path, at_port(peer.port))
        began = time.monotonic()
        session = signed_session(workspace)
        line = only(workspace)
        assert (line.state, line.attempts, line.specimen) == (SendState.WAITING, 0, "S-1")
        (sent,) = workspace.outbox.send()
        assert time.monotonic() - began < 5
        assert sent.state is SendState.SENT
        assert workspace.outbox.send() == []
        workspace.outbox.close()
        session.close()
    line = only(workspace)
    assert (line.state, line.attempts) == (SendState.SENT, 1)
    assert line.sent_at
    assert "AA" in line.words.text()
    assert peer.accepted == [control_id(session.state.signatures[0].report_sha256)]
    assert "S-1" in parse_message(peer.messages[0]).get("SPM", 2)
    if stat.S_IMODE((tmp_path / OUTBOX_NAME).stat().st_mode) & 0o077:
        pytest.fail("others may read the outbox")
    workspace.outbox.close()


def test_nothing_is_sent_until_the_codes_are_confirmed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out), confirmed=False)
    signed_session(workspace).close()
    assert workspace.outbox.send(anyway=True) == []
    assert only(workspace).state is SendState.WAITING
    confirmed = workspace.outbox.connections.confirm("A. Dupont", "2026-03-02T11:00:00Z")
    workspace.outbox.save_connections(confirmed)
    assert [s.state for s in workspace.outbox.send()] == [SendState.SENT]
    changed = dataclasses.replace(confirmed, codes=confirmed.codes[:-1])
    assert confirmed.confirmed
    assert not changed.confirmed
    workspace.outbox.close()


def test_a_copied_case_and_a_second_signature_send_nothing_again(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    session = signed_session(workspace)
    sign(session, "B. Moreau", "Second reading confirmed", "Seen.")
    copy = session.path.with_name("copy.bcs")
    session.close()
    shutil.copy(session.path, copy)
    copied = workspace.open_case(copy)
    workspace.outbox.put_in(copied)
    copied.close()
    assert len(workspace.outbox.lines()) == 1
    workspace.outbox.close()


def test_a_correction_follows_what_it_corrects_and_names_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    gone = to_folder(out)
    out.rmdir()
    workspace = workstation(tmp_path, gone)
    session = signed_session(workspace)
    amended(session)
    session.close()
    first, second = workspace.outbox.lines()
    assert second.replaces == first.control_id
    assert [s.line.control_id for s in workspace.outbox.send()] == [
        first.control_id
    ]  # the second waits for it
    assert [x.state for x in workspace.outbox.lines()] == [SendState.WAITING] * 2
    out.mkdir()
    workspace.outbox.send(anyway=True)
    workspace.outbox.send(anyway=True)
    sent = {p.stem: parse_message(p.read_bytes()) for p in out.iterdir()}
    assert set(sent) == {first.control_id, second.control_id}
    assert [sent[x.control_id].get("OBR", 25) for x in (first, second)] == ["F", "C"]
    assert first.control_id in (out / f"{second.control_id}.hl7").read_text()
    workspace.outbox.close()


def test_a_refusal_waits_for_a_person_with_the_peers_words(tmp_path: Path) -> None:
    acts = ["refuse AE", "accept"]
    with ScriptedPeer(lambda _: acts.pop(0)) as peer:
        workspace = workstation(tmp_path, at_port(peer.port))
        signed_session(workspace).close()
        workspace.outbox.send()
        line = only(workspace)
        assert line.state is SendState.REFUSED
        assert "unknown code" in line.words.text()
        assert workspace.outbox.send(anyway=True) == []
        assert workspace.outbox.retry(line.destination, line.control_id)
        assert not workspace.outbox.retry("X", line.control_id)
        assert [s.state for s in workspace.outbox.send()] == [SendState.SENT]
        ids = [parse_message(m).get("MSH", 10) for m in peer.messages]
        assert ids == [line.control_id] * 2
        assert peer.messages[0] == peer.messages[1]
        workspace.outbox.close()


def test_a_peer_that_does_not_answer_is_asked_again_later(tmp_path: Path) -> None:
    acts = ["hang", "accept"]
    with ScriptedPeer(lambda _: acts.pop(0)) as peer:
        workspace = workstation(tmp_path, at_port(peer.port))
        signed_session(workspace).close()
        workspace.outbox.send()
        line = only(workspace)
        assert (line.state, line.attempts) == (SendState.WAITING, 1)
        assert line.next_try > line.signed_at
        assert not workspace.outbox.due()
        assert workspace.outbox.send() == []
        assert workspace.outbox.due(now="2999-01-01T00:00:00Z")
        assert [s.state for s in workspace.outbox.send(anyway=True)] == [SendState.SENT]
        workspace.outbox.close()


def test_a_kill_between_signature_and_outbox_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    monkeypatch.setattr(outbox_module.Outbox, "keep", lambda *_: None)  # killed before it
    session = signed_session(workspace)
    assert workspace.outbox.lines() == []
    monkeypatch.undo()
    amend(session, "A. Dupont", "later")  # the case goes on: what was signed is still owed
    session.close()
    workspace.outbox.send()
    assert [p.stem for p in out.iterdir()] == [control_id(session.state.signatures[0].report_sha256)]
    assert only(workspace).state is SendState.SENT
    workspace.outbox.close()


def test_a_kill_before_the_signature_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    session = counted_case(workspace)
    workspace.outbox.announce(session)
    workspace.outbox.recover()
    assert workspace.outbox.unkept() == [session.path]  # the case is open: it may be signed this very moment
    session.close()
    workspace.outbox.recover()
    assert workspace.outbox.unkept() == [session.path]  # it is not looked at again every few seconds
    monkeypatch.setattr(outbox_module.time, "monotonic", lambda: time.perf_counter() + 1e9)
    workspace.outbox.recover()
    assert workspace.outbox.unkept() == []
    assert workspace.outbox.lines() == []
    workspace.outbox.close()


def test_a_case_that_cannot_be_looked_up_stays_visible(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    session = counted_case(workspace)
    workspace.outbox.announce(session)
    session.close()
    session.path.rename(tmp_path / "elsewhere.bcs")
    assert workspace.outbox.recover() == 0
    assert workspace.outbox.unkept() == [session.path]
    workspace.outbox.close()


def test_an_outbox_that_cannot_be_written_stops_no_signature(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    (tmp_path / OUTBOX_NAME).write_bytes(b"SQLite format 3\x00" + b"nonsense" * 200)
    session = signed_session(workspace)
    assert session.state.signed
    assert workspace.outbox.problem is not None
    assert "outbox" in workspace.outbox.problem.text()
    (tmp_path / OUTBOX_NAME).unlink()
    workspace.outbox.close()
    workspace.outbox.put_in(session)  # by hand, into a new one
    assert only(workspace).control_id == control_id(session.state.signatures[0].report_sha256)
    session.close()
    workspace.outbox.close()


def test_a_drawn_specimen_is_not_sent(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    path = signed_case(workspace, "drawn.bcs")
    assert workspace.outbox.lines() == []
    session = workspace.open_case(path)
    with pytest.raises(UserError, match="drawn"):
        workspace.outbox.put_in(session)
    session.close()
    workspace.outbox.close()


def test_one_sender_at_a_time(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    signed_session(workspace).close()
    other = CaseLock(tmp_path / OUTBOX_NAME)
    with pytest.raises(outbox_module.Sending):
        workspace.outbox.send()
    other.release()
    assert len(workspace.outbox.send()) == 1
    workspace.outbox.close()


def test_what_arrived_long_ago_is_given_up_and_can_be_put_in_again(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    session = signed_session(workspace)
    workspace.outbox.send()
    store = workspace.outbox._store()  # noqa: SLF001
    store.thin("2999-01-01T00:00:00Z")
    line = only(workspace)
    assert (line.specimen, store.report(line.control_id)) == ("", None)
    assert not workspace.outbox.retry(line.destination, line.control_id)
    workspace.outbox.put_in(session)
    assert workspace.outbox.retry(line.destination, line.control_id)
    session.close()
    workspace.outbox.close()


def test_the_report_goes_along_with_its_pictures(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out, pdf=True))
    signed_session(workspace).close()
    workspace.outbox.send()
    message = parse_message(next(out.iterdir()).read_bytes())
    assert [s.value(5, 5)[:7] for s in message.all("OBX") if s.value(2) == "ED"] == ["JVBERi0"]
    workspace.outbox.close()


def test_connections_that_cannot_be_read_send_nothing(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    signed_session(workspace).close()
    (tmp_path / "connections.json").write_text(json.dumps([1]))
    with pytest.raises(UserError, match="connections"):
        workspace.outbox.send()
    session = counted_case(workspace, "S-2")
    sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
    assert workspace.outbox.problem is not None
    session.close()
    workspace.outbox.close()


def test_what_was_signed_is_owed_until_a_destination_is_on_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    monkeypatch.setattr(outbox_module.Outbox, "keep", lambda *_: None)  # killed before it
    session = signed_session(workspace)
    session.close()
    monkeypatch.undo()
    connections = workspace.outbox.connections
    off = dataclasses.replace(connections.destinations[0], on=False)
    workspace.outbox.save_connections(dataclasses.replace(connections, destinations=(off,)))
    assert workspace.outbox.recover() == 0
    assert workspace.outbox.unkept() == [session.path]
    workspace.outbox.close()


def test_an_outbox_with_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    signed_session(workspace).close()
    workspace.outbox.send()
    before = (tmp_path / OUTBOX_NAME).stat().st_mtime_ns
    assert workspace.outbox.send() == []
    assert (tmp_path / OUTBOX_NAME).stat().st_mtime_ns == before
    workspace.outbox.close()


def test_an_old_version_is_not_sent_after_its_correction(tmp_path: Path) -> None:
    out = tmp_path / "out"
    workspace = workstation(tmp_path, to_folder(out))
    outbox = workspace.outbox
    session = signed_session(workspace)
    outbox.send()
    amended(session)
    first, second = outbox.lines()
    with pytest.raises(UserError, match="Version 2 of its report corrects it"):  # it waits
        outbox.retry(first.destination, first.control_id)
    outbox.send()
    with pytest.raises(UserError, match="not sent again to LIS"):  # it arrived
        outbox.retry(first.destination, first.control_id)
    assert outbox.retry(second.destination, second.control_id)
    outbox.send()
    (out / f"{first.control_id}.hl7").unlink()
    outbox._store().retry(first.destination, first.control_id)  # noqa: SLF001 - as earlier versions did
    (refused,) = outbox.send()
    assert refused.state is SendState.REFUSED
    assert "version 2, which corrects it" in refused.words.text()
    assert [p.stem for p in out.iterdir()] == [second.control_id]
    session.close()
    outbox.close()


def test_a_first_version_that_waits_may_go_before_its_correction(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    session = signed_session(workspace)
    amended(session)
    session.close()
    first, second = workspace.outbox.lines()
    assert workspace.outbox.retry(first.destination, first.control_id)
    workspace.outbox.send()
    workspace.outbox.send()
    assert [x.state for x in workspace.outbox.lines()] == [SendState.SENT] * 2
    assert second.version == 2
    workspace.outbox.close()


def test_a_destination_with_a_wrong_value_is_named(tmp_path: Path) -> None:
    workspace = workstation(tmp_path, to_folder(tmp_path / "out"))
    assert workspace.outbox.unused == []
    path = tmp_path / "connections.json"
    found = json.loads(path.read_text())
    found["destinations"] += [{"name": "B", "host": "x", "transport": "tcp", "port": "25750"}]
    found["destinatoins"] = []
    path.write_text(json.dumps(found))
    said = [reason.text() for reason in workspace.outbox.unused]
    assert "Destination B is not used" in said[0]
    assert "port: not a number" in said[0]
    assert said[1] == "destinatoins in connections.json is not used: unknown key."
    signed_session(workspace).close()
    assert [s.line.destination for s in workspace.outbox.send()] == ["LIS"]
    workspace.outbox.close()
