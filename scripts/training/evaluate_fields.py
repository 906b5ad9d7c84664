"""Figures of the shipped detector and segmenter (``python -m scripts.training.evaluate_fields``), written into their cards.

Everything goes through the bundles as the program uses them. Limits are exact (Clopper-Pearson) for shares and from
1,000 bootstrap draws for Dice.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bloodcells_gui.domain.detections import NUCLEATED, Detections
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.imaging.nuclei import lacks_nucleus
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.segmenter import Segmenter
from scripts.training.data import (
    SITE_UM,
    Item,
    content_hashes,
    known_copies,
    load_items,
    merge_groups,
    read_manifest,
    split_of,
)
from scripts.training.fields_data import Field, load_txl
from scripts.training.masks_data import STORE_MPP, load_negatives, load_raabin, load_tecom, window
from scripts.training.more_fields import in_even_light, load_more
from scripts.training.train_detector import SITES, figures
from scripts.training.train_segmenter import summary

Windows = list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]


def without_copies(data: Path, items: list[Item]) -> list[Item]:
    """Those of the test groups of detector-1 that have no copy among what it was trained or chosen on.

    Its first 2,500 steps were taken before the copies across groups of BCCD and BCD were known, by the split of the
    manifest's groups alone, the later ones by today's: a field is judged where both held it out.
    """
    rows = read_manifest(data)
    hashes = content_hashes(data, rows)
    before = {path: split_of(group) for path, group in merge_groups(rows, hashes).items()}
    joined = merge_groups(rows, hashes, known_copies())
    seen = {joined[path] for path, split in before.items() if split != "test"}
    return [i for i in items if before[i.path] == "test" and i.split == "test" and joined[i.path] not in seen]


def with_nucleus(found: Detections, image: npt.NDArray[np.uint8], mpp: float) -> Detections:
    """What the program keeps of what was found (boxes in px of `image`, um per px `mpp`): nucleated cells with a nucleus."""
    kept = np.ones(len(found), bool)
    nucleated = found.classes == NUCLEATED
    kept[nucleated] = ~lacks_nucleus(image, mpp, found.boxes[nucleated])
    return found.take(kept)


def detector_figures(bundle: Path, precision: str, data: Path, items: list[Item]) -> dict[str, Any]:
    """Recall and precision per site and class on the test groups."""
    detector = Detector(load_bundle(bundle), precision=precision)
    fields = load_txl(data, without_copies(data, items))
    fields += [f for f in load_more(data, items) if f.split == "test"]
    table: dict[str, Any] = {}
    for site in (*SITES, "all"):
        chosen = [f for f in fields if site in (f.site, "all")]
        found = [seen_by(detector, f) for f in chosen]
        rows = figures(found, chosen, detector.thresholds)
        table[site] = {"images": len(chosen)}
        for name, row in rows.items():
            hits, cells, seen = int(row["hits"]), int(row["cells"]), int(row["found"])
            if cells == 0 or (site == "all" and name != "nucleated"):
                continue  # red cells and platelets are not annotated everywhere
            table[site][name] = {
                "recall": row["recall"], "recall_95": limits(hits, cells),
                "precision": row["precision"], "precision_95": limits(hits, seen), "cells": cells,
            }  # fmt: skip
    return table


def seen_by(detector: Detector, field: Field) -> Detections:
    """What the detector finds in a field, tested for nuclei at its own scale as a tile is; boxes in px of the field."""
    view = (in_even_light(field) if detector.even_light else field).at_scale(detector.um_per_px)
    found = with_nucleus(detector.detect(view.image, view.mpp), view.image, view.mpp)
    across, down = field.image.shape[1] / view.image.shape[1], field.image.shape[0] / view.image.shape[0]
    boxes = found.boxes * np.array([across, down] * 2, np.float32)
    return Detections(boxes, found.classes, found.scores)


def limits(hits: int, n: int) -> list[float]:
    """Exact 95 % limits of a share."""
    low, high = clopper_pearson(hits, n)
    return [round(float(low), 4), round(float(high), 4)]


def segmenter_figures(bundle: Path, precision: str, data: Path, items: list[Item]) -> dict[str, Any]:
    """Dice on Raabin's test sessions and on the site that was never trained on; empty windows."""
    segmenter = Segmenter(load_bundle(bundle), precision=precision)
    test = [i for i in items if i.split == "test"]
    sets: dict[str, Windows] = {
        "raabin": [window(m.image, m.mask, STORE_MPP) for m in load_raabin(data, test)],
        "raabin, masks as published": [
            window(m.image, m.mask, STORE_MPP) for m in load_raabin(data, test, registered=False)
        ],
        "tecom (unseen)": [(w[0], w[1]) for w in load_tecom(data, test, SITE_UM["tecom"])],
        "tecom (unseen), scale 0.19": [(w[0], w[1]) for w in load_tecom(data, test, 0.19)],
    }
    table: dict[str, Any] = {}
    for name, windows in sets.items():
        masks = segmenter.segment(np.stack([w[0] for w in windows]))
        table[name] = summary(list(masks), [w[1] for w in windows])
    empty = [window(m.image, m.mask, STORE_MPP)[0] for m in load_negatives(data, test)]
    false = int(sum(m.any() for m in segmenter.segment(np.stack(empty))))
    table["windows without a cell"] = {"n": len(empty), "outlined": false}
    return table


def main() -> None:
    """Evaluate, print, write into the cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--detector", type=Path, default=None)
    parser.add_argument("--segmenter", type=Path, default=None)
    parser.add_argument(
        "--left-out", type=Path, default=None, help="what scripts.training.evaluate_left_out wrote"
    )
    parser.add_argument("--write", action="store_true", help="put the figures into the cards")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    items = load_items(args.data, args.work)
    for folder, measure in ((args.detector, detector_figures), (args.segmenter, segmenter_figures)):
        if folder is None:
            continue
        report = {p: measure(folder, p, args.data, items) for p in load_bundle(folder).models}
        for precision, table in report.items():
            for name, row in table.items():
                print(folder.name, precision, name, json.dumps(row), flush=True)
        if args.write:
            path = folder / "card.json"
            card = json.loads(path.read_text(encoding="utf-8"))
            if folder == args.detector and args.left_out is not None:
                report["one_site_left_out"] = json.loads(args.left_out.read_text(encoding="utf-8"))
            elif "one_site_left_out" in card.get("evaluation", {}):
                report["one_site_left_out"] = card["evaluation"]["one_site_left_out"]
            card["evaluation"] = report
            path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
