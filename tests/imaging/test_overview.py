"""The map of where to look."""

from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.domain.zones import GLASS
from bloodcells_gui.imaging.monolayer import PatchQuality
from bloodcells_gui.imaging.overview import box_polygon, glass_level, inside, zone_map
from bloodcells_gui.imaging.tiling import TileGrid

GRID = TileGrid((0, 0, 8000, 4000), 1000, 100)


def overview() -> np.ndarray:
    """Glass at the right, then thin, one layer, thick at the left."""
    picture = np.full((400, 800, 3), 242, np.uint8)
    picture[:, :200] = (150, 90, 110)
    picture[:, 200:400] = (215, 185, 190)
    picture[:, 400:550] = (238, 230, 232)
    return picture


def quality(score: float) -> PatchQuality:
    return PatchQuality(score, (), 0.4, 0.6, 0.4, 0.2, 0.9)


def test_the_first_guess_ranks_by_density() -> None:
    zones = zone_map(overview(), GRID)
    columns, rows = GRID.shape
    scores = zones.scores.reshape(rows, columns)
    centre = [GRID.tile(i).core[0] + GRID.tile(i).core[2] / 2 for i in range(columns)]
    one = [i for i, x in enumerate(centre) if 2000 < x < 4000]
    thick = [i for i, x in enumerate(centre) if x < 1500]
    assert scores[1, one].min() > scores[1, thick].max()
    glass = [i for i, x in enumerate(centre) if x > 6600]
    assert (scores[:, glass] == 0).all()
    assert all(zones.tile(i).reasons == (GLASS,) for i in glass)
    assert zones.smear.sum() < len(GRID)


def test_what_is_measured_changes_neighbours_and_look_alikes() -> None:
    zones = zone_map(overview(), GRID)
    before = zones.scores.copy()
    one = int(np.argmax(before))
    zones.learn(one, quality(0.0), whole_tile=True)
    after = zones.scores
    assert after[one] == 0
    assert zones.tile(one).measured
    alike = [i for i in range(len(GRID)) if i != one and abs(before[i] - before[one]) < 0.02]
    assert len(alike) > 3
    assert all(after[i] < before[i] for i in alike)
    columns = GRID.shape[0]
    near = [i for i in alike if abs(i % columns - one % columns) + abs(i // columns - one // columns) == 1]
    far = max(alike, key=lambda i: abs(i % columns - one % columns) + abs(i // columns - one // columns))
    assert all(after[i] < after[far] for i in near)
    thick = int(np.argmin(np.where(zones.smear, before, 2)))
    assert after[thick] == pytest.approx(before[thick], abs=0.02)


def test_probes_are_the_same_every_time_and_lie_on_the_smear() -> None:
    zones = zone_map(overview(), GRID)
    order = zones.probe_order(10)
    assert order == zone_map(overview(), GRID).probe_order(10)
    assert len(set(order)) == 10
    assert all(zones.smear[i] for i in order)


def test_paddings_are_no_smear_and_do_not_set_the_white() -> None:
    picture = overview()
    picture[:200] = 0
    picture[300:, 600:] = 255
    assert glass_level(picture) == 242
    zones = zone_map(picture, GRID)
    columns = GRID.shape[0]
    assert not zones.smear[:columns].any()
    assert not zone_map(np.full((40, 80, 3), 255, np.uint8), GRID).smear.any()


def test_a_person_draws_a_zone() -> None:
    zones = zone_map(overview(), GRID)
    zones.restrict([box_polygon(2500, 1000, 600, 900)])
    chosen = [GRID.tile(i).core for i in range(len(GRID)) if zones.smear[i]]
    assert chosen
    for x, y, w, h in chosen:
        assert x < 3300
        assert x + w > 2300
        assert y < 2100
        assert y + h > 800
    triangle = [(0.0, 0.0), (100.0, 0.0), (0.0, 100.0)]
    assert inside([triangle], 20, 20)
    assert not inside([triangle], 90, 90)
    assert inside([], 1e9, 1e9)
