from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bloodcells_gui.adaptation.reproposal import coarse_rows
from bloodcells_gui.inference.uncertainty import UncertaintyModel, softmax

CLASSES = ("SNE", "BNE", "BL", "ART")
MODEL = UncertaintyModel(
    np.zeros(2, np.float32),
    np.eye(2, dtype=np.float32),
    np.array([[0, 0], [10, 0]], np.float32),
    2.0,
    1.5,
    1.0,
    0.5,
    3.0,
)


def test_distance_is_to_the_nearest_mean_in_units_of_the_reference() -> None:
    found = MODEL.relative_distance(np.array([[0, 0], [10, 2], [5, 0]], np.float32))
    np.testing.assert_allclose(found, [0, 1, 2.5], atol=1e-3)


def test_confidence_fades_with_distance_and_never_leaves_the_simplex() -> None:
    logits = np.array([[4, 1, 0, 0]] * 4, np.float32)
    p = MODEL.probabilities(logits, np.array([0, 1, 2, 8], np.float32))
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)
    assert p[0, 0] == pytest.approx(p[1, 0])
    assert p[1, 0] > p[2, 0] > p[3, 0] > 0.25
    np.testing.assert_allclose(p[0], softmax(logits[:1] / 1.5)[0], rtol=1e-5)


def test_doubt_between_two_forms_of_a_neutrophil_is_smaller_than_between_blast_and_neutrophil() -> None:
    rows = coarse_rows(CLASSES)
    near = np.zeros(2, np.float32)
    forms, blast = MODEL.uncertainty(np.array([[0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0]], np.float32), near, rows)
    assert forms < blast


def test_doubt_grows_with_distance() -> None:
    p = np.tile(np.array([1, 0, 0, 0], np.float32), (3, 1))
    uncertainty = MODEL.uncertainty(p, np.array([0.5, 3, 9], np.float32), coarse_rows(CLASSES))
    assert uncertainty[0] < uncertainty[1] < uncertainty[2]
    assert uncertainty[2] > 0.95


def test_views_that_disagree_add_doubt_where_the_card_says_so() -> None:
    p = np.tile(np.array([0.9, 0.1, 0, 0], np.float32), (2, 1))
    near, rows = np.zeros(2, np.float32), coarse_rows(CLASSES)
    apart = np.array([0, 0.5], np.float32)
    assert MODEL.uncertainty(p, near, rows, apart)[1] == MODEL.uncertainty(p, near, rows)[1]
    uncertainty = replace(MODEL, disagreement=0.4).uncertainty(p, near, rows, apart)
    assert uncertainty[1] - uncertainty[0] == pytest.approx(0.2, abs=1e-6)


def test_arrays_and_numbers_that_do_not_fit_are_refused() -> None:
    arrays = {"centre": np.zeros(3), "whitener": np.zeros((3, 2)), "means": np.zeros((4, 2))}
    numbers = {"reference": 1.0, "temperature": 1.0, "slope": 0.0, "threshold": 0.5, "unlike": 2.0}
    UncertaintyModel.from_card(numbers, arrays)
    with pytest.raises(ValueError, match="fit together"):
        UncertaintyModel.from_card(numbers, {**arrays, "means": np.zeros((4, 5))})
    with pytest.raises(ValueError, match="out of range"):
        UncertaintyModel.from_card({**numbers, "temperature": 0.0}, arrays)
    with pytest.raises(ValueError, match="out of range"):
        UncertaintyModel.from_card({**numbers, "disagreement": -0.1}, arrays)
    for threshold in (1.0, 1e9, -0.1):  # nothing would ever wait, or everything
        with pytest.raises(ValueError, match="out of range"):
            UncertaintyModel.from_card({**numbers, "threshold": threshold}, arrays)
    with pytest.raises(KeyError):
        UncertaintyModel.from_card({"reference": 1.0}, arrays)
