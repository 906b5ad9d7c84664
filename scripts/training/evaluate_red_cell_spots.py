"""Dark spots inside red cells, to look at (``python -m scripts.training.evaluate_red_cell_spots --out spots.png``).

No set at hand says which red cells hold an inclusion. Every second field of Deep Bio-Net, some of malaria, is searched; the cells that
reach the threshold are put onto one sheet, the darkest first, so that a person can count what they show.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.domain.detections import RED_CELL
from bloodcells_gui.imaging.light import in_even_light
from bloodcells_gui.imaging.red_cell_inclusion import LOOK_HERE, inclusion_of
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.preprocess import crops_at_scale
from scripts.training.data import read_rgb
from scripts.training.red_cells_net import SIZE, UM_PER_PX

_MPP, _COLUMNS = 0.126, 8
#: Middles lie so far from the border, um.
_RIM_UM = 7.5


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--detector", type=Path, default=Path("models/detector-1"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    detector = Detector(load_bundle(args.detector))
    windows, values = [], []
    paths = sorted((args.data / "deepbionet" / "images").glob("*.jpg"))[::2]
    for path in paths:
        even = in_even_light(read_rgb(path))
        seen = detector.detect(even, _MPP)
        boxes = seen.boxes[seen.classes == RED_CELL]
        middles = boxes[:, :2] + boxes[:, 2:] / 2
        rim = _RIM_UM / _MPP
        inside = (middles > rim).all(1) & (middles < np.array(even.shape[1::-1]) - rim).all(1)
        cut = crops_at_scale(even, [(float(x), float(y)) for x, y in middles[inside]], _MPP, SIZE, UM_PER_PX)
        windows.append(cut)
        values.append(inclusion_of(cut, UM_PER_PX))
    found, every = np.concatenate(values), np.concatenate(windows)
    order = np.argsort(-found)[: int((found >= LOOK_HERE).sum())]
    print(f"{len(paths)} fields, {len(found)} cells, {len(order)} reach {LOOK_HERE}")
    sheet = np.full((-(-len(order) // _COLUMNS) * SIZE, _COLUMNS * SIZE, 3), 255, np.uint8)
    for k, i in enumerate(order):
        y, x = divmod(k, _COLUMNS)
        sheet[y * SIZE : (y + 1) * SIZE, x * SIZE : (x + 1) * SIZE] = every[i]
    cv2.imwrite(str(args.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
