"""Fields for passwords and PINs: nothing of them is shown, completed, copied out or remembered."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Qt
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QLineEdit

from bloodcells_gui.domain.accounts import LONGEST_PASSWORD

_HINTS = Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData


class SecretEdit(QLineEdit):
    """A line whose text is dots."""

    def __init__(self) -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(_HINTS | Qt.InputMethodHint.ImhNoPredictiveText)
        self.setMaxLength(LONGEST_PASSWORD + 1)  # one more, so that what is too long is told


class PinEdit(SecretEdit):
    """The digits of a PIN, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.setMaxLength(8)
        self.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{0,8}"), self))
        self.setInputMethodHints(_HINTS | Qt.InputMethodHint.ImhDigitsOnly)
