"""Dark spots inside red cells, on drawn cells."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bloodcells_gui.imaging.red_cell_inclusion import LOOK_HERE, inclusion_of

SIDE, UM = 96, 0.15
MIDDLE = (SIDE // 2, SIDE // 2)
CELL, PALE, BODY = (206, 150, 160), (228, 205, 208), (110, 50, 130)


def drawn(*, pallor: int = 8, target: bool = False) -> np.ndarray:
    """A red cell of 7.2 um between two others."""
    image = np.full((SIDE, SIDE, 3), 235, np.uint8)
    for x in (0, SIDE):
        cv2.circle(image, (x, MIDDLE[1]), 20, CELL, -1, cv2.LINE_AA)
    cv2.circle(image, MIDDLE, 24, CELL, -1, cv2.LINE_AA)
    if pallor:
        cv2.circle(image, MIDDLE, pallor, PALE, -1, cv2.LINE_AA)
    if target:
        cv2.circle(image, MIDDLE, 7, CELL, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), 1.0)


def with_body(image: np.ndarray, at: tuple[int, int] = (56, 40), radius: int = 3) -> np.ndarray:
    out = image.copy()
    cv2.circle(out, at, radius, BODY, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(out, (0, 0), 1.0)


def test_a_small_dark_body_is_seen_and_a_plain_cell_is_not() -> None:
    plain, body = inclusion_of(np.stack([drawn(), with_body(drawn())]), UM)
    assert plain < LOOK_HERE / 2
    assert body > 2 * LOOK_HERE


@pytest.mark.parametrize("kind", [{"pallor": 0}, {"pallor": 14}, {"pallor": 14, "target": True}])
def test_pallor_rim_and_the_middle_of_a_target_are_no_spots(kind: dict[str, int]) -> None:
    assert inclusion_of(drawn(**kind)[None], UM)[0] < LOOK_HERE  # type: ignore[arg-type]


def test_a_body_of_the_neighbour_does_not_count() -> None:
    assert inclusion_of(with_body(drawn(), at=(6, 48))[None], UM)[0] < LOOK_HERE


def test_the_lens_that_two_cells_share_is_no_spot() -> None:
    image = drawn(pallor=0)
    density = -np.log(image / 235.0)
    other = np.full_like(image, 235)
    cv2.circle(other, (MIDDLE[0] + 34, MIDDLE[1]), 24, CELL, -1, cv2.LINE_AA)
    both = 235 * np.exp(-(density + -np.log(cv2.GaussianBlur(other, (0, 0), 1.0) / 235.0)))
    assert inclusion_of(np.clip(both, 0, 255).astype(np.uint8)[None], UM)[0] < LOOK_HERE


def test_no_windows_and_windows_that_are_too_small() -> None:
    assert inclusion_of(np.zeros((0, SIDE, SIDE, 3), np.uint8), UM).shape == (0,)
    with pytest.raises(ValueError, match="too small"):
        inclusion_of(np.zeros((1, 20, 20, 3), np.uint8), UM)
