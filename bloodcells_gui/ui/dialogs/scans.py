"""A bar code scanner types fast and ends with Enter: its text belongs into one field, whatever has focus."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QLineEdit, QWidget

# From key to key, in ms. Nobody types four signs and Enter like that; scanners need 1 to 20.
_LONGEST_GAP_MS = 40
_FEWEST_SIGNS = 4
_MOST_SIGNS = 1_000
_WITH_COMMAND = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


class ScannedEdit(QLineEdit):
    """The line of a dialog that a bar code scanner fills: each scan replaces the former one.

    Enter behind a text that was just typed or scanned never accepts the form: the text is taken, and stays
    selected for the next scan. Enter alone accepts as in any other field. `ScanCatcher` brings what is
    scanned while another field has the focus.

    Signals
    -------
    taken()
        Enter ended a number.
    """

    taken = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._edited = False
        self.textEdited.connect(self._note)

    def _note(self, _text: str = "") -> None:
        self._edited = True

    def begin(self, text: str) -> None:
        """Let what is typed go on here behind `text`."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setText(text)
        self._note()

    def take(self, text: str) -> None:
        """Have `text` for a number that Enter ended."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setText(text)
        self._edited = False
        self.selectAll()
        self.taken.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_enter(event) and self._edited and self.text().strip():
            self.take(self.text())
            return
        super().keyPressEvent(event)


class ScanCatcher(QObject):
    """Brings every scan in a dialog to its field, and keeps its Enter from accepting the dialog.

    Signs that come fast and end with Enter are a scan; what they changed in another field is put back. Signs
    that a choice or a button has no use for go to the field however slowly they come.
    """

    def __init__(self, dialog: QDialog, field: ScannedEdit) -> None:
        super().__init__(dialog)
        self._dialog, self._field = dialog, field
        self._signs = ""
        self._last = 0
        self._before: tuple[QLineEdit, str] | None = None
        self._ended = False
        for widget in dialog.findChildren(QWidget):
            if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if _is_enter(event):
            return self._at_enter(event)
        text = event.text()
        if text and isinstance(watched, QWidget):  # a shift alone has none
            return self._at_sign(watched, event, text)
        return False

    def _follows(self, event: QKeyEvent) -> bool:
        """Whether a key came as fast behind the last one as a scanner types."""
        now = event.timestamp() or int(time.monotonic() * 1000)
        fast = 0 <= now - self._last <= _LONGEST_GAP_MS and not event.isAutoRepeat()
        self._last = now
        return fast

    def _at_sign(self, watched: QWidget, event: QKeyEvent, text: str) -> bool:
        fast = self._follows(event)
        self._ended = False
        if not text.isprintable() or event.modifiers() & _WITH_COMMAND:
            self._signs = ""
            return False
        if not (fast and self._signs):
            self._signs = ""
            self._before = (watched, watched.text()) if isinstance(watched, QLineEdit) else None
        self._signs = (self._signs + text)[:_MOST_SIGNS]
        takes_text = isinstance(watched, QLineEdit | QAbstractItemView)
        if takes_text or text.isspace() or not self._field.isEnabled():
            return False
        self._field.begin(self._signs.strip())
        return True

    def _at_enter(self, event: QKeyEvent) -> bool:
        fast = self._follows(event)
        signs, self._signs = self._signs.strip(), ""
        if fast and self._ended:  # carriage return and line feed
            return True
        self._ended = fast and len(signs) >= _FEWEST_SIGNS
        if not self._ended:
            return False
        if self._before is not None and self._before[0] is not self._field:
            self._before[0].setText(self._before[1])
        if self._field.isEnabled():
            self._field.take(signs)
        return True


def _is_enter(event: QKeyEvent) -> bool:
    return event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def catch_scans(dialog: QDialog, field: ScannedEdit) -> None:
    """Bring every scan in `dialog` to `field`; called once its fields are there."""
    ScanCatcher(dialog, field)
