"""When what had the keyboard is gone, the keyboard goes back to the work."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.support.desk import Desk


def test_stop_gives_the_keyboard_to_the_gallery(desk: Desk, qtbot: QtBot) -> None:
    progress = desk.window.progress
    progress.begin()
    progress.cancel_button.setFocus()
    QTest.mouseClick(progress.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(desk.view.hasFocus)
    progress.end()
    qtbot.wait(10)
    assert desk.view.hasFocus()


def test_a_notice_whose_button_was_pressed_gives_the_keyboard_to_the_gallery(
    desk: Desk, qtbot: QtBot
) -> None:
    banners = desk.window.banners
    banner = banners.show_banner("info", "It was stopped.", actions=(("Go on", lambda: None),))
    button = next(b for b in banner.findChildren(QPushButton) if b.text() == "Go on")
    button.setFocus()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    banners.dismiss(banner)
    qtbot.waitUntil(desk.view.hasFocus)


def test_a_button_that_switches_itself_off_keeps_the_keyboard_near(desk: Desk, qtbot: QtBot) -> None:
    """Qt's choice stands where it is a neighbour: the next field of a form."""
    choice = desk.page.gallery.choice
    choice.filter.setFocus()
    choice.filter.setEnabled(False)
    qtbot.wait(10)
    near = QApplication.focusWidget()
    assert near is not None
    assert choice.isAncestorOf(near)
    choice.filter.setEnabled(True)


def test_the_window_of_no_case_keeps_the_keyboard_among_its_own(desk: Desk, qtbot: QtBot) -> None:
    desk.window.close_case()
    qtbot.wait(10)
    focus = QApplication.focusWidget()
    assert focus is None or desk.window.body.isAncestorOf(focus)
