"""Reliability: how likely the adapted name of a cell is right.

The adaptation makes more cells right, and itself surer than it is: cells that moved together support each other,
right or wrong. So the confidence after the adaptation alone says too little. A logistic regression (Platt 1999,
"Probabilistic outputs for support vector machines") judges each adapted proposal by both answers:

    ln odds(right) = intercept + adapted * ln odds(a) + own * ln odds(r) - change * D

a is the adapted probability of the coarse class that the cell is named, r what the classifier gave that same class
before the adaptation, and D how far the adaptation changed the specimen: the mean total variation distance between
the two over its nucleated cells. D is 0.02 to 0.05 in laboratories of the training and several times as large in
others, so a specimen that looks foreign names fewer cells. All factors are 0 or more: the reliability grows with
either probability and falls with D. They are fitted on laboratories that the network never saw
(``scripts/training/reliability_fit.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Probabilities are taken as no nearer to 0 and 1 than this: beyond it they say no more.
NEAREST = 1e-3
_LARGEST = 100.0


@dataclass(frozen=True, slots=True)
class Reliability:
    """The factors of the logistic regression.

    Attributes
    ----------
    intercept : float
    adapted, own, change : float
        Factors of the adapted probability, of the classifier's own, and of the specimen's change; 0 or more.
    threshold : float
        Uncertainty (one minus the reliability) above which a nucleated cell is left unidentified, 0 to 1.
    """

    intercept: float
    adapted: float
    own: float
    change: float
    threshold: float

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> Reliability | None:
        """Read the factors from a card's "reliability"; None where the card has none.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where it does not hold five numbers in range.
        """
        if card is None:
            return None
        names = ("intercept", "adapted", "own", "change", "threshold")
        found = Reliability(*(float(card[name]) for name in names))
        if not found.is_valid:
            raise ValueError("reliability is out of range")
        return found

    @property
    def is_valid(self) -> bool:
        """Whether all numbers are in range."""
        # NaN fails every comparison.
        factors = all(0 <= value <= _LARGEST for value in (self.adapted, self.own, self.change))
        return factors and abs(self.intercept) <= _LARGEST and 0 <= self.threshold < 1

    def of(self, adapted: Floats, own: Floats, change: float) -> Floats:
        """Compute the reliability (n,), 0 to 1.

        Parameters
        ----------
        adapted, own : (n,) float32
            Probability of the coarse class that the cell is named, after and before the adaptation.
        change : float
            D of the module's description.
        """
        odds = self.intercept + self.adapted * log_odds(adapted) + self.own * log_odds(own)
        return np.asarray(1 / (1 + np.exp(-(odds - self.change * change))), np.float32)

    def numbers(self) -> tuple[float, ...]:
        """Return the numbers in the order of the attributes."""
        return astuple(self)


def log_odds(probabilities: Floats) -> NDArray[np.float64]:
    """Compute the natural logarithm of the odds of probabilities, kept NEAREST away from 0 and 1."""
    p = np.clip(np.asarray(probabilities, np.float64), NEAREST, 1 - NEAREST)
    return np.asarray(np.log(p / (1 - p)), np.float64)


def specimen_change(before: Floats, after: Floats) -> float:
    """Compute how far the adaptation changed a specimen: the mean total variation distance, 0 to 1.

    Parameters
    ----------
    before, after : (n, R) float32
        Probabilities of the coarse rows of its nucleated cells; 0 without a cell.
    """
    return float(0.5 * np.abs(after - before).sum(axis=1).mean()) if len(before) else 0.0
