"""red_cells.csv and red_cells_list.csv: the columns of the contract, to the letter."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect, csv_dialect
from bloodcells_gui.domain.grading import DEFAULT_GRADING
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CODES, RedCells, propose_grades, shares
from bloodcells_gui.report.csv_red_cells import write_red_cells_csv, write_red_cells_list_csv
from bloodcells_gui.report.red_cells import RedCellBlock, lines_of, measures_of
from bloodcells_gui.report.table_names import KEYS, TableNames
from tests.support.red_cell_case import findings

FINAL = ["NORM"] * 900 + ["SPHERO"] * 80 + ["SCHISTO"] * 20


def block(final: list[str], grades: dict[str, str]) -> RedCellBlock:
    found = shares(final)
    lines = lines_of(found, propose_grades(found, DEFAULT_GRADING), grades, DEFAULT_GRADING)
    return RedCellBlock(len(final), 0, 0, 0, 0, 3, "m ab", "0.1", RunStatus.COMPLETE, lines)


def table(path: Path, dialect: CsvDialect = RFC4180) -> list[dict[str, str]]:
    with path.open(newline="", encoding=dialect.encoding) as stream:
        return list(csv.DictReader(stream, delimiter=dialect.separator))


def test_every_class_has_a_row_and_a_grade_only_by_a_person(tmp_path: Path) -> None:
    path = write_red_cells_csv(tmp_path / "red_cells.csv", block(FINAL, {"schistocytes": "2+"}))
    assert path.read_text().splitlines()[0] == "code,name,count,percent,low95,high95,grade_proposed,grade"
    rows = {row["code"]: row for row in table(path)}
    assert list(rows) == list(RED_CELL_CODES)
    assert rows["SPHERO"] == {
        "code": "SPHERO", "name": "Spherocyte", "count": "80", "percent": "8", "low95": "6.3942",
        "high95": "9.858", "grade_proposed": "2+", "grade": "",
    }  # fmt: skip
    assert (rows["SCHISTO"]["grade_proposed"], rows["SCHISTO"]["grade"]) == ("2+", "2+")
    assert (rows["NORM"]["grade_proposed"], rows["NORM"]["grade"]) == ("", "")
    assert sum(int(row["count"]) for row in rows.values()) == 1000


def test_no_cell_has_no_share_and_few_propose_nothing(tmp_path: Path) -> None:
    none = table(write_red_cells_csv(tmp_path / "a.csv", block([], {})))
    assert {(r["count"], r["percent"], r["high95"]) for r in none} == {("0", "", "")}
    few = table(write_red_cells_csv(tmp_path / "b.csv", block(["SPHERO"] * 199, {})))
    assert {r["grade_proposed"] for r in few} == {""}


def test_tables_for_people_have_words_and_their_dialect(tmp_path: Path) -> None:
    dialect, names = csv_dialect("excel", "fr"), TableNames("fr", words=True)
    path = write_red_cells_csv(tmp_path / "a.csv", block(FINAL, {}), dialect, names)
    row = next(r for r in table(path, dialect) if r["Code"] == "SPHERO")
    assert (row["Classe"], row["%"], row["Grade proposé"]) == ("Sphérocyte", "8", "2+")


def test_the_list_has_the_middle_of_each_cell_that_counts(tmp_path: Path) -> None:
    cells = findings(["NORM", "TEAR", "NORM"], x=1000).cells
    path = write_red_cells_list_csv(
        tmp_path / "a.csv", ["=cmd.png"], cells, ["NORM", "OVALO", NOT_COUNTED], RFC4180, KEYS
    )
    assert path.read_text().splitlines()[0] == (
        "image,x_px,y_px,diameter_um,area_um2,circularity,pallor,predicted,probability"
    )
    first, second = table(path)
    assert (first["image"], first["x_px"], first["y_px"]) == ("'=cmd.png", "1056", "56")
    assert first["pallor"] == ""  # it could not be measured
    assert (second["predicted"], second["probability"]) == ("TEAR", "0.76")  # what the model said
    assert float(second["diameter_um"]) == float(f"{float(cells.measure('diameter_um')[1]):.6g}")


def test_no_cell_gives_a_list_without_rows(tmp_path: Path) -> None:
    assert table(write_red_cells_list_csv(tmp_path / "a.csv", [], RedCells.none(), [])) == []


def test_bars_hold_every_cell_that_has_a_value() -> None:
    cells = findings(["NORM"] * 30).cells
    cells.measures[1, 0], cells.measures[2, 0] = 1.0, 99.0
    size, pallor = measures_of(cells)
    assert (sum(size.bars), size.bars[0], size.bars[-1]) == (30, 1, 1)
    assert (sum(pallor.bars), pallor.n) == (29, 29)
    assert (size.usual_low, size.usual_high) == (6.2, 8.2)
    assert np.isnan(pallor.usual_low)
    assert measures_of(cells.take(np.arange(10))) == ()
