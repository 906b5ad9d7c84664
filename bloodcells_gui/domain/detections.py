"""Boxes that a detector proposed, and how boxes of overlapping tiles become one list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUCLEATED, RED_CELL, PLATELET = 0, 1, 2
DETECTION_CLASSES = ("nucleated", "red_cell", "platelet")

#: Two boxes of one class are the same cell when they overlap by more than these shares.
SAME_IOU = 0.40
SAME_INSIDE = 0.70


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Cells found in one image or region.

    Attributes
    ----------
    boxes : ndarray of float32, shape (n, 4)
        x, y of the top left corner, width, height in px.
    classes : ndarray of int8, shape (n,)
        Index into `DETECTION_CLASSES`.
    scores : ndarray of float32, shape (n,)
        0 to 1, highest first after `non_max_suppression`.
    """

    boxes: NDArray[np.float32]
    classes: NDArray[np.int8]
    scores: NDArray[np.float32]

    @staticmethod
    def none() -> Detections:
        """No cell at all."""
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.int8), np.zeros(0, np.float32))

    @staticmethod
    def join(parts: Iterable[Detections]) -> Detections:
        """One list out of several."""
        items = list(parts)
        if not items:
            return Detections.none()
        return Detections(
            np.concatenate([p.boxes for p in items]),
            np.concatenate([p.classes for p in items]),
            np.concatenate([p.scores for p in items]),
        )

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        """Those chosen by a mask or by indices."""
        return Detections(self.boxes[which], self.classes[which], self.scores[which])

    def of_class(self, kind: int) -> Detections:
        """Those of one class."""
        return self.take(self.classes == kind)

    def moved(self, factor: float, dx: float = 0.0, dy: float = 0.0) -> Detections:
        """In other coordinates: multiplied by `factor`, then shifted by (dx, dy) px."""
        boxes = self.boxes * np.float32(factor)
        boxes[:, 0] += dx
        boxes[:, 1] += dy
        return Detections(boxes, self.classes, self.scores)


def overlaps(
    box: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Intersection over union, and over the smaller box, of one box with (n, 4) others."""
    x0 = np.maximum(box[0], others[:, 0])
    y0 = np.maximum(box[1], others[:, 1])
    x1 = np.minimum(box[0] + box[2], others[:, 0] + others[:, 2])
    y1 = np.minimum(box[1] + box[3], others[:, 1] + others[:, 3])
    common = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
    area, areas = box[2] * box[3], others[:, 2] * others[:, 3]
    union = np.maximum(area + areas - common, 1e-6)
    return common / union, common / np.maximum(np.minimum(area, areas), 1e-6)


def non_max_suppression(
    found: Detections, same_iou: float = SAME_IOU, same_inside: float = SAME_INSIDE
) -> Detections:
    """Keep the best box of every cell (greedy, class by class), and no red cell inside a leukocyte.

    Equal scores are ordered by place, so that the result does not depend on the order of the input.
    Boxes are compared along x only, so the cost is about n times the cells in one column.
    """
    kinds = (NUCLEATED, RED_CELL, PLATELET)
    kept = [_suppress_class(found.of_class(kind), same_iou, same_inside) for kind in kinds]
    nucleated, red = kept[0], kept[1]
    if len(nucleated) and len(red):
        inside = np.zeros(len(red), bool)
        for box, score in zip(nucleated.boxes, nucleated.scores, strict=True):
            inside |= (overlaps(box, red.boxes)[1] > 0.8) & (red.scores < 2 * score)
        kept[1] = red.take(~inside)
    out = Detections.join(kept)
    return out.take(np.argsort(-out.scores, kind="stable"))


def _suppress_class(found: Detections, same_iou: float, same_inside: float) -> Detections:
    order = np.lexsort((found.boxes[:, 1], found.boxes[:, 0], -found.scores))
    boxes, scores = found.boxes[order], found.scores[order]
    first, second = _same_pairs(boxes, same_iou, same_inside)
    alive = np.ones(len(order), bool)
    # Pairs in the order of the better box: by the time it is its turn, it is known whether it stands.
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        if alive[i]:
            alive[j] = False
    return Detections(boxes[alive], found.classes[order][alive], scores[alive])


def _same_pairs(
    boxes: NDArray[np.float32], same_iou: float, same_inside: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices i < j of boxes that overlap by more than a limit, sorted by i.

    Boxes are compared with those that begin within their width along x, all at once.
    """
    by_left = np.argsort(boxes[:, 0], kind="stable")
    left = boxes[by_left, 0]
    ends = np.searchsorted(left, left + boxes[by_left, 2], side="left")
    counts = np.maximum(ends - np.arange(len(left)) - 1, 0)
    a = np.repeat(np.arange(len(left)), counts)
    b = a + 1 + np.arange(len(a)) - np.repeat(np.cumsum(counts) - counts, counts)
    i, j = by_left[a], by_left[b]
    y, h = boxes[:, 1], boxes[:, 3]
    near = (y[i] < y[j] + h[j]) & (y[j] < y[i] + h[i])
    i, j = i[near], j[near]
    x, w = boxes[:, 0], boxes[:, 2]
    common = np.minimum(x[i] + w[i], x[j] + w[j]) - np.maximum(x[i], x[j])
    common = np.maximum(common, 0) * (np.minimum(y[i] + h[i], y[j] + h[j]) - np.maximum(y[i], y[j]))
    area = w * h
    union = np.maximum(area[i] + area[j] - common, 1e-6)
    smaller = np.maximum(np.minimum(area[i], area[j]), 1e-6)
    same = (common / union > same_iou) | (common / smaller > same_inside)
    i, j = i[same], j[same]
    first, second = np.minimum(i, j), np.maximum(i, j)
    order = np.lexsort((second, first))
    return first[order], second[order]


def merge_detections(
    tiles: Sequence[tuple[tuple[int, int, int, int], Detections]],
    size_px: tuple[int, int],
    margin_px: float = 2.0,
) -> Detections:
    """One list, without doubles or seams, from overlapping tiles.

    A box that touches a tile's edge inside the image may be cut; the overlap guarantees that the
    neighbouring tile sees the cell whole, so the cut one is dropped. What is left twice is settled by
    `non_max_suppression`.

    Parameters
    ----------
    tiles : sequence of ((x, y, width, height), Detections)
        The tile's place in the image and what was found, in image coordinates, px. Tiles must overlap by
        at least the largest cell.
    size_px : width, height of the image
    margin_px : how near to an edge counts as touching
    """
    parts = []
    for (x, y, width, height), found in tiles:
        bx, by = found.boxes[:, 0], found.boxes[:, 1]
        right, bottom = bx + found.boxes[:, 2], by + found.boxes[:, 3]
        cut = np.zeros(len(found), bool)
        if x > 0:
            cut |= bx < x + margin_px
        if y > 0:
            cut |= by < y + margin_px
        if x + width < size_px[0]:
            cut |= right > x + width - margin_px
        if y + height < size_px[1]:
            cut |= bottom > y + height - margin_px
        parts.append(found.take(~cut))
    return non_max_suppression(Detections.join(parts))
