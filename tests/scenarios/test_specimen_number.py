"""The specimen's number can be corrected, and the corrected one is everywhere that names the specimen."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.app.case_details import problem_of, record_fields, value_of
from bloodcells_gui.app.export import ExportOptions, export, folder_name, report_model
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.worklist import Query, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import CODES
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD
from bloodcells_gui.storage.audit import trail, verify
from bloodcells_gui.storage.removals import read, remove_case, specimen_key
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def session(workspace: Workspace) -> Iterator[CaseSession]:
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", specimen_id="S-123"))
    yield session
    session.close()


def test_a_correction_is_an_event_that_can_be_undone(session: CaseSession) -> None:
    session.set_field(SPECIMEN_ID_FIELD, "S-132")
    assert session.specimen.id == "S-132"
    session.set_field(SPECIMEN_ID_FIELD, "S-133")
    last = [e for e in trail(session.store) if e["key"] == SPECIMEN_ID_FIELD]
    assert [(e["old"], e["new"]) for e in last] == [(["S-123"], "S-132"), (["S-132"], "S-133")]
    session.undo()
    assert session.specimen.id == "S-132"
    session.undo()
    assert session.specimen.id == "S-123"
    assert len(session.specimen.images) == 7
    session.redo()
    assert session.specimen.id == "S-132"


def test_the_corrected_number_is_in_report_exports_and_work_list(
    session: CaseSession, workspace: Workspace, tmp_path: Path
) -> None:
    session.set_field(SPECIMEN_ID_FIELD, "S-132")
    assert report_model(session, ExportOptions()).specimen == "S-132"
    assert folder_name(session) == "S-132"
    workspace.change_settings(csv_names=CODES)
    export(session, tmp_path / "out", ExportOptions())
    cases = WorkList(workspace)
    cases.refresh()
    (entry,) = cases.search(Query("s-132"))
    assert entry.specimen_id == "S-132"
    table = tmp_path / "all.csv"
    cases.write_table([entry], table)
    with table.open(newline="", encoding="utf-8-sig") as stream:
        assert [row["specimen_id"] for row in csv.DictReader(stream)] == ["S-132"]
    cases.close()


def test_a_row_of_the_table_is_of_the_case_that_lies_there_now(workspace: Workspace, tmp_path: Path) -> None:
    workspace.change_settings(csv_names=CODES)
    path = a_case(workspace.cases_dir / "a.bcs", 12, specimen_id="S-OLD")
    cases = WorkList(workspace)
    cases.refresh()
    listed = cases.search(Query("S-OLD"))
    a_case(tmp_path / "b.bcs", 20, specimen_id="S-NEW").replace(path)  # restored beside the open list
    table = tmp_path / "all.csv"
    assert cases.write_table(listed, table).written == 1
    with table.open(newline="", encoding="utf-8-sig") as stream:
        (row,) = csv.DictReader(stream)
    assert row["specimen_id"] == "S-NEW"
    path.unlink()
    assert cases.write_table(listed, table).unreadable == ("a.bcs",)
    cases.close()


def test_a_signed_number_is_corrected_by_an_amendment(session: CaseSession) -> None:
    for cell in session.cells:
        if session.state.label(cell.id) == "UNI":
            session.relabel([cell.id], "LY")
    session.confirm([c.id for c in session.cells if not session.state.decided(c.id)])
    sign(session, "A. Technician", "Reviewed and reported", "few cells")
    with pytest.raises(UserError, match="amend it first"):
        session.set_field(SPECIMEN_ID_FIELD, "S-132")
    amend(session, "A. Technician", "wrong number")
    session.set_field(SPECIMEN_ID_FIELD, "S-132")
    sign(session, "A. Technician", "Amended report", "few cells")
    numbers = [frozen.report.split(b'"specimen":"')[1][:5] for frozen in session.store.frozen_reports()]
    assert numbers == [b"S-123", b"S-132"]
    model = report_model(session, ExportOptions())
    assert model.specimen == "S-132"
    reasons = [dict(r.params) for r in model.differential.remarks if "amends" in r.text]
    assert reasons == [{"version": "2", "reason": "wrong number"}]
    first = session.store.frozen_reports()[0].report
    assert b"amends" not in first  # the first version keeps its bytes
    path = session.path
    session.close()
    assert verify(path).ok


@pytest.mark.parametrize("text", ["", "   ", "x" * 121, "a\x00b", "a\nb"])
def test_what_is_no_number_is_refused(session: CaseSession, text: str) -> None:
    spec = record_fields(session)[0]
    assert (spec.name, value_of(session, spec.name)) == (SPECIMEN_ID_FIELD, "S-123")
    assert problem_of(spec, text)
    assert not problem_of(spec, "=Ä 26-4711/3")


def test_the_record_of_removals_names_the_corrected_number(
    session: CaseSession, workspace: Workspace
) -> None:
    session.set_field(SPECIMEN_ID_FIELD, "S-132")
    path, changed = session.path, session.store.events()[-1].time
    session.close()
    remove_case(path, workspace.cases_dir, author="A", reason="due", state="to review", changed=changed)
    assert {r.specimen_sha256 for r in read(workspace.cases_dir)} == {specimen_key("S-132")}
