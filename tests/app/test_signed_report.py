"""What was signed stays what is shown: hash, pictures and explanations of frozen reports."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from bloodcells_gui.app.batch import report_again, verify_case
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.export import ExportOptions, export, report_model
from bloodcells_gui.app.preview import Preview
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signed_report import frozen_report, signed_table
from bloodcells_gui.app.signing import sign
from bloodcells_gui.app.worklist import Query, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.page_marks import Text
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.report.model import digest
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged
from bloodcells_gui.storage.recover import recover
from tests.support.doubles import CLASSES
from tests.support.old_versions import signed_version_2
from tests.support.signed_cases import no_engine, opened, with_signature
from tests.support.tampering import tamper
from tests.support.workbench_window import a_case, a_workspace

OTHER_NUMBER = """UPDATE reports SET report =
    CAST(replace(CAST(report AS TEXT), '"unidentified":0', '"unidentified":1') AS BLOB)"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(target_cells=0)
    return workspace


@pytest.fixture
def signed(workspace: Workspace) -> Path:
    path = a_case(workspace.cases_dir / "signed.bcs", 12)
    with_signature(path)
    return path


@pytest.mark.parametrize("reseal", [False, True])
def test_a_changed_signed_report_isno_engine_by_every_reader(
    workspace: Workspace, signed: Path, tmp_path: Path, reseal: bool
) -> None:
    tamper(signed, OTHER_NUMBER, reseal=reseal)
    out = tmp_path / "out"
    with pytest.raises(CaseDamaged, match="damaged"):
        report_again(signed, out, taxonomy="full", paper=None, lang="en", save_masks=False)
    assert not list(out.glob("*")) if out.exists() else True
    with pytest.raises(CaseDamaged, match="report"):
        workspace.open_case(signed)
    session = opened(signed, compare=False)  # as it was when the bit flipped: it is open already
    with pytest.raises(CaseDamaged):
        export(session, out, ExportOptions())
    with pytest.raises(CaseDamaged):
        sign(session, "ben", "Second reading confirmed")
    with pytest.raises(CaseDamaged):
        Preview(session, ExportOptions())
    session.close()
    assert list(workspace.cases_dir.glob("*.lock")) == []
    cases = WorkList(workspace)
    cases.refresh()
    written = cases.write_table(cases.search(Query()), tmp_path / "table.csv")
    cases.close()
    assert (written.written, written.unreadable) == (0, ("signed.bcs",))
    ok, lines = verify_case(signed, trail=tmp_path / "trail.csv")
    assert not ok
    assert "audit trail" in lines[-1]  # what there is of it is written even so
    found = recover(signed, tmp_path / "rescued.bcs", app_version="0")
    assert (found.reports, found.lost_reports, found.complete) == (0, 1, False)


def test_a_preview_of_changed_cells_is_neither_shown_nor_handed_out(workspace: Workspace) -> None:
    path = a_case(workspace.cases_dir / "open.bcs", 12)
    tamper(path, "UPDATE images SET name = 'another patient.png' WHERE idx = 0")
    session = workspace.open_case(path, read_only=True)  # names of images are compared behind the window
    preview = Preview(session, ExportOptions())
    with pytest.raises(CaseDamaged, match="images"):
        preview.pages()
    with pytest.raises(CaseDamaged, match="images"):
        preview.pdf()
    preview.close()
    session.close()


def test_a_chain_computed_anew_does_not_make_changed_cells_those_that_were_signed(
    workspace: Workspace, signed: Path, tmp_path: Path
) -> None:
    tamper(signed, "UPDATE cells SET x = x + 40 WHERE id = 1", reseal=True)
    with pytest.raises(CaseDamaged, match="report 1"):
        report_again(signed, tmp_path, taxonomy="full", paper=None, lang="en", save_masks=False)
    assert list(tmp_path.glob("*.csv")) == []
    session = workspace.open_case(signed)
    with pytest.raises(CaseDamaged, match="report 1"):
        sign(session, "ben", "Second reading confirmed")
    preview = Preview(session, ExportOptions())
    with pytest.raises(CaseDamaged, match="report 1"):
        preview.pdf()
    session.close()
    cases = WorkList(workspace)
    cases.refresh()
    assert cases.write_table(cases.search(Query()), tmp_path / "table.csv").unreadable == ("signed.bcs",)
    cases.close()


def test_a_signature_whose_report_is_gone_is_no_reason_to_draw_todays(signed: Path) -> None:
    tamper(signed, "DELETE FROM reports", "DELETE FROM ledger WHERE kind = 'report'", reseal=False)
    session = CaseSession(
        CaseStore.open(signed, read_only=True, compare=False),
        settings=LabSettings, explainer=Explainer(no_engine),  # type: ignore[arg-type]
    )  # fmt: skip
    with pytest.raises(CaseDamaged):
        report_model(session, ExportOptions())
    session.close()


