"""The red cells of the open case as the views read them: made anew after each act, cheap for thousands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.grading import GradeItem
from bloodcells_gui.domain.red_cells import (
    NOT_COUNTED,
    RED_CELL_CODES,
    GradeProposal,
    RedCells,
    RedCellShare,
    propose_grades,
    shares,
)

#: Rows of the table of classes: the shape classes, then what is not counted.
ROWS: tuple[str, ...] = (*RED_CELL_CODES, NOT_COUNTED)


class Order(StrEnum):
    """By what the cells of a class are sorted."""

    DOUBT = "doubt"
    SIZE = "size"
    PALLOR = "pallor"
    FOUND = "found"


class CellTable:
    """Cells, the codes that hold for them, and what is counted.

    Parameters
    ----------
    cells : RedCells
    named : mapping of int to str
        What persons named cells, by id.
    grading : iterable of GradeItem
        The laboratory's list.
    """

    def __init__(self, cells: RedCells, named: Mapping[int, str], grading: Iterable[GradeItem]) -> None:
        self.cells = cells
        self._ids: list[int] = cells.ids.tolist()
        self.named = {i: named[i] for i in self._ids if i in named}
        self.proposed = cells.predicted()
        self.codes = [self.named.get(i, code) for i, code in zip(self._ids, self.proposed, strict=True)]
        self._row = {i: n for n, i in enumerate(self._ids)}
        self._of_code = np.asarray(self.codes, "U16")
        self.shares: tuple[RedCellShare, ...] = shares(
            self.codes, self.named.values(), cells.unsure(self.named)
        )
        self.not_counted = self.codes.count(NOT_COUNTED)
        self.items = {item.id: item for item in grading if item.enabled}
        self.proposals: dict[str, GradeProposal] = propose_grades(self.shares, self.items.values())

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, cell_id: int) -> bool:
        return cell_id in self._row

    @property
    def counted(self) -> int:
        """Red cells that count."""
        return len(self) - self.not_counted

    def row(self, cell_id: int) -> int:
        """Row of a cell in the columns; KeyError for an unknown one."""
        return self._row[cell_id]

    def code(self, cell_id: int) -> str:
        """Code that holds for a cell."""
        return self.codes[self._row[cell_id]]

    def decided(self, cell_id: int) -> bool:
        """Whether a person named the cell."""
        return cell_id in self.named

    def count(self, code: str) -> int:
        """Cells of a row."""
        if code == NOT_COUNTED:
            return self.not_counted
        return self.shares[RED_CELL_CODES.index(code)].count

    def share(self, code: str) -> RedCellShare | None:
        """The share of a class; None of what is not counted."""
        return None if code == NOT_COUNTED else self.shares[RED_CELL_CODES.index(code)]

    def ids_of(self, code: str, order: Order = Order.DOUBT, *, reverse: bool = False) -> list[int]:
        """Cells of a row in the order in which they are shown: the most doubtful, the largest first."""
        rows = np.flatnonzero(self._of_code == code)
        return [self._ids[i] for i in rows[self._sorted(rows, order, reverse=reverse)].tolist()]

    def _sorted(self, rows: NDArray[np.intp], order: Order, *, reverse: bool) -> NDArray[np.intp]:
        key = {
            Order.DOUBT: -self.cells.doubt,
            Order.SIZE: -self.cells.measure("diameter_um"),
            Order.PALLOR: -self.cells.measure("pallor"),
            Order.FOUND: np.arange(len(self), dtype=np.float32),
        }[order][rows]
        key = np.where(np.isfinite(key), -key if reverse else key, np.inf)  # what is unknown comes last
        return np.argsort(key, kind="stable")

    def values(self, measure: str, code: str = "") -> NDArray[np.float32]:
        """Known values of a measure: of the counted cells, or of those of one row."""
        mine = self._of_code == code if code else self._of_code != NOT_COUNTED
        found: NDArray[np.float32] = self.cells.measure(measure)[mine]
        return found[np.isfinite(found)]

    def in_field(self, field_id: int) -> list[int]:
        """Cells of an examined field."""
        return [self._ids[i] for i in np.flatnonzero(self.cells.fields == field_id).tolist()]

    def of_codes(self, ids: Sequence[int]) -> dict[str, list[int]]:
        """The codes that hold, each with those of the cells that have it."""
        found: dict[str, list[int]] = {}
        for cell_id in ids:
            found.setdefault(self.code(cell_id), []).append(cell_id)
        return found
