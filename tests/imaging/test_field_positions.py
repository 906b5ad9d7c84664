"""Places of fields from their names."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bloodcells_gui.imaging.field_positions import (
    agreement,
    contact_sheet,
    layouts,
    name_position,
    overlapping_pairs,
)

SIZE = (1000, 800)


@pytest.mark.parametrize(
    ("name", "place", "grid"),
    [
        ("x1200_y-35.jpg", (1200, -35), False),
        ("Slide 3 X=12.5 Y=3.25.png", (12.5, 3.25), False),
        ("a/pos_x0012y0034.tif", (12, 34), False),
        ("r03_c11.png", (11, 3), True),
        ("Row 2 Col 7.png", (7, 2), True),
    ],
)
def test_positions_in_names(name: str, place: tuple[float, float], grid: bool) -> None:
    assert name_position(name) == (place, grid)


@pytest.mark.parametrize("name", ["IMG_0001.jpg", "max12_y.png", "1024x768.png", "exam3.png", "index12y.png"])
def test_other_names_have_none(name: str) -> None:
    assert name_position(name) is None


def test_pixels_micrometres_and_millimetres_give_the_same_places() -> None:
    grid = [(c * 900, r * 700) for r in range(2) for c in range(3)]
    sizes = [SIZE] * 6
    for unit in (1.0, 0.25, 0.00025):
        names = [f"x{x * unit:.6f}_y{y * unit:.6f}.png" for x, y in grid]
        placed = layouts(names, sizes, 0.25)
        for p, q in zip(placed[0], grid, strict=True):
            assert p == pytest.approx(q, abs=0.1)


def test_grid_numbers_step_by_a_field() -> None:
    placed = layouts(["r0_c0.png", "r0_c1.png", "r1_c0.png"], [SIZE] * 3, 0.1)
    assert placed[0] == [(0, 0), (1000, 0), (0, 800)]
    placed = layouts(["x0_y0.png", "x1_y0.png", "x0_y1.png"], [SIZE] * 3, 0.1)
    assert placed[0] == [(0, 0), (1000, 0), (0, 800)]


def test_without_places_or_with_the_same_place_twice_nothing_is_laid_out() -> None:
    assert layouts(["a.png", "b.png"], [SIZE] * 2, 0.1) == []
    assert layouts(["x0_y0.png", "b.png"], [SIZE] * 2, 0.1) == []
    assert layouts(["x1_y1.png", "k_x1_y1.png"], [SIZE] * 2, 0.1) == []
    assert layouts(["x1_y1.png"], [SIZE], 0.1) == []


def test_overlaps_tell_the_true_layout() -> None:
    rng = np.random.default_rng(0)
    plane = cv2.GaussianBlur(rng.integers(0, 256, (600, 900, 3)).astype(np.uint8), (0, 0), 3)
    a, b = plane[50:350, 100:500], plane[53:353, 400:800]
    assert agreement(a, b, (300, 0), 6) > 0.9
    assert agreement(a, b, (-300, 0), 6) < 0.4
    assert agreement(a, b, (300, 30), 6) < 0.4
    assert agreement(a, np.full_like(b, 200), (300, 0), 6) < 0.1
    assert overlapping_pairs([(0, 0), (300, 3), (2000, 0)], [(400, 300)] * 3) == [(0, 1)]


def test_a_contact_sheet_keeps_fields_apart() -> None:
    places = contact_sheet([SIZE] * 7, 100)
    assert len(set(places)) == 7
    for i, (ax, ay) in enumerate(places):
        for bx, by in places[:i]:
            assert abs(ax - bx) >= 1100 or abs(ay - by) >= 900
    assert contact_sheet([], 100) == []
