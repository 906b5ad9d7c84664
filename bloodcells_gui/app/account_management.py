"""Make and change the accounts of the laboratory, and its rules about them: window and command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.data_folders import user_data_dir
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.settings_keeper import load_settings
from bloodcells_gui.domain.accounts import (
    Account,
    AccountEvent,
    AccountRules,
    Role,
    check_login,
    check_name,
    check_os_account,
    check_password,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.times import paper_text

__all__ = ["AccountDesk", "event_time", "station_accounts"]


def station_accounts() -> Accounts:
    """The accounts as this workstation's settings reach them, for a program without a window."""
    address = load_settings().lab_database
    return Accounts(LabLink(lambda: address), user_data_dir())


class AccountDesk:
    """What an administrator does; every method asks for the right.

    Parameters
    ----------
    accounts : Accounts
        Says who is signed in.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def all(self) -> list[Account]:
        """Every account, by name; anybody may see who there is."""
        with self._accounts.book() as book:
            return book.all()

    def events(self) -> list[AccountEvent]:
        """The newest thousand lines of the record, newest first."""
        with self._accounts.managing() as (book, _):
            return book.events()

    def rules(self) -> AccountRules:
        """The rules about accounts."""
        with self._accounts.book() as book:
            return book.rules()

    def add(
        self,
        login: str,
        name: str,
        role: Role,
        *,
        may_sign: bool = False,
        os_account: str = "",
        password: str = "",
    ) -> Account:
        """Make an account; the first one is an administrator's, and nobody has to be signed in for it.

        Raises
        ------
        UserError
            The person may not, something typed cannot be used or is taken, or there is no way to sign in.
        """
        account = Account(
            check_login(login), check_name(name), role, may_sign and role is Role.ADMINISTRATOR,
            check_os_account(os_account),
        )  # fmt: skip
        if password or not account.os_account:
            check_password(password)
        first = not self._accounts.in_force
        if first and role is not Role.ADMINISTRATOR:
            raise UserError(
                N_("The first account is that of an administrator."),
                N_("Nobody could make further ones otherwise."),
                N_("bloodcells lab accounts add LOGIN --name NAME --role administrator"),
            )
        with self._accounts.managing() as (book, actor):
            book.add(account, password, actor or account.login, first=first)
            made = book.get(account.login) or account
        self._accounts.refresh(anyway=True)
        return made

    def change(self, account: Account, **changes: object) -> None:
        """Keep an account with some of it replaced: `name`, `role`, `may_sign`, `os_account`, `active`.

        Raises
        ------
        UserError
            As :meth:`storage.lab.accounts.AccountBook.change`.
        """
        wanted = replace(account, **changes)  # type: ignore[arg-type]
        wanted = replace(
            wanted,
            name=check_name(wanted.name),
            os_account=check_os_account(wanted.os_account),
            may_sign=wanted.may_sign and wanted.role is Role.ADMINISTRATOR,
        )
        with self._accounts.managing() as (book, actor):
            book.change(wanted, actor)
        self._accounts.refresh(anyway=True)

    def reset(self, account: Account, password: str) -> None:
        """Give an account a new password, none where an account of the operating system stands for it."""
        if password or not account.os_account:
            check_password(password)
        with self._accounts.managing() as (book, actor):
            book.reset(account, password, actor)
        self._accounts.refresh(anyway=True)

    def change_rules(self, rules: AccountRules) -> None:
        """Keep the rules about accounts."""
        if not (0 <= rules.blast_percent <= 100 and 1 <= rules.idle_minutes <= 480):
            raise UserError(N_("A share is 0 to 100 %, and a window locks after 1 to 480 minutes."))
        with self._accounts.managing() as (book, actor):
            book.change_rules(rules, actor)
        self._accounts.refresh(anyway=True)

    def find(self, login: str) -> Account:
        """The account of that login; UserError when there is none."""
        found = next((a for a in self.all() if a.login == check_login(login)), None)
        if found is None:
            raise UserError(
                N_("There is no account {login}."),
                "",
                N_("bloodcells lab accounts list names them."),
                login=check_login(login),
            )
        return found


def event_time(event: AccountEvent, lang: str) -> str:
    """When something was done with an account, in words."""
    return paper_text(datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), lang)
