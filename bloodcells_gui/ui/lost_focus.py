"""The keyboard goes back to the work when the button that had it is gone."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget


class LostFocus(QObject):
    """Watches one window: what had the keyboard was hidden or switched off, as Stop is once it is pressed.

    Qt then takes whatever comes next in the order of Tab, far from where the person works.

    Parameters
    ----------
    give_back : callable
        Gives the keyboard to the view in front.
    """

    def __init__(self, window: QWidget, give_back: Callable[[], None]) -> None:
        super().__init__(window)
        self._window = window
        self._give_back = give_back
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)

    def _on_focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is None or new is None or not shiboken6.isValid(old) or (old.isVisible() and old.isEnabled()):
            return
        near = old.parentWidget()
        if near is None or near is new or near.isAncestorOf(new):
            return
        if self._window.isAncestorOf(old) and self._window.isAncestorOf(new):
            # Whoever hid it may be about to say where the keyboard goes.
            QTimer.singleShot(0, self, lambda: self._settle(new))

    def _settle(self, chosen_by_qt: QWidget) -> None:
        if shiboken6.isValid(chosen_by_qt) and QApplication.focusWidget() is chosen_by_qt:
            self._give_back()
