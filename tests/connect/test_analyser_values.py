"""Figures of an analyser: converted where it is sure, else said and not taken."""

from __future__ import annotations

import pytest

from bloodcells_gui.connect.analyser_values import AnalyserValues, Reading, analyser_values
from bloodcells_gui.connect.orders import orders_in
from bloodcells_gui.domain.analyser_units import litre_power
from bloodcells_gui.domain.i18n import Reason


def read(*readings: Reading) -> tuple[AnalyserValues, list[str]]:
    problems: list[Reason] = []
    return analyser_values(readings, problems), [p.text() for p in problems]


@pytest.mark.parametrize(
    ("unit", "power"),
    [
        ("10*9/L", 9), ("10^9/L", 9), ("x10E9/L", 9), ("10⁹/L", 9), ("G/L", 9), ("10*3/uL", 9),
        ("10^3/µL", 9), ("K/uL", 9), ("10*3/mm3", 9), ("10³/mm³", 9), ("10*4/uL", 10), ("/nL", 9), ("/uL", 6),
        ("cells/µl", 6), ("/mm^3", 6), ("T/L", 12), ("10¹²/L", 12), ("10*12/L", 12), ("10*6/uL", 12),
        ("M/uL", 12), ("Tpt/L", 12), ("10*6/L", 6), ("/pL", 12),
        ("", None), ("%", None), ("mg/dL", None), ("10*3/L", None), ("M/L", None), ("109/L", None),
        ("10*99/L", None), ("mmol/L", None), ("K/L", None), ("/L", None), ("fL", None), ("g/dL", None),
    ],
)  # fmt: skip
def test_units_that_mean_one_thing_are_known(unit: str, power: int | None) -> None:
    assert litre_power(unit) == power


def test_counts_are_converted() -> None:
    found, said = read(
        Reading(("WBC",), "", "6700", "/uL"), Reading(("RBC",), "", "450", "10*4/uL"),
        Reading(("777-3",), "", "98", "10*3/uL", "L"), Reading(("751-8",), "", "4.0", "G/L"),
    )  # fmt: skip
    assert found.counts == {"WBC": 6.7, "RBC": 4.5, "PLT": 98.0}
    assert found.flags == ["PLT L"]
    assert found.absolutes == {"neutrophils": 4.0}
    assert found.shares == {"neutrophils": 59.7}
    assert said == []


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading(("WBC",), "", "6.7"), "in –, a unit"),
        (Reading(("WBC",), "", "6700", "10*9/L"), "cannot be 6700"),
        (Reading(("RBC",), "", "45", "T/L"), "cannot be 45"),
        (Reading(("NEUT%",), "", "120", "%"), "cannot be 120 %"),
        (Reading(("NEUT%",), "", "0.6", "ratio"), "in ratio"),
    ],
)
def test_what_is_not_sure_is_not_taken(reading: Reading, words: str) -> None:
    found, said = read(reading)
    assert (found.counts, found.shares) == ({}, {})
    assert words in said[0]


def test_shares_that_do_not_fit_their_counts_are_said() -> None:
    _, said = read(
        Reading(("WBC",), "", "5", "G/L"), Reading(("NEUT%",), "", "60", "%"),
        Reading(("NEUT#",), "", "4.5", "G/L"),
    )  # fmt: skip
    assert said == ["neutrophils: 4.5 10⁹/L is 90.0 % of the white cells, not 60 %"]
    _, said = read(Reading(("NEUT%",), "", "80", "%"), Reading(("LYMPH%",), "", "40", "%"))
    assert said == ["the analyser's shares sum to 120.0 %"]


def test_flags_are_those_that_are_raised() -> None:
    found, _ = read(
        Reading(("X", ""), "Blasts/Abn_Lympho?", "POS"), Reading(("Y",), "Left_Shift?", "", flag="A"),
        Reading(("Z",), "Atypical_Lympho?", "NEG"), Reading(("PLT_Clumps?",), "", "100", flag="A"),
    )  # fmt: skip
    assert found.flags == ["Blasts/Abn Lympho?", "Left Shift?", "PLT Clumps?"]


def test_a_table_names_its_units() -> None:
    table = (
        "specimen;wbc (/uL);plt [10*3/µL];neutrophils_abs;flags;order;collected_at\n"
        "S-1;6700;98;4,0;PLT clumps + left shift;O-7;202603010755\n"
    )
    (order,) = orders_in(table.encode())
    assert (order.wbc, order.platelets, order.shares) == (6.7, 98.0, (("neutrophils", 59.7),))
    assert order.flags == ("PLT clumps", "left shift")
    assert (order.number, order.collected, order.field("collected_at")) == (
        "O-7",
        "202603010755",
        "2026-03-01",
    )
    fields = dict(order.case_fields(["platelet_count", "analyser_flags", "order_number"]))
    assert fields == {
        "platelet_count": "98", "analyser_flags": "PLT clumps; left shift", "order_number": "O-7",
        "order.collected": "202603010755", "analyser.neutrophils": "59.7",
        # what the order said, to know later whether the case is still the order's
        "order.wrote.collected_at": "2026-03-01", "order.wrote.order_number": "O-7",
        "order.wrote.specimen": "S-1",
    }  # fmt: skip


def test_astm_records_are_read_from_a_file() -> None:
    records = (
        "H|\\^&|||XN\rP|1||42||Doe^Jo||19900131|M\rO|1|S-1||^^^CBC\rR|1|^^^^WBC^1|6.7|10*3/uL\r"
        "R|2|^^^^NEUT%^1|61.5|%\rO|2|S-2||^^^DIFF\rL|1|N\r"
    )
    first, second = orders_in(records.encode())
    assert (first.specimen, first.wbc, first.shares) == ("S-1", 6.7, (("neutrophils", 61.5),))
    assert (first.field("patient_id"), second.field("patient_name")) == ("42", "Doe, Jo")
    assert (second.specimen, second.tests) == ("S-2", ("DIFF",))
