"""Labelled red cells of Chula RBC-12: windows, sizes, and a split in which no two pictures of one place part.

    python -m scripts.training.red_cells_data --data ../shared/data --cache .train

The set labels points, not outlines, and about a third of the cells of most fields; a cell without a point is unknown and
left out. A point lies anywhere on its cell, so each goes to the red cell that the shipped detector finds there, and the
window is cut around that, as the program does.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import RED_CELL
from bloodcells_gui.imaging.light import in_even_light
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.preprocess import crop_at_scale
from scripts.training.data import read_rgb

#: Scale at which what the set calls normal red cells measure 7.35 um in the median, as the program's scale goes by, um per px.
#: The set's own is 0.174, which makes them 6.8 um.
UM_PER_PX = 0.188
#: Side of a cached window, px at `UM_PER_PX`: what a turned, shifted and shrunk view of 80 px reaches.
CACHE_PX = 128
#: Codes of the network's outputs in the order of the program, and the label of the set of each.
CODES = (
    "NORM", "MACRO", "MICRO", "SPHERO", "TARGET", "STOMATO", "OVALO", "TEAR", "BURR", "SCHISTO", "HYPO", "ELLIPTO", "OTHER",
)  # fmt: skip
LABELS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10)
#: What a label of the set is in `CODES`.
INDEX_OF_LABEL = {label: i for i, label in enumerate(LABELS)}
#: The twelve shapes that figures are given for; cells the set calls uncategorised are judged apart.
SHAPES = len(CODES) - 1
PARTS = ("train", "validation", "test")
SHARES = (0.60, 0.15, 0.25)
SPLIT_SEED = 18
#: Fields of one look (colour of blank and of cells within so many grey levels of the field before) follow one another.
ALIKE = 14.0
#: Fields of one look stay together in blocks of so many; a slide that alone shows a class must lie on both sides.
BLOCK = 4
#: So many matched points, all moved alike, make two fields pictures of one place.
OVERLAP_MATCHES = 12


@dataclass(frozen=True, eq=False)
class RedCellSet:
    """All labelled cells.

    Attributes
    ----------
    windows : (n, 128, 128, 3) uint8 RGB, in even light, at `UM_PER_PX`
    classes : (n,) int64, index in `CODES`
    fields : (n,) int64, number of the field
    runs : (n,) int64, fields of one look in a row, which may be one slide
    parts : (n,) int64, index in `PARTS`
    boxes : (n, 4) float32, x, y, width, height, px of the field
    found : (n,) bool, whether the detector has a box for the cell; else `boxes` is a guess around the point
    """

    windows: NDArray[np.uint8]
    classes: NDArray[np.int64]
    fields: NDArray[np.int64]
    runs: NDArray[np.int64]
    parts: NDArray[np.int64]
    boxes: NDArray[np.float32]
    found: NDArray[np.bool_]

    def of(self, part: str) -> NDArray[np.intp]:
        """Indices of the cells of a part."""
        return np.flatnonzero(self.parts == PARTS.index(part))

    @staticmethod
    def load(folder: Path) -> RedCellSet:
        """From a cache that `build` wrote."""
        table = np.load(folder / "red_cells.npz", allow_pickle=False)
        windows = np.load(folder / "red_cells.npy", mmap_mode="r", allow_pickle=False)
        names = ("classes", "fields", "runs", "parts", "boxes", "found")
        return RedCellSet(windows, *(table[name] for name in names))


def read_points(path: Path) -> NDArray[np.int64]:
    """(n, 3) int64: x, y, label."""
    rows = [[int(float(v)) for v in line.split()] for line in path.read_text().splitlines() if line.strip()]
    return np.array(rows, np.int64).reshape(-1, 3)


def match(
    points: NDArray[np.int64], boxes: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The box of each point, and whether it is a detected one.

    Pairs are made from the nearest up, distances in half sides of the box; a point beyond 1.1 of them has no box and gets
    one of 7.35 um around itself.
    """
    side = 7.35 / UM_PER_PX
    out = np.column_stack([points[:, 0] - side / 2, points[:, 1] - side / 2, np.full((len(points), 2), side)])
    found = np.zeros(len(points), bool)
    if not len(points) or not len(boxes):
        return out.astype(np.float32), found
    middles, halves = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:] / 2
    apart = np.abs((points[:, None, :2] - middles[None]) / halves[None]).max(2)
    taken: set[int] = set()
    for flat in np.argsort(apart, axis=None, kind="stable"):
        i, j = divmod(int(flat), len(boxes))
        if apart[i, j] > 1.1:
            break
        if not found[i] and j not in taken:
            out[i], found[i] = boxes[j], True
            taken.add(j)
    return out.astype(np.float32), found


