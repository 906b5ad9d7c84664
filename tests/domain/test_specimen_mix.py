"""The specimen's own mix of cells: the estimate, and what it makes of the proposals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bloodcells_gui.domain.specimen_mix import (
    CRITICAL,
    MixPrior,
    SpecimenMix,
    coarse_rows,
    estimate,
    mix_in,
    most_changed,
    reproposed,
    sureness,
    weigh,
    without_mix,
)
from bloodcells_gui.inference.doubt import DoubtModel

CLASSES = (
    "SNE", "BNE", "MMY", "MY", "PMY", "BL", "EO", "BA", "LY", "MO", "ERB", "PLT", "SMU", "ART",
)  # fmt: skip
INSIDE = [i for i, c in enumerate(CLASSES) if c not in ("PLT", "ART")]
PRIOR = MixPrior(0.1, 15)
LY, BL = CLASSES.index("LY"), CLASSES.index("BL")


def answers(n: int, seed: int = 0, spread: float = 0.2) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(len(CLASSES), spread), n).astype(np.float32)


def vector(weights: dict[str, float]) -> np.ndarray:
    return np.array([weights[c] for c in CLASSES])


def by_the_book(p: np.ndarray, prior: MixPrior) -> np.ndarray:
    """The rule cell by cell, as the paper has it with a prior added."""
    nucleated = [row for row in p.astype(float) if row.argmax() in INSIDE]
    q = [row[INSIDE] / row[INSIDE].sum() for row in nucleated]
    n, k = len(q), len(INSIDE)
    a = max(prior.strength * n, prior.least)
    mix = np.full(k, 1 / k)
    for _ in range(200):
        share = np.zeros(k)
        for row in q:
            share += row * mix / (row * mix).sum()
        after = (share + a / k) / (n + a)
        end = np.abs(after - mix).max() < 1e-6
        mix = after
        if end:
            break
    weights = np.ones(len(CLASSES))
    weights[INSIDE] = mix * k
    weights[BL] = max(weights[BL], 1)
    return weights


@pytest.mark.parametrize(("n", "strength"), [(1, 0.1), (20, 0.1), (150, 0.3), (400, 0.0)])
def test_the_estimate_is_the_papers_with_a_prior(n: int, strength: float) -> None:
    p, prior = answers(n, seed=n), MixPrior(strength, 15)
    weights, cells = estimate(p, CLASSES, prior)
    assert cells == sum(int(row.argmax()) in INSIDE for row in p)
    np.testing.assert_allclose(vector(weights), by_the_book(p, prior), rtol=1e-6)


def test_sure_answers_give_the_closed_form() -> None:
    """With certain answers the posterior mean of the Dirichlet is reached in one step."""
    counts = {"SNE": 60, "LY": 30, "EO": 10}
    p = np.vstack([np.tile(np.eye(len(CLASSES))[CLASSES.index(c)], (k, 1)) for c, k in counts.items()])
    weights, cells = estimate(p.astype(np.float32), CLASSES, PRIOR)
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
    weights, _ = estimate(even.astype(np.float32), ("SNE", "LY", "MO"), MixPrior(0.0, 1))
    np.testing.assert_allclose(np.array([weights[c] for c in ("SNE", "LY", "MO")]) / 3, true, atol=0.02)


def test_a_blast_is_never_made_less_likely_and_what_is_no_cell_is_not_weighed() -> None:
    assert {"BL"} == CRITICAL
    p = np.tile(np.eye(len(CLASSES), dtype=np.float32)[LY] * 0.9 + 0.1 / len(CLASSES), (300, 1))
    weights, _ = estimate(p.astype(np.float32), CLASSES, PRIOR)
    assert weights["BL"] == weights["PLT"] == weights["ART"] == 1
    assert weights["MO"] < 0.3 < 5 < weights["LY"]
    many_blasts = np.array(p)
    many_blasts[:, [LY, BL]] = many_blasts[:, [BL, LY]]
    assert estimate(many_blasts, CLASSES, PRIOR)[0]["BL"] > 5


def test_without_nucleated_cells_nothing_is_weighed() -> None:
    platelets = np.tile(np.eye(len(CLASSES), dtype=np.float32)[CLASSES.index("PLT")], (50, 1))
    for p in (platelets, platelets[:0]):
        assert estimate(p, CLASSES, PRIOR) == (dict.fromkeys(CLASSES, 1.0), 0)


def test_few_cells_stay_near_the_even_mix_and_more_move_it() -> None:
    one = np.eye(len(CLASSES), dtype=np.float32)[[LY]]
    few, many = (estimate(np.tile(one, (n, 1)), CLASSES, PRIOR)[0] for n in (1, 100))
    assert max(abs(w - 1) for c, w in few.items() if c != "LY") < 0.07
    assert 1 < few["LY"] < 1.7 < 8 < many["LY"]


def test_the_order_of_the_cells_is_of_no_consequence() -> None:
    p = answers(500)
    mixed = p[np.random.default_rng(1).permutation(500)]
    np.testing.assert_allclose(
        vector(estimate(p, CLASSES, PRIOR)[0]), vector(estimate(mixed, CLASSES, PRIOR)[0]), rtol=1e-9
    )


def a_mix(**changes: object) -> SpecimenMix:
    weights = dict.fromkeys(CLASSES, 1.0) | {"LY": 3.0, "MO": 0.5, "BL": 1.0}
    return replace(SpecimenMix(weights, 100, PRIOR, 0.4), **changes)


def doubt_model(disagreement: float = 0.0) -> DoubtModel:
    empty = np.zeros((1, 1), np.float32)
    return DoubtModel(empty[0], empty, empty, 1.0, 1.0, 0.0, 0.4, 1.7, disagreement)


def test_probabilities_are_weighed_and_doubt_is_what_the_network_would_have_given() -> None:
    p, rows = answers(400), coarse_rows(CLASSES)
    distance = np.random.default_rng(2).uniform(0, 3, 400).astype(np.float32)
    before = doubt_model().doubt(p, distance, rows)
    new = reproposed(a_mix(), CLASSES, p, before, before > 0.4, np.zeros(400, bool))
    expected = p * vector(dict(a_mix().weights))
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(new.scores, expected, atol=1e-6)
    np.testing.assert_array_equal(new.best, expected.argmax(1))
    np.testing.assert_allclose(new.probability, expected.max(1), atol=1e-6)
    after = doubt_model().doubt(new.scores, distance, rows)
    np.testing.assert_allclose(new.doubt, after, atol=2e-5)
    assert np.abs(new.doubt - before).max() > 0.05


def test_doubt_from_the_views_is_kept() -> None:
    """Where the views add doubt, what follows is never surer than the truth, and exact where they agree."""
    rng, rows = np.random.default_rng(4), coarse_rows(CLASSES)
    p, distance = answers(400), rng.uniform(0, 3, 400).astype(np.float32)
    apart = rng.uniform(0, 1, 400).astype(np.float32)
    model = doubt_model(0.5)
    before = model.doubt(p, distance, rows, apart)
    new = reproposed(a_mix(views=True), CLASSES, p, before, before > 0.4, np.zeros(400, bool))
    truth = model.doubt(new.scores, distance, rows, apart)
    inside = (before < 1) & (truth < 1)
    assert inside.sum() > 50
    assert (new.doubt >= truth - 1e-5)[inside].all()
    near = distance < 0.5
    close = inside & near & (sureness(new.scores, rows) < sureness(p, rows))
    np.testing.assert_allclose(new.doubt[close], truth[close], atol=0.03)


def test_cells_unidentified_for_another_reason_stay_so() -> None:
    p = np.zeros((6, len(CLASSES)), np.float32)
    p[:, LY], p[:, CLASSES.index("MO")] = 0.5, 0.5
    doubt = np.array([0.55, 0.55, 0.3, 0.3, 0.95, 0.55], np.float32)
    waiting = np.array([True, True, True, False, True, True])
    held_back = np.array([False, True, False, False, False, False])
    p[5] = 0
    p[5, [CLASSES.index("ART"), LY]] = 0.95, 0.05
    new = reproposed(a_mix(), CLASSES, p, doubt, waiting, held_back)
    assert new.doubt[0] < 0.4
    assert new.abstained.tolist() == [False, True, True, False, True, False]


def test_no_weights_change_nothing() -> None:
    p = answers(50)
    doubt = 1 - p.max(1)
    even = a_mix(weights=dict.fromkeys(CLASSES, 1.0))
    new = reproposed(even, CLASSES, p, doubt, doubt > 0.4, np.zeros(50, bool))
    np.testing.assert_allclose(new.scores, p, atol=1e-6)
    np.testing.assert_allclose(new.doubt, doubt, atol=1e-6)
    np.testing.assert_array_equal(new.best, p.argmax(1))


def test_a_mix_survives_as_tallies() -> None:
    mix = a_mix(events=7, views=True)
    tallies = json.loads(json.dumps({"RBC": 812.0, **mix.to_tallies()}))
    assert mix_in(tallies) == mix
    assert without_mix(tallies) == {"RBC": 812.0}
    assert all("/" in name for name in mix.to_tallies())
    assert mix_in({"RBC": 812.0}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"mix/weight/LY": float("nan")}, {"mix/weight/LY": 0.0}, {"mix/weight/LY": -1.0},
        {"mix/weight/XX": 1.0},
        {"mix/threshold": float("nan")}, {"mix/cells": float("inf")}, {"mix/events": float("nan")},
        {"mix/weight/LY": "much"},
    ],
)  # fmt: skip
def test_an_unsound_mix_is_none(change: dict[str, float]) -> None:
    assert mix_in({**a_mix().to_tallies(), **change}) is None


def test_what_differs_most_is_named_first() -> None:
    assert most_changed(a_mix()) == [("LY", 3.0), ("MO", 0.5)]
    assert most_changed(a_mix(weights=dict.fromkeys(CLASSES, 1.01))) == []


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
        MixPrior.from_card(card)


def test_no_prior_is_none() -> None:
    assert MixPrior.from_card(None) is None
    assert MixPrior.from_card({"strength": 0.1, "least": 15}) == PRIOR


def test_siblings_keep_their_proportions() -> None:
    """What the mix says of a row is shared by its leaves as the classifier shared it."""
    classes = ("SNE", "BNE", "LY", "BL")
    rows = coarse_rows(classes)
    p = np.array([[0.2, 0.4, 0.3, 0.1], [0.0, 0.0, 0.9, 0.1]], np.float32)
    out = weigh(p, np.array([3.0, 1.0, 0.5, 1.0], np.float32), rows)
    np.testing.assert_allclose(out.sum(1), 1, rtol=1e-6)
    assert out[0, 0] / out[0, 1] == pytest.approx(0.5)
    # The neutrophils' row is worth 3 * 0.2 + 1 * 0.4, beside 0.15 and 0.1.
    assert out[0, :2].sum() == pytest.approx(1.0 / 1.25)
    assert out[1, 2] / out[1, 3] == pytest.approx(4.5)
    nothing = np.zeros((1, 4), np.float32)
    np.testing.assert_array_equal(weigh(nothing, np.ones(4, np.float32), rows), nothing)
