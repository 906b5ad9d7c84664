"""In whose name a case is changed: the account that is signed in, else the name that was typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bloodcells_gui.app.account import with_account
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.listeners import Listeners
from bloodcells_gui.domain.accounts import Right, typed_name
from bloodcells_gui.domain.errors import UserError, reason_of
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event


class Acting(Listeners):
    """What of a session is about the person.

    Attributes
    ----------
    accounts : Accounts or None
        The laboratory's accounts, which the workspace gives; None for a program without a window, which
        decides nothing.
    waits_for_person : bool
        It is open for reading alone because nobody was signed in.
    """

    state: ReviewState
    clock: Callable[[], str]
    accounts: Accounts | None = None
    waits_for_person: bool = False
    _typed: str = ""

    @property
    def author(self) -> str:
        """Who reviews, as the record names that person; where accounts are in force nobody else's name."""
        signed_in = self.accounts.author if self.accounts is not None else ""
        return signed_in or self._typed

    @author.setter
    def author(self, name: str) -> None:
        if self.accounts is None or not self.accounts.author:
            self._typed = typed_name(name)

    def new_event(
        self, kind: EventKind, cells: Sequence[int], new: str, *, key: str = "", reason: str = ""
    ) -> Event:
        """The next event of the case, not yet written.

        Raises
        ------
        UserError
            The state does not allow it, or the laboratory has accounts and nobody is signed in.
        """
        self.require_person()
        try:
            return make_event(
                self.state, kind, self.author, cells, new, key=key, reason=reason, clock=self.clock
            )
        except ValueError as e:
            raise UserError("This was not done.", "{reason}.", reason=reason_of(e)) from e

    def require_person(self) -> None:
        """UserError where the laboratory has accounts and nobody is signed in."""
        if self.accounts is not None:
            self.accounts.require_person()

    def confirm_right(self, right: Right, pin: str) -> str:
        """Ask for a right and the PIN; the author of the signature or amendment, its account in brackets.

        Raises
        ------
        UserError
            As :meth:`app.accounts.Accounts.confirm`.
        """
        vouched = self.accounts.confirm(right, pin) if self.accounts is not None else ""
        return vouched or with_account(self._typed)
