"""Made smudge cells: sizes, kinds and what they are laid over."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from scripts.training.data import CACHE_PX, CACHE_UM
from scripts.training.smudges import CENTRE, DIAMETER_UM, KINDS, chromatin, cornered_outline, made_smudge

BLANK = (230, 225, 235)


def _cell() -> tuple[np.ndarray, np.ndarray]:
    """A drawn purple nucleus on blank field, and its pixels."""
    yy, xx = np.mgrid[:CACHE_PX, :CACHE_PX]
    nucleus = np.hypot(xx - CENTRE, yy - CENTRE) * CACHE_UM < 4.0
    image = np.full((CACHE_PX, CACHE_PX, 3), BLANK, np.uint8)
    image[nucleus] = (90, 50, 130)
    return image, nucleus


@pytest.mark.parametrize("corners", [True, False])
def test_an_outline_has_the_wanted_size_and_lies_in_the_middle(corners: bool) -> None:
    for seed in range(8):
        outline = cornered_outline(12.0, np.random.default_rng(seed), corners)
        diameter = 2 * np.sqrt(outline.sum() * CACHE_UM**2 / np.pi)
        assert abs(diameter - 12.0) < 0.8
        assert outline[CENTRE, CENTRE]


def test_chromatin_fills_the_frame_with_the_colour_of_the_nucleus() -> None:
    image, nucleus = _cell()
    density = chromatin(image, nucleus, np.random.default_rng(0))
    assert density.shape == (CACHE_PX, CACHE_PX, 3)
    wanted = -np.log(np.array([91, 51, 131]) / (np.array(BLANK) + 1))
    np.testing.assert_allclose(np.median(density.reshape(-1, 3), axis=0), wanted, rtol=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_smudge_is_seen_in_the_middle_and_leaves_the_field_around_it(kind: str) -> None:
    image, nucleus = _cell()
    ground = np.full_like(image, BLANK)
    sizes = []
    for seed in range(6):
        made = made_smudge(image, nucleus, ground, np.random.default_rng(seed), kind)
        dark = made[..., 1].astype(int) < BLANK[1] - 12
        sizes.append(2 * np.sqrt(dark.sum() * CACHE_UM**2 / np.pi))
        near = slice(CENTRE - 20, CENTRE + 20)
        assert dark[near, near].mean() > 0.2
        corner = made[:12, :12].astype(int)
        assert np.abs(corner - np.array(BLANK)).max() <= 6
    low, high = DIAMETER_UM[kind]
    assert 0.4 * low < np.median(sizes) < 1.3 * high


def test_red_cells_do_not_shine_through_a_compact_smudge() -> None:
    image, nucleus = _cell()
    ground = np.full_like(image, BLANK)
    ground[:, CENTRE:] = (200, 150, 140)
    plain = made_smudge(image, nucleus, np.full_like(image, BLANK), np.random.default_rng(3), "compact")
    over = made_smudge(image, nucleus, ground, np.random.default_rng(3), "compact")
    inside = (slice(CENTRE - 10, CENTRE + 10), slice(CENTRE + 2, CENTRE + 12))
    assert np.abs(plain[inside].astype(int) - over[inside].astype(int)).mean() < 6


def test_one_seed_gives_one_picture() -> None:
    image, nucleus = _cell()
    one, two = (made_smudge(image, nucleus, image, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
