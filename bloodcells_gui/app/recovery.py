"""Report how a case was left after the program was killed, and whether its analysis can continue."""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.i18n import N_, Reason, plural


@dataclass(frozen=True, slots=True)
class RecoveryNotice:
    """English templates; `params` fill `why`. `can_continue`: an analysis was cut off."""

    what: str
    why: str
    what_to_do: str
    params: tuple[tuple[str, Reason], ...]
    can_continue: bool


def notice_of(session: CaseSession) -> RecoveryNotice | None:
    """The notice of a case that was just opened; None when there is nothing to tell.

    Runs that had no end are given one, so that they no longer read as being under way.
    """
    store = session.store
    cut_off = bool(store.interrupted_runs)
    if session.read_only or not (store.after_crash or cut_off):
        return None
    running = {run.number for run in store.runs if run.status is RunStatus.RUNNING}
    for number in store.interrupted_runs:
        if number in running:
            store.finish_run(number, RunStatus.CANCELLED)
    crash = N_("The program did not end properly when this case was last open.")
    return RecoveryNotice(
        crash if store.after_crash else N_("The analysis of this case was cut off."),
        N_("Every decision that the screen showed is here: {events}, {cells}."),
        N_("The analysis was cut off; it can be continued.") if cut_off else "",
        (
            ("events", Reason(plural("{n} decision", "{n} decisions"), (("n", session.state.last_seq),))),
            ("cells", Reason(plural("{n} cell", "{n} cells"), (("n", len(session.cells)),))),
        ),
        cut_off,
    )
