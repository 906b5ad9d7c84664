"""Cells of a specimen that look alike: what they settle on together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bloodcells_gui.adaptation import label_propagation
from bloodcells_gui.adaptation.label_propagation import LabelPropagation, PropagationSettings

SETTINGS = PropagationSettings(0.5, 1.0, 0.5, 0.1)


def propagated(
    p: np.ndarray, x: np.ndarray, settings: PropagationSettings, centred_on: np.ndarray | None = None
) -> np.ndarray:
    return LabelPropagation(x, settings, centred_on).propagate(p)[0]


def two_classes(n: int, seed: int = 0, wrong: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kinds' probabilities (n, 3), coordinates (n, 8), true kinds (n,) of two looks; some are misjudged."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    x = rng.normal(0, 0.4, (n, 8))
    x[:, 0] += np.where(truth == 0, 2.0, -2.0)
    x[:, 1] += np.where(truth == 0, 1.0, -1.0)
    p = np.full((n, 3), 0.1)
    said = np.where(rng.random(n) < wrong, 1 - truth, truth)
    p[np.arange(n), said] = 0.8
    return p.astype(np.float32), x.astype(np.float32), truth


def weights_of(unit: np.ndarray, i: int, k: int, settings: PropagationSettings) -> dict[int, float]:
    """Neighbour -> what it says at most of cell i."""
    cosine = unit @ unit[i]
    cosine[i] = -2
    near = settings.min_similarity
    return {
        int(j): settings.strength * min(max((cosine[j] - near) / (1 - near), 0), 1)
        for j in np.argsort(-cosine)[:k]
    }


def by_the_book(p: np.ndarray, x: np.ndarray, settings: PropagationSettings) -> np.ndarray:
    """The rule cell by cell."""
    n = len(p)
    centred = x.astype(float) - x.mean(0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    k = min(max(5, round(math.sqrt(n))), n - 1)
    now = p.astype(float)
    for _ in range(20):
        after = np.empty_like(now)
        for i in range(n):
            said = sum(a * now[j] for j, a in weights_of(unit, i, k, settings).items())
            row = p[i] * np.exp(said)
            after[i] = row / row.sum()
        now = after
    pulls = np.array([sum(weights_of(unit, i, k, settings).values()) for i in range(n)])
    gave_way = (0.5 * np.abs(p - now).sum(1) * pulls).sum() / pulls.sum()
    out = np.empty_like(now)
    for i in range(n):
        said = sum(a * now[j] for j, a in weights_of(unit, i, k, settings).items())
        row = np.exp((np.log(p[i]) + said) / (1 + settings.damping * gave_way * pulls[i]))
        out[i] = row / row.sum()
    return settings.own_share * p + (1 - settings.own_share) * out


def test_it_is_the_papers_rule() -> None:
    p, x, _ = two_classes(60)
    np.testing.assert_allclose(propagated(p, x, SETTINGS), by_the_book(p, x, SETTINGS), atol=2e-3)


def test_cells_of_one_look_agree_and_the_misjudged_follow() -> None:
    p, x, truth = two_classes(300)
    assert (p.argmax(1) == truth).mean() < 0.9
    after = propagated(p, x, SETTINGS)
    assert (after.argmax(1) == truth).all()
    np.testing.assert_allclose(after.sum(1), 1, atol=1e-5)


def test_a_cell_that_looks_like_no_other_keeps_its_own_word() -> None:
    p, x, _ = two_classes(200)
    x[7] = 0
    x[7, 5] = 9.0
    p[7] = 0.05, 0.05, 0.9
    np.testing.assert_allclose(propagated(p, x, SETTINGS)[7], p[7], atol=1e-5)


def test_the_order_of_the_cells_is_of_no_consequence(monkeypatch: pytest.MonkeyPatch) -> None:
    p, x, _ = two_classes(400)
    order = np.random.default_rng(1).permutation(400)
    for most in (4096, 100):
        monkeypatch.setattr(label_propagation, "MAX_GRAPH_CELLS", most)
        np.testing.assert_allclose(
            propagated(p[order], x[order], SETTINGS), propagated(p, x, SETTINGS)[order], atol=1e-3
        )


def test_of_very_many_cells_some_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    p, x, truth = two_classes(1500)
    monkeypatch.setattr(label_propagation, "MAX_GRAPH_CELLS", 200)
    after = propagated(p, x, SETTINGS)
    assert (after.argmax(1) == truth).all()
    np.testing.assert_allclose(after.sum(1), 1, atol=1e-5)


def test_too_few_cells_or_cells_without_a_difference_say_nothing() -> None:
    p, x, _ = two_classes(40)
    np.testing.assert_array_equal(propagated(p[:2], x[:2], SETTINGS), p[:2])
    np.testing.assert_allclose(propagated(p, np.ones_like(x), SETTINGS), p, atol=1e-5)


def test_no_probability_is_so_small_that_look_alikes_could_not_raise_it() -> None:
    p, x, truth = two_classes(100, wrong=0)
    p[0] = 0
    p[0, 1 - truth[0]] = 1
    after = propagated(p, x, PropagationSettings(0.5, 5.0, 0.3, 0.1))
    assert after[0].argmax() == truth[0]


GOOD = {"near": 0.5, "pull": 1, "echo": 0.5, "own": 0.1}


@pytest.mark.parametrize(
    "card",
    [
        GOOD | {"near": -0.1}, GOOD | {"near": 1}, GOOD | {"near": float("nan")}, GOOD | {"near": "a"},
        GOOD | {"pull": 0}, GOOD | {"pull": 1e9}, GOOD | {"echo": -1}, GOOD | {"own": 1.1},
        {"near": 0.5, "pull": 1}, [0.5, 1, 0.5, 0.1], 3,
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(card: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        PropagationSettings.from_card(card)


def test_no_card_is_none() -> None:
    assert PropagationSettings.from_card(None) is None
    assert PropagationSettings.from_card(GOOD) == SETTINGS


def test_the_more_cells_give_way_the_less_sure_all_become() -> None:
    sure = []
    for wrong in (0.0, 0.15, 0.3):
        p, x, _ = two_classes(300, wrong=wrong)
        plain, echoing = (
            propagated(p, x, PropagationSettings(0.5, 1.0, 0.0, 0.1)),
            propagated(p, x, PropagationSettings(0.5, 1.0, 1.0, 0.1)),
        )
        np.testing.assert_array_equal(plain.argmax(1), echoing.argmax(1))
        sure.append(float(echoing.max(1).mean()))
    assert sure[0] > sure[1] + 0.02 > sure[2] + 0.04


def test_a_rare_kind_is_not_drowned_because_all_look_alike_from_among_many_others() -> None:
    p, x, truth = two_classes(200, wrong=0)
    kept = np.r_[np.flatnonzero(truth == 0)[:56], np.flatnonzero(truth == 1)[:4]]
    p, x, truth = p[kept], x[kept], truth[kept]
    others = np.random.default_rng(3).normal(0, 0.1, (600, 8)).astype(np.float32)
    others[:, 7] += 12
    coarse = np.vstack([p, np.tile(np.array([0.02, 0.02, 0.96], np.float32), (600, 1))])
    every = np.vstack([x, others])
    centred_on = np.arange(660) < 60
    assert (propagated(p, x, SETTINGS).argmax(1) == truth).all()
    assert (propagated(coarse, every, SETTINGS, centred_on)[:60].argmax(1) == truth).all()
    assert (propagated(coarse, every, SETTINGS)[56:60].argmax(1) != 1).all()


def test_how_foreign_a_specimen_is_can_be_told_beforehand() -> None:
    p, x, _ = two_classes(300, wrong=0.3)
    graph = LabelPropagation(x, SETTINGS)
    found, domain_shift = graph.propagate(p)
    assert domain_shift > 0.1
    np.testing.assert_array_equal(graph.propagate(p, domain_shift)[0], found)
    surer, same = graph.propagate(p, 0.0)
    assert same == 0
    assert surer.max(1).mean() > found.max(1).mean() + 0.02
