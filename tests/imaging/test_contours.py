"""Outlines and masks carried from the window to the image."""

import math

import cv2
import numpy as np
import pytest

from bloodcells_gui.imaging.contours import mask_to_image, outlines, window_to_image


def disc(size: int, radius: float, cx: float, cy: float) -> np.ndarray:
    y, x = np.mgrid[:size, :size] + 0.5
    return ((x - cx) ** 2 + (y - cy) ** 2 <= radius**2).astype(np.uint8)


def test_outline_lies_on_the_circle() -> None:
    (contour,) = outlines(disc(64, 20, 31, 33))
    radius = np.hypot(contour[:, 0] - 31, contour[:, 1] - 33)
    assert abs(float(radius.mean()) - 20) < 0.15
    assert float(radius.std()) < 0.25


def test_outline_at_the_edge_stays_inside_and_nothing_has_none() -> None:
    (contour,) = outlines(np.ones((16, 16), np.uint8))
    assert contour.min() > -0.6
    assert contour.max() < 16.6
    assert outlines(np.zeros((16, 16), np.uint8)) == []


def test_largest_first() -> None:
    two = disc(64, 6, 12, 12) | disc(64, 15, 40, 40)
    areas = [cv2.contourArea(c) for c in outlines(two)]
    assert len(areas) == 2
    assert areas[0] > areas[1]


def test_window_to_image() -> None:
    points = np.array([[0, 0], [128, 128], [64, 64]], np.float32)
    expected = [[10, 20], [266, 276], [138, 148]]
    np.testing.assert_allclose(window_to_image(points, (10, 20, 256), 128), expected)


@pytest.mark.parametrize("side", [64.0, 128.0, 301.5])
def test_mask_keeps_area_and_place_in_the_image(side: float) -> None:
    mask = disc(128, 40, 64, 64) + disc(128, 20, 60, 64)
    out = mask_to_image(mask, (50.0, 30.0, side), (400, 360))
    assert out.shape == (360, 400)
    scale = side / 128
    assert np.count_nonzero(out) == pytest.approx(math.pi * (40 * scale) ** 2, rel=0.03)
    assert np.count_nonzero(out == 2) == pytest.approx(math.pi * (20 * scale) ** 2, rel=0.05)
    ys, xs = np.nonzero(out)
    assert xs.mean() + 0.5 == pytest.approx(50 + side / 2, abs=0.5)
    assert ys.mean() + 0.5 == pytest.approx(30 + side / 2, abs=0.5)


def test_window_beyond_the_image_and_empty_mask() -> None:
    mask = np.full((128, 128), 2, np.uint8)
    out = mask_to_image(mask, (-64.0, -64.0, 128.0), (100, 100))
    assert (out[:63, :63] == 2).all()
    assert not out[65:, 65:].any()
    assert not mask_to_image(mask, (500.0, 0.0, 128.0), (100, 100)).any()
    assert not mask_to_image(np.zeros_like(mask), (0.0, 0.0, 128.0), (100, 100)).any()
