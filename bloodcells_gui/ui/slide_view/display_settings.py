"""Brightness, contrast, gamma and stain of the view; the images themselves are never changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QSlider, QWidget

from bloodcells_gui.ui.i18n import tr

_STEPS = 100


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """How pixels are shown.

    Attributes
    ----------
    brightness : float
        -1 to 1, added.
    contrast : float
        -1 to 1: slope about the middle from 0.25 to 4.
    gamma : float
        0.33 to 3; above 1 the middle tones are lighter.
    stain : bool
        Bring blank field and stain density to a reference.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 1.0
    stain: bool = False

    def table(self) -> NDArray[np.uint8] | None:
        """(256, 3) uint8, None when nothing changes."""
        if (self.brightness, self.contrast, self.gamma) == (0.0, 0.0, 1.0):
            return None
        x = np.linspace(0.0, 1.0, 256)
        x = (x - 0.5) * 4.0**self.contrast + 0.5 + 0.5 * self.brightness
        x = np.clip(x, 0.0, 1.0) ** (1.0 / self.gamma)
        column = np.rint(x * 255).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(column[:, None], 3, axis=1))


class DisplayPanel(QWidget):
    """Sliders for a :class:`DisplaySettings`.

    Signals
    -------
    changed(DisplaySettings)
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setHorizontalSpacing(12)
        self.sliders: list[QSlider] = []
        for row, name in enumerate((tr("Brightness"), tr("Contrast"), tr("Gamma"))):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(-_STEPS, _STEPS)
            slider.setMinimumWidth(190)
            slider.setAccessibleName(name)
            slider.valueChanged.connect(self._emit_changed)
            label = QLabel(name)
            label.setBuddy(slider)
            layout.addWidget(label, row, 0)
            layout.addWidget(slider, row, 1)
            self.sliders.append(slider)
        self.stain_box = QCheckBox(tr("Normalise the stain"))
        self.stain_box.setToolTip(
            tr("Shows every image with the same blank field and stain density. Only the view changes.")
        )
        self.stain_box.toggled.connect(self._emit_changed)
        layout.addWidget(self.stain_box, 3, 0, 1, 2)
        reset = QPushButton(tr("As photographed"))
        reset.clicked.connect(self.reset)
        layout.addWidget(reset, 4, 0, 1, 2)

    def look(self) -> DisplaySettings:
        """What is set."""
        brightness, contrast, gamma = (s.value() / _STEPS for s in self.sliders)
        return DisplaySettings(brightness, contrast, 3.0**gamma, self.stain_box.isChecked())

    def reset(self) -> None:
        """Show the images as they are."""
        for widget in (*self.sliders, self.stain_box):
            widget.blockSignals(True)
        for slider in self.sliders:
            slider.setValue(0)
        self.stain_box.setChecked(False)
        for widget in (*self.sliders, self.stain_box):
            widget.blockSignals(False)
        self._emit_changed()

    def _emit_changed(self) -> None:
        self.changed.emit(self.look())
