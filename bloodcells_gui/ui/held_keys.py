"""Distinguish a key that is held down from one that is pressed again."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QKeyEvent

_PRESSES = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)


class HeldKeys(QObject):
    """Marks the repeats of a held key that Qt takes for presses of their own.

    X11 sends a repeat as a release and a press of one moment. Where Qt handles the release before the press
    has arrived, it does not see that they are a repeat, and a held key would decide on cell after cell. No
    finger presses again within the millisecond of its release.

    Parameters
    ----------
    app : QCoreApplication
        Its events are watched, and it keeps this object.
    """

    def __init__(self, app: QCoreApplication) -> None:
        super().__init__(app)
        self._released = (0, 0)
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            self._released = (event.nativeScanCode(), event.timestamp())
            return False
        if kind not in _PRESSES or not isinstance(event, QKeyEvent) or not self._is_auto_repeat(event):
            return False
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()  # as a key press, which says that it is a repeat
            return True
        QCoreApplication.sendEvent(watched, _repeat_of(event))
        return True

    def _is_auto_repeat(self, event: QKeyEvent) -> bool:
        code, moment = event.nativeScanCode(), event.timestamp()
        return not event.isAutoRepeat() and 0 not in (code, moment) and self._released == (code, moment)


def _repeat_of(event: QKeyEvent) -> QKeyEvent:
    return QKeyEvent(
        event.type(),
        event.key(),
        event.modifiers(),
        event.nativeScanCode(),
        event.nativeVirtualKey(),
        event.nativeModifiers(),
        event.text(),
        True,
        event.count(),
    )
