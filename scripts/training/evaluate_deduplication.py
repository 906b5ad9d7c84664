"""The same field at many offsets must give the same cells (``python -m scripts.training.evaluate_deduplication``).

Real test fields are laid on a blank canvas at random offsets and looked at in three ways: by the detector in small
overlapping tiles, so that seams run everywhere, and by the search of a slide's tiles, the whole one and the quick one, with
the field on a corner where four tiles meet. The leukocytes found are compared with those of the field by itself.

Cells of which the field's own edge leaves less than a third are not asked for, as in all figures of the detector: beside
blank canvas such a sliver is another picture than at the end of an image.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.domain.detections import NUCLEATED, Detections
from bloodcells_gui.inference import detector as module
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.pipeline.deduplication import ListedBoxes
from bloodcells_gui.pipeline.scan import LARGEST_CELL_UM
from bloodcells_gui.pipeline.search import Pixels, TileSearch
from bloodcells_gui.pipeline.survey import HALO_UM, tile_grid
from scripts.training.data import load_items
from scripts.training.evaluate_fields import with_nucleus
from scripts.training.fields_data import load_txl

TILE_PX = 192
EDGE_PX = 2.0
#: Area of a usual leukocyte's box (``train_detector.match``).
USUAL_UM2 = 150.0
WINDOW_UM = 30.0


def whole_enough(found: Detections, size_px: tuple[int, int], mpp: float) -> Detections:
    """Without the slivers that the field's edge leaves; boxes in px of the field."""
    x, y, w, h = found.boxes.T
    cut = (x < EDGE_PX) | (y < EDGE_PX) | (x + w > size_px[0] - EDGE_PX) | (y + h > size_px[1] - EDGE_PX)
    return found.take(~(cut & (w * h <= USUAL_UM2 / mpp**2 / 3)))


def leukocytes(detector: Detector, image: Pixels, mpp: float) -> Detections:
    """Nucleated cells of an image as the detector and the test for a nucleus find them."""
    return with_nucleus(detector.detect(image, mpp), image, mpp).of_class(NUCLEATED)


def searched(detector: Detector, canvas: Pixels, mpp: float, coarse: bool) -> Detections:
    """The leukocytes of a canvas by the search of a slide, tile by tile, merged as a scan does."""
    search = TileSearch(detector, WINDOW_UM)
    height, width = canvas.shape[:2]
    seams = ListedBoxes(LARGEST_CELL_UM / mpp)
    boxes = []

    def read(x: int, y: int, w: int, h: int, downsample: float) -> Pixels:
        part = canvas[y : y + h, x : x + w]
        size = max(1, round(w / downsample)), max(1, round(h / downsample))
        return part if downsample == 1 else np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))

    for tile in tile_grid((width, height), mpp, detector.um_per_px):
        for spot in search.search(read, tile, 0, (width, height), mpp, coarse=coarse).spots:
            if spot.kind == NUCLEATED and not seams.seen(spot.plane, spot.kind):
                seams.add(spot.plane, spot.kind)
                boxes.append((spot.plane.x, spot.plane.y, spot.plane.width, spot.plane.height))
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.zeros(n, np.int8), np.ones(n, np.float32)
    )


def main() -> None:
    """Print how many placements agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/detector-1"))
    parser.add_argument("--offsets", type=int, default=200)
    parser.add_argument("--fields", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    detector = Detector(load_bundle(args.bundle))
    rng = np.random.default_rng(args.seed)
    test = [i for i in load_items(args.data, args.work) if i.set == "txl_pbc" and i.split == "test"]
    fields = load_txl(args.data, [test[i] for i in rng.permutation(len(test))[: args.fields]])
    fields = [f.at_scale(detector.um_per_px) for f in fields]
    corner = round(1024 - HALO_UM / detector.um_per_px)
    ways = ("tiles of 77 um", "whole search", "quick search")
    tallies = {
        way: {"placements": 0, "the_same": 0, "cells": 0, "missed": 0, "doubles_or_new": 0} for way in ways
    }
    for _ in range(args.offsets):
        field = fields[int(rng.integers(len(fields)))]
        module.TILE_PX = 1024
        height, width = field.image.shape[:2]
        alone = leukocytes(detector, field.image, field.mpp)
        alone = whole_enough(alone, (width, height), field.mpp)
        blank = np.percentile(field.image.reshape(-1, 3), 90, axis=0).astype(np.uint8)
        x, y = (int(v) for v in rng.integers(90, 250, 2))
        across, down = int(rng.integers(width)), int(rng.integers(height))
        for way in ways:
            small = way == ways[0]
            left, top = (x, y) if small else (corner - across, corner - down)
            canvas = np.tile(blank, (top + height + 250, left + width + 250, 1))
            canvas[top : top + height, left : left + width] = field.image
            if small:
                module.TILE_PX = TILE_PX
                placed = leukocytes(detector, canvas, field.mpp)
                module.TILE_PX = 1024
            else:
                placed = searched(detector, canvas, field.mpp, way == ways[2])
            placed = whole_enough(placed.moved(1.0, -left, -top), (width, height), field.mpp)
            count(tallies[way], alone, placed)
    for way in ways:
        print(json.dumps({"way": way, **tallies[way]}))


def count(tally: dict[str, int], alone: Detections, placed: Detections) -> None:
    """Add one placement: which cells came again, once each."""
    centres = placed.boxes[:, :2] + placed.boxes[:, 2:] / 2
    hits = [int((np.hypot(*(centres - (b[:2] + b[2:] / 2)).T) < 10).sum()) for b in alone.boxes]
    tally["placements"] += 1
    tally["cells"] += len(hits)
    tally["doubles_or_new"] += sum(h > 1 for h in hits) + max(0, len(placed) - sum(hits))
    tally["missed"] += sum(h == 0 for h in hits)
    tally["the_same"] += all(h == 1 for h in hits) and len(placed) == len(hits)


if __name__ == "__main__":
    main()
