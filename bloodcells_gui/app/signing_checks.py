"""Open points before a signature, the answers to them, and how the report prints these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodcells_gui.app.case_details import unsaved_fields
from bloodcells_gui.app.clock import clock_doubt
from bloodcells_gui.app.drafts import COMMENT
from bloodcells_gui.app.second_reader import open_cells, passes
from bloodcells_gui.domain import check_messages
from bloodcells_gui.domain.analysis import is_incomplete
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.event_words import CHECK_PREFIX
from bloodcells_gui.domain.findings import (
    REFUTED,
    Finding,
    FindingAnswer,
    answer_of,
    critical_findings,
    is_answered,
)
from bloodcells_gui.domain.i18n import plural
from bloodcells_gui.domain.review import Change, Status
from bloodcells_gui.domain.rules import SMEAR, TriggeredRule, raised_rules
from bloodcells_gui.domain.settings import BLOCK, NONE
from bloodcells_gui.domain.suspicion import RULE
from bloodcells_gui.domain.taxonomy import BY_CODE, COUNTED
from bloodcells_gui.report.model import CheckLine, FindingLine

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

LONGEST_ANSWER = 400


@dataclass(frozen=True, slots=True)
class SigningCheck:
    """One thing that stands against a signature.

    Attributes
    ----------
    text : str
        English template for `params`.
    blocking : bool
        True: must be put right. False: may be signed with an answer.
    cells : tuple of int
        The cells concerned, so that the screen can go there.
    id : str
        Names what can be answered; "" otherwise.
    answer : str
        What was answered to it for this version of the report.
    finding : Finding or None
        A critical finding, which :func:`answer_finding` answers.
    unsaved : str
        The field of the case details that holds something which is not saved, or
        :data:`app.drafts.COMMENT`; "" otherwise.
    """

    text: str
    params: tuple[tuple[str, str], ...] = ()
    blocking: bool = True
    cells: tuple[int, ...] = ()
    id: str = ""
    answer: str = ""
    finding: Finding | None = None
    unsaved: str = ""


def signing_checks(session: CaseSession) -> list[SigningCheck]:
    """What stands against signing now, the blocking ones first."""
    if session.state.signed:  # a further signature is under the same report, whose checks were answered
        return [*_blocking_checks(session), *_clock(session)]
    found = [
        *_blocking_checks(session),
        *_findings(session),
        *_undecided_positive_cells(session),
        *_not_looked_at_first(session),
        *_unreviewed(session),
        *_second_readings(session),
        *_counting(session),
        *_clock(session),
    ]
    return sorted(found, key=lambda check: not check.blocking)


def _blocking_checks(session: CaseSession) -> list[SigningCheck]:
    state, found = session.state, []
    if session.read_only:
        found.append(SigningCheck(check_messages.READ_ONLY))
    if state.unidentified:
        waiting = tuple(c.id for c in session.cells if state.present(c.id) and state.label(c.id) == "UNI")
        text = check_messages.UNIDENTIFIED
        found.append(SigningCheck(text, (("n", str(state.unidentified)),), cells=waiting))
    comment = session.drafts.text(COMMENT)
    if comment.strip():
        text = check_messages.COMMENT_NOT_ADDED
        found.append(SigningCheck(text, (("text", shortened(comment)),), unsaved=COMMENT))
    for spec, typed in unsaved_fields(session):
        text = check_messages.FIELD_NOT_SAVED
        values = (("field", spec.label), ("text", shortened(typed)))
        found.append(SigningCheck(text, values, unsaved=spec.name))
    return found


def _triggered_rules(session: CaseSession) -> tuple[TriggeredRule, ...]:
    table = session.differential("full")
    return raised_rules(
        session.settings.rules, session.state.counts, table.total, table.wbc_used, session.same_area()
    )


def _undecided_positive_cells(session: CaseSession) -> list[SigningCheck]:
    state = session.state
    positive = {leaf for r in _triggered_rules(session) if r.rule.kind == SMEAR for leaf in r.rule.leaves}
    unseen = tuple(
        c.id
        for c in session.cells
        if state.present(c.id) and not state.decided(c.id) and state.decision(c.id).final in positive
    )
    if not unseen:
        return []
    text = check_messages.POSITIVE_NOT_SEEN
    return [SigningCheck(text, (("n", str(len(unseen))),), cells=unseen)]


def _not_looked_at_first(session: CaseSession) -> list[SigningCheck]:
    waiting = session.look_first()
    if not waiting:
        return []
    rule, text = session.settings.signing.look_first, check_messages.LOOK_FIRST_NOT_SEEN
    return _check_by_rule(session, rule, RULE, text, (("n", str(len(waiting))),), waiting)


def _unreviewed(session: CaseSession) -> list[SigningCheck]:
    state, rules = session.state, session.settings.signing
    counted = [c.id for c in session.cells if state.present(c.id) and state.decision(c.id).final in COUNTED]
    unseen = tuple(i for i in counted if not state.decided(i))
    if not unseen or 100 * (len(counted) - len(unseen)) >= rules.reviewed_percent * len(counted):
        return []
    text = check_messages.NOT_REVIEWED
    params = (("n", str(len(unseen))), ("all", str(len(counted))))
    return _check_by_rule(session, rules.unreviewed, "unreviewed", text, params, unseen)


def _second_readings(session: CaseSession) -> list[SigningCheck]:
    found = []
    for key in passes(session):
        unread, unsettled = open_cells(session, key)
        if unread or unsettled:
            text = check_messages.SECOND_READING_OPEN
            params = (
                ("reader", session.state.second_readers.get(key, key)),
                ("unread", str(len(unread))),
                ("n", str(len(unsettled))),
            )
            cells = (*unsettled, *unread)
            found += _check_by_rule(
                session, session.settings.signing.second_reading, f"second/{key}", text, params, cells
            )
    return found


def _counting(session: CaseSession) -> list[SigningCheck]:
    total, rules, found = session.differential("full").total, session.settings.signing, []
    if total < session.target:
        text = check_messages.TARGET_NOT_REACHED
        params = (("n", str(total)), ("target", str(session.target)))
        found += _check_by_rule(session, rules.target, "target", text, params)
    if is_incomplete(session.runs):
        text = check_messages.INCOMPLETE
        found += _check_by_rule(session, rules.incomplete, "incomplete", text)
    return found


def _clock(session: CaseSession) -> list[SigningCheck]:
    doubt = clock_doubt(session)
    if doubt is None:
        return []
    return [SigningCheck(doubt.text, doubt.params, False, id="clock", answer=_answer(session, "clock"))]


def _check_by_rule(
    session: CaseSession,
    rule: str,
    id: str,
    text: str,
    params: tuple[tuple[str, str], ...] = (),
    cells: Sequence[int] = (),
) -> list[SigningCheck]:
    if rule == NONE:
        return []
    return [SigningCheck(text, params, rule == BLOCK, tuple(cells), id, _answer(session, id))]


def _answer(session: CaseSession, id: str) -> str:
    return session.state.data.fields.get(answer_key(session.state.version, id), "")


def answer_key(version: int, id: str) -> str:
    """The field of the case that holds an answer; each version of the report is answered anew."""
    return f"{CHECK_PREFIX}{version}/{id}"


def answer_draft(session: CaseSession, id: str) -> str:
    """Where an answer is kept that was begun and not signed with."""
    return f"answer/{answer_key(session.state.version, id)}"


def shortened(text: str, most: int = 80) -> str:
    """`text` on one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


