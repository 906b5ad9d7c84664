"""Small controls below the picture."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QSlider, QToolButton, QWidget

from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr


class RoomForWords(QWidget):
    """A part of a splitter that is never lower than its wrapped texts need at its width.

    A splitter asks no widget for its height at a width, so that the picture was drawn over its tools.
    """

    def minimumSizeHint(self) -> QSize:
        hint, layout = super().minimumSizeHint(), self.layout()
        if layout is None or not layout.hasHeightForWidth():
            return hint
        return QSize(hint.width(), max(hint.height(), layout.minimumHeightForWidth(self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()


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


def class_choice(context: UiContext) -> QComboBox:
    """The classes that the explanation can be asked for."""
    choice = QComboBox()
    choice.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    choice.setAccessibleName(tr("Class to explain"))
    choice.setToolTip(tr("Class to explain"))
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setMinimumContentsLength(6)
    for c in CLASSES:
        choice.addItem(context.language.class_name(c.code), c.code)
    return choice
