"""The decision on each cell of a case, and the counts by class."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from bloodcells_gui.domain.cell import FLAG_OUTSIDE_FRAME, Cell
from bloodcells_gui.domain.review import PROPOSED_BY_HAND, Decision, Event, EventKind, Status
from bloodcells_gui.domain.taxonomy import UNIDENTIFIED

EXCLUDED_LABEL = "EXCLUDED"
BY_HAND_RUN = -1


class CellState(NamedTuple):
    """What persons made of one cell.

    `before` is the decision an exclusion covered; `restored` says that a person counts a cell that lies
    outside the counting frame.
    """

    decision: Decision | None
    before: Decision | None
    absent: bool
    restored: bool = False


_UNTOUCHED = CellState(None, None, False)
_ABSENT = CellState(None, None, True)
_WAITING = Decision(Status.UNIDENTIFIED, "")
_OUTSIDE = Decision(Status.EXCLUDED, "")


@lru_cache(maxsize=256)
def _proposal(predicted: str) -> Decision:
    return Decision(Status.PROPOSED, predicted)


class CellStates:
    """The cells of a case with what persons made of each; every change keeps the counts true.

    Attributes
    ----------
    counts : dict of str to int
        Final leaf code -> number; a code without cells is not in it.
    unidentified, excluded, reviewed : int
        Cells waiting; cells taken out, by a person or because they lie outside the counting frame; cells a
        person decided on.
    outside_frame : dict of str to int
        Of the cells outside the counting frame that nobody restored: proposed leaf code -> number.
    absent : int
        Hand-added cells that do not stand (undone or removed).
    """

    def __init__(self) -> None:
        self._cells: dict[int, Cell] = {}
        self._standing: dict[int, CellState] = {}
        self.counts: dict[str, int] = {}
        self.outside_frame: dict[str, int] = {}
        self.unidentified = 0
        self.excluded = 0
        self.reviewed = 0
        self.absent = 0

    def __len__(self) -> int:
        return len(self._cells)

    def __contains__(self, cell_id: int) -> bool:
        return cell_id in self._cells

    def add_cells(self, cells: Iterable[Cell]) -> None:
        """Take in new proposals; ValueError (with nothing taken in) when an id is there already."""
        new: dict[int, Cell] = {}
        for cell in cells:
            if cell.id in self._cells or cell.id in new:
                raise ValueError(f"cell {cell.id} is there already")
            new[cell.id] = cell
        self._cells.update(new)
        for cell in new.values():
            self._update_counts(cell, self._standing_of(cell.id), 1)

    def repropose(self, cells: Iterable[Cell]) -> None:
        """Take known cells with other proposals; what persons decided stands. KeyError for an unknown one."""
        for cell in cells:
            standing = self._standing_of(cell.id)
            self._update_counts(self._cells[cell.id], standing, -1)
            self._cells[cell.id] = cell
            self._update_counts(cell, standing, 1)

    # -- reading ---------------------------------------------------------------------------------------

    def decision(self, cell_id: int) -> Decision:
        """What stands for a cell; KeyError for an unknown one. An absent cell reads as excluded."""
        cell = self._cells[cell_id]
        standing = self._standing_of(cell_id)
        if standing.absent:
            return _OUTSIDE
        if standing.decision is not None:
            return standing.decision
        if _left_out(cell, standing):
            return _OUTSIDE
        return _WAITING if cell.abstained else _proposal(cell.predicted)

    def present(self, cell_id: int) -> bool:
        """Whether the cell takes part: False for a hand-added cell that was undone or removed."""
        return not self._standing_of(cell_id).absent

    def decided(self, cell_id: int) -> bool:
        """Whether a person decided on the cell."""
        return self._standing_of(cell_id).decision is not None

    def asks_nothing(self, cell_id: int) -> bool:
        """Whether nobody needs to decide on the cell: somebody did, or it lies outside the counting frame."""
        standing = self._standing_of(cell_id)
        return standing.decision is not None or _left_out(self._cells[cell_id], standing)

    def label(self, cell_id: int) -> str:
        """The final class code, "UNI" while unidentified, "EXCLUDED" when taken out, "" when absent."""
        decision = self.decision(cell_id)
        if decision.status is Status.EXCLUDED:
            return EXCLUDED_LABEL if self.present(cell_id) else ""
        return decision.final or UNIDENTIFIED

    # -- for events ------------------------------------------------------------------------------------

    def _planned(self, event: Event, cell_id: int) -> CellState:
        """What an event on cells would make of one; ValueError where it cannot have happened to it."""
        cell = self._cells[cell_id]
        old = self._standing_of(cell_id)
        match event.kind:
            case EventKind.CONFIRM:
                return _labelled_by(cell, self.decision(cell_id).final or cell.predicted, event)
            case EventKind.RELABEL | EventKind.ADJUDICATE:
                return _labelled_by(cell, event.new, event)
            case EventKind.EXCLUDE:
                gone = old.decision is not None and old.decision.status is Status.EXCLUDED
                out = Decision(Status.EXCLUDED, "", event.author, event.time)
                return CellState(out, old.before if gone else old.decision, False, old.restored)
            case EventKind.RESTORE:
                return _restored(cell, old)
            case EventKind.ADD_CELL:
                if cell.run != BY_HAND_RUN or not old.absent:
                    raise ValueError(f"cell {cell_id} stands already")
                if event.key == PROPOSED_BY_HAND:
                    return _UNTOUCHED
                return _labelled_by(cell, event.new, event)
            case EventKind.REMOVE_CELL:
                if cell.run != BY_HAND_RUN:
                    raise ValueError(f"cell {cell_id} was found by a model: exclude it instead")
                return _ABSENT
            case _:
                raise ValueError(f"'{event.kind}' decides on no cell")

    def _set_state(self, cell_id: int, new: CellState) -> None:
        """Let another standing hold for a cell; KeyError for an unknown one."""
        cell = self._cells[cell_id]
        self._update_counts(cell, self._standing_of(cell_id), -1)
        if new == _initial_state(cell):
            self._standing.pop(cell_id, None)
        else:
            self._standing[cell_id] = new
        self._update_counts(cell, new, 1)

    def _standing_of(self, cell_id: int) -> CellState:
        standing = self._standing.get(cell_id)
        return _initial_state(self._cells[cell_id]) if standing is None else standing

    def _update_counts(self, cell: Cell, standing: CellState, weight: int) -> None:
        if standing.absent:
            self.absent += weight
            return
        decision = standing.decision
        if decision is None:
            if _left_out(cell, standing):
                self.excluded += weight
                increment_count(self.outside_frame, cell.predicted, weight)
            elif cell.abstained:
                self.unidentified += weight
            else:
                increment_count(self.counts, cell.predicted, weight)
            return
        self.reviewed += weight
        if decision.status is Status.EXCLUDED:
            self.excluded += weight
        else:
            increment_count(self.counts, decision.final, weight)


def _initial_state(cell: Cell) -> CellState:
    """Before anybody decided."""
    return _ABSENT if cell.run == BY_HAND_RUN else _UNTOUCHED


def _left_out(cell: Cell, standing: CellState) -> bool:
    """Whether a cell on which nobody decided counts nowhere."""
    return FLAG_OUTSIDE_FRAME in cell.flags and not standing.restored


def _labelled_by(cell: Cell, final: str, event: Event) -> CellState:
    """The author of the event says which class it is."""
    status = Status.CONFIRMED if final == cell.predicted else Status.RELABELLED
    return CellState(Decision(status, final, event.author, event.time), None, False)


def _restored(cell: Cell, old: CellState) -> CellState:
    """An excluded cell gets back what stood before; any other goes back to the model's proposal.

    One outside the counting frame counts from now on.
    """
    inside = FLAG_OUTSIDE_FRAME in cell.flags
    if old.decision is not None and old.decision.status is Status.EXCLUDED:
        return CellState(old.before, None, False, inside)
    return old if cell.run == BY_HAND_RUN else CellState(None, None, False, inside)


def increment_count(table: dict[str, int], code: str, by: int) -> None:
    """Count on; a code that falls to zero leaves the table."""
    value = table.get(code, 0) + by
    if value:
        table[code] = value
    else:
        table.pop(code, None)
