"""A window opens no larger than the screen it opens on."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui import start
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.keys import KeyMapDialog
from bloodcells_gui.ui.screen_fit import resize_within_screen, within
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.workbench_window import a_workspace


@pytest.mark.parametrize(
    ("room", "size"),
    [
        ((1920, 1080), (1440, 900)),
        ((1366, 768), (1354, 728)),
        ((1024, 768), (1012, 728)),
        ((1440, 900), (1428, 860)),
    ],
)
def test_the_first_size_leaves_room_for_the_frame(room: tuple[int, int], size: tuple[int, int]) -> None:
    assert within(QSize(1440, 900), QSize(*room)) == QSize(*size)


def test_a_window_wider_than_the_screen_is_cut_to_it(qtbot: QtBot) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    room = dialog.screen().availableSize()
    resize_within_screen(dialog, room.width() + 500, room.height() + 500)
    assert (dialog.width(), dialog.height()) == (room.width() - 12, room.height() - 40)


def test_the_windows_fit_the_screen(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    """The screen of the tests is smaller than what the window would like."""
    folder = tmp_path
    workspace = a_workspace(folder)
    keeper = start.WindowKeeper(context, workspace, WindowMemory(folder / "window.ini"))
    room = keeper.window.screen().availableSize()
    assert keeper.window.width() <= max(1000, room.width() - 12)
    assert keeper.window.height() <= max(640, room.height() - 40)
    keys = KeyMapDialog(context, workspace.settings)
    qtbot.addWidget(keys)
    assert keys.height() <= max(keys.minimumSizeHint().height(), room.height() - 40)
    keeper.window.close()
    keeper.cases.close()
