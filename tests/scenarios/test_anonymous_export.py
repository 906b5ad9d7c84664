"""Every file of an anonymised export, also of a signed case, is free of what tells whose it is."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bloodcells_gui.app.export import ExportOptions, export, report_model
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, frozen_report, sign
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.settings import Privacy
from tests.support.workbench_window import a_case, a_workspace

SECRETS = ("Lefèvre", "S-2026-0417", "field ", "P-77812")


def a_session(tmp_path: Path, *, anonymised: bool) -> CaseSession:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(privacy=Privacy(0, anonymised), target_cells=0)
    session = workspace.open_case(a_case(workspace.cases_dir / "one.bcs", 12))
    for name, value in {
        "patient_name": "Lefèvre", "patient_id": "P-77812", "clinical_information": "Mrs Lefèvre has fever.",
        "sex": "F", "undeclared": "Lefèvre",
    }.items():  # fmt: skip
        session.set_field(name, value)
    session.note("Mrs Lefèvre was told.")
    session.note("Left shift.")
    return session


def texts(folder: Path) -> str:
    files = [p for p in folder.rglob("*") if p.is_file()]
    found = "\n".join(str(p.relative_to(folder)) for p in files)
    return found + "".join(p.read_text("utf-8") for p in files if p.suffix == ".csv")


@pytest.mark.parametrize(("signed", "amended"), [(False, False), (True, False), (True, True)])
def test_nothing_in_any_file_tells_whose_it_is(tmp_path: Path, signed: bool, amended: bool) -> None:
    session = a_session(tmp_path, anonymised=False)
    if signed:
        session.relabel([c.id for c in session.cells], "LY")
        sign(session, "Ana", "Reviewed and reported", "Lefèvre is known.")
    if amended:
        amend(session, "Ana", "It was Mrs Lefèvre's sister.")
    options = ExportOptions(anonymised=True, save_masks=True)
    export(session, tmp_path / "out", options)
    written = texts(tmp_path / "out")
    assert not [s for s in SECRETS if s in written]
    rows = list(csv.DictReader((tmp_path / "out" / "cells.csv").read_text("utf-8").splitlines()))
    assert rows[0]["image"].startswith("image-")
    assert len(list((tmp_path / "out" / "masks").glob("image-*.png"))) >= 7
    model = report_model(session, options)
    assert not [s for s in SECRETS if s in model.canonical().decode()]
    assert [c.text for c in model.comments] == ["Left shift."]
    assert [f.name for f in model.fields] == ["sex"]
    assert model.specimen == report_model(session, options).specimen
    said = [remark_text(r) for r in model.differential.remarks]
    assert ("Version 2 amends a signed report." in said) == amended
    session.close()


def test_a_signature_freezes_the_whole_report_even_where_exports_are_anonymised(tmp_path: Path) -> None:
    session = a_session(tmp_path, anonymised=True)
    session.relabel([c.id for c in session.cells], "LY")
    sign(session, "Ana", "Reviewed and reported", "Short smear.")
    frozen = frozen_report(session)
    assert frozen is not None
    assert "Lefèvre" in {f.value for f in frozen.fields}
    handed_on = report_model(session, ExportOptions())
    assert handed_on.anonymised
    assert handed_on.signed
    assert handed_on.signatures[0].report_sha256 == frozen.sha256() != handed_on.sha256()
    session.close()
