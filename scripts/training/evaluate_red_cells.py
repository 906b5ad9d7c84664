"""Figures of the red-cell bundle on fields it never saw (``python -m scripts.training.evaluate_red_cells --write``).

Goes the program's way: detector, outlines, measured diameter, network, sizes. Limits of shares are exact; those of macro-F1 are
of 1,000 bootstrap draws of fields. Cells of other laboratories have no names: of them the shares of the classes are given.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import RED_CELL
from bloodcells_gui.domain.red_cell_sizes import SizeLimits, size_limits, with_sizes
from bloodcells_gui.domain.red_cells import RED_CELL_MEASURES, USUAL_DIAMETER_UM
from bloodcells_gui.imaging.light import estimate_light
from bloodcells_gui.imaging.red_cell_outlines import outline_red_cells
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.inference.red_cell_classifier import RedCellClassifier
from scripts.training.data import read_rgb
from scripts.training.metrics import ece, exact_limits, share
from scripts.training.red_cells_data import CACHE_PX, CODES, SHAPES, UM_PER_PX, RedCellSet
from scripts.training.red_cells_elsewhere import WEAK_SITES, Elsewhere
from scripts.training.train_red_cells import scores

_DIAMETER = RED_CELL_MEASURES.index("diameter_um")
_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Judged:
    """Labelled cells with the network's probabilities (n, K) and their measured diameters (n,), NaN where not measured."""

    truth: NDArray[np.int64]
    fields: NDArray[np.int64]
    runs: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    diameters: NDArray[np.float32]
    seconds: float


def judged(
    cells: RedCellSet, part: str, data: Path, detector: Detector, classifier: RedCellClassifier
) -> Judged:
    """Ask for every labelled cell of a part; a cell that the detector missed is asked for at its point."""
    rows = cells.of(part)
    probabilities = np.zeros((len(rows), len(CODES)), np.float32)
    diameters = np.full(len(rows), np.nan, np.float32)
    seconds = 0.0
    for number in np.unique(cells.fields[rows]):
        at = np.flatnonzero(cells.fields[rows] == number)
        image = read_rgb(data / "rbc12" / "images" / f"{number}.jpg")
        light = estimate_light(image)
        seen = detector.detect(light.applied(image) if detector.even_light else image, UM_PER_PX)
        red = seen.classes == RED_CELL
        outlined = outline_red_cells(image, UM_PER_PX, seen.boxes[red], seen.boxes[~red], light)
        drawn_for = seen.boxes[red][outlined.source]
        wanted = cells.boxes[rows[at]]
        middles = wanted[:, :2] + wanted[:, 2:] / 2
        for i, middle in zip(at, middles, strict=True):
            apart = (
                np.abs(drawn_for[:, :2] + drawn_for[:, 2:] / 2 - middle).max(1)
                if len(drawn_for)
                else np.zeros(0)
            )
            if len(apart) and apart.min() < 4:
                diameters[i] = outlined.measures[int(apart.argmin()), _DIAMETER]
        began = time.process_time()
        probabilities[at] = classifier.classify(image, UM_PER_PX, middles, light=light).probabilities
        seconds += time.process_time() - began
    return Judged(
        cells.classes[rows], cells.fields[rows], cells.runs[rows], probabilities, diameters, seconds
    )


def macro_limits(
    truth: NDArray[np.int64], found: NDArray[np.int64], fields: NDArray[np.int64]
) -> list[float]:
    """95 % limits of macro-F1 over draws of whole fields."""
    rng, names = np.random.default_rng(0), np.unique(fields)
    per = np.zeros((len(names), len(CODES), len(CODES)))
    np.add.at(per, (np.searchsorted(names, fields), truth, found), 1)
    values = []
    for _ in range(_DRAWS):
        matrix = per[rng.integers(0, len(names), len(names))].sum(0)[:SHAPES]
        hits = np.diag(matrix)
        known = matrix.sum(1) > 0
        f1 = 2 * hits / np.maximum(1, matrix.sum(0)[:SHAPES] + matrix.sum(1))
        values.append(float(f1[known].mean()))
    return [round(float(v), 4) for v in np.percentile(values, [2.5, 97.5])]


