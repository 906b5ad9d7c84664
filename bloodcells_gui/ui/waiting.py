"""What the window says of a cell that waits as Unidentified, everywhere in the same words."""

from __future__ import annotations

from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.waiting import headline
from bloodcells_gui.ui.contracts import Session
from bloodcells_gui.ui.i18n import Language


def waiting_headline(session: Session, language: Language, cell_id: int) -> str:
    """Best guess and why it does not count; "" for a cell that does not wait."""
    if session.decision(cell_id).status is not Status.UNIDENTIFIED:
        return ""
    cell = session.cell(cell_id)
    run = session.run_of(cell)
    return headline(cell, run.classes if run is not None else (), language.lang)
