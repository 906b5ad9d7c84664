"""Signed reports as results, and destinations for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from bloodcells_gui.connect.result import LabResult, result_of
from bloodcells_gui.domain.connecting import ORU, Destination
from bloodcells_gui.domain.loinc import DEFAULT_CODES, CodeRow
from bloodcells_gui.domain.review import Signature
from bloodcells_gui.report.model import ReportModel
from tests.support.report_case import make_report

SIGNED_AT = "2026-03-02T11:00:00Z"
FORMER = "ab" * 32


def signed_model(model: ReportModel | None = None, *, version: int = 1) -> ReportModel:
    """A report under a signature; from version 2 on with a signed one before it."""
    made = dataclasses.replace(model or make_report(), version=version)
    before = [Signature("A. Dupont", "2026-03-01T11:00:00Z", "approved", FORMER, 1)] if version > 1 else []
    own = Signature("A. Dupont", SIGNED_AT, "approved", made.sha256(), version)
    return dataclasses.replace(made, signatures=(*before, own))


def a_result(
    model: ReportModel | None = None,
    *,
    version: int = 1,
    codes: Iterable[CodeRow] = DEFAULT_CODES,
    pdf: bytes = b"",
    **changes: object,
) -> LabResult:
    """The result of a signed report; `changes` replace what it says."""
    result = result_of(signed_model(model, version=version), codes, "0123456789ABCDEF", pdf)
    return dataclasses.replace(result, **changes)  # type: ignore[arg-type]


def to_folder(message: str = ORU, **changes: object) -> Destination:
    """A destination of HL7 files."""
    return dataclasses.replace(  # type: ignore[arg-type]
        Destination("LIS", folder="/nowhere", message=message, application="LIS", facility="HOSPITAL"),
        **changes,
    )
