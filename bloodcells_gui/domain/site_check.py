"""Site check: what a laboratory may expect of its own images, which cells to name first, what became of it.

Of the cells to name first half are drawn by chance, and only these judge the expectation; the other half are
the most doubtful of each kind, which teach most and would make it look worse than it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.i18n import N_, Reason, plural
from bloodcells_gui.domain.review import Signature
from bloodcells_gui.domain.site_expectation import Answers, Expectation, Limits
from bloodcells_gui.domain.specimen import ScaleEstimate
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.domain.taxonomy import BY_CODE, NUCLEATED, ROLLUPS

#: Nucleated cells without which nothing is expected, and from which on the limits are as narrow as they get.
LEAST_CELLS, ENOUGH_CELLS = 30, 200
#: So many cells are to be named first; of these so many are drawn by chance: only those can be judged by.
FIRST_CELLS, DRAWN_CELLS = 100, 50
#: Reasons why a cell stands on the list.
DRAWN, SUSPICIOUS, TELLING = "drawn", "look first", "telling"
#: Embeddings with a larger cosine show the same cell, or one that teaches nothing more.
SAME_CELL = 0.985
_FIVE = ROLLUPS["five"]
_TEN = ROLLUPS["ten"]
_FIVE_CODES = frozenset(row.code for row in _FIVE.rows if row.counts and not row.code.startswith("OTHER"))


def five_part(code: str) -> str:
    """The row of the five-part differential that counts a class; "" for any other class."""
    row = _FIVE.row_of(code).code if code in BY_CODE else ""
    return row if row in _FIVE_CODES else ""


def kind_of(code: str) -> str:
    """The row of the ten classes that counts a class."""
    return _TEN.row_of(code).code


# ---- which cells to name first


@dataclass(frozen=True, slots=True)
class FirstCell:
    """A cell that is to be named first, and why: :data:`DRAWN`, :data:`SUSPICIOUS` or :data:`TELLING`."""

    id: int
    why: str


def first_cells(
    cells: Sequence[Cell],
    alike: Mapping[int, Iterable[int]],
    order: Sequence[int],
    suspicious: frozenset[int] = frozenset(),
) -> list[FirstCell]:
    """Choose the cells to name first: half drawn by chance, half the most telling of each proposed class.

    Only the drawn can say how many of all cells are right; the telling teach most. Of cells that show the
    same, one is enough.

    Parameters
    ----------
    cells : sequence of Cell
    alike : mapping
        Id -> ids of the cells that show the same.
    order : sequence of int
        All ids, shuffled: the first of them are drawn.
    suspicious : frozenset of int
        Cells that are shown first; of each class they come before the others.
    """
    known = {c.id: c for c in cells if c.predicted in NUCLEATED}
    chosen: dict[int, FirstCell] = {
        i: FirstCell(i, DRAWN) for i in [i for i in order if i in known][:DRAWN_CELLS]
    }
    waiting: dict[str, list[Cell]] = {}
    for cell in known.values():
        if cell.id not in chosen:
            waiting.setdefault(kind_of(cell.predicted), []).append(cell)
    for group in waiting.values():
        group.sort(key=lambda c: (c.id not in suspicious, -c.uncertainty, c.id))
    seen = {other for i in chosen for other in alike.get(i, ())}
    while len(chosen) < FIRST_CELLS and waiting:
        for name in sorted(waiting):
            best = next((c for c in waiting[name] if c.id not in seen), None)
            if best is None or len(chosen) >= FIRST_CELLS:
                del waiting[name]
                continue
            waiting[name].remove(best)
            seen.update({best.id, *alike.get(best.id, ())})
            chosen[best.id] = FirstCell(best.id, SUSPICIOUS if best.id in suspicious else TELLING)
    return list(chosen.values())


# ---- what became of it


class Judged(NamedTuple):
    """A cell that a person named: what was proposed ("" where it was unidentified), and its final class."""

    proposed: str
    final: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the cells that a person named say of the expectation.

    Attributes
    ----------
    cells : int
        Judged cells of the five-part classes.
    named, right : int
        Of these how many the program had named; of the named how many rightly.
    others : int
        Judged cells of other classes, which the expectation does not speak of.
    all_cells : bool
        Whether every cell was named by a person, and not only the drawn ones.
    """

    cells: int
    named: int
    right: int
    others: int
    all_cells: bool

    @property
    def named_limits(self) -> Limits:
        """Share named with exact 95 % limits."""
        return _exact(self.named, self.cells)

    @property
    def right_limits(self) -> Limits:
        """Share right of the named with exact 95 % limits."""
        return _exact(self.right, self.named)


