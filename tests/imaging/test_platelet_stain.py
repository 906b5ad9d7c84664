"""Platelets by their stain: told from red cells, outlined to their rim."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.imaging.platelet_stain import (
    USUAL_RED,
    optical_density,
    outline_platelet,
    red_cell_direction,
    stain_density,
    stained_as_platelets,
)

BLANK = np.full(3, 235.0, np.float32)
FIELD, RED, PURPLE = (235, 235, 235), (196, 160, 170), (120, 70, 150)


def a_field(side: int = 200) -> NDArray[np.uint8]:
    """Blank field with red cells of 36 px."""
    image = np.full((side, side, 3), FIELD, np.uint8)
    for x, y in ((40, 40), (150, 50), (60, 150)):
        cv2.circle(image, (x, y), 18, RED, -1)
    return image


def test_the_direction_is_the_red_cells_whatever_their_thickness() -> None:
    image = a_field()
    found = red_cell_direction(optical_density(image, BLANK))
    thick = np.asarray(235 * (np.array(RED) / 235.0) ** 2, np.uint8)
    image[np.all(image == RED, axis=2)] = thick
    assert red_cell_direction(optical_density(image, BLANK)) == pytest.approx(found, abs=0.02)
    blank = red_cell_direction(optical_density(np.full((50, 50, 3), 235, np.uint8), BLANK))
    assert blank == pytest.approx(np.array(USUAL_RED) / np.linalg.norm(USUAL_RED), abs=1e-6)


def test_purple_is_off_the_line_of_the_red_cells() -> None:
    image = a_field()
    cv2.circle(image, (150, 150), 10, PURPLE, -1)
    density = optical_density(image, BLANK)
    stain = stain_density(density, red_cell_direction(density))
    assert stain[150, 150] > 0.1
    assert stain[40, 40] < 0.01
    assert stain[0, 0] == 0


@pytest.mark.parametrize("across", [12, 20, 34])
def test_a_box_that_is_too_large_is_drawn_in_to_the_rim(across: int) -> None:
    image = a_field()
    cv2.circle(image, (140, 145), across // 2, PURPLE, -1)
    loose = Box(140 - across, 145 - across, 2 * across, 2 * across)
    found = outline_platelet(image, loose, 0.1)
    assert found is not None
    for side in (found.box.width, found.box.height):
        assert side == pytest.approx(across, abs=3)
    assert found.diameter_um == pytest.approx(0.1 * across, rel=0.15)
    assert found.solidity > 0.9


def test_a_box_without_such_a_stain_has_no_outline() -> None:
    assert outline_platelet(a_field(), Box(30, 30, 20, 20), 0.1) is None
    assert outline_platelet(a_field(), Box(30, 30, 20, 20), math.nan) is None


def test_what_is_stained_needs_a_lower_score_and_what_is_not_a_higher_one() -> None:
    image = a_field()
    cv2.circle(image, (150, 150), 5, PURPLE, -1)
    boxes = np.array([[145, 145, 11, 11], [30, 30, 12, 12]], np.float32)
    red = np.array([[22, 22, 36, 36], [132, 32, 36, 36]], np.float32)

    def kept(score: float) -> list[bool]:
        scores = np.full(2, score, np.float32)
        return stained_as_platelets(image, boxes, scores, red, 0.45, BLANK).tolist()

    assert kept(0.40) == [True, False]
    assert kept(0.50) == [True, False]
    assert kept(0.90) == [True, True]
    assert kept(0.10) == [False, False]
    none = np.zeros((0, 4), np.float32)
    assert stained_as_platelets(image, none, np.zeros(0, np.float32), red, 0.45, BLANK).tolist() == []
