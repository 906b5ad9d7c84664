"""The light of a picture, and the picture in even light: what was done to a field is undone, and no more."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bloodcells_gui.imaging.light import WHITE, estimate_light, even_light
from tests.support.drawn_smear import drawn_smear

UInt8 = NDArray[np.uint8]


def lit_by(image: UInt8, gain: Callable[[NDArray[np.float64], NDArray[np.float64]], object]) -> UInt8:
    """The image under a light that is `gain` at x and y from -1 to 1."""
    height, width = image.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(np.clip(image * np.asarray(gain(x, y)), 0, 255), np.uint8)


def worst(a: UInt8, b: UInt8) -> float:
    """Difference that 99 in 100 values stay below."""
    return float(np.quantile(np.abs(a.astype(int) - b.astype(int)), 0.99))


@settings(max_examples=8, deadline=None)
@given(st.tuples(st.floats(0.4, 1.0), st.floats(0.6, 1.08), st.floats(0.4, 1.0)), st.integers(0, 99))
def test_a_cast_comes_back(cast: tuple[float, float, float], seed: int) -> None:
    assume(cast[1] > 0.92 * min(cast[0], cast[2]))
    image = drawn_smear(seed=seed)
    seen = lit_by(image, lambda x, y: np.array(cast) * np.ones((*x.shape, 1)))
    # A channel darkened to a third has only a third of the levels left.
    assert worst(estimate_light(seen).applied(seen), image) <= 6


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("right", "down", "corners"),
    [(0.3, -0.3, 0.0), (0.2, 0.1, 0.1), (-0.3, 0.0, 0.3), (0.0, 0.0, 0.5), (0.1, -0.1, 0.4)],
)
def test_a_ramp_and_a_vignette_come_back(right: float, down: float, corners: float, seed: int) -> None:
    image = drawn_smear(seed=seed)
    seen = lit_by(
        image,
        lambda x, y: np.exp(right * x + down * y - corners * (x * x + y * y) - abs(right) - abs(down))[
            :, :, None
        ],
    )
    assert worst(estimate_light(seen).applied(seen), image) <= 18


def test_even_light_is_left_alone_and_a_second_step_changes_nothing() -> None:
    image = drawn_smear()
    once = estimate_light(image).applied(image)
    assert worst(once, image) <= 2
    dim = lit_by(image, lambda x, y: np.array([0.8, 0.6, 0.5]) * (1 - 0.2 * x * x)[:, :, None])
    once = estimate_light(dim).applied(dim)
    assert worst(estimate_light(once).applied(once), once) <= 3


def test_parts_and_shrunk_parts_look_as_the_whole_does() -> None:
    image = lit_by(
        drawn_smear(), lambda x, y: np.array([0.7, 0.9, 0.6]) * (1 - 0.25 * x - 0.1 * y * y)[:, :, None]
    )
    light = estimate_light(image)
    whole = light.applied(image)
    part = light.applied(image[100:300, 200:520], origin_px=(200, 100))
    assert worst(part, whole[100:300, 200:520]) <= 2
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    expected = cv2.resize(whole, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert worst(light.applied(np.asarray(half, np.uint8), step=2.0), np.asarray(expected, np.uint8)) <= 4


def test_a_black_border_around_a_round_view_becomes_blank_and_the_cells_stay() -> None:
    image = drawn_smear(480, 480)
    y, x = np.mgrid[:480, :480]
    outside = np.hypot(x - 240, y - 240) > 236
    seen = np.where(outside[:, :, None], np.uint8(9), image)
    light = estimate_light(seen)
    assert light.border is not None
    got = light.applied(seen)
    deep = np.hypot(x - 240, y - 240) > 242
    assert (got[deep] == round(WHITE)).all()
    inner = np.hypot(x - 240, y - 240) < 224
    assert worst(got[inner], image[inner]) <= 6


def test_a_border_whose_corner_is_lit_becomes_blank_too() -> None:
    image = drawn_smear(480, 480, cells=90)
    y, x = np.mgrid[:480, :480]
    image[np.hypot(x - 240, y - 240) > 260] = 20
    image[:12, :12] = 150
    light = estimate_light(image)
    assert light.border is not None
    got = light.applied(image)
    assert (got[30, 5] == round(WHITE)).all()


def test_a_dark_nucleus_that_the_edge_cuts_is_no_border() -> None:
    image = drawn_smear(cells=20)
    cv2.circle(image, (2, 240), 60, (92, 40, 130), -1)
    light = estimate_light(image)
    assert light.border is None
    assert tuple(light.applied(image)[240, 5]) == pytest.approx((92, 40, 130), abs=3)


def test_a_crop_cut_tight_without_blank_field_is_left_as_it_is() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    cell = np.where((np.hypot(x, y) < 0.7)[:, :, None], (92, 40, 130), (186, 150, 190)) + rng.normal(
        0, 12, (96, 96, 3)
    )
    image = np.asarray(np.clip(cell, 0, 255), np.uint8)
    got = estimate_light(image).applied(image)
    assert np.abs(got.astype(int) - image).mean() < 10  # all of the correction would be 38


@pytest.mark.parametrize("level", [0, 3, 120, 255])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (9, 9), (40, 17), (300, 300)])
def test_pictures_that_show_nothing_stay_pictures_that_show_nothing(
    level: int, size: tuple[int, int]
) -> None:
    image = np.full((*size, 3), level, np.uint8)
    got = estimate_light(image).applied(image)
    assert got.shape == image.shape
    assert got.dtype == np.uint8
    assert np.ptp(got) <= 1
    if level < 8:  # black is not brightened to noise
        assert (got == image).all()


def test_no_part_of_no_picture_fails() -> None:
    light = even_light()
    assert light.applied(np.zeros((0, 5, 3), np.uint8)).shape == (0, 5, 3)
    image = drawn_smear(64, 64, 3)
    assert (even_light((64, 64)).applied(image) == image).all()


def test_the_level_is_the_blank_fields() -> None:
    seen = lit_by(drawn_smear(), lambda x, y: np.array([0.8, 0.7, 0.6]) * np.ones((*x.shape, 1)))
    light = estimate_light(seen)
    assert light.level == pytest.approx((188, 164, 141), abs=3)
    assert light.trust == 1
