"""Let the wheel scroll; it changes a choice, a number or a slider only where the keyboard focus is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QSlider, QWidget

_KINDS = (QComboBox, QAbstractSpinBox, QSlider)


class _WheelGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.Wheel or not isinstance(watched, QWidget) or watched.hasFocus():
            return False
        event.ignore()  # for the page around it, which scrolls
        return True


def guard_wheels(root: QWidget) -> None:
    """Keep a wheel that turns over the choices, numbers and sliders in `root` from changing them unseen."""
    guard = _WheelGuard(root)
    for kind in _KINDS:
        for widget in root.findChildren(kind):
            if widget.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.installEventFilter(guard)
