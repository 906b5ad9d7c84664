"""Exact limits and agreement figures, without SciPy (143 MB that the packaged program need not carry).

Limits speak of sampling error only, never of misclassification. Shares are fractions (0 to 1) here;
the differential turns them into percent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
_TINY = 1e-300
_EPS = 1e-16


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's evaluation of the incomplete beta fraction (DLMF 8.17.22)."""
    c, d = 1.0, 1.0 / max(1.0 - (a + b) * x / (a + 1.0), _TINY)
    value = d
    for m in range(1, 100_000):
        m2 = 2 * m
        for numerator in (
            m * (b - m) * x / ((a + m2 - 1.0) * (a + m2)),
            -(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1.0)),
        ):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + numerator / c
            c = c if abs(c) > _TINY else _TINY
            value *= d * c
        if abs(d * c - 1.0) < _EPS * 4:
            break
    return value


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b) for a, b > 0 (DLMF 8.17)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(x, a, b) / a
    return 1.0 - front * _continued_fraction(1.0 - x, b, a) / b


def beta_quantile(p: float, a: float, b: float) -> float:
    """x with I_x(a, b) = p: Newton's steps, kept inside a shrinking bracket."""
    low, high = 0.0, 1.0
    x = a / (a + b)
    log_b = _log_beta(a, b)
    for _ in range(200):
        error = beta_cdf(x, a, b) - p
        if error > 0:
            high = x
        else:
            low = x
        density = math.exp((a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) - log_b)
        new = x - error / density if density > _TINY else -1.0
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - x) <= 1e-15 * max(x, 1e-6) or not 0.0 < new < 1.0:
            return new
        x = new
    return x


def _check_counts(x: int, n: int) -> None:
    if not 0 <= x <= n:
        raise ValueError(f"{x} of {n} is not a share")


