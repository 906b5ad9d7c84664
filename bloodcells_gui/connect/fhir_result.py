"""A result as a FHIR R4 transaction Bundle: a DiagnosticReport with one Observation a figure.

Report and observations are put under identifiers that all versions share, so that a repeat changes nothing
and a correction replaces what it corrects. Patient and specimen are created only where the server has none of
that number.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any
from urllib.parse import quote

from bloodcells_gui.connect.figures import Figure
from bloodcells_gui.connect.hl7_result import APPLICATION
from bloodcells_gui.connect.result import LabResult
from bloodcells_gui.domain.loinc import LOINC_SYSTEM, CodeRow

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
_SPACE = uuid.UUID("6d0f7a0c-1c0c-4f0e-9a55-2a0f7f2d5b11")
_LOCAL = "urn:uuid:6d0f7a0c-1c0c-4f0e-9a55-2a0f7f2d5b11"
_FLAGS = {"L": "Low", "H": "High", "A": "Abnormal", "N": "Normal"}
_FLAG_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_SECTION_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0074"
_CATEGORY_SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"
_PROCESSING = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

Resource = dict[str, Any]


def fhir_bundle(result: LabResult) -> bytes:
    """The Bundle as JSON in UTF-8; the same result gives the same bytes."""
    status = "entered-in-error" if result.withdrawn else "corrected" if result.replaces else "final"
    entries: list[Resource] = []
    subject = _patient(result, entries)
    specimen = _specimen(result, subject, entries)
    references = []
    keyed = [(figure.code.code, figure) for figure in (*result.figures, *result.grades)]
    keyed += [
        (f"words.{n}", Figure(result.interpretation, text, "")) for n, text in enumerate(result.words, 1)
    ]
    for name, figure in keyed:
        key = f"{result.filler}.{name}"
        observation = _observation(result, figure, key, status)
        observation |= {"subject": subject} if subject else {}
        observation |= {"specimen": specimen} if specimen else {}
        references.append({"reference": _put(entries, observation, key)})
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [_identifier("report", result.filler), _identifier("control", result.control_id)],
        "status": status,
        "category": [{"coding": [{"system": _SECTION_SYSTEM, "code": "HM", "display": "Hematology"}]}],
        "code": _concept(result.panel),
        "issued": _instant(result.written_at),
        "performer": [{"display": result.laboratory or APPLICATION}],
        "resultsInterpreter": [{"display": result.signer}],
        "result": references,
        "conclusion": "\n".join(result.words),
    }
    report |= {"subject": subject} if subject else {}
    report |= {"specimen": [specimen]} if specimen else {}
    report |= {"effectiveDateTime": _date_time(result.collected)} if result.collected else {}
    if result.order:
        report["basedOn"] = [{"type": "ServiceRequest", "identifier": _identifier("order", result.order)}]
    if result.pdf:
        data = base64.b64encode(result.pdf).decode("ascii")
        report["presentedForm"] = [{"contentType": "application/pdf", "data": data}]
    _put(entries, report, result.filler, first=True)
    bundle: Resource = {
        "resourceType": "Bundle",
        "identifier": _identifier("control", result.control_id),
        "type": "transaction",
        "timestamp": _instant(result.written_at),
        "entry": entries,
    }
    if result.synthetic:
        bundle["meta"] = {"tag": [{"system": _PROCESSING, "code": "HTEST", "display": "test health data"}]}
    return json.dumps(bundle, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _patient(result: LabResult, entries: list[Resource]) -> Resource | None:
    """The reference to the patient; without a number there is only a name to show."""
    patient = result.patient
    if not patient.number:
        return {"display": patient.name} if patient.name else None
    family, _, given = (part.strip() for part in patient.name.partition(","))
    identifier = _identifier("patient", patient.number)
    resource: Resource = {"resourceType": "Patient", "identifier": [identifier]}
    if family:
        resource["name"] = [{"family": family, **({"given": [given]} if given else {})}]
    if patient.sex:
        resource["gender"] = {"F": "female", "M": "male"}[patient.sex]
    if patient.birth_date:
        resource["birthDate"] = _date(patient.birth_date)
    return _create(entries, resource, identifier, patient.name)


def _specimen(result: LabResult, subject: Resource | None, entries: list[Resource]) -> Resource | None:
    if not result.specimen:
        return None
    identifier = _identifier("specimen", result.specimen)
    resource: Resource = {
        "resourceType": "Specimen",
        "identifier": [identifier],
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v2-0487",
                    "code": "BLD",
                    "display": "Whole blood",
                }
            ]
        },
    }
    resource |= {"subject": subject} if subject else {}
    if result.collected:
        resource["collection"] = {"collectedDateTime": _date_time(result.collected)}
    return _create(entries, resource, identifier, result.specimen)


def _observation(result: LabResult, figure: Figure, key: str, status: str) -> Resource:
    resource: Resource = {
        "resourceType": "Observation",
        "identifier": [_identifier("report", key)],
        "status": status,
        "category": [{"coding": [{"system": _CATEGORY_SYSTEM, "code": "laboratory"}]}],
        "code": _concept(figure.code),
        "issued": _instant(result.signed_at),
    }
    if result.collected:
        resource["effectiveDateTime"] = _date_time(result.collected)
    if figure.unit:
        resource["valueQuantity"] = _quantity(figure.value, figure.unit)
    else:
        resource["valueString"] = figure.value
    flag = figure.flag or ("N" if figure.range else "")
    if flag:
        coding = {"system": _FLAG_SYSTEM, "code": flag, "display": _FLAGS[flag]}
        resource["interpretation"] = [{"coding": [coding]}]
    if figure.range:
        limits = {"low": figure.low, "high": figure.high}
        found = {k: _quantity(f"{v:g}", figure.unit) for k, v in limits.items() if v is not None}
        resource["referenceRange"] = [found]
    if figure.note:
        resource["note"] = [{"text": figure.note}]
    return resource


def _quantity(value: str, unit: str) -> Resource:
    number = float(value)
    return {
        "value": int(number) if number == int(number) else number,
        "unit": unit,
        "system": UCUM,
        "code": unit,
    }


def _concept(code: CodeRow) -> Resource:
    system = LOINC if code.system == LOINC_SYSTEM else f"{_LOCAL}#codes"
    return {"coding": [{"system": system, "code": code.code}], "text": code.text or code.code}


def _identifier(kind: str, value: str) -> Resource:
    return {"system": f"{_LOCAL}#{kind}", "value": value}


def _name_of(resource: Resource, key: str) -> str:
    """A name within the Bundle that depends on nothing but what it names."""
    kind = resource["resourceType"]
    return f"urn:uuid:{uuid.uuid5(_SPACE, f'{kind} {key}')}"


def _put(entries: list[Resource], resource: Resource, key: str, *, first: bool = False) -> str:
    kind, identifier = resource["resourceType"], resource["identifier"][0]
    query = f"identifier={quote(identifier['system'], safe=':')}%7C{quote(identifier['value'], safe='')}"
    url = _name_of(resource, key)
    entry = {"fullUrl": url, "resource": resource, "request": {"method": "PUT", "url": f"{kind}?{query}"}}
    entries.insert(0 if first else len(entries), entry)
    return url


def _create(entries: list[Resource], resource: Resource, identifier: Resource, display: str) -> Resource:
    """Create it unless the server has one of that identifier; the reference to it."""
    kind, url = resource["resourceType"], _name_of(resource, identifier["value"])
    query = f"identifier={quote(identifier['system'], safe=':')}%7C{quote(identifier['value'], safe='')}"
    request = {"method": "POST", "url": kind, "ifNoneExist": query}
    entries.append({"fullUrl": url, "resource": resource, "request": request})
    return {"reference": url, **({"display": display} if display else {})}


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def _date_time(text: str) -> str:
    """A day; with its hour only where the offset is known, as the form has no time without one."""
    hour, zone = text[8:].partition("+")[0].partition("-")[0], text[8:].lstrip("0123456789")
    if not hour or not zone:
        return _date(text)
    return f"{_date(text)}T{hour[:2]}:{hour[2:4]}:{hour[4:6] or '00'}{zone[:3]}:{zone[3:]}"


def _instant(text: str) -> str:
    return f"{_date(text)}T{text[8:10]}:{text[10:12]}:{text[12:14]}+00:00"
