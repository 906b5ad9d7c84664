"""Signing in the window sends behind it, and the case shows what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.signing import sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.connecting import Destination, SendState
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from scripts.tools.scripted_peer import ScriptedPeer
from tests.support.doubles import plain_engine
from tests.support.outboxes import at_port, counted_case, workstation
from tests.support.workbench_window import shown_tools

pytestmark = pytest.mark.loopback


@pytest.fixture
def peer() -> Iterator[ScriptedPeer]:
    with ScriptedPeer() as peer:
        yield peer


@pytest.fixture
def workspace(tmp_path: Path, peer: ScriptedPeer) -> Iterator[Workspace]:
    workspace = workstation(tmp_path, at_port(peer.port, timeout_s=5))
    yield workspace
    workspace.outbox.close()


@pytest.fixture
def tools(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    with shown_tools(context, workspace, memory) as tools:
        yield tools


def signed_in_the_window(tools: ToolWindows, workspace: Workspace) -> None:
    session = counted_case(workspace)
    tools.window.opener.opened.emit(session, None)
    sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
    tools.window.reporter.signed.emit()


def chips(tools: ToolWindows) -> list[str]:
    assert tools.window.page is not None
    return [text for text, _, _ in tools.window.page.header._shown or ()]  # noqa: SLF001


def test_a_signed_report_is_sent_behind_the_window(
    tools: ToolWindows, workspace: Workspace, peer: ScriptedPeer, qtbot: QtBot
) -> None:
    signed_in_the_window(tools, workspace)
    qtbot.waitUntil(lambda: "Result sent" in chips(tools), timeout=15_000)
    assert len(peer.accepted) == 1


def test_a_refusal_is_said_and_leads_to_the_outbox(
    tools: ToolWindows, workspace: Workspace, peer: ScriptedPeer, qtbot: QtBot
) -> None:
    peer.does = lambda _: "refuse AE"
    signed_in_the_window(tools, workspace)
    qtbot.waitUntil(lambda: "Result refused" in chips(tools), timeout=15_000)
    banners = tools.window.banners
    qtbot.waitUntil(lambda: any("did not take the result" in b.texts[0] for b in banners.banners))
    shown = tools.connections.show()
    assert shown.isVisible()
    assert tools.connections.show() is shown
    shown.close()


def test_a_refusal_is_said_once_a_message_and_goes_when_it_is_sent(
    tools: ToolWindows, workspace: Workspace, peer: ScriptedPeer, qtbot: QtBot
) -> None:
    def said() -> list[str]:
        found = [b.texts for b in tools.window.banners.banners]
        return [why for what, why, _ in found if "did not take the result" in what]

    peer.does = lambda _: "refuse AE"
    signed_in_the_window(tools, workspace)
    qtbot.waitUntil(lambda: len(said()) == 1, timeout=15_000)
    (line,) = workspace.outbox.lines()
    first = said()
    peer.does = lambda _: "refuse AR"
    workspace.outbox.retry(line.destination, line.control_id)
    tools.connections.sending.send(anyway=True)
    qtbot.waitUntil(lambda: said() != first, timeout=15_000)
    assert len(said()) == 1
    peer.does = lambda _: "accept"
    workspace.outbox.retry(line.destination, line.control_id)
    tools.connections.sending.send(anyway=True)
    qtbot.waitUntil(lambda: not said(), timeout=15_000)
    assert workspace.outbox.lines()[0].state is SendState.SENT


def test_the_window_stays_quick_while_a_peer_hangs(
    tools: ToolWindows, workspace: Workspace, peer: ScriptedPeer, qtbot: QtBot
) -> None:
    peer.does, peer.hold_s = (lambda _: "hang"), 3.0
    signed_in_the_window(tools, workspace)
    assert "Result waits to be sent" in chips(tools)
    longest = 0.0
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        began = time.monotonic()
        qtbot.wait(1)
        longest = max(longest, time.monotonic() - began)
    assert longest < peer.hold_s - 0.5  # a window that waited would have waited for all of it


def test_without_a_destination_nothing_is_made(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path, peer: ScriptedPeer
) -> None:
    workspace = workstation(tmp_path / "none")
    with shown_tools(context, workspace, memory) as tools:
        signed_in_the_window(tools, workspace)
        qtbot.wait(50)
        assert chips(tools) == ["Signed"]
        assert peer.connections == 0
        assert not (tmp_path / "none" / "outbox.sqlite").exists()


def test_an_outbox_that_takes_nothing_is_said(
    tools: ToolWindows, workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "outbox.sqlite").write_bytes(b"SQLite format 3\x00" + b"nonsense" * 200)
    signed_in_the_window(tools, workspace)
    assert any("outbox" in b.texts[0] for b in tools.window.banners.banners)
    assert Destination("F", folder="/x").address == "/x"


def test_what_another_process_sent_is_shown(
    tools: ToolWindows, workspace: Workspace, tmp_path: Path, peer: ScriptedPeer, qtbot: QtBot
) -> None:
    peer.does = lambda _: "close"
    signed_in_the_window(tools, workspace)
    qtbot.waitUntil(lambda: workspace.outbox.lines()[0].attempts == 1, timeout=15_000)
    qtbot.wait(50)
    tools.connections.look()
    assert "Result waits to be sent" in chips(tools)
    peer.does = lambda _: "accept"
    other = Workspace(plain_engine, home=tmp_path, config=tmp_path)  # type: ignore[arg-type]
    other.outbox.send(anyway=True)
    other.outbox.close()
    qtbot.waitUntil(lambda: "Result sent" in chips(tools), timeout=10_000)


def test_a_case_that_was_signed_without_a_destination_says_so_once_there_is_one(
    tools: ToolWindows, workspace: Workspace, qtbot: QtBot
) -> None:
    connections = workspace.outbox.connections
    workspace.outbox.save_connections(replace(connections, destinations=()))
    signed_in_the_window(tools, workspace)
    assert chips(tools) == ["Signed"]
    workspace.outbox.save_connections(connections)
    tools.connections.look()
    assert chips(tools) == ["Signed", "Result not in the outbox"]


def test_a_destination_with_a_wrong_value_is_said_until_it_is_right(
    tools: ToolWindows, tmp_path: Path
) -> None:
    path = tmp_path / "connections.json"
    right = path.read_text()
    path.write_text(right.replace('"timeout_s": 5', '"timeout_s": "5"'))
    tools.connections.look()
    said = [b.texts[0] for b in tools.window.banners.banners]
    assert any("Destination LIS is not used" in text and "timeout_s" in text for text in said)
    path.write_text(right)
    tools.connections.look()
    assert not any("is not used" in b.texts[0] for b in tools.window.banners.banners)
