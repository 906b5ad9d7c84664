"""Dark padding around a crop is left out; glass, and pictures that are dark by themselves, stay."""

from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.edges import EdgeFlags
from bloodcells_gui.pipeline.padding import picture_within, without_padding
from tests.support.doubles import draw_cell


@pytest.mark.parametrize("level", [0, 60, 128])
def test_padding_is_left_out(level: int) -> None:
    picture = draw_cell("LY")[20:-20, 30:-30]
    padded = np.pad(picture, ((12, 9), (30, 0), (0, 0)), constant_values=level)
    assert picture_within(padded) == (30, 12, 30 + picture.shape[1], 12 + picture.shape[0])
    assert np.array_equal(without_padding(padded), picture)


def test_padding_that_jpeg_blurred_is_left_out_but_for_its_rim() -> None:
    picture = draw_cell("LY")
    rng = np.random.default_rng(1)
    padded = np.pad(picture, ((20, 20), (20, 20), (0, 0)), constant_values=4).astype(np.int16)
    padded[:20] += rng.integers(-3, 4, padded[:20].shape, np.int16)
    left, top, right, bottom = picture_within(np.clip(padded, 0, 255).astype(np.uint8))
    assert (left, right) == (20, 20 + picture.shape[1])
    assert (top, bottom) == (20, 20 + picture.shape[0])


@pytest.mark.parametrize("level", [255, 235])
def test_padding_like_glass_stays(level: int) -> None:
    padded = np.pad(draw_cell("LY"), ((20, 20), (20, 20), (0, 0)), constant_values=level)
    assert picture_within(padded) == (0, 0, padded.shape[1], padded.shape[0])


def test_a_picture_of_one_colour_a_tiny_and_a_plain_one_stay() -> None:
    for image in (np.zeros((50, 60, 3), np.uint8), np.zeros((8, 8, 3), np.uint8), draw_cell("LY")):
        assert picture_within(image) == (0, 0, image.shape[1], image.shape[0])


def test_a_place_without_its_padding_ends_where_the_picture_does() -> None:
    pixels = draw_cell("LY")
    height, width = pixels.shape[:2]
    place = CellPlace(
        0, pixels, (20.0, 12.0), (width / 2, height / 2), 0.1, size_px=(width + 40, height + 24), padded=True
    )
    assert place.ends() == EdgeFlags(True, True, True, True)
    assert place.bounds() == (20, 12, 20 + width, 12 + height)
    assert CellPlace(0, pixels, (0.0, 0.0), (1, 1), 0.1).bounds() == (0, 0, width, height)
