"""Cells per mm2 are counted on film: bare glass in a tile has no say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bloodcells_gui.domain.run_record import merged
from bloodcells_gui.pipeline.counted_film import film_of
from tests.support.slide_scan import run
from tests.support.smears import MemoryReader, Smear, empty, fill

NONE = np.zeros((0, 4), np.float32)
CORE = (100, 200, 800, 800)


def grid(x0: float, x1: float, pitch: float = 30.0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Boxes of red cells, 18 px wide, from x0 to x1 over all of the core's height."""
    places = itertools.product(np.arange(x0, x1 - 17, pitch), np.arange(200, 1000 - 17, pitch))
    return np.array([(x, y, 18, 18) for x, y in places], np.float32)


def test_a_full_tile_is_all_film_and_an_empty_one_none() -> None:
    assert film_of(grid(100, 900), NONE, CORE, 0.4)[0] > 0.99
    assert film_of(NONE, NONE, CORE, 0.4)[0] == 0.0


def test_half_a_tile_of_bare_glass_is_no_film_and_nothing_is_counted_there() -> None:
    platelets = np.array([(300, 500, 8, 8), (800, 500, 8, 8)], np.float32)
    share, kept = film_of(grid(100, 500), platelets, CORE, 0.4)
    assert share == pytest.approx(0.5, abs=0.03)
    assert kept.tolist() == [[300, 500, 8, 8]]


def test_holes_of_a_monolayer_are_film_and_a_scratch_is_none() -> None:
    cells = grid(100, 900)
    x, y = cells[:, 0], cells[:, 1]
    hole = (abs(x - 500) < 45) & (abs(y - 600) < 45)  # 34 um wide
    assert film_of(cells[~hole], NONE, CORE, 0.4)[0] > 0.99
    scratch = abs(x - 500) < 130  # 250 px between the outermost cells
    assert film_of(cells[~scratch], NONE, CORE, 0.4)[0] == pytest.approx(1 - 250 / 800, abs=0.04)


@pytest.fixture(scope="module")
def half() -> Smear:
    """A slide of 2 x 2 tiles; the film ends in the middle of the left ones."""
    s = empty(1600, 1500)
    fill(s, (480, 0, 560, 1500), np.random.default_rng(4), pitch_um=12, leukocytes=20, platelets=90)
    return s


def test_platelets_per_mm2_of_a_slide_are_those_of_its_film(half: Smear) -> None:
    _, done, _ = run(MemoryReader(half.rgb, half.mpp, (1, 4)), threads=1)
    counts, fields = done.record.counts, done.record.counted
    assert fields
    for field in fields:
        x, y, w, h = field.box_px
        film = (min(x + w, 1040) - max(x, 480)) * h * half.mpp**2 / 1e6
        assert field.area_mm2 == pytest.approx(film, rel=0.02)
        assert film < 0.6 * w * h * half.mpp**2 / 1e6, "half of the tile is bare glass"
        mine = [(a, b) for a, b in half.of("PLT") if x <= a < x + w and y <= b < y + h]
        assert field.platelets == pytest.approx(len(mine), abs=1)
    assert counts.searched_mm2 == pytest.approx(1600 * 1500 * half.mpp**2 / 1e6, rel=0.02)
    assert counts.sampled_mm2 == pytest.approx(sum(f.area_mm2 for f in fields), abs=1e-6)
    _, four, _ = run(MemoryReader(half.rgb, half.mpp, (1, 4)), threads=4)
    assert four.record.counted == fields


def test_the_film_is_the_same_after_an_interruption(half: Smear) -> None:
    reader = MemoryReader(half.rgb, half.mpp, (1, 4))
    _, whole, _ = run(reader)
    known, first, _ = run(reader, target=3)
    _, rest, _ = run(reader, done=merged([first.record]), known=known, run=1)
    assert merged([first.record, rest.record]).counted == whole.record.counted