def test_the_explanations_of_a_signed_report_are_drawn_without_models(signed: Path) -> None:
    session = opened(signed)
    live = report_model(session, ExportOptions())
    session.close()
    session = opened(signed, engine=False, read_only=True)
    model = report_model(session, ExportOptions())
    session.close()
    explained = [t for row in model.gallery for t in row.thumbs if t.cam]
    assert 3 <= len(explained) <= LabSettings().gradcam_in_report
    assert {t.predicted for t in explained} <= set(CLASSES)  # what the stand-in classifier knows
    assert all(t.rival in CLASSES and t.rival != t.predicted for t in explained)
    assert all(model.assets[t.cam].startswith(b"\xff\xd8") for t in explained)
    assert model.assets == live.assets
    # each is what the live report showed when it was signed
    assert all(digest(model.assets[t.cam]) == t.cam for t in explained)
    with CaseStore.open(signed, read_only=True) as store:
        maps = store.report_maps(model.frozen)
        assert sorted(maps) == sorted(t.cell for t in explained)
        assert max(map(len, maps.values())) < 20_000
        assert audit.verify(signed, images=False).ok
        assert store.events()[-1].key == model.sha256()


def test_an_exchanged_picture_is_missing_rather_than_shown(signed: Path) -> None:
    tamper(
        signed, "UPDATE assets SET thumbnail = (SELECT thumbnail FROM assets WHERE cell = 2) WHERE cell = 1"
    )
    session = opened(signed, read_only=True, compare=False)
    model = frozen_report(session)
    assert model is not None
    (thumb,) = [t for row in model.gallery for t in row.thumbs if t.cell == 1]
    assert thumb.picture not in model.assets
    assert thumb.cam not in model.assets
    session.close()


def test_a_report_signed_by_an_older_version_keeps_its_bytes_and_its_hash(tmp_path: Path) -> None:
    path = signed_version_2(tmp_path / "old.bcs")
    with sqlite3.connect(path) as connection:
        report, key = connection.execute("SELECT report, sha256 FROM reports").fetchone()
    connection.close()
    assert audit.verify(path, images=False).problems == []
    session = opened(path, engine=False)
    model = frozen_report(session)
    assert model is not None
    assert (model.sha256(), model.chain) == (key, None)
    assert hashlib.sha256(report).hexdigest() == key
    sign(session, "ben", "Second reading confirmed")  # a further signature is under the same bytes
    session.close()
    with CaseStore.open(path, read_only=True) as store:
        assert [f.report for f in store.frozen_reports()] == [report]
        assert [e.key for e in store.events()[-2:]] == [key, key]
    assert audit.verify(path, images=False).problems == []


def test_a_signed_report_says_where_the_chain_ended(signed: Path) -> None:
    with CaseStore.open(signed, read_only=True) as store:
        obj = json.loads(store.frozen_reports()[0].report)
        entries = store.ledger()
    chain = obj["chain"]
    assert chain["head"] == entries[chain["entries"] - 1].hash
    assert chain["events"] == sum(e.kind == "event" for e in entries[: chain["entries"]])
    assert entries[chain["entries"]].kind == "report"


def test_the_printed_report_names_both_ends_of_the_chain(signed: Path) -> None:
    session = opened(signed, engine=False, read_only=True)
    model = report_model(session, ExportOptions())
    pages = Preview(session, ExportOptions()).pages()
    printed = " ".join(mark.text for page in pages for mark in page.marks if isinstance(mark, Text))
    head = session.store.head()
    session.close()
    assert model.chain is not None
    assert model.chain.head != head  # the report and its signature came after
    together = printed.replace(" ", "")
    for end in (head, model.chain.head, model.frozen):
        assert end in together


def test_a_signed_case_shows_the_table_that_was_signed_whatever_is_set_later(
    workspace: Workspace, signed: Path
) -> None:
    before = workspace.settings
    session = workspace.open_case(signed)
    shown = signed_table(session)
    assert shown is not None
    session.close()
    workspace.change_settings(target_cells=before.target_cells + 300)
    session = workspace.open_case(signed)
    assert signed_table(session) == shown
    assert session.target != shown[1]
    session.close()
    cases = WorkList(workspace)
    cases.refresh()
    cases.close()
    entry = next(e for e in cases.search(Query()) if e.path == signed)
    assert entry.target != before.target_cells + 300