# -- critical findings ---------------------------------------------------------------------------------


def findings(session: CaseSession) -> tuple[Finding, ...]:
    """The critical findings of the moment; none where the laboratory does not ask about them."""
    rules = session.settings.signing
    if rules.critical == NONE:
        return ()
    return critical_findings(session.state.counts, _triggered_rules(session), rules.critical_classes)


def _cells_of(session: CaseSession, codes: Sequence[str]) -> tuple[int, ...]:
    state = session.state
    return tuple(c.id for c in session.cells if state.present(c.id) and state.decision(c.id).final in codes)


def _findings(session: CaseSession) -> list[SigningCheck]:
    found = []
    for finding in findings(session):
        if is_answered(finding, session.state.data.fields):
            continue
        cells = _cells_of(session, finding.codes) if finding.count else ()
        if finding.count:
            text = check_messages.FINDING_IN_CELLS
            params: tuple[tuple[str, str], ...] = (("name", finding.name), ("n", str(finding.count)))
        else:
            text = check_messages.FINDING_IN_VALUE
            params = (("name", finding.name), ("value", finding.value), ("unit", finding.unit))
        found.append(SigningCheck(text, params, True, cells, finding=finding))
    return found


def answer_finding(session: CaseSession, finding: Finding, answer: FindingAnswer) -> Change:
    """Keep what was made of a critical finding: an act of the person, undoable until the signature.

    Raises
    ------
    UserError
        When nobody is named, or cells of a refuted class are still counted as such.
    """
    if answer.verdict == REFUTED and finding.count:
        raise UserError(
            plural("{n} cell is still counted as {name}.", "{n} cells are still counted as {name}."),
            "A finding is refuted when its cells get another class.",
            "Relabel them or take them out; the finding is gone then, and the report says what became of it.",
            n=finding.count,
            name=finding.name,
        )
    if not answer.told.strip():
        raise UserError(
            "The name of the person who was told of the critical finding is missing.",
            "",
            "Enter a name, or why nobody was told.",
        )
    kept = FindingAnswer(
        answer.verdict,
        answer.told,
        answer.told_at,
        answer.note,
        finding.count,
        session.author,
        session.clock(),
        finding.value,
    )
    return session.set_field(finding.key, kept.to_text())


