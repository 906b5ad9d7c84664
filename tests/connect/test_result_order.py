"""What the order said comes back with the result: its number, who asked, the time of the draw."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from bloodcells_gui.connect.astm_records import astm_message
from bloodcells_gui.connect.fhir_result import fhir_bundle
from bloodcells_gui.connect.hl7_result import hl7_message
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.connect.persons import kept_parts, person_parts, person_text
from bloodcells_gui.connect.result import LabResult, withdrawn
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.connecting import ORU, OUL, Connections
from bloodcells_gui.domain.counted_fields import FieldRatio
from bloodcells_gui.domain.loinc import DEFAULT_CODES, LATER_KEYS
from bloodcells_gui.domain.numeration import Numeration
from bloodcells_gui.domain.platelet_report import ClumpFigures, GiantShare, PlateletEstimate, PlateletReport
from bloodcells_gui.report.anonymous import anonymised
from bloodcells_gui.report.model import ReportModel
from bloodcells_gui.report.order_line import OrderLine
from bloodcells_gui.report.red_cells import RedCellBlock, RedCellLine
from tests.support.hl7_validator import validated
from tests.support.report_case import make_report
from tests.support.results import a_result, to_folder

ORDER = OrderLine("O-4711", "77^Schultz^Maria^^^Prof. Dr.", "202603010755+0100")


def with_fields(model: ReportModel, **values: str) -> ReportModel:
    fields = tuple(dataclasses.replace(f, value=values.get(f.name, f.value)) for f in model.fields)
    return dataclasses.replace(model, fields=fields)


def ordered(**values: str) -> LabResult:
    fields = {"requester": "Prof. Dr. Schultz, Maria", "collected_at": "2026-03-01", **values}
    return a_result(with_fields(dataclasses.replace(make_report(), order=ORDER), **fields))


@pytest.mark.parametrize("message", [ORU, OUL])
def test_the_order_is_answered_under_its_number(message: str, tmp_path: Path) -> None:
    data = hl7_message(ordered(), to_folder(message))
    read = parse_message(data)
    assert (read.get("ORC", 2), read.get("OBR", 2), read.get("SPM", 2)) == ("O-4711", "O-4711", "S-2026-0142")
    assert [read.get("OBR", 16, n) for n in (1, 2, 3, 6)] == ["77", "Schultz", "Maria", "Prof. Dr."]
    assert {read.get("SPM", 17), read.get("OBR", 7), read.get("OBX", 14)} == {"202603010755+0100"}
    assert validated(data, tmp_path) == []


def test_what_a_person_wrote_instead_is_sent() -> None:
    result = ordered(requester="Dr. med. Roy, Ann", collected_at="2026-02-28")
    assert result.requester == ("", "Roy", "Ann", "", "", "Dr. med.")
    assert result.collected == "20260228"


def test_the_other_forms_hold_it_too() -> None:
    lines = astm_message(ordered(), to_folder()).decode().split("\r")
    (order,) = [line.split("|") for line in lines if line.startswith("O|")]
    assert (order[7], order[16]) == ("202603010755", "77^Schultz^Maria^^^Prof. Dr.")
    report = json.loads(fhir_bundle(ordered()))["entry"][0]["resource"]
    assert report["basedOn"][0]["identifier"]["value"] == "O-4711"
    assert report["effectiveDateTime"] == "2026-03-01T07:55:00+01:00"


def test_an_anonymised_report_names_no_order() -> None:
    from bloodcells_gui.domain.settings import LabSettings

    model = dataclasses.replace(make_report(), order=ORDER)
    assert anonymised(model, LabSettings(), "anonymous").order is None


@pytest.mark.parametrize(
    "text", ["Dr. Schultz, Maria", "Prof. Dr. med. Schultz, Maria", "Schultz", "M. Schultz", "Dr Schultz"]
)
def test_titles_are_told_from_names(text: str) -> None:
    parts = person_parts(text)
    assert person_text(parts) == text
    assert not parts[1].startswith(("Dr", "Prof"))
    assert person_parts("") == ()


def test_an_xcn_with_signs_is_kept() -> None:
    assert kept_parts("7\\S\\7^Sch\\T\\ultz^M") == ("7^7", "Sch&ultz", "M")


def share(code: str, accepted: str = "") -> RedCellLine:
    return RedCellLine(code, 40, 4.0, 2.9, 5.4, 40, "Schistocytes", "2+", accepted=accepted)


def counted() -> ReportModel:
    lines = (share("SCHISTO", "2+"), RedCellLine("NORM", 960, 96.0, 94.6, 97.1, 3))
    block = RedCellBlock(1000, 43, 0, 5, 2, 8, "red sha", "1.0", RunStatus.COMPLETE, lines)
    platelets = PlateletReport(
        12, 0, 0.5, 100, 2000, 10, 200.0, 160.0, 240.0, 12.0,
        (PlateletEstimate("area", 180.0, 150.0, 210.0, 15.0),),
        giants=GiantShare(3, 100, 3.0, 0.6, 8.5), clumps=ClumpFigures(3.0, 0.5, 4, 1),
    )  # fmt: skip
    ratio = FieldRatio(4000.0, 3800.0, 4200.0, 90.0, 12)
    return dataclasses.replace(
        make_report(),
        red_cells=block,
        platelet_report=platelets,
        numeration=Numeration(ratio, red_ratio=ratio),
    )


def test_red_cells_platelets_and_numeration_go_along(tmp_path: Path) -> None:
    result = a_result(counted())
    found = {f.code.code: (f.value, f.unit) for f in result.figures}
    assert found["RBC-SCHISTO-PCT"] == ("4.0", "%")
    assert found["RBC-NORM-PCT"] == ("96.0", "%")
    assert found["PLT-MM2"] == ("200.0", "/mm2")
    assert found["PLT-EST-AREA"][1] == "10*9/L"
    assert found["PLT-GIANT-PCT"] == ("3.0", "%")
    assert found["PLT-CLUMPS"] == ("3", "{places}")
    assert found["RBC-MM2"] == ("4000.0", "/mm2")
    assert found["RBC-PER-NUC"] == ("4000.0", "/{cell}")
    assert "NUC-MM2" not in found
    notes = {f.code.code: f.note for f in result.figures}
    assert notes["RBC-SCHISTO-PCT"].endswith("2.9 to 5.4")
    assert not any(math.isnan(float(f.value)) for f in result.figures)
    for message in (ORU, OUL):
        assert validated(hl7_message(result, to_folder(message)), tmp_path) == []


def test_shares_of_a_normal_film_are_not_reported_and_not_sent() -> None:
    model = counted()
    assert model.red_cells is not None
    plain = dataclasses.replace(model.red_cells, lines=(RedCellLine("NORM", 9, 100.0, 66.4, 100.0, 0),))
    codes = {f.code.code for f in a_result(dataclasses.replace(model, red_cells=plain)).figures}
    assert not any(code.startswith("RBC-NORM") for code in codes)


def test_grades_go_under_the_codes_of_the_table() -> None:
    (first, *_) = a_result().grades
    table = [
        dataclasses.replace(row, code="MY-CODE") if row.code == first.code.code else row
        for row in DEFAULT_CODES
    ]
    assert "MY-CODE" in {g.code.code for g in a_result(codes=table).grades}


def test_a_table_that_was_confirmed_before_sends_what_it_held() -> None:
    former = tuple(row for row in DEFAULT_CODES if row.key not in LATER_KEYS)
    confirmed = Connections(codes=former).confirm("A. Dupont", "2026-03-02T11:00:00Z")
    now = dataclasses.replace(confirmed, codes=DEFAULT_CODES)  # the file gets the rows that it lacks
    assert now.confirmed
    assert now.confirmed_codes == former
    codes = {f.code.code for f in a_result(counted(), codes=now.confirmed_codes).figures}
    assert not codes & {"RBC-SCHISTO-PCT", "PLT-MM2", "RBC-MM2"}
    again = now.confirm("A. Dupont", "2026-03-02T12:00:00Z")
    assert again.confirmed_codes == DEFAULT_CODES
    changed = dataclasses.replace(now, codes=(dataclasses.replace(former[3], code="X"), *former[4:]))
    assert not changed.confirmed
    assert changed.confirmed_codes == ()


def test_a_withdrawal_says_the_same_whenever_it_is_made() -> None:
    result = a_result()
    first, second = (withdrawn(result, "W" + "1" * 19, "2026-03-03T10:00:00Z") for _ in range(2))
    assert hl7_message(first, to_folder()) == hl7_message(second, to_folder())
    read = parse_message(hl7_message(first, to_folder()))
    assert (read.get("MSH", 7), read.get("OBX", 19)) == ("20260303100000+0000", "20260302110000+0000")
