"""Cases of patients in a workspace, reviewed to a chosen count and signed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind

MARIE = {"patient_id": "P-77812", "patient_name": "Marie Dupont", "birth_date": "1961-07-14", "sex": "F"}


def a_film(
    workspace: Workspace,
    specimen: str,
    counts: Mapping[str, int],
    *,
    created: str = "2026-10-01T08:00:00Z",
    fields: Mapping[str, str] = MARIE,
    signed: bool = True,
    folder: Path | None = None,
) -> Path:
    """A case counted by hand at the microscope: so many cells of each class, signed or not."""
    place = folder or workspace.cases_dir
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{created[:10]} {specimen}.bcs"
    new_case(
        path, Specimen(specimen, SpecimenKind.COUNTER, place), case_id=path.stem, created=created
    ).close()
    session = workspace.open_case(path)
    session.clock = lambda: created
    for name, value in fields.items():
        session.set_field(name, value)
    for code, n in counts.items():
        session.count(code, n)
    if signed:
        sign_film(session)
    session.close()
    return path


def sign_film(session: CaseSession) -> None:
    """Sign whatever is open."""
    sign(session, "A. Technician", "Reviewed and reported", "As it is.")
