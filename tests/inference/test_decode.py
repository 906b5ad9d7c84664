"""From maps to boxes."""

import numpy as np
import pytest

from bloodcells_gui.inference.decode import decode_maps, pad_to_multiple
from bloodcells_gui.inference.preprocess import background_colour


def maps(height: int = 16, width: int = 24) -> tuple[np.ndarray, np.ndarray]:
    heat = np.zeros((3, height, width), np.float32)
    geometry = np.zeros((4, height, width), np.float32)
    geometry[:2] = 0.5
    return heat, geometry


def test_a_peak_becomes_its_box() -> None:
    heat, geometry = maps()
    heat[0, 5, 8], heat[0, 5, 9] = 0.9, 0.6
    geometry[:, 5, 8] = 0.25, 0.75, np.log(20), np.log(12)
    found = decode_maps(heat, geometry, (96, 64), (0.3, 0.3, 0.3))
    np.testing.assert_allclose(found.boxes, [[8.25 * 4 - 10, 5.75 * 4 - 6, 20, 12]], rtol=1e-5)
    assert found.classes.tolist() == [0]
    assert found.scores.tolist() == pytest.approx([0.9])


def test_thresholds_are_per_class() -> None:
    heat, geometry = maps()
    geometry[2:] = np.log(8)
    heat[0, 3, 3] = heat[1, 3, 12] = heat[2, 10, 3] = 0.4
    assert decode_maps(heat, geometry, (96, 64), (0.5, 0.3, 0.5)).classes.tolist() == [1]


def test_boxes_are_cut_at_the_image_and_not_lost_in_the_padding() -> None:
    heat, geometry = maps()
    geometry[2:] = np.log(20)
    heat[0, 0, 0] = heat[0, 15, 23] = 0.9
    found = decode_maps(heat, geometry, (90, 60), (0.3, 0.3, 0.3))
    assert len(found) == 2
    assert found.boxes[:, :2].min() >= 0
    assert (found.boxes[:, 0] + found.boxes[:, 2]).max() <= 90
    assert (found.boxes[:, 1] + found.boxes[:, 3]).max() <= 60


def test_absurd_sizes_do_not_overflow() -> None:
    heat, geometry = maps()
    heat[1, 8, 8] = 0.9
    geometry[2:, 8, 8] = 1e4
    found = decode_maps(heat, geometry, (96, 64), (0.3, 0.3, 0.3))
    assert np.isfinite(found.boxes).all()


def test_padding_is_blank() -> None:
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    padded = pad_to_multiple(image)
    assert padded.shape == (16, 16, 3)
    np.testing.assert_array_equal(padded[:5, :7], image)
    assert (padded[5:, :7] == background_colour(image)).all()
    assert (padded[:, 7:] == background_colour(image)).all()
    same = np.zeros((32, 16, 3), np.uint8)
    assert pad_to_multiple(same) is same
