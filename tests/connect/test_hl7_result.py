"""HL7 v2.5.1 messages, held against a validator and a parser that others wrote."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from bloodcells_gui.connect.astm_records import astm_message
from bloodcells_gui.connect.fhir_result import fhir_bundle
from bloodcells_gui.connect.hl7_result import hl7_message
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.connect.result import Patient
from bloodcells_gui.domain.connecting import ORU, OUL
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.run_messages import TOO_FEW, UNFAMILIAR, remark
from bloodcells_gui.report.all_remarks import model_remarks
from tests.support.hl7_validator import validated
from tests.support.report_case import make_report
from tests.support.results import a_result, to_folder

MOMENTS = {"MSH": [7], "PID": [7], "OBR": [7, 22], "OBX": [14, 19], "SPM": [17]}
_CONTROL = re.compile(r"\b[0-9A-F]{20}\b")
HOSTILE = Patient("1|2^3~4\\5&6", "\u202eعمر 🩸|^~\\&, Ze\nd", "19610714", "F")


@pytest.mark.parametrize("message", [ORU, OUL])
@pytest.mark.parametrize("version", [1, 2])
def test_a_validator_has_nothing_to_say(message: str, version: int, tmp_path: Path) -> None:
    result = a_result(version=version, pdf=b"%PDF-1.7 ...", patient=HOSTILE)
    assert validated(hl7_message(result, to_folder(message)), tmp_path) == []


def test_the_validator_complains_where_there_is_reason(tmp_path: Path) -> None:
    data = hl7_message(a_result(), to_folder()).replace(b"OBX|1|NM|", b"OBX|1|XX|")
    pytest.importorskip("hl7apy")
    with pytest.raises(Exception, match=r"XX|OBX"):
        assert validated(data, tmp_path) == [], "OBX"


@pytest.mark.parametrize("message", [ORU, OUL])
def test_dates_are_dates(message: str) -> None:
    found = 0
    for segment in parse_message(hl7_message(a_result(), to_folder(message))).segments:
        for number in MOMENTS.get(segment.name, []):
            text = segment.value(number)
            if text:
                form = "%Y%m%d" if len(text) == 8 else "%Y%m%d%H%M%S%z"
                datetime.strptime(text, form)
                found += 1
    assert found > 20


@pytest.mark.parametrize("message", [ORU, OUL])
def test_what_was_written_is_read_back(message: str) -> None:
    result = a_result(patient=HOSTILE, specimen="S|1^2")
    read = parse_message(hl7_message(result, to_folder(message)))
    assert read.get("MSH", 9, 1) + "^" + read.get("MSH", 9, 2) == message
    assert (read.get("MSH", 10), read.get("MSH", 11), read.get("MSH", 12)) == (
        result.control_id,
        "P",
        "2.5.1",
    )
    assert (read.get("MSH", 5), read.get("MSH", 6), read.get("MSH", 18)) == (
        "LIS",
        "HOSPITAL",
        "UNICODE UTF-8",
    )
    assert read.get("PID", 3) == HOSTILE.number
    assert (read.get("PID", 5, 1), read.get("PID", 5, 2)) == ("\u202eعمر 🩸|^~\\&", "Ze d")
    assert (read.get("SPM", 2), read.get("OBR", 3)) == ("S|1^2", result.filler)
    values = {s.value(3): s for s in read.all("OBX")}
    for figure in result.figures:
        line = values[figure.code.code]
        assert (line.value(2), line.value(5), line.value(6), line.value(6, 3)) == (
            "NM", figure.value, figure.unit, "UCUM",
        )  # fmt: skip
        assert (line.value(7), line.value(8)) == (figure.range, figure.flag or ("N" if figure.range else ""))
    texts = [s.value(5) for s in read.all("OBX") if s.value(2) == "TX"]
    assert texts == list(result.words)
    assert [int(s.value(1)) for s in read.all("OBX")] == list(range(1, len(list(read.all("OBX"))) + 1))


def test_a_parser_of_another_reads_the_same() -> None:
    hl7 = pytest.importorskip("hl7", reason="the package hl7 is not installed")
    result = a_result(patient=HOSTILE)
    read = hl7.parse(hl7_message(result, to_folder()).decode())
    assert str(read.segment("MSH")[10]) == result.control_id
    assert read.unescape(str(read.segment("PID")[3][0][0])) == HOSTILE.number
    assert [str(s[5]) for s in read.segments("OBX") if str(s[2]) == "NM"] == [f.value for f in result.figures]


def test_a_correction_says_so_in_every_line() -> None:
    read = parse_message(hl7_message(a_result(version=2), to_folder()))
    assert {s.value(11) for s in read.all("OBX")} == {"C"} == {read.get("OBR", 25)}


def test_the_report_goes_along_as_pdf() -> None:
    read = parse_message(hl7_message(a_result(pdf=b"%PDF-1.7 all of it"), to_folder()))
    line = [s for s in read.all("OBX") if s.value(2) == "ED"]
    assert [line[0].value(5, n) for n in (2, 3, 4)] == ["application", "pdf", "Base64"]
    assert base64.b64decode(line[0].value(5, 5)) == b"%PDF-1.7 all of it"


def test_a_drawn_specimen_is_marked_as_training() -> None:
    assert parse_message(hl7_message(a_result(synthetic=True), to_folder())).get("MSH", 11) == "T"


def test_without_anything_of_the_patient_there_is_no_pid() -> None:
    read = parse_message(hl7_message(a_result(patient=Patient(), collected="", requester=()), to_folder()))
    assert read.first("PID") is None


def test_the_same_report_gives_the_same_bytes() -> None:
    assert hl7_message(a_result(), to_folder()) == hl7_message(a_result(), to_folder())
    assert not re.search(rb"[\x0b\x1c\n]", hl7_message(a_result(patient=HOSTILE), to_folder()))


def test_the_example_of_the_documents_is_what_the_program_writes() -> None:
    root = Path(__file__).resolve().parents[2] / "docs"
    written = {
        "connected-hl7.md": hl7_message(a_result(), to_folder()),
        "connected-astm.md": astm_message(a_result(), to_folder()),
    }
    for name, message in written.items():
        shown = (root / name).read_text(encoding="utf-8").split("```")[1].strip().splitlines()
        assert len(shown) > 5
        # The control id is that of the report's content, which later versions add to.
        lines = {_CONTROL.sub("ID", line) for line in message.decode().split("\r")}
        assert {_CONTROL.sub("ID", line) for line in shown} <= lines, name


def test_every_remark_of_the_report_goes_along_the_gravest_first() -> None:
    """What stands first on page 1 is what a reader of the message must not miss."""
    model = make_report()
    said = remark(UNFAMILIAR, n_change="31.0", n_limit="12.0")
    few = remark(TOO_FEW, n=8, least=20)
    record = dataclasses.replace(model.runs[-1].record, remarks=(few, said))
    runs = (*model.runs[:-1], dataclasses.replace(model.runs[-1], record=record))
    model = dataclasses.replace(model, runs=runs)
    remarks = model_remarks(model)
    assert {said, few} < set(remarks)
    texts = [remark_text(r) for r in remarks]
    result = a_result(model)
    assert list(result.words[: len(texts)]) == texts
    lines = [s.value(5) for s in parse_message(hl7_message(result, to_folder())).all("OBX")]
    assert [line for line in lines if line in texts] == texts
    records = [line for line in astm_message(result, to_folder()).decode().split("\r") if line[:2] == "R|"]
    assert any("looks unlike the laboratories" in line for line in records)
    assert any("Only 8 cells with a nucleus" in line for line in records)
    report = json.loads(fhir_bundle(result))["entry"][0]["resource"]
    assert report["conclusion"].split("\n")[: len(texts)] == texts
