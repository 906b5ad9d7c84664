"""Exact limits against SciPy and against the published tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodcells_gui.domain import stats
from tests.support.rounds import rounds

# Published fixtures (percent): (n, x, low, high); Ruemke's table as it stands in the conventions.
TABLE = [
    (100, 0, 0.0, 3.6),
    (100, 1, 0.0, 5.4),
    (100, 5, 1.6, 11.3),
    (100, 10, 4.9, 17.6),
    (100, 20, 12.7, 29.2),
    (100, 50, 39.8, 60.2),
    (200, 0, 0.0, 1.8),
    (200, 2, 0.1, 3.6),
    (200, 10, 2.4, 9.0),
    (200, 20, 6.2, 15.0),
    (200, 40, 14.7, 26.2),
    (200, 100, 42.9, 57.1),
    (400, 0, 0.0, 0.9),
    (400, 20, 3.1, 7.6),
    (400, 200, 45.0, 55.0),
]


@pytest.mark.parametrize(("n", "x", "low", "high"), TABLE)
def test_limits_match_the_published_table(n: int, x: int, low: float, high: float) -> None:
    got = stats.clopper_pearson(x, n)
    assert (round(100 * got[0], 1), round(100 * got[1], 1)) == (low, high)


@settings(max_examples=rounds(50), deadline=None)
@given(st.integers(1, 20_000), st.floats(0, 1))
def test_clopper_pearson_equals_scipy(n: int, share: float) -> None:
    x = round(share * n)
    low, high = stats.clopper_pearson(x, n)
    want_low = 0.0 if x == 0 else scipy.stats.beta.ppf(0.025, x, n - x + 1)
    want_high = 1.0 if x == n else scipy.stats.beta.ppf(0.975, x + 1, n - x)
    assert low == pytest.approx(want_low, abs=1e-9)
    assert high == pytest.approx(want_high, abs=1e-9)


@settings(max_examples=rounds(40), deadline=None)
@given(st.floats(0.2, 500), st.floats(0.2, 500), st.floats(0.001, 0.999))
def test_beta_functions_equal_scipy(a: float, b: float, x: float) -> None:
    assert stats.beta_cdf(x, a, b) == pytest.approx(scipy.stats.beta.cdf(x, a, b), abs=1e-11)
    p = stats.beta_cdf(x, a, b)
    if 1e-6 < p < 1 - 1e-6:
        assert stats.beta_quantile(p, a, b) == pytest.approx(x, abs=1e-9)


def test_no_cells_means_nothing_known_and_impossible_counts_are_refused() -> None:
    assert stats.clopper_pearson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="not a share"):
        stats.clopper_pearson(3, 2)
    with pytest.raises(ValueError, match="negative"):
        stats.ratio_limits(-1, 2)


def test_ratio_limits_cover_as_exact_limits_must() -> None:
    """Limits of a ratio that passes 100 per 100: at the lower limit P(X >= x) is 2.5 %."""
    x, n = 150, 100
    low, high = stats.ratio_limits(x, n)
    assert low < 1.5 < high
    assert scipy.stats.binom.sf(x - 1, x + n, low / (1 + low)) == pytest.approx(0.025, abs=1e-9)
    assert scipy.stats.binom.cdf(x, x + n, high / (1 + high)) == pytest.approx(0.025, abs=1e-9)
    assert stats.ratio_limits(0, 100)[0] == 0.0
    # 0 of 100: the upper limit of a ratio is wider than that of a share (3.6 %)
    assert 100 * stats.ratio_limits(0, 100)[1] == pytest.approx(3.757, abs=0.001)
    assert stats.ratio_limits(3, 0)[1] == math.inf


@pytest.mark.parametrize(("x", "n"), [(0, 10), (3, 10), (10, 10), (57, 400)])
def test_wilson_equals_scipy(x: int, n: int) -> None:
    want = scipy.stats.binomtest(x, n).proportion_ci(method="wilson")
    assert stats.wilson(x, n) == pytest.approx((want.low, want.high), abs=1e-9)


@pytest.mark.parametrize("table", [(3, 100, 9, 100), (0, 50, 4, 60), (10, 200, 10, 200), (7, 7, 0, 9)])
def test_fisher_equals_scipy(table: tuple[int, int, int, int]) -> None:
    x, n, y, m = table
    assert stats.fisher_p(x, n, y, m) == pytest.approx(scipy.stats.fisher_exact([[x, n - x], [y, m - y]])[1])


def test_newcombe_difference_matches_the_paper() -> None:
    """56/70 - 48/80: 0.0524 to 0.3339 (Newcombe 1998, table II, method 10)."""
    d, low, high = stats.difference_limits(56, 70, 48, 80)
    assert (round(d, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)


def test_quantiles_equal_scipy() -> None:
    for p in (0.6, 0.975, 0.9995):
        assert stats.normal_quantile(p) == pytest.approx(scipy.stats.norm.ppf(p), abs=1e-10)
        for df in (1, 4, 30):
            assert stats.t_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-8)


def test_ruemke_says_when_a_second_count_cannot_be_the_same_blood() -> None:
    same = stats.ruemke(5, 100, 9, 100)
    assert same.inside
    assert same.p > 0.05
    other = stats.ruemke(5, 100, 20, 100)
    assert not other.inside
    assert other.p < 0.01


def test_kappa_of_the_textbook_example_and_of_perfect_readers() -> None:
    result = stats.cohen_kappa([[20, 5], [10, 15]])
    assert result.kappa == pytest.approx(0.4)
    assert result.low < 0.4 < result.high
    assert stats.cohen_kappa([[10, 0], [0, 7]]).kappa == 1.0
    assert math.isnan(stats.cohen_kappa([[10, 0], [0, 0]]).kappa)
    assert stats.cohen_kappa(np.zeros((2, 2))).n == 0


def test_kappa_limits_agree_with_a_resampling_estimate() -> None:
    rng = np.random.default_rng(7)
    table = np.array([[60, 6, 2], [9, 40, 3], [1, 5, 74]], dtype=float)
    result = stats.cohen_kappa(table)
    draws = rng.multinomial(200, (table / table.sum()).ravel(), size=2000).reshape(-1, 3, 3)
    spread = np.std([stats.cohen_kappa(t.astype(float)).kappa for t in draws])
    assert (result.high - result.low) / 2 / 1.96 == pytest.approx(spread, rel=0.07)


def test_bland_altman_numbers() -> None:
    a, b = [10.0, 12.0, 9.0, 14.0, 11.0], [9.0, 12.5, 8.0, 12.0, 11.5]
    d = np.subtract(a, b)
    got = stats.bland_altman(a, b)
    assert got.bias == pytest.approx(d.mean())
    assert got.loa_high == pytest.approx(d.mean() + 1.959964 * d.std(ddof=1), abs=1e-5)
    want = scipy.stats.t.interval(0.95, 4, d.mean(), d.std(ddof=1) / math.sqrt(5))
    assert (got.bias_low, got.bias_high) == pytest.approx(want)
    assert math.isnan(stats.bland_altman([1.0], [2.0]).sd)


def test_f1_limits_hold_the_value() -> None:
    low, high = stats.f1_limits(90, 5, 10)
    assert low < 2 * 90 / (2 * 90 + 15) < high
    assert stats.f1_limits(0, 0, 0) == (0.0, 1.0)


def test_calibration_error_of_honest_and_boastful_models() -> None:
    confidence = np.full(1000, 0.8)
    correct = np.arange(1000) < 800
    assert stats.expected_calibration_error(confidence, correct) == pytest.approx(0.0, abs=1e-12)
    assert stats.expected_calibration_error(confidence, np.zeros(1000, bool)) == pytest.approx(0.8)
    assert math.isnan(stats.expected_calibration_error(np.zeros(0), np.zeros(0, bool)))


def test_risk_falls_to_zero_when_only_sure_cells_are_kept() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    correct = np.array([True, True, False, False])
    points = stats.risk_coverage(confidence, correct, points=4)
    assert points[0] == (0.25, 0.0, 0.9)
    assert points[-1] == (1.0, 0.5, 0.6)
    tied = stats.risk_coverage(np.array([0.5, 0.5]), np.array([True, False]), points=2)
    assert tied == [(1.0, 0.5, 0.5)]
