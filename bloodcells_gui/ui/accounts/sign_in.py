"""Dialogs of one person: sign in, go on behind a locked window, choose a PIN or another password."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialogButtonBox, QLineEdit, QPushButton, QWidget

from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.domain.accounts import LONGEST_NAME
from bloodcells_gui.domain.bidi import isolated
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.ui.accounts.fields import PinEdit, SecretEdit
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel


class AccountForm(Form):
    """A form whose OK does something that may be refused: why is said in it, and what was typed stays."""

    def __init__(
        self, context: UiContext, title: str, lead: str, parent: QWidget | None, *, accept: str = ""
    ) -> None:
        super().__init__(title, lead, parent, accept=accept)
        self.context = context
        self.complaint = PlainLabel()
        self.complaint.setWordWrap(True)
        self.complaint.setStyleSheet(f"color: {context.theme.tokens.critical};")
        self.complaint.hide()
        self.outer.insertWidget(self.outer.indexOf(self.buttons), self.complaint)

    def do(self) -> bool | None:
        """What OK does; raises UserError where it is refused. False leaves the form as it is."""

    def accept(self) -> None:
        try:
            done = self.do()
        except UserError as error:
            self.complain(error)
            return
        if done is not False:
            super().accept()

    def complain(self, error: UserError) -> None:
        """Say why it was refused; secrets are emptied and have to be typed again."""
        text = self.context.language.text
        parts = (text(p, **error.params) for p in (error.what, error.why, error.what_to_do) if p)
        self.complaint.setText(" ".join(parts))
        self.complaint.setAccessibleName(self.complaint.text())
        self.complaint.show()
        secrets = [field for field in self.findChildren(SecretEdit) if field.isVisible()]
        for field in secrets:
            field.clear()
        if secrets:
            secrets[0].setFocus()
        self.fit_height()

    def secret_row(self, label: str, field: QLineEdit, enabled: Callable[[], bool]) -> None:
        """A line of the form; `enabled` says after each key whether OK may be pressed."""
        self.form.addRow(label, field)
        field.textChanged.connect(lambda _: self.set_accept_enabled(enabled()))


class SignInDialog(AccountForm):
    """Ask for account and password; behind a locked window also for the PIN of whoever locked it.

    Signals
    -------
    quit_wanted()
        The person wants to close the program; only a dialog that cannot be left offers it.

    Parameters
    ----------
    must : callable
        Whether nothing may be read before somebody signs in.
    """

    quit_wanted = Signal()

    def __init__(
        self,
        context: UiContext,
        accounts: Accounts,
        parent: QWidget | None = None,
        *,
        must: Callable[[], bool] = lambda: False,
    ) -> None:
        self._accounts, self._must = accounts, must
        self.locked = accounts.locked or must()
        person = accounts.person if accounts.locked else None
        if person is not None:
            title = tr("Locked")
            lead = tr("{name} is signed in. What was done is saved, and an analysis goes on.")
            lead = lead.format(name=isolated(person.name))
        else:
            title, lead = tr("Sign in"), tr("Your account stands beside every decision and signature.")
        act = tr("&Unlock") if accounts.locked else tr("Sign in")
        super().__init__(context, title, lead, parent, accept=act)
        self.pin, self.login, self.password = PinEdit(), QLineEdit(), SecretEdit()
        self.login.setMaxLength(LONGEST_NAME)
        self.secret_row(tr("&PIN"), self.pin, self._complete)
        self.secret_row(tr("&Account"), self.login, self._complete)
        self.secret_row(tr("Pass&word"), self.password, self._complete)
        cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setText(tr("Go on for &reading"))
        self.other = QPushButton()
        self._by_pin = person is not None and person.has_pin
        if self.locked:
            cancel.hide()
            self.buttons.addButton(tr("&Quit"), QDialogButtonBox.ButtonRole.ResetRole).clicked.connect(
                self.quit_wanted
            )
        if self._by_pin:
            self.buttons.addButton(self.other, QDialogButtonBox.ButtonRole.ActionRole)
            self.other.clicked.connect(self._switch)
        elif person is not None:
            self.login.setText(person.login)
            self.password.setFocus()  # in the field of the login, which is filled in, it would be read
        self.computer = self.buttons.addButton(
            tr("By the &computer's account"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.computer.clicked.connect(self._by_computer)
        # Behind a lock that a PIN opens, who sits there is not known by the computer's account.
        self._accounts_pin = self._by_pin
        self._show_rows()
        if accounts.unreachable is not None and not self._by_pin:
            self.complain(accounts.unreachable)

    def complain(self, error: UserError) -> None:
        """Say why; where nobody can sign in without the database, offer to go on for reading."""
        super().complain(error)
        if self.locked and not self._accounts.locked and not self._must():
            self.locked = False
            self.buttons.button(QDialogButtonBox.StandardButton.Cancel).show()

    def _switch(self) -> None:
        self._by_pin = not self._by_pin
        self.complaint.hide()
        self._show_rows()
        (self.pin if self._by_pin else self.login).setFocus()

    def _by_computer(self) -> None:
        try:
            if not self._accounts.sign_in_by_os():
                raise UserError(
                    N_("The account of this computer stands for nobody here."),
                    "",
                    N_("Enter account and password."),
                )
        except UserError as error:
            self.complain(error)
            return
        Form.accept(self)

    def _show_rows(self) -> None:
        self.computer.setVisible(not self._by_pin and not self._accounts_pin)
        for field, shown in ((self.pin, self._by_pin), (self.login, not self._by_pin),
                             (self.password, not self._by_pin)):  # fmt: skip
            self.form.setRowVisible(field, shown)
        self.other.setText(tr("Somebody &else…") if self._by_pin else tr("By &PIN…"))
        self.set_accept_enabled(self._complete())
        self.fit_height()

    def _complete(self) -> bool:
        if self._by_pin:
            return len(self.pin.text()) >= 4
        return bool(self.login.text().strip() and self.password.text())

    def do(self) -> None:
        if self._by_pin:
            self._accounts.unlock(self.pin.text())
        else:
            self._accounts.sign_in(self.login.text(), self.password.text())

    def reject(self) -> None:
        if not self.locked:  # nothing but the right PIN or password opens a locked window
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.locked and event.spontaneous():
            event.ignore()
            self.quit_wanted.emit()
            return
        self.locked = False  # the program ends
        super().closeEvent(event)


class PinDialog(AccountForm):
    """Choose one's own PIN; the password is asked again where there is one."""

    def __init__(self, context: UiContext, accounts: Accounts, parent: QWidget | None = None) -> None:
        super().__init__(
            context,
            tr("Choose your PIN"),
            tr("Four to eight digits, asked at every signature. Nobody else may know them."),
            parent,
        )
        self._accounts = accounts
        person = accounts.person
        self.password, self.pin, self.again = SecretEdit(), PinEdit(), PinEdit()
        # Who sits at a window that is open must not give somebody else's account another PIN.
        self._asks = person is not None and (person.has_password or person.has_pin)
        by_pin = person is not None and not person.has_password
        for label, field in (
            (tr("Your &former PIN") if by_pin else tr("Your pass&word"), self.password),
            (tr("New &PIN"), self.pin), (tr("PIN &again"), self.again),
        ):  # fmt: skip
            self.secret_row(label, field, self._complete)
        self.form.setRowVisible(self.password, self._asks)
        self.set_accept_enabled(False)

    def _complete(self) -> bool:
        typed = bool(self.password.text()) or not self._asks
        return typed and len(self.pin.text()) >= 4 and len(self.again.text()) >= 4

    def do(self) -> None:
        if self.pin.text() != self.again.text():
            raise UserError(N_("The two PINs are not the same."))
        self._accounts.choose_pin(self.password.text(), self.pin.text())


