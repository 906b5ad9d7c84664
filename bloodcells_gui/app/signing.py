"""Signing a case: what must hold before, what is frozen, and amending afterwards."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bloodcells_gui.app.drafts import COMMENT
from bloodcells_gui.app.explained import explanation_maps
from bloodcells_gui.app.frozen import frozen_report, signed_content
from bloodcells_gui.app.record import unsaved_fields
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import UserError, reason_of
from bloodcells_gui.domain.fold import make_event
from bloodcells_gui.domain.review import Change, EventKind
from bloodcells_gui.domain.rules import SMEAR, raised_rules
from bloodcells_gui.report.model import ChainEnd

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

__all__ = ["MEANINGS", "SigningCheck", "amend", "frozen_report", "sign", "signing_checks"]

EXPLANATION_FIELD = "signing_explanation"
MEANINGS = ("Reviewed and reported", "Second reading confirmed", "Amended report")


@dataclass(frozen=True, slots=True)
class SigningCheck:
    """One thing that stands against a signature.

    Attributes
    ----------
    text : str
        English template for `params`.
    blocking : bool
        True: must be put right. False: may be signed with an explanation.
    cells : tuple of int
        The cells concerned, so that the screen can go there.
    """

    text: str
    params: tuple[tuple[str, str], ...] = ()
    blocking: bool = True
    cells: tuple[int, ...] = ()


def signing_checks(session: CaseSession) -> list[SigningCheck]:
    """What stands against signing now, the blocking ones first."""
    state, settings = session.state, session.settings
    found: list[SigningCheck] = []
    if session.read_only:
        found.append(SigningCheck("The case is open read-only."))
    if state.unidentified:
        waiting = tuple(c.id for c in session.cells if state.present(c.id) and state.label(c.id) == "UNI")
        found.append(
            SigningCheck(
                "{n} cells are still unidentified.", (("n", str(state.unidentified)),), cells=waiting
            )
        )
    comment = " ".join(session.drafts.text(COMMENT).split())
    if comment:
        found.append(
            SigningCheck("A comment was typed but not added: “{text}”.", (("text", shortened(comment)),))
        )
    for spec, text in unsaved_fields(session):
        what = "The field “{field}” holds what is not saved: “{text}”."
        found.append(SigningCheck(what, (("field", spec.label), ("text", shortened(text)))))
    table = session.differential("full")
    raised = raised_rules(settings.rules, state.counts, table.total, table.wbc_used)
    critical = {leaf for r in raised if r.rule.kind == SMEAR for leaf in r.rule.leaves}
    unseen = tuple(
        c.id
        for c in session.cells
        if state.present(c.id) and not state.decided(c.id) and state.decision(c.id).final in critical
    )
    if unseen:
        found.append(
            SigningCheck(
                "{n} cells that make the smear positive were not looked at yet.",
                (("n", str(len(unseen))),),
                cells=unseen,
            )
        )
    if table.total < session.target:
        found.append(
            SigningCheck(
                "{n} leukocytes were counted; the target is {target}.",
                (("n", str(table.total)), ("target", str(session.target))),
                blocking=False,
            )
        )
    if any(run.status is not RunStatus.COMPLETE for run in session.runs):
        found.append(SigningCheck("The analysis did not run to its end.", blocking=False))
    return found


def shortened(text: str, most: int = 80) -> str:
    """`text` on one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def sign(session: CaseSession, author: str, meaning: str, explanation: str = "") -> Change:
    """Freeze the report and sign it.

    Parameters
    ----------
    author : str
        Who signs; asked again for every signature.
    meaning : str
        What the signature means; stands in the report (21 CFR 11.50).
    explanation : str
        Why the remaining, non-blocking checks do not matter; kept as a field of the case.

    Raises
    ------
    UserError
        When a check blocks, or one needs an explanation and none is given.
    """
    if not author.strip():
        raise UserError("A signature needs a name.", "", "Enter your name.")
    session.store.check_seals()  # nobody signs what is not as it was written
    with session.store.alone():  # no run ends meanwhile and changes the proposals
        session.catch_up()
        return _sign(session, author, meaning, explanation)


def _sign(session: CaseSession, author: str, meaning: str, explanation: str) -> Change:
    from bloodcells_gui.app.export import ExportOptions, live_report_model

    checks = signing_checks(session)
    for check in checks:
        if check.blocking:
            params: dict[str, Any] = dict(check.params)
            raise UserError(check.text, "", "Put this right, then sign.", **params)
    if checks and not explanation.strip() and not session.state.data.fields.get(EXPLANATION_FIELD):
        open_point: dict[str, Any] = dict(checks[0].params)
        raise UserError(checks[0].text, "", "Explain this in a few words, then sign.", **open_point)
    session.author = author.strip()
    if explanation.strip() and not session.state.signed:
        session.set_field(EXPLANATION_FIELD, explanation.strip())
    frozen = signed_content(session)
    maps: dict[int, bytes] = {}
    if frozen is not None:  # a further signature, under the very bytes of the first
        content, key = frozen.report, frozen.sha256
    else:
        maps = explanation_maps(session)
        model = live_report_model(session, ExportOptions(), maps)
        model = dataclasses.replace(model, chain=_chain_end(session))
        shown = {t.cell for row in model.gallery for t in row.thumbs if t.cam}
        maps = {cell: data for cell, data in maps.items() if cell in shown}
        content, key = model.canonical(), model.sha256()
    try:
        event = make_event(
            session.state,
            EventKind.SIGN,
            session.author,
            (),
            meaning,
            key=key,
            clock=session.clock,
        )
    except ValueError as e:
        raise UserError("The case was not signed.", "{reason}.", reason=reason_of(e)) from e
    event = session.store.sign(event, session.state.version, content, maps)
    return session.apply_stored(event)


def _chain_end(session: CaseSession) -> ChainEnd:
    """Where the chain of the case ends before the signature: no run and no act may be added meanwhile."""
    entries, head = session.store.chain_end()
    return ChainEnd(entries, session.state.last_seq, head)


def amend(session: CaseSession, author: str, reason: str) -> Change:
    """Open a signed case for a new version; the signed one is kept."""
    if not reason.strip():
        raise UserError("An amendment needs a reason.", "", "Say in a few words what is to be changed.")
    session.author = author.strip() or session.author
    return session.act(EventKind.AMEND, (), reason=reason.strip())
