"""The workbook over many cases: what a spreadsheet program that others wrote finds in it."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.differential import Differential, differential
from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.report import csv_out, xlsx_out
from bloodcells_gui.report.table_names import TableNames

openpyxl = pytest.importorskip("openpyxl", reason="the reader of workbooks is not installed")

HOSTILE = (
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1", "\t=1", "{=1}", "=HYPERLINK(\"http://x\")",
    "http://example.org", "mailto:a@b", "internal:Cases!A1", "0012345678901234567890", "1e5", "TRUE",
    "_x0041_", "a\x00b\x07c", "line\r\nline", "עברית \u202eabc", "😀", "\udcff", "<b>&amp;</b>", "#REF!",
)  # fmt: skip


def one(**counts: int) -> Differential:
    return differential(counts or {"SNE": 60, "LY": 40}, 1, 2, SpecimenData(), LabSettings(), "five")


def sheets(path: Path) -> dict[str, list[list[object]]]:
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book}


def test_the_rows_are_those_of_the_csv_with_numbers_and_days(tmp_path: Path) -> None:
    more = {"state": "signed", "begun": "2026-11-30T08:15:00Z", "changed": "no time", "cells": 103}
    specimens = [("00123", one(), more), ("B", one(BL=10), {})]
    path = xlsx_out.write_summary_xlsx(tmp_path / "t.xlsx", specimens)
    head, first, second = sheets(path)["Cases"]
    keys, rows = csv_out.summary_table(specimens)
    assert head == keys
    found = dict(zip(head, first, strict=True))
    assert found["specimen_id"] == "00123"
    assert found["begun"] == datetime(2026, 11, 30, 8, 15)  # a cell has no zone
    assert found["changed"] == "no time"
    assert (found["NEUTROPHIL_count"], found["NEUTROPHIL_percent"]) == (60, 60)
    assert isinstance(found["cells"], int)
    assert dict(zip(head, second, strict=True))["flags"] == dict(zip(keys, rows[1], strict=True))["flags"]
    assert list(sheets(path)) == ["Cases"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_is_never_a_formula_a_link_or_a_number(tmp_path: Path, text: str) -> None:
    path = xlsx_out.write_summary_xlsx(
        tmp_path / "t.xlsx", [(text, one(), {text: text})], left_out=[SkippedFile(text, text)]
    )
    book = openpyxl.load_workbook(path)
    for sheet in book:
        for cell in (c for row in sheet.rows for c in row):
            assert cell.data_type != "f", cell.value
            assert cell.hyperlink is None
            if cell.data_type == "s":
                assert cell.quotePrefix, cell.value
    cell = book["Cases"]["A2"]
    if text:
        assert cell.data_type == "s"
    with zipfile.ZipFile(path) as archive:
        assert not [n for n in archive.namelist() if "macro" in n.lower() or "external" in n.lower()]
        assert all(b"<f>" not in archive.read(n) and b"<hyperlink" not in archive.read(n)
                   for n in archive.namelist() if n.startswith("xl/worksheets/"))  # fmt: skip


def test_a_text_without_odd_characters_comes_back_as_it_was(tmp_path: Path) -> None:
    for text in ("=1+1", "0012", "😀 Müller", "_x0041_", "a<b>&c", "  two  "):
        path = xlsx_out.write_summary_xlsx(tmp_path / "t.xlsx", [(text, one(), {})])
        assert openpyxl.load_workbook(path)["Cases"]["A2"].value == text


def test_words_and_what_was_left_out_are_in_the_language(tmp_path: Path) -> None:
    path = xlsx_out.write_summary_xlsx(
        tmp_path / "t.xlsx", [("A", one(), {"state": "to review"})], TableNames("fr", True),
        left_out=[SkippedFile("bad.bcs", "It is hidden.")],
    )  # fmt: skip
    found = sheets(path)
    assert list(found) == ["Cas", "Fichiers écartés"]
    assert "Échantillon" in found["Cas"][0]
    assert "%" in " ".join(map(str, found["Cas"][0]))
    assert found["Fichiers écartés"][1][0] == "bad.bcs"
    assert found["Fichiers écartés"][1][1] != "It is hidden."


def test_a_long_text_is_cut_with_a_sign_and_numbers_that_are_none_are_empty(tmp_path: Path) -> None:
    more = {"x": "a" * 40_000, "nan": float("nan"), "inf": float("inf"), "none": None}
    path = xlsx_out.write_summary_xlsx(tmp_path / "t.xlsx", [("A", one(), more)])
    head, row = sheets(path)["Cases"]
    found = dict(zip(head, row, strict=True))
    assert len(str(found["x"])) == 32_767
    assert str(found["x"]).endswith("…")
    assert (found["nan"], found["inf"], found["none"]) == (None, "inf", None)


def test_more_rows_than_a_sheet_holds_are_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_out, "_MOST_ROWS", 3)
    rows = [("A", one(), {})] * 3
    with pytest.raises(OutputNotWritable, match="A sheet of a workbook holds 3 rows"):
        xlsx_out.write_summary_xlsx(tmp_path / "t.xlsx", rows)
    assert list(tmp_path.iterdir()) == []
    assert xlsx_out.write_summary_xlsx(tmp_path / "t.xlsx", rows[:2]).exists()


def test_a_folder_that_cannot_be_written_is_told_and_nothing_half_stays(tmp_path: Path) -> None:
    with pytest.raises(OutputNotWritable, match=r"t\.xlsx"):
        xlsx_out.write_summary_xlsx(tmp_path / "none" / "t.xlsx", [("A", one(), {})])
    assert list(tmp_path.iterdir()) == []


def test_it_opens_where_no_case_is_in_it(tmp_path: Path) -> None:
    path = xlsx_out.write_summary_xlsx(tmp_path / "t.xlsx", [])
    assert len(sheets(path)["Cases"]) == 1
