"""Figures of detectors that never saw a site (``python -m scripts.training.evaluate_left_out``), as `WORK/left_out.json`.

Takes what ``train_detector --name det-without-SITE --leave-out SITE`` wrote, and judges all fields of that site, nucleated cells
by the program's test for a nucleus as well. The lowest score of each class is chosen on the validation groups of the sites that were
trained on; nothing is chosen on the site left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from bloodcells_gui.domain.detections import Detections
from scripts.training.data import load_items
from scripts.training.detector_net import DetectorNet
from scripts.training.evaluate_fields import limits, with_nucleus
from scripts.training.fields_data import Field, load_txl
from scripts.training.train_detector import MPP, detect, figures

SITES = ("raabin", "bccd", "pbc")
#: What may be chosen as lowest score of a class; 0.3 is what the program takes for a network whose card names none.
GRID = tuple(round(0.3 + 0.05 * i, 2) for i in range(9))


def choose_thresholds(detections: Sequence[Detections], fields: Sequence[Field]) -> tuple[float, ...]:
    """Lowest score of each class with the best F1 over all fields.

    Where several are as good, the lowest for nucleated cells, since what is no cell can still be told later and what was
    missed cannot; the middle one for the others.
    """
    chosen = []
    scores: dict[str, list[float]] = {}
    for threshold in GRID:
        for name, row in figures(detections, fields, (threshold,) * 3).items():
            scores.setdefault(name, []).append(2 * row["hits"] / max(row["cells"] + row["found"], 1))
    for name, f1 in scores.items():
        best = np.flatnonzero(np.array(f1) >= max(f1) - 1e-9)
        chosen.append(GRID[int(best[0 if name == "nucleated" else len(best) // 2])])
    return tuple(chosen)


def found_in(net: DetectorNet, fields: Sequence[Field]) -> list[Detections]:
    """Detections down to the lowest score that may be chosen, without nucleated cells that have no nucleus."""
    return [with_nucleus(detect(net, f.image, (GRID[0],) * 3), f.image, f.mpp) for f in fields]


def table_of(
    detections: Sequence[Detections], fields: Sequence[Field], thresholds: Sequence[float]
) -> dict[str, Any]:
    """Counts and exact 95 % limits of each class."""
    table: dict[str, Any] = {"images": len(fields)}
    for name, row in figures(detections, fields, thresholds).items():
        hits, cells, found = int(row["hits"]), int(row["cells"]), int(row["found"])
        table[name] = {
            "hits": hits, "cells": cells, "found": found, "recall": row["recall"], "recall_95": limits(hits, cells),
            "precision": row["precision"], "precision_95": limits(hits, found), "ap": row["ap"],
        }  # fmt: skip
    return table


def main() -> None:
    """Judge every left-out detector that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(args.threads)
    items = load_items(args.data, args.work)
    groups = {i.path: i.group for i in items}
    every = [f.at_scale(MPP) for f in load_txl(args.data, items)]
    report: dict[str, Any] = {}
    for site in SITES:
        weights = args.work / f"det-without-{site}.pt"
        if not weights.is_file():
            continue
        state = torch.load(weights, weights_only=True)
        net = DetectorNet()
        net.load_state_dict(state["averaged"])
        net.eval()
        # Known copies share a group (scripts.training.data), so none of a field's copies was trained or chosen on.
        seen = {groups[f.path] for f in every if f.site != site and f.split != "test"}
        validation = [f for f in every if f.site != site and f.split == "val"]
        thresholds = choose_thresholds(found_in(net, validation), validation)
        judged = [f for f in every if f.site == site and groups[f.path] not in seen]
        home = [f for f in every if f.site != site and f.split == "test"]
        report[site] = {
            "steps": int(state["step"]),
            "thresholds": dict(zip(("nucleated", "red_cell", "platelet"), thresholds, strict=True)),
            "left_out": table_of(found_in(net, judged), judged, thresholds),
            "test_groups_of_trained_sites": table_of(found_in(net, home), home, thresholds),
        }
        print(site, json.dumps(report[site]), flush=True)
    (args.work / "left_out.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
