"""What a search for rare cells looks for, and how a case keeps that it is on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.taxonomy import (
    BLAST,
    BY_CODE,
    INTACT_NUCLEATED,
    MYELOCYTE,
    NRBC,
    PLASMA_CELL,
    PROMYELOCYTE,
)

#: Field of a case in which its search is on.
RARE_FIELD = "rare_cells"
_WRITTEN = re.compile(r"([A-Z0-9]{1,8}(?: [A-Z0-9]{1,8})*); (\d{2,6})")


@dataclass(frozen=True, slots=True)
class RareSearch:
    """Which classes are searched for, and how rare they must be shown to be.

    Attributes
    ----------
    codes : tuple of str
    one_in : int
        The search goes on until each of them is found, or known to be fewer than one in so many cells.
    """

    codes: tuple[str, ...] = field(
        default=(BLAST, PROMYELOCYTE, MYELOCYTE, NRBC, PLASMA_CELL),
        metadata=validation.items(validation.choice(*(c for c in BY_CODE if c in INTACT_NUCLEATED)), 12),
    )
    one_in: int = field(default=400, metadata=validation.number(10, 100_000, whole=True))

    def __post_init__(self) -> None:
        if not self.codes or len(set(self.codes)) != len(self.codes):
            raise ValueError(N_("no class to search for, or one twice"))

    def written(self) -> str:
        """As a case keeps it; :func:`search_of` reads it back."""
        return f"{' '.join(self.codes)}; {self.one_in}"


DEFAULT_SEARCH = RareSearch()


def search_of(data: SpecimenData) -> RareSearch | None:
    """The search of a case; None where none was begun."""
    found = _WRITTEN.fullmatch(data.fields.get(RARE_FIELD, ""))
    if found is None:
        return None
    codes = tuple(dict.fromkeys(code for code in found[1].split() if code in INTACT_NUCLEATED))
    return RareSearch(codes, max(10, int(found[2]))) if codes else None
