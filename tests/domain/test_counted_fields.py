"""Limits of a ratio over fields hold the truth also where fields differ by more than chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bloodcells_gui.domain.counted_fields import (
    LEFT_OUT_FIELD,
    CountedField,
    field_ratio,
    left_out,
    poisson_limits,
    together,
    written,
)
from bloodcells_gui.domain.review import SpecimenData


def a_field(image: int = 0, x: int = 0, y: int = 0, platelets: int = 10, area: float = 0.1) -> CountedField:
    return CountedField(image, (x, y, 100, 100), area, 200, 1, platelets)


def test_poisson_limits_are_garwoods() -> None:
    # Garwood's table: 0 to 3.689; 10: 4.795 to 18.391; 100: 81.364 to 121.627
    for count, low, high in ((0, 0.0, 3.689), (10, 4.795, 18.391), (100, 81.364, 121.627)):
        assert poisson_limits(count) == pytest.approx((low, high), abs=2e-3)
    # the approximation for large counts goes on where the exact limits end
    exact, rough = poisson_limits(2000), poisson_limits(2001)
    assert rough[0] - exact[0] == pytest.approx(1.0, abs=0.05)
    assert rough[1] - exact[1] == pytest.approx(1.0, abs=0.05)


def test_the_ratio_is_that_of_the_totals_and_too_few_fields_give_none() -> None:
    found = field_ratio([10, 20, 30], [1.0, 1.0, 2.0])
    assert found is not None
    assert found.value == pytest.approx(15.0)
    assert found.low < 15.0 < found.high
    assert found.spread == pytest.approx(5.0)
    assert found.fields == 3
    assert field_ratio([10, 20], [1.0, 1.0]) is None
    assert field_ratio([1, 2, 3], [0.0, 0.0, 0.0]) is None


def test_no_platelet_at_all_has_an_upper_limit() -> None:
    found = field_ratio([0, 0, 0, 0], [0.1] * 4)
    assert found is not None
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(3.689 / 0.4, rel=1e-3)


@pytest.mark.parametrize(
    ("fields", "mean", "between"), [(5, 30.0, 0.0), (8, 100.0, 0.3), (20, 8.0, 0.5), (24, 150.0, 0.15)]
)
def test_limits_hold_the_truth_95_times_of_100(fields: int, mean: float, between: float) -> None:
    """Counts of a gamma mixture of Poisson's law, fields of unequal areas; 400 films."""
    rng = np.random.default_rng([fields, round(mean)])
    held = plain = 0
    films = 400
    for _ in range(films):
        areas = rng.uniform(0.6, 1.4, fields)
        rates = np.full(fields, mean)
        if between:
            rates = mean * rng.gamma(1 / between**2, between**2, fields)
        counts = rng.poisson(rates * areas)
        found = field_ratio(counts.tolist(), areas.tolist())
        assert found is not None
        held += found.low <= mean <= found.high
        low, high = poisson_limits(int(counts.sum()))
        plain += low <= mean * areas.sum() <= high
    # three standard errors of 95 % over 400 films
    assert held / films > 0.95 - 3 * math.sqrt(0.05 * 0.95 / films)
    if between >= 0.3:
        assert plain / films < 0.9  # Poisson's law alone would promise too much


def test_a_field_that_was_counted_twice_counts_once() -> None:
    first, again, other = a_field(platelets=3), a_field(platelets=5), a_field(x=100)
    assert together([first, other, again]) == (again, other)
    assert together([other, first, again]) == (again, other)


def test_fields_left_out_are_words_of_a_field_of_the_case() -> None:
    keys = [a_field(x=100).key, a_field(image=2).key]
    value = written([*keys, keys[0]])
    assert value == "0:100:0 2:0:0"
    assert left_out(SpecimenData({LEFT_OUT_FIELD: value})) == set(keys)
    assert left_out(SpecimenData()) == frozenset()
