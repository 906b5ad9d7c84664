"""A signed report of a case as the outbox keeps it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from bloodcells_gui.app.messages import filler_number
from bloodcells_gui.app.signed_report import frozen_report
from bloodcells_gui.app.two_persons import version_waits
from bloodcells_gui.connect.result import not_signed, waits_for_second
from bloodcells_gui.domain.connecting import Destination, control_id
from bloodcells_gui.storage.outbox import OutboxReport

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession


def may_be_sent(session: CaseSession) -> bool:
    """No message is made of a drawn specimen by itself."""
    return not session.specimen.synthetic


def outbox_report(
    session: CaseSession, active: tuple[Destination, ...], version: int | None = None
) -> OutboxReport:
    """The report of a case as it was signed in `version`, the present one when None."""
    state = session.state
    version = state.version if version is None else version
    own = [s for s in state.signatures if s.version == version and s.report_sha256]
    if not own:
        raise not_signed()
    if version_waits(session, version):
        raise waits_for_second()
    before = [s for s in state.signatures if s.version < version and s.report_sha256]
    if state.signed and version == state.version:
        model = frozen_report(session)
    else:  # amended since: without its pictures, which are those of the case as it is now
        model = None
    content = next((f for f in session.store.frozen_reports() if f.sha256 == own[0].report_sha256), None)
    if content is None:
        raise session.store.not_as_written(f"report {own[0].report_sha256[:12]}")
    signatures = [s for s in state.signatures if s.version <= version]
    return OutboxReport(
        control_id=control_id(content.sha256),
        sha256=content.sha256,
        filler=filler_number(session.store.seed()),
        replaces=control_id(before[-1].report_sha256) if before else "",
        specimen=session.specimen.id,
        case=session.path,
        version=version,
        signed_at=own[0].time,
        signatures=json.dumps([dataclasses.asdict(s) for s in signatures], ensure_ascii=True),
        content=content.report,
        pictures=model.assets if model is not None and any(d.pdf for d in active) else {},
    )
