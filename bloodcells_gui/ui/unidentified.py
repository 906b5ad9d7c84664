"""The window's text for an unidentified cell, everywhere the same."""

from __future__ import annotations

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.unidentified import WORD, best_guess
from bloodcells_gui.ui.i18n import Language


def waiting_headline(session: CaseSession, language: Language, cell_id: int) -> str:
    """That it waits, the best guess and why that does not count; "" for a cell that does not wait."""
    guess = waiting_guess(session, language, cell_id)
    return f"{language.text(WORD)} {guess}" if guess else ""


def waiting_guess(session: CaseSession, language: Language, cell_id: int) -> str:
    """Best guess and why it does not count, for places that say already that the cell waits."""
    if session.decision(cell_id).status is not Status.UNIDENTIFIED:
        return ""
    cell = session.cell(cell_id)
    run = session.run_of(cell)
    return best_guess(cell, run.classes if run is not None else (), language.lang)
