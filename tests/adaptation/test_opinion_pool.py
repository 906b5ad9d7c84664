"""What the classifier said and what the specimen made of it, taken together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.adaptation.opinion_pool import OpinionPool, specimen_change

CARD = {"adapted": 0.6, "own": 0.4, "change": 5.0, "threshold": 0.2, "unfamiliar": 0.1}
POOL = OpinionPool(**CARD)
SHARES = st.floats(0, 1)


def rows(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(5, 0.4), n).astype(np.float32)


def surest(adapted: np.ndarray, own: np.ndarray, change: float) -> np.ndarray:
    return POOL.joined(adapted, own, change).max(axis=1)


def test_the_formula() -> None:
    adapted, own = rows(50, 1), rows(50, 2)
    expected = (np.maximum(adapted, 1e-6) ** 0.6 * np.maximum(own, 1e-6) ** 0.4) ** (1 / 1.5)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(POOL.joined(adapted, own, 0.1), expected, atol=1e-5)


def test_two_answers_that_agree_are_kept_in_a_familiar_specimen() -> None:
    same = rows(50)
    np.testing.assert_allclose(POOL.joined(same, same, 0.0), same, atol=1e-4)


def test_a_name_that_the_adaptation_alone_gave_is_less_sure() -> None:
    adapted = np.array([[0.98, 0.02, 0, 0, 0]], np.float32)
    against = np.array([[0.05, 0.95, 0, 0, 0]], np.float32)
    assert surest(adapted, against, 0.05) < 0.8 < surest(adapted, adapted, 0.05)


@given(SHARES, SHARES)
def test_a_specimen_that_changed_more_is_never_surer(one: float, other: float) -> None:
    low, high = sorted((one, other))
    adapted, own = rows(20, 3), rows(20, 4)
    assert (surest(adapted, own, high) <= surest(adapted, own, low) + 1e-6).all()


@given(st.integers(0, 1000), SHARES)
def test_rows_are_probabilities_and_keep_the_class_on_which_both_agree(seed: int, change: float) -> None:
    adapted, own = rows(20, seed), rows(20, seed + 1)
    joined = POOL.joined(adapted, own, change)
    assert np.isfinite(joined).all()
    np.testing.assert_allclose(joined.sum(axis=1), 1, atol=1e-5)
    agreed = adapted.argmax(1) == own.argmax(1)
    np.testing.assert_array_equal(joined.argmax(1)[agreed], own.argmax(1)[agreed])


def test_certainties_and_no_cells_do_no_harm() -> None:
    certain, other = np.eye(5, dtype=np.float32), np.roll(np.eye(5, dtype=np.float32), 1, axis=1)
    assert np.isfinite(POOL.joined(certain, other, 0.3)).all()
    assert POOL.joined(certain[:0], other[:0], 0.3).shape == (0, 5)


def test_the_change_is_the_mean_total_variation_distance() -> None:
    before = np.array([[1, 0], [0.5, 0.5]], np.float32)
    after = np.array([[0, 1], [0.5, 0.5]], np.float32)
    assert specimen_change(before, after) == 0.5
    assert specimen_change(before, before) == 0
    assert specimen_change(before[:0], after[:0]) == 0


def test_it_comes_from_a_card_and_back_from_a_record() -> None:
    assert OpinionPool.from_card(None) is None
    assert OpinionPool.from_card(CARD) == POOL
    assert OpinionPool.from_record(POOL.to_record(0.07)) == (POOL, 0.07)
    laxer = OpinionPool.from_card({**CARD, "critical": 0.3})
    assert laxer is not None
    assert (laxer.critical, POOL.critical) == (0.3, 0.0)
    assert OpinionPool.from_record(laxer.to_record(0.07)) == (laxer, 0.07)


def test_a_specimen_of_enough_cells_that_changed_beyond_the_limit_looks_unfamiliar() -> None:
    assert POOL.looks_unfamiliar(0.11, 30)
    assert not POOL.looks_unfamiliar(0.11, 29)
    assert not POOL.looks_unfamiliar(0.1, 1000)


@pytest.mark.parametrize(
    "change",
    [
        {"adapted": -0.1}, {"own": -1}, {"change": -1}, {"threshold": 1}, {"threshold": -0.1},
        {"adapted": float("nan")}, {"own": float("inf")}, {"change": 1e9}, {"adapted": 0, "own": 0},
        {"unfamiliar": 0}, {"unfamiliar": 1.1}, {"critical": 1}, {"critical": -0.1},
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        OpinionPool.from_card({**CARD, **change})


def test_an_incomplete_card_is_refused() -> None:
    with pytest.raises(KeyError):
        OpinionPool.from_card({k: v for k, v in CARD.items() if k != "own"})
