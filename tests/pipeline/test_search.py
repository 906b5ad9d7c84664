"""One tile: the quick search for leukocytes against the whole one, and platelets on red cells."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.detections import NUCLEATED, RED_CELL, Detections, non_max_suppression
from bloodcells_gui.imaging.io.levels import TrustedLevels
from bloodcells_gui.pipeline.pieces import Candidate
from bloodcells_gui.pipeline.search import TileSearch
from bloodcells_gui.pipeline.survey import tile_grid
from tests.support.doubles import SIZE_PX, UM_PER_PX
from tests.support.smears import (
    FIELD,
    RED,
    MemoryReader,
    PlainDetector,
    Smear,
    empty,
    fill,
    put_cell,
    put_red_cell,
)


@pytest.fixture(scope="module")
def smear() -> Smear:
    """One layer of red cells with leukocytes and platelets."""
    s = empty(1900, 1700)
    fill(s, (100, 100, 1700, 1500), np.random.default_rng(3), pitch_um=12, leukocytes=140, platelets=60)
    return s


def search_all(
    reader: MemoryReader, detector: PlainDetector, *, coarse: bool, step: float = 1.0
) -> list[Candidate]:
    """Every tile of a picture, each cell from the tile that owns it."""
    assert reader.mpp is not None
    search = TileSearch(detector, SIZE_PX * UM_PER_PX)

    def read(x: int, y: int, w: int, h: int, downsample: float) -> Any:
        return reader.read_region(x, y, w, h, downsample=downsample)

    spots: list[Candidate] = []
    for tile in tile_grid(reader.size_px, reader.mpp, detector.um_per_px):
        found = search.search(read, tile, 0, reader.size_px, reader.mpp, coarse=coarse, step=step)
        spots += [s for s in found.spots if tile.owns(*s.plane.centre)]
    return spots


@pytest.mark.parametrize("step", [1.0, 2.0])
def test_the_quick_search_finds_the_same_leukocytes(smear: Smear, step: float) -> None:
    double = cv2.resize(smear.rgb, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    fine_reader, quick_reader = (MemoryReader(double, 0.2, (1, 2, 8)) for _ in range(2))
    fine, quick = PlainDetector(), PlainDetector()
    usual = [s for s in search_all(fine_reader, fine, coarse=False) if s.kind == NUCLEATED]
    found = search_all(quick_reader, quick, coarse=True, step=step)
    assert {s.kind for s in found} == {NUCLEATED}
    assert len(found) == len(usual) == 140
    for spot in found:
        x, y = spot.plane.centre
        twin = min(usual, key=lambda s: np.hypot(s.plane.centre[0] - x, s.plane.centre[1] - y))
        assert np.hypot(twin.plane.centre[0] - x, twin.plane.centre[1] - y) < 4
        assert spot.plane.width == pytest.approx(twin.plane.width, abs=6)
        # Cut out at full resolution, whatever was searched.
        assert spot.place.mpp == 0.2
        assert spot.place.pixels.shape[0] == pytest.approx(twin.place.pixels.shape[0], abs=2)
    assert quick.seen_px < 0.7 * fine.seen_px
    if step > 1:
        assert quick_reader.read_px < 0.6 * fine_reader.read_px


def test_a_platelet_on_a_red_cell_is_no_nucleated_cell() -> None:
    class Hasty(PlainDetector):
        """Takes every red cell that carries something dark for a nucleated cell."""

        def detect(self, image: Any, mpp: float, thresholds: Any = None) -> Detections:
            found = super().detect(image, mpp)
            cells = found.of_class(RED_CELL)
            dark = [
                b
                for b in cells.boxes
                if image[int(b[1]) : int(b[1] + b[3]), int(b[0]) : int(b[0] + b[2])].min() < 70
            ]
            taken = Detections(
                np.array(dark, np.float32).reshape(-1, 4),
                np.zeros(len(dark), np.int8),
                np.full(len(dark), 0.7, np.float32),
            )
            return non_max_suppression(Detections.join([found, taken]))

    s = empty(1200, 1000)
    s.rgb[:] = (236, 230, 226)
    for n in range(8):
        put_red_cell(s, 150 + 120 * n, 300)
        cv2.circle(s.rgb, (150 + 120 * n, 300), 3, (60, 40, 50), -1, cv2.LINE_AA)
    put_cell(s, "LY", 600, 700)
    for coarse in (False, True):
        found = search_all(MemoryReader(s.rgb, 0.4), Hasty(), coarse=coarse)
        assert [round(v.plane.centre[1], -2) for v in found if v.kind == NUCLEATED] == [700]


def test_a_dark_red_cell_is_no_nucleated_cell() -> None:
    class Foreign(PlainDetector):
        """Takes every large red thing for a nucleated cell."""

        def detect(self, image: Any, mpp: float, thresholds: Any = None) -> Detections:
            found = super().detect(image, mpp)
            large = found.boxes[:, 2] * found.boxes[:, 3] * mpp**2 > 90
            return Detections(found.boxes, np.where(large, NUCLEATED, found.classes), found.scores)

    s = empty(1200, 1000)
    s.rgb[:] = FIELD
    leukocytes, dark = [(600, 700), (300, 300)], [(420, 700), (900, 400), (1192, 300)]
    for x in range(60, 1200, 30):
        for y in range(60, 1000, 30):
            if min(np.hypot(x - a, y - b) for a, b in leukocytes + dark) > 34:
                put_red_cell(s, x, y)
    for at in dark:
        # Twice as dense as the others, and larger.
        colour = [round(f * (c / f) ** 2.2) for f, c in zip(FIELD, RED, strict=True)]
        cv2.circle(s.rgb, at, 15, colour, -1, cv2.LINE_AA)
    for at in leukocytes:
        put_cell(s, "LY", *at)
    assert sum(Foreign().detect(s.rgb, 0.4).classes == NUCLEATED) == len(leukocytes + dark)
    for coarse in (False, True):
        found = search_all(MemoryReader(s.rgb, 0.4), Foreign(), coarse=coarse)
        places = {
            (round(v.plane.centre[0], -1), round(v.plane.centre[1], -1)) for v in found if v.kind == NUCLEATED
        }
        assert places == set(leukocytes)


def test_the_quick_search_reads_a_level_that_is_fine_enough() -> None:
    rgb = np.full((2048, 2048, 3), 220, np.uint8)
    levels = TrustedLevels(MemoryReader(rgb, 0.25, (1, 2, 4, 8)))
    assert levels.coarsest(2.08) == 2
    assert levels.coarsest(1.5) == 1
    assert levels.coarsest(100) == 8


def test_a_detector_that_wants_even_light_gets_it_and_the_cells_stay_as_they_were_taken(smear: Smear) -> None:
    class InEvenLight(PlainDetector):
        even_light = True

    height, width = smear.rgb.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    fall = np.exp(-0.25 * (x * x + y * y))[:, :, None]
    taken = np.asarray(smear.rgb * fall * np.array([0.55, 0.6, 0.4]), np.uint8)

    def leukocytes(detector: PlainDetector, *, coarse: bool) -> list[Candidate]:
        reader = MemoryReader(taken, 0.4, (1,))
        search = TileSearch(detector, SIZE_PX * UM_PER_PX)

        def read(x: int, y: int, w: int, h: int, downsample: float) -> Any:
            return reader.read_region(x, y, w, h, downsample=downsample)

        light = search.light_of(read, reader.size_px)
        spots: list[Candidate] = []
        for tile in tile_grid(reader.size_px, 0.4, detector.um_per_px):
            found = search.search(read, tile, 0, reader.size_px, 0.4, light, coarse=coarse)
            spots += [s for s in found.spots if tile.owns(*s.plane.centre) and s.kind == NUCLEATED]
        return spots

    assert len(leukocytes(PlainDetector(), coarse=False)) < 70  # the colours are not those it knows
    for coarse in (False, True):
        found = leukocytes(InEvenLight(), coarse=coarse)
        assert len(found) == 140
        for spot in found[::10]:
            x0, y0 = (round(v) for v in spot.place.offset_px)
            h, w = spot.place.pixels.shape[:2]
            assert (spot.place.pixels == taken[y0 : y0 + h, x0 : x0 + w]).all()
