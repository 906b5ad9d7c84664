"""The accounts of a laboratory: who there is, their secrets as hashes, the rules, and what was done.

What a person may do is asked by `app/accounts.py`; here each change is whole, once, and in the record.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bloodcells_gui.domain.accounts import (
    Account,
    AccountEvent,
    AccountRules,
    Role,
    TwoPersons,
    lock_s,
    name_key,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage.lab.database import LabDatabase, Row
from bloodcells_gui.storage.lab.hashing import hash_secret, matches

PASSWORD, PIN = "password", "pin"
_ALONE = 0x6163636F756E  # any number that nothing else of this database locks
_SELECT = (
    "SELECT a.login, a.name, a.role, a.may_sign, a.os_account, a.active, a.revision,"
    " (SELECT count(*) FROM bloodcells_account_secrets s WHERE s.login = a.login AND s.kind = 'password'),"
    " (SELECT count(*) FROM bloodcells_account_secrets s WHERE s.login = a.login AND s.kind = 'pin'),"
    " (SELECT max(s.locked_until) FROM bloodcells_account_secrets s WHERE s.login = a.login) - $now"
    " FROM bloodcells_accounts a"
)
_ADMINISTRATORS = (
    "SELECT count(*) FROM bloodcells_accounts a WHERE a.role = 'administrator' AND a.active = 1"
    " AND (a.os_account IS NOT NULL OR EXISTS"
    " (SELECT 1 FROM bloodcells_account_secrets s WHERE s.login = a.login AND s.kind = 'password'))"
)


class AccountWaits(UserError):
    """Too many wrong passwords or PINs: the account waits."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            N_("Too many wrong attempts: this account waits for {minutes} min."),
            "",
            N_("Wait, or let an administrator reset it."),
            minutes=max(1, -int(-wait_s // 60)),
        )


class AccountBook:
    """The accounts in one database.

    Parameters
    ----------
    station : str
        Stands in the record beside everything that is done here.
    """

    def __init__(self, database: LabDatabase, station: str) -> None:
        self._database = database
        self._station = station[:200]

    # -- reading ---------------------------------------------------------------------------------------

    def any(self) -> bool:
        """Whether an account was ever made."""
        return bool(self._database.query("SELECT 1 FROM bloodcells_accounts LIMIT 1"))

    def all(self) -> list[Account]:
        """Every account, by name."""
        return [_account(row) for row in self._database.query(_SELECT + " ORDER BY a.name_key")]

    def get(self, login: str) -> Account | None:
        """The account of that login."""
        rows = self._database.query(_SELECT + " WHERE a.login = ?", login)
        return _account(rows[0]) if rows else None

    def of_os_account(self, name: str) -> Account | None:
        """The account that an account of the operating system stands for."""
        rows = self._database.query(_SELECT + " WHERE a.os_account = ?", name) if name else []
        return _account(rows[0]) if rows else None

    def rules(self) -> AccountRules:
        """The rules about accounts; defaults until somebody set them."""
        rows = self._database.query(
            "SELECT technicians_sign, two_persons, blast_percent, idle_minutes, revision"
            " FROM bloodcells_account_rules WHERE id = 1"
        )
        if not rows:
            return AccountRules()
        sign, two, percent, minutes, revision = rows[0]
        rule = TwoPersons(str(two)) if str(two) in set(TwoPersons) else TwoPersons.EVERY
        return AccountRules(bool(sign), rule, float(percent), int(minutes), int(revision))

    def pin_hash(self, login: str) -> str:
        """The hash of a PIN, "" for none: kept in memory while the person is signed in."""
        rows = self._database.query(
            "SELECT hash FROM bloodcells_account_secrets WHERE login = ? AND kind = ?", login, PIN
        )
        return str(rows[0][0]) if rows else ""

    def events(self, most: int = 1000) -> list[AccountEvent]:
        """What was done, the newest first."""
        rows = self._database.query(
            "SELECT at, station, actor, login, what, detail FROM bloodcells_account_events"
            " ORDER BY number DESC, at DESC LIMIT ?",
            most,
        )
        return [AccountEvent(float(at), *map(str, rest)) for at, *rest in rows]

    # -- changing --------------------------------------------------------------------------------------

    def note(self, what: str, login: str, actor: str = "", detail: str = "") -> None:
        """Write one line into the record of accounts."""
        self._database.query(
            "INSERT INTO bloodcells_account_events SELECT coalesce(max(number), 0) + 1, $now, ?, ?, ?, ?, ?"
            " FROM bloodcells_account_events",
            self._station, actor or login, login, what, detail[:400],
        )  # fmt: skip

    def add(self, account: Account, password: str, actor: str, *, first: bool = False) -> None:
        """Make an account; `first` where there is none yet, else by `actor`, an administrator.

        Raises
        ------
        UserError
            Login, name or account of the operating system are taken; `first` and it is not the first.
        """
        hashed = hash_secret(password) if password else ""
        with self._alone():
            if first and self.any():
                raise UserError(
                    N_("There are accounts already."), "", N_("An administrator makes further ones.")
                )
            made = self._database.query(
                "INSERT INTO bloodcells_accounts VALUES (?, ?, ?, ?, ?, ?, ?, 1, $now)"
                " ON CONFLICT DO NOTHING RETURNING login",
                account.login, account.name, name_key(account.name), account.role.value,
                int(account.may_sign), account.os_account or None, int(account.active),
            )  # fmt: skip
            if not made:
                raise _taken(account)
            if hashed:
                self._keep(account.login, PASSWORD, hashed)
            self.note("added", account.login, actor, account.role.value)
            self._keep_an_administrator()

    def change(self, account: Account, actor: str) -> None:
        """Keep name, role, rights, binding and standing of an account as given.

        Raises
        ------
        UserError
            It was changed meanwhile, name or binding are taken, or no administrator would be left.
        """
        with self._alone():
            before = self.get(account.login)
            if before is None or before.revision != account.revision:
                raise changed_meanwhile()
            if self._others_have(account):
                raise _taken(account)
            self._database.query(
                "UPDATE bloodcells_accounts SET name = ?, name_key = ?, role = ?, may_sign = ?,"
                " os_account = ?, active = ?, revision = revision + 1 WHERE login = ?",
                account.name, name_key(account.name), account.role.value, int(account.may_sign),
                account.os_account or None, int(account.active), account.login,
            )  # fmt: skip
            for what, detail in _differences(before, account):
                self.note(what, account.login, actor, detail)
            self._keep_an_administrator()

    def _others_have(self, account: Account) -> bool:
        return bool(
            self._database.query(
                "SELECT 1 FROM bloodcells_accounts WHERE login <> ? AND (name_key = ? OR os_account = ?)",
                account.login,
                name_key(account.name),
                account.os_account or None,
            )
        )

    def reset(self, account: Account, password: str, actor: str) -> None:
        """Give an account a new password, and let it try again at once; its PIN is gone."""
        hashed = hash_secret(password) if password else ""
        with self._alone():
            before = self.get(account.login)
            if before is None or before.revision != account.revision:
                raise changed_meanwhile()
            self._database.query("DELETE FROM bloodcells_account_secrets WHERE login = ?", account.login)
            if hashed:
                self._keep(account.login, PASSWORD, hashed)
            self._database.query(
                "UPDATE bloodcells_accounts SET revision = revision + 1 WHERE login = ?", account.login
            )
            self.note("reset", account.login, actor)
            self._keep_an_administrator()

    def set_secret(self, login: str, kind: str, secret: str) -> str:
        """A person's new password or PIN; its hash."""
        hashed = hash_secret(secret)
        with self._alone():
            self._keep(login, kind, hashed)
            self.note(kind, login)
        return hashed

    def change_rules(self, rules: AccountRules, actor: str) -> None:
        """Keep the rules; UserError when they were changed meanwhile."""
        with self._alone():
            if self.rules().revision != rules.revision:
                raise changed_meanwhile()
            self._database.query("DELETE FROM bloodcells_account_rules")
            self._database.query(
                "INSERT INTO bloodcells_account_rules VALUES (1, ?, ?, ?, ?, ?)",
                int(rules.technicians_sign), rules.two_persons.value, rules.blast_percent,
                rules.idle_minutes, rules.revision + 1,
            )  # fmt: skip
            detail = (
                f"technicians sign: {'yes' if rules.technicians_sign else 'no'};"
                f" two persons: {rules.two_persons.value},"
                f" {rules.blast_percent:g} %; idle: {rules.idle_minutes} min"
            )
            self.note("rules", "", actor, detail)

    # -- passwords and PINs ----------------------------------------------------------------------------

    def verify(self, login: str, kind: str, secret: str) -> bool:
        """Whether a password or PIN is right; a wrong one is counted and in the record.

        An attempt is counted before it is looked at, so that many at once win nothing.

        Raises
        ------
        AccountWaits
            After too many wrong ones; by the server's clock.
        """
        attempt = self._database.query(
            "UPDATE bloodcells_account_secrets SET failures = failures + 1"
            " WHERE login = ? AND kind = ? AND locked_until <= $now RETURNING failures, hash",
            login,
            kind,
        )
        if not attempt:
            self._refuse_waiting(login, kind)
            matches("", secret)
            self.note("unknown" if self.get(login) is None else f"wrong-{kind}", login)
            return False
        failures, hashed = int(attempt[0][0]), str(attempt[0][1])
        wait_s = lock_s(failures)
        if wait_s:
            self._lock(login, kind, wait_s)
        if matches(hashed, secret):
            self._lock(login, kind, 0.0)
            return True
        self.note(f"wrong-{kind}", login, detail=str(failures))
        if wait_s:
            self.note("waits", login, detail=f"{wait_s:g} s")
            raise AccountWaits(wait_s)
        return False

    def _refuse_waiting(self, login: str, kind: str) -> None:
        rows = self._database.query(
            "SELECT locked_until - $now FROM bloodcells_account_secrets WHERE login = ? AND kind = ?",
            login,
            kind,
        )
        if rows:
            raise AccountWaits(max(1.0, float(rows[0][0])))

    def _lock(self, login: str, kind: str, wait_s: float) -> None:
        """Let an account wait; for nothing it is free, and what was wrong before is forgotten."""
        if wait_s:
            self._database.query(
                "UPDATE bloodcells_account_secrets SET locked_until = $now + ? WHERE login = ? AND kind = ?",
                wait_s, login, kind,
            )  # fmt: skip
        else:
            self._database.query(
                "UPDATE bloodcells_account_secrets SET failures = 0, locked_until = 0"
                " WHERE login = ? AND kind = ?",
                login, kind,
            )  # fmt: skip

    # -- plumbing --------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """A transaction that no other change of accounts runs beside."""
        with self._database.transaction():
            self._database.alone(_ALONE)
            yield

    def _keep(self, login: str, kind: str, hashed: str) -> None:
        self._database.query(
            "DELETE FROM bloodcells_account_secrets WHERE login = ? AND kind = ?", login, kind
        )
        self._database.query(
            "INSERT INTO bloodcells_account_secrets VALUES (?, ?, ?, 0, 0)", login, kind, hashed
        )

    def _keep_an_administrator(self) -> None:
        if not self._database.query(_ADMINISTRATORS)[0][0]:
            raise UserError(
                N_("The laboratory would have no administrator who can sign in."),
                N_("Nobody could change accounts or rules then."),
                N_("Make another administrator first."),
            )


def changed_meanwhile() -> UserError:
    """The refusal to write over what another station changed."""
    return UserError(
        N_("This was changed meanwhile, here or at another station."),
        N_("Nothing was changed now."),
        N_("Look at it again, and repeat the change where it is still wanted."),
    )


def _taken(account: Account) -> UserError:
    return UserError(
        N_("Login, name or account of the operating system are another account's already."),
        N_("Each stands for one person: signatures and the record name them."),
        N_("Choose another login, or write the name in full."),
        login=account.login,
    )


def _differences(before: Account, after: Account) -> list[tuple[str, str]]:
    found = []
    if (before.role, before.may_sign) != (after.role, after.may_sign):
        found.append(("role", f"{after.role.value}{', signs' if after.may_sign else ''}"))
    if before.name != after.name:
        found.append(("name", f"{before.name} -> {after.name}"))
    if before.os_account != after.os_account:
        found.append(("os-account", after.os_account or "-"))
    if before.active != after.active:
        found.append(("opened" if after.active else "closed", ""))
    return found


def _account(row: Row) -> Account:
    login, name, role, may_sign, os_account, active, revision, password, pin, wait = row
    known = str(role) in set(Role)  # else it was written by hand, or by a newer version: it may do nothing
    return Account(
        str(login), str(name), Role(str(role)) if known else Role.TECHNICIAN, bool(may_sign),
        str(os_account or ""), bool(active) and known,
        bool(password), bool(pin), max(0.0, float(wait or 0.0)), int(revision),
    )  # fmt: skip
