"""How far the review of an open case has come."""

from __future__ import annotations

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.counting_target import reviewed_percent
from bloodcells_gui.domain.taxonomy import COUNTED


def percent_reviewed(session: CaseSession) -> int | None:
    """How much of the case persons have done; see :func:`domain.counting_target.reviewed_percent`."""
    state = session.state
    return reviewed_percent(
        cells=len(state) - state.absent,
        reviewed=state.reviewed,
        by_hand=sum(state.hand_counts.values()),
        counted=sum(n for code, n in state.counts.items() if code in COUNTED),
        target=session.target,
    )
