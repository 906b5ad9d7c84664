"""Small things without a nucleus: platelets on red cells against erythroblasts."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.imaging.nuclei import SMALL_CELL_UM, SMALLEST_NUCLEUS_UM2, dark_area_um2, without_nucleus
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
    assert without_nucleus(platelet, mpp, box).tolist() == [True]
    erythroblast, box = drawn(8.0, 4.6, mpp)
    assert without_nucleus(erythroblast, mpp, box).tolist() == [False]


def test_what_is_large_or_cut_by_the_edge_is_not_judged() -> None:
    large, box = drawn(10.5, 2.6, 0.25)
    assert not without_nucleus(large, 0.25, box).any()
    small, box = drawn(7.4, 2.6, 0.25)
    cut = small[:, round(float(box[0, 0])) :]
    box = box - np.array([[round(float(box[0, 0])), 0, 0, 0]], np.float32)
    assert not without_nucleus(cut, 0.25, box).any()
    assert without_nucleus(small, 0.25, np.zeros((0, 4), np.float32)).shape == (0,)


def test_a_box_of_one_colour_does_not_fail() -> None:
    assert dark_area_um2(np.full((20, 20, 3), 128, np.uint8), 0.4) < SMALLEST_NUCLEUS_UM2
    assert dark_area_um2(np.zeros((0, 5, 3), np.uint8), 0.4) == 0.0


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
            assert not without_nucleus(image, 0.102, boxes).any(), path.name
            judged += int((np.sqrt(boxes[:, 2] * boxes[:, 3]) * 0.102 < SMALL_CELL_UM).sum())
    assert judged > 20
