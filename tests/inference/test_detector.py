"""The shipped detector: its bundle, scales, tiles, seams."""

import dataclasses
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.detections import NUCLEATED, RED_CELL, Detections
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference import detector as module
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector, _starts

BUNDLES = sorted((Path(__file__).resolve().parents[2] / "models").glob("detector-*"))


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(load_bundle(BUNDLES[-1]))


def smear(
    width: int, height: int, mpp: float, white: list[tuple[float, float]], red: list[tuple[float, float]]
) -> np.ndarray:
    """A plain drawing of a field; places in um."""
    image = np.full((height, width, 3), (238, 226, 220), np.uint8)

    def spot(x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        place = round(x / mpp * 16), round(y / mpp * 16)
        cv2.circle(image, place, round(radius / mpp * 16), colour, -1, cv2.LINE_AA, 4)

    for x, y in red:
        spot(x, y, 3.67, (206, 152, 152))
        spot(x, y, 1.4, (226, 200, 195))
    for x, y in white:
        spot(x, y, 6.5, (205, 180, 205))
        spot(x - 1.5, y - 1.0, 3.0, (96, 50, 140))
        spot(x + 1.8, y + 1.2, 2.8, (96, 50, 140))
    return cv2.GaussianBlur(image, (0, 0), 0.25 / mpp)


RED = [(x + 3 * (y % 20 > 9), y) for x in range(8, 150, 14) for y in range(8, 110, 12)]
WHITE = [(40.0, 40.0), (100.0, 70.0), (130.0, 20.0)]
CLEAR = [(x, y) for x, y in RED if all(np.hypot(x - a, y - b) > 11 for a, b in WHITE)]


def places(found: Detections, kind: int, mpp: float) -> np.ndarray:
    boxes = found.of_class(kind).boxes
    return (boxes[:, :2] + boxes[:, 2:] / 2) * mpp


@pytest.mark.parametrize("mpp", [0.2, 0.4, 0.65])
def test_drawn_cells_are_found_at_any_resolution(detector: Detector, mpp: float) -> None:
    image = smear(round(160 / mpp), round(120 / mpp), mpp, WHITE, CLEAR)
    found = detector.detect(image, mpp)
    white = places(found, NUCLEATED, mpp)
    assert len(white) == len(WHITE)
    for place in WHITE:
        assert np.hypot(*(white - place).T).min() < 1.5
    red = places(found, RED_CELL, mpp)
    hits = sum(np.hypot(*(red - place).T).min() < 1.5 for place in CLEAR)
    assert hits >= 0.95 * len(CLEAR)


def test_blank_field_has_no_cells(detector: Detector) -> None:
    assert len(detector.detect(np.full((300, 500, 3), 236, np.uint8), 0.4)) == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (17, 33)])
