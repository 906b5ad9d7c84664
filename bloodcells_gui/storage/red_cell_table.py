"""The examinations of red cells of a case file and the fields that they looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.examination import MOST_RED_CELLS, Examination, FieldFindings, StoredField
from bloodcells_gui.domain.red_cells import RedCells
from bloodcells_gui.domain.specimen import ScaleEstimate
from bloodcells_gui.storage import hash_chain, red_cell_rows, schema
from bloodcells_gui.storage.case_file import marks
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.outline_table import OutlineTable
from bloodcells_gui.storage.red_cell_rows import End
from bloodcells_gui.storage.serialization import Row


class RedCellTable(OutlineTable):
    """An open case file with its red cells; events name them (`NAME_RED_CELLS`)."""

    # -- reading ---------------------------------------------------------------------------------------

    def examinations(self) -> list[Examination]:
        """Every examination, oldest first, as it stopped last."""
        with self._db.decoding("red_cell_runs"), self._db.reading() as connection:
            if not schema.is_there(connection, "red_cell_runs"):
                return []
            ends: dict[int, End] = {}
            for row in connection.execute(
                f"SELECT {red_cell_rows.END_COLUMNS} FROM red_cell_run_ends ORDER BY id"  # noqa: S608
            ):
                ends[row[1]] = red_cell_rows.end_from_row(row)
            return [red_cell_rows.run_from_row(row, ends.get(row[0])) for row in _runs(connection)]

    def examined_fields(self, run: int | None = None) -> list[StoredField]:
        """The fields of an examination, of all when None, in the order in which they were examined."""
        with self._db.decoding("red_cell_fields"), self._db.reading() as connection:
            if not schema.is_there(connection, "red_cell_fields"):
                return []
            table = connection.execute(
                f"SELECT {red_cell_rows.PLACE_COLUMNS} FROM red_cell_fields ORDER BY id"  # noqa: S608
            ).fetchall()
            found = red_cell_rows.fields_from_rows(table)
        return [f for f in found if run is None or f.run == run]

    def red_cells(self, run: int) -> RedCells:
        """The cells of an examination in order of their ids; none where it is unknown."""
        with self._db.decoding("red_cell_fields"), self._db.reading() as connection:
            if not schema.is_there(connection, "red_cell_fields"):
                return RedCells.none()
            columns = {row[0]: red_cell_rows.columns_of(row) for row in _runs(connection)}
            self.examined_fields()  # before anything is decompressed: no id twice, not too many cells
            table = connection.execute(
                f"SELECT {red_cell_rows.PLACE_COLUMNS}, x'', cells FROM red_cell_fields"  # noqa: S608
                " WHERE run = ? ORDER BY id",
                (int(run),),
            )
            return RedCells.join([red_cell_rows.cells_from_row(row, columns[row[1]]) for row in table])

    def field_picture(self, field_id: int) -> bytes:
        """JPEG of an examined field; KeyError for an unknown one."""
        with self._db.reading(of_any_time=True) as connection:
            row = connection.execute(
                "SELECT picture FROM red_cell_fields WHERE id = ?", (int(field_id),)
            ).fetchone()
        if row is None:
            raise KeyError(field_id)
        return bytes(row[0])

    def field_contours(self, field_id: int) -> list[NDArray[np.float32]]:
        """Outlines of a field's cells, (k, 2) px of the image each; KeyError for an unknown field."""
        with self._db.decoding("red_cell_fields"), self._db.reading(of_any_time=True) as connection:
            row = connection.execute(
                f"SELECT {red_cell_rows.FIELD_COLUMNS} FROM red_cell_fields WHERE id = ?",  # noqa: S608
                (int(field_id),),
            ).fetchone()
            columns = {run[0]: red_cell_rows.columns_of(run) for run in _runs(connection)}
        if row is None:
            raise KeyError(field_id)
        with self._db.decoding("red_cell_fields"):
            return red_cell_rows.contours_from_row(row, columns[row[1]])

    # -- writing ---------------------------------------------------------------------------------------

    def start_examination(
        self,
        started: str,
        *,
        app_version: str,
        bundle: str,
        parameters: dict[str, str] | None = None,
        scale: ScaleEstimate | None = None,
    ) -> Examination:
        """Begin an examination; its fields come by :meth:`add_examined_field`.

        Raises
        ------
        UserError
            When the case is signed or it could not be saved.
        """
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            number = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM red_cell_runs").fetchone()[
                0
            ]
            run = Examination(number, started, app_version, bundle, dict(parameters or {}), scale)
            self._insert(connection, "red_cell_runs", Kind.RED_CELL_RUN, red_cell_rows.run_row(run))
        return run

    def add_examined_field(self, run: int, found: FieldFindings) -> tuple[StoredField, RedCells]:
        """Keep what was found in one field, in one transaction; returns it with the ids it got.

        Raises
        ------
        ValueError
            When the examination is unknown, has this field already, or the findings make no sense.
        UserError
            When the case is signed or it could not be saved.
        """
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            there = connection.execute(
                "SELECT 1 FROM red_cell_fields WHERE run = ? AND image = ? AND x = ? AND y = ? AND width = ?"
                " AND height = ?",
                (int(run), *found.place.key),
            ).fetchone()
            if there is not None:
                raise ValueError("a field that was examined already")
            key, first, there_are = connection.execute(
                "SELECT coalesce(max(id), 0) + 1, coalesce(max(first + count), ?), coalesce(sum(count), 0)"
                " FROM red_cell_fields",
                (FIRST_RED_CELL_ID,),
            ).fetchone()
            if there_are + len(found.cells) > MOST_RED_CELLS:
                raise ValueError("more red cells than a case keeps")
            stored = StoredField(key, run, found.place, first, len(found.cells), found.cut)
            row = red_cell_rows.field_row(stored, found)
            self._insert(connection, "red_cell_fields", Kind.RED_CELL_FIELD, row)
        return stored, red_cell_rows.cells_from_row(row, red_cell_rows.TODAY)

    def stop_examination(
        self, run: int, status: RunStatus, finished: str, remarks: Sequence[Remark] = ()
    ) -> None:
        """Say how an examination stopped; one that was stopped may go on and stop again.

        Raises
        ------
        ValueError
            When the examination is unknown, or `status` is that of a running one.
        UserError
            When the case is signed or it could not be saved.
        """
        if status is RunStatus.RUNNING:
            raise ValueError("an examination that stops is not running")
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            key = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM red_cell_run_ends").fetchone()[0]
            row = red_cell_rows.end_row(key, run, End(status, finished, tuple(remarks)))
            self._insert(connection, "red_cell_run_ends", Kind.RED_CELL_RUN_END, row)

    def restore_examinations(self, runs: Iterable[Row], fields: Iterable[Row], ends: Iterable[Row]) -> None:
        """Write rows of another case file as they are (recovery); all are there or none."""
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            for name, kind, table in (
                ("red_cell_runs", Kind.RED_CELL_RUN, runs),
                ("red_cell_fields", Kind.RED_CELL_FIELD, fields),
                ("red_cell_run_ends", Kind.RED_CELL_RUN_END, ends),
            ):
                for row in table:
                    self._insert(connection, name, kind, row)

    def _insert(self, connection: Any, table: str, kind: Kind, row: Row) -> None:
        connection.execute(f"INSERT INTO {table} VALUES ({marks(row)})", row)  # noqa: S608
        hash_chain.seal(connection, self._clock(), kind, row[0], [row])


def _runs(connection: Any) -> list[Row]:
    columns = red_cell_rows.RUN_COLUMNS
    return list(connection.execute(f"SELECT {columns} FROM red_cell_runs ORDER BY number"))  # noqa: S608
