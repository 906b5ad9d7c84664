"""The red cells of a report: shares of the shape classes, grades, sizes, and what examined them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.grading import GradeItem
from bloodcells_gui.domain.red_cell_figures import distribution_of
from bloodcells_gui.domain.red_cells import (
    RED_CELL_CLASS,
    USUAL_DIAMETER_UM,
    GradeProposal,
    RedCells,
    RedCellShare,
)

#: Pictures of a graded class, at most.
PICTURES = 6
#: Of a measure: its name, and from where to where its plot goes, in so many bars.
PLOTTED = (("diameter_um", 4.0, 12.0), ("pallor", 0.0, 1.0))
BARS = 40
_LIMITS = {"diameter_um": (USUAL_DIAMETER_UM[0], USUAL_DIAMETER_UM[2])}
# Grades that no normal film has; 1+ alone is a few cells, and a model takes a few for what they are not.
_REMARKABLE = frozenset({"2+", "3+"})


@dataclass(frozen=True, slots=True)
class RedCellThumb:
    """A red cell of a graded class; `picture` is the sha256 of an asset, "" for none."""

    cell: int
    picture: str
    probability: float
    by_person: bool


@dataclass(frozen=True, slots=True)
class RedCellLine:
    """One shape class.

    `percent`, `low`, `high` are of the counted cells, exact 95 % limits; `by_person` of its cells a person
    named. `item` is the English name of what is graded, "" for none. `proposed` is what the program proposes,
    `open` says that the limits cross a threshold, and `more` that so many cells more would settle it;
    `accepted` is what a person gave. `held` doubtful cells would decide the grade, so that none is proposed.
    """

    code: str
    count: int
    percent: float
    low: float
    high: float
    by_person: int
    item: str = ""
    proposed: str = ""
    open: bool = False
    more: int = 0
    accepted: str = ""
    thumbs: tuple[RedCellThumb, ...] = ()
    held: int = 0


@dataclass(frozen=True, slots=True)
class RedCellMeasure:
    """How one measure of the counted cells lies: figures as `domain.red_cell_figures.Distribution` has them,
    and cells in bars of equal width from `start` to `end` (the first and last hold what lies beyond).

    `usual_low` and `usual_high` are NaN where there is no reference.
    """

    name: str
    n: int
    mean: float
    sd: float
    cv: float
    low: float
    high: float
    start: float
    end: float
    bars: tuple[int, ...]
    usual_low: float = float("nan")
    usual_high: float = float("nan")


@dataclass(frozen=True, slots=True)
class RedCellBlock:
    """What an examination of red cells has come to.

    `cells` count, `looked_at` of all a person named, `not_counted` are out of the count by a person's word,
    `cut` were left out because the border of their field cuts them, `doubtful` are proposals too unsure to go
    by that nobody looked at. `model` is "id sha256".
    """

    cells: int
    looked_at: int
    not_counted: int
    cut: int
    doubtful: int
    fields: int
    model: str
    app_version: str
    status: RunStatus
    lines: tuple[RedCellLine, ...]
    measures: tuple[RedCellMeasure, ...] = ()
    remarks: tuple[Remark, ...] = field(default=())

    @property
    def remarkable(self) -> bool:
        """Whether a person gave a grade, or the program proposes one that no normal film has."""
        return any(line.accepted or line.proposed in _REMARKABLE for line in self.lines)

    @property
    def graded(self) -> tuple[RedCellLine, ...]:
        """Classes with an accepted grade, or a proposed one that no normal film has."""
        return tuple(li for li in self.lines if li.accepted or li.proposed in _REMARKABLE)


def lines_of(
    shares: Sequence[RedCellShare],
    proposals: Mapping[str, GradeProposal],
    grades: Mapping[str, str],
    items: Sequence[GradeItem],
) -> tuple[RedCellLine, ...]:
    """A line for every class; `grades` are those that persons gave, by the id of their item."""
    names = {item.id: item.name for item in items}
    found = []
    for share in shares:
        item = RED_CELL_CLASS[share.code].grade_item
        proposal = proposals.get(share.code)
        found.append(
            RedCellLine(
                share.code, share.count, share.percent, share.low, share.high, share.by_person,
                names.get(item, ""),
                proposal.grade if proposal is not None else "",
                proposal is not None and not proposal.settled,
                proposal.more if proposal is not None else 0,
                grades.get(item, "") if item else "",
                held=proposal.held if proposal is not None else 0,
            )
        )  # fmt: skip
    return tuple(found)


def measures_of(counted: RedCells) -> tuple[RedCellMeasure, ...]:
    """The plotted measures of the counted cells; one with too few values is left out."""
    found = []
    for name, start, end in PLOTTED:
        values = counted.measure(name)
        lies = distribution_of(values)
        if lies is None:
            continue
        low, high = _LIMITS.get(name, (math.nan, math.nan))
        found.append(
            RedCellMeasure(
                name, lies.n, lies.mean, lies.sd, lies.cv, lies.low, lies.high, start, end,
                _bars(values, start, end), low, high,
            )
        )  # fmt: skip
    return tuple(found)


def _bars(values: NDArray[np.float32], start: float, end: float) -> tuple[int, ...]:
    finite = values[np.isfinite(values)]
    at = ((finite - start) / (end - start) * BARS).astype(np.int64).clip(0, BARS - 1)
    return tuple(np.bincount(at, minlength=BARS).tolist())
