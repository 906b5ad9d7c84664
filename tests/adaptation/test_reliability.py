"""How likely an adapted name is right, from both answers and the specimen's change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.adaptation.reliability import NEAREST, Reliability, log_odds, specimen_change

CARD = {"intercept": -1.0, "adapted": 0.6, "own": 0.4, "change": 5.0, "threshold": 0.2}
RELIABILITY = Reliability.from_card(CARD)
SHARES = st.floats(0, 1)


def one(adapted: float, own: float, change: float) -> float:
    assert RELIABILITY is not None
    return float(RELIABILITY.of(np.array([adapted], np.float32), np.array([own], np.float32), change)[0])


@given(SHARES, SHARES, SHARES, SHARES)
def test_it_grows_with_either_probability_and_falls_with_the_change(
    low: float, high: float, other: float, change: float
) -> None:
    low, high = sorted((low, high))
    assert one(low, other, change) <= one(high, other, change)
    assert one(other, low, change) <= one(other, high, change)
    assert one(other, other, high) <= one(other, other, low)
    assert 0 <= one(low, high, change) <= 1


def test_a_name_that_the_adaptation_gave_is_less_reliable_than_one_that_the_classifier_gave_too() -> None:
    assert one(0.98, 0.05, 0.05) < one(0.98, 0.9, 0.05)
    assert one(0.98, 0.9, 0.25) < one(0.98, 0.9, 0.02)


def test_the_formula() -> None:
    expected = -1 + 0.6 * np.log(9) + 0.4 * np.log(4) - 5 * 0.1
    assert one(0.9, 0.8, 0.1) == pytest.approx(1 / (1 + np.exp(-expected)), abs=1e-6)


def test_certainties_are_kept_away_from_infinity() -> None:
    assert np.isfinite(log_odds(np.array([0, 1], np.float32))).all()
    assert one(1, 1, 0) == pytest.approx(one(1 - NEAREST, 1 - NEAREST, 0), abs=1e-6)


def test_the_change_is_the_mean_total_variation_distance() -> None:
    before = np.array([[1, 0], [0.5, 0.5]], np.float32)
    after = np.array([[0, 1], [0.5, 0.5]], np.float32)
    assert specimen_change(before, after) == 0.5
    assert specimen_change(before, before) == 0
    assert specimen_change(before[:0], after[:0]) == 0


def test_cards_without_one_have_none() -> None:
    assert Reliability.from_card(None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"adapted": -0.1}, {"own": -1}, {"change": -1}, {"threshold": 1}, {"threshold": -0.1},
        {"intercept": float("nan")}, {"own": float("inf")}, {"change": 1e9},
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Reliability.from_card({**CARD, **change})


def test_an_incomplete_card_is_refused() -> None:
    with pytest.raises(KeyError):
        Reliability.from_card({k: v for k, v in CARD.items() if k != "own"})
