"""What must be answered before a signature, and where the answers are afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bloodcells_gui.app import account
from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.reasons import ReasonWanted
from bloodcells_gui.app.second_reader import SecondReading, adjudicate
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign, signing_checks
from bloodcells_gui.app.signing_checks import SigningCheck, answer_finding, findings
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain import clock
from bloodcells_gui.domain.cell import FLAG_OUTSIDE_FRAME, Cell
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.findings import CONFIRMED, REFUTED, FindingAnswer, is_answered
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.settings import ALWAYS, BLOCK, NEVER, NONE
from bloodcells_gui.report.anonymous import anonymised
from bloodcells_gui.storage.audit import verify
from tests.support import fakes, workbench_window
from tests.support.workbench_window import a_case, a_workspace

TOLD = FindingAnswer(CONFIRMED, "Dr. Weiss", "2026-11-29T09:05:00Z", "known patient")
DONE = ("A. Technician", "Reviewed and reported")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(target_cells=0)
    rules(workspace, look_first=NONE)  # tests/app/test_signing_look_first.py
    return workspace


@pytest.fixture
def session(workspace: Workspace) -> Iterator[CaseSession]:
    """Sixty cells, all of them lymphocytes that a person saw but for the first ten, which are proposals."""
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 60))
    session.relabel([c.id for c in session.cells[10:]], "LY")
    session.relabel([c.id for c in session.cells[:10] if session.state.label(c.id) == "UNI"], "LY")
    yield session
    session.close()


def rules(workspace: Workspace, **changes: object) -> None:
    workspace.change_settings(signing=replace(workspace.settings.signing, **changes))


def check(session: CaseSession, id: str) -> SigningCheck | None:
    return next((c for c in signing_checks(session) if c.id == id), None)


def all_seen(session: CaseSession, code: str = "LY") -> None:
    state = session.state
    session.relabel(
        [c.id for c in session.cells if state.label(c.id) != code or not state.decided(c.id)], code
    )


def test_cells_that_nobody_looked_at_are_asked_about(session: CaseSession, workspace: Workspace) -> None:
    found = check(session, "unreviewed")
    assert found is not None
    assert not found.blocking
    undecided = {c.id for c in session.cells if not session.state.decided(c.id)}
    assert set(found.cells) <= undecided
    counted = int(dict(found.params)["all"])
    seen = counted - len(found.cells)
    rules(workspace, reviewed_percent=100 * seen / counted)
    assert check(session, "unreviewed") is None
    rules(workspace, reviewed_percent=100.0, unreviewed=NONE)
    assert check(session, "unreviewed") is None
    rules(workspace, unreviewed=BLOCK)
    blocked = check(session, "unreviewed")
    assert blocked is not None
    assert blocked.blocking
    rules(workspace, critical=NONE)
    _see_the_positive(session)
    with pytest.raises(UserError, match="not looked at by a person"):
        sign(session, *DONE, "never mind")


def _see_the_positive(session: CaseSession) -> None:
    for c in session.cells:
        if not session.state.decided(c.id) and session.state.label(c.id) not in ("SNE", "LY", "MO"):
            session.relabel([c.id], "LY")


def test_nothing_looked_at_is_never_all_checks_passed(workspace: Workspace) -> None:
    session = workspace.open_case(a_case(workspace.cases_dir / "raw.bcs", 30))
    unidentified = [c.id for c in session.cells if session.state.label(c.id) == "UNI"]
    session.exclude(unidentified)
    assert check(session, "unreviewed") is not None
    session.close()


def test_the_answers_are_printed_and_hold_for_their_version_only(session: CaseSession) -> None:
    for finding in findings(session):
        answer_finding(session, finding, TOLD)
    _see_the_positive(session)
    found = check(session, "unreviewed")
    assert found is not None
    with pytest.raises(UserError, match="not looked at by a person"):
        sign(session, *DONE)
    sign(session, *DONE, answers={"unreviewed": "only the doubtful ones were checked"})
    (line,) = report_model(session, ExportOptions()).review.checks
    assert (line.text, line.answer) == (found.text, "only the doubtful ones were checked")
    event = next(e for e in session.store.events() if e.key == "check/1/unreviewed")
    assert (event.author, event.new) == ("A. Technician", "only the doubtful ones were checked")
    amend(session, "A. Technician", "a second look")
    again = check(session, "unreviewed")
    assert again is not None
    assert again.answer == ""
    with pytest.raises(UserError, match="not looked at by a person"):
        sign(session, *DONE)


def test_an_open_second_reading_is_asked_about_until_it_is_settled(
    session: CaseSession, workspace: Workspace
) -> None:
    all_seen(session)
    assert signing_checks(session) == []
    reading = SecondReading(session, "B. Moreau")
    for cell in reading.cells[:-2]:
        reading.label(cell, "LY")
    (found,) = signing_checks(session)
    assert dict(found.params) == {"reader": "B. Moreau", "unread": "2", "n": "0"}
    assert set(found.cells) == set(reading.cells[-2:])
    assert not found.blocking
    for cell in reading.cells[-2:]:
        reading.label(cell, "MO")
    (found,) = signing_checks(session)
    assert dict(found.params) == {"reader": "B. Moreau", "unread": "0", "n": "2"}
    rules(workspace, second_reading=BLOCK)
    with pytest.raises(UserError, match=r"second reading by B\. Moreau is open"):
        sign(session, *DONE, "later")
    adjudicate(session, reading.cells[-1], "MO")
    adjudicate(session, reading.cells[-2], "EXCLUDED")
    assert signing_checks(session) == []


def test_a_blast_is_answered_before_the_signature_and_stands_in_the_report(session: CaseSession) -> None:
    all_seen(session)
    blasts = [c.id for c in session.cells[:3]]
    session.relabel(blasts, "BL")
    (found,) = signing_checks(session)
    assert found.blocking
    assert found.finding is not None
    assert set(found.cells) == set(blasts)
    with pytest.raises(UserError, match="Critical finding, not answered yet: Blast, 3 cells"):
        sign(session, *DONE, "never mind")
    with pytest.raises(UserError, match="who was told"):
        answer_finding(session, found.finding, replace(TOLD, told=" "))
    with pytest.raises(UserError, match="3 cells are still counted as Blast"):
        answer_finding(session, found.finding, replace(TOLD, verdict=REFUTED))
    answer_finding(session, found.finding, TOLD)
    assert signing_checks(session) == []
    session.undo()
    assert len(signing_checks(session)) == 1
    session.redo()
    session.relabel([session.cells[5].id], "BL")  # one more than was told
    (found,) = signing_checks(session)
    assert found.finding is not None
    answer_finding(session, found.finding, TOLD)
    sign(session, *DONE)
    (line,) = report_model(session, ExportOptions()).review.findings
    assert (line.name, line.count, line.verdict, line.told) == ("Blast", 4, CONFIRMED, "Dr. Weiss")
    assert (line.told_at, line.by) == ("2026-11-29T09:05:00Z", "A. Technician")
    model = anonymised(report_model(session, ExportOptions()), session.settings, "x")
    assert (model.review.findings[0].told, model.review.findings[0].note) == ("", "")
    path = session.path
    session.close()
    assert verify(path).ok


def test_blasts_that_were_none_are_reported_as_refuted(session: CaseSession) -> None:
    proposed = [c for c in session.cells if c.predicted in ("BL", "PMY") and not c.abstained]
    all_seen(session)
    assert findings(session) == ()
    lines = report_model(session, ExportOptions()).review.findings
    assert sum(line.count for line in lines) == len(proposed)
    assert {(line.verdict, line.by) for line in lines} <= {(REFUTED, "A. Technician")}


def test_what_the_counting_frame_leaves_out_nobody_refuted(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_cut(n: int, seed: int) -> list[Cell]:
        first, *others = fakes.make_cells(n, seed)
        rest = [replace(c, predicted="LY", abstained=False) for c in others]
        return [replace(first, predicted="PMY", abstained=False, flags=(FLAG_OUTSIDE_FRAME,)), *rest]

    monkeypatch.setattr(workbench_window, "make_cells", one_cut)
    session = workspace.open_case(a_case(tmp_path / "cut.bcs", 6))
    assert session.decision(session.cells[0].id).status is Status.EXCLUDED
    assert report_model(session, ExportOptions()).review.findings == ()
    session.restore([session.cells[0].id])
    session.exclude([session.cells[0].id], "a smear")
    (line,) = report_model(session, ExportOptions()).review.findings
    assert (line.verdict, line.by) == (REFUTED, session.author)
    session.close()


def test_blasts_counted_by_hand_and_critical_rules_are_findings(
    session: CaseSession, workspace: Workspace
) -> None:
    all_seen(session)
    session.count("BL", 2)
    assert [(f.id, f.count) for f in findings(session)] == [("BL", 2)]
    session.set_field("wbc", "4.5")
    assert [f.id for f in findings(session)] == ["BL", "rule-neutrophils-low"]
    assert [(f.value, f.unit) for f in findings(session)][1] == ("0", "10⁹/L")
    few = findings(session)[1]
    answer_finding(session, few, TOLD)
    assert is_answered(few, session.state.data.fields)
    session.count("SNE", 1)
    other = findings(session)[1]
    assert other.value != few.value
    assert not is_answered(other, session.state.data.fields)  # nobody was told of this value
    session.undo()
    rules(workspace, critical_classes=())
    assert [f.id for f in findings(session)] == ["rule-neutrophils-low", "rule-blasts"]
    rules(workspace, critical=NONE)
    assert findings(session) == ()


# -- the reason for changing a decision ----------------------------------------------------------------


def at(session: CaseSession, time: str) -> None:
    session.clock = lambda: time


def test_a_decision_of_earlier_is_changed_with_a_reason(session: CaseSession, workspace: Workspace) -> None:
    first, second = session.cells[0].id, session.cells[1].id
    at(session, "2099-01-01T08:00:00Z")
    session.relabel([first, second], "MO")
    at(session, "2099-01-01T08:09:59Z")
    session.relabel([first], "EO")  # corrected a moment ago
    at(session, "2099-01-01T08:10:01Z")
    with pytest.raises(ReasonWanted) as caught:
        session.exclude([first, second])
    assert caught.value.cells == (second,)
    assert session.state.label(second) == "MO"
    session.confirm([second])  # which changes nothing
    at(session, "2099-01-01T09:00:00Z")
    session.exclude([first, second], "a smudge")
    assert session.store.events()[-1].reason == "a smudge"
    at(session, "2099-01-01T10:00:00Z")
    for act in (session.restore, session.confirm):
        with pytest.raises(ReasonWanted):
            act([first])
    with pytest.raises(ReasonWanted):
        session.undo()
    session.undo("taken out by mistake")
    rules(workspace, reason_on_change=NEVER)
    session.relabel([first], "BA")
    rules(workspace, reason_on_change=ALWAYS)
    with pytest.raises(ReasonWanted):
        session.relabel([first], "EO")


def test_another_persons_decision_needs_a_reason_at_once(session: CaseSession) -> None:
    cell = session.cells[0].id
    session.relabel([cell], "MO")
    session.author = "B. Moreau"
    with pytest.raises(ReasonWanted):
        session.relabel([cell], "EO")
    session.relabel([cell], "EO", "seen together")
    session.relabel([cell], "BA")  # her own word, a moment ago


def test_what_was_signed_is_changed_with_a_reason(session: CaseSession) -> None:
    all_seen(session)
    sign(session, *DONE)
    amend(session, "A. Technician", "one cell")
    with pytest.raises(ReasonWanted):
        session.relabel([session.cells[0].id], "MO")


def test_a_long_review_is_asked_about_nothing(session: CaseSession) -> None:
    minute = iter(range(10_000))
    session.clock = lambda: f"2099-01-01T{8 + (m := next(minute)) // 240:02d}:{m // 4 % 60:02d}:00Z"
    for cell in session.cells[:10]:
        if not session.state.decided(cell.id):
            session.confirm([cell.id])
            session.relabel([cell.id], "MO")
            session.undo()


# -- the account ---------------------------------------------------------------------------------------


def test_the_account_stands_beside_the_name_of_signature_and_amendment(
    session: CaseSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    known = account.os_account_name()
    assert known
    assert known != "somebody-else"
    all_seen(session)
    sign(session, *DONE)
    amend(session, "A. Technician", "one cell")
    authors = [e.author for e in session.store.events() if e.kind in ("sign", "amend")]
    assert authors == [f"A. Technician ({known})"] * 2
    assert {e.person for e in session.store.events()} == {"A. Technician"}
    assert session.author == "A. Technician"
    assert session.state.signatures[0].author == f"A. Technician ({known})"


# -- the clock -----------------------------------------------------------------------------------------


def test_a_clock_behind_the_newest_entry_is_seen_and_answered(session: CaseSession) -> None:
    all_seen(session)
    at(session, "2030-05-01T08:00:00Z")
    session.note("written while the clock was wrong")
    at(session, "2026-11-29T09:00:00Z")
    (found,) = signing_checks(session)
    assert dict(found.params) == {"now": "2026-11-29 09:00 UTC", "seen": "2030-05-01 08:00 UTC"}
    with pytest.raises(UserError, match="This computer's clock says 2026-11-29 09:00 UTC"):
        sign(session, *DONE)
    sign(session, *DONE, answers={"clock": "the clock was set wrong in spring"})
    model = report_model(session, ExportOptions())
    assert model.signatures[0].time == "2030-05-01T08:00:00Z"
    assert [(c.answer, c.params) for c in model.review.checks] == [
        ("the clock was set wrong in spring", found.params)
    ]
    sign(session, *DONE, answers={"clock": "it is still wrong"})
    assert [e.reason for e in session.store.events()][-2:] == ["", "it is still wrong"]
    assert report_model(session, ExportOptions()).review.checks == model.review.checks


def test_a_clock_far_ahead_of_all_other_work_is_seen(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "AHEAD", timedelta(days=60))
    a_case(workspace.cases_dir / "other.bcs", 3)
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 20))
    session.started = "2027-01-01T00:00:00Z"
    at(session, "2026-11-24T08:00:00Z")
    all_seen(session)
    at(session, "2026-12-24T08:00:00Z")
    assert check(session, "clock") is None
    at(session, "2031-01-01T08:00:00Z")
    found = check(session, "clock")
    assert found is not None
    assert dict(found.params)["now"] == "2031-01-01 08:00 UTC"
    session.close()
