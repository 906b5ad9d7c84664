"""Sources of orders in the window of connections: kept, tried, and refused where a person may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.connection_test import Tried
from bloodcells_gui.app.outbox import Outbox
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.connecting import ASTM, Destination, OrderSource
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.ui.connections.window import ConnectionsWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.jobs import UnawaitedThreads
from tests.support.outboxes import workstation


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workstation(tmp_path)
    yield workspace
    workspace.outbox.close()


@pytest.fixture
def window(qtbot: QtBot, context: UiContext, workspace: Workspace) -> Iterator[ConnectionsWindow]:
    window = ConnectionsWindow(context, workspace.outbox, "A. Dupont", UnawaitedThreads())
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


def test_a_source_is_made_changed_and_removed(window: ConnectionsWindow, workspace: Workspace) -> None:
    page = window.orders.sources
    page.add_button.click()
    page.save_button.click()  # no host
    assert "needs a host" in window.banners.banners[0].texts[0]
    page.name.setText("LIS")
    page.host.setText("lis.example")
    page.format.setCurrentIndex(page.format.findData(ASTM))
    page.save_button.click()
    assert workspace.outbox.connections.sources == (OrderSource("LIS", ASTM, "lis.example"),)
    assert not page.ca_file.isEnabled()
    page.tls.setChecked(True)
    page.on.setChecked(False)
    page.save_button.click()
    (kept,) = workspace.outbox.connections.sources
    assert (kept.tls, kept.on) == (True, False)
    assert workspace.orders() is None
    page.add_button.click()
    page.name.setText("LIS")
    page.host.setText("other.example")
    page.save_button.click()  # the name is taken
    assert len(workspace.outbox.connections.sources) == 1
    page.names.setCurrentIndex(page.names.model().index(0, 0))
    page.remove_button.click()
    assert workspace.outbox.connections.sources == ()


def test_a_trial_asks_for_the_number_and_shows_both_sides(window: ConnectionsWindow, qtbot: QtBot) -> None:
    page = window.orders.sources
    asked: list[str] = []

    def trial(_source: OrderSource, number: str) -> Tried:
        asked.append(number)
        return Tried(True, "QPD|1", Reason("it answered"))

    page._trial = trial  # noqa: SLF001
    page.host.setText("lis.example")
    for typed, number in (("", "CONNECTION-TEST"), ("S-1", "S-1")):
        page.specimen.setText(typed)
        page.test_button.click()
        qtbot.waitUntil(page.test_button.isEnabled, timeout=5_000)
        assert page.shown.toPlainText().endswith("> QPD|1\n< it answered")
        assert asked[-1] == number
    assert page.shown.toPlainText().count("> QPD|1") == 2  # the trial before stands above


def test_who_may_not_changes_nothing(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    def refuse() -> None:
        raise UserError("A. Technician may not set up connections.")

    def never(_path: Path) -> object:
        raise AssertionError

    outbox = Outbox(tmp_path, tmp_path, never, refuse)  # type: ignore[arg-type]
    window = ConnectionsWindow(context, outbox, "A. Technician", UnawaitedThreads())
    qtbot.addWidget(window)
    sent: list[bool] = []
    window.send_wanted.connect(sent.append)
    window.confirm()
    window.orders.sources.saved.emit((OrderSource("LIS", host="x"),))
    window.destinations.saved.emit((Destination("LIS", folder="/x"),))
    window.orders.saved.emit("/x")
    window.codes.setData(window.codes.index(0, 2), "MINE")
    assert "may not set up connections" in window.banners.banners[0].texts[0]
    assert sent == []
    assert window.codes.codes[0].code != "MINE"
    assert list(tmp_path.iterdir()) == []
    window.close()