@lru_cache(maxsize=1 << 16)
def clopper_pearson(x: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact limits of the share x / n (Clopper and Pearson, Biometrika 1934), as in Ruemke's table.

    With n = 0 nothing is known: (0, 1). Raises ValueError unless 0 <= x <= n.
    """
    _check_counts(x, n)
    if n == 0:
        return 0.0, 1.0
    tail = (1.0 - level) / 2
    low = 0.0 if x == 0 else beta_quantile(tail, x, n - x + 1)
    high = 1.0 if x == n else beta_quantile(1.0 - tail, x + 1, n - x)
    return low, high


@lru_cache(maxsize=1 << 14)
def ratio_limits(x: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact conditional-binomial limits of the ratio x / n of two independent counts.

    Given x + n, x is binomial with share r / (1 + r) (Przyborowski and Wilenski, Biometrika 1940), so the
    limits of the share, turned back into a ratio, are exact; the upper one is infinite when n = 0.
    """
    if x < 0 or n < 0:
        raise ValueError("counts cannot be negative")
    low, high = clopper_pearson(x, x + n, level)
    return low / (1.0 - low) if low < 1.0 else math.inf, high / (1.0 - high) if high < 1.0 else math.inf


def normal_quantile(p: float) -> float:
    """Standard normal quantile by bisection on erfc (accurate to 1e-12)."""
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        if 0.5 * math.erfc(-middle / math.sqrt(2.0)) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def t_quantile(p: float, df: float) -> float:
    """Student's t quantile for p > 0.5, through the beta distribution (DLMF 8.17, A&S 26.5.27)."""
    x = beta_quantile(2.0 * (1.0 - p), df / 2.0, 0.5)
    return math.sqrt(df * (1.0 - x) / x)


def wilson(x: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score limits of x / n (JASA 1927); (0, 1) for n = 0."""
    _check_counts(x, n)
    if n == 0:
        return 0.0, 1.0
    z = normal_quantile(0.5 + level / 2)
    p, z2n = x / n, z * z / n
    middle = (p + z2n / 2) / (1 + z2n)
    half = z / (1 + z2n) * math.sqrt(p * (1 - p) / n + z2n / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference_limits(x: int, n: int, y: int, m: int, level: float = LEVEL) -> tuple[float, float, float]:
    """x / n - y / m with limits (Newcombe, Statistics in Medicine 1998, method 10).

    Raises ValueError when one of the totals is 0.
    """
    if n == 0 or m == 0:
        raise ValueError("a difference of shares needs two totals")
    p, q = x / n, y / m
    (l1, u1), (l2, u2) = wilson(x, n, level), wilson(y, m, level)
    return (
        p - q,
        p - q - math.sqrt((p - l1) ** 2 + (u2 - q) ** 2),
        p - q + math.sqrt((u1 - p) ** 2 + (q - l2) ** 2),
    )


@lru_cache(maxsize=1 << 12)
def fisher_p(x: int, n: int, y: int, m: int) -> float:
    """Two-sided Fisher exact P of "x of n" against "y of m": the sum of all tables that are no likelier."""
    _check_counts(x, n)
    _check_counts(y, m)
    hits = x + y
    least = max(0, hits - m)
    ks = np.arange(least, min(n, hits) + 1, dtype=np.float64)
    # Each table's weight from the one before it, so that no factorial is needed.
    up, down = (n - ks[:-1]) * (hits - ks[:-1]), (ks[:-1] + 1) * (m - hits + ks[:-1] + 1)
    weights = np.concatenate(([0.0], np.cumsum(np.log(up) - np.log(down))))
    weights -= weights.max()
    # 1e-7: tables exactly as likely as the observed one must not be lost to rounding
    rare = weights <= weights[x - least] + 1e-7
    return min(1.0, float(np.exp(weights[rare]).sum() / np.exp(weights).sum()))


def holm(ps: Sequence[float], level: float = 1.0 - LEVEL) -> list[bool]:
    """Which of several tests show a difference, at an error rate of `level` for all together.

    Source: Holm, Scandinavian Journal of Statistics 1979 (step-down Bonferroni; tests may depend).
    """
    shown = [False] * len(ps)
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        if ps[i] * (len(ps) - rank) > level:
            break
        shown[i] = True
    return shown


@dataclass(frozen=True, slots=True)
class RuemkeResult:
    """Whether two counts of one class can be samples of the same blood (see :func:`ruemke`)."""

    low: float
    high: float
    inside: bool
    p: float


def ruemke(x: int, n: int, y: int, m: int, level: float = LEVEL) -> RuemkeResult:
    """Ruemke's comparison: does the second count's share lie within the exact limits of the first?

    Source: Ruemke, Triangle 1960. `inside` is the table's verdict; `p`, Fisher's exact P, also allows for
    the sampling error of the second count.
    """
    low, high = clopper_pearson(x, n, level)
    share = y / m if m else math.nan
    return RuemkeResult(low, high, bool(low <= share <= high) if m else True, fisher_p(x, n, y, m))


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa with limits; NaN where both readers used one and the same class only."""

    kappa: float
    low: float
    high: float
    observed: float
    expected: float
    n: int


def cohen_kappa(table: NDArray[np.float64] | Sequence[Sequence[float]], level: float = LEVEL) -> Kappa:
    """Agreement of two readers beyond chance.

    Parameters
    ----------
    table : array of shape (K, K)
        Cells that the first reader called i and the second j.

    Notes
    -----
    Limits from the large-sample variance of Fleiss, Cohen and Everitt (Psychol Bull 1969).
    """
    counts = np.asarray(table, dtype=np.float64)
    n = float(counts.sum())
    if n == 0:
        return Kappa(math.nan, math.nan, math.nan, math.nan, math.nan, 0)
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float(np.trace(p)), float(rows @ columns)
    if expected >= 1.0:
        return Kappa(math.nan, math.nan, math.nan, observed, expected, int(n))
    kappa = (observed - expected) / (1 - expected)
    diagonal = np.diag(p)
    a = float((diagonal * (1 - (rows + columns) * (1 - kappa)) ** 2).sum())
    both = (columns[:, None] + rows[None, :]) ** 2
    off = p * both
    b = (1 - kappa) ** 2 * float(off.sum() - np.trace(off))
    c = (kappa - expected * (1 - kappa)) ** 2
    se = math.sqrt(max(a + b - c, 0.0) / n) / (1 - expected)
    half = normal_quantile(0.5 + level / 2) * se
    return Kappa(kappa, max(-1.0, kappa - half), min(1.0, kappa + half), observed, expected, int(n))


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Bias and 95 % limits of agreement, each with its own 95 % limits; NaN when n < 2."""

    n: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    loa_low: float
    loa_high: float
    loa_half_width: float


def bland_altman(a: Sequence[float], b: Sequence[float], level: float = LEVEL) -> BlandAltman:
    """Agreement of two methods over n cases, differences a - b (Bland and Altman, Lancet 1986).

    `loa_half_width` is the half width of the limits of each limit of agreement (variance 3 s^2 / n).
    """
    d = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    n = int(d.size)
    bias = float(d.mean()) if n else math.nan
    if n < 2:
        return BlandAltman(n, bias, *([math.nan] * 6))
    sd = float(d.std(ddof=1))
    t = t_quantile(0.5 + level / 2, n - 1)
    half, z = t * sd / math.sqrt(n), normal_quantile(0.5 + level / 2)
    return BlandAltman(
        n, bias, bias - half, bias + half, sd, bias - z * sd, bias + z * sd, t * sd * math.sqrt(3.0 / n)
    )


def f1_limits(tp: int, fp: int, fn: int, level: float = LEVEL) -> tuple[float, float]:
    """Limits of F1 = 2 TP / (2 TP + FP + FN).

    F1 = 2 J / (1 + J) with J = TP / (TP + FP + FN), a share (Hand, Christen and Kirielle, Machine Learning
    2021), so the exact limits of J carry over.
    """
    low, high = clopper_pearson(tp, tp + fp + fn, level)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def expected_calibration_error(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = 15
) -> float:
    """ECE of the best class over equal-width bins (Guo et al. 2017); NaN without cells.

    `confidence` and `correct` have shape (N,).
    """
    n = confidence.size
    if n == 0:
        return math.nan
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    hits = np.bincount(index, weights=correct.astype(np.float64), minlength=bins)
    trust = np.bincount(index, weights=confidence, minlength=bins)
    return float(np.abs(hits - trust).sum() / n)


def risk_coverage(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], points: int = 20
) -> list[tuple[float, float, float]]:
    """(coverage, risk, confidence threshold) when only the surest cells are kept (Geifman and El-Yaniv 2017).

    Ties in confidence are kept or left together, as a threshold would.
    """
    n = confidence.size
    if n == 0:
        return []
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    errors = np.cumsum(~correct[order])
    result: list[tuple[float, float, float]] = []
    for k in np.unique(np.ceil(np.linspace(1 / points, 1, points) * n).astype(int)):
        threshold = float(sorted_confidence[k - 1])
        last = int(np.searchsorted(-sorted_confidence, -threshold, side="right"))
        entry = (last / n, float(errors[last - 1]) / last, threshold)
        if not result or result[-1][0] != entry[0]:
            result.append(entry)
    return result
