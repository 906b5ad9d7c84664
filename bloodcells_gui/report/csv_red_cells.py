"""Tables of red cells: shares with limits and grades, and, when asked for, every cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect, Field
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.red_cell_figures import counted
from bloodcells_gui.domain.red_cells import RED_CELL_CLASS, RedCells
from bloodcells_gui.report.csv_out import write_rows
from bloodcells_gui.report.red_cells import RedCellBlock
from bloodcells_gui.report.table_names import KEYS, TableNames

RED_CELLS_HEAD = ("code", "name", "count", "percent", "low95", "high95", "grade_proposed", "grade")
RED_CELLS_LIST_HEAD = (
    "image", "x_px", "y_px", "diameter_um", "area_um2", "circularity", "pallor", "predicted", "probability",
)  # fmt: skip


def write_red_cells_csv(
    path: Path, found: RedCellBlock, dialect: CsvDialect = RFC4180, names: TableNames = KEYS
) -> Path:
    """One row a shape class, as they count; `grade` is empty until a person gave one."""

    def rows() -> Iterator[list[Field]]:
        for line in found.lines:
            percents = (line.percent, line.low, line.high) if found.cells else ()
            name = tr(RED_CELL_CLASS[line.code].name, names.lang)
            yield [
                line.code, name, line.count, *(round(v, 4) for v in percents or (math.nan,) * 3),
                line.proposed, line.accepted,
            ]  # fmt: skip

    return write_rows(path, RED_CELLS_HEAD, rows(), dialect, names)


def write_red_cells_list_csv(
    path: Path,
    images: Sequence[str],
    cells: RedCells,
    final: list[str],
    dialect: CsvDialect = RFC4180,
    names: TableNames = KEYS,
) -> Path:
    """One row a red cell, with its middle in px of its image at full resolution.

    Parameters
    ----------
    images : sequence of str
        Names of the specimen's images.
    final : list of str
        Code that holds for each cell; those that do not count are left out. `predicted` and `probability`
        are what the model said, whatever a person named the cell.
    """
    cells = counted(cells, final)
    predicted = cells.predicted()
    centres = cells.boxes[:, :2] + cells.boxes[:, 2:] / 2
    measured = [cells.measure(name) for name in ("diameter_um", "area_um2", "circularity", "pallor")]
    best = cells.probabilities.max(1, initial=0.0)

    def rows() -> Iterator[list[Field]]:
        for i, image in enumerate(cells.images.tolist()):
            name = images[image] if 0 <= image < len(images) else ""
            yield [
                name, round(float(centres[i, 0]), 2), round(float(centres[i, 1]), 2),
                *(float(f"{float(column[i]):.6g}") for column in measured),
                predicted[i], round(float(best[i]), 6),
            ]  # fmt: skip

    return write_rows(path, RED_CELLS_LIST_HEAD, rows(), dialect, names)
