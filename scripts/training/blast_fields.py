"""Fields of laboratories that a network never saw, with held-out marrow blasts set into them.

No labelled blasts of a second laboratory's blood are at hand. So blasts that no network learned from (validation and test
groups of the marrow set) are cut out, given the colours of the field's own leukocyte and set where the field holds none. A
third of them are shrunk to lymphoblasts of 9 to 12 um. Lymphocytes of the same treatment are the control: a cell must not
be called a blast because it was pasted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.imaging.nuclei import lacks_nucleus
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.preprocess import crop_at_scale
from scripts.training.composites import (
    RIM_UM,
    cell_alpha,
    central_nucleus,
    lab_stats,
    nuclei_mask,
    restyle,
    segmented_cells,
)
from scripts.training.data import CACHE_PX, CACHE_UM, Item, read_rgb

BLAST, LYMPHOBLAST, LYMPHOCYTE = "blast", "lymphoblast", "lymphocyte"
KINDS = (BLAST, BLAST, LYMPHOBLAST, LYMPHOCYTE)
"""Of the cells set into a field, in turn."""
LYMPHOBLAST_UM = (9.0, 12.0)
_APART_UM = 13.0
_TRIES = 60


class Donor(NamedTuple):
    """A cell that can be set into fields: its crop at the cache's scale, its alpha (h, w) and its diameter in um."""

    image: np.ndarray
    alpha: np.ndarray
    mask: np.ndarray
    diameter_um: float


@dataclass(frozen=True)
class Pasted:
    """Where in a field (centre in px) a cell of one of `KINDS` was set, `diameter_um` across."""

    kind: str
    x: float
    y: float
    diameter_um: float


def donors(data: Path, items: Sequence[Item], segmenter: Path, most: int, seed: int) -> list[Donor]:
    """At most `most` of these crops, cut out where an outline is plausible."""
    rng = np.random.default_rng(seed)
    chosen = [items[int(i)] for i in rng.permutation(len(items))[:most]]
    crops = []
    for item in chosen:
        image = read_rgb(data / item.path)
        middle = (image.shape[1] / 2, image.shape[0] / 2)
        crops.append(crop_at_scale(image, middle, item.um_per_px, CACHE_PX, CACHE_UM))
    outlines = segmented_cells(np.stack(crops), list(range(len(crops))), segmenter)
    found = []
    for i, crop in enumerate(crops):
        nucleus = outlines[i][0] if i in outlines else central_nucleus(crop)
        if nucleus is None:
            continue
        alpha = cell_alpha(crop, nucleus, outlines[i][1] if i in outlines else None, RIM_UM[chosen[i].label])
        area = float((alpha > 0.5).sum()) * CACHE_UM**2
        found.append(Donor(crop, alpha, alpha > 0.5, 2 * float(np.sqrt(area / np.pi))))
    return found


def field_style(image: np.ndarray, um_per_px: float, boxes: np.ndarray) -> np.ndarray | None:
    """Lab statistics (6,) of the field's own leukocyte (boxes (n, 4) x, y, w, h in px); None where it shows no nucleus."""
    for x, y, w, h in boxes:
        crop = crop_at_scale(image, (x + w / 2, y + h / 2), um_per_px, CACHE_PX, CACHE_UM)
        nucleus = central_nucleus(crop, lobed=True)
        if nucleus is not None:
            return lab_stats(crop, cv2.dilate(nucleus.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0)
    return None


def nucleated_boxes(detector: Detector, image: np.ndarray, um_per_px: float) -> np.ndarray:
    """Boxes (n, 4) x, y, w, h in px of `image` of what the detector takes for nucleated cells."""
    shrink = um_per_px / detector.um_per_px
    size = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    found = detector.detect(small, detector.um_per_px)
    boxes = found.boxes[found.classes == NUCLEATED]
    return boxes[~lacks_nucleus(small, detector.um_per_px, boxes)] / shrink


def set_into(
    field: np.ndarray,
    um_per_px: float,
    donor: Donor,
    kind: str,
    at: tuple[float, float],
    style: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, Pasted]:
    """The field (h, w, 3) with the donor's cell at a place (px), turned at random and in the field's own colours."""
    cell = restyle(donor.image, lab_stats(donor.image, donor.mask), style, float(rng.uniform(0.5, 0.9)))
    diameter = donor.diameter_um
    if kind == LYMPHOBLAST:
        diameter = min(diameter, float(rng.uniform(*LYMPHOBLAST_UM)))
    zoom = CACHE_UM / um_per_px * diameter / donor.diameter_um
    turn = cv2.getRotationMatrix2D((CACHE_PX / 2, CACHE_PX / 2), float(rng.uniform(0, 360)), zoom)
    turn[:, 2] += np.array(at) - CACHE_PX / 2
    size = (field.shape[1], field.shape[0])
    moved = cv2.warpAffine(cell, turn, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101)
    alpha = cv2.GaussianBlur(cv2.warpAffine(donor.alpha, turn, size), (0, 0), float(rng.uniform(0.8, 1.4)))
    out = alpha[..., None] * moved + (1 - alpha[..., None]) * field
    ys, xs = np.nonzero(alpha > 0.5)
    return out.astype(np.uint8), Pasted(kind, float(xs.mean()), float(ys.mean()), diameter)


def made_field(
    field: np.ndarray,
    um_per_px: float,
    boxes: np.ndarray,
    cells: Sequence[tuple[str, Donor]],
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[Pasted]]:
    """The field with as many of these cells as find a place away from its edges and its own leukocytes (`boxes`)."""
    style = field_style(field, um_per_px, boxes)
    if style is None:
        return field, []
    centres = [(x + w / 2, y + h / 2) for x, y, w, h in boxes]
    dark = nuclei_mask(field)
    out, pasted = field, []
    margin, apart = 11.0 / um_per_px, _APART_UM / um_per_px
    for kind, donor in cells:
        for _ in range(_TRIES):
            x, y = rng.uniform(margin, field.shape[1] - margin), rng.uniform(margin, field.shape[0] - margin)
            near = (
                slice(int(y - apart / 2), int(y + apart / 2)),
                slice(int(x - apart / 2), int(x + apart / 2)),
            )
            free = all(np.hypot(x - cx, y - cy) > apart * 1.3 for cx, cy in centres)
            if free and dark[near].mean() < 0.15:
                out, where = set_into(out, um_per_px, donor, kind, (x, y), style, rng)
                pasted.append(where)
                centres.append((x, y))
                break
    return out, pasted
