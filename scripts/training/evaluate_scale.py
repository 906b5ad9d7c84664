"""How far off is um/px when only the cells tell it, and how often does it stay within its own limits?

    python -m scripts.training.evaluate_scale            whole pictures, red cells many to none
    python -m scripts.training.evaluate_scale --tight    crops cut tight around one leukocyte, and their names

Whole pictures: for every set and site, folders of 12, 4 and 1 random images are resized by a random factor
between 0.5 and 3 and estimated; the error is against the manifest's um/px, or `REFERENCE` where it has none.

Tight crops: specimens of one mix of kinds each (:mod:`scripts.training.tight_crops`), without and within a
frame, the scale found by the program; then all cells are named as the program names them (no adaptation).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.analysis_wiring import cell_analyzer, scale_estimate
from bloodcells_gui.app.engine import Engine, load_engine
from bloodcells_gui.domain.cell import FLAG_SCALE_UNSURE, Cell
from bloodcells_gui.domain.specimen import ScaleEstimate
from bloodcells_gui.domain.taxonomy import GRAVE
from bloodcells_gui.imaging.scale import estimate_mpp
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.scale_check import SettledScale
from scripts.training.data import Item, load_items, read_rgb
from scripts.training.fields_data import BCD_MPP, SITE_MPP
from scripts.training.tight_crops import PADDINGS, TightCrop, cut_tight, padded, specimens

#: Red cells cut out by hand-checked boxes (see scripts/training/fields_data.py); the rest is the manifest's.
REFERENCE = {("txl_pbc", "bccd"): SITE_MPP["bccd"], ("txl_pbc", "raabin"): SITE_MPP["raabin"]}
#: Sites of which whole pictures are judged: red cells around the leukocytes.
SITES = frozenset({"pbc", "raabin", "bccd", "lisc", "deepbionet", "chula-rbc", "mll-marrow"})
#: Sets that the networks did not learn from as a whole are taken whole, of the others the test part.
UNSEEN = frozenset({"raabin_more", "lisc", "deepbionet", "rbc12"})
TIGHT_SETS = ("pbc", "raabin", "raabin_more", "lisc", "deepbionet")


def main() -> None:
    """Print one line a set and site, and write all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/detector-1"))
    parser.add_argument("--images", type=int, default=12, help="images (cells) of a specimen")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", default="test")
    parser.add_argument("--tight", action="store_true")
    parser.add_argument("--frames", action="store_true", help="tight crops within black, grey, white frames")
    parser.add_argument("--alone", action="store_true", help="tight crops: leukocytes not told apart by kind")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    items = [i for i in load_items(args.data, args.work) if i.split == args.split or i.set in UNSEEN]
    report = tight_crops(items, args) if args.tight else whole_pictures(items, args)
    (args.work / ("scale_tight.json" if args.tight else "scale.json")).write_text(
        json.dumps(report, indent=1)
    )


def whole_pictures(items: Sequence[Item], args: argparse.Namespace) -> dict[str, Any]:
    """Errors of the scale by the cells of whole pictures."""
    detector = Detector(load_bundle(args.bundle), threads=1)
    rng = np.random.default_rng(args.seed)
    groups = defaultdict(list)
    for item in items:
        if item.site in SITES:
            groups[item.set, item.site].append(item)
    report = {}
    for (name, site), of_site in sorted(groups.items()):
        for size in dict.fromkeys((args.images, 4, 1)):
            found = [_one_folder(of_site, size, args.data, detector, rng) for _ in range(args.repeats)]
            report[f"{name} {site} x{size}"] = line = _errors(found)
            print(f"{name} {site} x{size}", json.dumps(line), flush=True)
    return report


def _one_folder(
    items: Sequence[Item], size: int, data: Path, detector: Detector, rng: np.random.Generator
) -> tuple[ScaleEstimate, float]:
    """The estimate of `size` random images, resized by one random factor, and what is true."""
    factor = float(np.exp(rng.uniform(np.log(0.5), np.log(3.0))))
    images, truths = [], []
    for i in rng.choice(len(items), min(size, len(items)), replace=False):
        item = items[i]
        image = read_rgb(data / item.path)
        squeezed = item.site == "bccd" and image.shape[0] == image.shape[1]
        if squeezed:
            image = np.asarray(cv2.resize(image, (round(image.shape[1] * 4 / 3), image.shape[0])), np.uint8)
        reference = REFERENCE.get((item.set, item.site), item.um_per_px)
        truths.append((BCD_MPP if squeezed else reference) / factor)
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        images.append(np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=how), np.uint8))
    return estimate_mpp(images, detector), float(np.median(truths))


