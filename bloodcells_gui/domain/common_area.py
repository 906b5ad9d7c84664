"""Ratios to the leukocytes, with both counted on the same area.

On slides leukocytes are searched far and wide, red cells and platelets on a sample of tiles; a run that was
cut off leaves an image half searched. Dividing one count by the other would then say more of the run than of
the smear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bloodcells_gui.domain.taxonomy import PLATELET, PLATELETS


@dataclass(frozen=True, slots=True)
class SameArea:
    """What was counted, beside leukocytes, on one part of the specimen.

    Attributes
    ----------
    items : mapping of str to int
        Leaf code -> number on the area; a leaf that is missing was not counted there.
    leukocytes : int
        Cells of the area that count in the 100 %.
    area_mm2 : float
    platelets_together : bool
        `items[PLATELET]` holds giant platelets and clumps too: they were counted before they were named.
    """

    items: Mapping[str, int] = field(default_factory=dict)
    leukocytes: int = 0
    area_mm2: float = 0.0
    platelets_together: bool = False

    def of(self, leaves: Iterable[str]) -> int | None:
        """How many of these leaves together; None where one of them was not counted on the area."""
        wanted = set(leaves)
        if self.platelets_together and PLATELET in wanted:
            wanted -= PLATELETS - {PLATELET}
        if not wanted <= set(self.items):
            return None
        return sum(self.items[leaf] for leaf in wanted)
