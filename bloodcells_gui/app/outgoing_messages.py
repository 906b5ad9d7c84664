"""The message of a report that the outbox keeps."""

from __future__ import annotations

import dataclasses
import hashlib
import json

from bloodcells_gui.app.messages import message_bytes, report_pdf
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.connect.result import result_of, withdrawn
from bloodcells_gui.domain.connecting import ASTM, Connections, Destination, is_withdrawal
from bloodcells_gui.domain.errors import InvalidValue, reason_of
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.review import Signature
from bloodcells_gui.report.model import from_json
from bloodcells_gui.storage.outbox_rows import OutboxReport


def message_of(kept: OutboxReport | None, destination: Destination, connections: Connections) -> bytes:
    """The message for a destination; Unreached where the report is not there or not what was signed."""
    if kept is None:
        raise Unreached(N_("the report is not in the outbox any more"))
    try:
        if hashlib.sha256(kept.content).hexdigest() != kept.sha256:
            raise InvalidValue(N_("it is not what was signed"))
        model = from_json(kept.content, kept.pictures)
        signatures = tuple(Signature(**s) for s in json.loads(kept.signatures))
        model = dataclasses.replace(model, frozen=kept.sha256, signatures=signatures)
        pdf = report_pdf(model) if destination.pdf and destination.format != ASTM else b""
        result = result_of(model, connections.confirmed_codes, kept.filler, pdf, replaces=kept.replaces)
        if is_withdrawal(kept.control_id):
            result = withdrawn(result, kept.control_id, kept.signed_at)
        return message_bytes(result, destination)
    except (ValueError, TypeError, RecursionError) as error:
        reason = reason_of(error) if isinstance(error, InvalidValue) else Reason(type(error).__name__)
        raise Unreached(N_("the report in the outbox cannot be read: {reason}"), reason=reason) from error
