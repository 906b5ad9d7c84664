"""The search for clumps: large ragged stained regions, no leukocyte, no giant platelet, no deposit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import NUCLEATED, Detections
from bloodcells_gui.domain.platelet_clumps import MOST_PLACES, ClumpSearch, PlateletClump, searched_images
from bloodcells_gui.imaging.tiling import TileGrid
from bloodcells_gui.pipeline.platelet_clumps import TileLook, film_colours, look_at, search_field, summed
from bloodcells_gui.synthetic.scene import SpriteBank, draw_object, random_sprite
from bloodcells_gui.synthetic.small import clump
from bloodcells_gui.synthetic.sprites import Placed, Sprite, lay
from bloodcells_gui.synthetic.stain import expose, laboratory, plasma

MPP, SIDE = 0.5, 320
Pixels = NDArray[np.uint8]


class Blind:
    """A detector that sees a nucleated cell in the middle of each window, or none at all."""

    um_per_px = 0.4
    even_light = False
    thresholds = (0.3, 0.35, 0.45)

    def __init__(self, *, nucleated: bool = False) -> None:
        self.nucleated = nucleated
        self.asked = 0

    def detect(self, image: Pixels, mpp: float, thresholds: object = None) -> Detections:
        return Detections.none()

    def leukocytes_in(self, windows: Pixels) -> list[Detections]:
        self.asked += len(windows)
        box = np.array([[17, 17, 30, 30]], np.float32)
        one = Detections(box, np.array([NUCLEATED], np.int8), np.array([0.8], np.float32))
        return [one if self.nucleated else Detections.none() for _ in windows]


def a_film(*items: tuple[Sprite, float, float], seed: int = 3) -> Pixels:
    """Red cells and platelets around what is put on the film, drawn at 0.25 um per px and shrunk to 0.5."""
    rng = np.random.default_rng(seed)
    side = 2 * SIDE
    bank = SpriteBank.build(seed, MPP / 2, 8)
    od = np.repeat(plasma(rng, (side, side), MPP / 2)[..., None], 3, axis=2)
    for x in range(30, side, 46):
        for y in range(30, side, 46):
            if all(np.hypot(x - px, y - py) > s.radius_px + 20 for s, px, py in items):
                kind = bank.red_cells if (x + y) % 3 else bank.platelets
                lay(od, None, Placed(random_sprite(kind, rng), float(x), float(y)))
    for sprite, px, py in items:
        lay(od, None, Placed(sprite, px, py))
    rgb = expose(od, laboratory(seed, 0), rng, MPP / 2, illumination=False)
    return np.asarray(cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def found_in(film: Pixels, detector: Blind) -> list[PlateletClump]:
    return list(search_field(0, lambda x, y, w, h, d: film, (SIDE, SIDE), MPP, None, detector).clumps)


def test_a_large_clump_is_seen_where_it_lies_whatever_the_detector_says() -> None:
    sprite = clump(np.random.default_rng(5), MPP / 2, 60)
    film = a_film((sprite, 300.0, 340.0))
    for detector in (Blind(), Blind(nucleated=True)):
        [place] = found_in(film, detector)
        x, y, w, h = place.box_px
        assert x < 150 < x + w
        assert y < 170 < y + h
        assert place.area_um2 > 90


@pytest.mark.parametrize("code", ["SNE", "LY", "MO", "BL", "GPLT", "ART", "EO"])
def test_a_single_cell_or_deposit_is_no_clump(code: str) -> None:
    sprite = draw_object(code, np.random.default_rng(7), MPP / 2)
    assert found_in(a_film((sprite, 300.0, 340.0)), Blind(nucleated=code not in ("GPLT", "ART"))) == []


def test_red_cells_and_platelets_alone_are_no_clump_and_their_film_is_measured() -> None:
    film = a_film()
    search = search_field(4, lambda x, y, w, h, d: film, (SIDE, SIDE), MPP, None, Blind())
    assert (search.image, search.found, search.clumps) == (4, 0, ())
    assert search.searched_mm2 == pytest.approx((SIDE * MPP) ** 2 / 1e6, rel=0.1)
    glass = np.full((SIDE, SIDE, 3), 235, np.uint8)
    empty = search_field(0, lambda x, y, w, h, d: glass, (SIDE, SIDE), MPP, None, Blind())
    assert (empty.searched_mm2, empty.edge_mm2) == (0.0, 0.0)


def test_tile_borders_and_threads_change_nothing() -> None:
    places = ((300.0, 320.0), (320.0, 120.0), (90.0, 500.0))
    rng = np.random.default_rng(11)
    film = a_film(*((clump(rng, MPP / 2, 60), x, y) for x, y in places))
    colours = film_colours(film, None)
    whole = found_in(film, Blind())
    assert len(whole) == 3
    grid = TileGrid((0, 0, SIDE, SIDE), 220, 60)

    def tiled(threads: int) -> ClumpSearch:
        with ThreadPoolExecutor(threads) as pool:
            looks = pool.map(
                lambda t: look_at(film[t.y : t.y + t.height, t.x : t.x + t.width], t, MPP, colours, Blind()),
                list(grid),
            )
            return summed(0, looks)

    assert tiled(1) == tiled(3)
    assert {c.box_px for c in tiled(2).clumps} == {c.box_px for c in whole}


def test_the_largest_places_are_kept_and_all_are_counted() -> None:
    many = [
        TileLook((PlateletClump((i, 0, 9, 9), float(i), False),), 1.0, 0.5) for i in range(MOST_PLACES + 9)
    ]
    search = summed(2, many)
    assert (search.found, len(search.clumps)) == (MOST_PLACES + 9, MOST_PLACES)
    assert search.clumps[0].area_um2 == MOST_PLACES + 8
    assert search.edge_mm2 == pytest.approx(0.5 * (MOST_PLACES + 9))


def test_the_last_search_of_an_image_counts() -> None:
    first, second, other = ClumpSearch(1, 1.0, 0.1), ClumpSearch(1, 2.0, 0.2), ClumpSearch(0, 1.0, 0.0)
    assert searched_images([first, second, other]) == (other, second)
