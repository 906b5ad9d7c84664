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
    if state.signed or rule == NEVER or kind not in (*_CHANGES, EventKind.UNDO):
        return ()
    if kind is EventKind.UNDO:
        act = state.turned_by(kind)
        ids = act.cells if act is not None and act.kind in _CHANGES else ()
    signed = max((s.time for s in state.signatures), default="")
    now = parse_utc(session.clock())
    found = []
    for cell_id in ids:
        if (
            cell_id not in state
            or not state.decided(cell_id)
            or not _changes_decision(session, kind, cell_id, new)
        ):
            continue
        decision = state.decision(cell_id)
        then = parse_utc(decision.reviewed_at)
        recent = now is not None and then is not None and now - then <= A_MOMENT
        own = decision.reviewer == session.author
        if rule == ALWAYS or not (recent and own) or decision.reviewed_at <= signed:
            found.append(cell_id)
    return tuple(found)


def _changes_decision(session: CaseSession, kind: EventKind, cell_id: int, new: str) -> bool:
    label = session.state.label(cell_id)
    if kind is EventKind.CONFIRM:
        return label == EXCLUDED_LABEL
    if kind is EventKind.RELABEL:
        return label != new
    return kind is not EventKind.EXCLUDE or label != EXCLUDED_LABEL
