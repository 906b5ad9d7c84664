"""Reference ranges: three published adult sets and the laboratory's own, by sex and age.

The published sets differ from each other, so the choice belongs to the laboratory. Figures are 10^9/L
unless a range says "%".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.i18n import N_

ABSOLUTE, PERCENT = "10^9/L", "%"
WBC = "WBC"


@dataclass(frozen=True, slots=True)
class RangeItem:
    """Something a range can be given for: a code, its English name and the leaves it sums."""

    code: str
    name: str
    leaves: tuple[str, ...]


ITEMS: dict[str, RangeItem] = {
    i.code: i
    for i in (
        RangeItem(WBC, "White cell count", ()),
        RangeItem("NEUTROPHIL", "Neutrophils (total)", ("SNE", "BNE")),
        RangeItem("BNE", "Band neutrophil", ("BNE",)),
        RangeItem("LYMPHOCYTE", "Lymphocytes (total)", ("LY", "VLY")),
        RangeItem("VLY", "Variant lymphocyte", ("VLY",)),
        RangeItem("MONOCYTE", "Monocyte", ("MO",)),
        RangeItem("EOSINOPHIL", "Eosinophil", ("EO",)),
        RangeItem("BASOPHIL", "Basophil", ("BA",)),
        RangeItem("IG", "Immature granulocytes (total)", ("MMY", "MY", "PMY")),
        RangeItem("BL", "Blast", ("BL",)),
        RangeItem("PC", "Plasma cell", ("PC",)),
        RangeItem("ERB", "Erythroblast (NRBC)", ("ERB",)),
    )
}


@dataclass(frozen=True, slots=True)
class Range:
    """Normal from `low` to `high` (either may be open), for people it fits.

    Attributes
    ----------
    item : str
        A key of `ITEMS`.
    low, high : float or None
        In `unit`; None is open.
    unit : str
        "10^9/L" or "%" of the counted leukocytes.
    sex : str
        "F", "M" or "" for both.
    age_from, age_to : float
        Years, from inclusive, to exclusive.
    """

    item: str = field(metadata=validation.choice(*ITEMS))
    low: float | None = field(default=None, metadata=validation.number(0, 1e6, optional=True))
    high: float | None = field(default=None, metadata=validation.number(0, 1e6, optional=True))
    unit: str = field(default=ABSOLUTE, metadata=validation.choice(ABSOLUTE, PERCENT))
    sex: str = field(default="", metadata=validation.choice("", "F", "M"))
    age_from: float = field(default=0.0, metadata=validation.number(0, 200))
    age_to: float = field(default=200.0, metadata=validation.number(0, 200))

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(N_("the lower limit is above the upper one"))
        if self.age_from >= self.age_to:
            raise ValueError(N_("the age range is empty"))

    def fits(self, sex: str, age: float | None) -> bool:
        """Whether this range is for such a person; unknown sex or age fits open ranges only."""
        if self.sex and self.sex != sex:
            return False
        if age is None:
            return self.age_from <= 0 and self.age_to >= 200
        return self.age_from <= age < self.age_to

    def side(self, value: float) -> str:
        """ "L" below, "H" above, "" within."""
        if self.low is not None and value < self.low:
            return "L"
        return "H" if self.high is not None and value > self.high else ""


@dataclass(frozen=True, slots=True)
class RangeSet:
    """A published set and where it was read."""

    id: str
    name: str
    source: str
    ranges: tuple[Range, ...]


# Nothing of these belongs in the blood of a healthy adult (standard knowledge, not re-read: editable).
_ABSENT = tuple(Range(code, 0.0, 0.0) for code in ("IG", "BL", "PC", "ERB"))


def _adult_ranges(**limits: tuple[float, float]) -> tuple[Range, ...]:
    return tuple(Range(code, low, high) for code, (low, high) in limits.items()) + _ABSENT


OWN = "own"
PUBLISHED: dict[str, RangeSet] = {
    s.id: s
    for s in (
        RangeSet(
            "oxford",
            "Oxford University Hospitals, adults",
            "Oxford University Hospitals NHS Foundation Trust, haematology reference ranges",
            _adult_ranges(
                WBC=(4.0, 11.0), NEUTROPHIL=(2.0, 7.0), LYMPHOCYTE=(1.0, 3.0), MONOCYTE=(0.2, 1.0),
                EOSINOPHIL=(0.02, 0.5), BASOPHIL=(0.02, 0.1),
            ),
        ),
        RangeSet(
            # The outermost of 15 laboratories' limits: a flag means that every one of them would flag.
            "uk",
            "United Kingdom, widest of 15 sources, adults",
            "PMC7082321",
            _adult_ranges(
                WBC=(3.0, 11.1), NEUTROPHIL=(1.47, 8.0), LYMPHOCYTE=(0.65, 4.5), MONOCYTE=(0.1, 1.5),
                EOSINOPHIL=(0.0, 0.8), BASOPHIL=(0.0, 0.3),
            ),
        ),
        RangeSet(
            "labcorp",
            "Labcorp / Henry, adults",
            "Labcorp test menu, after Henry's Clinical Diagnosis",
            _adult_ranges(
                NEUTROPHIL=(1.8, 7.8), LYMPHOCYTE=(1.0, 4.8), MONOCYTE=(0.0, 0.8), EOSINOPHIL=(0.0, 0.45),
                BASOPHIL=(0.0, 0.2),
            ),
        ),
    )
}  # fmt: skip


def best_matching_range(
    ranges: Iterable[Range], item: str, unit: str, sex: str = "", age: float | None = None
) -> Range | None:
    """The narrowest fitting range of `item` in `unit`, None when the set has none.

    A range for one sex goes before one for both, a shorter age span before a longer one.
    """
    fitting = [r for r in ranges if r.item == item and r.unit == unit and r.fits(sex, age)]
    return min(fitting, key=lambda r: (not r.sex, r.age_to - r.age_from), default=None)
