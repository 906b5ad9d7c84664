"""How the sizes and the pallor of the counted red cells lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.red_cells import NOT_COUNTED, RedCells

#: Fewer cells describe no distribution.
FEWEST_MEASURED = 20


@dataclass(frozen=True, slots=True)
class Distribution:
    """One measure of the counted cells.

    `sd` is the sample's standard deviation (n - 1); `cv` is 100 sd / mean, as of the red-cell distribution
    width, where the mean is above 0, else NaN. `low` and `high` hold the middle 95 of 100 cells.
    """

    n: int
    mean: float
    sd: float
    cv: float
    low: float
    median: float
    high: float


def distribution_of(values: NDArray[np.float32]) -> Distribution | None:
    """Figures of the finite values; None from fewer than `FEWEST_MEASURED`."""
    found = np.asarray(values, np.float64)
    found = found[np.isfinite(found)]
    if len(found) < FEWEST_MEASURED:
        return None
    mean, sd = float(found.mean()), float(found.std(ddof=1))
    low, median, high = (float(v) for v in np.percentile(found, (2.5, 50.0, 97.5)))
    return Distribution(
        len(found), mean, sd, 100 * sd / mean if mean > 0 else float("nan"), low, median, high
    )


def counted(cells: RedCells, final: list[str]) -> RedCells:
    """Those that are in the count."""
    return cells.take(np.array([code != NOT_COUNTED for code in final], np.bool_))
