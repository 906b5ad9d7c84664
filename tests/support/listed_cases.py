"""A folder with one case in each state, and what a work list says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.worklist_lines import CaseList
from tests.support.case_tools import Reviewer, a_run, cells_of


def make(path: Path, specimen: str, created: str, *, cells: int = 0) -> CaseStore:
    store = CaseStore.create(
        path,
        Specimen(specimen, SpecimenKind.CROPS, path.parent),
        case_id=path.stem,
        created=created,
        app_version="0",
    )
    if cells:
        store.start_run(a_run())
        store.add_cells(0, *cells_of(0, cells))
    return store


def one_of_each(tmp_path: Path) -> Path:
    """One case in each state."""
    place = tmp_path / "cases"
    place.mkdir()
    make(place / "new.bcs", "S-1", "2026-01-01T08:00:00Z").close()
    with make(place / "fresh.bcs", "S-2", "2026-01-02T08:00:00Z", cells=8) as store:
        store.finish_run(0, RunStatus.COMPLETE)
    with make(place / "done.bcs", "S-3", "2026-01-03T08:00:00Z", cells=8) as store:
        store.finish_run(0, RunStatus.CANCELLED)
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, *range(8), author="Zoë")
        person.act(EventKind.SET_FIELD, key="patient_id", new="P-77")
    (place / "2025").mkdir()
    with make(place / "2025" / "signed.bcs", "S-4", "2025-12-24T08:00:00Z", cells=8) as store:
        store.finish_run(0, RunStatus.COMPLETE)
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, *range(8))
        person.act(EventKind.SIGN, new="reviewed")
    (place / "broken.bcs").write_bytes(b"SQLite format 3\x00 and then nothing")
    (place / "notes.txt").write_text("no case")
    return place


def states(listed: CaseList, **wanted: Any) -> dict[str, str]:
    return {e.path.stem: str(e.state) for e in listed.search(**wanted)}


ALL = {
    "new": "new", "fresh": "to review", "done": "reviewed", "signed": "signed", "broken": "unreadable",
}  # fmt: skip
