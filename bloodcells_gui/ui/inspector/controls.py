"""Small controls below the picture."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSlider, QToolButton

from bloodcells_gui.ui.context import UiContext


def toggle_button(context: UiContext, icon: str, name: str, tip: str) -> QToolButton:
    """A button with an icon that stays pressed, with a name for who cannot see it."""
    button = QToolButton()
    button.setCheckable(True)
    button.setIcon(context.icons.get(icon))
    button.setText(name)
    button.setAccessibleName(name)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def slider(low: int, high: int, width: int, name: str, hint: str) -> QSlider:
    """A short slider, with a name for who cannot see it."""
    control = QSlider(Qt.Orientation.Horizontal)
    control.setRange(low, high)
    control.setFixedWidth(width)
    control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    control.setAccessibleName(name)
    control.setToolTip(hint)
    return control
