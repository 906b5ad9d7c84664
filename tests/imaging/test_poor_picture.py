"""Pictures of which nothing can be told, and pictures that are merely bad."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bloodcells_gui.imaging.poor_picture import look_of, too_poor
from tests.support.drawn_smear import drawn_smear

UInt8 = NDArray[np.uint8]
MPP = 0.21


def cell() -> UInt8:
    """A leukocyte among red cells, 27 um across."""
    return drawn_smear(128, 128, cells=4)


def test_a_good_picture_at_several_scales() -> None:
    image = cell()
    assert not too_poor(image, MPP)
    for factor in (0.5, 2.0, 4.0):
        other = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        assert not too_poor(np.asarray(other, np.uint8), MPP / factor)


def test_dim_cast_and_softly_blurred_pictures_can_still_be_judged() -> None:
    image = cell()
    assert not too_poor(np.asarray(image * np.array([0.3, 0.35, 0.25]), np.uint8), MPP)
    assert not too_poor(np.asarray(cv2.GaussianBlur(image, (0, 0), 0.5 / MPP), np.uint8), MPP)
    assert not too_poor(np.asarray(235 - (235.0 - image) * 0.3, np.uint8), MPP)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda image: image * 0.1,
        lambda image: 235 - (235.0 - image) * 0.05,
        lambda image: 250 + image * 0.02,
        lambda image: cv2.GaussianBlur(image, (0, 0), 3.0 / MPP),
        lambda image: image * 0,
        lambda image: image * 0 + 255,
    ],
    ids=["dark", "pale", "blown out", "blurred", "black", "white"],
)
def test_pictures_that_show_nothing(spoil: object) -> None:
    assert callable(spoil)
    assert too_poor(np.asarray(spoil(cell()), np.uint8), MPP)


def test_tiny_pictures_are_judged_without_error() -> None:
    assert too_poor(np.full((1, 1, 3), 200, np.uint8), MPP)


def test_a_cell_out_of_focus_is_told_from_one_of_which_nothing_can_be_told() -> None:
    def blurred(by_um: float) -> UInt8:
        return np.asarray(cv2.GaussianBlur(cell(), (0, 0), by_um / MPP), np.uint8)

    for by, soft, hard in ((0.0, False, False), (0.15, False, False), (0.5, True, False), (1.1, True, True)):
        look = look_of(blurred(by) if by else cell(), MPP)
        assert look.out_of_focus(without_texture=True) is soft
        assert look.out_of_focus(without_texture=False) is hard
        assert not look.too_poor
    nothing = look_of(blurred(3.0), MPP)
    assert nothing.too_poor
    assert not nothing.out_of_focus(without_texture=True)
