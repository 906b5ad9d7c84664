"""A key held down decides once, also where X11's repeats look like presses of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.held_keys import HeldKeys
from bloodcells_gui.ui.start import make_application

Q = 24  # the key's number on X11


@pytest.fixture
def held(qapp: QApplication) -> Iterator[HeldKeys]:
    made = HeldKeys(qapp)
    yield made
    qapp.removeEventFilter(made)
    made.setParent(None)


class Listener(QWidget):
    """Keeps whether each press was a repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.repeats: list[bool] = []

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.repeats.append(event.isAutoRepeat())


def send(to: QWidget, kind: QEvent.Type, moment: int, code: int = Q) -> bool:
    """Send a key event as X11's plugin does; returns whether it was accepted."""
    event = QKeyEvent(kind, Qt.Key.Key_Q, Qt.KeyboardModifier.NoModifier, code, 0, 0, "q", False, 1)
    event.setTimestamp(moment)
    event.setAccepted(kind != QEvent.Type.ShortcutOverride)
    QCoreApplication.sendEvent(to, event)
    return event.isAccepted()


Press, Release, Override = QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride


def test_a_press_in_the_moment_of_its_release_is_a_repeat(qtbot: QtBot, held: HeldKeys) -> None:
    widget = Listener()
    qtbot.addWidget(widget)
    send(widget, Press, 1000)
    for moment in (1660, 1700, 1740):
        send(widget, Release, moment)
        assert send(widget, Override, moment), "a shortcut would take the repeat for a press"
        send(widget, Press, moment)
    send(widget, Release, 1790)
    assert widget.repeats == [False, True, True, True]


def test_a_finger_that_presses_again_is_no_repeat(qtbot: QtBot, held: HeldKeys) -> None:
    widget = Listener()
    qtbot.addWidget(widget)
    send(widget, Press, 1000)
    send(widget, Release, 1050)
    assert not send(widget, Override, 1051)
    send(widget, Press, 1051)
    send(widget, Release, 1100)
    send(widget, Press, 1100, code=Q + 1)  # another key, typed over the first
    assert widget.repeats == [False, False, False]


def test_events_without_a_moment_are_left_alone(qtbot: QtBot, held: HeldKeys) -> None:
    """Those of input methods and of remote desktops."""
    widget = Listener()
    qtbot.addWidget(widget)
    for _ in range(2):
        send(widget, Press, 0)
        send(widget, Release, 0)
    assert widget.repeats == [False, False]


def test_a_field_takes_repeats_as_ever(qtbot: QtBot, held: HeldKeys) -> None:
    field = QLineEdit()
    qtbot.addWidget(field)
    field.addAction(QAction("none", field))
    send(field, Press, 1000)
    for moment in (1660, 1700):
        send(field, Release, moment)
        send(field, Press, moment)
    assert field.text() == "qqq"


def test_the_program_s_application_watches_held_keys(qapp: QApplication) -> None:
    for _ in range(2):
        assert make_application() is qapp
    assert len(qapp.findChildren(HeldKeys)) == 1
