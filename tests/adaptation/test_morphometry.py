"""What measurements say of the kinds of a specimen's cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bloodcells_gui.adaptation.morphometry import (
    COLUMNS,
    FEATURES,
    MAX_DEVIATION,
    MorphometryModel,
    coarse_names,
    features,
)
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.imaging.measure import MEASUREMENTS

CLASSES = ("SNE", "BNE", "LY", "MO", "EO", "ART")
ART = ROLLUPS["ten"].row_of("ART").code
ROWS = {name: i for i, name in enumerate(coarse_names(CLASSES))}
F = len(FEATURES)
KINDS = ("NEUTROPHIL", "LYMPHOCYTE", "MONOCYTE", "EOSINOPHIL")


def card(**changes: Any) -> dict[str, Any]:
    plain = {
        "features": list(FEATURES), "kinds": list(KINDS), "sites": [3, 3, 3, 2],
        "tails": 5, "trust": 0.3, "most": 8,
    }  # fmt: skip
    return {**plain, **changes}


def arrays(**changes: np.ndarray) -> dict[str, np.ndarray]:
    means = np.zeros((4, F))
    means[np.arange(4), np.arange(4)] = 4.0  # each kind stands out in one feature
    scale = np.stack([np.zeros(F), np.ones(F)])
    covariances = np.stack([np.eye(F), 0.2 * np.eye(F), 2.0 * np.eye(F)])
    return {"means": means, "scale": scale, "covariances": covariances, **changes}


def a_model(**changes: Any) -> MorphometryModel:
    found = MorphometryModel.from_card(card(**changes), arrays(), CLASSES)
    assert found is not None
    return found


def a_specimen(n: int = 200, moved: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (n, F) and true kinds (n,) (places in KINDS); all of it moved in every feature alike."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, n, p=[0.6, 0.28, 0.08, 0.04])
    return arrays()["means"][truth] + rng.normal(0, 1, (n, F)) + moved, truth


def guesses(model: MorphometryModel, truth: np.ndarray, right: float, seed: int = 1) -> np.ndarray:
    """(n, R) what a network says that is right of so many cells."""
    rng = np.random.default_rng(seed)
    said = np.where(rng.random(len(truth)) < right, truth, rng.integers(0, 4, len(truth)))
    p = np.full((len(truth), len(ROWS)), 0.02, np.float32)
    p[np.arange(len(truth)), model.rows[said]] = 0.8
    return p / p.sum(1, keepdims=True)


def agree(model: MorphometryModel, p: np.ndarray, x: np.ndarray, rounds: int = 3) -> np.ndarray:
    now = p
    for _ in range(rounds):
        now = model.posterior(p, model.log_likelihood(x, now))
    return now


def test_columns_are_measured_and_features_follow_their_names() -> None:
    assert set(COLUMNS) <= set(MEASUREMENTS)
    values = dict.fromkeys(COLUMNS, 0.5)
    values |= {"cell_area_um2": 120.0, "nucleus_od_green": 0.6, "cytoplasm_od_green": 0.2, "nucleus_lobes": 3}
    found = dict(zip(FEATURES, features(np.array([list(values.values())]))[0], strict=True))
    assert found["ln cell_area"] == pytest.approx(np.log(120))
    assert found["nucleus_od_green - cytoplasm_od_green"] == pytest.approx(0.4)
    assert found["ln cytoplasm_od_red / cytoplasm_od_green"] == pytest.approx(np.log(0.5 / 0.2))
    assert found["nucleus_lobes"] == 3


def test_a_cell_without_a_nucleus_has_no_features_and_wild_ones_are_cut_off() -> None:
    model = a_model()
    values = np.full((2, len(COLUMNS)), 0.5)
    values[0, COLUMNS.index("nucleus_area_um2")] = np.nan
    values[1, COLUMNS.index("nucleus_lobes")] = 1e30
    found = model.standardize(values)
    assert np.isnan(found[0]).any()
    assert np.isfinite(found[1]).all()
    assert np.abs(found[1]).max() == MAX_DEVIATION


@pytest.mark.parametrize("moved", [0.0, 2.5])
def test_measurements_mend_what_the_network_got_wrong_wherever_the_slide_lies(moved: float) -> None:
    model = a_model()
    x, truth = a_specimen(moved=moved)
    p = guesses(model, truth, 0.75)
    before = (model.rows[truth] == p.argmax(1)).mean()
    after = agree(model, p, x)
    assert before < 0.85
    assert (model.rows[truth] == after.argmax(1)).mean() > 0.97
    np.testing.assert_allclose(after.sum(1), 1, atol=1e-5)


def test_without_the_specimens_own_cells_a_moved_slide_would_be_misread() -> None:
    # The same cells one by one: nothing tells that the slide is moved.
    model = a_model()
    x, truth = a_specimen(moved=2.5)
    p = guesses(model, truth, 0.75)
    alone = np.concatenate([agree(model, p[i : i + 1], x[i : i + 1]) for i in range(len(x))])
    together = agree(model, p, x)
    right = [(model.rows[truth] == q.argmax(1)).mean() for q in (alone, together)]
    assert right[1] > right[0] + 0.05
    # One cell's evidence is partly its own guess come back: it has next to no weight.
    np.testing.assert_allclose(alone, p, atol=0.08)


def test_a_kind_that_lies_elsewhere_on_this_slide_is_found_there() -> None:
    model = a_model()
    x, truth = a_specimen(400)
    x[truth == 1, 7] += 3.0  # this laboratory's lymphocytes alone
    p = guesses(model, truth, 0.8)
    after = agree(model, p, x)
    lymphocytes = truth == 1
    assert (after[lymphocytes].argmax(1) == model.rows[1]).mean() > 0.97


def test_a_specimen_whose_cells_spread_widely_says_less() -> None:
    model = a_model()
    x, truth = a_specimen(400)
    rng = np.random.default_rng(5)
    wide = x + rng.normal(0, 1.5, x.shape)
    p = guesses(model, truth, 1.0)
    narrow, told = model.log_likelihood(x, p), model.log_likelihood(wide, p)
    margins = [np.median(np.sort(e, axis=1)[:, -1] - np.sort(e, axis=1)[:, -2]) for e in (narrow, told)]
    assert margins[1] < 0.8 * margins[0]
    # Held against W alone, the same cells would be taken for much surer than they are.
    after = agree(model, guesses(model, truth, 0.75), wide)
    right = (model.rows[truth] == after.argmax(1)).mean()
    assert after.max(1).mean() < right + 0.03


def test_one_odd_measurement_does_not_decide_alone() -> None:
    x, truth = a_specimen()
    x[0, 12] = MAX_DEVIATION
    heavy, light = (a_model(tails=t) for t in (5, 1e4))
    p = guesses(heavy, truth, 1.0)
    told = [m.log_likelihood(x, p)[0] for m in (heavy, light)]
    span = [np.ptp(t) for t in told]
    assert span[0] < span[1]


def test_against_a_sure_network_measurements_have_a_say_up_to_a_limit() -> None:
    model = a_model(most=3)
    x, truth = a_specimen(400)
    p = guesses(model, truth, 1.0)
    wrong = int(np.flatnonzero(truth == 0)[0])
    p[wrong] = 0.008
    p[wrong, model.rows[2]] = 1 - 4 * 0.008  # surer that it is a monocyte than 20 to 1
    evidence = model.log_likelihood(x, p)
    assert np.ptp(evidence, axis=1).max() <= 3 + 1e-9
    assert model.posterior(p, evidence)[wrong].argmax() == model.rows[2]
    free = a_model(most=50)
    assert free.posterior(p, free.log_likelihood(x, p))[wrong].argmax() == model.rows[0]


def test_what_nothing_is_known_of_keeps_its_share() -> None:
    model = a_model()
    x, truth = a_specimen(50)
    p = guesses(model, truth, 0.9)
    p[:, ROWS[ART]] = 0.3
    p /= p.sum(1, keepdims=True)
    after = model.posterior(p, model.log_likelihood(x, p))
    np.testing.assert_allclose(after[:, ROWS[ART]], p[:, ROWS[ART]], rtol=1e-6)
    np.testing.assert_allclose(after.sum(1), 1, atol=1e-6)


def test_the_order_of_the_cells_is_of_no_consequence_and_few_are_enough() -> None:
    model = a_model()
    x, truth = a_specimen(300)
    p = guesses(model, truth, 0.8)
    order = np.random.default_rng(3).permutation(300)
    np.testing.assert_allclose(
        model.log_likelihood(x[order], p[order]), model.log_likelihood(x, p)[order], atol=1e-6
    )
    for n in (1, 2, 5):
        found = model.log_likelihood(x[:n], p[:n])
        assert found.shape == (n, 4)
        assert np.isfinite(found).all()


def test_no_card_is_none() -> None:
    assert MorphometryModel.from_card(None, {}, CLASSES) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"features": list(FEATURES[:-1])}, {"kinds": ["UNICORN", *KINDS[1:]]}, {"kinds": [KINDS[0]] * 4},
        {"kinds": list(KINDS[:3])}, {"sites": [3, 3, 3]}, {"sites": [0, 3, 3, 3]}, {"sites": "abcd"},
        {"tails": 0}, {"tails": float("nan")}, {"trust": 0}, {"trust": 1.5}, {"most": 0},
        {"most": "a"}, {"kinds": 3}, {"widest": 0.5}, {"widest": float("nan")},
    ],
)  # fmt: skip
def test_a_card_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        MorphometryModel.from_card(card(**changes), arrays(), CLASSES)


@pytest.mark.parametrize(
    "changes",
    [
        {"means": np.zeros((4, F - 1))}, {"means": np.full((4, F), np.nan)}, {"means": np.zeros(F)},
        {"scale": np.zeros((2, F))}, {"scale": np.ones((3, F))}, {"scale": np.array(1.0)},
        {"covariances": np.zeros((3, F, F))}, {"covariances": np.stack([np.eye(F)] * 2)},
        {"covariances": np.stack([np.eye(F), -np.eye(F), np.eye(F)])},
        {"covariances": np.full((3, F, F), np.inf)},
        {"covariances": np.stack([np.eye(F), np.eye(F), 0 * np.eye(F)])},
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, np.ndarray]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        MorphometryModel.from_card(card(), arrays(**changes), CLASSES)
    with pytest.raises(KeyError):
        MorphometryModel.from_card(card(), {}, CLASSES)
