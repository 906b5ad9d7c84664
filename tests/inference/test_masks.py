"""Cleaning the segmenter's answer."""

import cv2
import numpy as np

from bloodcells_gui.inference.masks import clean_mask, fill_holes

SIZE = 128


def disc(cx: float, cy: float, radius: float) -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    return (x - cx) ** 2 + (y - cy) ** 2 <= radius**2


def probabilities(cell: np.ndarray, nucleus: np.ndarray) -> np.ndarray:
    p = np.full((3, SIZE, SIZE), 0.05, np.float32)
    p[0][~cell] = 0.9
    p[1][cell & ~nucleus] = 0.9
    p[2][cell & nucleus] = 0.9
    return p / p.sum(0)


def test_the_central_cell_is_kept_and_its_neighbour_is_not() -> None:
    mask = clean_mask(
        probabilities(disc(60, 64, 22) | disc(112, 64, 20), disc(60, 64, 10) | disc(112, 64, 10))
    )
    assert mask[64, 60] == 2
    assert mask[64, 78] == 1
    assert not mask[:, 96:].any()


def test_a_small_neighbour_nearer_the_middle_does_not_win() -> None:
    mask = clean_mask(probabilities(disc(52, 64, 24) | disc(84, 64, 4), disc(52, 64, 12)))
    assert mask[64, 52] == 2
    assert mask[64, 84] == 0


def test_holes_are_filled_and_specks_dropped() -> None:
    cell = disc(64, 64, 30) & ~disc(64, 40, 3)
    nucleus = disc(64, 68, 12) | disc(45, 60, 1.2)
    mask = clean_mask(probabilities(cell, nucleus))
    assert mask[40, 64] == 1
    assert mask[60, 45] == 1
    count, _ = cv2.connectedComponents((mask == 2).astype(np.uint8))
    assert count == 2


def test_a_ring_nucleus_keeps_its_hole() -> None:
    mask = clean_mask(probabilities(disc(64, 64, 32), disc(64, 64, 20) & ~disc(64, 64, 9)))
    assert mask[64, 64] == 1
    assert mask[64, 50] == 2


def test_nothing_stays_nothing() -> None:
    nothing = np.zeros((SIZE, SIZE), bool)
    assert not clean_mask(probabilities(nothing, nothing)).any()
    assert not clean_mask(probabilities(disc(64, 64, 1.5), nothing)).any()


def test_area_and_place_survive_the_smoothing() -> None:
    cell = disc(64, 64, 25)
    mask = clean_mask(probabilities(cell, disc(64, 64, 12)))
    both = (mask > 0) & cell
    assert 2 * both.sum() / ((mask > 0).sum() + cell.sum()) > 0.99


def test_fill_holes_leaves_bays_open() -> None:
    bay = disc(64, 64, 20) & ~disc(84, 64, 8)
    np.testing.assert_array_equal(fill_holes(bay.astype(np.uint8)), bay)
