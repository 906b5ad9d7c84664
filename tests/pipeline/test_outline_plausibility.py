"""A platelet over a red cell is no nucleated cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bloodcells_gui.domain.cell import FLAG_EDGE, Box, Cell
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.pipeline.outline_plausibility import check_outline_plausibility

CLASSES = ("SNE", "BA", "ERB", "PLT", "ART")


def cell(predicted: str, share: float, cell_um2: float, nucleus_um2: float) -> Cell:
    scores = np.full(5, (1 - share) / 4, np.float32)
    scores[CLASSES.index(predicted)] = share
    values = np.full(len(MEASUREMENTS), np.nan, np.float32)
    values[MEASUREMENTS.index("cell_area_um2")] = cell_um2
    values[MEASUREMENTS.index("nucleus_area_um2")] = nucleus_um2
    return Cell(1, 0, Box(0, 0, 9, 9), 0.25, predicted, share, False, 1 - share, scores, values)


@pytest.mark.parametrize(
    ("called", "share", "cell_um2", "nucleus_um2"),
    [
        ("SNE", 0.95, 130, 55),
        ("ERB", 0.99, 50, 18.5),
        ("ERB", 0.9, 60, 14),
        ("BA", 0.9, 110, 5),
        ("PLT", 0.9, 7, 5),
    ],
)
def test_usual_cells_are_left_alone(called: str, share: float, cell_um2: float, nucleus_um2: float) -> None:
    after = check_outline_plausibility(cell(called, share, cell_um2, nucleus_um2), CLASSES)
    assert (after.predicted, after.abstained) == (called, False)
    assert after.probability >= share


def test_a_tiny_nucleus_in_a_small_cell_is_a_platelet() -> None:
    after = check_outline_plausibility(cell("SNE", 0.8, 44, 6), CLASSES)
    assert after.predicted in ("PLT", "ART")
    assert after.scores.sum() == pytest.approx(1.0, abs=1e-5)
    assert after.probability == pytest.approx(float(after.scores.max()))


def test_where_outline_and_classifier_contradict_a_person_decides() -> None:
    after = check_outline_plausibility(cell("ERB", 0.99, 45, 8), CLASSES)
    assert after.abstained
    assert after.probability < 0.7


def test_cut_cells_and_missing_measurements_say_nothing() -> None:
    cut = replace(cell("SNE", 0.8, 44, 6), flags=(FLAG_EDGE,))
    assert check_outline_plausibility(cut, CLASSES) is cut
    bare = replace(cell("SNE", 0.8, 44, 6), measurements=np.zeros(1, np.float32))
    assert check_outline_plausibility(bare, CLASSES) is bare
    empty = cell("SNE", 0.8, float("nan"), float("nan"))
    assert check_outline_plausibility(empty, CLASSES) is empty
