"""The window before a case is open."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.empty_state import EmptyState


def test_recent_cases_lead_back(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    empty = EmptyState(context)
    qtbot.addWidget(empty)
    empty.show_recent([("case one", tmp_path / "one.bcs", True)])
    button = next(b for b in empty.findChildren(QPushButton) if "case one" in b.accessibleName())
    with qtbot.waitSignal(empty.path_chosen) as caught:
        button.click()
    assert caught.args == [str(tmp_path / "one.bcs")]
