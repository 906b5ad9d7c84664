"""Degraded views: what each does to a picture, and how often they come."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.training.augment import Look
from scripts.training.degrade import DEGRADATIONS, SHARES, channels, degrade, dim, flat, grey, mark, vignette


def picture(seed: int = 0) -> np.ndarray:
    """(128, 128, 3) uint8: a bright field with a coloured disc in the middle."""
    rng = np.random.default_rng(seed)
    out = np.full((128, 128, 3), (230, 220, 215), np.float32)
    yy, xx = np.mgrid[:128, :128]
    out[np.hypot(xx - 64, yy - 64) < 30] = (120, 70, 160)
    return np.clip(out + rng.normal(0, 3, out.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_each_keeps_shape_and_kind_and_the_picture_it_was_given(name: str) -> None:
    image = picture()
    before = image.copy()
    changed = [DEGRADATIONS[name](image, np.random.default_rng(seed)) for seed in range(12)]
    assert all(c.shape == image.shape and c.dtype == np.uint8 for c in changed)
    assert any(np.abs(c.astype(int) - image).mean() > 1 for c in changed)
    np.testing.assert_array_equal(image, before)


def test_dim_is_darker_flat_spans_less_and_grey_has_no_colour() -> None:
    image = picture()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        assert dim(image, rng).mean() < 0.85 * image.mean()
        assert np.ptp(flat(image, rng)) < 0.85 * np.ptp(image)
        assert np.ptp(grey(image, rng), axis=2).max() == 0


def test_a_vignette_leaves_the_middle_lighter_than_the_darkest_corner() -> None:
    blank = np.full((128, 128, 3), 220, np.uint8)
    for seed in range(20):
        out = vignette(blank, np.random.default_rng(seed)).mean(2)
        assert out[60:68, 60:68].mean() > min(out[0, 0], out[0, -1], out[-1, 0], out[-1, -1])


def test_a_mark_leaves_the_middle_alone() -> None:
    image = picture()
    middle = (slice(44, 84), slice(44, 84))
    kept = [np.array_equal(mark(image, np.random.default_rng(s))[middle], image[middle]) for s in range(40)]
    assert np.mean(kept) > 0.9


def test_mixed_channels_stay_within_what_was_there() -> None:
    image = picture()
    for seed in range(10):
        out = channels(image, np.random.default_rng(seed))
        assert int(out.max()) <= int(image.max()) + 1
        assert int(out.min()) >= int(image.min()) - 1


def test_strength_rises_along_the_curriculum_and_says_how_often() -> None:
    look = Look(degraded=0.8, ramp=1000)
    steps = [look.strength(seen) for seen in (0, 250, 500, 1000, 5000)]
    assert steps == sorted(steps)
    assert steps[0] == pytest.approx(0.08)
    assert steps[-1] == steps[-2] == 0.8
    assert Look().strength(10**6) == 0
    image, rng = picture(), np.random.default_rng(2)
    untouched = {s: np.mean([degrade(image, rng, s) is image for _ in range(400)]) for s in (0.2, 1.0)}
    for strength, share in untouched.items():
        expected = np.prod([1 - strength * s for s in SHARES.values()])
        assert share == pytest.approx(expected, abs=0.08)
