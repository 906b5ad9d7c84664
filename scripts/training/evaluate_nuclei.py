"""Does the test for a nucleus drop real cells? (``python -m scripts.training.evaluate_nuclei``)

Labelled crops of every site, the detector's box of the cell in the middle, and what `imaging.nuclei` says of it: how many
boxes are small enough to be judged by their dark area, the smallest of these; of how many the colour can be told from that of
red cells around, the least off-red densities; how many would be dropped. PLT are large platelets, of which some are proposed
as nucleated: these should be dropped.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.imaging.light import in_even_light
from bloodcells_gui.imaging.nuclei import (
    MAX_SMALL_BOX_UM,
    MIN_NUCLEUS_UM2,
    MIN_OFF_RED_DENSITY,
    dark_area_um2,
    lacks_nucleus,
    off_red_density,
)
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from scripts.training.data import Item, load_items, read_rgb

#: um per px, from red cells (``docs/models-detector-segmenter.md``).
UM = {"pbc": 0.102, "raabin": 0.082, "mll-marrow": 0.095, "lmu": 0.072, "tecom": 0.15}
MIDDLE_UM = 4.5


def main() -> None:
    """Print one line per site and label."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/detector-1"))
    parser.add_argument("--crops", type=int, default=100, help="of each site and label")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    detector = Detector(load_bundle(args.bundle))
    rng = np.random.default_rng(args.seed)
    groups: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in load_items(args.data, args.work):
        if item.set != "txl_pbc" and item.site in UM:
            groups[item.site, item.label].append(item)
    print("site label crops found small told dropped, smallest dark areas um2; least off-red densities")
    for (site, label), group in sorted(groups.items()):
        found = judged = dropped = 0
        areas: list[float] = []
        colours: list[float] = []
        chosen = rng.permutation(len(group))[: args.crops]
        for index in chosen:
            factor = UM[site] / detector.um_per_px
            image = read_rgb(args.data / group[index].path)
            image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            if detector.even_light:
                image = in_even_light(image)
            cells = detector.detect(image, detector.um_per_px).of_class(NUCLEATED)
            off = cells.boxes[:, :2] + cells.boxes[:, 2:] / 2 - np.array(image.shape[1::-1]) / 2
            near = np.flatnonzero(np.hypot(*off.T) * detector.um_per_px < MIDDLE_UM)
            if len(near) == 0:
                continue
            box = cells.boxes[near[:1]]
            x, y, w, h = (int(v) for v in box[0])
            found += 1
            judged += bool(np.sqrt(w * h) * detector.um_per_px < MAX_SMALL_BOX_UM)
            dropped += int(lacks_nucleus(image, detector.um_per_px, cells.boxes)[near[0]])
            colour = off_red_density(image, detector.um_per_px, box[0], cells.boxes)
            colours += [] if colour is None else [colour]
            areas.append(dark_area_um2(image[y : y + h + 1, x : x + w + 1], detector.um_per_px))
        least = " ".join(f"{a:.0f}" for a in sorted(areas)[:4])
        palest = " ".join(f"{c:.3f}" for c in sorted(colours)[:4])
        counts = (len(chosen), found, judged, len(colours), dropped)
        print(site, label or "-", *counts, least, ";", palest, flush=True)
    print(
        f"boxes below {MAX_SMALL_BOX_UM} um with a dark area below {MIN_NUCLEUS_UM2} um2 are dropped, and those with an "
        f"off-red density below {MIN_OFF_RED_DENSITY}"
    )


if __name__ == "__main__":
    main()
