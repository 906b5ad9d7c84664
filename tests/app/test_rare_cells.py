"""A search for rare cells from the command line and in a case, to the signed report and its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all, report_again
from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.rare_cells import cells_to_look_at, result_of_case
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.rare_search import DEFAULT_SEARCH, RARE_FIELD
from bloodcells_gui.domain.suspicion import is_flagged
from bloodcells_gui.report.model import from_json, to_json
from tests.support.doubles import draw_cell, plain_engine
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.workbench_window import a_case, a_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def session(workspace: Workspace, tmp_path: Path) -> CaseSession:
    session = workspace.open_case(a_case(tmp_path / "case.bcs", 60))
    session.author = "A. Technician"
    return session


@needs_poppler
def test_the_command_line_searches_and_says_that_it_excludes_nothing(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.mkdir()
    for i in range(6):
        picture = draw_cell("LY").copy()
        picture[0, 0] = i  # no two files show the same pixels
        cv2.imwrite(str(film / f"{i}.png"), picture[..., ::-1])
    request = AnalyzeRequest((film,), tmp_path / "out", mpp=0.107, threads=2, rare_cells=True)
    (outcome,) = analyze_all(request, token=CancelToken(), progress=lambda _: None, engine=plain_engine)
    assert outcome.rare[0] == "No cell was looked at by a person yet: nothing is excluded."
    assert "6 further cells with a nucleus. This excludes nothing." in " ".join(outcome.rare)
    kept = json.loads((tmp_path / "out" / "rare_cells.json").read_text(encoding="utf-8"))
    assert (kept["looked_at_by_a_person"], kept["program_alone"]["cells"]) == (0, 6)
    assert kept["classes"][0] == {"code": "BL", "found": 0, "fewer_than_one_in": None}
    assert len(kept["to_look_at_first"]) == 6
    text = text_of((tmp_path / "out" / "report.pdf").read_bytes(), tmp_path)
    assert "Search for rare cells" in text
    assert "This excludes nothing" in text
    again = report_again(
        tmp_path / "out" / "case.bcs", tmp_path / "again", taxonomy="full", paper=None, lang="fr",
        save_masks=False,
    )  # fmt: skip
    assert "rare_cells.json" in {file.name for file in again}  # the case keeps that the search is on


def test_without_a_search_the_report_is_as_it_was(session: CaseSession) -> None:
    assert result_of_case(session) is None
    assert b'"rare"' not in report_model(session, ExportOptions()).canonical()
    session.close()


def test_only_decided_cells_count_and_the_signed_report_keeps_the_statement(session: CaseSession) -> None:
    session.set_field(RARE_FIELD, DEFAULT_SEARCH.written())
    before = report_model(session, ExportOptions()).rare
    assert before is not None
    assert before.looked_at == 0
    first = cells_to_look_at(session, DEFAULT_SEARCH)[0]
    assert is_flagged(session.cell(first))
    session.confirm([c.id for c in session.cells if session.decision(c.id).final not in ("LY", "SNE")])
    session.confirm([c.id for c in session.cells if is_flagged(c)])
    model = report_model(session, ExportOptions())
    assert model.rare is not None
    assert model.rare.waiting == 0
    assert 0 < model.rare.looked_at < len(session.cells)
    blasts = next(row for row in model.rare.rows if row.code == "BL")
    assert blasts.found == session.state.counts.get("BL", 0)
    assert from_json(to_json(model)).rare == model.rare
    sign(session, "A. Technician", "Reviewed and reported", "As it is.")
    assert report_model(session, ExportOptions()).rare == model.rare
    amend(session, "A. Technician", "Once more.")
    session.set_field(RARE_FIELD, "")
    assert report_model(session, ExportOptions()).rare is None
    session.undo()
    assert report_model(session, ExportOptions()).rare is not None
    session.close()


def test_a_continued_analysis_goes_to_the_end_of_the_film(workspace: Workspace, session: CaseSession) -> None:
    """Without a search it would stop at a number of leukocytes."""
    session.set_field(RARE_FIELD, DEFAULT_SEARCH.written())
    assert workspace.continue_analysis(session)._options.target_cells is None  # noqa: SLF001
    session.close()
