"""Decide when changing a decision needs a reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, plural
from bloodcells_gui.domain.retention import parse_utc
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.settings import ALWAYS, NEVER

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

# A person who corrects a key pressed a moment ago is not asked why.
A_MOMENT = timedelta(minutes=10)
_CHANGES = frozenset(
    {EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.RESTORE, EventKind.REMOVE_CELL}
)


class ReasonWanted(UserError):
    """Cells that a person decided on earlier are changed: it is done once a reason is given."""

    def __init__(self, cells: tuple[int, ...]) -> None:
        self.cells = cells
        super().__init__(
            plural("{n} cell was decided on before.", "{n} cells were decided on before."),
            N_("A decision that is changed needs a reason."),
            N_("Say in a few words why."),
            n=len(cells),
        )


def cells_needing_reason(
    session: CaseSession, kind: EventKind, ids: Iterable[int], new: str
) -> tuple[int, ...]:
    """List the cells of an act whose decision it changes, and which therefore need a reason.

    By the laboratory's setting never, always, or (the default) where the decision is another person's, older
    than ten minutes, or part of a report that was signed.
    """
    rule, state = session.settings.signing.reason_on_change, session.state
    act = state.turned_by(kind) if kind is EventKind.UNDO else None
    done = act.kind if act is not None else kind
    if state.signed or rule == NEVER or done not in (*_CHANGES, EventKind.NAME_RED_CELLS):
        return ()
    ids = ids if act is None else act.cells
    if done is EventKind.NAME_RED_CELLS:
        names = state.red_cell_names
        changed = (i for i in ids if i in names and (act is not None or names[i].code != new))
        return tuple(i for i in changed if _is_late(session, names[i].author, names[i].time))
    found = []
    for cell_id in ids:
        if (
            cell_id not in state
            or not state.decided(cell_id)
            or not _changes_decision(session, kind, cell_id, new)
        ):
            continue
        decision = state.decision(cell_id)
        if _is_late(session, decision.reviewer, decision.reviewed_at):
            found.append(cell_id)
    return tuple(found)


def _is_late(session: CaseSession, reviewer: str, at: str) -> bool:
    """Whether a change of what `reviewer` decided at that time needs a reason."""
    signed = max((s.time for s in session.state.signatures), default="")
    now, then = parse_utc(session.clock()), parse_utc(at)
    recent = now is not None and then is not None and now - then <= A_MOMENT
    always = session.settings.signing.reason_on_change == ALWAYS
    return always or not (recent and reviewer == session.author) or at <= signed


def _changes_decision(session: CaseSession, kind: EventKind, cell_id: int, new: str) -> bool:
    label = session.state.label(cell_id)
    if kind is EventKind.CONFIRM:
        return label == EXCLUDED_LABEL
    if kind is EventKind.RELABEL:
        return label != new
    return kind is not EventKind.EXCLUDE or label != EXCLUDED_LABEL
