"""A result as an HL7 v2.5.1 message: ORU^R01, or OUL^R22 after IHE LAW."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from bloodcells_gui.connect.figures import Figure
from bloodcells_gui.connect.hl7_text import CHARACTER_SET, components, escape, segment
from bloodcells_gui.connect.result import LabResult
from bloodcells_gui.domain.connecting import ORU, OUL, Destination
from bloodcells_gui.domain.loinc import LOCAL_SYSTEM, CodeRow

APPLICATION = "BLOODCELLS"
VERSION = "2.5.1"
PRODUCTION, TRAINING, DEBUGGING = "P", "T", "D"
_STRUCTURES = {ORU: "ORU^R01^ORU_R01", OUL: "OUL^R22^OUL_R22"}
#: IHE LAW for results of an analyser (LAB-29), by its OID.
_LAW_PROFILE = "LAB-29^IHE"
_PDF = CodeRow("pdf", "REPORT-PDF", LOCAL_SYSTEM, "Report")


def hl7_message(result: LabResult, destination: Destination) -> bytes:
    """The message in UTF-8, segments ended by a carriage return.

    The same result gives the same bytes, whenever it is written: MSH-7 is the time of the signature.
    `destination` decides the structure and whom it is for.
    """
    processing = TRAINING if result.synthetic else PRODUCTION
    lines = [_msh(result.control_id, result.laboratory, result.written_at, destination, processing)]
    order = _obr(result)
    figures = list(_observations(result))
    if destination.message == OUL:
        lines += [*_pid(result), _spm(result), order, *_orc(result, "SC"), *figures]
    else:
        lines += [*_pid(result), *_orc(result, "RE"), order, *figures, _spm(result)]
    return ("\r".join(lines) + "\r").encode("utf-8")


def connection_test(control: str, destination: Destination, moment: str) -> bytes:
    """A message of the destination's structure without patient and result, for debugging (MSH-11 "D")."""
    lines = [_msh(control, "", moment, destination, DEBUGGING)]
    specimen = segment(
        "SPM", {1: "1", 2: "CONNECTION-TEST", 4: "BLD^Whole blood^HL70487", 11: "P^Patient^HL70369"}
    )
    order = segment(
        "OBR", {1: "1", 3: f"CONNECTION-TEST^{APPLICATION}", 4: "CONNECTION-TEST^No result^L", 25: "X"}
    )
    lines += [specimen, order] if destination.message == OUL else [order]
    return ("\r".join(lines) + "\r").encode("utf-8")


def _msh(control: str, laboratory: str, moment: str, destination: Destination, processing: str) -> str:
    fields = {
        2: APPLICATION,
        3: escape(laboratory),
        4: escape(destination.application),
        5: escape(destination.facility),
        6: _time(moment),
        8: _STRUCTURES[destination.message],
        9: control,
        10: processing,
        11: VERSION,
        14: "AL",
        15: "NE",
        17: CHARACTER_SET,
    }
    if destination.message == OUL:
        fields[20] = _LAW_PROFILE
    # MSH-1 is the delimiter itself, so what is written second is MSH-2.
    return segment("MSH", {1: "^~\\&", **fields})


def _pid(result: LabResult) -> Iterator[str]:
    patient = result.patient
    if not any((patient.number, patient.name, patient.birth_date, patient.sex)):
        return
    yield segment(
        "PID",
        {
            1: "1",
            3: f"{escape(patient.number)}^^^{_authority(result)}^PI" if patient.number else "",
            5: _person(patient.name),
            7: patient.birth_date,
            8: patient.sex or "U",
        },
    )


def _authority(result: LabResult) -> str:
    """Who gave out the patient's number: as the order had it, else the laboratory."""
    parts = result.patient.authority
    return "&".join(map(escape, parts)) if any(parts) else escape(result.laboratory)


def _person(name: str) -> str:
    """Family and given name where a comma tells them apart; else all of it as the family name."""
    family, _, given = (part.strip() for part in name.partition(","))
    return components(family, given) if name else ""


def _spm(result: LabResult) -> str:
    return segment(
        "SPM",
        {
            1: "1",
            2: escape(result.specimen),
            4: "BLD^Whole blood^HL70487",
            11: "P^Patient^HL70369",
            17: result.collected,
        },
    )


def _orc(result: LabResult, control: str) -> Iterator[str]:
    """The order that is answered, where its number is known."""
    if result.order:
        filler = f"{escape(result.filler)}^{APPLICATION}"
        yield segment("ORC", {1: control, 2: escape(result.order), 3: filler, 5: "CM"})


def _obr(result: LabResult) -> str:
    return segment(
        "OBR",
        {
            1: "1",
            2: escape(result.order or result.specimen),
            3: f"{escape(result.filler)}^{APPLICATION}",
            4: _coded(result.panel),
            7: result.collected,
            16: components(*result.requester),
            22: _time(result.written_at),
            24: "HM",
            25: result.status,
        },
    )


def _observations(result: LabResult) -> Iterator[str]:
    set_id = 0
    for figure in (*result.figures, *result.grades):
        set_id += 1
        yield _obx(result, set_id, figure, "NM" if figure.unit else "ST")
        if figure.note:
            yield segment("NTE", {1: "1", 2: "L", 3: escape(figure.note, lines=True)})
    for n, words in enumerate(result.words, 1):
        set_id += 1
        yield _obx(result, set_id, Figure(result.interpretation, words, ""), "TX", str(n))
    if result.pdf:
        set_id += 1
        data = base64.b64encode(result.pdf).decode("ascii")
        fields = _obx_fields(result, set_id, "ED", _PDF, "")
        yield segment("OBX", {**fields, 5: f"^application^pdf^Base64^{data}"})


def _obx(result: LabResult, set_id: int, figure: Figure, kind: str, sub_id: str = "") -> str:
    fields = _obx_fields(result, set_id, kind, figure.code, sub_id)
    fields[5] = escape(figure.value, lines=kind == "TX")
    if figure.unit:
        fields[6] = f"{escape(figure.unit)}^{escape(figure.unit)}^UCUM"
    fields[7] = escape(figure.range)
    fields[8] = figure.flag or ("N" if figure.range else "")
    return segment("OBX", fields)


def _obx_fields(result: LabResult, set_id: int, kind: str, code: CodeRow, sub_id: str) -> dict[int, str]:
    return {
        1: str(set_id),
        2: kind,
        3: _coded(code),
        4: sub_id,
        11: result.figure_status,
        14: result.collected,
        16: f"^{_person(result.signer)}",
        18: f"{APPLICATION}^{escape(result.software)}",
        19: _time(result.signed_at),
    }


def _coded(code: CodeRow) -> str:
    return components(code.code, code.text, code.system)


def _time(moment: str) -> str:
    """A moment in UTC with its offset."""
    return f"{moment}+0000" if moment else ""
