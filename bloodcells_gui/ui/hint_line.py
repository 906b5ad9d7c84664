"""The line below the cells of a small window: what its keys do, and what the last undo took back."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from bloodcells_gui.domain.event_words import turned_text
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.labels import ElidedLabel
from bloodcells_gui.ui.review import ReviewController


class HintLine(ElidedLabel):
    """Shows `hint`; after an undo or redo, what it turned, until the case changes again.

    What was turned may lie out of this window's sight: the main window says it too, but may be behind.
    """

    def __init__(self, context: UiContext, controller: ReviewController, hint: str) -> None:
        super().__init__(hint)
        self.setObjectName("muted")
        self._context, self._controller, self._hint = context, controller, hint
        controller.changed.connect(self._show_hint)  # comes before `turned`
        controller.turned.connect(self._say)

    def tell(self, text: str) -> None:
        """Show `text` until the case changes, and say it aloud."""
        self.show_text(text)
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def _show_hint(self) -> None:
        self.show_text(self._hint)

    def _say(self, turn: EventKind, act: Event) -> None:
        settings = self._controller.session.settings
        self.tell(turned_text(turn, act, settings, self._context.language.lang) + ".")
