"""Carry the examinations of red cells of a damaged case into a new one, as far as they are as sealed."""

from __future__ import annotations

import contextlib
from bisect import bisect_right

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.run_messages import RECOVERED, remark
from bloodcells_gui.storage import red_cell_rows, row_validation
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.red_cell_rows import End
from bloodcells_gui.storage.salvage import Reader
from bloodcells_gui.storage.serialization import Row


class RecoveredRedCells:
    """What came through; ``id in ...`` says whether a red cell did."""

    def __init__(self, reader: Reader) -> None:
        columns: dict[int, red_cell_rows.Columns] = {}
        self._runs: list[Row] = []
        for row in reader.sealed("red_cell_runs", red_cell_rows.RUN_COLUMNS, "number", Kind.RED_CELL_RUN):
            with contextlib.suppress(*row_validation.NONSENSE):
                red_cell_rows.run_from_row(row)
                if reader.fits_seal(Kind.RED_CELL_RUN, row):
                    columns[row[0]] = red_cell_rows.columns_of(row)
                    self._runs.append(row)
        self._fields: list[Row] = []
        self._ranges: list[range] = []
        name, kind = "red_cell_fields", Kind.RED_CELL_FIELD
        end = FIRST_RED_CELL_ID
        for row in sorted(reader.sealed(name, red_cell_rows.FIELD_COLUMNS, "id", kind), key=lambda r: r[0]):
            with contextlib.suppress(*row_validation.NONSENSE):
                stored = red_cell_rows.field_from_row(row)
                red_cell_rows.contours_from_row(row, columns[stored.run])
                if reader.fits_seal(kind, row) and stored.first >= end:
                    end = stored.first + stored.count
                    self._fields.append(row)
                    self._ranges.append(range(stored.first, end))
        self._ends: list[Row] = []
        name, kind = "red_cell_run_ends", Kind.RED_CELL_RUN_END
        for row in reader.sealed(name, red_cell_rows.END_COLUMNS, "id", kind):
            with contextlib.suppress(*row_validation.NONSENSE):
                red_cell_rows.end_from_row(row)
                if reader.fits_seal(kind, row) and row[1] in columns:
                    self._ends.append(row)
        if any(reader.broken_ranges(Kind.RED_CELL_FIELD)):
            # what lacks a field is not complete; it can be gone on with
            key = max((row[0] for row in self._ends), default=0)
            stopped = End(RunStatus.CANCELLED, utc_now(), (remark(RECOVERED),))
            self._ends += [
                red_cell_rows.end_row(key + n + 1, row[0], stopped) for n, row in enumerate(self._runs)
            ]

    def __contains__(self, cell_id: int) -> bool:
        n = bisect_right(self._ranges, cell_id, key=lambda part: part.start) - 1
        return n >= 0 and cell_id in self._ranges[n]

    def write(self, store: CaseStore) -> None:
        """Into the new case, with the ids that they had."""
        store.restore_examinations(self._runs, self._fields, self._ends)