def found_in(judged: Sequence[Judged], *, all_cells: bool) -> Found:
    """Count judged cells: a proposal is right where it is of the same five-part row."""
    of_five = [j for j in judged if five_part(j.final)]
    named = [j for j in of_five if j.proposed]
    right = sum(five_part(j.proposed) == five_part(j.final) for j in named)
    return Found(len(of_five), len(named), right, len(judged) - len(of_five), all_cells)


def _exact(x: int, n: int) -> Limits:
    low, high = clopper_pearson(x, n)
    return Limits(x / n if n else math.nan, low, high)


AS_EXPECTED, BELOW, ABOVE, UNKNOWN = "as expected", "below", "above", "unknown"


def verdict(expected: Limits | None, found: Limits) -> str:
    """Whether a found share contradicts the expected one: their limits have no value in common."""
    if expected is None or math.isnan(found.value):
        return UNKNOWN
    if found.high < expected.low:
        return BELOW
    return ABOVE if found.low > expected.high else AS_EXPECTED


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure of pictures or scale with the range that is familiar; None where no range is known."""

    code: str
    value: float
    familiar: tuple[float, float] | None = None

    @property
    def odd(self) -> int:
        """-1 below the familiar range, 1 above, 0 within it or where nothing is known."""
        if self.familiar is None or math.isnan(self.value):
            return 0
        return -1 if self.value < self.familiar[0] else int(self.value > self.familiar[1])


#: Why nothing is expected.
NO_EXPECTATION = N_("No expectation is known for these models.")
PROFILE_IN_USE = N_("A profile of the laboratory is in use: evaluate it on labelled cells instead.")
TOO_FEW_CELLS = plural(
    "Only {n} cell with a nucleus was found: nothing is expected of fewer than {least}. Give more images.",
    "Only {n} cells with a nucleus were found: nothing is expected of fewer than {least}. Give more images.",
)


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """Everything that a site check says.

    Attributes
    ----------
    specimen, kind : str
    images : int
    model, profile : str
        Classifier ("id sha256") and profile of the run.
    analysed : str
        When (UTC, ISO 8601).
    answers : Answers
    readings : tuple of Reading
        Of pictures and scale.
    proposed : mapping
        Code of the ten classes -> number of cells that are proposed as it, named or not.
    scale : ScaleEstimate or None
    expectation : Expectation or None
        None where none is known for the models.
    named, right : Limits or None
        Expected shares; None where nothing is expected.
    why_not : Reason or None
        Why nothing is expected.
    remarks : tuple of Remark
        What the analysis itself said of scale and look.
    first : tuple of FirstCell
    decided : int
        Of the cells to name first, how many a person decided on.
    drawn_open : int
        Of the drawn ones, how many nobody decided on: with one, nothing is said of what became of them.
    found : Found or None
    signatures : tuple of Signature
        Of the case's report.
    chain_head : str
        Hash that stands for all that the case holds.
    """

    specimen: str
    kind: str
    images: int
    model: str
    profile: str
    analysed: str
    answers: Answers
    readings: tuple[Reading, ...]
    proposed: Mapping[str, int]
    scale: ScaleEstimate | None
    expectation: Expectation | None
    named: Limits | None
    right: Limits | None
    why_not: Reason | None
    remarks: tuple[Remark, ...]
    first: tuple[FirstCell, ...]
    decided: int
    drawn_open: int
    found: Found | None
    signatures: tuple[Signature, ...] = ()
    chain_head: str = ""
