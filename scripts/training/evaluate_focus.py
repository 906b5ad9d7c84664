"""How blur costs names: what a limit on the measured blur would make wait, and what stays wrong.

``python -m scripts.training.evaluate_focus [--cells 25] [--blurs 0 0.4 0.6 0.8 1 1.2]``: takes so many labelled
crops of each class of the laboratories with a known scale, blurs them step by step (um), names them with the
shipped models, and prints for each step and for each range of measured blur how many were named and how many of
these rightly, with and without the rule that makes blurred cells wait; then, for crops as photographed of every
site, how many wait because of it.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.adaptation.reproposal import HELD_BACK
from bloodcells_gui.app.analysis_wiring import cell_analyzer
from bloodcells_gui.app.engine import LazyEngine
from bloodcells_gui.domain.cell import FLAG_BLURRED, FLAG_UNLIKE_TRAINING, Cell
from bloodcells_gui.domain.taxonomy import PARTIAL_LABELS
from bloodcells_gui.imaging.poor_picture import look_of
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.pipeline.cell_place import CellPlace
from scripts.training.data import SITE_UM

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
CROPS = ("pbc", "raabin", "raabin_more", "bone_marrow", "lmu_rare", "zheng1")
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Named:
    """One blurred crop: the blur that was put on and the one measured (um); whether named, rightly, or held back for it.

    `but_for_blur` is whether the cell is named, or would be if the blur did not hold it back.
    """

    put_on: float
    measured: float
    named: bool
    right: bool
    blurred: bool
    but_for_blur: bool


def named_but_for_blur(cell: Cell, threshold: float) -> bool:
    """Whether a cell is named, or the blur alone makes it wait."""
    others = HELD_BACK.intersection(cell.flags) - {FLAG_BLURRED, FLAG_UNLIKE_TRAINING}
    waits_for_blur = FLAG_BLURRED in cell.flags and not others and cell.uncertainty <= threshold
    return not cell.abstained or waits_for_blur


def name_blurred(rows: list[dict[str, str]], blurs: list[float]) -> list[Named]:
    """Name every crop at every blur."""
    work = cell_analyzer(LazyEngine(())())
    view = work.windows.outlining
    found: list[Named] = []
    for blur in blurs:
        for first in range(0, len(rows), _BATCH):
            part = rows[first : first + _BATCH]
            places = [_place(row, blur) for row in part]
            for row, place, (cell, _) in zip(part, places, work.process(places), strict=True):
                window = crop_at_scale(place.pixels, place.centre_px, place.mpp, view.size_px, view.um_per_px)
                leaves = PARTIAL_LABELS.get(row["label"], (row["label"],))
                measured = look_of(window, view.um_per_px).blur_um
                found.append(
                    Named(
                        blur,
                        measured,
                        not cell.abstained,
                        cell.predicted in leaves,
                        FLAG_BLURRED in cell.flags,
                        named_but_for_blur(cell, work.classifier.threshold),
                    )
                )
    return found


def _place(row: dict[str, str], blur: float) -> CellPlace:
    um = float(row["um_per_px"])
    image = cv2.imread(str(DATA / row["path"]))[..., ::-1]
    if blur:
        image = cv2.GaussianBlur(image, (0, 0), blur / um)
    pixels = np.ascontiguousarray(image, np.uint8)
    height, width = pixels.shape[:2]
    return CellPlace(0, pixels, (0.0, 0.0), (width / 2, height / 2), um)


def told(name: str, cells: list[Named]) -> str:
    """One line of the table: named, right of these, and wrong names of 100 cells, without the rule and with it."""
    line = f"{name:16s} {len(cells):5d} cells"
    for rule, named in (
        ("without", [c for c in cells if c.but_for_blur]),
        ("with", [c for c in cells if c.named]),
    ):
        right = sum(c.right for c in named)
        wrong = 100 * (len(named) - right) / max(1, len(cells))
        line += f"; {rule} the rule named {len(named):5d}, right of these {right / max(1, len(named)):.3f}, wrong of 100 cells {wrong:.1f}"
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=25)
    parser.add_argument("--sharp", type=int, default=150)
    parser.add_argument("--blurs", type=float, nargs="+", default=[0, 0.4, 0.6, 0.8, 1.0, 1.2])
    options = parser.parse_args()
    chance = random.Random(3)
    with (DATA / "manifest.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["set"] in CROPS]
    by_class: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    by_site: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_site[row["site"]].append(row)
        if row["label"] and row["um_per_px"]:
            by_class[row["site"], row["label"]].append(row)
    chosen = [
        row
        for key in sorted(by_class)
        for row in chance.sample(by_class[key], min(options.cells, len(by_class[key])))
    ]
    found = name_blurred(chosen, options.blurs)
    for blur in options.blurs:
        print(told(f"blurred by {blur:g}", [c for c in found if c.put_on == blur]))
    for step in range(12):
        low = step / 10
        print(told(f"measured {low:.1f}", [c for c in found if low <= c.measured < low + 0.1]))
    waiting: dict[str, list[bool]] = {}
    for site, all_of in sorted(by_site.items()):
        part = [
            {**row, "um_per_px": row["um_per_px"] or str(SITE_UM[site])}
            for row in chance.sample(all_of, min(options.sharp, len(all_of)))
        ]
        waiting[site] = [c.blurred for c in name_blurred(part, [0])]
    for site, flags in waiting.items():
        print(
            f"{site}: of {len(flags)} crops as photographed {sum(flags)} wait because they are out of focus"
        )


if __name__ == "__main__":
    main()
