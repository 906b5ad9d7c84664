"""The window of connections, the sender behind the main window, and what the case shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.connection_test import Tried
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.connecting import TCP, Connections, Destination, SendState
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.loinc import DEFAULT_CODES, LATER_KEYS, LOCAL_SYSTEM
from bloodcells_gui.ui.connections.kept_form import KeepDialog
from bloodcells_gui.ui.connections.model import CodesModel, OutboxColumn
from bloodcells_gui.ui.connections.window import ConnectionsWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.jobs import UnawaitedThreads
from tests.support.outboxes import amended, signed_session, workstation


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def workspace(tmp_path: Path, out: Path) -> Iterator[Workspace]:
    workspace = workstation(tmp_path, Destination("LIS", folder=str(out)), confirmed=False)
    yield workspace
    workspace.outbox.close()


@pytest.fixture
def window(qtbot: QtBot, context: UiContext, workspace: Workspace) -> Iterator[ConnectionsWindow]:
    window = ConnectionsWindow(context, workspace.outbox, "A. Dupont", UnawaitedThreads())
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


def test_a_table_is_confirmed_changed_and_asked_for_again(
    window: ConnectionsWindow, workspace: Workspace
) -> None:
    assert "Nobody" in window.confirmed.text()
    window.confirm_button.click()
    assert workspace.outbox.connections.confirmed
    assert "A. Dupont" in window.confirmed.text()
    cell = window.codes.index(5, CodesModel.CODE)
    assert window.codes.setData(cell, "MY-CODE")
    assert not window.codes.setData(cell, "two words")
    assert window.codes.setData(window.codes.index(5, CodesModel.SYSTEM), "local")
    kept = workspace.outbox.connections
    assert not kept.confirmed
    assert (kept.codes[5].code, kept.codes[5].system) == ("MY-CODE", LOCAL_SYSTEM)
    assert "changed since" in window.confirmed.text()
    window.name.clear()
    window.confirm()
    assert not workspace.outbox.connections.confirmed
    assert window.banners.banners


def test_a_destination_is_made_changed_and_removed(window: ConnectionsWindow, workspace: Workspace) -> None:
    page = window.destinations
    page.add_button.click()
    page.name.setText("LIS")
    page.save_button.click()  # no folder, and the name is taken
    assert window.banners.banners
    page.name.setText("Second")
    page.transport.setCurrentIndex(page.transport.findData(TCP))
    assert page.host.isEnabled()
    assert not page.folder.isEnabled()
    page.host.setText("lis.example")
    page.on.setChecked(False)
    page.save_button.click()
    kept = workspace.outbox.connections.destination("Second")
    assert kept is not None
    assert (kept.host, kept.port, kept.on) == ("lis.example", 2575, False)
    page.names.setCurrentIndex(page.names.model().index(1, 0))
    assert page.name.text() == "Second"
    page.remove_button.click()
    assert [d.name for d in workspace.outbox.connections.destinations] == ["LIS"]


@pytest.mark.parametrize("answer", ["back", "discard", "keep"])
def test_what_was_not_kept_is_asked_about(
    window: ConnectionsWindow,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answer: str,
) -> None:
    asked: list[KeepDialog] = []

    def told(dialog: KeepDialog) -> bool:
        asked.append(dialog)
        dialog.discarded = answer == "discard"
        return answer != "back"

    monkeypatch.setattr(KeepDialog, "exec", told)
    other = tmp_path / "other"
    other.mkdir()
    window.destinations.folder.setText(str(other))
    window.orders.folder.setText(str(tmp_path))
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert len(asked) == 1
    kept = workspace.outbox.connections
    if answer == "back":
        assert window.isVisible()
        assert window.destinations.folder.text() == str(other)
    else:
        assert not window.isVisible()
    expected = (str(other), str(tmp_path)) if answer == "keep" else (str(tmp_path / "out"), "")
    assert (kept.destinations[0].folder, kept.orders) == expected


def test_a_window_without_a_change_closes_unasked(
    window: ConnectionsWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeepDialog, "exec", lambda _: pytest.fail("nothing was changed"))
    window.orders.sources.specimen.setText("S-1")  # for a trial; nothing to keep
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_the_transcript_stays_when_the_form_is_kept(window: ConnectionsWindow, qtbot: QtBot) -> None:
    page = window.destinations
    for _ in range(2):
        page.test_button.click()
        qtbot.waitUntil(page.test_button.isEnabled, timeout=10_000)
    page.save_button.click()
    assert page.shown.toPlainText().count("a file was written and removed") == 2


def test_the_trial_shows_both_sides(window: ConnectionsWindow, qtbot: QtBot, out: Path) -> None:
    page = window.destinations
    page.test_button.click()
    qtbot.waitUntil(page.test_button.isEnabled, timeout=10_000)
    assert "a file was written and removed" in page.shown.toPlainText()
    assert list(out.iterdir()) == []
    page._trial = lambda d: Tried(False, "MSH|", Reason("the peer is busy"))  # noqa: SLF001
    page.test()
    qtbot.waitUntil(page.test_button.isEnabled, timeout=10_000)
    assert page.shown.toPlainText().endswith("> MSH|\n< the peer is busy")


def test_the_outbox_shows_what_waits_and_sends_again(window: ConnectionsWindow, workspace: Workspace) -> None:
    assert not window.again_button.isEnabled()
    session = signed_session(workspace, "S-77")
    session.close()
    window.show_outbox()
    model = window.model
    assert model.index(0, OutboxColumn.SPECIMEN).data() == "S-77"
    assert model.index(0, OutboxColumn.STATE).data() == "waiting"
    assert "confirmed" in window.lead.text()
    assert not window.send_button.isEnabled()
    window.confirm()
    assert window.send_button.isEnabled()
    workspace.outbox.send()
    window.show_outbox()
    assert model.index(0, OutboxColumn.STATE).data() == "sent"
    window.table.selectRow(0)
    wanted: list[bool] = []
    window.send_wanted.connect(wanted.append)
    window.again_button.click()
    assert wanted == [True]
    assert workspace.outbox.lines()[0].state is SendState.WAITING
    assert window.chosen == ("LIS", workspace.outbox.lines()[0].control_id)


def test_the_models_read_out_their_cells(window: ConnectionsWindow, workspace: Workspace) -> None:
    signed_session(workspace).close()
    window.show_outbox()
    for model in (window.model, window.codes):
        index = model.index(0, 1)
        assert index.data(Qt.ItemDataRole.AccessibleTextRole)
        assert model.headerData(1, Qt.Orientation.Horizontal)


def test_connections_that_cannot_be_read_are_said(
    qtbot: QtBot, context: UiContext, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "connections.json").write_text("[")
    window = ConnectionsWindow(context, workspace.outbox, "", UnawaitedThreads())
    qtbot.addWidget(window)
    assert window.banners.banners
    assert Connections().destinations == ()
    window.close()


def test_a_complaint_goes_once_it_is_put_right(window: ConnectionsWindow) -> None:
    page = window.destinations
    page.add_button.click()
    page.save_button.click()  # no folder
    page.name.setText("LIS")
    page.save_button.click()  # and another complaint, in place of the first
    assert sum(b.severity == "warning" for b in window.banners.banners) == 1
    page.name.setText("Second")
    page.folder.setText("/x")
    page.save_button.click()
    assert [b.severity for b in window.banners.banners] == ["ok"]


def test_what_is_not_used_is_said_and_kept_beside(
    qtbot: QtBot, context: UiContext, workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "connections.json"
    wrong = path.read_text().replace('"pdf": false', '"pdf": "no"')
    path.write_text(wrong)
    window = ConnectionsWindow(context, workspace.outbox, "A. Dupont", UnawaitedThreads())
    qtbot.addWidget(window)
    assert "Destination LIS is not used" in window.banners.banners[0].texts[0]
    window.confirm()
    assert (tmp_path / "connections-before.json").read_text() == wrong
    assert workspace.outbox.unused == []
    window.close()


def test_an_old_version_is_refused_in_the_window(window: ConnectionsWindow, workspace: Workspace) -> None:
    window.confirm()
    session = signed_session(workspace)
    workspace.outbox.send()
    amended(session)
    session.close()
    window.show_outbox()
    window.table.selectRow(1)  # the newest stands first
    window.again_button.click()
    assert "is not sent again" in window.banners.banners[0].texts[0]
    assert workspace.outbox.lines()[0].state is SendState.SENT


def test_figures_that_came_with_a_new_version_are_asked_for(
    window: ConnectionsWindow, workspace: Workspace
) -> None:
    former = tuple(row for row in DEFAULT_CODES if row.key not in LATER_KEYS)
    confirmed = Connections(codes=former).confirm("A. Dupont", "2026-03-02T11:00:00Z")
    workspace.outbox.save_connections(confirmed)
    window.refresh()
    assert len(window.codes.codes) == len(DEFAULT_CODES)
    assert "A. Dupont" in window.confirmed.text()
    assert "not sent until it is confirmed again" in window.confirmed.text()
    window.confirm()
    assert "again" not in window.confirmed.text()
    assert len(workspace.outbox.connections.confirmed_codes) == len(DEFAULT_CODES)
