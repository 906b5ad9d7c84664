"""A number of the panel with its name under it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from bloodcells_gui.ui.i18n import tr


class Figure(QWidget):
    """A number with its name under it."""

    def __init__(self, caption: str) -> None:
        super().__init__()
        self.value_label = QLabel("0")
        font = self.value_label.font()
        font.setPointSizeF(font.pointSizeF() * 1.45)
        font.setWeight(font.Weight.DemiBold)
        self.value_label.setFont(font)
        self.caption_label = QLabel(caption)
        self.caption_label.setObjectName("muted")
        self.caption_label.setWordWrap(True)
        self.caption_label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.value_label)
        layout.addWidget(self.caption_label)
        layout.addStretch(1)  # the numbers stay in one line where a caption takes two

    def show_value(self, text: str, colour: str = "", *, caption: str = "") -> None:
        """The number, a colour to draw attention, a caption other than the first."""
        if caption:
            self.caption_label.setText(caption)
        self.value_label.setText(text)
        self.value_label.setStyleSheet(f"color: {colour}" if colour else "")
        self.setAccessibleName(tr("{label}: {value}").format(label=self.caption_label.text(), value=text))
