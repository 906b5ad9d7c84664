"""Decisions on cells: the one place through which every panel changes the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from bloodcells_gui.app.reasons import ReasonWanted
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Change, Status
from bloodcells_gui.ui.contracts import Session


class ReviewController(QObject):
    """Wraps one session; panels listen to its signals and never to each other.

    Signals
    -------
    changed(Change)
        A decision was written to the case file and is in force, or new cells are there (no event then).
    failed(UserError)
        A decision could not be kept; nothing changed.
    """

    changed = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Asks why so many earlier decisions are changed; None when they are not to be.
        self.ask_reason: Callable[[int], str | None] = lambda _: None
        self.session = session
        self._unsubscribe = session.subscribe(self._heard)

    def close(self) -> None:
        """Stop listening to the session; what a view of it still reports is about no open case."""
        self._unsubscribe()
        self.blockSignals(True)

    def _heard(self, what: Change) -> None:
        self.changed.emit(what)

    def group_of(self, cell_id: int) -> str:
        """The gallery group of a cell: its final class or one of the two queues; "" when it is not there."""
        return self.session.state.label(cell_id)

    def attempt(self, act: Callable[[str], Change]) -> Change | None:
        """Do `act` with a reason, "" for none: asked for where one is wanted. None when nothing was done."""
        try:
            try:
                return act("")
            except ReasonWanted as wanted:
                reason = self.ask_reason(len(wanted.cells))
                return act(reason) if reason else None
        except UserError as error:
            self.failed.emit(error)
            return None

    def confirm(self, ids: Sequence[int]) -> Change | None:
        """The proposed class is right; an empty change where the same reviewer has said so already."""
        if not ids:
            return None
        open_ids = [i for i in ids if not self._confirmed(i)]
        return self.attempt(lambda why: self.session.confirm(open_ids, why)) if open_ids else Change()

    def _confirmed(self, cell_id: int) -> bool:
        decision = self.session.decision(cell_id)
        return decision.status is Status.CONFIRMED and decision.reviewer == self.session.author

    def relabel(self, ids: Sequence[int], code: str) -> Change | None:
        """It is a `code`; where that was the proposal already, it is a confirmation."""
        return self.attempt(lambda why: self.session.relabel(ids, code, why)) if ids else None

    def exclude(self, ids: Sequence[int]) -> Change | None:
        """It counts nowhere."""
        return self.attempt(lambda why: self.session.exclude(ids, why)) if ids else None

    def restore(self, ids: Sequence[int]) -> Change | None:
        """It counts again."""
        return self.attempt(lambda why: self.session.restore(ids, why)) if ids else None

    def undo(self) -> Change | None:
        """Take the last decision back."""
        return self.attempt(self.session.undo) if self.session.state.can_undo else None

    def redo(self) -> Change | None:
        """Do again what was taken back."""
        return self.attempt(lambda _: self.session.redo()) if self.session.state.can_redo else None

    def set_field(self, name: str, value: str) -> Change | None:
        """Fill in a field of the specimen."""
        return self.attempt(lambda _: self.session.set_field(name, value))
