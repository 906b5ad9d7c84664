"""Signed cases, and sessions on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import plain_engine
from tests.support.workbench_window import a_case

#: When the cases of `signed_case` are past their time.
LATER = "2027-12-01T10:00:00Z"


def opened(path: Path, *, engine: bool = True, **more: bool) -> CaseSession:
    """Open the case for a review by "ana", with stand-in models or none."""
    settings = replace(LabSettings(), target_cells=0)
    models = plain_engine if engine else no_engine
    return CaseSession(
        CaseStore.open(path, **more), settings=lambda: settings, explainer=Explainer(models), author="ana"
    )  # type: ignore[arg-type]


def no_engine() -> None:
    """Refuse, as an engine does that finds no models."""
    raise UserError("There is no model.")


def with_signature(path: Path) -> None:
    """Call every cell of the case a lymphocyte and sign it."""
    session = opened(path)
    session.relabel([c.id for c in session.cells], "LY")
    sign(session, "ana", "Reviewed and reported", "Short smear.")
    session.close()


def signed_case(workspace: Workspace, name: str) -> Path:
    """Put a signed case of 12 cells, named `name`, into the workspace."""
    path = a_case(workspace.cases_dir / name, 12, specimen_id="Smith 1961")
    session = workspace.open_case(path)
    session.clock = lambda: "2026-11-24T08:00:00Z"
    for cell in session.cells:
        session.relabel([cell.id], "LY")
    sign(session, "A. Technician", "Reviewed and reported", "Small practice smear.")
    session.close()
    return path
