"""The review of one case: who may change it, how it is changed, and where errors go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from bloodcells_gui.app import case_details, outlines, second_reader, signing, signing_checks
from bloodcells_gui.app.counter import Counter, CountSound
from bloodcells_gui.app.earlier_films import FoundFilms
from bloodcells_gui.app.outlines import OutlineDraft
from bloodcells_gui.app.reasons import ReasonWanted
from bloodcells_gui.app.second_reader import SecondReading
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.tagging import choose_word, toggle_tag
from bloodcells_gui.domain.attributes import Attribute, Word
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.findings import Finding, FindingAnswer
from bloodcells_gui.domain.review import Change, EventKind, Status
from bloodcells_gui.domain.review_state import BY_HAND_RUN

ErrorHandler = Callable[[UserError], object]
T = TypeVar("T")


class ReviewController(QObject):
    """The only place of the window that changes a case.

    Panels, tool windows and dialogs write through it and never call a writing method of the session, so that
    permission, the question for a reason and errors are handled here and nowhere else
    (`tests/test_architecture.py` looks for calls elsewhere). Views follow its signals and never each other.

    What a method returns is None, False or `CountSound.NONE` when nothing was written.

    Parameters
    ----------
    session : CaseSession
        The open case; whoever opened it closes it.
    reviewer_known : callable
        Called before a change. It may ask for the reviewer's name; False forbids the change.
    ask_reason : callable
        Called with the number of earlier decisions that a change alters. It gives the reason, and None or ""
        when they are to stay as they are.

    Signals
    -------
    changed(Change)
        A change is in the case file and in force, or new cells were found (then there is no event).
    failed(UserError)
        A change could not be written; the case is as before.
    turned(EventKind, Event)
        An undo or redo, and the act that it took back or did again; it is in force and `changed` was sent.
    read_only_refused()
        Somebody wanted to change a case that is open for reading only.
    """

    changed = Signal(object)
    failed = Signal(object)
    turned = Signal(object, object)
    read_only_refused = Signal()

    def __init__(
        self,
        session: CaseSession,
        reviewer_known: Callable[[], bool] = lambda: True,
        ask_reason: Callable[[int], str | None] = lambda _: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self._reviewer_known = reviewer_known
        self._ask_reason = ask_reason
        self._unsubscribe = session.subscribe(self.changed.emit)

    def close(self) -> None:
        """Stop following the session; errors of views that still work are about no open case."""
        self._unsubscribe()
        self.blockSignals(True)

    # -- permission and errors -------------------------------------------------------------------------

    @property
    def editable(self) -> bool:
        """Whether the case can be changed at all: it is neither signed nor open for reading only."""
        return not (self.session.state.signed or self.session.read_only)

    def may_decide(self) -> bool:
        """Whether a person may change the case now; asks who it is where nobody knows.

        Every method that changes the case calls it. A view calls it first where the question must come before
        something else.
        """
        if self.session.read_only:
            self.read_only_refused.emit()
            return False
        return self._reviewer_known()

    def set_author(self, name: str) -> None:
        """Write further changes in the name of this person."""
        self.session.author = name

    def _write(self, write: Callable[[str], T], on_error: ErrorHandler | None = None) -> T | None:
        """Call `write` with a reason, "" at first; None when it was not allowed, not wanted, or failed."""
        return self._try(write, on_error) if self.may_decide() else None

    def _try(self, write: Callable[[str], T], on_error: ErrorHandler | None = None) -> T | None:
        try:
            try:
                return write("")
            except ReasonWanted as wanted:
                reason = self._ask_reason(len(wanted.cells))
                return write(reason) if reason else None
        except UserError as error:
            (on_error or self.failed.emit)(error)
            return None

    # -- cells -----------------------------------------------------------------------------------------

    def group_of(self, cell_id: int) -> str:
        """Return the gallery group of a cell: its class or one of the two queues; "" where it is gone."""
        return self.session.state.label(cell_id)

    def confirm(self, ids: Sequence[int]) -> Change | None:
        """Confirm the proposed classes; an empty change where the same reviewer has done so already."""
        if not ids:
            return None
        open_ids = [i for i in ids if not self._confirmed(i)]
        return self._write(lambda why: self.session.confirm(open_ids, why) if open_ids else Change())

    def _confirmed(self, cell_id: int) -> bool:
        decision = self.session.decision(cell_id)
        return decision.status is Status.CONFIRMED and decision.reviewer == self.session.author

    def relabel(self, ids: Sequence[int], code: str) -> Change | None:
        """Give the cells class `code`; where that was the proposal already, it is a confirmation."""
        return self._write(lambda why: self.session.relabel(ids, code, why)) if ids else None

    def exclude(self, ids: Sequence[int]) -> Change | None:
        """Leave the cells out of every count."""
        return self._write(lambda why: self.session.exclude(ids, why)) if ids else None

    def restore(self, ids: Sequence[int]) -> Change | None:
        """Count excluded cells again."""
        return self._write(lambda why: self.session.restore(ids, why)) if ids else None

    def add_cell(self, image: int, x: float, y: float) -> Change | None:
        """Add the cell at a place of an image (its index, full-resolution px); it waits as a proposal."""
        return self._write(lambda _: self.session.add_cell(image, x, y))

    def mend_outline(self, cell_id: int, key: str, draft: OutlineDraft) -> Change | None:
        """Keep another outline of a cell; `key` as in :func:`app.outlines.mend_outline`."""
        return self._write(lambda _: outlines.mend_outline(self.session, cell_id, key, draft.mask))

    def drop_mended_outline(self, cell_id: int) -> Change | None:
        """Take the program's own outline of a cell again."""
        return self._write(lambda _: outlines.drop_mended_outline(self.session, cell_id))

    def remove_cell(self, cell_id: int) -> Change | None:
        """Take a cell out: one added by hand is removed, one that a model found is excluded."""
        if self.session.cell(cell_id).run == BY_HAND_RUN:
            return self._write(lambda why: self.session.remove_cell(cell_id, why))
        return self.exclude([cell_id])

    # -- red cells -------------------------------------------------------------------------------------

    def name_red_cells(self, ids: Sequence[int], code: str) -> Change | None:
        """Name red cells: a shape code, `NOT_COUNTED`, or "" for the proposals again."""
        return self._write(lambda why: self.session.red_cells.name(ids, code, why)) if ids else None

    # -- undo ------------------------------------------------------------------------------------------

    def undo(self) -> Change | None:
        """Take the last act back."""
        return self._turn(EventKind.UNDO, self.session.undo)

    def redo(self) -> Change | None:
        """Do the last act that was taken back once more."""
        return self._turn(EventKind.REDO, lambda _: self.session.redo())

    def _turn(self, kind: EventKind, write: Callable[[str], Change]) -> Change | None:
        act = self.session.state.turned_by(kind)
        change = None if act is None else self._write(write)
        if change is not None:
            self.turned.emit(kind, act)
        return change

    # -- case details ----------------------------------------------------------------------------------

    def set_field(self, name: str, value: str) -> Change | None:
        """Fill in a field of the specimen or the patient."""
        return self._write(lambda _: self.session.set_field(name, value))

    def grade(self, item: str, value: str) -> Change | None:
        """Give a morphological feature (its id) a grade of :data:`domain.grading.GRADES`, "" for none."""
        return self._write(lambda _: self.session.grade(item, value))

    def note(self, text: str, cells: Sequence[int] = ()) -> Change | None:
        """Add a comment for the report, on the case or on some of its cells."""
        return self._write(lambda _: self.session.note(text, cells))

    def tag(self, ids: Sequence[int], tag: str) -> Change | None:
        """Put a tag on cells; where all of them have it, take it off. One step to undo."""
        return self._write(lambda _: toggle_tag(self.session, ids, tag)) if ids else None

    def choose_word(self, cell_id: int, attribute: Attribute, word: Word) -> Change | None:
        """Give a cell a person's word for an attribute, as a tag."""
        return self._write(lambda _: choose_word(self.session, cell_id, attribute, word))

    def set_analyser(self, label: str, text: str) -> None:
        """Enter the analyser's percentage of one class as it was typed; "" takes it out."""
        self._write(lambda _: case_details.set_analyser(self.session, label, text))

    def set_analyser_cells(self, count: int) -> None:
        """Enter how many leukocytes the analyser counted; 0 where nobody knows."""
        self._write(lambda _: case_details.set_analyser_cells(self.session, count))

    def import_analyser(self, path: Path) -> None:
        """Take the analyser's differential from a CSV file."""
        self._write(lambda _: case_details.import_analyser(self.session, path))

    def keep_draft(self, key: str, text: str) -> bool:
        """Keep what was typed and is not part of the record, under a key of :mod:`app.drafts`.

        Nobody is asked for a name: a draft is no decision, and in a case open for reading none is kept.
        """

        def keep(_: str) -> bool:
            self.session.drafts.keep(key, text)
            return True

        return bool(self._try(keep))

    # -- counting by hand ------------------------------------------------------------------------------

    def count(self, counter: Counter, code: str) -> CountSound:
        """Count one more cell of a class at the microscope."""
        return self._write(lambda _: counter.press(code)) or CountSound.NONE

    def count_less(self, counter: Counter, code: str) -> CountSound:
        """Count one cell of a class less."""
        return self._write(lambda _: counter.less(code)) or CountSound.NONE

    def take_back_count(self, counter: Counter) -> CountSound:
        """Take the cell that was counted last back."""
        return self._write(lambda _: counter.take_back()) or CountSound.NONE

    # -- second reader ---------------------------------------------------------------------------------

    def read_again(
        self, reading: SecondReading, cell_id: int, code: str, on_error: ErrorHandler
    ) -> Change | None:
        """Write the second reader's class of a cell, in the name that was given for the reading.

        `on_error` shows the error in the window of the reading, which covers the banners of the main window.
        """
        return self._try(lambda _: reading.label(cell_id, code), on_error)

    def adjudicate(self, cell_id: int, code: str, on_error: ErrorHandler) -> Change | None:
        """Settle a difference between the two readers; `on_error` as in :meth:`read_again`."""
        return self._write(lambda _: second_reader.adjudicate(self.session, cell_id, code), on_error)

    # -- signature -------------------------------------------------------------------------------------

    def sign(
        self,
        name: str,
        meaning: str,
        answers: Mapping[str, str],
        films: FoundFilms | None,
        pin: str = "",
        on_error: ErrorHandler | None = None,
    ) -> Change | None:
        """Freeze the report and sign it; parameters as in :func:`app.signing.sign`.

        `on_error` shows the refusal in the dialog that asked; None leaves it to `failed`.
        """
        sign = signing.sign
        return self._write(
            lambda _: sign(self.session, name, meaning, answers=answers, films=films, pin=pin), on_error
        )

    def amend(self, reason: str, pin: str = "", on_error: ErrorHandler | None = None) -> Change | None:
        """Open a signed case for a new version; `on_error` as in :meth:`sign`."""
        return self._write(
            lambda _: signing.amend(self.session, self.session.author, reason, pin=pin), on_error
        )

    def answer_finding(self, finding: Finding, answer: FindingAnswer) -> Change | None:
        """Keep what came of a critical finding."""
        return self._write(lambda _: signing_checks.answer_finding(self.session, finding, answer))
