"""Specimens of crops cut tight around one leukocyte: no red cell in view, and the scale to be found from sizes.

From sets of known scale; the cell is found by the detector at that scale, and cut with 0 to 30 % of its size
around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.inference.detector import Detector
from scripts.training.data import Item, read_rgb

#: Shares of the kinds in a specimen.
MIXES = {
    "lymphocytes": {"LY": 1.0},
    "mostly lymphocytes": {"LY": 0.85, "NE": 0.10, "MO": 0.05},
    "natural": {"NE": 0.60, "LY": 0.30, "MO": 0.06, "EO": 0.04},
    "neutrophils": {"NE": 1.0},
    "eosinophils": {"EO": 1.0},
    "monocytes": {"MO": 1.0},
    "lymphocytes and monocytes": {"LY": 0.5, "MO": 0.5},
    "all five": {"NE": 0.2, "LY": 0.2, "MO": 0.2, "EO": 0.2, "BA": 0.2},
}
#: Colours around a crop: none, black, grey, white.
PADDINGS: tuple[int | None, ...] = (None, 0, 128, 255)
#: Sets in which one leukocyte a field is named: the largest, surest box is it.
_FIELDS = frozenset({"lisc", "deepbionet"})
_AS_NEUTROPHIL = {"SNE": "NE", "BNE": "NE"}
_MOST_SURROUNDINGS = 0.3
_OTHER_LEUKOCYTE = 0.6


@dataclass(frozen=True)
class TightCrop:
    """One cell: pixels (h, w, 3) uint8 RGB, its kind and the set's um per px."""

    pixels: NDArray[np.uint8]
    kind: str
    mpp: float


def cut_tight(
    items: Sequence[Item], data: Path, detector: Detector, rng: np.random.Generator, most: int
) -> dict[str, list[TightCrop]]:
    """Up to `most` tight crops of each kind, of the items of one set."""
    found: dict[str, list[TightCrop]] = {}
    for at in rng.permutation(len(items)):
        item = items[at]
        kind = _AS_NEUTROPHIL.get(item.label, item.label)
        of_kind = found.setdefault(kind, [])
        if len(of_kind) >= most:
            continue
        image = read_rgb(data / item.path)
        box = _box(image, item, detector)
        if box is None:
            continue
        x, y, w, h = box
        around = float(rng.uniform(0, _MOST_SURROUNDINGS)) / 2
        x0, y0 = max(0, round(x - around * w)), max(0, round(y - around * h))
        pixels = image[y0 : round(y + h * (1 + around)), x0 : round(x + w * (1 + around))]
        of_kind.append(TightCrop(np.ascontiguousarray(pixels), kind, item.um_per_px))
    return found


def _box(image: NDArray[np.uint8], item: Item, detector: Detector) -> NDArray[np.float32] | None:
    cells = detector.detect(image, item.um_per_px).of_class(NUCLEATED)
    if not len(cells):
        return None
    if item.set in _FIELDS:
        if item.set == "deepbionet" and np.count_nonzero(cells.scores > _OTHER_LEUKOCYTE) > 1:
            return None
        rank = cells.scores * np.sqrt(cells.boxes[:, 2] * cells.boxes[:, 3])
        return np.asarray(cells.boxes[int(np.argmax(rank))], np.float32)
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    off = np.hypot(*(cells.boxes[:, :2] + cells.boxes[:, 2:] / 2 - middle).T)
    return np.asarray(cells.boxes[int(np.argmin(off))], np.float32)


def specimens(
    crops: dict[str, list[TightCrop]], cells: int, repeats: int, rng: np.random.Generator
) -> Iterator[tuple[str, list[TightCrop]]]:
    """`repeats` specimens of each mix of which ten cells of every kind are there, with the mix's name."""
    for name, mix in MIXES.items():
        if any(len(crops.get(kind, ())) < 10 for kind in mix):
            continue
        for _ in range(repeats):
            kinds = rng.choice(list(mix), cells, p=np.array(list(mix.values())))
            yield name, [crops[kind][int(rng.integers(len(crops[kind])))] for kind in kinds]


def padded(pixels: NDArray[np.uint8], level: int | None, share: float = 0.2) -> NDArray[np.uint8]:
    """A crop with a frame of one grey level around it, `share` of its longer side wide; None: without."""
    if level is None:
        return pixels
    width = round(share * max(pixels.shape[:2]))
    return np.pad(pixels, ((width, width), (width, width), (0, 0)), constant_values=level)
