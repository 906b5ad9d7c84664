"""What an administrator fills in: an account, and another password for one."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.domain.accounts import LONGEST_NAME, Account, Role
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.ui.accounts.fields import SecretEdit
from bloodcells_gui.ui.accounts.sign_in import AccountForm
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import NoTypeAheadComboBox
from bloodcells_gui.ui.i18n import tr


def _same(first: SecretEdit, second: SecretEdit) -> str:
    if first.text() != second.text():
        raise UserError(N_("The two passwords are not the same."))
    return first.text()


class AccountDialog(AccountForm):
    """Make an account, or change one; what another station changed meanwhile is not written over."""

    def __init__(
        self, context: UiContext, desk: AccountDesk, account: Account | None, parent: QWidget | None = None
    ) -> None:
        title = tr("New account") if account is None else tr("Change the account")
        lead = tr("The login stays: signatures name it.")
        if account is None:
            lead = tr("Tell the person the first password. The PIN each person chooses alone.")
        super().__init__(context, title, lead, parent)
        self.setMinimumWidth(620)
        self._desk, self._account = desk, account
        self.login, self.name, self.os_account = QLineEdit(), QLineEdit(), QLineEdit()
        for field in (self.login, self.name, self.os_account):
            field.setMaxLength(LONGEST_NAME)
            field.textChanged.connect(lambda _: self._enable())
        self.role = NoTypeAheadComboBox()
        for role in Role:
            self.role.addItem(context.language.text(role.value), role)
        self.signs = QCheckBox(tr("This administrator &signs, too"))
        self.password, self.again = SecretEdit(), SecretEdit()
        self.form.addRow(tr("&Login"), self.login)
        self.form.addRow(tr("Na&me, as reports print it"), self.name)
        self.form.addRow(tr("&Role"), self.role)
        self.form.addRow("", self.signs)
        self.form.addRow(tr("Account of the &computer, instead of a password"), self.os_account)
        self.secret_row(tr("First pass&word"), self.password, self._complete)
        self.secret_row(tr("Password &again"), self.again, self._complete)
        self.role.currentIndexChanged.connect(lambda _: self._enable())
        if account is not None:
            self.login.setText(account.login)
            self.login.setEnabled(False)
            self.name.setText(account.name)
            self.os_account.setText(account.os_account)
            self.role.setCurrentIndex(list(Role).index(account.role))
            self.signs.setChecked(account.may_sign)
            for field in (self.password, self.again):
                self.form.setRowVisible(field, False)
        self._enable()

    @property
    def _chosen(self) -> Role:
        return list(Role)[self.role.currentIndex()]

    def _enable(self) -> None:
        self.signs.setEnabled(self._chosen is Role.ADMINISTRATOR)
        self.set_accept_enabled(self._complete())

    def _complete(self) -> bool:
        named = bool(self.login.text().strip() and self.name.text().strip())
        way_in = self.password.text() or self.os_account.text().strip() or self._account is not None
        return named and bool(way_in)

    def do(self) -> None:
        role = self._chosen
        signs = self.signs.isChecked() and role is Role.ADMINISTRATOR
        if self._account is None:
            password = _same(self.password, self.again)
            self._desk.add(
                self.login.text(), self.name.text(), role, may_sign=signs,
                os_account=self.os_account.text(), password=password,
            )  # fmt: skip
        else:
            self._desk.change(
                self._account, name=self.name.text(), role=role, may_sign=signs,
                os_account=self.os_account.text(),
            )  # fmt: skip


class ResetDialog(AccountForm):
    """Give an account another password; its PIN is gone, and it may try again at once."""

    def __init__(
        self, context: UiContext, desk: AccountDesk, account: Account, parent: QWidget | None = None
    ) -> None:
        lead = tr("{name} chooses a new PIN at the next signature. The account may try again at once.")
        super().__init__(context, tr("Reset the password"), lead.format(name=account.name), parent)
        self._desk, self._account = desk, account
        self.password, self.again = SecretEdit(), SecretEdit()
        self.secret_row(tr("New pass&word"), self.password, self._complete)
        self.secret_row(tr("Password &again"), self.again, self._complete)
        self.set_accept_enabled(self._complete())

    def _complete(self) -> bool:
        return bool(self.password.text()) or bool(self._account.os_account)

    def do(self) -> None:
        self._desk.reset(self._account, _same(self.password, self.again))
