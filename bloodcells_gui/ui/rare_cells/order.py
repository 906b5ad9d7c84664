"""The order in which the cells of a film are shown in the search for rare cells."""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.rare_cells import rank
from bloodcells_gui.domain.rare_search import DEFAULT_SEARCH, RareSearch
from bloodcells_gui.domain.review import Decision
from bloodcells_gui.ui.gallery.order import CellOrder


@dataclass(frozen=True, slots=True)
class RareOrder(CellOrder):
    """The suspicious first, then by the probability of the classes that are searched for."""

    search: RareSearch = DEFAULT_SEARCH

    def rank(self, cell: Cell) -> float:
        """Sorting key: the smallest comes first."""
        return -self._rank(cell)

    def _rank(self, cell: Cell) -> float:
        run = self.session.run_that_classified(cell)
        return rank(cell, () if run is None else run.classes, self.search)

    def figure(self, cell: Cell, _decision: Decision) -> str:
        """The probability by which the cell is sorted, for its tile."""
        value = self._rank(cell) % 1.0
        return self.language.number(value, 3 if value < 0.1 else 2)
