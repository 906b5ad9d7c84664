"""The line of the work list about the watched folder; only where something asks for a person."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel


class WatchLine(QFrame):
    """What asks for a person, and the buttons that lead there.

    Signals
    -------
    shown_wanted()
        The list of what lies in the folder.
    assign_wanted()
        The same, with the unassigned pictures chosen.
    """

    shown_wanted = Signal()
    assign_wanted = Signal()

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self._severity = "info"
        self.setObjectName("watchline")
        self._icon = QLabel()
        self.text = PlainLabel()
        self.text.setWordWrap(True)
        self.assign_button = QPushButton(tr("Ass&ign pictures…"))
        self.assign_button.clicked.connect(self.assign_wanted)
        self.show_button = QPushButton(tr("&Watched folder…"))
        self.show_button.setToolTip(tr("Ctrl+Shift+L"))
        self.show_button.clicked.connect(self.shown_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 6)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self.text, 1)
        row.addWidget(self.assign_button)
        row.addWidget(self.show_button)
        context.theme.changed.connect(self._colour)
        self.hide()

    def say(self, text: str, severity: str, *, unassigned: bool) -> None:
        """Show `text`, or nothing where there is none; `unassigned` offers to assign pictures."""
        self._severity = severity
        self.text.setText(text)
        self.setAccessibleName(text)
        self.assign_button.setVisible(unassigned)
        self._colour()
        self.setVisible(bool(text))

    def _colour(self) -> None:
        tokens = self._context.theme.tokens
        ground = getattr(tokens, f"{self._severity}_ground")
        self.setStyleSheet(
            f"QFrame#watchline {{ background: {ground}; border-bottom: 1px solid {tokens.border}; }}"
            " QFrame#watchline QLabel { background: transparent; }"
        )
        name = "info" if self._severity == "info" else self._severity
        self._icon.setPixmap(self._context.icons.pixmap(name, 18, self.devicePixelRatioF(), self._severity))
