"""Red cells in exports: written when examined, frozen by the signature, without names where anonymised."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.app.export import ExportOptions, export, live_report_model, report_model
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signed_report import frozen_report
from bloodcells_gui.app.signing import sign
from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID
from bloodcells_gui.domain.red_cells import NOT_COUNTED
from bloodcells_gui.report.model import digest
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import plain_engine
from tests.support.red_cell_case import examined, some_fields
from tests.support.workbench_window import a_case, a_workspace

R = FIRST_RED_CELL_ID
CODES = ("NORM",) * 70 + ("SPHERO",) * 14


@pytest.fixture
def session(tmp_path: Path) -> Iterator[CaseSession]:
    workspace = a_workspace(tmp_path)
    workspace.engine = plain_engine  # type: ignore[assignment]
    path = a_case(tmp_path / "a.bcs", 4)
    with CaseStore.open(path) as store:
        examined(store, some_fields(4, CODES))
    session = workspace.open_case(path)
    yield session
    session.close()


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as stream:
        return {row["code"]: row for row in csv.DictReader(stream)}


def test_the_block_counts_what_counts(session: CaseSession) -> None:
    red = session.red_cells
    red.name([R, R + 1], "SPHERO")
    red.name([R + 2], NOT_COUNTED)
    red.accept_grade("SPHERO")
    block = live_report_model(session, ExportOptions()).red_cells
    assert block is not None
    assert (block.cells, block.looked_at, block.not_counted, block.cut, block.fields) == (335, 3, 1, 12, 4)
    (sphero,) = (line for line in block.lines if line.code == "SPHERO")
    assert (sphero.count, sphero.by_person, sphero.proposed, sphero.accepted) == (58, 2, "2+", "2+")
    assert [t.cell for t in sphero.thumbs[:2]] == [R, R + 1]  # a person's first
    assert [t.by_person for t in sphero.thumbs] == [True, True, False, False, False, False]
    assert block.doubtful == int(red.cells.doubtful.sum())
    assert not any(line.thumbs for line in block.lines if line.code != "SPHERO")


def test_tables_are_written_when_examined_and_the_list_when_asked_for(
    session: CaseSession, tmp_path: Path
) -> None:
    export(session, tmp_path / "out", ExportOptions())
    assert rows(tmp_path / "out" / "red_cells.csv")["SPHERO"]["count"] == "56"
    assert rows(tmp_path / "out" / "red_cells.csv")["SPHERO"]["grade"] == ""
    assert not (tmp_path / "out" / "red_cells_list.csv").exists()
    session.red_cells.accept_grade("SPHERO")
    export(session, tmp_path / "more", ExportOptions(red_cells_list=True, anonymised=True))
    assert rows(tmp_path / "more" / "red_cells.csv")["SPHERO"]["grade"] == "2+"
    lines = (tmp_path / "more" / "red_cells_list.csv").read_text().splitlines()
    assert len(lines) == 1 + 4 * 84
    assert lines[1].startswith("image-000001,")


def test_nothing_is_written_and_said_where_nothing_was_examined(tmp_path: Path) -> None:
    session = a_workspace(tmp_path).open_case(a_case(tmp_path / "a.bcs", 4))
    export(session, tmp_path / "out", ExportOptions(red_cells_list=True))
    assert not list((tmp_path / "out").glob("red_cells*"))
    assert report_model(session, ExportOptions()).red_cells is None
    session.close()


def test_a_signature_freezes_the_red_cells_and_their_pictures(session: CaseSession) -> None:
    session.red_cells.accept_grade("SPHERO")
    for cell in session.cells:
        session.relabel([cell.id], "LY")
    sign(session, "A. Technician", "Reviewed and reported", "Small film.")
    [(_, hashed, content)] = session.store.report_rows()
    assert hashlib.sha256(content).hexdigest() == hashed
    model = frozen_report(session)
    assert model is not None
    assert model.red_cells is not None
    assert model.canonical() == content
    thumbs = [t for line in model.red_cells.lines for t in line.thumbs]
    assert len(thumbs) == 6
    assert all(digest(model.assets[t.picture]) == t.picture for t in thumbs)
    assert audit.verify(session.path, images=False).problems == []


def test_the_audit_view_names_examinations_and_acts(session: CaseSession) -> None:
    from bloodcells_gui.app.audit_view import rows as audit_rows

    session.red_cells.name([R, R + 1], "TEAR")
    session.undo()
    found = audit_rows(session, "en")
    acts = [(r["act"], r["cells"], r["old"], r["new"]) for r in found]
    assert acts[0][:3] == ("Taken back", "R1, R2", "Teardrop cell ×2")
    assert acts[1] == ("Red cells named", "R1, R2", "", "Teardrop cell")
    assert {"Examination of red cells begun", "Field of red cells examined"} <= {a[0] for a in acts}
    assert "Hématies nommées" in {r["act"] for r in audit_rows(session, "fr")}
