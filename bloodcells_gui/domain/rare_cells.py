"""The search of a whole film for cells that matter when they are few: order, stop rule, exact statement.

What a person looked at and what the program alone searched are kept apart. Only cells that a person decided
on count in a statement; it is the exact one-sided limit of Clopper and Pearson (Biometrika 1934). The
suspicious cells come first, so the cells looked at are richer in rare ones than the film, and the limit errs
on the safe side; while a suspicious cell waits no limit is given.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bloodcells_gui.domain.cell import FLAG_PLASMA_LOOK, Cell
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.i18n import N_, plural, tr
from bloodcells_gui.domain.rare_search import RareSearch
from bloodcells_gui.domain.review import Decision, Status
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.domain.suspicion import is_flagged
from bloodcells_gui.domain.taxonomy import BY_CODE, INTACT_NUCLEATED, PLASMA_CELL

#: Blasts of 100 that the program names or shows first, in laboratories that its network never saw: the least
#: and the most of them, and how many laboratories (docs/models.md, Blasts: as they are and as lymphoblasts).
SENSITIVITY_LEAST, SENSITIVITY_MOST, SENSITIVITY_SITES = 83, 100, 5
#: "Fewer than 1 in 2" is no limit that anybody asked for.
LEAST_BOUND = 10
# Both limits of a two-sided 90 % interval are one-sided 95 % limits.
_TWO_SIDED = 0.90


class Reviewed(Protocol):
    """What is asked of `ReviewState`."""

    def asks_nothing(self, cell_id: int) -> bool: ...
    def decided(self, cell_id: int) -> bool: ...
    def decision(self, cell_id: int) -> Decision: ...
    def present(self, cell_id: int) -> bool: ...


def rank(cell: Cell, classes: Sequence[str], search: RareSearch) -> float:
    """How early a cell is shown: the larger the earlier.

    The queue "look here first" comes first (2 to 3), then what is named one of the classes or looks like a
    plasma cell (1 to 2), then all others by the probability of the classes.
    """
    if is_flagged(cell):
        return 2.0 + cell.suspicion
    wanted = set(search.codes)
    share = float(sum(p for code, p in zip(classes, cell.scores.tolist(), strict=False) if code in wanted))
    return min(share, 1.0) + (1.0 if is_suspicious(cell, search) else 0.0)


def is_suspicious(cell: Cell, search: RareSearch) -> bool:
    """Whether the program itself points at the cell: nothing is said to be rare while it waits.

    It may be a blast, or its proposal or best guess is a class of the search, or it looks like a plasma cell.
    """
    looks = PLASMA_CELL in search.codes and FLAG_PLASMA_LOOK in cell.flags
    return is_flagged(cell) or cell.predicted in search.codes or looks


def to_look_at(
    cells: Iterable[Cell], state: Reviewed, classes: Mapping[int, Sequence[str]], search: RareSearch
) -> list[int]:
    """Ids of the nucleated cells that nobody decided on, in the order in which they are shown.

    `classes` are the columns of each run's scores. A flagged cell is shown whatever it is named.
    """
    waiting = [c for c in cells if is_open(c, state)]
    return [c.id for c in sorted(waiting, key=lambda c: (-rank(c, classes.get(c.run, ()), search), c.id))]


def is_open(cell: Cell, state: Reviewed) -> bool:
    """Whether the cell belongs to the search and nobody decided on it.

    One outside the counting frame does where it is suspicious: to confirm it is to count it.
    """
    if state.decided(cell.id) or not state.present(cell.id):
        return False
    return is_flagged(cell) or (cell.predicted in INTACT_NUCLEATED and not state.asks_nothing(cell.id))


@dataclass(frozen=True, slots=True)
class RareRow:
    """One class: cells that a person named so, and those that the program alone proposes.

    `bound` X says: fewer than 1 in X, one-sided 95 %; 0 where no limit is given.
    """

    code: str
    name: str
    found: int
    bound: int
    proposed: int


@dataclass(frozen=True, slots=True)
class RareCells:
    """What a search has come to.

    Attributes
    ----------
    one_in : int
        Of the stop rule.
    looked_at : int
        Whole nucleated cells that a person decided on and named such.
    unseen : int
        Nucleated cells that only the program searched.
    waiting : int
        Suspicious cells among them, which come first.
    whole_film : bool
        Whether the program searched the film to its end.
    rows : tuple of RareRow
    """

    one_in: int
    looked_at: int
    unseen: int
    waiting: int
    whole_film: bool
    rows: tuple[RareRow, ...]

    @property
    def needed(self) -> int:
        """Cells without a find after which the stop rule holds."""
        return cells_needed(self.one_in)

    @property
    def reached(self) -> bool:
        """Whether each class is found, or known to be rarer than the stop rule asks for."""
        return not self.waiting and all(row.found or row.bound >= self.one_in for row in self.rows)

    @property
    def exhausted(self) -> bool:
        """Whether a person looked at every cell of the film."""
        return self.whole_film and not self.unseen and self.looked_at > 0


def cells_needed(one_in: int) -> int:
    """The fewest cells without a find that show "fewer than one in `one_in`", one-sided 95 %."""
    n = math.ceil(math.log(0.05) / math.log1p(-1.0 / one_in))
    while bound(0, n) < one_in:  # the last bit of a logarithm
        n += 1
    return n


def bound(found: int, cells: int) -> int:
    """X of "fewer than 1 in X", one-sided 95 % (exact), for `found` of `cells`; 0 below `LEAST_BOUND`."""
    if not cells:
        return 0
    least = math.floor(1.0 / clopper_pearson(found, cells, _TWO_SIDED)[1] + 1e-9)
    return least if least >= LEAST_BOUND else 0


def rare_cells(cells: Iterable[Cell], state: Reviewed, search: RareSearch, *, whole_film: bool) -> RareCells:
    """What the search has come to; cells counted by hand at the microscope are not in it."""
    found: Counter[str] = Counter()
    proposed: Counter[str] = Counter()
    looked_at = unseen = waiting = 0
    for cell in cells:
        if is_open(cell, state):
            unseen += 1
            waiting += is_suspicious(cell, search)
            decision = state.decision(cell.id)
            proposed[decision.final] += decision.status is Status.PROPOSED
        elif state.present(cell.id) and (final := state.decision(cell.id).final) in INTACT_NUCLEATED:
            looked_at += 1
            found[final] += 1
    rows = tuple(
        RareRow(
            code, BY_CODE[code].name, found[code], 0 if waiting else bound(found[code], looked_at),
            proposed[code],
        )
        for code in search.codes
    )  # fmt: skip
    return RareCells(search.one_in, looked_at, unseen, waiting, whole_film, rows)


NONE_LOOKED_AT = N_("No cell was looked at by a person yet: nothing is excluded.")
WAITING = plural(
    "{waiting} suspicious cell waits for a person. The suspicious come first: no limit is given before.",
    "{waiting} suspicious cells wait for a person. The suspicious come first: no limit is given before.",
    "waiting",
)
OF_CELLS = plural(
    "{found} of {n_cells} cell looked at",
    "{found} of {n_cells} cells looked at",
    "cells",
)
LIMIT = N_("{found}: fewer than 1 in {bound}, one-sided 95 %")
NO_LIMIT = N_("{found}: too few for a limit")
REACHED = N_("The search is at its end: each class is found, or fewer than 1 in {one_in}.")
EXHAUSTED = N_("Every cell of the film was looked at; more cannot be said of it.")
GOES_ON = plural(
    "The search goes on until each class is found or fewer than 1 in {one_in}: {n_left} more cell without "
    "a find.",
    "The search goes on until each class is found or fewer than 1 in {one_in}: {n_left} more cells without "
    "a find.",
    "left",
)
NOT_WHOLE = N_("The film was not searched to its end.")
PROGRAM = plural(
    "Searched by the program alone: {n_unseen} further cell with a nucleus. This excludes nothing.",
    "Searched by the program alone: {n_unseen} further cells with a nucleus. This excludes nothing.",
    "unseen",
)
PROPOSED = N_("Among them it proposes: {names}.")
SENSITIVITY = N_(
    "Of blasts set into fields of {sites} laboratories that the network never saw, the program named or "
    "showed first {least} to {most} of 100; for other classes this was not measured."
)


def row_text(row: RareRow, result: RareCells, lang: str = "en") -> str:
    """One class in words: "0 of 1,204 cells looked at: fewer than 1 in 402, one-sided 95 %"."""
    count = tr(
        OF_CELLS, lang, found=whole(row.found, lang), cells=result.looked_at,
        n_cells=whole(result.looked_at, lang),
    )  # fmt: skip
    if result.waiting:
        return count
    if not row.bound:
        return tr(NO_LIMIT, lang, found=count)
    return tr(LIMIT, lang, found=count, bound=whole(row.bound, lang))


def person_lines(result: RareCells, lang: str = "en") -> list[str]:
    """What a person's look says: whether the search is at its end, and one line a class."""
    if not result.looked_at:
        first = [tr(NONE_LOOKED_AT, lang)]
        return [*first, *([tr(WAITING, lang, waiting=result.waiting)] if result.waiting else [])]
    lines = [labelled(tr(row.name, lang), row_text(row, result, lang), lang) for row in result.rows]
    return [*lines, end_text(result, lang)]


