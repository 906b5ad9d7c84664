"""One box a cell, whatever the tiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain.detections import Detections, merge_detections, non_max_suppression, overlaps


def found(*rows: tuple[float, float, float, float, int, float]) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4].astype(np.int8), table[:, 5])


def test_overlaps_of_known_boxes() -> None:
    box = np.array([0, 0, 10, 10], np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 5, 5], [2, 2, 5, 5]], np.float32)
    iou, inside = overlaps(box, others)
    np.testing.assert_allclose(iou, [1, 1 / 3, 0, 0.25], rtol=1e-5)
    np.testing.assert_allclose(inside, [1, 0.5, 0, 1], rtol=1e-5)


def test_the_better_of_two_boxes_of_a_cell_stays() -> None:
    kept = non_max_suppression(found((0, 0, 20, 20, 0, 0.6), (2, 1, 20, 20, 0, 0.9), (60, 0, 20, 20, 0, 0.5)))
    assert kept.scores.tolist() == pytest.approx([0.9, 0.5])


def test_touching_cells_stay_two_and_classes_are_apart() -> None:
    kept = non_max_suppression(found((0, 0, 20, 20, 1, 0.6), (17, 0, 20, 20, 1, 0.9), (0, 0, 20, 20, 2, 0.3)))
    assert len(kept) == 3


def test_no_red_cell_inside_a_leukocyte() -> None:
    kept = non_max_suppression(
        found((0, 0, 40, 40, 0, 0.5), (10, 10, 15, 15, 1, 0.9), (35, 0, 16, 16, 1, 0.9))
    )
    assert sorted(kept.classes.tolist()) == [0, 1]


@given(st.permutations(range(12)), st.integers(0, 1000))
def test_the_order_of_the_input_does_not_matter(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = np.hstack([rng.uniform(0, 60, (12, 2)), rng.uniform(8, 25, (12, 2))]).astype(np.float32)
    # Equal scores on purpose: ties must be settled by place.
    scores = rng.choice([0.4, 0.6, 0.8], 12).astype(np.float32)
    cells = Detections(boxes, rng.integers(0, 3, 12).astype(np.int8), scores)
    first, second = non_max_suppression(cells), non_max_suppression(cells.take(np.asarray(order)))
    assert sorted(map(tuple, first.boxes.tolist())) == sorted(map(tuple, second.boxes.tolist()))


def test_many_boxes_agree_with_a_plain_quadratic_search() -> None:
    rng = np.random.default_rng(3)
    boxes = np.hstack([rng.uniform(0, 300, (300, 2)), rng.uniform(10, 30, (300, 2))]).astype(np.float32)
    cells = Detections(boxes, np.zeros(300, np.int8), rng.random(300).astype(np.float32))
    kept: list[int] = []
    for i in np.argsort(-cells.scores):
        iou, inside = overlaps(boxes[i], boxes[kept])
        if not ((iou > 0.40) | (inside > 0.70)).any():
            kept.append(int(i))
    assert sorted(non_max_suppression(cells).scores.tolist()) == sorted(cells.scores[kept].tolist())


def test_cells_on_a_seam_are_counted_once_and_whole() -> None:
    # Two tiles of 100 px that overlap by 40; a cell at 70 to 90 lies whole in both, one at 95 to 115 is
    # cut in the left one.
    left = found((70, 40, 20, 20, 0, 0.8), (95, 10, 5, 20, 0, 0.9))
    right = found((71, 40, 20, 20, 0, 0.7), (95, 10, 20, 20, 0, 0.6))
    merged = merge_detections([((0, 0, 100, 100), left), ((60, 0, 100, 100), right)], (160, 100))
    assert len(merged) == 2
    assert sorted(merged.boxes[:, 2].tolist()) == [20, 20]


def test_cells_at_the_images_own_edge_stay() -> None:
    merged = merge_detections([((0, 0, 100, 100), found((0, 40, 12, 20, 0, 0.8)))], (100, 100))
    assert len(merged) == 1


def test_nothing_gives_nothing_and_moving_scales() -> None:
    assert len(merge_detections([], (10, 10))) == 0
    assert len(non_max_suppression(Detections.none())) == 0
    moved = found((2, 4, 6, 8, 1, 0.5)).moved(2.0, 10, 20)
    np.testing.assert_allclose(moved.boxes, [[14, 28, 12, 16]])
