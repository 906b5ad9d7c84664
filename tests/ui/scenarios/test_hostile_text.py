"""Whatever files and persons are called, it stays text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.labels import menu_text, plain_tip
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.settings.dialog import SettingsDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.fakes import FakeSession, FakeWorkshop, make_cells

HOSTILE = '<img src="file:///etc/passwd"><b>&amp; {x} %n</b>\n\u202ekcab'


def rich_texts(widget: QWidget) -> list[str]:
    """What a person would see rendered instead of read."""
    found = []
    for part in [widget, *widget.findChildren(QWidget)]:
        if (
            isinstance(part, QLabel)
            and part.textFormat() != Qt.TextFormat.PlainText
            and "<img" in part.text()
        ):
            found.append(f"label {part.text()}")
        tip = part.toolTip()
        if "<img" in tip:
            found.append(f"tip {tip}")
    return found


def test_names_are_shown_as_they_are(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path
) -> None:
    workshop = FakeWorkshop(author=HOSTILE, recent_paths=[tmp_path / f"{HOSTILE[:20]}.bcs"])
    window = MainWindow(context, workshop, memory)
    window.show()
    assert rich_texts(window) == []
    session = FakeSession(make_cells(30))
    session.author = HOSTILE
    session.specimen = replace(
        session.specimen, id=HOSTILE, images=tuple(ImageRef(HOSTILE, Path("x")) for _ in range(7))
    )
    window.attach(session)
    assert window.page is not None
    page = window.page
    page.gallery.view.select_ids([1])
    page.relabel("BL")
    page.gallery.view.select_ids([1])
    page.inspector.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: page.inspector.image.has_picture and page.inspector.history.rowCount() == 1)
    window.banners.error(UserError("{path} is bad.", "{reason}", "Try again.", path=HOSTILE, reason=HOSTILE))
    window.progress.begin(HOSTILE)
    assert rich_texts(window) == []
    for role in (Qt.ItemDataRole.ToolTipRole,):
        assert "<img" not in str(page.gallery.model.index_of(1).data(role))
        assert "<img" not in str(page.inspector.history.index(0, 1).data(role))
    window.close()


def test_dialogs_show_paths_as_they_are(qtbot: QtBot, context: UiContext) -> None:
    for dialog in (
        OpenOptionsDialog(context, Path("/data") / HOSTILE),
        SettingsDialog(context, FakeWorkshop().settings, HOSTILE),
    ):
        qtbot.addWidget(dialog)
        assert rich_texts(dialog) == []


@pytest.mark.parametrize("text", ["plain", "a < b", "<b>x</b>", "<img src=x>"])
def test_tool_tips_are_read_not_rendered(text: str) -> None:
    document = QTextDocument()
    document.setHtml(plain_tip(text))
    assert document.toPlainText() == text
    assert menu_text("A & B\nC") == "A && B C"
