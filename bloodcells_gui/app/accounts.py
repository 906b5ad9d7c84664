"""Who is signed in at this station, and what that person may do.

Accounts live in the laboratory's database. Where none is set, or nobody made an account yet, everything is
allowed: all is as without accounts. Once there are accounts, deciding needs somebody who is signed in, and
what :class:`~bloodcells_gui.domain.accounts.Right` names needs that right and, for signatures, the PIN.

While the database does not answer, whoever is signed in goes on with what was known last; nobody else signs
in.
Times are measured by the monotonic clock here and by the server's there: neither is the computer's date.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bloodcells_gui.app.account import os_account_name
from bloodcells_gui.app.case_lease import station_name
from bloodcells_gui.app.known_accounts import KnownAccounts
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.domain.accounts import (
    FAILURES_ALLOWED,
    Account,
    AccountRules,
    Right,
    check_login,
    check_password,
    check_pin,
    lock_s,
    rights_of,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.storage.lab.accounts import PASSWORD, PIN, AccountBook, AccountWaits
from bloodcells_gui.storage.lab.database import LabUnreachable
from bloodcells_gui.storage.lab.hashing import matches

_log = logging.getLogger(__name__)
_AGAIN = N_("Try again; after five wrong attempts the account has to wait.")
#: Seconds for which an answer of the database is good, and after which a silent one is asked again.
FRESH_S, AGAIN_S = 2.0, 20.0


class SignInWanted(UserError):
    """Accounts are in force, and nobody is signed in."""


class PinWanted(UserError):
    """The person has no PIN yet, or gave none."""


@dataclass
class _Local:
    """Wrong PINs while the database does not answer."""

    failures: int = 0
    until: float = 0.0
    untold: int = 0


class Accounts:
    """The accounts of the laboratory as this station knows them. Thread-safe.

    Parameters
    ----------
    lab : LabLink
        The way to the laboratory's database.
    home : Path
        Folder that remembers whether accounts were in force (no name, no secret).
    os_account : callable
        Name of the operating system's account that runs the program.
    """

    def __init__(
        self, lab: LabLink, home: Path, *, os_account: Callable[[], str] = os_account_name, station: str = ""
    ) -> None:
        self._lab = lab
        self._known = KnownAccounts(home)
        self._os_account = os_account
        self._station = station or station_name()
        self._lock = threading.RLock()
        self._url = ""
        self._looked = -AGAIN_S
        self._in_force: bool | None = None
        self._local = _Local()
        self._pin_hash = ""
        self._by_os = False
        self.rules = AccountRules()
        self.person: Account | None = None
        self.locked = False
        self.unreachable: UserError | None = None
        # Called after somebody signed in or out, or the window was locked; on the thread that did it.
        self.changed: Callable[[], None] = lambda: None

    # -- what holds ------------------------------------------------------------------------------------

    @property
    def in_force(self) -> bool:
        """Whether somebody must be signed in; asks the database when nothing is known yet."""
        if not self._lab.address():
            return False
        if self._in_force is None or self._url != self._lab.address():
            self.refresh()
        with self._lock:
            return self.person is not None or self._in_force is not False

    @property
    def reachable(self) -> bool:
        """Whether the settings name a database at all."""
        return bool(self._lab.address())

    @property
    def acting(self) -> Account | None:
        """Who is signed in and not behind a locked window."""
        return None if self.locked else self.person

    @property
    def author(self) -> str:
        """How the record names whoever acts; "" without accounts and while nobody does."""
        return self.acting.author if self.acting is not None and self._lab.address() else ""

    def refresh(self, *, anyway: bool = False) -> None:
        """Look at the database; what it says is good for a moment, and a silent one is left alone a while."""
        with self._lock:
            url = self._lab.address()
            if url != self._url:
                self._forget(url)
            wait = FRESH_S if self.unreachable is None else AGAIN_S
            if not url or (not anyway and time.monotonic() < self._looked + wait):
                return
            try:
                with self.book() as book:
                    self._in_force = book.any()
                    if self._in_force:
                        self.rules = book.rules()
                        self._look_up_person(book)
                self.unreachable = None
                self._known.keep(url, self._in_force)
            except UserError as error:
                _log.warning("the accounts cannot be looked up", exc_info=error)
                self.unreachable = error
                if self._in_force is None:
                    self._in_force = self._known.in_force(url)
            finally:
                self._looked = time.monotonic()

    def _forget(self, url: str) -> None:
        self._url, self._in_force, self.person, self.locked = url, None, None, False
        self._pin_hash, self._looked, self.unreachable = "", -AGAIN_S, None
        self.rules, self._local = AccountRules(), _Local()

    def _look_up_person(self, book: AccountBook) -> None:
        if self.person is None:
            return
        self.person = book.get(self.person.login) or replace(self.person, active=False)
        self._pin_hash = book.pin_hash(self.person.login)
        if self._local.untold:
            book.note("wrong-pin", self.person.login, detail=f"{self._local.untold}, without the database")
            self._local.untold = 0

    @contextmanager
    def book(self) -> Iterator[AccountBook]:
        """The accounts in the database, for the length of a `with`; UserError where it does not answer."""
        pool = self._lab.pool()
        if pool is None:
            raise UserError(
                N_("This workstation has no laboratory's database."),
                N_("Accounts are kept there."),
                N_("Write its address into the settings (General)."),
            )
        with pool.database() as database:
            yield AccountBook(database, self._station)

    # -- what a person may do --------------------------------------------------------------------------

    def require(self, right: Right) -> None:
        """UserError where accounts are in force and the person signed in lacks the right."""
        if not self.in_force:
            return
        self.refresh()
        refusal = self.refusal(right)
        if refusal is not None:
            raise refusal

    def require_person(self) -> None:
        """UserError where accounts are in force and nobody is signed in; decisions need somebody."""
        if self.in_force and (self.acting is None or not self.acting.active):
            raise self._nobody()

    def refusal(self, right: Right) -> UserError | None:
        """Why the person may not, by what is known at the moment; None when nothing is against it."""
        if not self.in_force:
            return None
        person = self.acting
        if person is None or not person.active:
            return self._nobody()
        if right in rights_of(person, self.rules):
            return None
        return UserError(
            N_("{name} may not {act}."),
            N_("The account is that of a {role}."),
            N_("Let somebody with that right sign in, or ask an administrator."),
            name=person.name,
            act=Reason(right.value),
            role=Reason(person.role.value),
        )

    def _nobody(self) -> UserError:
        if self.locked:
            return SignInWanted(N_("The window is locked."), "", N_("Sign in to go on."))
        if self.person is not None:
            return SignInWanted(
                N_("This account is closed."), "", N_("Ask an administrator, or sign in under another one.")
            )
        if self.unreachable is not None:
            return self._silent(self.unreachable)
        return SignInWanted(
            N_("Nobody is signed in."),
            N_("The laboratory has accounts: decisions and signatures name one."),
            N_("Sign in (Settings, Who reviews; in a terminal --account LOGIN). Cases can be read without."),
        )

    def _silent(self, error: UserError) -> SignInWanted:
        if not isinstance(error, LabUnreachable):
            return SignInWanted(error.what, error.why, error.what_to_do, **error.params)
        return SignInWanted(
            N_("Nobody can sign in: the laboratory's database does not answer ({reason})."),
            N_("So it is not known who may do what."),
            N_("Cases can be read meanwhile. Check the network, then sign in."),
            reason=error.params.get("reason", ""),
        ).about(error.state)

    def confirm(self, right: Right, pin: str) -> str:
        """Ask for a right and the PIN, as for a signature; how the record names the person.

        Returns
        -------
        str
            :attr:`Account.author`; "" where accounts are not in force.

        Raises
        ------
        PinWanted
            There is no PIN yet, or none was given.
        UserError
            The right is lacking, the PIN is wrong, or there were too many wrong ones.
        """
        if not self.in_force:
            return ""
        self.require(right)
        with self._lock:
            person = self.acting
            assert person is not None  # noqa: S101  # `require` saw to it
            self._check_pin(person, pin)
            return person.author

    def _check_pin(self, person: Account, pin: str) -> None:
        if not self._pin_hash:
            raise PinWanted(
                N_("{name} has no PIN yet."),
                N_("Signatures ask for it."),
                N_("Choose one."),
                name=person.name,
            )
        if not pin:
            raise PinWanted(N_("A signature needs your PIN."), "", N_("Enter your PIN."))
        try:
            with self.book() as book:
                right = book.verify(person.login, PIN, pin)
                if right:
                    book.note("signed", person.login)
        except AccountWaits:
            raise
        except UserError as error:
            self.unreachable = error
            right = self._pin_by_memory(pin)
        if not right:
            raise UserError(N_("This PIN is wrong."), "", _AGAIN)

    def _pin_by_memory(self, pin: str) -> bool:
        """Check against the hash that sign-in left in memory, with a count of its own."""
        left = self._local.until - time.monotonic()
        if left > 0:
            raise AccountWaits(left)
        if matches(self._pin_hash, pin):
            self._local.failures = 0
            return True
        self._local.failures += 1
        self._local.untold += 1
        if self._local.failures >= FAILURES_ALLOWED:
            wait_s = lock_s(self._local.failures)
            self._local.until = time.monotonic() + wait_s
            raise AccountWaits(wait_s)
        return False

    # -- in and out ------------------------------------------------------------------------------------

    def sign_in(self, login: str, password: str) -> Account:
        """Sign somebody in, in place of whoever was.

        Raises
        ------
        AccountWaits
            After too many wrong passwords.
        UserError
            Account or password are wrong, the account is closed, or the database does not answer.
        """
        wrong = UserError(N_("Account or password is wrong."), "", _AGAIN)
        try:
            login = check_login(login)
        except UserError:
            raise wrong from None
        with self._lock, self._answering() as book:
            account = book.get(login)
            if not book.verify(login, PASSWORD, password) or account is None:
                raise wrong
            self._enter(book, account, by_os=False)
            return account

    def sign_in_by_os(self) -> bool:
        """Sign in whom the operating system's account stands for; False where it stands for nobody.

        Behind a window that was locked this does not do: whoever sits there is not known.
        """
        with self._lock, self._answering() as book:
            account = book.of_os_account(self._os_account())
            if account is None or not account.active or (self.locked and account.has_pin):
                return False
            self._enter(book, account, by_os=True)
            return True

    @contextmanager
    def _answering(self) -> Iterator[AccountBook]:
        try:
            with self.book() as book:
                yield book
        except LabUnreachable as error:
            self.unreachable = error
            raise self._silent(error) from error

    def _enter(self, book: AccountBook, account: Account, *, by_os: bool) -> None:
        if not account.active:
            book.note("refused", account.login)
            raise UserError(N_("This account is closed."), "", N_("Ask an administrator."))
        book.note("sign-in", account.login, detail="os" if by_os else "")
        url = self._lab.address()
        if url != self._url:
            self._forget(url)
        self.rules, self._pin_hash = book.rules(), book.pin_hash(account.login)
        self.person, self._by_os, self.locked = account, by_os, False
        self._in_force, self.unreachable, self._local = True, None, _Local()
        self._looked = time.monotonic()
        self._known.keep(url, True)
        self.changed()

    def unlock(self, pin: str) -> None:
        """Go on behind a locked window, by the PIN of whoever locked it; UserError when it is wrong."""
        with self._lock:
            if self.person is None or not self.locked:
                return
            self.refresh()
            if not self.person.active:
                raise self._nobody_active()
            self._check_pin(self.person, pin)
            self.locked = False
        self.changed()

    def _nobody_active(self) -> UserError:
        return UserError(N_("This account is closed."), "", N_("Ask an administrator."))

    def lock(self) -> None:
        """Lock the window: whoever is signed in has to show a PIN or password before anything is done."""
        with self._lock:
            if self.person is None or self.locked:
                return
            self.locked = True
            self._note("locked-window")
        self.changed()

    def sign_out(self) -> None:
        """Nobody is signed in any more."""
        with self._lock:
            if self.person is None:
                return
            self._note("sign-out")
            self.person, self.locked, self._pin_hash = None, False, ""
        self.changed()

    def _note(self, what: str) -> None:
        try:
            with self.book() as book:
                book.note(what, self.person.login if self.person else "")
        except UserError as error:
            self.unreachable = error
            _log.warning("the record of accounts cannot be written", exc_info=error)

    # -- one's own secrets -----------------------------------------------------------------------------

    def choose_pin(self, password: str, pin: str) -> None:
        """Give oneself a PIN; asked again is the password, or without one the PIN of before."""
        check_pin(pin)
        with self._lock, self._answering() as book:
            person = self._own(book, password)
            self._pin_hash = book.set_secret(person.login, PIN, pin)
        self.refresh(anyway=True)

    def choose_password(self, password: str, new: str) -> None:
        """Change one's own password."""
        check_password(new)
        with self._lock, self._answering() as book:
            book.set_secret(self._own(book, password).login, PASSWORD, new)
        self.refresh(anyway=True)

    def _own(self, book: AccountBook, password: str) -> Account:
        person = self.acting
        if person is None:
            raise self._nobody()
        account = book.get(person.login)
        if account is None or not account.active:
            raise self._nobody_active()
        if account.has_password and not book.verify(person.login, PASSWORD, password):
            raise UserError(N_("This password is wrong."), "", _AGAIN)
        if account.has_pin and not account.has_password and not book.verify(person.login, PIN, password):
            raise UserError(N_("This PIN is wrong."), "", _AGAIN)
        return account

    @contextmanager
    def managing(self) -> Iterator[tuple[AccountBook, str]]:
        """The accounts, and the login of who changes them: "" before there is any account.

        Raises
        ------
        UserError
            The person may not manage accounts, or the database does not answer.
        """
        self.require(Right.MANAGE_ACCOUNTS)
        actor = self.acting
        with self._answering() as book:
            yield book, actor.login if actor is not None else ""
