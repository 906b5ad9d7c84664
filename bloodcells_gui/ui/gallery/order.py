"""What the gallery shows and in which order: filters, sorting keys, and the number that a tile carries."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bloodcells_gui.app.cell_size import area_um2
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.doubtful import is_worth_a_look
from bloodcells_gui.domain.review import Decision, Status
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.ui.i18n import Language, tr


class Sorting(StrEnum):
    """By what the cells of a group are sorted."""

    UNCERTAINTY = "uncertainty"
    PROBABILITY = "probability"
    SIZE = "size"
    SUSPICION = "suspicion"
    FOUND = "found"


class Shown(StrEnum):
    """Which cells are shown; of a single flag or tag the key is `FLAG` or `TAG` with its text behind."""

    ALL = ""
    OPEN = "open"
    UNCERTAIN = "uncertain"
    CHANGED = "changed"
    TAGGED = "tagged"


FLAG, TAG = "flag:", "tag:"
# Of the model's proposal: beside another class they would speak of that.
_OF_THE_PROPOSAL = frozenset({Sorting.UNCERTAINTY, Sorting.PROBABILITY, Sorting.SUSPICION})


def sorting_names() -> dict[Sorting, str]:
    """Each sorting key in words."""
    return {
        Sorting.UNCERTAINTY: tr("By uncertainty"),
        Sorting.PROBABILITY: tr("By probability"),
        Sorting.SIZE: tr("By size"),
        Sorting.SUSPICION: tr("By suspicion"),
        Sorting.FOUND: tr("As found"),
    }


def shown_names() -> dict[Shown, str]:
    """Each filter in words, those of single flags and tags aside."""
    return {
        Shown.ALL: tr("All cells"),
        Shown.OPEN: tr("Not looked at"),
        Shown.UNCERTAIN: tr("Uncertain"),
        Shown.CHANGED: tr("Changed: proposed ≠ final"),
        Shown.TAGGED: tr("With a tag or comment"),
    }


@dataclass(frozen=True, slots=True)
class CellOrder:
    """The order of the cells of a group.

    Attributes
    ----------
    session : CaseSession
        Whose cells they are.
    language : Language
    by : Sorting
    reverse : bool
        The other way round than the name of the key says.
    """

    session: CaseSession
    language: Language
    by: Sorting = Sorting.UNCERTAINTY
    reverse: bool = False

    def rank(self, cell: Cell) -> float:
        """Sorting key: the smallest comes first, what is unknown last."""
        value = -cell.uncertainty
        if self.by is Sorting.PROBABILITY:
            value = cell.probability
        elif self.by is Sorting.SIZE:
            value = -area_um2(self.session, cell)
        elif self.by is Sorting.SUSPICION:
            value = -cell.suspicion
        elif self.by is Sorting.FOUND:
            value = float(cell.id)
        if math.isnan(value):
            return math.inf
        return -value if self.reverse else value

    def figure(self, cell: Cell, decision: Decision) -> str:
        """The number by which the cell is sorted, for its tile.

        Of a relabelled cell it is the class that was proposed instead, where the number is of the proposal.
        """
        if self.by in _OF_THE_PROPOSAL and decision.status is Status.RELABELLED:
            return f"← {cell.predicted}" if cell.predicted in BY_CODE else ""
        number = self.language.number
        if self.by is Sorting.PROBABILITY:
            return f"{100 * cell.probability:.0f} %"
        if self.by is Sorting.SIZE:
            area = area_um2(self.session, cell)
            return "–" if math.isnan(area) else f"{number(area, 0)} µm²"
        if self.by is Sorting.SUSPICION:
            return number(cell.suspicion, 3 if cell.suspicion < 0.1 else 2)
        return str(cell.id) if self.by is Sorting.FOUND else number(cell.uncertainty, 2)


def proposal_figure(cell: Cell, decision: Decision, language: Language) -> str:
    """The probability of the proposal; of a relabelled cell the class that was proposed instead."""
    if decision.status is Status.RELABELLED:
        return f"← {cell.predicted}"
    return f"{language.number(100 * cell.probability, 1)} %"


def filter_of(key: str, session: CaseSession) -> Callable[[int], bool] | None:
    """Which cells a filter lets through; None for all."""
    state = session.state
    if key.startswith(FLAG):
        flag = key.removeprefix(FLAG)
        return lambda i: flag in session.cell(i).flags
    if key.startswith(TAG):
        tag = key.removeprefix(TAG)
        return lambda i: tag in state.tags.get(i, ())
    known: dict[str, Callable[[int], bool]] = {
        Shown.OPEN: lambda i: not state.asks_nothing(i),
        Shown.UNCERTAIN: lambda i: session.cell(i).abstained or is_worth_a_look(session.cell(i)),
        Shown.CHANGED: lambda i: state.decision(i).status is Status.RELABELLED,
        Shown.TAGGED: lambda i: bool(state.tags.get(i)) or any(i in note.cells for note in state.notes),
    }
    return known.get(key)


def flags_and_tags(session: CaseSession) -> list[str]:
    """Filter keys of the flags and tags that cells of the case have, each kind by name."""
    flags = {flag for cell in session.cells for flag in cell.flags}
    tags = {tag for own in session.state.tags.values() for tag in own}
    return [FLAG + flag for flag in sorted(flags)] + [TAG + tag for tag in sorted(tags)]


def shown_name(key: str, language: Language) -> str:
    """A filter in words."""
    for prefix in (FLAG, TAG):
        if key.startswith(prefix):
            text = language.text(key.removeprefix(prefix))
            return text[:1].upper() + text[1:]
    return shown_names()[Shown(key)]
