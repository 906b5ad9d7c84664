"""While the laboratory's database does not answer the window repaints, and what is typed is dropped."""

from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.settings.dialog import SettingsDialog
from bloodcells_gui.ui.waiting import while_it_answers


@pytest.fixture
def line(qtbot: QtBot) -> QLineEdit:
    line = QLineEdit()
    qtbot.addWidget(line)
    line.show()
    return line


def test_the_window_goes_on_and_what_is_typed_is_dropped(line: QLineEdit) -> None:
    ticks: list[str] = []

    def look() -> None:
        ticks.extend(label.text() for label in line.findChildren(QLabel, "waiting"))
        QTest.keyClicks(line, "abc")

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    assert while_it_answers(line, lambda: time.sleep(0.8) or 7) == 7
    timer.stop()
    assert len(ticks) > 5
    assert ticks[0] == "Waiting for the laboratory's database…"
    assert line.text() == ""
    assert QApplication.overrideCursor() is None
    QTest.keyClicks(line, "d")
    assert line.text() == "d"


@pytest.mark.parametrize("wait_s", [0.0, 0.4])
def test_what_fails_is_raised_in_the_window(line: QLineEdit, wait_s: float) -> None:
    def work() -> None:
        time.sleep(wait_s)
        raise UserError("The database does not answer.")

    with pytest.raises(UserError, match="does not answer"):
        while_it_answers(line, work)
    assert QApplication.overrideCursor() is None


def test_settings_are_kept_beside_the_windows_thread(qtbot: QtBot, context: UiContext) -> None:
    threads: list[threading.Thread] = []
    shown: list[bool] = []

    def keep(_new: LabSettings, _seen: LabSettings) -> None:
        threads.append(threading.current_thread())
        time.sleep(0.5)

    dialog = SettingsDialog(context, LabSettings(), keep=keep)
    qtbot.addWidget(dialog)
    dialog.show()
    QTimer.singleShot(300, lambda: QTest.keyClick(dialog, Qt.Key.Key_Escape))
    QTimer.singleShot(350, lambda: shown.append(dialog.isVisible()))
    dialog.accept()
    assert threads != [threading.main_thread()]
    assert shown == [True]
    assert dialog.result() == SettingsDialog.DialogCode.Accepted
