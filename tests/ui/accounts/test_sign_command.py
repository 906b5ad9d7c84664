"""The command Sign where the laboratory has accounts: who may, the second person, a wrong PIN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.two_persons import waits
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import TwoPersons
from bloodcells_gui.ui.accounts.sign_command import refusal_of
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.staff import PIN, SECRET, enter, quick_hashes, staffed
from tests.support.workbench_window import a_case, a_workspace, shown_tools


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(target_cells=0)
    staffed(workspace, tmp_path)
    yield workspace
    workspace.lab.close()


@pytest.fixture
def tools(context: UiContext, workspace: Workspace, memory: WindowMemory) -> Iterator[ToolWindows]:
    enter(workspace, "anna")
    with shown_tools(context, workspace, memory) as tools:
        yield tools


def test_sign_is_disabled_with_the_reason_for_who_may_not(workspace: Workspace, tools: ToolWindows) -> None:
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 12))
    tools.window.attach(session)
    sign = tools.window.actions_.get("sign")
    assert sign.isEnabled()
    workspace.accounts.sign_in("ben", SECRET)
    assert not sign.isEnabled()
    assert "may not sign reports" in sign.toolTip()
    workspace.accounts.sign_out()
    assert sign.isEnabled()  # and asks who it is
    assert refusal_of(session) is None


def test_the_second_person_is_offered_the_signature(
    context: UiContext, workspace: Workspace, tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(workspace, "chief")
    desk = AccountDesk(workspace.accounts)
    desk.change_rules(replace(desk.rules(), two_persons=TwoPersons.EVERY))
    enter(workspace, "anna")
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 12))
    session.relabel([c.id for c in session.cells], "LY")
    tools.window.attach(session)

    def answered(dialog: SignDialog) -> bool:
        assert not dialog.name.isVisibleTo(dialog)
        dialog.pin.setText(PIN)
        assert dialog.buttons.button(dialog.buttons.StandardButton.Ok).isEnabled()
        dialog.accept()
        return bool(dialog.result())

    monkeypatch.setattr(SignDialog, "exec", answered)
    tools.window.sign()
    sign = tools.window.actions_.get("sign")
    assert waits(session)
    assert "mend" in sign.text()  # the first person cannot be the second
    enter(workspace, "carla")
    assert "second person" in sign.text().replace("&", "")
    tools.window.sign()
    assert not waits(session)
    said = " ".join(text for b in tools.window.banners.banners for text in b.texts)
    assert "waits for the second person" not in said  # the bar of the first signature is gone
    assert "Export it now" in said
    assert [s.meaning for s in session.state.signatures] == [
        "Reviewed and reported",
        "Second reading confirmed",
    ]
    monkeypatch.setattr(
        AmendDialog,
        "exec",
        lambda d: d.reason.setText("why") or d.pin.setText(PIN) or d.accept() or d.result(),
    )
    tools.window.sign()
    assert session.state.amendments[-1].author == "Carla Blum (lab:carla)"


def test_a_wrong_pin_leaves_the_dialog_open_and_says_so_there(
    workspace: Workspace, tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 12))
    session.relabel([c.id for c in session.cells], "LY")
    tools.window.attach(session)
    before = len(session.store.events())

    def typed_twice(dialog: SignDialog | AmendDialog) -> int:
        dialog.show()
        if isinstance(dialog, AmendDialog):
            dialog.reason.setText("why")
        dialog.pin.setFocus()
        QTest.keyClicks(dialog.pin, "1174")
        QTest.keyClick(dialog.pin, Qt.Key.Key_Return)
        assert dialog.isVisible()
        assert "PIN is wrong" in dialog.complaint.text()
        assert len(session.store.events()) == before
        assert dialog.focusWidget() is dialog.pin
        assert dialog.pin.text() == ""
        QTest.keyClicks(dialog.pin, PIN)
        QTest.keyClick(dialog.pin, Qt.Key.Key_Return)
        return dialog.result()

    for kind in (SignDialog, AmendDialog):
        monkeypatch.setattr(kind, "exec", typed_twice)
    tools.window.sign()
    assert session.state.signed
    before = len(session.store.events())
    tools.window.sign()
    assert not session.state.signed
    assert not [b for b in tools.window.banners.banners if "wrong" in " ".join(b.texts)]


def test_without_accounts_nothing_of_them_is_seen(
    context: UiContext, tmp_path: Path, memory: WindowMemory
) -> None:
    workspace = a_workspace(tmp_path / "alone")
    with shown_tools(context, workspace, memory) as tools:
        menus = [a.menu() for a in tools.window.menuBar().actions()]
        (action,) = [a for m in menus for a in m.actions() if a.text() == "&Accounts…"]
        assert not action.isVisible()
        tools.accounts.begin()
        assert tools.accounts.locker.dialog is None
        session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 6))
        tools.window.attach(session)
        assert tools.window.actions_.get("sign").isEnabled()
