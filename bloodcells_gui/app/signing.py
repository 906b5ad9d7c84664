"""Sign a case: check the conditions, freeze the report, amend it afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bloodcells_gui.app.earlier_films import FilmFinder, FoundFilms
from bloodcells_gui.app.held_settings import with_one_version
from bloodcells_gui.app.report_explanations import explanation_maps
from bloodcells_gui.app.signed_report import frozen_report, signed_content
from bloodcells_gui.app.signing_checks import LONGEST_ANSWER, SigningCheck, answer_key, signing_checks
from bloodcells_gui.app.two_persons import check_second_person, persons_needed, waits
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.errors import UserError, reason_of
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import EXPLANATION_FIELD, Change, EventKind
from bloodcells_gui.domain.review_state import make_event
from bloodcells_gui.report.model import ChainEnd

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession
    from bloodcells_gui.storage.case import FrozenReport

__all__ = ["MEANINGS", "SigningCheck", "amend", "frozen_report", "sign", "signing_checks"]

MEANINGS = (N_("Reviewed and reported"), N_("Second reading confirmed"), N_("Amended report"))


@with_one_version
def sign(
    session: CaseSession,
    author: str,
    meaning: str,
    explanation: str = "",
    answers: Mapping[str, str] | None = None,
    films: FoundFilms | None = None,
    *,
    pin: str = "",
) -> Change:
    """Freeze the report and sign it.

    Parameters
    ----------
    author : str
        Who signs; asked again for every signature. Where accounts are in force it is who is signed in.
    meaning : str
        What the signature means; stands in the report (21 CFR 11.50).
    explanation : str
        One answer to every open, non-blocking check that has none of its own.
    answers : mapping
        Id of a check -> why the report may be signed all the same; kept in the case and printed. Of a further
        signature they are in its entry of the audit trail.
    films : FoundFilms or None
        The earlier films of the case as :class:`~app.earlier_films.FilmFinder` found them; None looks for
        them here, which reads the folder of cases.
    pin : str
        Of the person's account, where accounts are in force.

    Raises
    ------
    UserError
        When a check blocks, or one needs an answer and none is given; where accounts are in force also when
        the right to sign is lacking, the PIN is wrong, or the first person signs as the second.
    """
    if session.accounts is not None:
        session.accounts.require(Right.SIGN)
        author = session.accounts.author or author
    if not author.strip():
        raise UserError("A signature needs a name.", "", "Enter your name.")
    session.store.check_seals()  # nobody signs what is not as it was written
    if films is None and not session.state.signed:
        films = FilmFinder(session)()
    reviewer = session.author
    try:
        with session.store.alone():  # no run ends meanwhile and changes the proposals
            session.catch_up()
            return _sign(session, author, meaning, explanation, answers or {}, films, pin)
    finally:
        session.author = reviewer or session.author  # another name of a signature reviews nothing


def _sign(
    session: CaseSession,
    author: str,
    meaning: str,
    explanation: str,
    answers: Mapping[str, str],
    films: FoundFilms | None,
    pin: str,
) -> Change:
    from bloodcells_gui.app.export import ExportOptions, compared_report, live_report_model

    checks = signing_checks(session)
    for check in checks:
        if check.blocking:
            params: dict[str, Any] = dict(check.params)
            raise UserError(check.text, "", "Put this right, then sign.", **params)
    given = {c.id: (answers.get(c.id, "") or c.answer or explanation).strip() for c in checks}
    for check in checks:
        if not given[check.id]:
            open_point: dict[str, Any] = dict(check.params)
            raise UserError(check.text, "", "Explain this in a few words, then sign.", **open_point)
    session.author = author.strip()
    frozen = signed_content(session)
    signer = _signer(session, frozen, pin)
    needed = persons_needed(session) if frozen is None else 1
    if not session.state.signed:
        _keep_answers(session, checks, given)
    maps: dict[int, bytes] = {}
    reason = ""
    if frozen is not None:  # a further signature, under the very bytes of the first
        content, key = frozen.report, frozen.sha256
        reason = "; ".join(given.values())[:LONGEST_ANSWER]  # fields are frozen too: it is kept with the act
    else:
        explained = explanation_maps(session)
        model = compared_report(live_report_model(session, ExportOptions(), explained), films)
        model = dataclasses.replace(model, chain=_chain_end(session), persons_needed=needed)
        shown = {t.cell for row in model.gallery for t in row.thumbs if t.cam}
        maps = {cell: m.png for cell, m in explained.items() if cell in shown}
        content, key = model.canonical(), model.sha256()
    try:
        event = make_event(
            session.state, EventKind.SIGN, signer, (), meaning, key=key, reason=reason, clock=session.clock
        )
    except ValueError as e:
        raise UserError("The case was not signed.", "{reason}.", reason=reason_of(e)) from e
    # What waits for the second person is no result yet; a further signature under one is no further result.
    final = needed == 1 if frozen is None else waits(session)
    outbox = session.outbox if final else None
    if outbox is not None:
        outbox.announce(session)
    event = session.store.sign(event, session.state.version, content, maps)
    change = session.apply_stored(event)
    if outbox is not None:
        outbox.keep(session)
    return change


def _signer(session: CaseSession, frozen: FrozenReport | None, pin: str) -> str:
    """The author of the signature; UserError where the person may not sign, or may not be the second one."""
    if frozen is not None:
        check_second_person(session, frozen, session.author)
    return session.confirm_right(Right.SIGN, pin)


def _chain_end(session: CaseSession) -> ChainEnd:
    """Where the chain of the case ends before the signature: no run and no act may be added meanwhile."""
    entries, head = session.store.chain_end()
    return ChainEnd(entries, session.state.last_seq, head)


def _keep_answers(session: CaseSession, checks: Sequence[SigningCheck], given: Mapping[str, str]) -> None:
    for check in checks:
        if given[check.id] != check.answer:
            session.set_field(answer_key(session.state.version, check.id), given[check.id][:LONGEST_ANSWER])
    if session.state.data.fields.get(EXPLANATION_FIELD):
        session.set_field(EXPLANATION_FIELD, "")  # of an earlier version, which it was given for


def amend(session: CaseSession, author: str, reason: str, *, pin: str = "") -> Change:
    """Open a signed case for a new version; the signed one is kept.

    Where accounts are in force it needs the right to amend and the PIN of who is signed in.
    """
    if not reason.strip():
        raise UserError("An amendment needs a reason.", "", "Say in a few words what is to be changed.")
    session.author = author.strip() or session.author
    typed, session.author = session.author, session.confirm_right(Right.AMEND, pin)
    try:
        return session.act(EventKind.AMEND, (), reason=reason.strip())
    finally:
        session.author = typed
