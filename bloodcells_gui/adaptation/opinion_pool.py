"""Opinion pool: what the classifier said of a cell and what the specimen made of it, taken together.

The adaptation makes more cells right, and itself surer than it is: cells that moved together support each
other, right or wrong. So its confidence alone says too little. Both answers are two opinions on the coarse
class, joined in a logarithmic opinion pool (Genest and Zidek 1986, "Combining probability distributions: a
critique and an annotated bibliography", Statistical Science 1:114-135):

    q  proportional to  (a^adapted * o^own) ^ (1 / (1 + change * D))

a are the adapted probabilities of the coarse rows, o the classifier's own, and D how far the adaptation
changed the specimen: the mean total variation distance between the two over its nucleated cells. Where both
name the same class the pool is sure; where the adaptation moved the cell it is less so; and of a specimen
that had to change much, as those of unfamiliar laboratories, fewer cells are named. It is marked as
unfamiliar. The factors are fitted on laboratories that the network never saw
(``scripts/training/pool_fit.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.run_record import PoolParameters

Floats = NDArray[np.float32]

#: Nucleated cells below which the look of a specimen is not judged.
ENOUGH_CELLS = 30
_MIN_PROBABILITY = 1e-6
_LARGEST = 100.0


@dataclass(frozen=True, slots=True)
class OpinionPool:
    """The factors of the pool.

    Attributes
    ----------
    adapted, own : float
        Exponents of the adapted probabilities and of the classifier's own; 0 or more, not both 0.
    change : float
        How much the change of the specimen flattens the pool; 0 or more.
    threshold : float
        Uncertainty above which a nucleated cell is left unidentified, 0 to 1.
    unfamiliar : float
        Change of a specimen beyond which it is marked as unfamiliar, 0 to 1; 1 never.
    critical : float
        Threshold of cells that are named a critical class; counts where it is the larger of the two. Few
        cells are named so wrongly, and many wait that are blasts.
    """

    adapted: float
    own: float
    change: float
    threshold: float
    unfamiliar: float = 1.0
    critical: float = 0.0

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> OpinionPool | None:
        """Read the factors from a card's "pool"; None where the card has none.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where it does not hold five numbers in range, or a sixth, `critical`, out of it.
        """
        if card is None:
            return None
        names = ("adapted", "own", "change", "threshold", "unfamiliar", "critical")
        known = {"critical": 0.0, **card}
        found = OpinionPool(*(float(known[name]) for name in names))
        if not found.is_valid:
            raise ValueError("pool is out of range")
        return found

    @property
    def is_valid(self) -> bool:
        """Whether all numbers are in range."""
        # NaN fails every comparison.
        factors = all(0 <= value <= _LARGEST for value in (self.adapted, self.own, self.change))
        thresholds = 0 <= self.threshold < 1 and 0 <= self.critical < 1
        return factors and self.adapted + self.own > 0 and thresholds and 0 < self.unfamiliar <= 1

    def looks_unfamiliar(self, change: float, cells: int) -> bool:
        """Tell whether a specimen of so many nucleated cells changed as those of unknown laboratories do."""
        return cells >= ENOUGH_CELLS and change > self.unfamiliar

    def joined(self, adapted: Floats, own: Floats, change: float) -> Floats:
        """Join the opinions on n cells: (n, R), rows sum to 1.

        Parameters
        ----------
        adapted, own : (n, R) float32
            Probabilities of the coarse rows, after and before the adaptation.
        change : float
            D of the module's description, see :func:`specimen_change`.
        """
        logits = self.adapted * _log(adapted) + self.own * _log(own)
        logits /= 1 + self.change * change
        odds = np.exp(logits - logits.max(axis=1, keepdims=True)) if len(logits) else logits
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)

    def to_record(self, change: float) -> PoolParameters:
        """Return what a case keeps of it, with the specimen's change."""
        factors = self.adapted, self.own, self.change
        return PoolParameters(*factors, self.threshold, self.unfamiliar, float(change), self.critical)

    @staticmethod
    def from_record(record: PoolParameters) -> tuple[OpinionPool, float]:
        """Read what :meth:`to_record` wrote, valid or not."""
        factors = record.adapted, record.own, record.change
        pool = OpinionPool(*factors, record.threshold, record.unfamiliar, record.critical)
        return pool, record.specimen_change


def _log(probabilities: Floats) -> NDArray[np.float64]:
    return np.asarray(np.log(np.maximum(np.asarray(probabilities, np.float64), _MIN_PROBABILITY)), np.float64)


def specimen_change(before: Floats, after: Floats) -> float:
    """Compute how far the adaptation changed a specimen: the mean total variation distance, 0 to 1.

    Parameters
    ----------
    before, after : (n, R) float32
        Probabilities of the coarse rows of its nucleated cells; 0 without a cell.
    """
    return float(0.5 * np.abs(after - before).sum(axis=1).mean()) if len(before) else 0.0
