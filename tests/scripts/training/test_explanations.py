"""The figures by which explanation maps are judged."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from scripts.training.explanations import Found, Judge, Kept, correlation, hottest, log_odds

SIZE = 64
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
CELL = np.hypot(ROWS - 32, COLUMNS - 32) <= 20


class _Spot:
    """Class 0 where there is red, 1 elsewhere."""

    um_per_px, classes = 0.3, ("A", "B")

    def predict(self, crops: np.ndarray) -> SimpleNamespace:
        red = (crops[..., 0].astype(float) - crops[..., 2]).clip(0).sum((1, 2)) / 3000
        return SimpleNamespace(logits=np.stack([red, np.zeros(len(crops))], 1).astype(np.float32))

    def explain(self, crops: np.ndarray, codes: list[str]) -> np.ndarray:
        return np.hypot(ROWS - 32, COLUMNS - 32)[None].max() - np.hypot(ROWS - 32, COLUMNS - 32)[None]


def a_cell(x: int) -> Kept:
    crop = np.full((SIZE, SIZE, 3), 200, np.uint8)
    crop[CELL] = 150
    crop[np.hypot(ROWS - 32, COLUMNS - x) <= 4] = (250, 0, 0)
    return Kept("there", "A", crop, CELL, 0, b"", b"")


def test_a_map_that_finds_the_place_beats_random_and_central_fifths() -> None:
    found = Found()
    judge = Judge(_Spot(), _Spot())  # type: ignore[arg-type]
    for x in (20, 44):
        judge.judge(found, a_cell(x), closely=True)
    figures = found.figures()
    assert figures["cells"] == 2
    assert figures["occlusion: different cells of one class"]["median"] < 0.3
    assert figures["grad-cam: different cells of one class"]["median"] > 0.99
    lost = figures["occlusion: lost by blurring its hottest fifth"]["median"]
    assert lost > 2 * figures["lost by blurring a random fifth"]["median"]
    assert lost > 0.5
    centred = figures["lost by blurring a centred fifth"]["median"]
    assert centred < 0.01  # nothing that speaks for the class lies in the middle
    assert figures["occlusion: hottest over centred fifth"] is None
    assert figures["grad-cam: lost by blurring its hottest fifth"]["median"] == pytest.approx(
        centred, abs=0.1
    )
    assert figures["occlusion: same cell moved"]["median"] > 0.9
    assert figures["occlusion: same cell turned by 90"]["median"] > 0.9
    assert figures["occlusion: share of what speaks for it inside the outline"]["median"] > 0.7


def test_the_hottest_fifth_lies_in_the_cell_and_has_its_area() -> None:
    values = -COLUMNS.astype(float)  # hottest outside, at the left edge
    spot = hottest(values, CELL)
    assert spot.sum() == round(CELL.sum() / 5)
    assert not spot[~CELL].any()
    assert COLUMNS[spot].max() < 26


def test_an_even_map_correlates_with_nothing() -> None:
    assert np.isnan(correlation(np.ones((SIZE, SIZE)), COLUMNS, CELL))
    assert correlation(COLUMNS, 3.0 * COLUMNS + 1, CELL) == pytest.approx(1)


def test_log_odds_are_against_all_others() -> None:
    p = np.array([[0.7, 0.2, 0.1]])
    assert log_odds(np.log(p), 0)[0] == pytest.approx(np.log(0.7 / 0.3))
