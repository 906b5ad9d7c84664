"""Occlusion maps: which places a classification hinges on."""

from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.inference.occlusion import covered, occlusion_map, places

SIZE, UM = 64, 0.3


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.asarray(np.hypot(columns - x, rows - y) <= radius)


CELL = disc(32, 32, 20)
CROP = np.full((SIZE, SIZE, 3), 210, np.uint8)
CROP[CELL] = 160
CROP[disc(24, 32, 4)] = (255, 0, 0)  # red speaks for class 0
CROP[disc(41, 32, 4)] = (0, 0, 255)  # blue for class 1


def network(crops: np.ndarray) -> np.ndarray:
    """Logits by how red, how blue and how bright the crops are."""
    red = (crops[..., 0].astype(float) - crops[..., 2]).clip(0).sum((1, 2)) / 4000
    blue = (crops[..., 2].astype(float) - crops[..., 0]).clip(0).sum((1, 2)) / 4000
    return np.stack([red, blue, np.full(len(crops), -5.0)], 1).astype(np.float32)


def test_places_cover_the_cell_and_nothing_far_from_it() -> None:
    over = places(CELL, UM)
    assert 24 <= len(over) <= 48
    together = over.max(axis=0)
    assert together[CELL].min() > 0.3
    assert not together[~disc(32, 32, 39)].any()


def test_places_lie_alike_wherever_the_cell_is() -> None:
    here, there = places(CELL, UM), places(np.roll(CELL, (3, -5), (0, 1)), UM)
    np.testing.assert_allclose(
        np.roll(here, (3, -5), (1, 2))[:, 12:-12, 12:-12], there[:, 12:-12, 12:-12], atol=1e-5
    )


def test_places_everywhere_hold_those_of_the_cell() -> None:
    own, all_over = places(CELL, UM), places(CELL, UM, everywhere=True)
    assert len(all_over) > len(own)
    assert all(any(np.array_equal(place, other) for other in all_over) for place in own)
    assert all_over.max(axis=0).min() > 0.3


def test_without_an_outline_the_middle_is_looked_at() -> None:
    over = places(np.zeros((SIZE, SIZE), bool), 0.4)
    assert len(over) > 20
    assert over.max(axis=0)[32, 32] > 0.5
    assert not over.max(axis=0)[:4].any()


def test_covering_takes_the_structure_of_one_place_alone() -> None:
    over = places(CELL, UM)
    out = covered(CROP, over, UM)
    assert out.shape == (len(over), SIZE, SIZE, 3)
    untouched = over == 0
    assert all((picture[clear] == CROP[clear]).all() for picture, clear in zip(out, untouched, strict=True))
    assert min(int(picture[32, 24, 0]) - int(picture[32, 24, 2]) for picture in out) < 100


def test_the_map_tells_what_speaks_for_a_class_and_what_for_its_rival() -> None:
    found = occlusion_map(CROP, CELL, UM, [0], network)
    assert found.rival == 1
    assert found.lost[32, 24] > 0.5
    assert found.lost[32, 41] < -0.5
    assert abs(found.lost[14, 32]) < 0.2
    assert np.abs(found.lost[~disc(32, 32, 39)]).max() == 0  # no hard edge where the places end
    rim = np.abs(np.diff(found.lost, axis=0)).max()
    assert rim < np.abs(found.lost).max() / 4
    turned = occlusion_map(CROP, CELL, UM, [1], network)
    assert turned.rival == 0
    np.testing.assert_allclose(turned.lost, -found.lost, atol=1e-5)
    assert turned.log_odds == pytest.approx(-found.log_odds)


def test_a_roll_up_is_weighed_against_what_is_outside_of_it() -> None:
    found = occlusion_map(CROP, CELL, UM, [0, 1], network)
    assert found.rival == 2
    assert found.lost[32, 24] > 0.1
    assert found.lost[32, 41] > 0.1
    logits = network(CROP[None])[0]
    assert found.log_odds == pytest.approx(float(np.logaddexp(logits[0], logits[1]) - logits[2]), rel=1e-5)
