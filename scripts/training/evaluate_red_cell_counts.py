"""Count of red cells on 20 untouched fields of two cameras (``python -m scripts.training.evaluate_red_cell_counts``).

The fields are of the detector's test split: ten of BCCD (TXL-PBC), ten of Deep Bio-Net. Their boxes were completed by
eye (`labels/red_cells_completed.csv`, one person, enlarged pictures on which the given boxes and the program's outlines that
disagree were marked; it can therefore miss what both miss). Given boxes of Deep Bio-Net are squares of one size, so cells
are paired by their middles, within half a side. Judged are middles at least 5 um from the border.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from bloodcells_gui.app.engine import load_engine
from bloodcells_gui.domain.detections import RED_CELL
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.imaging.light import estimate_light
from bloodcells_gui.imaging.red_cell_outlines import outline_red_cells
from scripts.training.data import read_rgb
from scripts.training.fields_data import resample

Boxes = npt.NDArray[np.float64]
LABELS = Path(__file__).parent / "labels" / "red_cells_completed.csv"
INSIDE_UM = 5.0


def read_labels() -> dict[str, tuple[float, Boxes]]:
    """Path -> um per px and boxes."""
    rows: dict[str, list[list[float]]] = defaultdict(list)
    scale: dict[str, float] = {}
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows[row["path"]].append([float(row[k]) for k in ("x", "y", "width", "height")])
            scale[row["path"]] = float(row["um_per_px"])
    return {path: (scale[path], np.array(boxes)) for path, boxes in rows.items()}


def middles(boxes: Boxes) -> Boxes:
    """(n, 2)"""
    return boxes[:, :2] + boxes[:, 2:] / 2


def judged(points: Boxes, size: tuple[int, int], margin: float) -> npt.NDArray[np.bool_]:
    """Which points lie far enough from the border."""
    return np.asarray(((points > margin) & (points < np.array(size) - margin)).all(1))


def pairs(true: Boxes, found: Boxes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices of cells that are the same."""
    off = np.linalg.norm(middles(true)[:, None] - middles(found)[None], axis=2)
    off /= np.sqrt(true[:, 2] * true[:, 3])[:, None]
    i, j = linear_sum_assignment(np.minimum(off, 2.0))
    near = off[i, j] < 0.5
    return i[near], j[near]


def main() -> None:
    """Print a line a camera."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    detector = load_engine().detector
    assert detector is not None
    table: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for path, (mpp, true) in read_labels().items():
        image = read_rgb(args.data / path)
        view = resample(estimate_light(image).applied(image), mpp / detector.um_per_px)
        seen = detector.detect(view, detector.um_per_px)
        boxes = seen.boxes * np.array(
            [image.shape[1] / view.shape[1], image.shape[0] / view.shape[0]] * 2, np.float32
        )
        red = seen.classes == RED_CELL
        cells = outline_red_cells(image, mpp, boxes[red], boxes[~red])
        found = cells.boxes.astype(np.float64)
        i, j = pairs(true, found)
        size = (image.shape[1], image.shape[0])
        in_true = judged(middles(true), size, INSIDE_UM / mpp)
        in_found = judged(middles(found), size, INSIDE_UM / mpp)
        parted = cells.parted & in_found
        hung = int(np.isin(j, np.flatnonzero(parted)).sum())
        table[path.split("/")[0]].append(
            (int(in_true[i].sum()), int(in_true.sum()), int(in_found[j].sum()), int(in_found.sum()), hung)
        )
    for camera, rows in table.items():
        hits, cells_there, right, said, hung = np.array(rows).sum(0).tolist()
        off = np.array([abs(r[3] / r[1] - 1) for r in rows if r[1]])
        low, high = clopper_pearson(hits, cells_there)
        missed = cells_there - hits
        print(
            f"{camera}: {len(rows)} fields, {cells_there} cells, {said} found ({100 * (said / cells_there - 1):+.1f} %; "
            f"a field {100 * off.mean():.1f} % off in the mean), recall {hits / cells_there:.3f} ({low:.3f}-{high:.3f}), "
            f"precision {right / said:.3f}; of cells that touch or overlap {hung / (hung + 2 * missed):.3f} parted right "
            f"(each missed one counts with its neighbour)"
        )


if __name__ == "__main__":
    main()
