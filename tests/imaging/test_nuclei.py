"""What has no nucleus: platelets on red cells against erythroblasts, dark red cells against leukocytes."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.imaging.nuclei import (
    MAX_SMALL_BOX_UM,
    MIN_NUCLEUS_UM2,
    MIN_OFF_RED_DENSITY,
    dark_area_um2,
    lacks_nucleus,
    off_red_density,
)
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector

BUNDLE = sorted((Path(__file__).resolve().parents[2] / "models").glob("detector-*"))[-1]
FIELD, RED, PURPLE = (236, 230, 226), (206, 150, 152), (96, 50, 140)


def drawn(
    diameter_um: float, dark_um: float, mpp: float, margin_um: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """A round cell with a round dark spot off its middle, and its box."""
    side = round((diameter_um + 2 * margin_um) / mpp)
    image = np.full((side, side, 3), FIELD, np.uint8)
    middle = side / 2

    def disc(x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        cv2.circle(image, (round(x * 16), round(y * 16)), round(radius * 16), colour, -1, cv2.LINE_AA, 4)

    disc(middle, middle, diameter_um / 2 / mpp, RED)
    disc(middle + 0.6 / mpp, middle - 0.5 / mpp, dark_um / 2 / mpp, PURPLE)
    low, width = margin_um / mpp, diameter_um / mpp
    return image, np.array([[low, low, width, width]], np.float32)


@pytest.mark.parametrize("mpp", [0.1, 0.25, 0.4, 0.5])
@pytest.mark.parametrize("dark_um", [2.2, 3.0, 4.4, 5.5])
def test_the_dark_area_is_that_of_the_spot(mpp: float, dark_um: float) -> None:
    image, box = drawn(7.4, dark_um, mpp)
    x, y, w, h = (round(float(v)) for v in box[0])
    area = dark_area_um2(image[y : y + h, x : x + w], mpp)
    half_a_pixel_around = 0.6 * np.pi * dark_um * max(mpp, 0.4)
    assert area == pytest.approx(np.pi / 4 * dark_um**2, abs=half_a_pixel_around)


@pytest.mark.parametrize("mpp", [0.1, 0.25, 0.5])
def test_a_platelet_on_a_red_cell_has_no_nucleus_and_an_erythroblast_has(mpp: float) -> None:
    platelet, box = drawn(7.4, 2.6, mpp)
    assert lacks_nucleus(platelet, mpp, box).tolist() == [True]
    erythroblast, box = drawn(8.0, 4.6, mpp)
    assert lacks_nucleus(erythroblast, mpp, box).tolist() == [False]


def test_what_is_large_or_cut_by_the_edge_is_not_judged() -> None:
    large, box = drawn(10.5, 2.6, 0.25)
    assert not lacks_nucleus(large, 0.25, box).any()
    small, box = drawn(7.4, 2.6, 0.25)
    cut = small[:, round(float(box[0, 0])) :]
    box = box - np.array([[round(float(box[0, 0])), 0, 0, 0]], np.float32)
    assert not lacks_nucleus(cut, 0.25, box).any()
    assert lacks_nucleus(small, 0.25, np.zeros((0, 4), np.float32)).shape == (0,)


def test_a_box_of_one_colour_does_not_fail() -> None:
    assert dark_area_um2(np.full((20, 20, 3), 128, np.uint8), 0.4) < MIN_NUCLEUS_UM2
    assert dark_area_um2(np.zeros((0, 5, 3), np.uint8), 0.4) == 0.0


# Transmission of red, green and blue light, as Beer and Lambert have it: twice the cell, twice the density.
RED_DENSITY, NUCLEUS_DENSITY = np.array([0.06, 0.18, 0.14]), np.array([0.35, 0.55, 0.20])
LAMPS = [(245, 240, 235), (225, 205, 150), (150, 190, 230)]


def smear(
    middle: np.ndarray | None, lamp: tuple[int, int, int], mpp: float = 0.4, red: np.ndarray = RED_DENSITY
) -> tuple[np.ndarray, np.ndarray]:
    """Red cells in rows under a lamp, in the middle a larger cell of that density, and its box."""
    side = round(60 / mpp)
    y, x = (np.mgrid[:side, :side] + 0.5) * mpp
    density = np.zeros((side, side, 3))
    for cx in range(6, 60, 9):
        for cy in range(6, 60, 9):
            if np.hypot(cx - 30, cy - 30) > 10:
                density[np.hypot(x - cx, y - cy) < 3.7] = red
    if middle is not None:
        density[np.hypot(x - 30, y - 30) < 5.5] = middle
    image = np.clip(np.array(lamp) * 10**-density, 0, 255).astype(np.uint8)
    box = np.array([[24.5, 24.5, 11.0, 11.0]], np.float32) / np.float32(mpp)
    return image, box


@pytest.mark.parametrize("lamp", LAMPS)
@pytest.mark.parametrize("mpp", [0.2, 0.4, 0.5])
def test_a_dark_red_cell_goes_and_a_nucleus_stays_under_any_lamp(
    lamp: tuple[int, int, int], mpp: float
) -> None:
    for times in (0.7, 1.0, 2.5):
        dark, box = smear(times * RED_DENSITY, lamp, mpp)
        off = off_red_density(dark, mpp, box[0], box)
        assert off is not None
        assert off < 0.02
        assert lacks_nucleus(dark, mpp, box).tolist() == [True]
    cell, box = smear(NUCLEUS_DENSITY, lamp, mpp)
    off = off_red_density(cell, mpp, box[0], box)
    along = NUCLEUS_DENSITY @ RED_DENSITY / np.linalg.norm(RED_DENSITY)
    assert off == pytest.approx(np.sqrt(NUCLEUS_DENSITY @ NUCLEUS_DENSITY - along**2), abs=0.02)
    assert not lacks_nucleus(cell, mpp, box).any()


def test_a_speck_makes_no_nucleus_unless_the_edge_cuts_the_cell() -> None:
    image, box = smear(RED_DENSITY, LAMPS[0])
    left, top = round(28.5 / 0.4), round(27.0 / 0.4)
    image[top : top + 6, left : left + 6] = LAMPS[0] * 10**-NUCLEUS_DENSITY  # 5.8 um2
    assert off_red_density(image, 0.4, box[0], box) < MIN_OFF_RED_DENSITY
    cut = image[top:]
    box = box - np.array([[0, top, 0, 0]], np.float32)
    assert off_red_density(cut, 0.4, box[0], box) > MIN_OFF_RED_DENSITY
    assert not lacks_nucleus(cut, 0.4, box).any()


def test_nothing_is_said_without_red_cells_around() -> None:
    image, box = smear(None, LAMPS[0])
    image[:] = LAMPS[0]
    assert off_red_density(image, 0.4, box[0], box) is None
    # Leukocytes all around, as in marrow, and a cell much denser than what lies around it.
    crowd, box = smear(NUCLEUS_DENSITY, LAMPS[0], red=NUCLEUS_DENSITY)
    assert off_red_density(crowd, 0.4, box[0], box) is None
    dense, box = smear(5 * RED_DENSITY, LAMPS[0])
    assert off_red_density(dense, 0.4, box[0], box) is None
    assert not lacks_nucleus(dense, 0.4, box).any()


def test_other_finds_do_not_count_among_the_red_cells() -> None:
    image, box = smear(NUCLEUS_DENSITY, LAMPS[0], red=0.3 * NUCLEUS_DENSITY)
    assert lacks_nucleus(image, 0.4, box).tolist() == [True]
    finds = [[cx - 4, cy - 4, 8, 8] for cx in range(6, 60, 9) for cy in range(6, 60, 9)]
    boxes = np.concatenate([box, np.array(finds, np.float32) / np.float32(0.4)])
    assert off_red_density(image, 0.4, boxes[0], boxes) is None


def test_boxes_beyond_the_picture_and_empty_ones_do_not_fail() -> None:
    image, _ = smear(RED_DENSITY, LAMPS[0])
    boxes = np.array([[-30, -30, 10, 10], [500, 20, 10, 10], [-5, 140, 20, 30], [40, 40, 0, 0]], np.float32)
    assert lacks_nucleus(image, 0.4, boxes).shape == (4,)


@pytest.mark.realdata
def test_real_erythroblasts_and_lymphocytes_have_one(real_data: Path) -> None:
    detector = Detector(load_bundle(BUNDLE))
    judged = 0
    for folder in ("erythroblast", "lymphocyte"):
        for path in sorted((real_data / "pbc" / folder).glob("*.jpg"))[:60]:
            image = np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)
            boxes = detector.detect(image, 0.102).of_class(NUCLEATED).boxes
            off_um = (boxes[:, :2] + boxes[:, 2:] / 2 - image.shape[0] / 2) * 0.102
            boxes = boxes[np.hypot(*off_um.T) < 4.5]  # the labelled cell, not its neighbours
            assert not lacks_nucleus(image, 0.102, boxes).any(), path.name
            judged += int((np.sqrt(boxes[:, 2] * boxes[:, 3]) * 0.102 < MAX_SMALL_BOX_UM).sum())
    assert judged > 20
