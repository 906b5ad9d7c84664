"""Mix, measurements and look-alikes, one after the other and again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bloodcells_gui.adaptation.joint import Adaptation, AdaptationMethods, adapt
from bloodcells_gui.adaptation.label_propagation import LabelPropagation, PropagationSettings
from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.adaptation.prior_shift import ClassPrior, estimate_class_weights
from bloodcells_gui.adaptation.reproposal import (
    apply_class_weights,
    coarse_rows,
    coarse_sums,
    critical_leaves,
)
from tests.support.measured_cells import FIVE_LEAVES, MIDDLE, five_classes, measurements_of

CLASSES = (*FIVE_LEAVES, "PLT", "ART")
PRIOR, SETTINGS = ClassPrior(0.1, 3), PropagationSettings(0.5, 1.0, 0.5, 0.1)
NOTHING = AdaptationMethods(None, None)


def a_specimen(
    n: int = 150, right: float = 0.75, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores (n, K), coordinates (n, 6), measurements (n, M), truth (n,)."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(5, n, p=[0.5, 0.25, 0.1, 0.1, 0.05])
    said = np.where(rng.random(n) < right, truth, rng.integers(0, 5, n))
    p = np.full((n, len(CLASSES)), 0.03, np.float32)
    p[np.arange(n), said] = 0.8
    p /= p.sum(1, keepdims=True)
    x = rng.normal(0, 1.0, (n, 6))
    x[np.arange(n), truth] += 3
    return p, x.astype(np.float32), measurements_of(truth, rng), truth


def adapted(parts: tuple[np.ndarray, ...], methods: AdaptationMethods) -> Adaptation:
    return adapt(*parts[:3], CLASSES, methods)


def test_asked_for_nothing_nothing_is_made_of_it() -> None:
    found = adapted(a_specimen(), NOTHING)
    assert not NOTHING
    assert AdaptationMethods(None, None, five_classes(CLASSES))
    assert found.posteriors is None
    assert set(found.weights.values()) == {1.0}


def test_mix_and_look_alikes_alone_are_what_they_are_by_themselves() -> None:
    parts = a_specimen()
    p, x, _, _ = parts
    found = adapted(parts, AdaptationMethods(PRIOR, SETTINGS))
    weights = estimate_class_weights(p, CLASSES, PRIOR)[0]
    assert found.weights == weights
    rows = coarse_rows(CLASSES)
    vector = np.array([weights[c] for c in CLASSES], np.float32)
    own = coarse_sums(apply_class_weights(p, vector, rows, critical_leaves(CLASSES)), rows)
    np.testing.assert_allclose(found.posteriors, LabelPropagation(x, SETTINGS).propagate(own)[0], atol=1e-6)
    assert (found.propagated_cells, found.measured_cells) == (len(p), 0)


@pytest.mark.parametrize("methods", [(None, None), (PRIOR, None), (PRIOR, SETTINGS)])
def test_measurements_mend_what_the_network_got_wrong(
    methods: tuple[ClassPrior | None, PropagationSettings | None],
) -> None:
    parts = a_specimen()
    truth = coarse_rows(CLASSES)[parts[3]]
    before = adapted(parts, AdaptationMethods(*methods)).posteriors
    after = adapted(parts, AdaptationMethods(*methods, five_classes(CLASSES))).posteriors
    alone = coarse_sums(parts[0], coarse_rows(CLASSES))
    right = [(truth == k.argmax(1)).mean() for k in (alone if before is None else before, after)]
    assert right[1] > max(right[0], 0.97)
    np.testing.assert_allclose(after.sum(1), 1, atol=1e-5)


def test_platelets_and_cells_held_back_have_no_part_and_the_unmeasured_keep_their_word() -> None:
    p, x, measured, truth = a_specimen()
    p[3] = 0
    p[3, CLASSES.index("PLT")] = 1
    x[4] = np.nan
    measured[5, COLUMNS.index("nucleus_area_um2")] = np.nan
    methods = AdaptationMethods(None, None, five_classes(CLASSES))
    found = adapted((p, x, measured, truth), methods)
    assert np.isnan(found.posteriors[[3, 4]]).all()
    np.testing.assert_allclose(found.posteriors[5], coarse_sums(p[5:6], coarse_rows(CLASSES))[0], atol=1e-6)
    assert found.measured_cells == len(p) - 3
    none = adapted((p, x, np.full_like(measured, np.nan), truth), methods)
    assert none.measured_cells == 0
    there = np.isfinite(none.posteriors[:, 0])
    np.testing.assert_allclose(none.posteriors[there], coarse_sums(p, coarse_rows(CLASSES))[there], atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_cells_are_served_too(n: int) -> None:
    parts = tuple(part[:n] for part in a_specimen())
    found = adapted(parts, AdaptationMethods(PRIOR, SETTINGS, five_classes(CLASSES)))
    assert found.posteriors.shape == (n, coarse_rows(CLASSES).max() + 1)
    assert np.isfinite(found.posteriors).all()


def test_the_order_of_the_cells_is_of_no_consequence() -> None:
    parts = a_specimen()
    order = np.random.default_rng(1).permutation(len(parts[0]))
    methods = AdaptationMethods(PRIOR, SETTINGS, five_classes(CLASSES))
    one, other = adapted(parts, methods), adapted(tuple(part[order] for part in parts), methods)
    np.testing.assert_allclose(other.posteriors, one.posteriors[order], atol=1e-3)
    assert other.weights == pytest.approx(one.weights, rel=1e-4)


def test_a_foreign_specimen_is_no_less_foreign_for_being_measured() -> None:
    # Look-alikes calm themselves by how far cells gave way before measurements had mended them.
    parts = a_specimen(400, right=0.6)
    methods = AdaptationMethods(None, SETTINGS, five_classes(CLASSES))
    calmer = AdaptationMethods(None, PropagationSettings(0.5, 1.0, 4.0, 0.1), five_classes(CLASSES))
    sure = [adapted(parts, w).posteriors.max(1).mean() for w in (methods, calmer)]
    assert sure[1] < sure[0] - 0.02


def test_cells_that_spread_as_no_slide_do_are_not_measured() -> None:
    parts = a_specimen(200, right=1.0)
    several = np.array(parts[2])
    several[::2] *= np.random.default_rng(3).uniform(0.3, 3.0, (100, several.shape[1])).astype(np.float32)
    free = AdaptationMethods(PRIOR, None, five_classes(CLASSES))
    limited = AdaptationMethods(PRIOR, None, replace(five_classes(CLASSES), max_dispersion=20.0))
    mixed = (*parts[:2], several, parts[3])
    assert adapted(parts, limited).measured_cells == adapted(parts, free).measured_cells > 150
    assert adapted(mixed, free).measured_cells > 100
    assert adapted(mixed, limited).measured_cells == 0
    assert adapted(mixed, limited).weights == adapted(mixed, AdaptationMethods(PRIOR, None)).weights


def test_the_double_lies_in_the_middle_of_the_features() -> None:
    model = five_classes(CLASSES)
    assert np.abs(model.standardize(MIDDLE[None])).max() < 1e-6
