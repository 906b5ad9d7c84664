"""Measurements against shapes whose values are known exactly."""

import itertools
import math
import time

import cv2
import numpy as np
import pytest

from bloodcells_gui.imaging.measure import MEASUREMENTS, count_lobes, measure, perimeter_px, solidity_of

SIZE, UM = 128, 0.21


def disc(radius: float, cx: float = 64.0, cy: float = 64.0) -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    return ((x - cx) ** 2 + (y - cy) ** 2 <= radius**2).astype(np.uint8)


def picture(mask: np.ndarray) -> np.ndarray:
    colours = np.array([[240, 225, 215], [200, 170, 190], [90, 40, 130]], np.uint8)
    return colours[mask]


def values(crop: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    return dict(zip(MEASUREMENTS, measure(crop, mask, UM).tolist(), strict=True))


def test_disc_in_disc() -> None:
    mask = disc(28) + disc(14)
    got = values(picture(mask), mask)
    assert got["cell_area_um2"] == pytest.approx(math.pi * (28 * UM) ** 2, rel=0.01)
    assert got["nucleus_area_um2"] == pytest.approx(math.pi * (14 * UM) ** 2, rel=0.02)
    assert got["cytoplasm_area_um2"] == pytest.approx(
        got["cell_area_um2"] - got["nucleus_area_um2"], rel=1e-5
    )
    assert got["nucleus_cell_ratio"] == pytest.approx(0.25, rel=0.02)
    assert got["nucleus_cytoplasm_ratio"] == pytest.approx(1 / 3, rel=0.03)  # haematology's N:C of 1:3
    assert got["equivalent_diameter_um"] == pytest.approx(56 * UM, rel=0.01)
    assert got["circularity"] > 0.96
    assert got["solidity"] > 0.97
    assert got["nucleus_lobes"] == 1
    assert got["nucleus_od_green"] == pytest.approx(math.log10(226 / 41), rel=0.01)
    assert got["granularity"] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("radius", [10, 17, 25, 40])
def test_perimeter_of_discs(radius: int) -> None:
    assert perimeter_px(disc(radius)) == pytest.approx(2 * math.pi * radius, rel=0.02)


def test_values_do_not_change_when_the_cell_turns() -> None:
    mask = disc(30)
    cv2.ellipse(mask, (64, 60), (16, 8), 20, 0, 360, 2, -1)
    turned = np.ascontiguousarray(np.rot90(mask))
    before, after = values(picture(mask), mask), values(picture(turned), turned)
    for name in MEASUREMENTS:
        assert after[name] == pytest.approx(before[name], rel=0.03, abs=1e-3), name


def lobed(count: int) -> np.ndarray:
    nucleus = np.zeros((SIZE, SIZE), np.uint8)
    places = [(40 + 24 * i, 60 + (9 if i % 2 else 0)) for i in range(count)]
    for a, b in itertools.pairwise(places):
        cv2.line(nucleus, a, b, 1, 3)
    for place in places:
        cv2.circle(nucleus, place, 9, 1, -1)
    return nucleus


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_lobes_on_strands_are_counted(count: int) -> None:
    assert count_lobes(lobed(count), UM) == count


def test_a_band_is_one_lobe_and_specks_are_none() -> None:
    band = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(band, (64, 64), (22, 22), 0, 20, 250, 1, 10)
    assert count_lobes(band, UM) == 1
    band[5:7, 5:7] = 1
    assert count_lobes(band, UM) == 1
    assert count_lobes(np.zeros_like(band), UM) == 0


def test_separate_lobes_are_counted_apart() -> None:
    assert count_lobes(disc(9, 45, 64) | disc(9, 75, 64) | disc(8, 60, 90), UM) == 3


def test_coarse_chromatin_raises_the_granularity_of_the_nucleus_alone() -> None:
    mask = disc(28) + disc(14)
    plain = picture(mask)
    coarse = plain.copy()
    for y, x in np.argwhere(mask == 2)[::23]:
        cv2.circle(coarse, (int(x), int(y)), 1, (30, 10, 60), -1)
    coarse[mask != 2] = plain[mask != 2]
    before, after = values(plain, mask), values(coarse, mask)
    assert before["nucleus_granularity"] == pytest.approx(0.0, abs=1e-3)
    assert after["nucleus_granularity"] > 0.02
    assert after["granularity"] == pytest.approx(before["granularity"], abs=1e-6)
    assert math.isnan(values(plain, np.minimum(mask, 1))["nucleus_granularity"])


def test_granules_raise_granularity_and_blur_lowers_focus() -> None:
    rng = np.random.default_rng(1)
    mask = disc(30) + disc(12)
    plain = picture(mask)
    grains = plain.copy()
    where = (mask == 1) & (rng.random(mask.shape) < 0.15)
    grains[where] = (150, 60, 90)
    assert values(grains, mask)["granularity"] > 5 * values(plain, mask)["granularity"] + 0.01
    blurred = cv2.GaussianBlur(grains, (0, 0), 2.0)
    assert values(blurred, mask)["focus"] < 0.5 * values(grains, mask)["focus"]


def test_the_offset_of_the_nucleus_is_a_share_of_the_cell_s_radius() -> None:
    central, eccentric = disc(30) + disc(12), disc(30) + disc(12, 64 + 15, 64)
    assert values(picture(central), central)["nucleus_offset"] == pytest.approx(0.0, abs=0.01)
    assert values(picture(eccentric), eccentric)["nucleus_offset"] == pytest.approx(0.5, abs=0.02)
    assert math.isnan(values(picture(disc(20)), disc(20))["nucleus_offset"])


def test_undefined_values_are_nan() -> None:
    none = values(picture(disc(0) * 0), np.zeros((SIZE, SIZE), np.uint8))
    assert math.isnan(none["cell_area_um2"])
    assert none["focus"] == 0.0
    no_nucleus = values(picture(disc(20)), disc(20))
    assert no_nucleus["nucleus_lobes"] == 0
    assert math.isnan(no_nucleus["nucleus_circularity"])
    assert math.isnan(no_nucleus["nucleus_od_red"])
    only_nucleus = values(picture(2 * disc(20)), 2 * disc(20))
    assert math.isnan(only_nucleus["granularity"])
    assert only_nucleus["nucleus_cell_ratio"] == 1.0
    assert math.isnan(only_nucleus["nucleus_cytoplasm_ratio"])
    assert no_nucleus["nucleus_cell_ratio"] == 0.0
    assert math.isnan(no_nucleus["nucleus_cytoplasm_ratio"])


def test_solidity_of_a_disc_and_of_a_crescent() -> None:
    assert solidity_of(disc(25)) > 0.97
    assert solidity_of(disc(25) & (1 - disc(22, 78, 64))) < 0.8


def test_the_cell_may_touch_the_window_and_be_one_pixel() -> None:
    for mask in (np.full((SIZE, SIZE), 2, np.uint8), np.eye(SIZE, dtype=np.uint8)):
        assert len(measure(picture(mask), mask, UM)) == len(MEASUREMENTS)
    one = np.zeros((SIZE, SIZE), np.uint8)
    one[0, 0] = 1
    assert values(picture(one), one)["cell_area_um2"] == pytest.approx(UM**2)


def test_takes_a_few_milliseconds_at_most() -> None:
    mask = disc(35) + lobed(3)
    crop = picture(mask)
    best = 1.0
    for _ in range(5):
        start = time.process_time()
        measure(crop, mask, UM)
        best = min(best, time.process_time() - start)
    assert best < 0.010
