"""`message`: what a script gets of a signed case, and the refusal of any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.cli import run
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.domain.connecting import Connections, Destination, OrderSource, control_id
from bloodcells_gui.storage.case import CaseStore
from scripts.tools.scripted_orders import ScriptedOrders
from scripts.tools.scripted_peer import ScriptedPeer
from tests.support.doubles import plain_engine
from tests.support.outboxes import amended, at_port, signed_session, workstation
from tests.support.signed_cases import signed_case
from tests.support.workbench_window import a_case


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return signed_case(Workspace(plain_engine, home=tmp_path, config=tmp_path), "signed.bcs")  # type: ignore[arg-type]


@pytest.mark.parametrize("format", ["hl7", "astm", "fhir"])
def test_a_signed_case_gives_its_message(
    case: Path, format: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    before = case.read_bytes()
    assert run(["message", str(case), "--as", format]) == 0
    printed = capfdbinary.readouterr().out
    out = tmp_path / "sub" / "message"
    assert run(["message", str(case), "--as", format, "--out", str(out)]) == 0
    assert out.read_bytes() == printed
    assert case.read_bytes() == before
    with CaseStore.open(case, read_only=True) as store:
        sha256 = store.frozen_reports()[-1].sha256
    assert control_id(sha256).encode() in printed
    assert b"Smith 1961" in printed
    if format == "fhir":
        assert json.loads(printed)["resourceType"] == "Bundle"


def test_the_report_goes_along_when_asked_for(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "message.hl7"
    assert run(["message", str(case), "--as", "hl7", "--out", str(out), "--pdf"]) == 0
    message = parse_message(out.read_bytes())
    assert [s.value(5, 5)[:8] for s in message.all("OBX") if s.value(2) == "ED"] == ["JVBERi0x"]  # %PDF-1
    assert message.get("MSH", 11) == "T"  # a drawn specimen


@pytest.mark.parametrize(("lang", "words"), [("en", "nobody signed"), ("fr", "personne n'a signé")])
def test_an_unsigned_case_is_refused(
    lang: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case, out = a_case(tmp_path / "open.bcs", 3), tmp_path / "message"
    assert run(["message", str(case), "--as", "hl7", "--out", str(out), "--lang", lang]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_nothing_set_up_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path))
    assert run(["outbox", "list"]) == 0
    assert "outbox is empty" in capsys.readouterr().out
    assert run(["connect", "list"]) == 0
    assert "No destination is set up" in capsys.readouterr().out
    assert run(["outbox", "retry", "NOPE"]) == 2
    assert "no message NOPE" in capsys.readouterr().err
    assert run(["outbox", "send"]) == 2
    assert "No destination" in capsys.readouterr().err
    assert run(["connect", "test", "LIS", "--lang", "fr"]) == 2
    assert "ni destination ni source de demandes LIS" in capsys.readouterr().err
    assert not (tmp_path / "outbox.sqlite").exists()


@pytest.mark.loopback
def test_a_signed_case_is_sent_by_hand_refused_and_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path))
    acts = ["accept", "refuse AE", "accept"]
    with ScriptedPeer(lambda _: acts.pop(0)) as peer:
        workspace = workstation(tmp_path, at_port(peer.port))
        session = signed_session(workspace)
        session.close()
        workspace.outbox.close()
        (tmp_path / "outbox.sqlite").unlink()  # lost
        assert run(["connect", "list"]) == 0
        assert f"LIS  ORU^R01  127.0.0.1:{peer.port}" in capsys.readouterr().out
        assert run(["connect", "test", "LIS"]) == 0
        shown = capsys.readouterr().out
        assert "> MSH|" in shown
        assert "< accepted (AA)" in shown
        assert parse_message(peer.messages[0]).get("MSH", 11) == "D"
        assert run(["outbox", "send", str(session.path)]) == 1
        assert "refused (AE): unknown code" in capsys.readouterr().out
        assert run(["outbox", "list"]) == 1
        assert run(["outbox", "retry"]) == 0
        assert "1 message is to be sent again" in capsys.readouterr().out
        assert run(["outbox", "send"]) == 0
        assert run(["outbox", "list", "--lang", "fr"]) == 0
        assert "accepté (AA)" in capsys.readouterr().out
        assert len({parse_message(m).get("MSH", 10) for m in peer.messages[1:]}) == 1


def test_a_destination_with_a_wrong_value_is_said_and_the_others_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path))
    out = tmp_path / "out"
    out.mkdir()
    workspace = workstation(tmp_path, Destination("LIS", folder=str(out)))
    session = signed_session(workspace)
    session.close()
    workspace.outbox.close()
    path = tmp_path / "connections.json"
    found = json.loads(path.read_text())
    found["destinations"].append({"name": "B", "folder": "/x", "pdff": True})
    path.write_text(json.dumps(found))
    for verb in (["connect", "list"], ["connect", "test", "B"], ["outbox", "send"]):
        assert run(verb) == 2
        said = capsys.readouterr()
        assert "Destination B is not used" in said.err
        assert "unknown key pdff" in said.err
    assert len(list(out.iterdir())) == 1


def test_an_old_version_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path))
    out = tmp_path / "out"
    out.mkdir()
    workspace = workstation(tmp_path, Destination("LIS", folder=str(out)))
    session = signed_session(workspace)
    amended(session)
    session.close()
    first = workspace.outbox.lines()[0].control_id
    workspace.outbox.send()
    workspace.outbox.send()
    workspace.outbox.close()
    assert run(["outbox", "retry", first]) == 1
    said = capsys.readouterr().out
    assert "Version 2 of its report corrects it" in said
    assert "0 messages" in said


@pytest.mark.loopback
def test_a_source_of_orders_is_listed_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path))
    with ScriptedOrders(lambda number: "answer" if number == "S-1" else "not found") as peer:
        workspace = workstation(tmp_path)
        source = OrderSource("LIS", host="127.0.0.1", port=peer.port)
        workspace.outbox.save_connections(Connections(sources=(source,), orders="/in"))
        assert run(["connect", "list"]) == 0
        printed = capsys.readouterr().out
        assert f"LIS  HL7  127.0.0.1:{peer.port}  asked for orders" in printed
        assert "Folder of orders: /in" in printed
        assert run(["connect", "test", "LIS"]) == 0
        assert "there is no order for CONNECTION-TEST" in capsys.readouterr().out
        assert run(["connect", "test", "LIS", "--specimen", "S-1"]) == 0
        assert "an order for S-1: Differential" in capsys.readouterr().out
        workspace.outbox.close()
    assert run(["connect", "test", "LIS"]) == 1
    assert "nothing listens" in capsys.readouterr().out
