"""Signed reports of a case as the outbox keeps them, and what they take the place of."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bloodcells_gui.app.signed_report import frozen_report
from bloodcells_gui.app.two_persons import version_waits
from bloodcells_gui.connect.result import not_signed, waits_for_second
from bloodcells_gui.domain.connecting import Destination, control_id, withdrawal_id
from bloodcells_gui.domain.orders import Identity, identity_of, taken_back
from bloodcells_gui.storage.outbox import OutboxReport

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession
    from bloodcells_gui.domain.review import Signature
    from bloodcells_gui.storage.case import FrozenReport

_FILLER_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a signed version among the messages of its case.

    Attributes
    ----------
    version, sha256 : int, str
        Of the report.
    filler : str
        Number of the examination, the same for the versions of one patient and specimen.
    replaces : str
        Control id of what comes before it: the version that it corrects, the withdrawal of one that was for
        another patient or specimen, or "".
    wrong : Place or None
        That version.
    """

    version: int
    sha256: str
    filler: str
    replaces: str
    wrong: Place | None = None

    @property
    def control_id(self) -> str:
        """Control id of its message."""
        return control_id(self.sha256)


def filler_number(seed: str) -> str:
    """Number of the examination of a case, unlike any other's."""
    return seed[:_FILLER_CHARACTERS].upper()


def places_of(session: CaseSession) -> list[Place]:
    """The place of each signed version, oldest first; what waits for a second person was never sent."""
    contents = {f.sha256: f for f in session.store.frozen_reports()}
    first: dict[int, Signature] = {}
    for signature in session.state.signatures:
        if signature.report_sha256 and not version_waits(session, signature.version):
            first.setdefault(signature.version, signature)
    found: list[Place] = []
    filler = filler_number(session.store.seed())
    before = Identity()
    for version, signature in sorted(first.items()):
        sha256 = signature.report_sha256
        now = _identity(contents.get(sha256)) if len(first) > 1 else before
        last = found[-1] if found else None
        if last is None or not before.is_another(now):
            place = Place(version, sha256, last.filler if last else filler, last.control_id if last else "")
        else:
            replaces = withdrawal_id(last.sha256, sha256)
            place = Place(version, sha256, f"{filler}-{version}", replaces, last)
        found.append(place)
        before = now
    return found


def place_of(session: CaseSession) -> Place:
    """The place of the version that is signed now; UserError when none is, or a second person must sign."""
    if version_waits(session, session.state.version):
        raise waits_for_second()
    found = next((p for p in places_of(session) if p.version == session.state.version), None)
    if found is None:
        raise not_signed()
    return found


def _identity(report: FrozenReport | None) -> Identity:
    """Whose result a frozen report is; nothing where it cannot be read, which changes nothing then."""
    try:
        read: dict[str, Any] = json.loads(report.report) if report is not None else {}
        fields = {str(f["name"]): str(f["value"]) for f in read["fields"]}
        return identity_of(str(read["specimen"]), fields)
    except (ValueError, KeyError, TypeError):
        return Identity()


def another_than_sent(session: CaseSession) -> bool:
    """Whether the case names another patient or specimen now than the version that was signed last."""
    places = places_of(session)
    if not places or session.state.signed:
        return False
    last = next((f for f in session.store.frozen_reports() if f.sha256 == places[-1].sha256), None)
    now = identity_of(session.specimen.id, session.state.data.fields)
    return last is not None and _identity(last).is_another(now)


def order_of_another(session: CaseSession) -> bool:
    """Whether the form still has what the order of another patient or specimen said, which is not sent."""
    return bool(taken_back(session.specimen.id, session.state.data.fields))


def may_be_sent(session: CaseSession) -> bool:
    """No message is made of a drawn specimen by itself."""
    return not session.specimen.synthetic


def outbox_reports(
    session: CaseSession, active: tuple[Destination, ...], version: int | None = None
) -> list[OutboxReport]:
    """The report of a case as it was signed in `version`, the present one when None.

    Before it comes the withdrawal of the version before, where that was for another patient or specimen.

    Raises
    ------
    UserError
        When nobody signed it, or it is not as it was signed.
    """
    version = session.state.version if version is None else version
    if version_waits(session, version):
        raise waits_for_second()
    place = next((p for p in places_of(session) if p.version == version), None)
    if place is None:
        raise not_signed()
    report = _outbox_report(session, active, place)
    if place.wrong is None:
        return [report]
    return [_withdrawal(session, place, report.signed_at), report]


def _withdrawal(session: CaseSession, place: Place, signed_at: str) -> OutboxReport:
    wrong = place.wrong
    assert wrong is not None  # noqa: S101  # who calls it saw to it
    former = _outbox_report(session, (), wrong)
    return dataclasses.replace(
        former, control_id=place.replaces, replaces=wrong.control_id, signed_at=signed_at
    )


def _outbox_report(session: CaseSession, active: tuple[Destination, ...], place: Place) -> OutboxReport:
    state = session.state
    own = [s for s in state.signatures if s.version == place.version and s.report_sha256]
    if state.signed and place.version == state.version:
        model = frozen_report(session)
    else:  # amended since: without its pictures, which are those of the case as it is now
        model = None
    content = next((f for f in session.store.frozen_reports() if f.sha256 == place.sha256), None)
    if content is None:
        raise session.store.not_as_written(f"report {place.sha256[:12]}")
    signatures = [s for s in state.signatures if s.version <= place.version]
    return OutboxReport(
        control_id=place.control_id,
        sha256=content.sha256,
        filler=place.filler,
        replaces=place.replaces,
        specimen=session.specimen.id if model is not None else _specimen(content, session),
        case=session.path,
        version=place.version,
        signed_at=own[0].time,
        signatures=json.dumps([dataclasses.asdict(s) for s in signatures], ensure_ascii=True),
        content=content.report,
        pictures=model.assets if model is not None and any(d.pdf for d in active) else {},
    )


def _specimen(content: FrozenReport, session: CaseSession) -> str:
    """The specimen's number in a report; the case may have another one by now."""
    try:
        return str(json.loads(content.report)["specimen"])
    except (ValueError, KeyError, TypeError):
        return session.specimen.id
