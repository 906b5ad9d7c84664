"""The start of the program with accounts, and windows that say what a person may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.account import os_account_name
from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.lab_database import status
from bloodcells_gui.app.reading_rule import must_sign_in
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import Role
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab.database import LabUnreachable
from bloodcells_gui.ui.accounts.locker import Cover
from bloodcells_gui.ui.accounts.sign_in import MyAccountDialog, SignInDialog
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.settings.dialog import SettingsDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.staff import SECRET, enter, quick_hashes, staffed
from tests.support.workbench_window import a_case, a_workspace, shown_tools


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = a_workspace(tmp_path)
    staffed(workspace, tmp_path)
    yield workspace
    workspace.lab.close()


@pytest.fixture
def tools(context: UiContext, workspace: Workspace, memory: WindowMemory) -> Iterator[ToolWindows]:
    workspace.accounts.sign_out()
    with shown_tools(context, workspace, memory) as tools:
        yield tools


def covered(tools: ToolWindows) -> bool:
    return any(cover.isVisible() for cover in tools.window.findChildren(Cover))


def test_where_the_laboratory_allows_it_cases_are_read_without_signing_in(
    workspace: Workspace, tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    privacy = replace(workspace.settings.privacy, read_without_account=True)
    workspace.accounts.sign_in("chief", SECRET)
    workspace.change_settings(privacy=privacy)
    workspace.accounts.sign_out()
    seen: list[bool] = []

    def read(dialog: SignInDialog) -> int:
        dialog.show()
        seen.append(covered(tools))
        dialog.reject()
        return dialog.result()

    monkeypatch.setattr(SignInDialog, "exec", read)
    tools.accounts.begin()
    assert seen == [True]  # the list is not seen behind the question
    assert not covered(tools)


def test_who_signs_out_leaves_nothing_to_be_read(workspace: Workspace, tools: ToolWindows) -> None:
    workspace.accounts.sign_in("ben", SECRET)
    assert not covered(tools)
    workspace.accounts.sign_out()
    assert covered(tools)
    assert tools.accounts.locker.dialog is not None


def test_without_the_database_cases_are_read(workspace: Workspace, tools: ToolWindows) -> None:
    workspace.accounts.unreachable = UserError("The laboratory's database does not answer.")
    assert not must_sign_in(workspace)
    workspace.accounts.unreachable = None
    tools.accounts.begin()
    dialog = tools.accounts.locker.dialog
    assert dialog is not None
    workspace.accounts.unreachable = UserError("The laboratory's database does not answer.")
    dialog.complain(workspace.accounts.unreachable)
    assert dialog.buttons.button(dialog.buttons.StandardButton.Cancel).isVisible()
    tools.accounts.locker.see()
    assert dialog.isVisible()  # whoever sits there decides
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not covered(tools)
    workspace.accounts.unreachable = None
    tools.accounts.locker.see()
    assert covered(tools)  # it answers again


def test_a_bar_about_a_database_that_is_away_goes_when_it_answers(
    workspace: Workspace, tools: ToolWindows
) -> None:
    workspace.accounts.sign_in("ben", SECRET)
    window = tools.window
    window.banners.error(LabUnreachable("no route to host"), stays=True)
    window.banners.error(UserError("Something else."))
    workspace.accounts.unreachable = LabUnreachable("no route to host")
    tools.accounts._on_looked()  # noqa: SLF001  # it is still away
    assert len(window.banners.banners) == 2
    workspace.accounts.refresh(anyway=True)
    tools.accounts._on_looked()  # noqa: SLF001
    assert [b.texts[0] for b in window.banners.banners] == ["Something else."]


def test_the_start_asks_who_it_is_and_the_day_s_name_is_not_asked(
    workspace: Workspace, tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.window.setWindowTitle("S-1 - bloodcells")
    monkeypatch.setattr(ReviewerDialog, "exec", lambda _: pytest.fail("the name of the day was asked"))
    tools.accounts.begin()
    dialog = tools.accounts.locker.dialog
    assert dialog is not None
    assert dialog.windowTitle() == "Sign in"
    assert covered(tools)
    assert "S-1" not in tools.window.windowTitle()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()  # cases of a laboratory with accounts are not for whoever comes by
    assert not dialog.buttons.button(dialog.buttons.StandardButton.Cancel).isVisible()
    dialog.login.setText("ben")
    dialog.password.setText(SECRET)
    dialog.accept()
    assert not covered(tools)
    assert workspace.author == "Ben Tech (lab:ben)"
    assert tools.window.reviewer.known()
    tools.accounts.begin()
    assert tools.accounts.locker.dialog is None
    shown: list[str] = []
    monkeypatch.setattr(MyAccountDialog, "exec", lambda d: shown.append(d.windowTitle()) or 1)
    tools.window.actions_.get("person").trigger()
    assert shown == ["Your account"]


def test_the_computers_account_is_asked_nothing_at_the_start(
    workspace: Workspace, tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.accounts.sign_in("chief", SECRET)
    AccountDesk(workspace.accounts).add("dora", "Dora", Role.VALIDATOR, os_account=os_account_name())
    workspace.accounts.sign_out()
    monkeypatch.setattr(SignInDialog, "exec", lambda _: pytest.fail("asked"))
    tools.accounts.begin()
    assert workspace.author == "Dora (lab:dora)"


def test_a_decision_of_nobody_asks_who_it_is(
    workspace: Workspace, tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 6))
    tools.window.attach(session)
    page = tools.window.page
    assert page is not None
    monkeypatch.setattr(SignInDialog, "exec", lambda _: 0)  # would rather read
    assert page.controller.relabel([session.cells[0].id], "LY") is None
    assert session.store.events() == []


def test_settings_of_the_laboratory_are_shown_and_not_changed(
    qtbot,
    context: UiContext,
    workspace: Workspace,  # type: ignore[no-untyped-def]
) -> None:
    settings = workspace.settings
    dialog = SettingsDialog(context, settings, refusal="Anna may not.")
    qtbot.addWidget(dialog)
    own = [p for p in dialog.pages if not p.laboratory_alone]
    others = [p for p in dialog.pages if p.laboratory_alone]
    assert own
    assert others
    for page in others:
        for field in page.findChildren(QComboBox):
            assert not field.isEnabled()
            assert "Anna may not." in field.toolTip()
    assert any(field.isEnabled() for page in own for field in page.findChildren(QComboBox))
    assert "this workstation only" in dialog.banners.banners[0].texts[0]


def test_connections_are_shown_and_not_changed(workspace: Workspace, tools: ToolWindows) -> None:
    enter(workspace, "anna")
    window = tools.connections.show()
    assert not window.destinations.isEnabled()
    assert not window.confirm_button.isEnabled()
    assert "may not set up connections" in window.banners.banners[0].texts[0]
    enter(workspace, "chief")
    window = tools.connections.show()
    assert window.destinations.isEnabled()
    assert not window.banners.banners


def test_a_case_is_open_for_reading_until_somebody_signs_in(
    qtbot: QtBot, workspace: Workspace, tools: ToolWindows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_case(tmp_path / "home" / "cases" / "one.bcs", 5)
    tools.window.opener.open_case(path)
    page = tools.window.page
    assert page is not None
    assert page.session.read_only
    assert status(workspace.settings.lab_database)[2:] == []  # no lease of nobody
    assert tools.window.actions_.get("confirm").isEnabled()  # asks who it is

    def sign_in(dialog: SignInDialog) -> int:
        dialog.login.setText("ben")
        dialog.password.setText(SECRET)
        dialog.accept()
        return 1

    monkeypatch.setattr(SignInDialog, "exec", sign_in)
    assert not page.controller.may_decide()
    qtbot.waitUntil(lambda: tools.window.page is not None and not tools.window.page.session.read_only)
    assert "one: " in status(workspace.settings.lab_database)[2]
    assert "Ben Tech (lab:ben)" in status(workspace.settings.lab_database)[2]
