"""Messages of signed cases: from the frozen report, never from what a case says at the moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.outgoing import place_of
from bloodcells_gui.app.signed_report import frozen_report
from bloodcells_gui.connect.astm_records import astm_message
from bloodcells_gui.connect.fhir_result import fhir_bundle
from bloodcells_gui.connect.hl7_result import hl7_message
from bloodcells_gui.connect.result import LabResult, not_signed, result_of
from bloodcells_gui.domain.connecting import ASTM, FHIR, Destination
from bloodcells_gui.report.anonymous import anonymised, pseudonym
from bloodcells_gui.report.model import ReportModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bloodcells_gui.app.session import CaseSession
    from bloodcells_gui.domain.loinc import CodeRow


def signed_result(
    session: CaseSession, codes: Iterable[CodeRow], *, pdf: bool = False, anonymous: bool = False
) -> LabResult:
    """What a signed case says to a laboratory system.

    Parameters
    ----------
    pdf : bool
        With the report as PDF.
    anonymous : bool
        Without what identifies the patient, as exports of a laboratory that wishes it.

    Raises
    ------
    UserError
        When the case stands unsigned, or its report is not as it was signed.
    """
    model = frozen_report(session)
    if model is None:
        raise not_signed()
    sha256 = model.sha256()
    if anonymous:
        model = anonymised(model, session.settings, pseudonym(session.store.seed()))
        model = replace(model, frozen=sha256)  # the message stays that of the signed report
    document = report_pdf(model, session.settings.paper) if pdf else b""
    place = place_of(session)
    return result_of(model, codes, place.filler, document, replaces=place.replaces)


def report_pdf(model: ReportModel, paper: str = "a4") -> bytes:
    """The report as the PDF that goes along with a message."""
    # Late: what writes PDF takes a sixth of the window's start to load.
    from bloodcells_gui.report.pdf import render_pdf

    return render_pdf(model, fonts_dir=resources_dir() / "fonts", paper=paper, lang=model.lang)


def message_bytes(result: LabResult, destination: Destination) -> bytes:
    """The result as the destination reads it."""
    if destination.format == FHIR:
        return fhir_bundle(result)
    return (
        astm_message(result, destination) if destination.format == ASTM else hl7_message(result, destination)
    )
