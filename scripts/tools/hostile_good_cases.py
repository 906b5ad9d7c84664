"""The good cases that `scripts.tools.hostile_cases` puts nonsense into."""

from __future__ import annotations

import shutil
from pathlib import Path

from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import plain_engine
from tests.support.old_versions import version_1
from tests.support.red_cell_case import examined
from tests.support.workbench_window import a_case, a_workspace, slides_of_format_3


def good_cases(folder: Path) -> list[Path]:
    """One of each kind, made once."""
    workspace = a_workspace(folder)
    workspace.engine = plain_engine  # type: ignore[assignment]
    workspace.change_settings(target_cells=0)
    signed = a_case(folder / "good" / "signed.bcs", 12)
    session = workspace.open_case(signed)
    session.set_field("patient_id", "P-77")
    session.set_field("wbc", "7.2")
    session.set_field("birth_date", "1961-05-04")
    session.grade("anisocytosis", "2+")
    session.note("Smudge cells at the edge.")
    session.count("PLT", 3)
    for cell in session.cells:
        session.relabel([cell.id], "LY" if cell.id % 2 else "SNE")
    session.undo()
    session.redo()
    sign(session, "A. Technician", "Reviewed and reported", "Small practice smear.")
    sign(session, "B. Haematologist", "Second reading confirmed")
    session.store.set_draft("comment", "half a sentence", "A. Technician")
    session.close()
    amended = folder / "good" / "amended.bcs"
    shutil.copy(signed, amended)
    session = workspace.open_case(amended)
    amend(session, "A. Technician", "A cell was misnamed.")
    session.exclude([session.cells[0].id], "not a cell")
    session.close()
    fresh = a_case(folder / "good" / "fresh.bcs", 12, seed=3)
    with CaseStore.open(fresh) as store:
        examined(store)
    session = workspace.open_case(fresh)
    session.red_cells.name(session.red_cells.cells.ids[:5].tolist(), "TEAR")
    session.undo()
    session.redo()
    session.close()
    old = [version_1(folder / "good" / "old.bcs"), *slides_of_format_3(workspace, folder / "good")]
    return [signed, amended, fresh, *old]
