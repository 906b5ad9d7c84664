"""The specimen's own mix of cells: the estimate, and what it makes of the proposals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.prior_shift import (
    ClassPrior,
    estimate_class_weights,
    largest_changes,
    prior_shift_of,
)
from bloodcells_gui.domain.run_record import PropagationParameters
from bloodcells_gui.domain.taxonomy import CRITICAL, GRAVE
from tests.support.specimens import CLASSES, PRIOR, a_prior_shift, answers, vector

INSIDE = [i for i, c in enumerate(CLASSES) if c not in ("PLT", "ART")]
LY, BL = CLASSES.index("LY"), CLASSES.index("BL")


def by_the_book(p: np.ndarray, prior: ClassPrior) -> np.ndarray:
    """The rule cell by cell, as the paper has it with a prior added."""
    nucleated = [row for row in p.astype(float) if row.argmax() in INSIDE]
    q = [row[INSIDE] / row[INSIDE].sum() for row in nucleated]
    n, k = len(q), len(INSIDE)
    a = max(prior.strength * n, prior.minimum_cells)
    prior_shift = np.full(k, 1 / k)
    for _ in range(200):
        share = np.zeros(k)
        for row in q:
            share += row * prior_shift / (row * prior_shift).sum()
        after = (share + a / k) / (n + a)
        end = np.abs(after - prior_shift).max() < 1e-6
        prior_shift = after
        if end:
            break
    weights = np.ones(len(CLASSES))
    weights[INSIDE] = prior_shift * k
    for code in GRAVE:
        weights[CLASSES.index(code)] = max(weights[CLASSES.index(code)], 1)
    return weights


@pytest.mark.parametrize(("n", "strength"), [(1, 0.1), (20, 0.1), (150, 0.3), (400, 0.0)])
def test_the_estimate_is_the_papers_with_a_prior(n: int, strength: float) -> None:
    p, prior = answers(n, seed=n), ClassPrior(strength, 15)
    weights, cells = estimate_class_weights(p, CLASSES, prior)
    assert cells == sum(int(row.argmax()) in INSIDE for row in p)
    np.testing.assert_allclose(vector(weights), by_the_book(p, prior), rtol=1e-6)


def test_sure_answers_give_the_closed_form() -> None:
    """With certain answers the posterior mean of the Dirichlet is reached in one step."""
    counts = {"SNE": 60, "LY": 30, "EO": 10}
    p = np.vstack([np.tile(np.eye(len(CLASSES))[CLASSES.index(c)], (k, 1)) for c, k in counts.items()])
    weights, cells = estimate_class_weights(p.astype(np.float32), CLASSES, PRIOR)
    k = len(INSIDE)
    for code in ("SNE", "LY", "EO", "MO"):
        assert weights[code] == pytest.approx(k * (counts.get(code, 0) + 15 / k) / 115, rel=1e-6)
    assert cells == 100


def test_a_known_mix_is_found_again() -> None:
    rng = np.random.default_rng(3)
    true = np.array([0.6, 0.3, 0.1])
    centres = np.array([0.0, 1.5, 3.0])
    seen = centres[rng.choice(3, 20_000, p=true)] + rng.normal(size=20_000)
    even = np.exp(-((seen[:, None] - centres) ** 2) / 2)
    even /= even.sum(1, keepdims=True)
    weights, _ = estimate_class_weights(even.astype(np.float32), ("SNE", "LY", "MO"), ClassPrior(0.0, 1))
    np.testing.assert_allclose(np.array([weights[c] for c in ("SNE", "LY", "MO")]) / 3, true, atol=0.02)


def test_a_blast_is_never_made_less_likely_and_what_is_no_cell_is_not_weighed() -> None:
    assert {"BL"} == CRITICAL
    p = np.tile(np.eye(len(CLASSES), dtype=np.float32)[LY] * 0.9 + 0.1 / len(CLASSES), (300, 1))
    weights, _ = estimate_class_weights(p.astype(np.float32), CLASSES, PRIOR)
    assert weights["BL"] == weights["PLT"] == weights["ART"] == 1
    assert weights["ERB"] == weights["PMY"] == 1  # grave ones are not weighed down either
    assert weights["MO"] < 0.3 < 5 < weights["LY"]
    many_blasts = np.array(p)
    many_blasts[:, [LY, BL]] = many_blasts[:, [BL, LY]]
    assert estimate_class_weights(many_blasts, CLASSES, PRIOR)[0]["BL"] > 5


def test_without_nucleated_cells_nothing_is_weighed() -> None:
    platelets = np.tile(np.eye(len(CLASSES), dtype=np.float32)[CLASSES.index("PLT")], (50, 1))
    for p in (platelets, platelets[:0]):
        assert estimate_class_weights(p, CLASSES, PRIOR) == (dict.fromkeys(CLASSES, 1.0), 0)


def test_few_cells_stay_near_the_even_mix_and_more_move_it() -> None:
    one = np.eye(len(CLASSES), dtype=np.float32)[[LY]]
    few, many = (estimate_class_weights(np.tile(one, (n, 1)), CLASSES, PRIOR)[0] for n in (1, 100))
    assert max(abs(w - 1) for c, w in few.items() if c != "LY") < 0.07
    assert 1 < few["LY"] < 1.7 < 8 < many["LY"]


def test_the_order_of_the_cells_is_of_no_consequence() -> None:
    p = answers(500)
    mixed = p[np.random.default_rng(1).permutation(500)]
    np.testing.assert_allclose(
        vector(estimate_class_weights(p, CLASSES, PRIOR)[0]),
        vector(estimate_class_weights(mixed, CLASSES, PRIOR)[0]),
        rtol=1e-9,
    )


def test_a_prior_shift_comes_back_from_its_record() -> None:
    prior_shift = a_prior_shift(
        last_event=7,
        uses_view_disagreement=True,
        protects_critical=True,
        propagation=PropagationSettings(0.5, 1.0, 0.3, 0.1),
        propagated_cells=90,
    )
    assert prior_shift_of(prior_shift.to_record()) == prior_shift
    assert prior_shift_of(None) is None
    assert prior_shift_of(replace(prior_shift.to_record(), weights={})) is None


def test_a_specimen_may_have_propagated_labels_or_measurements_and_no_class_weights() -> None:
    even, propagation = dict.fromkeys(CLASSES, 1.0), PropagationSettings(0.5, 1.0, 0.3, 0.1)
    alone = a_prior_shift(
        weights=even, prior=None, propagation=propagation, propagated_cells=9, leaf_share=0.02
    )
    assert prior_shift_of(alone.to_record()) == alone
    measured = a_prior_shift(weights=even, prior=None, measured_cells=31)
    assert prior_shift_of(measured.to_record()) == measured
    assert measured.has_posteriors
    assert alone.has_posteriors
    assert not a_prior_shift().has_posteriors


@pytest.mark.parametrize(
    "change",
    [
        {"weights": {"LY": float("nan")}}, {"weights": {"LY": 0.0}}, {"weights": {"LY": -1.0}},
        {"weights": {"XX": 1.0}}, {"threshold": float("nan")}, {"leaf_share": 1.5},
        {"propagation": PropagationParameters(2.0, 1.0, 0.3, 0.1)},
    ],
)  # fmt: skip
def test_a_record_out_of_range_is_none(change: dict[str, Any]) -> None:
    assert prior_shift_of(replace(a_prior_shift().to_record(), **change)) is None


def test_what_differs_most_is_named_first() -> None:
    assert largest_changes(a_prior_shift()) == [("LY", 3.0), ("MO", 0.5)]
    assert largest_changes(a_prior_shift(weights=dict.fromkeys(CLASSES, 1.01))) == []


@pytest.mark.parametrize(
    "card",
    [
        {"strength": -0.1, "least": 15}, {"strength": 0.1, "least": 0},
        {"strength": float("nan"), "least": 15},
        {"strength": 0.1, "least": 1e9}, {"strength": 11, "least": 15}, {"strength": 0.1}, {"least": 15},
        {"strength": "a", "least": 15}, [0.1, 15], 3,
    ],
)  # fmt: skip
def test_a_prior_out_of_range_is_refused(card: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        ClassPrior.from_card(card)


def test_no_prior_is_none() -> None:
    assert ClassPrior.from_card(None) is None
    assert ClassPrior.from_card({"strength": 0.1, "least": 15}) == PRIOR
