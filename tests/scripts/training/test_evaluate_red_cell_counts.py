"""Cells are paired by their middles, and only those away from the border are judged."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")

from scripts.training.evaluate_red_cell_counts import judged, middles, pairs, read_labels


def test_cells_are_paired_once_and_by_their_middles() -> None:
    true = np.array([[0, 0, 20, 20], [30, 0, 20, 20], [60, 0, 20, 20]], float)
    found = np.array([[62, 1, 18, 18], [2, 1, 20, 20], [3, 2, 20, 20]], float)
    i, j = pairs(true, found)
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == [(0, 1), (2, 0)]
    assert judged(middles(true), (90, 20), 9.0).tolist() == [True, True, True]
    assert judged(middles(true), (90, 20), 11.0).tolist() == [False, False, False]


def test_the_completed_boxes_are_of_twenty_fields_of_two_cameras() -> None:
    labels = read_labels()
    assert len(labels) == 20
    assert {path.split("/")[0] for path in labels} == {"txl_pbc", "deepbionet"}
    assert all((boxes[:, 2:] > 0).all() and 0.05 < mpp < 0.2 for mpp, boxes in labels.values())
