"""Orders and analyser values from files of a laboratory system, sound and not."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.connect.hl7_result import hl7_message
from bloodcells_gui.connect.orders import MOST_BYTES, orders_in
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.orders import checked, merged
from bloodcells_gui.report.order_line import OrderLine
from tests.support.report_case import make_report
from tests.support.results import a_result, to_folder

OML = (
    "MSH|^~\\&|LIS|LAB|BLOODCELLS||20260302||OML^O33^OML_O33|77|P|2.5.1|||AL|NE||UNICODE UTF-8\r"
    "PID|1||P-77812^^^LAB^PI||Lefèvre\\T\\Nowak^Émilie||19610714|F\r"
    "SPM|1|S-2026-0142&LIS||BLD|||||||P||||||20260301\r"
    "ORC|NW|O-5\rOBR|1|O-5||58410-2^CBC panel^LN||||||||||||^Schultz^Maria\r"
    "SPM|2|S-2026-0143||BLD\rORC|NW|O-6\rOBR|1|O-6||DIFF^Differential^L\r"
)
ORM = (
    "MSH|^~\\&|LIS||||20260302||ORM^O01|1|P|2.3\rPID|||42||Doe^Jo||19900230|X\r"
    "ORC|NW|9000123\rOBR|1|9000123||DIFF^Differential\r"
)
ORU = (
    "MSH|^~\\&|XN||||20260302||ORU^R01|1|P|2.3.1\rPID|||42||Doe^Jo\rOBR|1||S-1\r"
    "OBX|1|NM|6690-2^WBC^LN||12.4|10*3/uL\rOBX|2|NM|RBC||4.1|10*12/L\rOBX|3|NM|NEUT%||61.5|%\r"
    "OBX|4|NM|736-9^LYMPH%^LN||22|%\rOBX|5|NM|BASO%||3|mg/dL\rOBX|6|NM|HGB||12|g/dL\rOBX|7|NM|EO%||abc|%\r"
)
CSV = (
    "specimen;patient_id;patient_name;birth_date;sex;collected_at;wbc;neutrophils;tests\r\n"
    "S-1;42;Doe, Jo;1990-01-31;f;2026-03-01;12,4;61,5;CBC + Differential\r\n;;;;;;;;\r\n"
)


def test_an_order_of_several_specimens_is_read() -> None:
    first, second = orders_in(OML.encode(), "a.hl7")
    assert (first.specimen, first.number, first.source) == ("S-2026-0142", "O-5", "a.hl7")
    assert first.field("patient_name") == "Lefèvre&Nowak, Émilie"
    assert (first.field("patient_id"), first.field("birth_date"), first.field("sex")) == (
        "P-77812",
        "1961-07-14",
        "F",
    )
    assert (first.field("collected_at"), first.field("requester")) == ("2026-03-01", "Schultz, Maria")
    assert first.tests == ("CBC panel",)
    assert (second.specimen, second.number, second.tests) == ("S-2026-0143", "O-6", ("Differential",))
    assert second.field("patient_id") == "P-77812"
    assert first.problems == ()


def test_an_older_order_is_read_and_a_date_that_is_none_is_said() -> None:
    (order,) = orders_in(ORM.encode())
    assert (order.specimen, order.field("patient_id"), order.field("birth_date")) == ("9000123", "42", "")
    assert order.field("sex") == ""
    assert "19900230 is no date" in order.problems[0].text()


def test_an_analysers_values_are_read_with_their_units() -> None:
    (order,) = orders_in(ORU.encode())
    assert (order.specimen, order.wbc, order.rbc) == ("S-1", 12.4, 4.1)
    assert dict(order.shares) == {"neutrophils": 61.5, "lymphocytes": 22.0}
    assert [p.text() for p in order.problems] == [
        "basophils is in mg/dL, a unit that is not known: it is not taken"
    ]
    fields = dict(order.case_fields(["rbc", "patient_name"]))
    assert fields == {
        "rbc": "4.1",
        "patient_name": "Doe, Jo",
        "analyser.neutrophils": "61.5",
        "analyser.lymphocytes": "22",
    }


@pytest.mark.parametrize(
    ("unit", "value"), [("10*9/L", 12.4), ("/uL", 0.0124), ("G/l", 12.4), ("K/uL", 12.4)]
)
def test_units_of_the_white_cell_count(unit: str, value: float) -> None:
    (order,) = orders_in(ORU.replace("10*3/uL", unit).encode())
    assert order.wbc == pytest.approx(value)


@pytest.mark.parametrize("unit", ["", "mmol/L", "10*3/L", "%"])
def test_a_unit_that_is_not_known_gives_no_count(unit: str) -> None:
    (order,) = orders_in(ORU.replace("10*3/uL", unit).encode())
    assert order.wbc is None
    assert any("WBC is in" in p.text() for p in order.problems)


def test_a_table_is_read() -> None:
    (order,) = orders_in(CSV.encode())
    assert (order.specimen, order.wbc, order.tests) == ("S-1", 12.4, ("CBC", "Differential"))
    assert (order.field("sex"), order.field("birth_date")) == ("F", "1990-01-31")
    assert dict(order.shares) == {"neutrophils": 61.5}


def test_a_batch_and_frames_are_read() -> None:
    data = b"FHS|^~\\&\rBHS|^~\\&\r\x0b" + OML.encode() + b"\x1c\r\x0b" + ORM.encode() + b"\x1c\rBTS|2\r"
    assert [o.specimen for o in orders_in(data)] == ["S-2026-0142", "S-2026-0143", "9000123"]


NO_ORDER = b"MSH|^~\\&|A||||2026||ADT^A01|1|P|2.5\rPID|1\r"


@pytest.mark.parametrize("data", [b"", b"patient;wbc\n1;2\n", b"x" * (MOST_BYTES + 1), NO_ORDER])
def test_what_is_no_order_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        orders_in(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    hl7, table = b"MSH|^~\\&|A||||1||OML^O33|1|P|2.5\r", b"specimen,wbc (/uL),plt\n"
    for prefix in (b"", hl7, hl7 + b"SPM|1|S-1\rOBR|1|", table, b"H|\\^&\r", b"H|\\^&\rO|1|S-1|", b"H|"):
        try:
            for order in orders_in(prefix + data):
                checked(order, date(2026, 3, 2))
        except InvalidValue:
            continue


def test_duplicates_of_one_patient_are_put_together_and_of_two_are_not() -> None:
    (order,) = orders_in(CSV.encode())
    (values,) = orders_in(ORU.encode())
    both = merged([values, order])
    assert both is not None
    assert both.field("birth_date") == "1990-01-31"
    assert (both.wbc, both.rbc) == (12.4, 4.1)
    other = dataclasses.replace(order, fields=(("patient_id", "43"), ("patient_name", "Doe, Jo")))
    clash = merged([order, other])
    assert clash is not None
    assert clash.fields == ()
    assert "different patients" in clash.problems[0].text()
    assert merged([]) is None


def test_dates_in_the_future_and_missing_patients_are_said() -> None:
    (order,) = orders_in(CSV.replace("1990-01-31", "2090-01-31").encode())
    words = [p.text() for p in checked(order, date(2026, 3, 2)).problems]
    assert any("birth date 2090-01-31 lies in the future" in w for w in words)
    assert any("before the patient was born" in w for w in words)
    assert (
        "names no patient"
        in checked(dataclasses.replace(order, fields=()), date(2026, 3, 2)).problems[0].text()
    )
    one = dataclasses.replace(order, fields=(("patient_id", "42"),))
    assert "only one identifier" in checked(one, date(2026, 3, 2)).problems[0].text()


def test_who_gave_out_the_number_of_the_patient_is_kept() -> None:
    """A number alone may be another person's at another authority (PID-3.4)."""
    message = (
        "MSH|^~\\&|L|L|B||20260301||OML^O33^OML_O33|1|P|2.5.1\rPID|1||7^^^KH\\T\\1&1.2.3&ISO^PI||Doe^Jo\r"
        "SPM|1|S-1\rORC|NW|O-1\rOBR|1|O-1||DIFF\r"
    )
    (order,) = orders_in(message.encode())
    assert order.authority == "KH\\T\\1^1.2.3^ISO"
    line = OrderLine("O-1", authority=order.authority)
    sent = hl7_message(a_result(dataclasses.replace(make_report(), order=line)), to_folder()).decode()
    assert "^^^KH\\T\\1&1.2.3&ISO^PI" in sent
