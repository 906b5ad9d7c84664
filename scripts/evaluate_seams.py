"""The same field at many offsets must give the same cells (``python -m scripts.evaluate_seams``).

Real test fields are laid on a blank canvas at random offsets and scanned in small overlapping tiles, so that seams run
everywhere; the leukocytes found are compared with those of the field by itself.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.inference import detector as module
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from scripts.data import load_items
from scripts.fields_data import load_txl

TILE_PX = 192


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
    same = doubles = missed = wanted = 0
    for _ in range(args.offsets):
        field = fields[int(rng.integers(len(fields)))]
        module.TILE_PX = 1024
        alone = detector.detect(field.image, field.mpp).of_class(NUCLEATED)
        x, y = (int(v) for v in rng.integers(90, 250, 2))
        height, width = field.image.shape[:2]
        blank = np.percentile(field.image.reshape(-1, 3), 90, axis=0)
        canvas = np.tile(blank.astype(np.uint8), (height + 340, width + 340, 1))
        canvas[y : y + height, x : x + width] = field.image
        module.TILE_PX = TILE_PX
        placed = detector.detect(canvas, field.mpp).of_class(NUCLEATED)
        centres = placed.boxes[:, :2] + placed.boxes[:, 2:] / 2 - np.array([x, y])
        hits = [int((np.hypot(*(centres - (b[:2] + b[2:] / 2)).T) < 10).sum()) for b in alone.boxes]
        wanted += len(hits)
        doubles += sum(h > 1 for h in hits) + max(0, len(placed) - sum(hits))
        missed += sum(h == 0 for h in hits)
        same += all(h == 1 for h in hits) and len(placed) == len(hits)
    report = {
        "placements": args.offsets,
        "the_same": same,
        "cells": wanted,
        "missed": missed,
        "doubles_or_new": doubles,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
