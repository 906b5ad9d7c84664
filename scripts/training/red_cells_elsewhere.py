"""Red cells of other laboratories, without a name: to judge what a camera does to the shares, and as weakly normal cells.

    python -m scripts.training.red_cells_elsewhere --data ../shared/data --cache .train

Most people whose films became PBC, BCCD, Raabin and Deep Bio-Net have normal red cells, so most of these cells should be called
normal, or nearly. Nobody looked at each.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import RED_CELL
from bloodcells_gui.imaging.light import in_even_light
from bloodcells_gui.inference.preprocess import crop_at_scale
from scripts.training.data import load_items
from scripts.training.fields_data import Field, load_txl
from scripts.training.more_fields import load_more
from scripts.training.red_cells_data import CACHE_PX, UM_PER_PX

#: Laboratories whose cells are drawn in training as weakly normal; the others are for judging alone.
WEAK_SITES = ("pbc", "bccd")
JUDGED_SITES = ("raabin", "deepbionet")
#: Cells a laboratory at most, and of one field.
_MOST, _OF_A_FIELD = 1500, 12
#: Width over height of the box of a weakly normal cell: one that is about round.
_ROUND = 1.2


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Windows (n, 128, 128, 3) in even light at the cache's scale, site and split of each, and whether its box is about square."""

    windows: NDArray[np.uint8]
    sites: NDArray[np.str_]
    splits: NDArray[np.str_]
    round: NDArray[np.bool_]
    diameters: NDArray[np.float32]

    @staticmethod
    def load(folder: Path) -> Elsewhere:
        """From a cache that `build` wrote."""
        table = np.load(folder / "red_cells_elsewhere.npz", allow_pickle=False)
        return Elsewhere(*(table[n] for n in ("windows", "sites", "splits", "round", "diameters")))

    def weak(self) -> NDArray[np.intp]:
        """Those that training draws as weakly normal."""
        return np.flatnonzero(np.isin(self.sites, WEAK_SITES) & (self.splits == "train") & self.round)


def cells_of(field: Field, rng: np.random.Generator) -> list[tuple[NDArray[np.uint8], float, float]]:
    """Window, width over height, and mean side in um of some whole red cells of a field."""
    height, width = field.image.shape[:2]
    boxes = field.boxes[field.classes == RED_CELL]
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    rim = 6.5 / field.mpp
    inside = (middles > rim).all(1) & (middles < np.array([width, height]) - rim).all(1)
    even = in_even_light(field.image)
    out = []
    for i in rng.permutation(np.flatnonzero(inside))[:_OF_A_FIELD]:
        middle = (float(middles[i, 0]), float(middles[i, 1]))
        window = crop_at_scale(even, middle, field.mpp, CACHE_PX, UM_PER_PX)
        w, h = (float(v) for v in boxes[i, 2:])
        out.append((window, max(w / h, h / w), float(np.sqrt(w * h) * field.mpp)))
    return out


def build(data: Path, folder: Path) -> None:
    """Cut once."""
    rng = np.random.default_rng(18)
    items = load_items(data, folder)
    fields = [*load_txl(data, items), *(f for f in load_more(data, items) if f.site in JUDGED_SITES)]
    rows: list[tuple[NDArray[np.uint8], float, float, str, str]] = []
    left = dict.fromkeys((*WEAK_SITES, *JUDGED_SITES), _MOST)
    for i in rng.permutation(len(fields)):
        field = fields[i]
        if left.get(field.site, 0) > 0:
            found = cells_of(field, rng)
            left[field.site] -= len(found)
            rows += [(*cell, field.site, field.split) for cell in found]
    windows, ratios, sides, sites, splits = zip(*rows, strict=True)
    np.savez(
        folder / "red_cells_elsewhere.npz", windows=np.stack(windows), sites=np.array(sites), splits=np.array(splits),
        round=np.array(ratios) < _ROUND, diameters=np.array(sides, np.float32),
    )  # fmt: skip
    for site in left:
        mine = np.array(sites) == site
        print(site, int(mine.sum()), f"median side {np.median(np.array(sides)[mine]):.2f} um")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    build(args.data, args.cache)


if __name__ == "__main__":
    main()
