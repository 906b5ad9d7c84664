"""Where the cells of a slide lie: whether in zones that can be read, and what speaks against the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.run_messages import POOR_ZONES, POOR_ZONES_BY, remark
from bloodcells_gui.domain.zones import READABLE, ranked_reasons

#: From this share of tiles with cells on, poor zones are told.
MANY_POOR = 0.2


class PoorZones:
    """Counts the tiles with cells by how well they can be read."""

    def __init__(self) -> None:
        self._good = self._poor = 0
        self._against: Counter[str] = Counter()

    def learn(self, score: float, reasons: Sequence[str]) -> None:
        """Remember a tile that holds cells; of several reasons against it the strongest counts."""
        if score >= READABLE:
            self._good += 1
            return
        self._poor += 1
        self._against.update(ranked_reasons(reasons)[:1])

    def remarks(self) -> list[Remark]:
        """What is to be said, if many cells lie in poor zones: one reason, the commonest."""
        if self._poor <= MANY_POOR * (self._poor + self._good):
            return []
        if not self._against:
            return [remark(POOR_ZONES)]
        return [remark(POOR_ZONES_BY, reason=self._against.most_common(1)[0][0])]
