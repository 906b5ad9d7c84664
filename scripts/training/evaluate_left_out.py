"""Figures of detectors that never saw a laboratory (``python -m scripts.training.evaluate_left_out``), as `WORK/left_out.json`.

Two detectors serve for six laboratories: each is judged on those that were left out of its training, with the program's tests for a
nucleus, on the fields as they are and in even light. The lowest score of each class is chosen on the mean over the laboratories; the
figures of a laboratory are those at the scores chosen on the other five.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
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
from scripts.training.more_fields import in_even_light, load_more
from scripts.training.train_detector import MPP, SITES, detect, figures

#: Name of each detector's weights, and the laboratories that it never saw.
JUDGED_ON = {
    "det-without-new": ("lisc", "deepbionet", "phone-pig"),
    "det-without-txl": ("pbc", "raabin", "bccd"),
}
#: What may be chosen as lowest score of a class; 0.3 is what the program takes for a network whose card names none.
GRID = tuple(round(0.3 + 0.05 * i, 2) for i in range(9))
#: Mean F1 of nucleated cells that differ by no more than this are as good.
AS_GOOD = 0.005
#: How the pictures are shown.
SHOWN = ("as it is", "even light")

Found = tuple[list[Detections], list[Field]]


def choose_thresholds(sites: Sequence[Found]) -> tuple[float, ...]:
    """Lowest score of each class with the best F1, as the mean over the sites that have such cells annotated.

    Where several are as good, the lowest for nucleated cells, since what is no cell can still be told later and what was
    missed cannot; the middle one for the others.
    """
    return _best([_f1_of(detections, fields) for detections, fields in sites])


def _best(sites: Sequence[Mapping[str, list[float]]]) -> tuple[float, ...]:
    chosen = []
    for name in sites[0]:
        rows = [site[name] for site in sites]
        mean = np.mean([row for row in rows if max(row) > 0] or rows, axis=0)
        nucleated = name == "nucleated"
        best = np.flatnonzero(mean >= mean.max() - (AS_GOOD if nucleated else 1e-9))
        chosen.append(GRID[int(best[0 if nucleated else len(best) // 2])])
    return tuple(chosen)


def _f1_of(detections: Sequence[Detections], fields: Sequence[Field]) -> dict[str, list[float]]:
    """F1 of each class at each score of the grid."""
    out: dict[str, list[float]] = {}
    for threshold in GRID:
        for name, row in figures(detections, fields, (threshold,) * 3).items():
            f1 = 2 * row["hits"] / max(row["cells"] + row["found"], 1)
            out.setdefault(name, []).append(f1 if row["cells"] else 0.0)
    return out


def found_in(net: DetectorNet, fields: Sequence[Field]) -> list[Detections]:
    """Detections down to the lowest score that may be chosen, without nucleated cells that have no nucleus."""
    return [with_nucleus(detect(net, f.image, (GRID[0],) * 3), f.image, f.mpp) for f in fields]


def table_of(
    detections: Sequence[Detections], fields: Sequence[Field], thresholds: Sequence[float]
) -> dict[str, Any]:
    """Counts and exact 95 % limits of each class that is annotated."""
    table: dict[str, Any] = {"images": len(fields)}
    for name, row in figures(detections, fields, thresholds).items():
        hits, cells, found = int(row["hits"]), int(row["cells"]), int(row["found"])
        if cells == 0:
            continue
        table[name] = {
            "hits": hits, "cells": cells, "found": found, "recall": row["recall"], "recall_95": limits(hits, cells),
            "precision": row["precision"], "precision_95": limits(hits, found), "ap": row["ap"],
        }  # fmt: skip
    return table


def report_of(sites: Mapping[str, Found]) -> dict[str, Any]:
    """The scores chosen on all sites, and each site's figures at those chosen on the others."""
    f1 = {site: _f1_of(*found) for site, found in sites.items()}
    report: dict[str, Any] = {"thresholds chosen on all": _best(list(f1.values()))}
    for site, found in sites.items():
        thresholds = _best([f1[name] for name in sites if name != site] or [f1[site]])
        report[site] = {"thresholds": thresholds, **table_of(*found, thresholds)}
    return report


def fields_of(data: Path, work: Path, most: int, seed: int = 0) -> dict[str, list[Field]]:
    """At most `most` fields of each laboratory, the same at every call."""
    items = load_items(data, work)
    every = [*load_txl(data, items), *load_more(data, items)]
    out = {}
    for site in SITES:
        mine = [f for f in every if f.site == site]
        order = np.random.default_rng(seed).permutation(len(mine))[:most]
        out[site] = [mine[i] for i in sorted(order)]
    return out


def main() -> None:
    """Judge every left-out detector that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--most", type=int, default=1000, help="fields of each laboratory")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(args.threads)
    fields = fields_of(args.data, args.work, args.most)
    judged: dict[str, dict[str, Found]] = {shown: {} for shown in SHOWN}
    steps = {}
    for name, sites in JUDGED_ON.items():
        weights = args.work / f"{name}.pt"
        if not weights.is_file():
            continue
        state = torch.load(weights, weights_only=True)
        steps[name] = int(state["step"])
        net = DetectorNet()
        net.load_state_dict(state["averaged"])
        net.eval()
        for site in sites:
            for shown in SHOWN:
                seen = [in_even_light(f) if shown == "even light" else f for f in fields[site]]
                seen = [f.at_scale(MPP) for f in seen]
                judged[shown][site] = (found_in(net, seen), seen)
                print(name, site, shown, json.dumps(table_of(*judged[shown][site], GRID[:1] * 3)), flush=True)
    report = {"steps": steps, **{shown: report_of(sites) for shown, sites in judged.items() if sites}}
    (args.work / "left_out.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1), flush=True)


if __name__ == "__main__":
    main()
