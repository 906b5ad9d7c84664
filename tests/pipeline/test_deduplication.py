"""One cell, counted once."""

from __future__ import annotations

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.detections import NUCLEATED, PLATELET
from bloodcells_gui.pipeline.deduplication import ListedBoxes, same_cell, touching


def test_the_same_cell_seen_twice() -> None:
    assert same_cell(Box(10, 10, 30, 30), Box(12, 9, 29, 32))
    assert same_cell(Box(10, 10, 30, 30), Box(10, 10, 12, 30))  # seen in part
    assert not same_cell(Box(10, 10, 30, 30), Box(38, 10, 30, 30))  # touching neighbours
    assert not same_cell(Box(10, 10, 30, 30), Box(31, 28, 30, 30))
    assert not same_cell(Box(0, 0, 5, 5), Box(100, 0, 5, 5))


def test_boxes_are_found_across_buckets_and_by_class() -> None:
    seams = ListedBoxes(40)
    seams.add(Box(35, 35, 12, 12), NUCLEATED)
    assert seams.seen(Box(36, 36, 12, 12), NUCLEATED)
    assert not seams.seen(Box(36, 36, 12, 12), PLATELET)
    assert not seams.seen(Box(60, 60, 12, 12), NUCLEATED)
    seams.add(Box(-50, -20, 10, 10), NUCLEATED)
    assert seams.seen(Box(-49, -21, 10, 10), NUCLEATED)


def test_touching_cells() -> None:
    boxes = [Box(0, 0, 10, 10), Box(10.5, 2, 10, 10), Box(40, 0, 10, 10), Box(0, 30, 10, 10)]
    assert touching(boxes, 1.0) == [True, True, False, False]
    assert touching([], 1.0) == []
