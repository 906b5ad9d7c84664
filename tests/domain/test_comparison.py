"""Second reader and analyser: agreement figures and what may be imported."""

from __future__ import annotations

import math

import pytest

from bloodcells_gui.domain.analyser_csv import leukocyte_share, read_analyser_csv
from bloodcells_gui.domain.comparison import (
    agreement_over_cases,
    analyser_fields,
    compare_analyser,
    compare_readers,
)
from bloodcells_gui.domain.differential import differential
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import is_template, tr
from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.settings import LabSettings


def test_two_readers_who_agree_and_two_who_do_not() -> None:
    first = {i: "SNE" if i < 60 else "LY" for i in range(100)}
    same = compare_readers(first, dict(first))
    assert (same.kappa.kappa, same.agreeing, same.disagreeing) == (1.0, 100, ())
    second = first | dict.fromkeys(range(20), "BNE") | {99: "EXCLUDED"}
    differ = compare_readers(first, second)
    assert differ.n == 100
    assert differ.agreeing == 79
    assert differ.disagreeing == (*range(20), 99)
    assert differ.kappa.kappa < 0.75
    assert differ.agreement_low < 0.79 < differ.agreement_high
    bands = next(c for c in differ.classes if c.code == "BNE")
    assert (bands.first, bands.second, bands.both, bands.agreement) == (0, 20, 0, 0.0)
    assert bands.ruemke is not None
    assert not bands.ruemke.inside
    assert next(c for c in differ.classes if c.code == "EXCLUDED").ruemke is None
    assert sum(map(sum, differ.table)) == 100


def test_a_coarser_view_forgives_what_it_does_not_show() -> None:
    first, second = {1: "SNE", 2: "LY"}, {1: "BNE", 2: "LY"}
    assert compare_readers(first, second, "five").disagreeing == ()
    assert compare_readers(first, second).disagreeing == (1,)


def test_only_cells_that_both_read_are_compared() -> None:
    assert compare_readers({1: "SNE", 2: "LY"}, {2: "LY", 3: "MO"}).n == 1
    nothing = compare_readers({1: "SNE"}, {})
    assert nothing.n == 0
    assert math.isnan(nothing.kappa.kappa)


def test_an_analyser_is_compared_with_limits() -> None:
    rows = {
        r.code: r
        for r in compare_analyser(
            {"SNE": 55, "BNE": 5, "LY": 30, "MO": 10}, {"neutrophil": 61.0, "lymphocyte": 45.0, "MO": 8.5}
        )
    }
    assert rows["neutrophil"].difference == pytest.approx(-1.0)
    assert rows["neutrophil"].inside
    assert not rows["lymphocyte"].inside
    assert rows["lymphocyte"].high < 0
    assert rows["MO"].low < 1.5 < rows["MO"].high
    counted = compare_analyser({"LY": 30, "SNE": 70}, {"LY": 30.0}, analyser_cells=10_000)[0]
    exact = compare_analyser({"LY": 30, "SNE": 70}, {"LY": 30.0})[0]
    assert counted.difference == exact.difference == pytest.approx(0.0)
    assert math.isnan(compare_analyser({}, {"LY": 30.0})[0].smear)


def test_bland_altman_over_cases() -> None:
    cases = [
        compare_analyser({"LY": n, "SNE": 100 - n}, {"LY": a}) for n, a in ((30, 28), (40, 41), (20, 17))
    ]
    result = agreement_over_cases(cases)["Lymphocyte"]
    assert result.n == 3
    assert result.bias == pytest.approx((2 - 1 + 3) / 3)
    assert result.loa_low < result.bias < result.loa_high


