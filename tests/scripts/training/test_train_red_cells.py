"""Views, figures and calibration of the red-cell network."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from scripts.training.export_red_cells import (
    MOST_DOUBTFUL,
    calibrated,
    drawn_windows,
    fitted_doubt,
    fitted_temperature,
)
from scripts.training.red_cells_data import CACHE_PX, CODES, SHAPES, RedCellSet
from scripts.training.red_cells_net import SIZE
from scripts.training.train_red_cells import Views, middles, scores, text_of


def some_cells(n: int = 40) -> RedCellSet:
    rng = np.random.default_rng(0)
    classes = np.array([0] * (n - 4) + [1, 2, 3, 12])
    zeros = np.zeros(n, np.int64)
    windows = rng.integers(0, 256, (n, CACHE_PX, CACHE_PX, 3), dtype=np.uint8)
    return RedCellSet(windows, classes, zeros, zeros, zeros, np.zeros((n, 4), np.float32), np.ones(n, bool))


def test_a_batch_is_repeatable_and_rare_classes_come_more_often_than_they_are() -> None:
    views = Views(some_cells(), seed=1, batch=64, balance=0.5)
    images, goals = views.draw(3)
    again, _ = views.draw(3)
    assert images.shape == (64, 3, SIZE, SIZE)
    assert bool((images == again).all())
    assert goals.sum(1).numpy() == pytest.approx(1.0)
    assert float(goals[:, 0].mean()) < 36 / 40


def test_the_middle_of_a_cached_window_is_what_the_program_would_cut() -> None:
    window = np.full((1, CACHE_PX, CACHE_PX, 3), 235, np.uint8)
    window[0, 60:68, 60:68] = 0
    view = middles(window)[0]
    assert view.shape == (SIZE, SIZE, 3)
    dark = np.argwhere(view[..., 0] < 100)
    assert dark.mean(0) == pytest.approx(SIZE / 2 - 0.5, abs=1.5)


def test_scores_leave_out_what_the_set_calls_uncategorised() -> None:
    truth, found = np.array([0, 0, 1, 12]), np.array([0, 1, 1, 0])
    said = scores(truth, found)
    assert said["n"] == 3
    assert said["accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert said["macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / SHAPES, abs=1e-3)
    assert "NORM" in text_of(said["confusion"])  # type: ignore[arg-type]


def test_temperature_cools_answers_that_are_surer_than_right() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 4, 4000)
    z = rng.normal(0, 1, (4000, 4))
    z[np.arange(4000), truth] += 1.0
    assert fitted_temperature(3 * z, truth) == pytest.approx(3 * fitted_temperature(z, truth), abs=0.1)


def test_the_doubt_leaves_at_most_a_share_of_the_cells_doubtful() -> None:
    doubt = np.linspace(0, 0.9, 1000)
    always_wrong = fitted_doubt(doubt, np.zeros(1000, bool))
    assert (doubt >= always_wrong).mean() == pytest.approx(MOST_DOUBTFUL, abs=0.01)
    right = doubt < 0.8
    assert (doubt >= fitted_doubt(doubt, right)).mean() < 0.1


def test_offsets_mend_a_class_that_is_named_too_seldom() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 900)
    logits = rng.normal(0, 0.3, (900, len(CODES))).astype(np.float32)
    logits[np.arange(900), truth] += 2.0
    logits[:, 1] -= 1.2
    found = calibrated(logits, truth)
    assert found["offsets"]["MACRO"] > 0
    assert 0 < found["doubtful_from"] < 1


def test_golden_windows_are_drawn_and_differ() -> None:
    windows = drawn_windows()
    assert windows.shape == (6, SIZE, SIZE, 3)
    assert len({w.tobytes() for w in windows}) == 6
