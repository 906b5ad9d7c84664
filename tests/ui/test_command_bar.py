"""The bar of commands loses texts where it is narrow, and no command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.command_bar import CommandBar
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.fakes import FakeWorkshop

TEXT = Qt.ToolButtonStyle.ToolButtonTextBesideIcon


@pytest.fixture(params=["en", "fr"])
def window(
    qtbot: QtBot,
    context: UiContext,
    workshop: FakeWorkshop,
    memory: WindowMemory,
    request: pytest.FixtureRequest,
) -> Iterator[MainWindow]:
    context.language.choose(request.param)
    window = MainWindow(context, workshop, memory)
    window.resize(1600, 700)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    window.deleteLater()


def buttons(window: MainWindow) -> dict[str, QToolButton]:
    bar = window.findChild(CommandBar)
    assert bar is not None
    found = {}
    for name in ("home", "open_folder", "undo", "confirm", "exclude", "next_unreviewed", "export", "sign"):
        button = bar.widgetForAction(window.actions_.get(name))
        assert isinstance(button, QToolButton)
        found[name] = button
    return found


def all_in_sight(window: MainWindow) -> bool:
    bar = window.findChild(CommandBar)
    assert bar is not None
    return all(b.isVisible() and b.geometry().right() < bar.width() for b in buttons(window).values())


def test_at_every_width_every_command_is_there_and_sign_bears_its_name(
    window: MainWindow, qtbot: QtBot
) -> None:
    sign = window.actions_.get("sign")
    for width in (1600, 1012, window.minimumWidth(), 1600):
        window.resize(width, 700)
        qtbot.waitUntil(lambda: all_in_sight(window), timeout=2000)
        assert buttons(window)["sign"].toolButtonStyle() == TEXT
    assert all(buttons(window)[name].toolButtonStyle() == TEXT for name in ("home", "open_folder", "confirm"))
    window.resize(window.minimumWidth(), 700)
    sign.setIconText(tr("Amend"))
    qtbot.waitUntil(lambda: all_in_sight(window), timeout=2000)


def test_a_longer_name_takes_the_room_of_a_text_that_is_needed_less(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_.get("sign").setIconText("Sign and hand over, with everything that this takes" * 2)
    window.resize(window.minimumWidth(), 700)
    qtbot.waitUntil(lambda: all_in_sight(window), timeout=2000)
    assert buttons(window)["open_folder"].toolButtonStyle() != TEXT
    assert (
        buttons(window)["open_folder"].toolTip().startswith(tr("Open &folder…").replace("&", "").rstrip("…"))
    )
