"""The outlines of a case file that persons drew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bloodcells_gui.domain.cell import MendedOutline
from bloodcells_gui.storage import hash_chain, schema, serialization
from bloodcells_gui.storage.case_file import CaseFile, marks
from bloodcells_gui.storage.hash_chain import Kind


class OutlineTable(CaseFile):
    """An open case file with the outlines in it; events name those that hold (see `append_outline`)."""

    def outlines(self) -> dict[int, MendedOutline]:
        """Every outline that a person drew, whether it holds or not, by its id."""
        with self._db.decoding("outlines"), self._db.reading() as connection:
            if not schema.is_there(connection, "outlines"):
                return {}
            table = connection.execute(f"SELECT {serialization.OUTLINE_COLUMNS} FROM outlines ORDER BY id")  # noqa: S608
            return {row[0]: serialization.outline_from_row(row) for row in table}

    def outline_mask(self, outline_id: int) -> bytes:
        """PNG of an outline's mask; KeyError for an unknown id."""
        with self._db.reading(of_any_time=True) as connection:
            row = connection.execute("SELECT mask FROM outlines WHERE id = ?", (outline_id,)).fetchone()
        if row is None:
            raise KeyError(outline_id)
        return bytes(row[0])

    def next_outline_id(self) -> int:
        """First free id for an outline."""
        with self._db.reading() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) + 1 FROM outlines").fetchone()[0])

    def add_outlines(self, outlines: Iterable[tuple[MendedOutline, bytes]]) -> None:
        """Write outlines with their masks in one transaction; the events that name them are written after."""
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            for outline, mask in outlines:
                self._insert_outline(connection, serialization.outline_row(outline, mask))

    def _insert_outline(self, connection: Any, row: serialization.Row) -> None:
        connection.execute(f"INSERT INTO outlines VALUES ({marks(row)})", row)  # noqa: S608
        hash_chain.seal(connection, self._clock(), Kind.OUTLINE, row[0], [row])
