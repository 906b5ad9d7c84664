"""One cell of the gallery in words, for tool tips and screen readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.cell import Cell, cell_number
from bloodcells_gui.domain.review import Decision, Status
from bloodcells_gui.ui.i18n import Language, ngettext, tr


def described(
    cell: Cell, decision: Decision, language: Language, headline: str = "", remarks: Sequence[str] = ()
) -> str:
    """Number, class with who decided, flags and remarks.

    Parameters
    ----------
    headline : str
        What is said of a cell that waits; "" for its best guess.
    remarks : sequence of str
        Tags and comments that persons gave the cell.
    """
    parts = [
        tr("Cell {number}").format(number=cell_number(cell.id)),
        _standing(cell, decision, language, headline),
    ]
    parts.extend(language.flag(f) for f in cell.flags)
    parts.extend(remarks)
    return ", ".join(parts)


def cell_remarks(session: CaseSession, language: Language, cell_id: int) -> list[str]:
    """Tags and comments that persons gave a cell."""
    state = session.state
    notes = [note.text for note in state.notes if cell_id in note.cells]
    return [*(language.text(tag) for tag in state.tags.get(cell_id, ())), *notes]


def confirmed_text(codes: Counter[str]) -> str:
    """How many cells of which classes were confirmed at once, and how to take that back."""
    classes = ", ".join(f"{n} {code}" for code, n in codes.most_common())
    return ngettext(
        "{n} cell confirmed: {classes}. Ctrl+Z takes it back.",
        "{n} cells confirmed: {classes}. Ctrl+Z takes them back.",
        codes.total(),
        classes=classes,
    )


def _standing(cell: Cell, decision: Decision, language: Language, headline: str) -> str:
    proposal = tr("{name}, probability {percent} %").format(
        name=language.class_name(cell.predicted),
        percent=language.number(100 * cell.probability, 1),
    )
    final = language.class_name(decision.final)
    if decision.status is Status.UNIDENTIFIED:
        return headline.rstrip(".") or tr("unidentified; best guess: {proposal}").format(proposal=proposal)
    if decision.status is Status.PROPOSED:
        return tr("proposed: {proposal}").format(proposal=proposal)
    if decision.status is Status.CONFIRMED:
        return tr("confirmed as {name} by {person}").format(name=final, person=decision.reviewer)
    if decision.status is Status.RELABELLED:
        return tr("changed from {old} to {new} by {person}").format(
            old=language.class_name(cell.predicted), new=final, person=decision.reviewer
        )
    if decision.reviewer:
        return tr("excluded by {person}").format(person=decision.reviewer)
    return tr("not counted; proposed: {proposal}").format(proposal=proposal)
