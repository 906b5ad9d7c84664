"""Review keys that are letters, digits or signs: they reach the panels that show cells."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.keyboard import latin_sequence, review_meanings, takes_text

_KEYS = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
# A text field has its own undo and redo.
_OF_TEXT = (QKeySequence("Ctrl+Z"), QKeySequence("Ctrl+Y"), QKeySequence("Ctrl+Shift+Z"))
FIND_CLASS, NEXT_DOUBTFUL, NEXT_UNREVIEWED = "/", "N", "U"


class ReviewKeys(QObject):
    """Takes the keys that the focused widget of a watched panel leaves over.

    Parameters
    ----------
    relabel : callable
        Called with the class code of a class key.
    commands : mapping of str to callable
        What the other keys do (`FIND_CLASS`, `NEXT_DOUBTFUL`, `NEXT_UNREVIEWED`).
    alive : callable
        Whether cells are in front; otherwise the keys are left to whoever else wants them.
    """

    def __init__(
        self,
        context: UiContext,
        relabel: Callable[[str], None],
        commands: dict[str, Callable[[], None]],
        alive: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._relabel = relabel
        self._commands = commands
        self._alive = alive

    def watch(self, *panels: QWidget) -> None:
        """Serve these panels and everything in them."""
        for panel in panels:
            panel.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() not in _KEYS or not isinstance(event, QKeyEvent) or not self._alive():
            return False
        act = self._action_for_key(event)
        if act is None:
            return False
        event.accept()
        # A key that is held down decides once: cells would go by unseen.
        if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
            act()
        return True

    def _action_for_key(self, event: QKeyEvent) -> Callable[[], None] | None:
        found = review_meanings(event)
        code = self._context.keymap.first_code(found)
        if code is not None:
            return lambda: self._relabel(code)
        return next((self._commands[key] for key in found if key in self._commands), None)


class LatinShortcuts(QObject):
    """Runs the window's command for Ctrl and a key whose layout has no Latin letter or digit there.

    It gets the keys that nobody took: Qt knows shortcuts by the layout's own characters only.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        sequence = latin_sequence(event)
        if sequence is None or (sequence in _OF_TEXT and takes_text(QApplication.focusWidget())):
            return False
        for action in self._window.findChildren(QAction):
            if action.isEnabled() and sequence in action.shortcuts():
                if action.autoRepeat() or not event.isAutoRepeat():
                    action.trigger()
                return True
        return False
