"""A second reader of one case: blinded reading, comparison with the first, adjudication."""

from __future__ import annotations

import hashlib

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.accounts import typed_name
from bloodcells_gui.domain.comparison import ReaderAgreement, compare_readers
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import SECOND_READING_PREFIX, Change, EventKind
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.taxonomy import UNIDENTIFIED


class SecondReading:
    """One reader's blinded pass over the cells that the first reader decided on.

    Parameters
    ----------
    session : CaseSession
    reader : str
        Who reads now; where accounts are in force it is who is signed in. Nobody may read a second time what
        he or she decided first.

    Raises
    ------
    UserError
        When there is nothing to read, or the reader is the first one.
    """

    def __init__(self, session: CaseSession, reader: str) -> None:
        self.session = session
        signed_in = session.accounts.author if session.accounts is not None else ""
        self.reader = signed_in or typed_name(" ".join(reader.split()))
        state = session.state
        decided = decided_cells(session)
        first = {state.decision(i).reviewer.casefold() for i in decided if i not in state.adjudicated}
        if not self.reader or self.reader.casefold() in first:
            raise UserError(
                "A second reading needs a second person.",
                "{name} decided on cells of this case already.",
                "Let somebody else read, under another name.",
                name=self.reader or "?",
            )
        self.key = SECOND_READING_PREFIX + self.reader
        # An order of its own hides in which group the first reader left a cell; it is the same every time.
        salt = f"{session.store.case_id}/{self.reader}"
        self.cells: tuple[int, ...] = tuple(
            sorted(decided, key=lambda i: hashlib.sha256(f"{salt}/{i}".encode()).digest())
        )

    @property
    def labels(self) -> dict[int, str]:
        """What this reader said so far."""
        return dict(self.session.state.second_reads.get(self.key, {}))

    @property
    def next_open(self) -> int | None:
        """Place of the first cell without a label; None when all are read."""
        labels = self.labels
        return next((n for n, i in enumerate(self.cells) if i not in labels), None)

    def label(self, cell_id: int, code: str) -> Change:
        """The reader's class of a cell; saying it again replaces it.

        UserError where somebody else has signed in since the reading began.
        """
        signed_in = self.session.accounts.author if self.session.accounts is not None else ""
        if signed_in and signed_in != self.reader:
            raise UserError(
                N_("This reading is of {name}."),
                N_("Somebody else is signed in by now."),
                N_("Close the reading, and begin one of your own."),
                name=self.reader,
            )
        before, self.session.author = self.session.author, self.reader
        try:
            return self.session.act(EventKind.SECOND_READ, (cell_id,), code, key=self.key)
        finally:
            self.session.author = before


def decided_cells(session: CaseSession) -> list[int]:
    """The cells that there are to read a second time; UserError when there is none."""
    state = session.state
    decided = [c.id for c in session.cells if state.present(c.id) and state.decided(c.id)]
    if not decided:
        raise UserError(
            "There is nothing to read a second time.",
            "Nobody has decided on a cell yet.",
            "Review the case first.",
        )
    return decided


def passes(session: CaseSession) -> list[str]:
    """Second readings that there are, by their keys."""
    return sorted(k for k, labels in session.state.second_reads.items() if labels)


def first_labels(session: CaseSession) -> dict[int, str]:
    """What the first reader left, as it was before anything was adjudicated."""
    state = session.state
    labels = {c.id: state.label(c.id) for c in session.cells if state.present(c.id) and state.decided(c.id)}
    for event in reversed(session.store.events()):
        if event.kind is EventKind.ADJUDICATE:
            labels.update(zip(event.cells, event.old, strict=True))
    return {i: label for i, label in labels.items() if label not in (UNIDENTIFIED, "")}


def compare(session: CaseSession, key: str, rollup: str | None = None) -> ReaderAgreement:
    """Agreement of the first reader with one second reading."""
    second = session.state.second_reads.get(key, {})
    return compare_readers(first_labels(session), second, rollup or session.settings.rollup)


def unsettled(session: CaseSession, key: str) -> list[int]:
    """Cells on which the readers differ and nobody has adjudicated yet."""
    first, second = first_labels(session), session.state.second_reads.get(key, {})
    settled = session.state.adjudicated
    return [i for i in sorted(second) if i in first and first[i] != second[i] and i not in settled]


def open_cells(session: CaseSession, key: str) -> tuple[list[int], list[int]]:
    """Cells that a begun second reading has not read yet, and differences that nobody has settled.

    A cell that was taken out counts nowhere and is neither.
    """
    state = session.state
    standing = [c.id for c in session.cells if state.present(c.id) and state.decision(c.id).final]
    labels = state.second_reads.get(key, {})
    unread = [i for i in standing if state.decided(i) and i not in labels]
    counted = set(standing)
    return unread, [i for i in unsettled(session, key) if i in counted]


def adjudicate(session: CaseSession, cell_id: int, code: str) -> Change:
    """Settle a difference: the class counts from now on, and the act cannot be undone, only changed."""
    if code == EXCLUDED_LABEL:
        return session.exclude((cell_id,), "second reading settled")
    return session.act(EventKind.ADJUDICATE, (cell_id,), code)