def look(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Colour of the blank field and of the cells (6,), as shares of the picture by green."""
    green = image[..., 1]
    blank, cells = green > np.percentile(green, 60), green < np.percentile(green, 25)
    return np.concatenate([np.median(image[blank], 0), np.median(image[cells], 0)])


def one_place(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
    """Whether two fields show partly the same cells: features of both that are moved alike."""
    orb = cv2.ORB_create(600)
    (keys_a, words_a), (keys_b, words_b) = (orb.detectAndCompute(v, None) for v in (a[..., 1], b[..., 1]))
    if words_a is None or words_b is None:
        return False
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(words_a, words_b)
    moves = np.array(
        [np.subtract(keys_b[m.trainIdx].pt, keys_a[m.queryIdx].pt) for m in pairs if m.distance < 50]
    )
    if len(moves) < OVERLAP_MATCHES:
        return False
    near = np.abs(moves[:, None] - moves[None]).max(2) < 3
    return int(near.sum(1).max()) >= OVERLAP_MATCHES


def grouped(images: list[NDArray[np.uint8]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Run (fields of one look in a row) and group (what must stay on one side) of each field, in the order of their numbers."""
    looks = [look(image) for image in images]
    runs, groups = np.zeros(len(images), np.int64), np.zeros(len(images), np.int64)
    for i in range(1, len(images)):
        alike = bool(np.abs(looks[i] - looks[i - 1]).max() <= ALIKE)
        runs[i] = runs[i - 1] + (not alike)
        place = int((runs[:i] == runs[i]).sum())
        groups[i] = groups[i - 1] + (place % BLOCK == 0)
    for i in range(len(images)):
        for j in range(i + 1, min(i + 25, len(images))):
            if groups[i] != groups[j] and abs(runs[i] - runs[j]) <= 1 and one_place(images[i], images[j]):
                groups[groups == groups[j]] = groups[i]
    return runs, groups


def split(groups: NDArray[np.int64], counts: NDArray[np.int64], seed: int = SPLIT_SEED) -> NDArray[np.int64]:
    """Part of each field.

    Groups are dealt, those that hold much of a rare class first and else by lot, to the part that lacks most of their
    classes.

    Parameters
    ----------
    groups : (f,) int64
    counts : (f, K) int64
        Cells of each class in each field.
    """
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    held = np.stack([counts[groups == g].sum(0) for g in names]) / counts.sum(0)
    order = np.argsort(-held.max(1) + rng.uniform(0, 0.02, len(names)))
    wanted = np.array(SHARES)[:, None] * np.ones(counts.shape[1])
    parts = np.zeros(len(groups), np.int64)
    for g in order:
        need = (wanted * held[g]).sum(1) / np.array(SHARES)
        part = int(np.argmax(need))
        wanted[part] -= held[g]
        parts[groups == names[g]] = part
    return parts


def build(data: Path, folder: Path, models: Path) -> None:
    """Detect, match, cut and split once."""
    detector = Detector(load_bundle(models / "detector-1"))
    root = data / "rbc12"
    numbers = sorted(int(p.stem) for p in (root / "images").glob("*.jpg"))
    images = [read_rgb(root / "images" / f"{n}.jpg") for n in numbers]
    runs, groups = grouped(images)
    counts = np.zeros((len(numbers), len(CODES)), np.int64)
    rows: list[tuple[int, int, int]] = []
    boxes, found, windows = [], [], []
    for k, (number, image) in enumerate(zip(numbers, images, strict=True)):
        points = read_points(root / "labels" / f"{number}.txt")
        even = in_even_light(image)
        seen = detector.detect(even if detector.even_light else image, UM_PER_PX)
        mine, hit = match(points, seen.boxes[seen.classes == RED_CELL])
        for point, box in zip(points, mine, strict=True):
            kind = INDEX_OF_LABEL[int(point[2])]
            counts[k, kind] += 1
            rows.append((kind, number, int(runs[k])))
            middle = (float(box[0] + box[2] / 2), float(box[1] + box[3] / 2))
            windows.append(crop_at_scale(even, middle, UM_PER_PX, CACHE_PX, UM_PER_PX))
        boxes.append(mine)
        found.append(hit)
    parts = split(groups, counts)
    part_of = dict(zip(numbers, parts.tolist(), strict=True))
    table = np.array(rows, np.int64)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "red_cells.npy", np.stack(windows))
    np.savez(
        folder / "red_cells.npz", classes=table[:, 0], fields=table[:, 1], runs=table[:, 2],
        parts=np.array([part_of[n] for n in table[:, 1].tolist()]), boxes=np.concatenate(boxes), found=np.concatenate(found),
    )  # fmt: skip
    said = {
        "fields": len(numbers), "runs": int(runs[-1] + 1), "groups": len(np.unique(groups)),
        "without_box": int((~np.concatenate(found)).sum()),
        "fields_by_part": {p: int((parts == i).sum()) for i, p in enumerate(PARTS)},
        "cells_by_part": {
            p: dict(zip(CODES, counts[parts == i].sum(0).tolist(), strict=True)) for i, p in enumerate(PARTS)
        },
    }  # fmt: skip
    (folder / "red_cells.json").write_text(json.dumps(said, indent=1))
    print(json.dumps(said))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    build(args.data, args.cache, args.models)


if __name__ == "__main__":
    main()