# -- for the report ------------------------------------------------------------------------------------


def answered_checks(session: CaseSession) -> tuple[CheckLine, ...]:
    """The checks that are answered for this version, with their answers."""
    return tuple(
        CheckLine(check.text, check.params, check.answer)
        for check in signing_checks(session)
        if check.id and check.answer
    )


def finding_lines(session: CaseSession) -> tuple[FindingLine, ...]:
    """Critical findings with their answers, and proposals of critical classes that persons refuted."""
    fields, lines = session.state.data.fields, []
    for finding in findings(session):
        answer = answer_of(fields.get(finding.key, "")) if is_answered(finding, fields) else None
        answer = answer or FindingAnswer("")
        lines.append(
            FindingLine(
                finding.name, finding.count, finding.value, finding.unit, answer.verdict, answer.told,
                answer.told_at, answer.note, answer.by, answer.at,
            )
        )  # fmt: skip
    return (*lines, *_refuted(session))


def _refuted(session: CaseSession) -> list[FindingLine]:
    """Cells that the program proposed in a critical class and a person gave another, or took out."""
    rules, state = session.settings.signing, session.state
    if rules.critical == NONE:
        return []
    lines = []
    for code in (c for c in BY_CODE if c in rules.critical_classes):
        proposed = [c.id for c in session.cells if c.run >= 0 and c.predicted == code and not c.abstained]
        # What the counting frame leaves out is excluded without a person: nobody refuted it.
        gone = [
            decision
            for decision in map(state.decision, proposed)
            if decision.status in (Status.RELABELLED, Status.EXCLUDED) and decision.reviewer
        ]
        if gone:
            persons = ", ".join(sorted({d.reviewer for d in gone}))
            last = max(d.reviewed_at for d in gone)
            lines.append(FindingLine(BY_CODE[code].name, len(gone), verdict=REFUTED, by=persons, at=last))
    return lines
