"""Reports that two persons sign: which do, and whether the second signature is there.

That a report needs two is part of what is signed. So it holds wherever the case is opened, whatever the rule
has become since, and on a workstation that has never heard of the laboratory's accounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.app.signed_report import signed_content
from bloodcells_gui.domain.accounts import Right, account_login
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review_state import ReviewState, fold
from bloodcells_gui.domain.taxonomy import BLAST
from bloodcells_gui.storage.case import CaseStore, FrozenReport

if TYPE_CHECKING:
    from bloodcells_gui.app.accounts import Accounts
    from bloodcells_gui.app.session import CaseSession

# Unescaped quotes are nowhere within a text of the canonical JSON.
_MARK = b'"persons_needed":2'


def persons_needed(session: CaseSession) -> int:
    """How many persons must sign the report as it is now, by the rule of the laboratory's accounts."""
    accounts = session.accounts
    if accounts is None or not accounts.in_force:
        return 1
    blasts = session.state.counts.get(BLAST, 0)
    return 2 if accounts.rules.needs_two(blasts, session.differential("full").total) else 1


def waits(session: CaseSession) -> bool:
    """Whether the signed report of a case waits for its second signature."""
    if not _by_one_account(session.state):
        return False
    frozen = signed_content(session)
    return frozen is not None and _MARK in frozen.report


def waits_in(state: ReviewState, store: CaseStore) -> bool:
    """As :func:`waits`, of a case that is only looked at; its seals are not compared."""
    return _by_one_account(state) and _marked(state, store.frozen_reports())


def signs_second(session: CaseSession) -> bool:
    """Whether the report waits, and who is signed in is not the one who signed it."""
    if session.accounts is None or not waits(session):
        return False
    login = account_login(session.accounts.author)
    return login not in _logins(session.state, session.state.version)


def may_sign_second(accounts: Accounts, path: Path) -> bool:
    """Whether a case that nobody opened waits for just the person who is signed in; reads the file."""
    if not accounts.in_force or accounts.refusal(Right.SIGN) is not None:
        return False
    try:
        with CaseStore.open(path, read_only=True) as store:
            state = fold(store.load_cells(), store.events())
            return waits_in(state, store) and account_login(accounts.author) not in _logins(
                state, state.version
            )
    except UserError:
        return False


def version_waits(session: CaseSession, version: int) -> bool:
    """As :func:`waits`, of any version."""
    own = _logins(session.state, version)
    if len(own) != 1:
        return False
    named = {s.report_sha256 for s in session.state.signatures if s.version == version}
    return any(f.sha256 in named and _MARK in f.report for f in session.store.frozen_reports())


def is_final(session: CaseSession, version: int) -> bool:
    """Whether a version is signed, by both persons where it needs two."""
    signed = any(s.version == version for s in session.state.signatures)
    return signed and not version_waits(session, version)


def _marked(state: ReviewState, frozen: Iterable[FrozenReport]) -> bool:
    named = {s.report_sha256 for s in state.signatures if s.version == state.version}
    return any(f.sha256 in named and _MARK in f.report for f in frozen)


def _logins(state: ReviewState, version: int) -> set[str]:
    return {account_login(s.author) for s in state.signatures if s.version == version} - {""}


def _by_one_account(state: ReviewState) -> bool:
    """Whether one account alone has signed: only then may a second be missing."""
    return state.signed and len(_logins(state, state.version)) == 1


def check_second_person(session: CaseSession, frozen: FrozenReport, author: str) -> None:
    """UserError where a report waits for the second person, and `author` is the first or has no account."""
    if _MARK not in frozen.report or not waits(session):
        return
    login = account_login(author)
    if not login:
        raise UserError(
            N_("The second signature needs an account of the laboratory."),
            N_("This report needs two persons, and no account vouches for a name that is typed."),
            N_("Open the case on a workstation with the laboratory's database."),
        )
    if login in _logins(session.state, session.state.version):
        raise UserError(
            N_("{name} has signed this report already."),
            N_("It needs the signatures of two persons."),
            N_("Let somebody else sign in who may sign (Settings, Who reviews)."),
            name=author,
        )