class PasswordDialog(AccountForm):
    """Change one's own password."""

    def __init__(self, context: UiContext, accounts: Accounts, parent: QWidget | None = None) -> None:
        super().__init__(
            context,
            tr("Change your password"),
            tr("At least eight characters. Several words in a row are easy to remember."),
            parent,
        )
        self._accounts = accounts
        self.password, self.new, self.again = SecretEdit(), SecretEdit(), SecretEdit()
        for label, field in (
            (tr("Your pass&word"), self.password), (tr("&New password"), self.new),
            (tr("New password &again"), self.again),
        ):  # fmt: skip
            self.secret_row(label, field, self._complete)
        self.set_accept_enabled(False)

    def _complete(self) -> bool:
        return bool(self.password.text() and self.new.text() and self.again.text())

    def do(self) -> None:
        if self.new.text() != self.again.text():
            raise UserError(N_("The two passwords are not the same."))
        self._accounts.choose_password(self.password.text(), self.new.text())


class MyAccountDialog(Form):
    """What a person who is signed in can do: lock, sign out, change PIN and password."""

    def __init__(self, context: UiContext, accounts: Accounts, parent: QWidget | None = None) -> None:
        person = accounts.person
        role = context.language.text(person.role.value) if person is not None else ""
        name = isolated(person.name) if person is not None else ""
        lead = tr("{name}, {role}. Decisions name this account.").format(name=name, role=role)
        super().__init__(tr("Your account"), lead, parent, accept=tr("Close"))
        self._context, self._accounts = context, accounts
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).hide()
        self.said = PlainLabel()
        self.said.setWordWrap(True)
        self.said.hide()
        self.form.addRow(self.said)
        self.pin = self._button(
            tr("Choose a new &PIN…"),
            lambda: self._ask(PinDialog(context, accounts, self), tr("The new PIN holds from now on.")),
        )
        self.password = self._button(
            tr("Change the pass&word…"),
            lambda: self._ask(
                PasswordDialog(context, accounts, self), tr("The new password holds from now on.")
            ),
        )
        self.password.setVisible(person is not None and person.has_password)
        self.lock = self._button(tr("&Lock the window"), self._lock)
        self.out = self._button(tr("Sign &out"), self._sign_out)

    def _button(self, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        self.form.addRow(button)
        return button

    def _ask(self, dialog: AccountForm, done: str) -> None:
        """Ask in a dialog, and say here that it was done."""
        accepted = dialog.exec()
        dialog.deleteLater()
        self.said.setText(done if accepted else "")
        self.said.setVisible(bool(accepted))
        self.fit_height()

    def _lock(self) -> None:
        self.accept()
        self._accounts.lock()

    def _sign_out(self) -> None:
        self.accept()
        self._accounts.sign_out()
