"""A case that is still read is closed in the background, and opens again once it is closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bloodcells_gui.storage.lock import holder_of
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace, shown_tools


@pytest.fixture
def tools(tmp_path: Path, context: UiContext, memory: WindowMemory) -> Iterator[ToolWindows]:
    with shown_tools(context, a_workspace(tmp_path), memory) as tools:
        yield tools


@pytest.fixture
def gate(tools: ToolWindows) -> Iterator[threading.Event]:
    """The file of a case on a share that does not answer before this is set."""
    gate = threading.Event()
    reading = Lookup(tools.window.pool, tools.window)
    reading.ask("picture", lambda: gate.wait(60))
    yield gate
    gate.set()
    reading.close()
    assert tools.window.pool.waitForDone(5000)


def test_the_window_goes_on_while_a_case_that_is_read_is_closed(
    qtbot: QtBot, tools: ToolWindows, gate: threading.Event
) -> None:
    first = a_case(tools.workspace.cases_dir / "one.bcs", 20)
    second = a_case(tools.workspace.cases_dir / "two.bcs", 20)
    window = tools.window
    window.opener.open_path(first)
    window.close_case()
    assert window.page is None
    assert window.closer.is_closing(first)
    assert holder_of(first) is not None  # whoever reads it is not cut off
    window.opener.open_path(first)
    assert window.page is None
    gate.set()
    qtbot.waitUntil(lambda: window.page is not None)
    assert window.page is not None
    assert window.page.session.path == first
    assert not window.banners.banners
    window.opener.open_path(second)
    qtbot.waitUntil(lambda: holder_of(first) is None)


def test_another_wish_takes_the_place_of_the_case_that_is_closed(
    qtbot: QtBot, tools: ToolWindows, gate: threading.Event
) -> None:
    first = a_case(tools.workspace.cases_dir / "one.bcs", 20)
    second = a_case(tools.workspace.cases_dir / "two.bcs", 20)
    window = tools.window
    window.opener.open_path(first)
    window.close_case()
    window.opener.open_path(first)
    window.opener.open_path(second)
    assert window.page is not None
    gate.set()
    qtbot.waitUntil(lambda: not window.closer.is_closing(first))
    assert window.page.session.path == second


def test_a_case_that_nobody_reads_is_closed_at_once(qtbot: QtBot, tools: ToolWindows) -> None:
    path = a_case(tools.workspace.cases_dir / "one.bcs", 20)
    tools.window.opener.open_path(path)
    qtbot.waitUntil(lambda: tools.window.pool.activeThreadCount() == 0)
    tools.window.close_case()
    assert holder_of(path) is None
