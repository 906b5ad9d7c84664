from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.inference.preprocess import background_colour, crop_at_scale, crops_at_scale, window_at


def disc(size: int, centre: tuple[float, float], radius: float) -> np.ndarray:
    yy, xx = np.mgrid[:size, :size] + 0.5
    image = np.full((size, size, 3), 230, np.uint8)
    image[np.hypot(xx - centre[0], yy - centre[1]) < radius] = (80, 40, 120)
    return image


def dark_extent(crop: np.ndarray) -> tuple[float, float, float]:
    """Middle x, middle y and equivalent diameter of the dark disc, in px."""
    ys, xs = np.nonzero(crop[..., 1] < 135)
    return float(xs.mean() + 0.5), float(ys.mean() + 0.5), 2 * np.sqrt(len(xs) / np.pi)


@pytest.mark.parametrize("mpp", [0.05, 0.1, 0.21, 0.4])
def test_a_cell_keeps_its_size_in_um_and_lies_in_the_middle(mpp: float) -> None:
    image = disc(700, (400, 300), 5.0 / mpp)
    x, y, diameter = dark_extent(crop_at_scale(image, (400, 300), mpp, 128, 0.21))
    assert diameter * 0.21 == pytest.approx(10.0, rel=0.03)
    assert (x, y) == (pytest.approx(64, abs=1), pytest.approx(64, abs=1))


def test_same_scale_copies_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 80, 3), dtype=np.uint8)
    crop = crop_at_scale(image, (40, 45), 0.2, 32, 0.2)
    np.testing.assert_array_equal(crop, image[29:61, 24:56])


def test_beyond_the_image_there_is_blank_field_and_no_mirrored_cell() -> None:
    image = np.full((20, 20, 3), (200, 180, 160), np.uint8)
    image[8:12, :4] = 0  # cut by the left edge
    crop = crop_at_scale(image, (0, 10), 1.0, 16, 1.0)
    assert background_colour(image) == (200, 180, 160)
    assert (crop[:, :8] == (200, 180, 160)).all()
    np.testing.assert_array_equal(crop[:, 8:], image[2:18, :8])


def test_a_window_much_larger_than_the_image_is_filled() -> None:
    image = np.full((5, 5, 3), 7, np.uint8)
    assert (crop_at_scale(image, (2, 2), 1.0, 128, 1.0) == 7).all()
    assert crops_at_scale(image, [(2, 2), (1, 1)], 1.0, 16, 1.0).shape == (2, 16, 16, 3)


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_scale_is_an_error(mpp: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        crop_at_scale(np.zeros((5, 5, 3), np.uint8), (2, 2), mpp, 16, 0.2)


def test_a_window_beside_the_image_is_an_error() -> None:
    with pytest.raises(ValueError, match="outside"):
        crop_at_scale(np.zeros((50, 50, 3), np.uint8), (500, 500), 1.0, 16, 1.0)


def test_a_window_inside_the_image_is_no_copy_and_one_beyond_it_is_mirrored() -> None:
    image = np.random.default_rng(3).integers(0, 256, (60, 50, 3), np.uint8)
    inside = window_at(image, (25, 30), 20)
    assert np.shares_memory(inside, image)
    assert (inside == image[20:40, 15:35]).all()
    for centre in ((25, 30), (2, 58)):
        assert (window_at(image, centre, 20) == crop_at_scale(image, centre, 1.0, 20, 1.0)).all()