def _errors(found: Sequence[tuple[ScaleEstimate, float]]) -> dict[str, Any]:
    """Figures of the ln of estimated over true um/px."""
    known = [(scale, truth) for scale, truth in found if scale.mpp]
    off = np.array([np.log((scale.mpp or truth) / truth) for scale, truth in known])
    if not len(off):
        return {"specimens": len(found), "estimated": 0}
    spread = np.array([scale.spread for scale, _ in known])
    return {
        "specimens": len(found),
        "estimated": len(known),
        "sources": dict(Counter(scale.source.value for scale, _ in found)),
        "median_error": round(float(np.median(off)), 3),
        "rms": round(float(np.sqrt(np.mean(off**2))), 3),
        "abs_p50": round(float(np.percentile(abs(off), 50)), 3),
        "abs_p90": round(float(np.percentile(abs(off), 90)), 3),
        "abs_max": round(float(abs(off).max()), 3),
        "spread": round(float(np.median(spread)), 3),
        "within_spread": round(float(np.mean(abs(off) <= spread)), 2),
    }


def tight_crops(items: Sequence[Item], args: argparse.Namespace) -> dict[str, Any]:
    """Errors of the scale of tight crops, and what their cells are called with it."""
    engine = load_engine()
    assert engine.detector is not None
    rng = np.random.default_rng(args.seed)
    report = {}
    for name in TIGHT_SETS:
        crops = cut_tight([i for i in items if i.set == name], args.data, engine.detector, rng, 60)
        drawn = list(specimens(crops, args.images, args.repeats, rng))
        for level in PADDINGS if args.frames else (None,):
            found: dict[str, list[tuple[ScaleEstimate, float]]] = defaultdict(list)
            named: dict[str, list[tuple[Cell, str]]] = defaultdict(list)
            for mix, cells in drawn:
                scale, answers = _one_specimen(engine, cells, level, by_kind=not args.alone)
                found[mix].append((scale, cells[0].mpp))
                for cell, truth in zip(answers, cells, strict=True):
                    named[truth.kind].append((cell, truth.kind))
            frame = "" if level is None else f" in a frame of {level}"
            for mix, pairs in found.items():
                report[f"{name}{frame}: {mix}"] = _errors(pairs)
            for kind, answered in named.items():
                report[f"{name}{frame}: named, {kind}"] = _names(answered)
            report[f"{name}{frame}: all"] = _errors([pair for pairs in found.values() for pair in pairs])
            for key, line in report.items():
                if key.startswith(f"{name}{frame}:"):
                    print(key, json.dumps(line), flush=True)
    return report


def _one_specimen(
    engine: Engine, cells: Sequence[TightCrop], level: int | None, *, by_kind: bool
) -> tuple[ScaleEstimate, list[Cell]]:
    pictures: list[NDArray[np.uint8]] = [padded(cell.pixels, level) for cell in cells]
    scale = scale_estimate(engine)(pictures, None) if by_kind else estimate_mpp(pictures, engine.detector)
    work = cell_analyzer(engine)
    work.scale_spread = SettledScale(scale).spread
    places = [
        CellPlace(i, p, (0.0, 0.0), (p.shape[1] / 2, p.shape[0] / 2), scale.mpp or float("nan"))
        for i, p in enumerate(pictures)
    ]
    return scale, [cell for cell, _ in work.process(places)]


def _names(answered: Sequence[tuple[Cell, str]]) -> dict[str, Any]:
    """Shares of cells of one kind: left unidentified, and of all those called something grave, or right."""
    named = [(cell, kind) for cell, kind in answered if not cell.abstained]
    n = len(answered)
    right = sum(
        cell.predicted == kind or (kind == "NE" and cell.predicted in {"SNE", "BNE"}) for cell, kind in named
    )
    grave = Counter(
        cell.predicted for cell, kind in named if cell.predicted in GRAVE and cell.predicted != kind
    )
    return {
        "cells": n,
        "named": round(len(named) / n, 3),
        "right_of_named": round(right / len(named), 3) if named else None,
        "waits_for_scale": round(sum(FLAG_SCALE_UNSURE in cell.flags for cell, _ in answered) / n, 3),
        "grave_asserted": dict(grave),
        "grave_best": dict(
            Counter(c.predicted for c, kind in answered if c.predicted in GRAVE and c.predicted != kind)
        ),
    }


if __name__ == "__main__":
    main()
