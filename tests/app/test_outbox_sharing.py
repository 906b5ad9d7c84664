"""Stations with one outbox: each report goes out once under its one id, whoever is killed or cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bloodcells_gui.app import outbox as outbox_module
from bloodcells_gui.app.outbox import Sending
from bloodcells_gui.app.outbox_sharing import OutboxAway
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.connecting import Connections, Destination, SendState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.taxonomy import SEGMENTED
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lock import CaseLock
from tests.support.lab import Connect
from tests.support.postgres import Server
from tests.support.workbench_window import a_workspace

Station = Callable[[str], Workspace]


@pytest.fixture
def station(tmp_path: Path, connect: Connect) -> Iterator[Station]:
    """Makes stations of one laboratory with one folder as destination."""
    schema.create(connect(), "1.0")
    made: list[Workspace] = []

    def make(name: str) -> Workspace:
        workspace = a_workspace(tmp_path / name)
        workspace.change_settings(lab_database=connect.address, target_cells=0)
        workspace.notice_settings()
        workspace.change_settings(target_cells=0)
        (tmp_path / "LIS").mkdir(exist_ok=True)
        destination = Destination("LIS", folder=str(tmp_path / "LIS"))
        workspace.outbox.save_connections(Connections((destination,)).confirm("Ana", "2026-01-01T00:00:00Z"))
        workspace.outbox._sharing._quiet_s = 0.0  # noqa: SLF001  # tests do not wait
        made.append(workspace)
        return workspace

    yield make
    for workspace in made:
        workspace.outbox.close()
        workspace.lab.close()


def signed(workspace: Workspace, name: str = "S-1", versions: int = 1) -> str:
    session = workspace.new_counter_case(name)
    session.count(SEGMENTED, 1)
    sign(session, "Ana", "Reviewed and reported", "Short count.")
    for _ in range(versions - 1):
        amend(session, "Ana", "one more")
        session.count(SEGMENTED, 1)
        sign(session, "Ana", "Amended report", "Short count.")
    session.close()
    return name


def states(workspace: Workspace) -> list[str]:
    return [line.state.value for line in workspace.outbox.lines()]


def files(tmp_path: Path) -> list[str]:
    return sorted(path.stem for path in (tmp_path / "LIS").iterdir())


def test_any_station_sees_and_sends_what_another_signed(tmp_path: Path, station: Station) -> None:
    one, two = station("one"), station("two")
    signed(one)
    assert states(one) == states(two) == ["waiting"]
    (sent,) = two.outbox.send()
    assert sent.state is SendState.SENT
    assert files(tmp_path) == [sent.line.control_id]
    assert states(one) == ["sent"]
    assert one.outbox.send() == two.outbox.send() == []
    assert one.outbox.retry("LIS", sent.line.control_id)
    assert states(two) == ["waiting"]


def test_a_message_that_another_station_sends_is_left_alone(tmp_path: Path, station: Station) -> None:
    one, two = station("one"), station("two")
    signed(one)
    rows = one.outbox._sharing.rows  # noqa: SLF001  # as a station in the middle of sending
    assert rows is not None
    assert rows.claim(rows.lines()[0], "bench-9", "token")
    assert two.outbox.send() == []
    assert files(tmp_path) == []


def test_a_correction_is_sent_after_what_it_corrects_by_whichever_station(
    tmp_path: Path, station: Station
) -> None:
    one, two = station("one"), station("two")
    signed(one, versions=2)
    after_one = iter([False, True])
    assert [sent.line.version for sent in two.outbox.send(stop=lambda: next(after_one))] == [1]
    assert [sent.line.version for sent in one.outbox.send()] == [2]
    assert len(files(tmp_path)) == 2
    first = one.outbox.lines()[0].control_id
    with pytest.raises(UserError, match="Version 2"):
        two.outbox.retry("LIS", first)


def test_a_kill_between_signature_and_outbox_loses_nothing(
    tmp_path: Path, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = station("one")
    monkeypatch.setattr(one.outbox, "keep", lambda _: None)
    signed(one)
    monkeypatch.undo()
    assert states(one) == []
    assert [sent.state for sent in one.outbox.send()] == [SendState.SENT]
    assert len(files(tmp_path)) == 1
    assert one.outbox.unkept() == []


def test_a_kill_between_the_laboratorys_outbox_and_the_note_here_doubles_nothing(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = station("one"), station("two")

    def killed(*_: object) -> None:
        raise UserError("killed")

    monkeypatch.setattr(one.outbox._store(), "forget_announced", killed)  # noqa: SLF001
    signed(one)
    monkeypatch.undo()
    two.outbox.send()
    assert states(two) == ["sent"]
    assert len(one.outbox.unkept()) == 1
    one.outbox.send()
    assert states(two) == ["sent"]
    assert one.outbox.unkept() == []


def test_a_report_that_was_changed_in_the_database_is_not_sent(
    tmp_path: Path, station: Station, connect: Connect
) -> None:
    one = station("one")
    signed(one)
    connect().query("UPDATE bloodcells_outbox_reports SET content = ?", b'{"changed": 1}')
    (result,) = one.outbox.send()
    assert result.state is SendState.WAITING
    assert "not what was signed" in result.words.text()
    assert files(tmp_path) == []


def test_one_sender_of_a_workstation_at_a_time(station: Station) -> None:
    one = station("one")
    signed(one)
    lock = CaseLock(one.home / "outbox.sqlite")
    with pytest.raises(Sending):
        one.outbox.send()
    lock.release()


def test_what_waited_before_a_station_joined_moves_over(tmp_path: Path, station: Station) -> None:
    one = station("one")
    address = one.settings.lab_database
    one.change_settings(lab_database="")
    signed(one, "S-old")
    one.outbox.send()
    signed(one, "S-new")
    two = station("two")
    assert states(two) == []
    one.change_settings(lab_database=address)
    one.outbox.send()
    assert [(x.specimen, x.state.value) for x in two.outbox.lines()] == [("S-old", "sent"), ("S-new", "sent")]
    assert len(files(tmp_path)) == 2


def test_what_is_signed_while_the_server_is_away_goes_out_once_when_it_is_back(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LabDatabase(server.url) as database:
        schema.create(database, "1.0")
    workspace = a_workspace(tmp_path / "one")
    workspace.change_settings(lab_database=server.url)
    workspace.notice_settings()
    workspace.change_settings(target_cells=0)
    (tmp_path / "LIS").mkdir()
    destination = Destination("LIS", folder=str(tmp_path / "LIS"))
    workspace.outbox.save_connections(Connections((destination,)).confirm("Ana", "2026-01-01T00:00:00Z"))
    workspace.outbox._sharing._quiet_s = 0.0  # noqa: SLF001  # tests do not wait
    session = workspace.new_counter_case("S-1")
    session.count(SEGMENTED, 1)
    server.stop()
    try:
        sign(session, "Ana", "Reviewed and reported", "Short count.")
        session.close()
        assert workspace.outbox.problem is None
        assert states(workspace) == ["waiting"]
        assert workspace.outbox.away is not None
        with pytest.raises(OutboxAway):
            workspace.outbox.send()
        assert files(tmp_path) == []
    finally:
        server.start()
    assert [sent.state for sent in workspace.outbox.send()] == [SendState.SENT]
    assert len(files(tmp_path)) == 1
    with LabDatabase(server.url) as database:
        assert database.query("SELECT count(*) FROM bloodcells_outbox_messages") == [(1,)]
        workspace.outbox.close()
        workspace.lab.close()
        for (name,) in database.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'"):
            database.query(f"DROP TABLE {name} CASCADE")


def test_a_kill_after_a_message_went_out_does_not_look_as_if_it_had_not(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the withdrawal of a result for a wrong patient would be left out."""
    one = station("one")
    signed(one)

    class Killed(Exception):
        pass

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(outbox_module, "deliver", kill)
    with pytest.raises(Killed):
        one.outbox.send()
    assert [line.attempts for line in one.outbox.lines()] == [1]
