"""Which places of a cell speak for a class and which against it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

#: Log-odds below which no single place decides: covering it changes the odds by less than a third.
NOTHING_HINGES = 0.25


class MapKind(StrEnum):
    """How an explanation map is made."""

    OCCLUSION = "occlusion"
    GRAD_CAM = "grad_cam"


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """An explanation map of one class over the window that the case keeps of a cell.

    Attributes
    ----------
    kind : MapKind
    values : (h, w) float32
        Occlusion: -1 to 1, above 0 where a place speaks for the class, below where it speaks for the rival.
        Grad-CAM: 0 to 1.
    rival : str
        Leaf that the class is weighed against, the likeliest of the others; "" for Grad-CAM.
    log_odds : float
        Of the class against the rival with nothing covered; natural logarithm, 0 for Grad-CAM.
    lost, gained : float
        The most that covering a single place takes from these log-odds, and adds to them; both 0 or more.
    """

    kind: MapKind
    values: NDArray[np.float32]
    rival: str = ""
    log_odds: float = 0.0
    lost: float = 0.0
    gained: float = 0.0

    @property
    def says_nothing(self) -> bool:
        """Whether no place changes the answer, or the map is empty."""
        if self.kind is MapKind.GRAD_CAM:
            return not bool(self.values.any())
        return max(self.lost, self.gained) < NOTHING_HINGES
