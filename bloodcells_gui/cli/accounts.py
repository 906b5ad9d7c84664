"""Who gives a command, and the verb `lab accounts`.

A password comes from the terminal, without being shown, or from a file that nobody else may read; never from
the command line, which every process of the computer can see.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.cli.terminal import line
from bloodcells_gui.domain.accounts import EVENT_WORDS, LONGEST_PASSWORD, Account, Role
from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.domain.i18n import LANGUAGES, N_, tr

if TYPE_CHECKING:
    from bloodcells_gui.app.account_management import AccountDesk
    from bloodcells_gui.app.accounts import Accounts

#: Names a file whose first line is the password of `--account`.
PASSWORD_FILE = "BLOODCELLS_PASSWORD_FILE"  # noqa: S105  # the name of a variable


def identified(args: argparse.Namespace) -> Accounts:
    """The laboratory's accounts, with whoever gives the command signed in.

    That is `--account` with its password, else whom the account of the operating system stands for.

    Raises
    ------
    UserError
        Account or password are wrong, or cannot be read.
    """
    from bloodcells_gui.app.account_management import station_accounts

    accounts = station_accounts()
    if args.account and accounts.in_force:
        named = os.environ.get(PASSWORD_FILE, "")
        password = _from_file(Path(named)) if named else _asked(tr(N_("Password:"), _lang(args)))
        accounts.sign_in(args.account, password)
    elif accounts.in_force:
        with contextlib.suppress(UserError):  # what needs a right says why it cannot be had
            accounts.sign_in_by_os()
    return accounts


def _lang(args: argparse.Namespace) -> str:
    return args.lang if args.lang in LANGUAGES else "en"


def _from_file(path: Path) -> str:
    """The first line of a file that nobody else may read."""
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise UserError(
                    N_("The file of the password {path} can be read by others."),
                    "",
                    N_("Take their permission away: chmod 600 FILE."),
                    path=path,
                )
            text = file.read(4 * LONGEST_PASSWORD + 2).decode("utf-8")
    except OSError as error:
        raise UserError(
            N_("The file of the password {path} cannot be read: {reason}."),
            path=path,
            reason=system_reason(error),
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(N_("The file of the password {path} holds no text."), path=path) from error
    return text.splitlines()[0] if text.strip() else ""


def _asked(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise UserError(
            N_("There is no terminal to ask for a password."),
            "",
            N_("Name a file with it: BLOODCELLS_PASSWORD_FILE, or --password-file for a new one."),
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # it would be shown
        return getpass.getpass(f"{prompt} ")


def _new_password(args: argparse.Namespace) -> str:
    if args.password_file is not None:
        return _from_file(args.password_file)
    password = _asked(tr(N_("New password:"), _lang(args)))
    if _asked(tr(N_("Again:"), _lang(args))) != password:
        raise UserError(N_("The two passwords are not the same."), "", N_("Nothing was changed. Try again."))
    return password


def accounts_verb(args: argparse.Namespace) -> int:
    """`lab accounts`: list, make and change accounts."""
    from bloodcells_gui.app.account_management import AccountDesk, station_accounts

    if args.step == "list":
        return _list(AccountDesk(station_accounts()), _lang(args))
    _STEPS[args.step](AccountDesk(identified(args)), args)
    return 0


def _list(desk: AccountDesk, lang: str) -> int:
    accounts = desk.all()
    for account in accounts:
        line(_account_line(account, lang))
    if not accounts:
        line(tr(N_("There are no accounts: everybody may sign and change rules."), lang))
    return 0


def _account_line(account: Account, lang: str) -> str:
    parts = [account.login, account.name, tr(account.role.value, lang)]
    if account.may_sign:
        parts.append(tr(N_("signs"), lang))
    if account.os_account:
        parts.append(tr(N_("account of the operating system: {name}"), lang, name=account.os_account))
    if not account.active:
        parts.append(tr(N_("closed"), lang))
    if account.wait_s:
        parts.append(tr(N_("waits for {minutes} min"), lang, minutes=-int(-account.wait_s // 60)))
    return "  ".join(parts)


def _add(desk: AccountDesk, args: argparse.Namespace) -> None:
    password = "" if args.os_account and args.password_file is None else _new_password(args)
    made = desk.add(
        args.login, args.name, Role(args.role), may_sign=args.signs, os_account=args.os_account,
        password=password,
    )  # fmt: skip
    line(_account_line(made, _lang(args)))


def _role(desk: AccountDesk, args: argparse.Namespace) -> None:
    desk.change(desk.find(args.login), role=Role(args.role), may_sign=args.signs)
    line(_account_line(desk.find(args.login), _lang(args)))


def _close(desk: AccountDesk, args: argparse.Namespace) -> None:
    desk.change(desk.find(args.login), active=args.open)
    line(_account_line(desk.find(args.login), _lang(args)))


def _reset(desk: AccountDesk, args: argparse.Namespace) -> None:
    account = desk.find(args.login)
    password = "" if account.os_account and args.password_file is None else _new_password(args)
    desk.reset(account, password)
    line(_account_line(desk.find(args.login), _lang(args)))


def _events(desk: AccountDesk, args: argparse.Namespace) -> None:
    from bloodcells_gui.app.account_management import event_time

    lang = _lang(args)
    for event in desk.events()[: max(0, args.most)]:
        said = tr(EVENT_WORDS.get(event.what, event.what), lang)
        by = f" ({event.actor})" if event.actor != event.login else ""
        detail = f"  {event.detail}" if event.detail else ""
        line(f"{event_time(event, lang)}  {event.station}  {event.login or '-'}{by}  {said}{detail}")


_STEPS: dict[str, Callable[[AccountDesk, argparse.Namespace], None]] = {
    "add": _add,
    "role": _role,
    "lock": _close,
    "reset": _reset,
    "events": _events,
}
