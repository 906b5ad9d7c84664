"""Cases of formats 3 and 5 in today's program: signatures keep their bytes, an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.app.batch import verify_case
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signed_report import frozen_report
from bloodcells_gui.app.signing import amend, signing_checks
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.image_messages import WIDE_CROP
from bloodcells_gui.domain.run_messages import POOR_ZONES_BY, TOO_FEW, UNFAMILIAR, VERBATIM, templates
from bloodcells_gui.domain.scale_messages import UNSURE_SCALES
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.imaging.tiling import Tile
from bloodcells_gui.pipeline.search import TileSearch
from bloodcells_gui.report.model import INCOMPLETE
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.recover import recover
from bloodcells_gui.storage.schema import VERSION
from tests.support.drawn_images import analyze, put_slide, slide_pixels
from tests.support.old_versions import interrupted_version_3, signed_version_3, signed_version_5


def no_models() -> Any:
    raise UserError("There is no model.")


def opened(path: Path, *, read_only: bool = False) -> CaseSession:
    settings = replace(LabSettings(), target_cells=0)
    store = CaseStore.open(path, read_only=read_only)
    return CaseSession(store, settings=lambda: settings, explainer=Explainer(no_models), author="ana")


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    return signed_version_3(tmp_path / "signed.bcs")


def check_signed(path: Path, report: bytes, *, read_only: bool) -> None:
    assert audit.verify(path, images=False).problems == []
    assert verify_case(path)[0]
    session = opened(path, read_only=read_only)
    model = frozen_report(session)
    assert model is not None
    assert model.canonical() == report
    assert model.sha256() == hashlib.sha256(report).hexdigest()
    shown = {r.text for run in model.runs for r in run.record.remarks}
    assert VERBATIM not in shown
    assert shown  # as the report was signed: without what the runs said of their targets
    assert shown < set(templates())
    session.close()


def test_a_signed_case_verifies_and_shows_its_bytes_before_and_after_the_migration(signed: Path) -> None:
    [(report,)] = rows(signed, "SELECT report FROM reports")
    ledger, ends = rows(signed, "SELECT * FROM ledger"), rows(signed, "SELECT * FROM run_ends")
    check_signed(signed, report, read_only=True)
    assert rows(signed, "PRAGMA user_version") == [(3,)]
    check_signed(signed, report, read_only=False)
    assert rows(signed, "PRAGMA user_version") == [(VERSION,)]
    # Nothing was written into the record: not one entry more, and what the old ones seal is as it was.
    assert rows(signed, "SELECT * FROM ledger") == ledger
    assert rows(signed, "SELECT * FROM run_ends") == ends
    assert rows(signed, "SELECT * FROM run_results") == []
    check_signed(signed, report, read_only=True)


def test_a_signed_case_of_format_5_keeps_its_bytes(tmp_path: Path) -> None:
    path = signed_version_5(tmp_path / "signed.bcs")
    [(report,)] = rows(path, "SELECT report FROM reports")
    ledger = rows(path, "SELECT * FROM ledger")
    for read_only in (True, False, True):
        assert audit.verify(path, images=False).problems == []
        session = opened(path, read_only=read_only)
        model = frozen_report(session)
        assert model is not None
        assert (model.canonical(), model.sha256()) == (report, hashlib.sha256(report).hexdigest())
        session.close()
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    assert rows(path, "SELECT * FROM ledger") == ledger
    assert rows(path, "SELECT * FROM outlines") == []


@pytest.mark.parametrize("read_only", [True, False])
def test_what_the_runs_left_is_typed_and_complete(signed: Path, read_only: bool) -> None:
    with CaseStore.open(signed, read_only=read_only) as store:
        runs = store.runs
        assert [run.status for run in runs] == [RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.COMPLETE]
        left = [r.text for run in runs for r in run.record.remarks]
        later = {TOO_FEW, UNFAMILIAR, POOR_ZONES_BY, WIDE_CROP, *UNSURE_SCALES.values()}
        known = [text for text in templates() if text not in later]
        assert sorted(left) == sorted(known[: len(left)])
        assert len(left) == len(set(left)) == len(known) - 2
        assert [run.record.counts.red_cells for run in runs] == [2140, 2141, 2142]
        assert [len(run.record.progress.searched[0].tiles) for run in runs] == [14, 13, 13]
        assert all(len(run.record.progress.sampled[0].tiles) == 5 for run in runs)
        assert all(len(run.record.maps[0].tiles) == 63 for run in runs)
        adaptation = runs[2].record.adaptation
        assert adaptation is not None
        assert adaptation.weights == {"SNE": 1.75, "EO": 0.25, "LY": 1.0625}
        assert adaptation.prior is not None
        assert adaptation.propagation is not None
        assert (adaptation.propagated_cells, adaptation.measured_cells) == (4, 3)
        assert len(store.load_cells()) == 4


def test_a_report_made_today_says_of_the_runs_what_the_signed_one_says(signed: Path) -> None:
    """The flat form of today's records is the very text that the earlier version signed."""
    [(report,)] = rows(signed, "SELECT report FROM reports")
    session = opened(signed)
    amend(session, "ana", "To see the report of today.")
    today = json.loads(report_model(session, ExportOptions()).canonical())
    session.close()
    for run in today["runs"]:
        run.pop("never_proposed")  # said since the proposal table
    assert today["runs"] == json.loads(report)["runs"]
    then = json.loads(report)["differential"]["rows"]
    assert _but_for_colours(today["differential"]["rows"]) == _but_for_colours(then)