def test_odd_sizes_do_not_fail(detector: Detector, size: tuple[int, int]) -> None:
    found = detector.detect(np.full((*size, 3), 128, np.uint8), 0.4)
    assert found.boxes.shape[1] == 4


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_none_is_refused(detector: Detector, mpp: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        detector.detect(np.zeros((32, 32, 3), np.uint8), mpp)


def test_large_images_in_tiles_equal_the_whole(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    white = [(x * 1.6, y * 1.6) for x, y in WHITE]
    image = smear(700, 500, 0.4, white, [(x * 1.8, y * 1.7) for x, y in RED])
    whole = detector.detect(image, 0.4)
    monkeypatch.setattr(module, "TILE_PX", 256)
    tiled = detector.detect(image, 0.4)
    for kind in (NUCLEATED, RED_CELL):
        a, b = places(whole, kind, 0.4), places(tiled, kind, 0.4)
        # Of two drawn red cells that overlap, one may be taken for the other's double where a tile cuts them.
        assert abs(len(a) - len(b)) <= (kind == RED_CELL)
        assert all(np.hypot(*(b - p).T).min() < 1.0 for p in a)


def test_tiles_cover_every_px() -> None:
    for length in (10, 1024, 1025, 3000, 5000):
        starts = _starts(length, 80)
        seen = np.zeros(length, bool)
        for start in starts:
            seen[start : start + module.TILE_PX] = True
        assert seen.all()
        assert all(b - a <= module.TILE_PX - 80 for a, b in itertools.pairwise(starts))


def test_the_same_cells_wherever_the_field_lies(detector: Detector) -> None:
    field = smear(400, 300, 0.4, WHITE, CLEAR)
    rng = np.random.default_rng(5)
    counts = set()
    for _ in range(12):
        x, y = rng.integers(0, 64, 2)
        canvas = np.full((400, 500, 3), (238, 226, 220), np.uint8)
        canvas[y : y + 300, x : x + 400] = field
        found = detector.detect(canvas, 0.4)
        counts.add(len(found.of_class(NUCLEATED)))
        shifted = places(found, NUCLEATED, 0.4) - np.array([x, y]) * 0.4
        for place in WHITE:
            assert np.hypot(*(shifted - place).T).min() < 1.5
    assert counts == {len(WHITE)}


@pytest.mark.realdata
def test_real_fields(detector: Detector, real_data: Path) -> None:
    """Leukocytes of twelve test fields, a few of each site, at their sites' scales."""
    from scripts.training.data import load_items
    from scripts.training.fields_data import load_txl

    items = [i for i in load_items(real_data) if i.set == "txl_pbc" and i.split == "test"]
    some = [i for site in ("pbc", "raabin", "bccd") for i in [j for j in items if j.site == site][:4]]
    wanted = hits = found = 0
    for field in load_txl(real_data, some):
        boxes = detector.detect(field.image, field.mpp).of_class(NUCLEATED).boxes
        middles = boxes[:, :2] + boxes[:, 2:] / 2
        truth = [Box(*map(float, b)) for b in field.boxes[field.classes == 0]]
        wanted, found = wanted + len(truth), found + len(boxes)
        hits += sum(
            bool((np.hypot(*(middles - b.centre).T) < b.width / 2).any()) for b in truth if len(boxes)
        )
    assert hits >= 0.9 * wanted
    assert found <= wanted + 1


def test_a_class_with_limit_one_is_left_out_and_a_low_limit_finds_more(detector: Detector) -> None:
    image = smear(400, 300, 0.4, WHITE, CLEAR)
    usual = detector.detect(image, 0.4)
    white = detector.detect(image, 0.4, (detector.thresholds[NUCLEATED], 1.0, 1.0))
    assert len(usual.of_class(RED_CELL)) > 20
    assert len(white.of_class(RED_CELL)) == 0
    assert np.array_equal(white.boxes, usual.of_class(NUCLEATED).boxes)
    assert len(detector.detect(image, 0.4, (0.01, 1.0, 1.0))) > len(white)


def test_small_windows_show_what_the_whole_shows(detector: Detector) -> None:
    image = smear(400, 300, 0.4, WHITE, CLEAR)
    corners = [(round(x / 0.4) - 32, round(y / 0.4) - 32) for x, y in WHITE] + [(330, 200)]
    corners = [(min(max(x, 0), 336), min(max(y, 0), 236)) for x, y in corners]
    windows = np.stack([image[y : y + 64, x : x + 64] for x, y in corners])
    *cells, blank = detector.leukocytes_in(windows)
    assert len(blank) == 0
    for found, (x, y), place in zip(cells, corners[:-1], WHITE, strict=True):
        assert len(found.of_class(RED_CELL)) == 0
        white = places(found, NUCLEATED, 1.0) * 0.4 + np.array([x, y]) * 0.4
        assert min(np.hypot(*(w - place)) for w in white) < 1.0
    assert detector.leukocytes_in(np.zeros((0, 64, 64, 3), np.uint8)) == []


@pytest.mark.parametrize("wrong", [1.0, 1e9, 0, -1, float("nan"), "much", None, [0.3]])
def test_a_threshold_with_which_nothing_is_found_is_refused(wrong: object) -> None:
    bundle = load_bundle(BUNDLES[-1])
    card = {**bundle.card, "thresholds": {**bundle.card["thresholds"], "nucleated": wrong}}
    with pytest.raises(BundleRefused, match="cannot be used"):
        Detector(dataclasses.replace(bundle, card=card))


@pytest.mark.parametrize(("light", "wanted"), [("even", True), (None, False)])
def test_the_card_says_whether_it_wants_even_light(light: str | None, wanted: bool) -> None:
    bundle = load_bundle(BUNDLES[-1])
    given = {**bundle.card["input"], "light": light}
    assert Detector(dataclasses.replace(bundle, card={**bundle.card, "input": given})).even_light is wanted


def test_a_step_of_light_that_is_not_known_is_refused() -> None:
    bundle = load_bundle(BUNDLES[-1])
    given = {**bundle.card["input"], "light": "moonlight"}
    with pytest.raises(BundleRefused):
        Detector(dataclasses.replace(bundle, card={**bundle.card, "input": given}))
