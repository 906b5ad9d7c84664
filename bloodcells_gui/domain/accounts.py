"""Accounts of a laboratory: roles, rights, and the rules about signing.

Nothing here knows a password. Whether accounts are in force is the laboratory's database's to say
(`app/accounts.py`): without one, or before the first account is made, everybody may do everything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.safe_text import escape_control_chars

if TYPE_CHECKING:
    from bloodcells_gui.domain.review import Signature

LONGEST_NAME = 80
LEAST_PASSWORD, LONGEST_PASSWORD = 8, 256
#: Failures after which an account waits, and how many seconds it waits then at most.
FAILURES_ALLOWED, LONGEST_LOCK_S = 5, 3600.0
_FIRST_LOCK_S = 300.0
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_PIN = re.compile(r"[0-9]{4,8}")
_MARK = "(lab:"
#: On every page of a report that one of two persons has signed.
SECOND_PERSON = N_("WAITS FOR THE SECOND PERSON")
#: The same as a flag of the work list, by which the list knows such a case.
SECOND_PERSON_FLAG = N_("waits for the second person")


class Role(StrEnum):
    """What an account is for."""

    TECHNICIAN = N_("technician")
    VALIDATOR = N_("validator")
    ADMINISTRATOR = N_("administrator")


class Right(StrEnum):
    """What not everybody may do where accounts are in force; the words complete "may not"."""

    SIGN = N_("sign reports")
    AMEND = N_("amend signed reports")
    CHANGE_RULES = N_("change rules and settings of the laboratory")
    SET_DESTINATIONS = N_("set up connections")
    MANAGE_ACCOUNTS = N_("manage accounts")


class TwoPersons(StrEnum):
    """Which reports need the signatures of two persons."""

    NONE = N_("no report")
    BLASTS = N_("reports with blasts")
    EVERY = N_("every report")


@dataclass(frozen=True, slots=True)
class AccountRules:
    """Rules of the laboratory about its accounts; kept in its database, the same on every station.

    Attributes
    ----------
    technicians_sign : bool
        Technicians may sign (never amend).
    two_persons : TwoPersons
    blast_percent : float
        Share of blasts from which :attr:`TwoPersons.BLASTS` asks for two; 0 from the first blast on.
    idle_minutes : int
        Minutes without a key or the mouse after which a window locks.
    revision : int
        Counts the changes, so that two stations do not change the rules at once.
    """

    technicians_sign: bool = False
    two_persons: TwoPersons = TwoPersons.BLASTS
    blast_percent: float = 0.0
    idle_minutes: int = 15
    revision: int = 0

    def needs_two(self, blasts: int, leukocytes: int) -> bool:
        """Whether a report with so many blasts of so many leukocytes needs two signatures."""
        if self.two_persons is not TwoPersons.BLASTS:
            return self.two_persons is TwoPersons.EVERY
        return blasts >= 1 and 100.0 * blasts >= self.blast_percent * leukocytes


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account.

    Attributes
    ----------
    login : str
        The name that it signs in under and that the audit keeps; never changed, never given again.
    name : str
        The person's name, as reports print it.
    may_sign : bool
        An administrator who also signs and amends.
    os_account : str
        Account of the operating system that stands for a password; "" for none.
    active : bool
        False: it signs in no more. Accounts are not deleted, since signatures name them.
    has_password, has_pin : bool
    wait_s : float
        Seconds until it may try again after wrong passwords or PINs; 0 at once.
    revision : int
        Counts the changes, so that two stations do not change it at once.
    """

    login: str
    name: str
    role: Role
    may_sign: bool = False
    os_account: str = ""
    active: bool = True
    has_password: bool = False
    has_pin: bool = False
    wait_s: float = 0.0
    revision: int = 0

    @property
    def author(self) -> str:
        """How the record of a case names the person: the name with the account behind it."""
        return f"{self.name} {_MARK}{self.login})"


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """Something that was done with an account: when (seconds since 1970, the server's clock), and where.

    `what` is a template of :data:`EVENT_WORDS`; `detail` what it was about, "" for nothing.
    """

    at: float
    station: str
    actor: str
    login: str
    what: str
    detail: str = ""


_OF_ROLE = {
    Role.TECHNICIAN: frozenset[Right](),
    Role.VALIDATOR: frozenset({Right.SIGN, Right.AMEND}),
    Role.ADMINISTRATOR: frozenset({Right.CHANGE_RULES, Right.SET_DESTINATIONS, Right.MANAGE_ACCOUNTS}),
}


def rights_of(account: Account, rules: AccountRules) -> frozenset[Right]:
    """What an account may do; nothing once it is not active."""
    if not account.active:
        return frozenset()
    rights = _OF_ROLE[account.role]
    if account.role is Role.TECHNICIAN and rules.technicians_sign:
        rights |= {Right.SIGN}
    if account.role is Role.ADMINISTRATOR and account.may_sign:
        rights |= {Right.SIGN, Right.AMEND}
    return rights