def _but_for_colours(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """A report made today has today's colours of the classes."""
    return [{name: value for name, value in row.items() if name != "rgb"} for row in rows]


def test_a_run_that_ends_today_stands_beside_those_of_the_old_format(signed: Path, tmp_path: Path) -> None:
    session = opened(signed)
    amend(session, "ana", "More cells were found.")
    store = session.store
    store.start_run(replace(store.runs[2], number=3))
    store.finish_run(3, RunStatus.COMPLETE, record=store.runs[2].record)
    assert store.runs[3].record == store.runs[2].record
    assert store.runs_ended() == 4
    assert store.verify() == []
    session.close()
    assert audit.verify(signed, images=False).problems == []
    found = recover(signed, tmp_path / "new.bcs", app_version="0")
    assert found.complete
    with CaseStore.open(tmp_path / "new.bcs") as new, CaseStore.open(signed) as old:
        kept = [replace(run.record, adaptation=None) for run in old.runs]
        assert [replace(run.record, adaptation=None) for run in new.runs] == kept
        assert new.runs[3].record.adaptation is not None


def test_an_interrupted_slide_of_the_old_format_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = put_slide(tmp_path / "slides" / "1.tif", slide_pixels(4))
    out = tmp_path / "out"
    out.mkdir()
    path = interrupted_version_3(out / "case.bcs")
    with CaseStore.open(path) as store:
        store.relocate(slide.parent)
        (run,) = store.runs
        (done,) = run.record.progress.searched
        assert done.tiles == {(0, 1)}
        before = len(store.load_cells())
    searched: list[tuple[int, int]] = []
    search = TileSearch.search

    def noting(self: TileSearch, read: Any, tile: Tile, *args: Any, **more: Any) -> Any:
        searched.append((tile.row, tile.column))
        return search(self, read, tile, *args, **more)

    monkeypatch.setattr(TileSearch, "search", noting)
    assert analyze(slide, out, "slide", resume=True).exit_code == 0
    assert sorted(searched) == [(0, 0), (1, 0), (1, 1)]
    with CaseStore.open(path, read_only=True) as store:
        first, last = store.runs
        assert (first.status, last.status) == (RunStatus.CANCELLED, RunStatus.COMPLETE)
        assert last.record.progress.searched[0].tiles == {(0, 0), (0, 1), (1, 0), (1, 1)}
        whole = len(store.load_cells())
    assert audit.verify(path, images=False).problems == []
    session = opened(path, read_only=True)
    stamps = report_model(session, ExportOptions()).stamps()
    checks = {check.id for check in signing_checks(session)}
    session.close()
    assert (INCOMPLETE in stamps, "incomplete" in checks) == (False, False)
    fresh = analyze(slide, tmp_path / "fresh", "slide")
    assert (whole, before < whole) == (fresh.cells, True)
