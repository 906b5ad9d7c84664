"""Drawn cells of exact geometry come out with their size, shape and pallor."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bloodcells_gui.domain.red_cells import RED_CELL_MEASURES
from bloodcells_gui.imaging.light import even_light
from bloodcells_gui.imaging.red_cell_outlines import OutlinedRedCells, outline_red_cells
from tests.support.drawn_red_cells import Drawn, drawn_field

SCALES = (0.1, 0.174, 0.2, 0.33)
NO_BOX = np.zeros((0, 4), np.float32)


def _outlined(cells: list[Drawn], mpp: float, **more: object) -> OutlinedRedCells:
    image = drawn_field(cells, (60.0, 60.0), mpp)
    boxes = np.array([c.box_um for c in cells], np.float32).reshape(-1, 4) / mpp
    return outline_red_cells(image, mpp, boxes, NO_BOX, **more)  # type: ignore[arg-type]


def _value(found: OutlinedRedCells, name: str, i: int = 0) -> float:
    return float(found.measures[i, RED_CELL_MEASURES.index(name)])


@pytest.mark.parametrize("mpp", SCALES)
@pytest.mark.parametrize("diameter", [4.0, 7.35, 10.0])
def test_a_disc_measures_as_drawn(mpp: float, diameter: float) -> None:
    found = _outlined([Drawn((30.3, 29.8), (diameter, diameter))], mpp)
    assert [found.cut.tolist(), found.parted.tolist()] == [[False], [False]]
    assert _value(found, "diameter_um") == pytest.approx(diameter, rel=0.03)
    assert _value(found, "area_um2") == pytest.approx(math.pi / 4 * diameter**2, rel=0.06)
    assert _value(found, "perimeter_um") == pytest.approx(math.pi * diameter, rel=0.03)
    assert _value(found, "circularity") > 0.96
    assert _value(found, "elongation") < 0.05
    assert _value(found, "pallor") == 0.0
    assert _value(found, "density") == pytest.approx(0.12, rel=0.15)  # the blurred edge included


@pytest.mark.parametrize("mpp", SCALES)
@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0])
def test_an_ellipse_keeps_its_axes_at_every_angle(mpp: float, angle: float) -> None:
    found = _outlined([Drawn((30.0, 30.0), (9.0, 5.4), angle)], mpp)
    assert _value(found, "elongation") == pytest.approx(0.4, abs=0.03)
    assert _value(found, "diameter_um") == pytest.approx(math.sqrt(9.0 * 5.4), rel=0.03)


@pytest.mark.parametrize("mpp", SCALES)
@pytest.mark.parametrize("share", [0.35, 0.5, 0.65])
def test_a_pallor_has_its_diameter_and_depth(mpp: float, share: float) -> None:
    found = _outlined([Drawn((30.0, 30.0), (7.5, 7.5), pallor=share, depth=0.5)], mpp)
    assert _value(found, "pallor") == pytest.approx(share, abs=0.05)
    assert _value(found, "pallor_depth") == pytest.approx(0.5, abs=0.08)
    assert _value(found, "diameter_um") == pytest.approx(7.5, rel=0.03)


def test_a_ring_counts_as_a_whole_cell_and_an_open_rim_is_closed() -> None:
    ring = Drawn((30.0, 30.0), (7.5, 7.5), pallor=0.7, depth=0.97)
    torn = Drawn((30.0, 30.0), (7.5, 7.5), pallor=0.7, depth=0.97, gap_um=1.0)
    for cell in (ring, torn):
        found = _outlined([cell], 0.174)
        assert _value(found, "diameter_um") == pytest.approx(7.5, rel=0.05)
        assert _value(found, "pallor") == pytest.approx(0.7, abs=0.08)


def test_a_darker_middle_has_a_depth_below_nothing() -> None:
    found = _outlined([Drawn((30.0, 30.0), (7.5, 7.5), pallor=0.4, depth=-0.4)], 0.174)
    assert _value(found, "pallor") == 0.0
    assert _value(found, "pallor_depth") < -0.2


def test_pale_and_dense_cells_of_one_size_measure_alike() -> None:
    cells = [Drawn((15.0, 15.0), (7.0, 7.0), od=0.06), Drawn((40.0, 40.0), (7.0, 7.0), od=0.24)]
    found = _outlined(cells, 0.1)
    pale, dense = (_value(found, "diameter_um", i) for i in (0, 1))
    assert pale == pytest.approx(dense, rel=0.02)


@pytest.mark.parametrize("mpp", SCALES)
@pytest.mark.parametrize("apart", [5.0, 6.0, 7.0])
@pytest.mark.parametrize("direction", [0.0, 35.0, 90.0])
def test_overlapping_cells_are_parted_with_their_whole_size(
    mpp: float, apart: float, direction: float
) -> None:
    turn = math.radians(direction)
    other = (25.0 + apart * math.cos(turn), 30.0 + apart * math.sin(turn))
    cells = [Drawn((25.0, 30.0), (7.4, 7.4)), Drawn(other, (7.4, 7.4))]
    found = _outlined(cells, mpp)
    assert found.parted.tolist() == [True, True]
    for i, cell in enumerate(cells):
        assert _value(found, "diameter_um", i) == pytest.approx(7.4, rel=0.05)
        middle = found.boxes[i, :2] * mpp + found.boxes[i, 2:] * mpp / 2
        assert middle == pytest.approx(cell.centre_um, abs=0.4)


def test_touching_cells_do_not_take_from_each_other() -> None:
    cells = [Drawn((25.0, 30.0), (8.0, 8.0)), Drawn((32.4, 30.0), (6.6, 6.6))]
    found = _outlined(cells, 0.174)
    assert [_value(found, "diameter_um", i) for i in (0, 1)] == pytest.approx([8.0, 6.6], rel=0.04)


def test_a_tail_beyond_the_box_belongs_to_its_cell() -> None:
    cell = Drawn((30.0, 30.0), (6.0, 6.0), tail_um=5.0)
    found = _outlined([cell], 0.174)
    assert found.boxes[0, 2] * 0.174 == pytest.approx(3.0 + 8.0, abs=0.6)


def test_cells_that_the_border_cuts_are_marked_and_not_measured() -> None:
    cells = [Drawn((30.0, 30.0), (7.0, 7.0)), Drawn((1.0, 20.0), (7.0, 7.0)), Drawn((58.0, 58.5), (7.0, 7.0))]
    found = _outlined(cells, 0.174)
    assert found.cut.tolist() == [False, True, True]
    assert np.isnan(found.measures).all(1).tolist() == [False, True, True]
    assert not np.isnan(found.measures[0]).any()


def test_leukocytes_and_platelets_are_no_part_of_a_red_cell() -> None:
    red, platelet = Drawn((30.0, 30.0), (7.4, 7.4)), Drawn((34.6, 30.0), (2.4, 2.4), od=0.3)
    image = drawn_field([red, platelet], (60.0, 60.0), 0.174)
    boxes = [np.array([c.box_um], np.float32) / 0.174 for c in (red, platelet)]
    found = outline_red_cells(image, 0.174, *boxes)
    assert len(found) == 1
    assert _value(found, "diameter_um") == pytest.approx(7.4, rel=0.04)


def test_a_tinted_lamp_changes_nothing() -> None:
    cells = [Drawn((15.0 + 15 * i, 15.0 + 15 * i), (7.2, 7.2), pallor=0.4, depth=0.4) for i in range(3)]
    image = drawn_field(cells, (60.0, 60.0), 0.174)
    tint = np.array([0.75, 0.85, 0.95])
    boxes = np.array([c.box_um for c in cells], np.float32) / 0.174
    plain, tinted = (
        outline_red_cells(i.astype(np.uint8), 0.174, boxes, NO_BOX) for i in (image, image * tint)
    )
    assert tinted.measures == pytest.approx(plain.measures, abs=0.05, rel=0.02)


def test_boxes_without_a_cell_and_fields_without_boxes_give_nothing() -> None:
    image = drawn_field([Drawn((30.0, 30.0), (7.0, 7.0))], (60.0, 60.0), 0.2)
    empty = np.array([[20, 20, 36, 36]], np.float32)
    assert len(outline_red_cells(image, 0.2, empty, NO_BOX)) == 0
    found = outline_red_cells(image, 0.2, NO_BOX, NO_BOX)
    assert found.measures.shape == (0, len(RED_CELL_MEASURES))
    with pytest.raises(ValueError, match="scale"):
        outline_red_cells(image, 0.0, empty, NO_BOX)


def test_contours_enclose_what_is_measured() -> None:
    cells = [Drawn((20.0, 20.0), (7.4, 7.4)), Drawn((40.0, 40.0), (9.0, 6.0), 20.0)]
    found = _outlined(cells, 0.174, light=even_light((345, 345)))
    for contour, area in zip(found.contours, found.measures[:, 1], strict=True):
        assert cv2.contourArea(contour) * 0.174**2 == pytest.approx(float(area), rel=0.04)


def _noisy(image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def test_noise_of_a_camera_moves_sizes_little() -> None:
    cells = [
        Drawn((10.0 + 13 * (i % 4), 10.0 + 13 * (i // 4)), (7.2, 7.2), pallor=0.4, depth=0.5)
        for i in range(16)
    ]
    image = drawn_field(cells, (60.0, 60.0), 0.174)
    boxes = np.array([c.box_um for c in cells], np.float32) / 0.174
    found = outline_red_cells(_noisy(image, 1), 0.174, boxes, NO_BOX)
    assert found.measures[:, 0] == pytest.approx(7.2, rel=0.04)


def test_a_cell_without_a_box_is_found_by_its_density_and_colour() -> None:
    cells = [Drawn((15.0 + 15 * (i % 3), 15.0 + 15 * (i // 3)), (7.2, 7.2)) for i in range(6)]
    fragment = Drawn((30.0, 50.0), (4.0, 3.0), 20.0)
    image = drawn_field([*cells, fragment], (60.0, 60.0), 0.174)
    boxes = np.array([c.box_um for c in cells[:5]], np.float32) / 0.174
    found = outline_red_cells(image, 0.174, boxes, NO_BOX)
    assert sorted(found.source.tolist()) == [-1, -1, 0, 1, 2, 3, 4]
    purple = image.copy()
    stain = cv2.ellipse(np.zeros(image.shape[:2], np.uint8), (172, 287), (11, 9), 20, 0, 360, 1, -1) > 0
    purple[stain] = (110, 60, 150)
    again = outline_red_cells(purple, 0.174, boxes, NO_BOX)
    assert sorted(again.source.tolist()) == [-1, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("direction", [0.0, 50.0])
def test_one_box_around_two_cells_gives_both(direction: float) -> None:
    turn = math.radians(direction)
    pair = [
        Drawn((20.0, 40.0), (7.4, 7.4)),
        Drawn((20.0 + 5.5 * math.cos(turn), 40.0 + 5.5 * math.sin(turn)), (7.4, 7.4)),
    ]
    others = [Drawn((12.0 + 14 * i, 12.0), (7.4, 7.4)) for i in range(4)]
    image = drawn_field([*pair, *others], (60.0, 60.0), 0.174)
    parts = np.array([c.box_um for c in pair])
    corner = (parts[:, :2] + parts[:, 2:]).max(0)
    both = (*parts[:, :2].min(0), *(corner - parts[:, :2].min(0)))
    boxes = np.array([both, *(c.box_um for c in others)], np.float32) / 0.174
    found = outline_red_cells(image, 0.174, boxes, NO_BOX)
    assert sorted(found.source.tolist()) == [0, 0, 1, 2, 3, 4]
    middles = found.boxes[found.source == 0]
    middles = (middles[:, :2] + middles[:, 2:] / 2) * 0.174
    for cell in pair:
        assert np.hypot(*(middles - np.array(cell.centre_um)).T).min() < 0.6


def test_an_elongated_cell_and_a_kidney_are_not_halved() -> None:
    cells = [Drawn((15.0 + 15 * (i % 3), 15.0 + 15 * (i // 3)), (7.2, 7.2)) for i in range(6)]
    long = Drawn((30.0, 50.0), (14.0, 6.0), 10.0)
    found = _outlined([*cells, long], 0.174)
    assert sorted(found.source.tolist()) == list(range(7))
