"""The window of accounts: what an administrator does there, and what others are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QDialog

from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import AccountRules, Role, TwoPersons
from bloodcells_gui.ui.accounts.forms import AccountDialog, ResetDialog
from bloodcells_gui.ui.accounts.sign_in import SignInDialog
from bloodcells_gui.ui.accounts.window import AccountsWindow
from bloodcells_gui.ui.context import UiContext
from tests.support.staff import SECRET, enter, lab_database, quick_hashes, staffed
from tests.support.workbench_window import a_workspace


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
def window(qtbot, context: UiContext, workspace: Workspace) -> AccountsWindow:  # type: ignore[no-untyped-def]
    window = AccountsWindow(context, workspace.accounts)
    qtbot.addWidget(window)
    window.show()
    return window


def texts(window: AccountsWindow) -> list[list[str]]:
    return window.model.texts


def choose(window: AccountsWindow, login: str) -> None:
    window.table.selectRow([a.login for a in window.model.accounts].index(login))


def answered(monkeypatch: pytest.MonkeyPatch, kind: type[QDialog], **fields: str) -> list[str]:
    """Fill in and accept the dialogs of that kind; what each complained of."""
    said: list[str] = []

    def fill(dialog: QDialog) -> int:
        for name, text in fields.items():
            getattr(dialog, name).setText(text)
        dialog.show()
        dialog.accept()
        said.append(dialog.complaint.text())  # type: ignore[attr-defined]
        return 1

    monkeypatch.setattr(kind, "exec", fill)
    return said


def test_the_models_are_sound(window: AccountsWindow) -> None:
    for model in (window.model, window.events):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        assert model.rowCount()
    window.refresh()


def test_an_account_is_made_and_changed(
    window: AccountsWindow, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = answered(monkeypatch, AccountDialog, login="dora", name="Dora Lang", password=SECRET, again=SECRET)
    window.add()
    assert said == [""]
    assert ["dora", "Dora Lang", "technician", "password", "open"] in texts(window)
    choose(window, "dora")
    answered(monkeypatch, AccountDialog, name="Dora Kurz", os_account="dlang")
    window.change()
    assert ["dora", "Dora Kurz", "technician", "password, account of the computer: dlang", "open"] in texts(
        window
    )
    window.close_or_open()
    assert texts(window)[[a.login for a in window.model.accounts].index("dora")][4] == "closed"
    assert "pen the account again" in window.close_button.text()
    window.close_or_open()
    answered(monkeypatch, ResetDialog, password="another secret", again="another secret")
    window.reset()
    workspace.accounts.sign_in("dora", "another secret")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"login": "x y"}, "no name of an account"),
        ({"name": "Anna Roth"}, "another account's"),
        ({"name": "Evil \u202e"}, "cannot be the name"),
        ({"again": "something else"}, "not the same"),
        ({"password": "short", "again": "short"}, "8 to 256"),
    ],
)
def test_what_cannot_be_is_said_in_the_form_and_nothing_is_lost(
    window: AccountsWindow, monkeypatch: pytest.MonkeyPatch, fields: dict[str, str], said: str
) -> None:
    before = texts(window)
    typed = {"login": "dora", "name": "Dora", "password": SECRET, "again": SECRET} | fields
    told = answered(monkeypatch, AccountDialog, **typed)
    window.add()
    assert said in told[0]
    assert texts(window) == before


def test_a_change_at_another_station_is_said_and_shown(window: AccountsWindow, workspace: Workspace) -> None:
    choose(window, "anna")
    desk = AccountDesk(workspace.accounts)
    desk.change(desk.find("anna"), role=Role.TECHNICIAN)
    window.close_or_open()
    assert "changed meanwhile" in window.banners.banners[0].texts[0]
    assert texts(window)[0] == ["anna", "Anna Roth", "technician", "password", "open"]


def test_the_last_administrator_stays(window: AccountsWindow) -> None:
    choose(window, "chief")
    window.close_or_open()
    assert "no administrator" in window.banners.banners[0].texts[0]


def test_rules_are_kept(window: AccountsWindow, workspace: Workspace) -> None:
    window.two.setCurrentIndex(list(TwoPersons).index(TwoPersons.BLASTS))
    window.technicians.setChecked(True)
    window.percent.setText("2.5")
    window.idle.setValue(5)
    window.keep_rules()
    kept = AccountRules(True, TwoPersons.BLASTS, 2.5, 5, 1)
    assert AccountDesk(workspace.accounts).rules() == workspace.accounts.rules == kept
    window.percent.setText("many")
    window.keep_rules()
    assert AccountDesk(workspace.accounts).rules() == kept


def test_who_may_not_sees_the_list_and_why_nothing_can_be_changed(
    context: UiContext,
    workspace: Workspace,
    qtbot,  # type: ignore[no-untyped-def]
) -> None:
    enter(workspace, "anna")
    window = AccountsWindow(context, workspace.accounts)
    qtbot.addWidget(window)
    assert len(texts(window)) == 4
    assert "may not manage accounts" in window.lead.text()
    for widget in (
        window.add_button, window.change_button, window.reset_button, window.close_button,
        window.keep_button, window.idle, window.two, window.technicians, window.percent,
    ):  # fmt: skip
        assert not widget.isEnabled()
    assert "may not" in window.add_button.toolTip()
    assert not window.tabs.isTabEnabled(2)
    assert window.events.rowCount() == 0


def test_after_the_first_account_its_person_signs_in(
    context: UiContext,
    tmp_path: Path,
    qtbot,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(lab_database=lab_database(tmp_path))
    window = AccountsWindow(context, workspace.accounts)
    qtbot.addWidget(window)
    assert "everybody may sign" in window.lead.text()

    def fill(dialog: AccountDialog) -> int:
        dialog.role.setCurrentIndex(list(Role).index(Role.ADMINISTRATOR))
        for name, text in (
            ("login", "chief"),
            ("name", "Dr. Chief"),
            ("password", SECRET),
            ("again", SECRET),
        ):
            getattr(dialog, name).setText(text)
        dialog.accept()
        return 1

    monkeypatch.setattr(AccountDialog, "exec", fill)
    answered(monkeypatch, SignInDialog, login="chief", password=SECRET)
    window.add()
    assert workspace.accounts.author == "Dr. Chief (lab:chief)"
    assert window.add_button.isEnabled()
    workspace.lab.close()