def lock_s(failures: int) -> float:
    """Seconds that an account waits after so many failures in a row; each further one doubles them."""
    if failures < FAILURES_ALLOWED:
        return 0.0
    return min(_FIRST_LOCK_S * 2.0 ** min(failures - FAILURES_ALLOWED, 10), LONGEST_LOCK_S)


def account_login(author: str) -> str:
    """The account behind an author of the record; "" where none of the laboratory vouched for the name."""
    _, mark, rest = author.rpartition(" " + _MARK)
    return rest[:-1] if mark and rest.endswith(")") and _LOGIN.fullmatch(rest[:-1]) else ""


def plain_name(author: str) -> str:
    """An author of the record without the laboratory's account behind it."""
    return author.rpartition(" " + _MARK)[0] if account_login(author) else author


def waits_for_second(signatures: Iterable[Signature], version: int, needed: int) -> bool:
    """Whether a version is signed, and by fewer accounts than it needs."""
    own = [s.author for s in signatures if s.version == version]
    return bool(own) and needed > 1 and len({account_login(a) for a in own} - {""}) < needed


def typed_name(name: str) -> str:
    """A name that a person typed, which cannot pass for one that an account vouches for."""
    return name.replace(_MARK, "(")


# -- what a person types -------------------------------------------------------------------------------


def check_login(login: str) -> str:
    """`login` in small letters; UserError when it is none."""
    login = login[: LONGEST_NAME + 1].strip().lower()
    if not _LOGIN.fullmatch(login):
        raise UserError(
            N_("{login} is no name of an account."),
            "",
            N_("Use 2 to 40 letters without accents, digits, dots, hyphens or underscores."),
            login=_shown(login),
        )
    return login


def check_name(name: str) -> str:
    """`name` on one line, in Unicode's composed form; UserError when it cannot be printed as a name."""
    clean = unicodedata.normalize("NFC", " ".join(name[: 4 * LONGEST_NAME].split()))
    if (
        not 1 <= len(clean) <= LONGEST_NAME
        or len(name) > 4 * LONGEST_NAME
        or escape_control_chars(clean) != clean
        or any(unicodedata.category(c) in ("Cf", "Co", "Cn") for c in clean)
        or _MARK in clean
    ):
        raise UserError(
            N_("{name} cannot be the name of a person."),
            N_("It stands in signatures and reports."),
            N_("Use 1 to {most} visible characters, without marks that turn the direction of writing."),
            name=_shown(clean),
            most=LONGEST_NAME,
        )
    return clean


def check_os_account(name: str) -> str:
    """The name of an account of the operating system, "" for none; UserError when it is none."""
    name = name.strip()
    if len(name) > LONGEST_NAME or escape_control_chars(name) != name:
        raise UserError(N_("{name} is no account of the operating system."), name=_shown(name))
    return name


def check_password(password: str) -> str:
    """`password`; UserError when it is too short or too long."""
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UserError(
            N_("A password has {least} to {most} characters."),
            "",
            N_("Several words in a row are easy to remember."),
            least=LEAST_PASSWORD,
            most=LONGEST_PASSWORD,
        )
    return password


def check_pin(pin: str) -> str:
    """`pin`; UserError when it is no 4 to 8 digits, or all of them are the same or in a row."""
    if not _PIN.fullmatch(pin):
        raise UserError(N_("A PIN has 4 to 8 digits."))
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        raise UserError(
            N_("This PIN is too easy to guess."),
            N_("Its digits are all the same, or one after another."),
            N_("Choose another one."),
        )
    return pin


def name_key(name: str) -> str:
    """Equal for names that a reader would take for one: case, accents' form and width apart."""
    return unicodedata.normalize("NFKC", name).casefold()


def _shown(text: str) -> str:
    return f"“{escape_control_chars(text)[:40]}”"


#: What `bloodcells_account_events` keeps, by its key there.
EVENT_WORDS = {
    "sign-in": N_("signed in"),
    "sign-out": N_("signed out"),
    "locked-window": N_("window locked"),
    "wrong-password": N_("wrong password"),
    "wrong-pin": N_("wrong PIN"),
    "unknown": N_("unknown account"),
    "refused": N_("refused: not active"),
    "waits": N_("has to wait after wrong attempts"),
    "added": N_("account made"),
    "role": N_("role changed"),
    "os-account": N_("account of the operating system changed"),
    "name": N_("name changed"),
    "closed": N_("account closed"),
    "opened": N_("account opened again"),
    "reset": N_("password reset"),
    "password": N_("password changed"),
    "pin": N_("PIN changed"),
    "rules": N_("rules about accounts changed"),
    "signed": N_("PIN accepted for a signature"),
}