@pytest.mark.parametrize(
    "data",
    [
        b"class,percent\r\nneutrophil,60.5\r\nLY,39.5\r\n",
        b"neutrophil;60,5\nLY;39,5 %\n",
        b"\xef\xbb\xbfneutrophil\t60.5\nLY\t39.5\n\n",
        b"sep=;\r\nClasse;%\r\nNeutrophil;60,5;\r\nLY;39,5;\r\n".replace(b"Neutrophil", b"neutrophil"),
        "Class\t%\r\nneutrophil\t60,5\r\nLY\t39,5\r\n".encode("utf-16"),
    ],
)
def test_analyser_files_are_read_as_people_write_them(data: bytes) -> None:
    assert read_analyser_csv(data) == {"neutrophil": 60.5, "LY": 39.5}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"class,percent\n",
        b"LY,3\nwhatsit,4\n",
        b"LY,3\nLY,4\n",
        b"LY,3\nMO,x\n",
        b"LY,3\nMO,-1\n",
        b"\xff\xfe\x00",
        b"Neutrophils,6O\nLY,30\nMO,10\n",  # a letter O: no heading
        b"Neutrophils,n/a\nLY,90\nMO,10\n",
        b"Device 7,x\nNeutrophils,70\nLY,30\n",  # digits are no heading
        b"Title\nClass,%\nNeutrophils,70\nLY,30\n",  # one heading, not two
        b"Neutrophils,60,5\nLY,39,5\n",  # decimal comma in a file with commas
        b"Neutrophils,60,6.1\nLY,40,4.0\n",  # which of the two columns?
        b"Neutrophils,6_0\nLY,40\n",
        b"Neutrophils,nan\nLY,100\n",
        b"LY,30\nLymphocytes,30\nLYMPHOCYTE,40\n",  # one class under two names
        b"Neutrophils,60\nLY,140\n",
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(data: bytes) -> None:
    with pytest.raises(UserError) as caught:
        read_analyser_csv(data)
    assert is_template(caught.value.what)


@pytest.mark.parametrize(
    ("shares", "total"),
    [
        ("NE,60\nLY,30\nMO,8\nEO,6\nBA,1", "105.0"),
        ("NE,60\nLY,30\nMO,8\nEO,6\nBA,1.5", "105.5"),
        ("NE,60\nLY,30\nMO,4.9\n", "94.9"),
        ("NE,60\nLY,30\nMO,5\n", "95.0"),
        ("NE,60\nBNE,5\nLY,30\nMO,8\nNRBC,300\nIG,2", "100.0"),  # bands are among NE; NRBC outside
        ("NE,4.2\nLY,1.8\nMO,0.4", "6.4"),  # absolute counts
    ],
)
def test_shares_of_an_analyser_must_sum_to_the_whole(shares: str, total: str) -> None:
    if 95 <= float(total) <= 105:
        assert leukocyte_share(read_analyser_csv(shares.encode())) == pytest.approx(float(total))
        return
    with pytest.raises(UserError, match=total.replace(".", r"\.")) as caught:
        read_analyser_csv(shares.encode())
    assert "95 to 105 %" in str(caught.value)


def test_a_typed_differential_over_the_whole_is_remarked() -> None:
    fields = analyser_fields({"NE": 62.0, "LY": 30.0, "MO": 80.0})
    table = differential({"SNE": 100}, 0, 0, SpecimenData(fields), LabSettings())
    assert [tr(r.text, "en", **dict(r.params)) for r in table.remarks if r.rule == "analyser-sum"] == [
        "The analyser's percentages sum to 172.0 %: at least one of them is wrong."
    ]
    fields = analyser_fields({"NE": 62.0, "LY": 30.0})
    table = differential({"SNE": 100}, 0, 0, SpecimenData(fields), LabSettings())
    assert not [r for r in table.remarks if r.rule == "analyser-sum"]


@pytest.mark.parametrize("text", ["1,234.5", "1.234,5", "6O", "1_000", "nan", "inf", "1e999", "", "1 000"])
def test_what_could_mean_two_numbers_is_none(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("62,5", 62.5), (" 62.5 ", 62.5), ("-3", -3), (",5", 0.5), ("1e2", 100)]
)
def test_numbers_are_read_with_point_or_comma(text: str, value: float) -> None:
    assert number_of(text) == value
