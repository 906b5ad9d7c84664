"""The grammar of `lab accounts`, and of who gives a command that needs a right."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.accounts import Role
from bloodcells_gui.domain.i18n import LANGUAGES, N_


def add_account(p: argparse.ArgumentParser) -> None:
    """`--account`, of verbs that need a right where the laboratory has accounts."""
    p.add_argument("--account", default="", metavar="LOGIN",
                   help=N_("who gives the command, where the laboratory has accounts"))  # fmt: skip


def add_actions(actions: Any) -> None:
    """`lab accounts` and its actions."""
    accounts = actions.add_parser(
        "accounts", help=N_("who may sign and change rules in the laboratory")
    ).add_subparsers(dest="step", metavar="ACTION", required=True)
    _add(accounts, "list", N_("every account"))
    p = _add(accounts, "add", N_("make an account; the first is an administrator's"))
    p.add_argument("login", metavar="LOGIN")
    p.add_argument("--name", required=True, metavar="TEXT", help=N_("the person's name, as reports print it"))
    _add_role(p, "--role", required=True)
    _add_os_account(p)
    _add_password(p)
    p = _add(accounts, "role", N_("give an account another role"))
    p.add_argument("login", metavar="LOGIN")
    _add_role(p, "role")
    p = _add(accounts, "lock", N_("close an account, or open it again"))
    p.add_argument("login", metavar="LOGIN")
    p.add_argument("--open", action="store_true", help=N_("open it again"))
    p = _add(accounts, "reset", N_("a new password; the PIN is chosen anew at the next signature"))
    p.add_argument("login", metavar="LOGIN")
    _add_password(p)
    p = _add(accounts, "events", N_("the record: sign-ins, wrong passwords, changes"))
    p.add_argument("--most", type=int, default=100, metavar="N")


def _add(actions: Any, name: str, does: str) -> argparse.ArgumentParser:
    p: argparse.ArgumentParser = actions.add_parser(name, help=does)
    if name != "list":
        add_account(p)
    p.add_argument("--lang", choices=LANGUAGES, default=None)
    p.add_argument("--verbose", action="store_true", help=N_("the lines of the log on stderr too"))
    return p


def _add_role(p: argparse.ArgumentParser, name: str, **more: Any) -> None:
    p.add_argument(name, choices=[role.value for role in Role], **more)
    p.add_argument("--signs", action="store_true", help=N_("an administrator who also signs"))


def _add_os_account(p: argparse.ArgumentParser) -> None:
    p.add_argument("--os-account", default="", metavar="NAME",
                   help=N_("account of the operating system that stands for a password"))  # fmt: skip


def _add_password(p: argparse.ArgumentParser) -> None:
    p.add_argument("--password-file", type=Path, metavar="FILE",
                   help=N_("its first line is the new password; else it is asked for"))  # fmt: skip