def figures(found: Judged, trained_runs: NDArray[np.int64], doubtful_from: float) -> dict[str, Any]:
    """Everything that is said of a part."""
    low, _, high = USUAL_DIAMETER_UM
    p = with_sizes(found.probabilities, found.diameters, SizeLimits(low, high))
    keep = found.truth < SHAPES
    truth, best, p = found.truth[keep], p.argmax(1)[keep], p[keep]
    right, sure = best == truth, 1 - p.max(1) < doubtful_from
    said = scores(truth, best)
    matrix = np.array(said["confusion"])
    own = ~np.isin(found.runs[keep], trained_runs)
    network = scores(truth, found.probabilities[keep].argmax(1))
    return {
        "fields": len(np.unique(found.fields)), "cells": len(truth),
        "accuracy": share(int(right.sum()), len(truth)),
        "macro_f1": {"value": said["macro_f1"], "limits95": macro_limits(truth, best, found.fields[keep])},
        "by_network_alone": {"accuracy": network["accuracy"], "macro_f1": network["macro_f1"]},
        "per_class": {
            code: {
                "n": int(matrix[k].sum()),
                "recall": round(float(matrix[k, k] / max(1, matrix[k].sum())), 4),
                "recall95": exact_limits(int(matrix[k, k]), int(matrix[k].sum())),
                "precision": round(float(matrix[k, k] / max(1, matrix[:, k].sum())), 4),
                "f1": said["f1"][code],  # type: ignore[index]
            }
            for k, code in enumerate(CODES[:SHAPES])
        },
        "confusion": {"rows_true": list(CODES[:SHAPES]), "columns_found": list(CODES), "counts": matrix.tolist()},
        "ece": round(ece(p.max(1), right), 4),
        "sure": share(int(sure.sum()), len(truth)),
        "accuracy_where_sure": share(int(right[sure].sum()), int(sure.sum())),
        "looks_never_trained_on": share(int(right[own].sum()), int(own.sum())),
        "uncategorised": {"n": int((~keep).sum()), "called_other": int((found.probabilities[~keep].argmax(1) == SHAPES).sum())},
        "ms_a_cell_one_thread": round(1000 * found.seconds / max(1, len(found.truth)), 2),
    }  # fmt: skip


def elsewhere_shares(elsewhere: Elsewhere, classifier: RedCellClassifier) -> dict[str, Any]:
    """Shares of the classes in each other laboratory, of cells that training did not draw; sizes relative to its median."""
    middle = (CACHE_PX / 2, CACHE_PX / 2)
    out = {}
    for site in dict.fromkeys(elsewhere.sites.tolist()):
        mine = elsewhere.sites == site
        if site in WEAK_SITES:
            mine &= elsewhere.splits != "train"
        rows = np.flatnonzero(mine)
        windows = np.stack([
            crop_at_scale(elsewhere.windows[i], middle, UM_PER_PX, classifier.size_px, classifier.um_per_px) for i in rows
        ])  # fmt: skip
        diameters = elsewhere.diameters[rows].astype(np.float64)
        p = with_sizes(
            classifier.probabilities(windows), diameters, size_limits(diameters, from_red_cells=True)
        )
        named = p.argmax(1)
        out[site] = {
            "cells": len(rows),
            "shares": {c: round(float((named == k).mean()), 4) for k, c in enumerate(CODES)},
            "doubtful": round(float((1 - p.max(1) >= classifier.doubtful_from).mean()), 4),
            "round_cells_called_normal": share(
                int(((named == 0) & elsewhere.round[rows]).sum()), int(elsewhere.round[rows].sum())
            ),
        }
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/red-cells-1"))
    parser.add_argument("--detector", type=Path, default=Path("models/detector-1"))
    parser.add_argument("--part", default="test", choices=("validation", "test"))
    parser.add_argument("--write", action="store_true", help="put the figures into the card")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    classifier = RedCellClassifier(load_bundle(args.bundle))
    cells = RedCellSet.load(args.cache)
    found = judged(cells, args.part, args.data, Detector(load_bundle(args.detector)), classifier)
    trained = np.unique(cells.runs[cells.of("train")])
    report = {
        args.part: figures(found, trained, classifier.doubtful_from),
        "other laboratories": elsewhere_shares(Elsewhere.load(args.cache), classifier),
        "cells_by_part": json.loads((args.cache / "red_cells.json").read_text())["cells_by_part"],
    }
    np.savez(
        args.cache / f"red_cells_{args.part}.npz", truth=found.truth, fields=found.fields, diameters=found.diameters,
        probabilities=found.probabilities,
    )  # fmt: skip
    print(json.dumps(report, indent=1))
    if args.write:
        path = args.bundle / "card.json"
        card = json.loads(path.read_text("utf-8"))
        card["evaluation"] = report
        path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
