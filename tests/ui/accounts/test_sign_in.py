"""Dialogs of one person, the lock of the windows, and the command Sign; by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from bloodcells_gui.app.account import os_account_name
from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import AccountRules
from bloodcells_gui.ui.accounts.fields import SecretEdit
from bloodcells_gui.ui.accounts.locker import Locker
from bloodcells_gui.ui.accounts.sign_in import MyAccountDialog, PasswordDialog, PinDialog, SignInDialog
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.reason import ReasonDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.fakes import FakeJob, make_cells
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


def typed(dialog: SignInDialog, *texts: str) -> None:
    """Type one text a field, Tab between them, Enter at the end; the keyboard alone."""
    for number, text in enumerate(texts):
        field = dialog.focusWidget()
        assert isinstance(field, QLineEdit)
        QTest.keyClicks(field, text)
        if number + 1 < len(texts):
            QTest.keyClick(field, Qt.Key.Key_Tab)
    QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)


def test_signing_in_by_keyboard_alone(qtbot, context: UiContext, workspace: Workspace) -> None:  # type: ignore[no-untyped-def]
    workspace.accounts.sign_out()
    dialog = SignInDialog(context, workspace.accounts)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(lambda: dialog.focusWidget() is dialog.login)
    typed(dialog, "anna", "wrong one")
    assert dialog.isVisible()
    assert "is wrong" in dialog.complaint.text()
    assert dialog.password.text() == ""
    assert dialog.focusWidget() is dialog.password
    typed(dialog, SECRET)
    assert not dialog.isVisible()
    assert workspace.author == "Anna Roth (lab:anna)"


def test_who_would_rather_not_sign_in_may_read(qtbot, context: UiContext, workspace: Workspace) -> None:  # type: ignore[no-untyped-def]
    workspace.accounts.sign_out()
    dialog = SignInDialog(context, workspace.accounts)
    qtbot.addWidget(dialog)
    dialog.show()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert workspace.accounts.acting is None


def test_a_secret_is_dots_and_never_copied(qtbot, context: UiContext, workspace: Workspace) -> None:  # type: ignore[no-untyped-def]
    dialog = PinDialog(context, workspace.accounts)
    qtbot.addWidget(dialog)
    dialog.show()
    for field in (dialog.password, dialog.pin):
        field.setText("4711")
        assert "4711" not in field.displayText()
        field.selectAll()
        QApplication.clipboard().setText("before")
        field.copy()
        assert QApplication.clipboard().text() == "before"
    dialog.pin.clear()
    QTest.keyClicks(dialog.pin, "12a3x4567890")
    assert dialog.pin.text() == "12345678"


def test_choosing_pin_and_password(
    qtbot, context: UiContext, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    workspace.accounts.sign_in("anna", SECRET)
    pin = PinDialog(context, workspace.accounts)
    qtbot.addWidget(pin)
    pin.show()
    for field, text in ((pin.password, SECRET), (pin.pin, "4711"), (pin.again, "4712")):
        field.setText(text)
    pin.accept()
    assert "not the same" in pin.complaint.text()
    for field, text in ((pin.password, SECRET), (pin.pin, "4711"), (pin.again, "4711")):
        field.setText(text)
    pin.accept()
    assert not pin.isVisible()
    password = PasswordDialog(context, workspace.accounts)
    qtbot.addWidget(password)
    password.show()
    for field, text in ((password.password, SECRET), (password.new, "short"), (password.again, "short")):
        field.setText(text)
    password.accept()
    assert "8 to 256" in password.complaint.text()
    for field, text in (
        (password.password, SECRET), (password.new, "another one"), (password.again, "another one")
    ):  # fmt: skip
        field.setText(text)
    password.accept()
    workspace.accounts.sign_in("anna", "another one")
    mine = MyAccountDialog(context, workspace.accounts)
    qtbot.addWidget(mine)
    mine.show()
    monkeypatch.setattr(PinDialog, "exec", lambda _: 1)
    mine.pin.click()
    assert mine.said.isVisible()
    assert mine.said.text() == "The new PIN holds from now on."
    mine.out.click()
    assert workspace.accounts.acting is None


def test_the_computers_account_signs_in_where_it_is_bound(
    qtbot, context: UiContext, workspace: Workspace
) -> None:  # type: ignore[no-untyped-def]
    desk = AccountDesk(workspace.accounts)
    workspace.accounts.sign_out()
    dialog = SignInDialog(context, workspace.accounts)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.computer.click()
    assert "stands for nobody here" in dialog.complaint.text()
    enter(workspace, "chief")
    desk.change(desk.find("ben"), os_account=os_account_name())
    workspace.accounts.sign_out()
    dialog.computer.click()
    assert workspace.author == "Ben Tech (lab:ben)"
    workspace.accounts.lock()
    locked = SignInDialog(context, workspace.accounts)
    qtbot.addWidget(locked)
    locked.show()
    assert locked.computer.isVisible()  # there is no PIN that could be asked
    locked.computer.click()
    assert not workspace.accounts.locked
    workspace.accounts.choose_pin(SECRET, PIN)
    workspace.accounts.lock()
    again = SignInDialog(context, workspace.accounts)
    qtbot.addWidget(again)
    again.show()
    again.other.click()
    assert not again.computer.isVisible()


# -- the lock ------------------------------------------------------------------------------------------


def test_the_windows_lock_after_the_idle_minutes_and_not_before(
    context: UiContext, workspace: Workspace, tools: ToolWindows
) -> None:
    now = [1000.0]
    locker = Locker(context, workspace.accounts, tools.window, lambda: now[0])
    locker.look()
    now[0] += 15 * 60 - 1
    locker.look()
    assert not workspace.accounts.locked
    QTest.keyClick(tools.window.windowHandle(), Qt.Key.Key_Shift)  # somebody is there
    now[0] += 15 * 60 - 1
    locker.look()
    assert not workspace.accounts.locked
    now[0] += 2
    locker.look()
    assert workspace.accounts.locked
    locker.close()
    workspace.accounts.unlock(PIN)


def test_a_shorter_time_of_the_laboratory_holds(
    context: UiContext, workspace: Workspace, tools: ToolWindows
) -> None:
    now = [0.0]
    workspace.accounts.rules = AccountRules(idle_minutes=1)
    locker = Locker(context, workspace.accounts, tools.window, lambda: now[0])
    now[0] = 61.0
    locker.look()
    assert workspace.accounts.locked
    locker.close()


def test_a_locked_window_hides_every_window_and_loses_nothing(
    qtbot,
    context: UiContext,
    workspace: Workspace,
    tools: ToolWindows,  # type: ignore[no-untyped-def]
) -> None:
    tools.window.attach(workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 12)))
    other = tools.show_audit()
    asked = ReasonDialog(2, tools.window)
    asked.show()
    asked.reason.setText("half a reas")
    workspace.accounts.lock()
    locker = tools.accounts.locker
    dialog = locker.dialog
    assert dialog is not None
    assert QApplication.activeModalWidget() is dialog
    for window in (tools.window, other, asked):
        assert window is not None
        middle = window.childAt(window.rect().center())
        while middle.parentWidget() is not None and type(middle).__name__ != "Cover":
            middle = middle.parentWidget()
        assert type(middle).__name__ == "Cover", window
        assert middle.geometry() == window.rect()
    tools.window.resize(1200, 700)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    dialog.pin.setText("1174")
    dialog.accept()
    assert workspace.accounts.locked
    assert "PIN is wrong" in dialog.complaint.text()
    dialog.pin.setText(PIN)
    dialog.accept()
    assert not workspace.accounts.locked
    assert locker.dialog is None
    assert asked.isVisible()
    assert asked.reason.text() == "half a reas"
    qtbot.wait(50)
    assert not [w for w in QApplication.allWidgets() if type(w).__name__ == "Cover" and w.isVisible()]
    asked.close()


def test_another_person_goes_on_behind_the_lock(workspace: Workspace, tools: ToolWindows) -> None:
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 12))
    tools.window.attach(session)
    session.relabel([session.cells[0].id], "LY")
    workspace.accounts.lock()
    dialog = tools.accounts.locker.dialog
    assert dialog is not None
    dialog.other.click()
    dialog.login.setText("ben")
    dialog.password.setText(SECRET)
    dialog.accept()
    session.relabel([session.cells[1].id], "LY")
    assert [e.author for e in session.store.events()] == ["Anna Roth (lab:anna)", "Ben Tech (lab:ben)"]
    assert "Ben Tech" in tools.window._person.text()  # noqa: SLF001


def test_what_one_person_typed_is_not_sent_off_by_the_next(
    context: UiContext, workspace: Workspace, tools: ToolWindows
) -> None:
    own = PinDialog(context, workspace.accounts, tools.window)
    forms = [own, AmendDialog(context, tools.window, pin=True)]
    for form in forms:
        form.show()
        form.pin.setText("1234")
    own.password.setText(SECRET)
    workspace.accounts.lock()
    assert not any(field.text() for form in forms for field in form.findChildren(SecretEdit))
    dialog = tools.accounts.locker.dialog
    assert dialog is not None
    dialog.pin.setText(PIN)
    dialog.accept()
    assert all(form.isVisible() for form in forms)  # the same person goes on
    workspace.accounts.lock()
    dialog = tools.accounts.locker.dialog
    assert dialog is not None
    dialog.other.click()
    dialog.login.setText("ben")
    dialog.password.setText(SECRET)
    dialog.accept()
    assert not any(form.isVisible() for form in forms)  # they are about Anna's account


def test_behind_a_lock_without_pin_the_password_goes_into_its_field(
    qtbot,
    workspace: Workspace,
    tools: ToolWindows,  # type: ignore[no-untyped-def]
) -> None:
    workspace.accounts.sign_in("ben", SECRET)  # who has no PIN
    workspace.accounts.lock()
    dialog = tools.accounts.locker.dialog
    assert dialog is not None
    assert dialog.login.text() == "ben"
    qtbot.waitUntil(lambda: dialog.focusWidget() is dialog.password)
    typed(dialog, SECRET)
    assert not workspace.accounts.locked


def test_the_title_of_a_locked_window_names_no_specimen(workspace: Workspace, tools: ToolWindows) -> None:
    tools.window.attach(workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 6)))
    before = tools.window.windowTitle()
    workspace.accounts.lock()
    assert tools.window.windowTitle() == "bloodcells"
    tools.window.setWindowTitle(f"{before} *")  # an analysis goes on
    assert tools.window.windowTitle() == "bloodcells"
    workspace.accounts.unlock(PIN)
    assert tools.window.windowTitle() == before


def test_an_analysis_goes_on_behind_the_lock(
    qtbot,
    workspace: Workspace,
    tools: ToolWindows,  # type: ignore[no-untyped-def]
) -> None:
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 6))
    tools.window.attach(session)
    job = FakeJob(make_cells(64, seed=9, first_id=1000), pause_s=0.05)
    tools.window.analysis.run(job, session, None)
    workspace.accounts.lock()
    assert tools.window.analysis.running
    qtbot.waitUntil(lambda: not tools.window.analysis.running, timeout=10_000)
    assert len(session.cells) == 70
    assert workspace.accounts.locked
    assert session.store.events() == []


def test_a_locked_program_can_be_closed(workspace: Workspace, tools: ToolWindows) -> None:
    session = workspace.open_case(a_case(workspace.cases_dir / "case.bcs", 6))
    tools.window.attach(session)
    asked = ReasonDialog(2, tools.window)
    asked.show()
    workspace.accounts.lock()
    dialog = tools.accounts.locker.dialog
    assert dialog is not None
    dialog.quit_wanted.emit()
    assert not tools.window.isVisible()
    assert not asked.isVisible()
    assert workspace.accounts.locked  # nobody was let in for that
