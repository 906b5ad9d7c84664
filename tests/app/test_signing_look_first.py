"""Cells that the program shows first: named before a signature until a person looked, and in the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import sign, signing_checks
from bloodcells_gui.app.signing_checks import SigningCheck
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.settings import BLOCK, NONE
from bloodcells_gui.domain.suspicion import RULE, is_flagged
from tests.support.workbench_window import a_case, a_workspace

DONE = ("A. Technician", "Reviewed and reported")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(target_cells=0)
    return workspace


@pytest.fixture
def session(workspace: Workspace) -> Iterator[CaseSession]:
    """Sixty cells: a person called all a lymphocyte but those that are shown first."""
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 60))
    session.relabel([c.id for c in session.cells if not is_flagged(c)], "LY")
    assert len(session.look_first()) > 3
    yield session
    session.close()


def check(session: CaseSession) -> SigningCheck | None:
    return next((c for c in signing_checks(session) if c.id == "look-first"), None)


def test_the_check_leads_to_the_cells_and_ends_with_the_last_one_that_was_looked_at(
    session: CaseSession,
) -> None:
    waiting = session.look_first()
    suspicion = [session.cell(i).suspicion for i in waiting]
    assert suspicion == sorted(suspicion, reverse=True)
    found = check(session)
    assert found is not None
    assert not found.blocking
    assert found.cells == tuple(waiting)
    session.relabel(waiting[1:], "LY")
    found = check(session)
    assert found is not None
    assert dict(found.params) == {"n": "1"}
    session.relabel(waiting[:1], "LY")
    assert check(session) is None
    session.undo()
    assert check(session) is not None


def test_it_is_signed_with_an_answer_and_not_without(session: CaseSession, workspace: Workspace) -> None:
    workspace.change_settings(signing=replace(workspace.settings.signing, critical=NONE, unreviewed=NONE))
    waiting = session.look_first()
    named = {i: session.state.label(i) for i in waiting}
    last = next(i for i in waiting if named[i] in ("SNE", "BNE", "LY", "MO", "EO", "BA"))
    session.relabel([i for i in waiting if i != last], "LY")
    assert session.look_first() == [last]
    with pytest.raises(UserError, match="may be a blast"):
        sign(session, *DONE)
    sign(session, *DONE, answers={"look-first": "seen at the microscope"})
    model = report_model(session, ExportOptions())
    assert "seen at the microscope" in [line.answer for line in model.review.checks]


def test_the_laboratory_may_forbid_the_signature_or_not_ask(
    session: CaseSession, workspace: Workspace
) -> None:
    workspace.change_settings(signing=replace(workspace.settings.signing, look_first=BLOCK))
    found = check(session)
    assert found is not None
    assert found.blocking
    workspace.change_settings(signing=replace(workspace.settings.signing, look_first=NONE))
    assert check(session) is None


def test_the_report_tells_how_many_were_shown_looked_at_and_named_a_blast(
    session: CaseSession,
) -> None:
    waiting = session.look_first()
    session.relabel(waiting[:2], "BL")
    session.relabel(waiting[2:3], "LY")
    model = report_model(session, ExportOptions())
    (remark,) = [r for r in model.differential.remarks if r.rule == RULE]
    assert dict(remark.params) == {"n_flagged": str(len(waiting)), "n_seen": "3", "n_blasts": "2"}
    assert "À regarder en premier" in remark_text(remark, "fr")
