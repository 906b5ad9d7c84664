"""What the pages of the case details have in common."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from bloodcells_gui.ui.case_details.signed_strip import SignedStrip
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.review import ReviewController

# How long nobody types before what was typed is kept as a draft: a crash costs no more than this.
PAUSE_MS = 800


class CaseDetailsPanel(QWidget):
    """One page of the case details: shows the case while it is visible, and keeps drafts of what is typed.

    A subclass adds its widgets to `column`, calls `note_typing` after each edit, and `begin` last in its
    constructor. It changes the case through `controller` alone, which also shows errors.

    Attributes
    ----------
    context : UiContext
    controller : ReviewController
    session : CaseSession
        The controller's.
    column : QVBoxLayout
        The layout of the page, without margins.

    Signals
    -------
    pending_changed()
        Something is typed now that is not in the record, or nothing is any more.
    amend_wanted()
        The case is signed, and the person wants to change it all the same.
    """

    pending_changed = Signal()
    amend_wanted = Signal()

    def __init__(self, context: UiContext, controller: ReviewController) -> None:
        super().__init__()
        self.context = context
        self.controller = controller
        self.session = controller.session
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.signed_strip = SignedStrip(context)
        self.signed_strip.amend_wanted.connect(self.amend_wanted)
        self.column.addWidget(self.signed_strip)
        self._was_pending = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.keep_drafts)

    def begin(self) -> None:
        """Show the case and its drafts, and follow it from now on."""
        self._show_case()
        self.show_drafts()
        self._pause.stop()  # what is shown is kept already
        self.controller.changed.connect(self._on_case_changed)

    # -- for subclasses to override --------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the case holds, and enable what may be edited now."""
        raise NotImplementedError

    @property
    def pending(self) -> bool:
        """Whether something was typed that is not in the record."""
        return False

    def unsaved(self) -> str:
        """Return what was typed and is not in the record, in words; "" when nothing is."""
        return ""

    def show_drafts(self) -> None:
        """Show what was typed earlier and is not in the record."""

    def keep_drafts(self) -> None:
        """Keep what was typed and is not in the record, in the case file."""

    # -- the same for every page -----------------------------------------------------------------------

    def note_typing(self) -> None:
        """Note that the text of the page changed: a draft of it is kept after a pause."""
        if self.pending or self._was_pending:
            self._pause.start()
        if self.pending != self._was_pending:
            self._was_pending = self.pending
            self.pending_changed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_case()

    def _show_case(self) -> None:
        self.signed_strip.show_case(self.session)
        self.refresh()

    def _on_case_changed(self) -> None:
        # A key of the review must not wait for what nobody sees: exact limits cost milliseconds.
        if self.isVisible():
            self._show_case()
