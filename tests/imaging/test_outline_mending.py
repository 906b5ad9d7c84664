"""Strokes and pushes: what they change has the size of what was drawn, and nothing else changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bloodcells_gui.imaging.measure import count_lobes
from bloodcells_gui.imaging.outline_mending import SMALLEST_PX, grown, place_on, pushed, redrawn

RADIUS, NUCLEUS = 40, 20
Mask = NDArray[np.uint8]


@pytest.fixture
def mask() -> Mask:
    """A round cell of radius 40 in the middle of 192 px, its nucleus 6 px left of the middle."""
    drawn = np.zeros((192, 192), np.uint8)
    cv2.circle(drawn, (96, 96), RADIUS, 1, -1)
    cv2.circle(drawn, (90, 96), NUCLEUS, 2, -1)
    return drawn


def line(*points: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(points, np.float32)


def arc(x: float, y: float, radius: float, start: float = 0.0, end: float = 2 * np.pi) -> NDArray[np.float32]:
    at = np.linspace(start, end, 90)
    return np.stack([x + radius * np.cos(at), y + radius * np.sin(at)], axis=1).astype(np.float32)


def areas(drawn: Mask) -> tuple[int, int]:
    return int(np.count_nonzero(drawn)), int(np.count_nonzero(drawn == 2))


def check(drawn: Mask) -> None:
    """The nucleus lies inside the cell, and there are only the three values."""
    assert drawn.shape == (192, 192)
    assert drawn.dtype == np.uint8
    assert set(np.unique(drawn)) <= {0, 1, 2}


@pytest.mark.parametrize("start", [134.0, 122.0])
def test_a_tail_is_added_whether_the_stroke_begins_on_the_outline_or_within(mask: Mask, start: float) -> None:
    tailed = redrawn(mask, line((start, 86), (170, 86), (170, 106), (start, 106)), nucleus=False)
    check(tailed)
    added = (tailed > 0) & (mask == 0)
    assert areas(tailed)[0] - areas(mask)[0] == np.count_nonzero(added) == pytest.approx(34.7 * 20, rel=0.04)
    assert np.array_equal(tailed[~added], mask[~added])  # nothing else moved
    ys, xs = np.nonzero(added)
    assert (xs.min() >= 134, xs.max(), ys.min() >= 85, ys.max() <= 106) == (True, 169, True, True)


@pytest.mark.parametrize("stroke", [line((120, 50), (120, 142)), line((120, 64), (120, 128))])
def test_the_smaller_side_is_cut_off_whether_the_stroke_goes_beyond_or_not(
    mask: Mask, stroke: NDArray[np.float32]
) -> None:
    cut = redrawn(mask, stroke, nucleus=False)
    check(cut)
    assert not (cut[mask == 0] > 0).any()
    angle = 2 * np.arccos(24 / 40)
    segment = 40**2 / 2 * (angle - np.sin(angle))
    assert areas(mask)[0] - areas(cut)[0] == pytest.approx(segment, rel=0.05)
    assert areas(cut)[1] == areas(mask)[1]
    assert not cut[:, 121:].any()


def test_cutting_through_the_nucleus_cuts_the_nucleus_too(mask: Mask) -> None:
    cut = redrawn(mask, line((78, 40), (78, 150)), nucleus=False)
    check(cut)
    assert not cut[:, :77].any()
    assert 0 < areas(cut)[1] < areas(mask)[1]


def test_a_stroke_along_the_longer_way_replaces_the_longer_way(mask: Mask) -> None:
    most = redrawn(mask, arc(96, 96, 44, 0.4, 2 * np.pi - 0.4), nucleus=False)
    check(most)
    assert areas(most)[0] == pytest.approx(np.pi * 44**2, rel=0.03)
    whole = redrawn(mask, arc(96, 96, 43.5), nucleus=False)
    assert areas(whole)[0] == pytest.approx(np.pi * 43.5**2, rel=0.02)


def test_a_ring_away_from_the_outline_is_the_cell_anew(mask: Mask) -> None:
    """The program outlined the neighbour."""
    anew = redrawn(mask, arc(30, 30, 14), nucleus=False)
    check(anew)
    assert areas(anew) == (pytest.approx(np.pi * 14**2, rel=0.03), 0)


def test_a_ring_is_one_more_piece_of_the_nucleus_or_replaces_those_it_meets(mask: Mask) -> None:
    two = redrawn(mask, arc(122, 96, 9), nucleus=True)
    check(two)
    assert areas(two)[1] - areas(mask)[1] == pytest.approx(np.pi * 81, rel=0.04)
    assert (
        count_lobes((mask == 2).astype(np.uint8), 0.14),
        count_lobes((two == 2).astype(np.uint8), 0.14),
    ) == (1, 2)
    one = redrawn(two, arc(122, 96, 12), nucleus=True)
    assert areas(one)[1] - areas(mask)[1] == pytest.approx(np.pi * 144, rel=0.06)
    assert areas(one)[0] == areas(mask)[0]


def test_an_outline_is_drawn_where_there_was_none(mask: Mask) -> None:
    cell = redrawn(np.zeros_like(mask), arc(96, 96, 30), nucleus=False)
    assert areas(cell) == (pytest.approx(np.pi * 900, rel=0.02), 0)
    both = redrawn(cell, arc(96, 96, 10), nucleus=True)
    assert areas(both) == (areas(cell)[0], pytest.approx(np.pi * 100, rel=0.05))


def test_the_nucleus_stays_inside_the_cell(mask: Mask) -> None:
    wide = redrawn(mask, line((80, 78), (30, 70), (30, 122), (80, 114)), nucleus=True)
    check(wide)
    assert areas(wide)[0] == areas(mask)[0]
    assert areas(wide)[1] > areas(mask)[1]
    assert (grown(mask, 60, nucleus=True) == 2)[mask > 0].all()
    assert not grown(mask, 60, nucleus=True)[mask == 0].any()


def test_what_would_leave_nothing_changes_nothing(mask: Mask) -> None:
    assert grown(mask, -60, nucleus=False) is mask
    assert grown(mask, -60, nucleus=True) is mask
    assert redrawn(mask, line((5, 5)), nucleus=False) is mask
    assert redrawn(np.zeros_like(mask), line((5, 5), (6, 6)), nucleus=False).any() is np.False_


def test_growing_by_a_step_adds_a_rim_of_that_width(mask: Mask) -> None:
    rim = (areas(grown(mask, 6, nucleus=False))[0] - areas(mask)[0]) / 6
    assert rim == pytest.approx(2 * np.pi * 43, rel=0.05)
    back = grown(grown(mask, 1, nucleus=True), -1, nucleus=True)
    assert abs(areas(back)[1] - areas(mask)[1]) < 8


@pytest.mark.parametrize("nucleus", [False, True])
@pytest.mark.parametrize(("at", "towards"), [(0.0, (0, -1)), (0.25, (1, 0)), (0.5, (0, 1)), (0.75, (-1, 0))])
def test_a_push_moves_the_place_and_its_surroundings_alone(
    mask: Mask, nucleus: bool, at: float, towards: tuple[int, int]
) -> None:
    place = place_on(mask, at, nucleus=nucleus)
    assert place is not None
    middle, radius = ((90, 96), NUCLEUS) if nucleus else ((96, 96), RADIUS)
    assert place == pytest.approx(
        [m + 0.5 + t * radius for m, t in zip(middle, towards, strict=True)], abs=1.2
    )
    out = mask
    for _ in range(5):
        out = pushed(out, at, 1.0, 8.0, nucleus=nucleus)
    check(out)
    moved = place_on(out, at, nucleus=nucleus)
    assert moved is not None
    steps = [(m - p) * t for m, p, t in zip(moved, place, towards, strict=True) if t]
    assert steps == [pytest.approx(5, abs=1.5)]
    ys, xs = np.nonzero(out != mask)
    assert np.hypot(xs + 0.5 - place[0], ys + 0.5 - place[1]).max() < 16
    inwards = pushed(mask, at, -3.0, 8.0, nucleus=nucleus)
    index = 1 if nucleus else 0
    assert areas(inwards)[index] < areas(mask)[index] < areas(out)[index]


def test_places_lead_around_every_piece_of_a_nucleus(mask: Mask) -> None:
    two = redrawn(mask, arc(122, 96, 9), nucleus=True)
    found = [place_on(two, at, nucleus=True) for at in np.linspace(0, 1, 40, endpoint=False)]
    sides = [p[0] > 111 for p in found if p is not None]
    assert (len(sides), any(sides), all(sides), sides == sorted(sides)) == (40, True, False, True)
    assert place_on(np.zeros_like(mask), 0.3, nucleus=True) is None


@given(st.lists(st.tuples(st.floats(-40, 230), st.floats(-40, 230)), min_size=2, max_size=12), st.booleans())
def test_any_stroke_gives_a_mask_of_one_cell_with_its_nucleus_inside(
    points: list[tuple[float, float]], nucleus: bool
) -> None:
    before = np.zeros((192, 192), np.uint8)
    cv2.circle(before, (96, 96), RADIUS, 1, -1)
    cv2.circle(before, (90, 96), NUCLEUS, 2, -1)
    after = redrawn(before, line(*points), nucleus=nucleus)
    check(after)
    assert cv2.connectedComponents((after > 0).astype(np.uint8))[0] == 2
    assert np.count_nonzero(after) >= SMALLEST_PX
    if nucleus:
        assert np.array_equal(after > 0, before > 0)
