"""The flags of the chosen cell in one line, with the "?" that explains them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.help.what_is_this import QuestionMark
from bloodcells_gui.ui.labels import PlainLabel


class FlagLine(QWidget):
    """Shows flags; hidden where there is nothing to say and nothing to explain.

    Attributes
    ----------
    explained : tuple of str
        Keys of `ui.help.explanations`: the flags, and that the cell waits.
    """

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.explained: tuple[str, ...] = ()
        self.label = PlainLabel()
        self.label.setWordWrap(True)
        self.question = QuestionMark(context, lambda: self.explained)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.label, 1)
        row.addWidget(self.question, 0, Qt.AlignmentFlag.AlignTop)

    def show_flags(self, flags: Sequence[str], *, waits: bool) -> None:
        """Show the flags of a cell, and whether it waits as unidentified."""
        self.explained = (*flags, *(("unidentified",) if waits else ()))
        self.label.setText(" · ".join(self._context.language.flag(f) for f in flags))
        self.label.setStyleSheet(f"color: {self._context.theme.tokens.warning}")
        self.setVisible(bool(self.explained))