def end_text(result: RareCells, lang: str = "en") -> str:
    """Whether the stop rule holds, or what is missing."""
    if result.waiting:
        return tr(WAITING, lang, waiting=result.waiting)
    if result.reached:
        return tr(REACHED, lang, one_in=whole(result.one_in, lang))
    if result.exhausted:
        return tr(EXHAUSTED, lang)
    left = max(1, result.needed - result.looked_at)
    text = tr(GOES_ON, lang, one_in=whole(result.one_in, lang), left=left, n_left=whole(left, lang))
    return text if result.whole_film else f"{text} {tr(NOT_WHOLE, lang)}"


def program_lines(result: RareCells, lang: str = "en") -> list[str]:
    """What the program alone searched, and how much that is worth."""
    if not result.unseen:
        return []
    lines = [tr(PROGRAM, lang, unseen=result.unseen, n_unseen=whole(result.unseen, lang))]
    named = [f"{whole(row.proposed, lang)} {tr(row.name, lang)}" for row in result.rows if row.proposed]
    if named:
        lines.append(tr(PROPOSED, lang, names=", ".join(named)))
    lines.append(
        tr(SENSITIVITY, lang, sites=SENSITIVITY_SITES, least=SENSITIVITY_LEAST, most=SENSITIVITY_MOST)
    )
    return lines


def whole(value: int, lang: str = "en") -> str:
    """A whole number with thousands set apart."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}" if lang == "fr" else ",")
