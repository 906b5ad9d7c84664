"""ASTM E1394 records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.connect.astm_records import astm_message, empty_message, escape, parse_records
from bloodcells_gui.connect.result import Patient
from bloodcells_gui.domain.errors import InvalidValue
from tests.support.results import a_result, to_folder

HOSTILE = Patient("1|2^3\\4&5", "\u202eعمر 🩸|^&, Zed", "19610714", "F")


def test_what_was_written_is_read_back() -> None:
    result = a_result(patient=HOSTILE, specimen="S|1")
    records = parse_records(astm_message(result, to_folder()))
    assert [r.type for r in records][:3] == ["H", "P", "O"]
    assert records[-1].type == "L"
    head, patient, order = records[:3]
    assert (head.value(3), head.value(12), head.value(13)) == (result.control_id, "P", "LIS2-A2")
    assert (patient.value(3), patient.value(6), patient.value(6, 2)) == (
        HOSTILE.number,
        "\u202eعمر 🩸|^&",
        "Zed",
    )
    assert (order.value(3), order.value(4), order.value(26)) == ("S|1", result.filler, "F")
    lines = [r for r in records if r.type == "R"]
    values = [
        (r.value(3, 4), r.value(4), r.value(5), r.value(6), r.value(7)) for r in lines[: len(result.figures)]
    ]
    assert values == [
        (f.code.code, f.value, f.unit, f.range, f.flag or ("N" if f.range else "")) for f in result.figures
    ]
    assert [r.value(4) for r in lines[-len(result.words) :]] == list(result.words)
    assert [int(r.value(2)) for r in lines] == list(range(1, len(lines) + 1))


def test_a_correction_says_so_in_every_line() -> None:
    records = parse_records(astm_message(a_result(version=2), to_folder()))
    assert {r.value(9) for r in records if r.type == "R"} == {"C"}


def test_an_empty_message_is_head_and_end() -> None:
    records = parse_records(empty_message("X1", to_folder(), "20260302110000", "1.0"))
    assert [r.type for r in records] == ["H", "L"]
    assert records[0].value(12) == "D"


@given(st.text(st.characters(min_codepoint=32, blacklist_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_comes_back(text: str) -> None:
    data = f"H|\\^&\rC|1|I|{escape(text)}|G\rL|1|N\r".encode()
    assert parse_records(data)[1].value(4) == text


@pytest.mark.parametrize("data", [b"", b"H", b"R|1", b"\xff\xfe", b"x" * 5_000_000])
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        parse_records(data)
