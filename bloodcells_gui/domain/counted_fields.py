"""Parts of a specimen on which red cells, nucleated cells and platelets were all counted, and what they say.

A counted field is a whole field, or a tile of a slide. Platelets do not lie on a film like drops of rain: the
counts of fields differ by more than Poisson's law allows. So the limits here come from how much the fields
differ, not from the number of platelets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.stats import LEVEL, normal_quantile, ratio_limits, t_quantile
from bloodcells_gui.domain.zones import RectPx

#: Field of the case that lists the counted fields which a person left out; an event like any other.
LEFT_OUT_FIELD = "counted_fields_left_out"
#: Fewer fields do not tell how much fields differ.
FEWEST_FIELDS = 3
_MOST_LISTED = 4096


@dataclass(frozen=True, slots=True)
class CountedField:
    """One counted field.

    Attributes
    ----------
    image : int
        Index of the image within the specimen.
    box_px : tuple of int
        x, y, width, height in the image, full-resolution px.
    area_mm2 : float
        What of it is counted here and in no other field.
    red_cells, nucleated, platelets : int
        Cells that belong to that area.
    """

    image: int
    box_px: RectPx
    area_mm2: float
    red_cells: int
    nucleated: int
    platelets: int

    @property
    def key(self) -> str:
        """What an event calls it by: image, left, top."""
        return f"{self.image}:{self.box_px[0]}:{self.box_px[1]}"


def together(fields: Iterable[CountedField]) -> tuple[CountedField, ...]:
    """Each field once, the last count of it, in order of image, top and left."""
    latest = {f.key: f for f in fields}
    return tuple(sorted(latest.values(), key=lambda f: (f.image, f.box_px[1], f.box_px[0])))


def left_out(data: SpecimenData) -> frozenset[str]:
    """Keys of the fields that a person left out."""
    return frozenset(data.fields.get(LEFT_OUT_FIELD, "").split()[:_MOST_LISTED])


def written(keys: Iterable[str]) -> str:
    """The value of `LEFT_OUT_FIELD` for these keys."""
    return " ".join(sorted(set(keys)))


@dataclass(frozen=True, slots=True)
class FieldRatio:
    """A ratio of two sums over fields, with 95 % limits.

    Attributes
    ----------
    value, low, high : float
    spread : float
        Standard deviation of the single fields' ratios.
    fields : int
    """

    value: float
    low: float
    high: float
    spread: float
    fields: int


def field_ratio(
    counted: Sequence[float], sizes: Sequence[float], *, sizes_counted: bool = False, level: float = LEVEL
) -> FieldRatio | None:
    """The sum of `counted` over the sum of `sizes`, and limits from how much the fields differ.

    The estimator of a ratio of totals and its linearised variance (Cochran, Sampling Techniques 1977,
    chapter 6), on the logarithm, with Student's t of one less than the number of fields. Limits are never
    narrower than what Poisson's law allows: exact limits of the count over an area, or of two counts
    (:func:`~bloodcells_gui.domain.stats.ratio_limits`). So they hold 95 of 100 truths also where fields
    differ by more than chance (tests/domain/test_counted_fields.py). They state sampling error only.

    Parameters
    ----------
    counted : sequence of float
        Cells of each field.
    sizes : sequence of float
        Area of each field, or cells of another kind in it.
    sizes_counted : bool
        Whether `sizes` are counts themselves.

    Returns
    -------
    FieldRatio or None
        None for fewer than `FEWEST_FIELDS` fields with a size, or where the sizes are all 0.
    """
    x, a = np.asarray(counted, np.float64), np.asarray(sizes, np.float64)
    n, total = int(np.count_nonzero(a > 0)), float(a.sum())
    if n < FEWEST_FIELDS or total <= 0:
        return None
    cells = float(x.sum())
    value = cells / total
    low, high = _chance_limits(cells, total, sizes_counted, level)
    if cells > 0:
        variance = n / (n - 1) * float(((x - value * a) ** 2).sum()) / total**2
        reach = t_quantile(0.5 + level / 2, n - 1) * math.sqrt(variance) / value
        low, high = min(low, value * math.exp(-reach)), max(high, value * math.exp(reach))
    single = x[a > 0] / a[a > 0]
    return FieldRatio(value, low, high, float(single.std(ddof=1)), n)


def _chance_limits(cells: float, total: float, counted: bool, level: float) -> tuple[float, float]:
    """Exact limits of Poisson's law: of a count over an area, or of the ratio of two counts."""
    if counted:
        return ratio_limits(round(cells), round(total), level)
    low, high = poisson_limits(round(cells), level)
    return low / total, high / total


def poisson_limits(count: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact limits of the mean of a Poisson count (Garwood, Biometrika 1936), by bisection on its tail."""
    tail = (1 - level) / 2

    def tail_below(mean: float, upto: int) -> float:
        # Sum of the first terms, from the largest down in logarithms: no overflow for large means.
        if mean <= 0:
            return 1.0
        k = np.arange(upto + 1, dtype=np.float64)
        logs = k * math.log(mean) - mean - _log_factorials(upto)
        return float(np.exp(logs).sum())

    def root(wanted: float, upto: int) -> float:
        low, high = 0.0, count + 10.0 + 10.0 * math.sqrt(count + 1.0)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if tail_below(middle, upto) > wanted else (low, middle)
        return (low + high) / 2

    if count > _NORMAL_FROM:  # Wilson and Hilferty's cube root: right to a millionth there
        z = normal_quantile(0.5 + level / 2)
        low = count * (1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3
        more = count + 1
        return low, more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
    lower = 0.0 if count == 0 else root(1 - tail, count - 1)
    return lower, root(tail, count)


_NORMAL_FROM = 2000


def _log_factorials(upto: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, upto + 1, dtype=np.float64)))))
