"""FHIR R4 Bundles: references lead somewhere, a repeat changes nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

from bloodcells_gui.connect.fhir_result import fhir_bundle
from bloodcells_gui.connect.result import Patient
from tests.support.results import a_result


def bundle(**changes: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fhir_bundle(a_result(**changes)))  # type: ignore[arg-type]
    return found


def resources(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == kind]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [r for v in value.values() for r in references(v)]
    return [r for v in value for r in references(v)] if isinstance(value, list) else []


def test_one_observation_a_figure_and_every_reference_leads_to_an_entry() -> None:
    result, found = a_result(), bundle()
    assert found["type"] == "transaction"
    assert len(resources(found, "Observation")) == len(result.figures) + len(result.grades) + len(
        result.words
    )
    urls = [e["fullUrl"] for e in found["entry"]]
    assert len(set(urls)) == len(urls)
    assert set(references(found)) == set(urls) - {found["entry"][0]["fullUrl"]}
    (report,) = resources(found, "DiagnosticReport")
    assert len(report["result"]) == len(resources(found, "Observation"))
    assert report["status"] == "final"


def test_figures_have_their_code_unit_range_and_flag() -> None:
    by_code = {o["code"]["coding"][0]["code"]: o for o in resources(bundle(), "Observation")}
    blasts = by_code["30376-8"]
    assert blasts["code"]["coding"][0]["system"] == "http://loinc.org"
    assert blasts["valueQuantity"]["code"] == "10*9/L"
    assert blasts["interpretation"][0]["coding"][0]["code"] == "H"
    assert blasts["referenceRange"][0]["high"]["value"] == 0
    assert by_code["26499-4"]["referenceRange"][0]["low"]["value"] == 2


def test_a_correction_is_put_under_the_same_identifiers() -> None:
    first, second = bundle(), bundle(version=2)
    urls = [{e["request"]["url"] for e in b["entry"]} for b in (first, second)]
    assert urls[0] <= urls[1]
    assert resources(second, "DiagnosticReport")[0]["status"] == "corrected"
    assert {o["status"] for o in resources(second, "Observation")} == {"corrected"}
    assert first["identifier"] != second["identifier"]
    assert fhir_bundle(a_result()) == fhir_bundle(a_result())


def test_patient_and_specimen_are_made_only_where_there_are_none() -> None:
    found = bundle()
    made = {
        e["resource"]["resourceType"]: e["request"]
        for e in found["entry"]
        if e["request"]["method"] == "POST"
    }
    assert set(made) == {"Patient", "Specimen"}
    assert made["Patient"]["ifNoneExist"].endswith("P-77812")


def test_without_a_number_no_patient_is_made() -> None:
    found = bundle(patient=Patient(name="Zoë 🩸"))
    assert resources(found, "Patient") == []
    assert resources(found, "DiagnosticReport")[0]["subject"] == {"display": "Zoë 🩸"}
    assert "subject" not in resources(bundle(patient=Patient()), "Observation")[0]


def test_the_report_goes_along_as_pdf() -> None:
    form = resources(bundle(pdf=b"%PDF"), "DiagnosticReport")[0]["presentedForm"][0]
    assert base64.b64decode(form["data"]) == b"%PDF"


def test_a_drawn_specimen_is_tagged_as_test_data() -> None:
    assert bundle(synthetic=True)["meta"]["tag"][0]["code"] == "HTEST"
