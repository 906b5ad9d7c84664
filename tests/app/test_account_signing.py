"""Signing, amending, changing rules and sending where the laboratory has accounts; reports of two persons."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from bloodcells_gui.app.account import os_account_name
from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.accounts import PinWanted, SignInWanted
from bloodcells_gui.app.backup import Workstation
from bloodcells_gui.app.calibration import CalibrationController
from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.lab_database import status
from bloodcells_gui.app.messages import report_pdf, signed_result
from bloodcells_gui.app.second_reader import SecondReading
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.signing_checks import answer_finding, findings
from bloodcells_gui.app.two_persons import waits
from bloodcells_gui.app.worklist import CaseState, Query, Stage, WorkList
from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.accounts import SECOND_PERSON_FLAG, TwoPersons
from bloodcells_gui.domain.connecting import Connections, Destination
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.findings import CONFIRMED, FindingAnswer
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.storage.audit import verify
from tests.support.fakes import draw_cell
from tests.support.outboxes import AT, counted_case, workstation
from tests.support.pdf_text import text_of
from tests.support.staff import PIN, enter, quick_hashes, staffed
from tests.support.workbench_window import a_case


def encoded_png(seed: int) -> bytes:
    image, _ = draw_cell(seed, "LY")
    return bytes(cv2.imencode(".png", image)[1].tobytes())


MEANING = "Reviewed and reported"
WHY = "Short count."


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "lis").mkdir()
    workspace = workstation(tmp_path / "home", Destination("LIS", folder=str(tmp_path / "lis")))
    staffed(workspace, tmp_path)
    yield workspace
    workspace.lab.close()


@pytest.fixture
def desk(workspace: Workspace) -> AccountDesk:
    return AccountDesk(workspace.accounts)


@pytest.fixture
def session(workspace: Workspace) -> Iterator[CaseSession]:
    enter(workspace, "ben")
    session = counted_case(workspace)
    yield session
    session.close()


def every_report(desk: AccountDesk, rule: TwoPersons = TwoPersons.EVERY) -> None:
    desk.change_rules(replace(desk.rules(), two_persons=rule))


def signed(session: CaseSession, workspace: Workspace, login: str, meaning: str = MEANING) -> None:
    enter(workspace, login)
    sign(session, "somebody else's name", meaning, WHY, pin=PIN)


# -- who may -------------------------------------------------------------------------------------------


def test_the_record_names_person_and_account_whatever_was_typed(
    session: CaseSession, workspace: Workspace
) -> None:
    session.author = "Anna Roth (lab:anna)"
    session.count("SNE", 1)
    assert session.store.events()[-1].author == "Ben Tech (lab:ben)"
    assert session.store.events()[-1].person == "Ben Tech"
    signed(session, workspace, "anna")
    (signature,) = session.state.signatures
    assert signature.author == "Anna Roth (lab:anna)"
    event = session.store.events()[-1]
    assert (event.author, event.person) == ("Anna Roth (lab:anna)", "Anna Roth")
    amend(session, "x", "one more", pin=PIN)
    assert session.state.amendments[-1].author == "Anna Roth (lab:anna)"
    assert verify(session.path).problems == []


def test_a_typed_name_never_passes_for_an_account(tmp_path: Path) -> None:
    workspace = workstation(tmp_path)
    session = counted_case(workspace)
    session.author = "Anna Roth (lab:anna)"
    session.count("SNE", 1)
    assert session.store.events()[-1].author == "Anna Roth (anna)"
    sign(session, "Anna Roth (lab:anna)", MEANING, WHY)
    assert session.state.signatures[-1].author == f"Anna Roth (anna) ({os_account_name()})"
    session.close()


def test_who_lacks_the_right_neither_signs_nor_amends(session: CaseSession, workspace: Workspace) -> None:
    for login in ("ben", "chief"):
        enter(workspace, login)
        with pytest.raises(UserError, match="may not sign"):
            sign(session, "x", MEANING, WHY, pin=PIN)
    assert not session.state.signed
    signed(session, workspace, "anna")
    enter(workspace, "ben")
    with pytest.raises(UserError, match="may not amend"):
        amend(session, "x", "why", pin=PIN)
    assert session.state.signed


def test_without_the_pin_nothing_is_signed_and_no_answer_is_kept(
    session: CaseSession, workspace: Workspace
) -> None:
    enter(workspace, "anna")
    before = len(session.store.events())
    with pytest.raises(PinWanted):
        sign(session, "x", MEANING, WHY)
    with pytest.raises(UserError, match="PIN is wrong"):
        sign(session, "x", MEANING, WHY, pin="1174")
    assert len(session.store.events()) == before


def test_nobody_decides_before_somebody_signs_in(session: CaseSession, workspace: Workspace) -> None:
    for leave in (workspace.accounts.lock, workspace.accounts.sign_out):
        leave()
        with pytest.raises(SignInWanted):
            session.count("SNE", 1)
        with pytest.raises(SignInWanted):
            session.set_field("wbc", "4")
        with pytest.raises(SignInWanted):
            sign(session, "Anna", MEANING, WHY, pin=PIN)
        assert session.differential().total == 3  # and everybody may read
    workspace.accounts.sign_out()
    assert workspace.author == ""


def test_another_person_goes_on_with_the_case(session: CaseSession, workspace: Workspace) -> None:
    enter(workspace, "anna")
    session.count("SNE", 1)
    assert [e.author for e in session.store.events()][-2:] == ["Ben Tech (lab:ben)", "Anna Roth (lab:anna)"]
    assert workspace.author == "Anna Roth (lab:anna)"


@pytest.mark.parametrize(
    "change",
    [{"target_cells": 200}, {"range_set": "uk"}, {"rules": ()}, {"lab_database": ""}, {"comments": ()}],
)
def test_rules_and_settings_are_an_administrators(workspace: Workspace, change: dict[str, object]) -> None:
    enter(workspace, "anna")
    with pytest.raises(UserError, match="may not change rules"):
        workspace.change_settings(**change)
    enter(workspace, "chief")
    workspace.change_settings(**change)


def test_what_each_person_sets_for_the_screen_is_free(workspace: Workspace) -> None:
    for login in ("ben", ""):
        if login:
            enter(workspace, login)
        else:
            workspace.accounts.sign_out()
        workspace.change_settings(theme="dark" if login else "light", language="fr", count_sound=False)


def test_settings_from_a_file_are_settings_all_the_same(workspace: Workspace, tmp_path: Path) -> None:
    enter(workspace, "anna")
    file = tmp_path / "other.json"
    file.write_text('{"version": 1, "target_cells": 500}')
    with pytest.raises(UserError, match="may not change rules"):
        workspace.import_settings(file)


def test_connections_profiles_and_a_restore_need_their_rights(workspace: Workspace, tmp_path: Path) -> None:
    enter(workspace, "anna")
    with pytest.raises(UserError, match="may not set up connections"):
        workspace.outbox.save_connections(Connections())
    profiles = CalibrationController(workspace.engine, accounts=workspace.accounts)
    for change in (lambda: profiles.use("x"), lambda: profiles.remove("x"), lambda: profiles.revert("x"),
                   lambda: profiles.fit(tmp_path, "x")):  # fmt: skip
        with pytest.raises(UserError, match="may not change rules"):
            change()
    with pytest.raises(UserError, match="may not change rules"):
        Workstation(tmp_path, tmp_path, accounts=workspace.accounts).restore(
            tmp_path / "b.zip", token=CancelToken(), progress=lambda _: None
        )
    enter(workspace, "chief")
    workspace.outbox.save_connections(Connections().confirm("Chief", AT))


def test_a_second_reading_is_of_who_is_signed_in(workspace: Workspace) -> None:
    enter(workspace, "ben")
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 6))
    cell = session.cells[0].id
    session.relabel([cell], "LY")
    with pytest.raises(UserError, match="needs a second person"):
        SecondReading(session, "Carla Blum")  # under another name it is the same account
    enter(workspace, "anna")
    reading = SecondReading(session, "whoever")
    reading.label(cell, "LY")
    event = session.store.events()[-1]
    assert (event.author, event.key) == ("Anna Roth (lab:anna)", "second reading, Anna Roth (lab:anna)")
    enter(workspace, "carla")
    with pytest.raises(UserError, match="Anna Roth"):
        reading.label(cell, "MO")
    session.close()


def test_a_case_that_comes_by_itself_needs_nobody_and_names_nobody(
    workspace: Workspace, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number in range(2):
        (images / f"{number}.png").write_bytes(encoded_png(number))
    options = OpenOptions(kind="crops", fields=(("ward", "3 West"),))
    intake = workspace.look_at(images, "crops")
    for person in ("anna", ""):
        if person:
            enter(workspace, person)
        else:
            workspace.accounts.lock()
        session, _ = workspace.new_case(intake, options, came_from="Watched folder")
        assert [e.author for e in session.store.events()] == ["unnamed"]
        assert session.accounts is workspace.accounts
        session.close()
    before = sorted(workspace.cases_dir.iterdir())
    with pytest.raises(SignInWanted):
        workspace.new_case(intake, options)
    with pytest.raises(SignInWanted):
        workspace.new_counter_case("S-2")
    assert sorted(workspace.cases_dir.iterdir()) == before


# -- two persons ---------------------------------------------------------------------------------------


def test_what_waits_for_the_second_person_is_work_for_whoever_may_be_that(
    session: CaseSession, workspace: Workspace, desk: AccountDesk
) -> None:
    enter(workspace, "chief")
    every_report(desk)
    path = session.path
    signed(session, workspace, "anna")
    session.close()
    worklist = WorkList(workspace)
    worklist.refresh()
    (entry,) = worklist.search(Query(state=str(CaseState.SECOND_PERSON)))
    assert worklist.search(Query(state=str(CaseState.SIGNED))) == []
    assert worklist.stages([entry]) == {Stage.TO_SIGN_SECOND: 1}
    offered = {}
    for login in ("anna", "ben", "chief", "carla"):  # the first one, two who may not sign, and who may
        enter(workspace, login)
        found = worklist.next_case()
        offered[login] = found is not None and found.entry is not None and found.entry.path == path
    assert offered == {"anna": False, "ben": False, "chief": False, "carla": True}
    workspace.accounts.sign_out()
    assert worklist.next_case() is None
    enter(workspace, "carla")  # while nobody is signed in, a case opens for reading alone
    again = workspace.open_case(path)
    signed(again, workspace, "carla", "Second reading confirmed")
    again.close()
    worklist.refresh()
    (entry,) = worklist.search(Query(state=str(CaseState.SIGNED)))
    assert worklist.stages([entry]) == {Stage.SIGNED_TODAY: 1}
    worklist.close()


def test_a_report_of_two_persons_waits_and_says_so(
    session: CaseSession, workspace: Workspace, desk: AccountDesk, tmp_path: Path
) -> None:
    enter(workspace, "chief")
    every_report(desk)
    signed(session, workspace, "anna")
    assert waits(session)
    model = report_model(session, ExportOptions())
    assert "WAITS FOR THE SECOND PERSON" in model.stamps()
    if shutil.which("pdftotext"):
        pages = text_of(report_pdf(model), tmp_path).split("\f")[:-1]
        assert pages
        assert all("WAITS FOR THE SECOND PERSON" in page for page in pages)
    worklist = WorkList(workspace)
    worklist.refresh()
    (entry,) = worklist.search(Query())
    assert SECOND_PERSON_FLAG in entry.flags
    assert entry.state is CaseState.SECOND_PERSON
    worklist.close()
    with pytest.raises(UserError, match="second person"):
        signed_result(session, ())
    with pytest.raises(UserError, match="second person"):
        workspace.outbox.put_in(session)
    assert workspace.outbox.lines() == []
    assert not workspace.outbox.left_out(session)
    (frozen,) = session.store.frozen_reports()
    signed(session, workspace, "carla", "Second reading confirmed")
    assert not waits(session)
    assert session.store.frozen_reports() == [frozen]  # the very bytes that the first one signed
    model = report_model(session, ExportOptions())
    assert "WAITS FOR THE SECOND PERSON" not in model.stamps()
    assert [s.author for s in model.signatures] == ["Anna Roth (lab:anna)", "Carla Blum (lab:carla)"]
    assert len(workspace.outbox.lines()) == 1
    workspace.outbox.send()
    assert len(list((tmp_path / "lis").iterdir())) == 1
    assert verify(session.path).problems == []


def test_nobody_signs_as_both(session: CaseSession, workspace: Workspace, desk: AccountDesk) -> None:
    enter(workspace, "chief")
    every_report(desk)
    signed(session, workspace, "anna")
    with pytest.raises(UserError, match="has signed this report already"):
        signed(session, workspace, "anna")
    enter(workspace, "chief")
    desk.change(desk.find("anna"), name="Anna Weiss")  # another name, the same account
    with pytest.raises(UserError, match="has signed this report already"):
        signed(session, workspace, "anna")
    for login in ("ben", "chief"):
        with pytest.raises(UserError, match="may not sign"):
            signed(session, workspace, login)
    assert len(session.state.signatures) == 1


def test_the_rule_looks_at_blasts(session: CaseSession, workspace: Workspace, desk: AccountDesk) -> None:
    signed(session, workspace, "anna")
    assert not waits(session)
    assert len(workspace.outbox.lines()) == 1
    amend(session, "x", "a blast", pin=PIN)
    session.count("BL", 1)
    for finding in findings(session):
        answer_finding(session, finding, FindingAnswer(CONFIRMED, "Dr. Weiss", AT, ""))
    signed(session, workspace, "anna")
    assert waits(session)
    assert len(workspace.outbox.lines()) == 1
    enter(workspace, "chief")
    every_report(desk, TwoPersons.NONE)  # what was signed stays what it is
    assert waits(session)
    signed(session, workspace, "carla")
    assert not waits(session)
    assert len(workspace.outbox.lines()) == 2
    signed(session, workspace, "carla")  # a third signature is no further result
    assert len(workspace.outbox.lines()) == 2


def test_a_kill_between_the_second_signature_and_the_outbox_sends_nothing_unsigned(
    session: CaseSession, workspace: Workspace, desk: AccountDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(workspace, "chief")
    every_report(desk)
    signed(session, workspace, "anna")
    workspace.outbox.announce(session)  # and the program is killed before the second signature is kept
    path = session.path
    session.close()
    assert workspace.outbox.recover() == 0
    assert workspace.outbox.lines() == []
    again = workspace.open_case(path)
    signed(again, workspace, "carla")
    assert len(workspace.outbox.lines()) == 1
    again.close()


def test_a_copy_without_the_database_waits_and_takes_no_typed_name(
    session: CaseSession, workspace: Workspace, desk: AccountDesk, tmp_path: Path
) -> None:
    enter(workspace, "chief")
    every_report(desk)
    signed(session, workspace, "anna")
    path = session.path
    session.store.close()
    alone = Workspace(workspace.engine, home=tmp_path / "alone", config=tmp_path / "alone")
    copy = alone.cases_dir / "copy.bcs"
    copy.parent.mkdir(parents=True)
    shutil.copy(path, copy)
    there = alone.open_case(copy)
    assert waits(there)
    for name in ("Carla Blum", "Carla Blum (lab:carla)"):
        with pytest.raises(UserError, match="needs an account"):
            sign(there, name, MEANING, WHY)
    assert "WAITS FOR THE SECOND PERSON" in report_model(there, ExportOptions()).stamps()
    there.close()


def test_without_accounts_no_report_needs_two(tmp_path: Path) -> None:
    workspace = workstation(tmp_path)
    session = counted_case(workspace)
    sign(session, "A. Dupont", MEANING, WHY)
    assert not waits(session)
    assert b"persons_needed" not in session.store.frozen_reports()[0].report
    session.close()


def test_without_a_person_a_case_opens_for_reading_and_none_is_taken_over(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = a_case(tmp_path / "nobody.bcs", 5)
    workspace.accounts.sign_out()
    with pytest.raises(SignInWanted):
        workspace.open_case(path, take_over=True)
    session = workspace.open_case(path)
    assert session.read_only
    assert session.waits_for_person
    assert not any("nobody" in line for line in status(workspace.settings.lab_database))
    session.close()
    enter(workspace, "anna")
    session = workspace.open_case(path)
    assert not session.read_only
    assert any("nobody: " in line and "Anna" in line for line in status(workspace.settings.lab_database))
    session.close()
