"""Red cells: their shape classes, what is measured of each, and how they are counted.

Codes are those of `red_cells.csv` (docs/command-line.md). The classes are those that one public set labels
(Naruenatthanaset et al. 2021, Chula RBC-12); grades follow the items of :mod:`.grading`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.grading import GradeItem
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.stats import clopper_pearson

#: What a person calls what is no whole red cell: it leaves the count.
NOT_COUNTED = "-"
#: So many whole cells are examined on a slide at least (ICSH 2015).
FEWEST_EXAMINED = 1_000
#: Under so many counted cells no grade is proposed.
FEWEST_FOR_GRADE = 200
_FEW = "1+"
# Limits of a share are not taken below this, %: none and a few cells cross no threshold.
_SOME = 1e-9
#: So many more cells a hint asks for at a time, up to the second number in all.
HINT_STEP, MOST_HINTED = 500, 20_000
#: Median diameter, um, and the limits within which 95 of 100 red cells of a healthy adult lie on a dry film
#: (docs/glossary.md; recalled, as are the scale's 7.2 to 7.5 um).
USUAL_DIAMETER_UM = (6.2, 7.35, 8.2)


@dataclass(frozen=True, slots=True)
class RedCellClass:
    """One shape class.

    Attributes
    ----------
    code : str
        As in every file.
    name : str
        English name; the key of its translation.
    grade_item : str
        Id of the item of :data:`~bloodcells_gui.domain.grading.DEFAULT_GRADING` that the share of the class
        proposes a grade for; "" for none.
    rgb : tuple of int
        Display colour.
    key : str
        Key that names a cell so.
    few : bool
        Whether 1+ is proposed: ICSH 2015 (Palmer et al.) grades few cells of schistocytes alone, all others
        from 2+ on. A person can give 1+ for any.
    """

    code: str
    name: str
    grade_item: str
    rgb: tuple[int, int, int]
    key: str
    few: bool = False


RED_CELL_CLASSES: tuple[RedCellClass, ...] = (
    RedCellClass("NORM", N_("Normal red cell"), "", (150, 150, 150), "N"),
    RedCellClass("MACRO", N_("Macrocyte"), "macrocytosis", (0, 114, 178), "M"),
    RedCellClass("MICRO", N_("Microcyte"), "microcytosis", (86, 180, 233), "I"),
    RedCellClass("SPHERO", N_("Spherocyte"), "spherocytes", (213, 94, 0), "S"),
    RedCellClass("TARGET", N_("Target cell"), "target-cells", (204, 121, 167), "T"),
    RedCellClass("STOMATO", N_("Stomatocyte"), "stomatocytes", (0, 158, 115), "O"),
    RedCellClass("OVALO", N_("Ovalocyte"), "ovalocytes", (230, 159, 0), "V"),
    RedCellClass("TEAR", N_("Teardrop cell"), "teardrop-cells", (120, 94, 240), "D"),
    RedCellClass("BURR", N_("Burr cell (echinocyte)"), "echinocytes", (160, 120, 60), "B"),
    RedCellClass("SCHISTO", N_("Schistocyte"), "schistocytes", (220, 38, 127), "F", few=True),
    RedCellClass("HYPO", N_("Hypochromic red cell"), "hypochromia", (110, 190, 110), "H"),
    RedCellClass("ELLIPTO", N_("Elliptocyte"), "elliptocytes", (200, 180, 40), "E"),
    RedCellClass("OTHER", N_("Other red cell"), "", (90, 90, 90), "X"),
)
RED_CELL_CODES: tuple[str, ...] = tuple(c.code for c in RED_CELL_CLASSES)
RED_CELL_CLASS: Mapping[str, RedCellClass] = {c.code: c for c in RED_CELL_CLASSES}
_FEW_GRADED = frozenset(c.code for c in RED_CELL_CLASSES if c.few)

#: What is measured of each cell, in the order of the columns, with its unit (see
#: :mod:`bloodcells_gui.imaging.red_cell_outlines` for the formulas).
RED_CELL_MEASURES: tuple[str, ...] = (
    "diameter_um",
    "area_um2",
    "perimeter_um",
    "circularity",
    "elongation",
    "pallor",
    "pallor_depth",
    "density",
)


@dataclass(frozen=True, slots=True, eq=False)
class RedCells:
    """Columns of red cells, one row a cell; cells that the border of a field cuts are not among them.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
        Unique within the case, in a numbering of their own; never those of leukocytes.
    images : ndarray of int32, shape (n,)
        Index of the image within the specimen.
    fields : ndarray of int32, shape (n,)
        Id of the examined field.
    boxes : ndarray of float32, shape (n, 4)
        x, y of the top left corner, width, height, full-resolution px of the image.
    measures : ndarray of float32, shape (n, len(RED_CELL_MEASURES))
        NaN where a value could not be measured.
    probabilities : ndarray of float32, shape (n, len(RED_CELL_CODES))
    doubt : ndarray of float32, shape (n,)
        0 to 1.
    doubtful : ndarray of bool, shape (n,)
        Whether the proposal is too unsure to go by.
    parted : ndarray of bool, shape (n,)
        Whether the cell overlaps another and was parted from it.
    """

    ids: NDArray[np.int64]
    images: NDArray[np.int32]
    fields: NDArray[np.int32]
    boxes: NDArray[np.float32]
    measures: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    doubt: NDArray[np.float32]
    doubtful: NDArray[np.bool_]
    parted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @staticmethod
    def none() -> RedCells:
        """No cell at all."""
        return RedCells(
            np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32),
            np.zeros((0, 4), np.float32), np.zeros((0, len(RED_CELL_MEASURES)), np.float32),
            np.zeros((0, len(RED_CELL_CODES)), np.float32), np.zeros(0, np.float32),
            np.zeros(0, np.bool_), np.zeros(0, np.bool_),
        )  # fmt: skip

    @staticmethod
    def join(parts: Sequence[RedCells]) -> RedCells:
        """One table out of several, in their order."""
        if not parts:
            return RedCells.none()
        return RedCells(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in RedCells.__slots__)
        )

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> RedCells:
        """Those chosen by a mask or by indices."""
        return RedCells(*(getattr(self, name)[which] for name in RedCells.__slots__))

    def measure(self, name: str) -> NDArray[np.float32]:
        """One column of the measures, shape (n,); ValueError for a name that is none."""
        return self.measures[:, RED_CELL_MEASURES.index(name)]

    def predicted(self) -> list[str]:
        """Code that the program proposes for each cell: the most probable class."""
        if not len(self):
            return []
        best = self.probabilities.argmax(1)
        return [RED_CELL_CODES[i] for i in best.tolist()]

    def unsure(self, named: Container[int]) -> list[str]:
        """Codes proposed for the doubtful cells that no person named (`named`, by id)."""
        cells = zip(self.ids.tolist(), self.predicted(), self.doubtful.tolist(), strict=True)
        return [code for i, code, doubtful in cells if doubtful and i not in named]

    def final(self, named: Mapping[int, str]) -> list[str]:
        """Code that holds for each cell: what a person named it (`named`, by id), else the proposal."""
        return [named.get(i, code) for i, code in zip(self.ids.tolist(), self.predicted(), strict=True)]


@dataclass(frozen=True, slots=True)
class RedCellShare:
    """How many cells of a class there are.

    `percent`, `low` and `high` are of the counted cells, with exact limits (Clopper and Pearson 1934, 95 %);
    `by_person` says how many of them a person named, `doubtful` how many are doubtful and nobody named.
    """

    code: str
    count: int
    total: int
    percent: float
    low: float
    high: float
    by_person: int = 0
    doubtful: int = 0


def shares(
    final: Iterable[str], by_person: Iterable[str] = (), doubtful: Iterable[str] = ()
) -> tuple[RedCellShare, ...]:
    """The share of every class, in the order of :data:`RED_CELL_CLASSES`.

    Parameters
    ----------
    final : iterable of str
        Code that holds for each cell; `NOT_COUNTED` leaves the count.
    by_person : iterable of str
        Codes of those cells that a person named.
    doubtful : iterable of str
        Codes of those cells whose proposal is doubtful, and that no person named.
    """
    counts = Counter(code for code in final if code != NOT_COUNTED)
    named, unsure = Counter(by_person), Counter(doubtful)
    total = sum(counts.values())
    out = []
    for code in RED_CELL_CODES:
        x = counts.get(code, 0)
        low, high = clopper_pearson(x, total) if total else (0.0, 1.0)
        percent = 100 * x / total if total else 0.0
        limits = (100 * low, 100 * high)
        out.append(RedCellShare(code, x, total, percent, *limits, named.get(code, 0), unsure.get(code, 0)))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class GradeProposal:
    """A grade that the program proposes for one item; a person accepts it or gives another.

    Attributes
    ----------
    item : str
        Id of the grading item.
    grade : str
        One of :data:`~bloodcells_gui.domain.grading.GRADES`; "" where the share is not graded.
    lowest, highest : str
        Grades of both limits of the share.
    more : int
        So many more cells would probably settle the grade; 0 where both limits give one grade, or where no
        number of cells up to `MOST_HINTED` would.
    held : int
        Doubtful cells without which the grade would be lower: it is not proposed until a person has looked
        at them. 0 where the sure cells alone give the grade.
    """

    item: str
    grade: str
    lowest: str
    highest: str
    more: int = 0
    held: int = 0

    @property
    def settled(self) -> bool:
        """Whether both limits of the share give one grade."""
        return self.lowest == self.highest


def propose_grade(
    share: RedCellShare, item: GradeItem, *, fewest: int = FEWEST_FOR_GRADE
) -> GradeProposal | None:
    """The grade of a share by the laboratory's thresholds.

    Returns
    -------
    GradeProposal or None
        None from under `fewest` cells, and for an item that is switched off.
    """
    if share.total < fewest or not item.enabled:
        return None
    few = share.code in _FEW_GRADED
    grade, held = _graded(item, share.percent, few), 0
    sure = 100 * (share.count - share.doubtful) / share.total
    if grade and _graded(item, sure, few) != grade:
        # Of a look that the model does not know many cells are doubtful: they make no grade by themselves.
        grade, held = "", share.doubtful
    lowest, highest = (_graded(item, max(limit, _SOME), few) for limit in (share.low, share.high))
    if lowest == highest:
        return GradeProposal(item.id, grade, lowest, highest, held=held)
    total = share.total
    while total < MOST_HINTED:
        total += HINT_STEP
        limits = clopper_pearson(round(total * share.percent / 100), total)
        low, high = (_graded(item, max(100 * limit, _SOME), few) for limit in limits)
        if low == high:
            return GradeProposal(item.id, grade, lowest, highest, total - share.total, held)
    return GradeProposal(item.id, grade, lowest, highest, held=held)


def _graded(item: GradeItem, percent: float, few: bool) -> str:
    """The grade of a share as far as it is proposed: few cells only where that is graded."""
    grade = item.grade(percent)
    return grade if few or grade != _FEW else ""


def propose_grades(found: Iterable[RedCellShare], items: Iterable[GradeItem]) -> dict[str, GradeProposal]:
    """Class code -> proposed grade, for classes that have an item among `items`."""
    by_id = {item.id: item for item in items}
    out = {}
    for share in found:
        item = by_id.get(RED_CELL_CLASS[share.code].grade_item)
        proposal = propose_grade(share, item) if item is not None else None
        if proposal is not None:
            out[share.code] = proposal
    return out
