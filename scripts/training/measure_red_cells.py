"""How wide red cells are in the fields of each site, in px (``python -m scripts.training.measure_red_cells``).

Red cells that stand alone, whole and about round are cut out of their boxes by Otsu's threshold on green; the diameter is that
of the circle of the same area. Limits are of 300 bootstrap draws of fields.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bloodcells_gui.imaging.scale import RED_CELL_DIAMETER_UM
from scripts.training.data import load_items
from scripts.training.fields_data import Field, inner, load_txl

MARGIN = 4


def diameter(image: npt.NDArray[np.uint8], box: npt.NDArray[np.float32]) -> float | None:
    """Diameter of the red cell in a box, px; None where no compact dark piece fills the box."""
    x, y, w, h = (float(v) for v in box)
    part = image[
        max(0, int(y) - MARGIN) : int(y + h) + MARGIN, max(0, int(x) - MARGIN) : int(x + w) + MARGIN, 1
    ]
    _, dark = cv2.threshold(np.ascontiguousarray(part), 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    cell = max(contours, key=cv2.contourArea)
    area, hull = cv2.contourArea(cell), cv2.contourArea(cv2.convexHull(cell))
    if hull == 0 or area < 0.92 * hull or area < 0.35 * w * h:
        return None
    # A contour runs through the middles of the outermost pixels: half a pixel more on either side.
    return float(np.sqrt(4 * area / np.pi)) + 1


def alone(field: Field) -> npt.NDArray[np.float32]:
    """Boxes of the red cells that are about round, whole, and overlap no other box."""
    x, y, w, h = field.boxes.T
    left, top = np.maximum(x, x[:, None]), np.maximum(y, y[:, None])
    right, bottom = np.minimum(x + w, (x + w)[:, None]), np.minimum(y + h, (y + h)[:, None])
    shared = np.maximum(0, right - left) * np.maximum(0, bottom - top) / (w * h)[:, None]
    height, width = field.image.shape[:2]
    keep = inner(field.boxes, width, height) & (field.classes == 1) & ((shared > 0.15).sum(1) == 1)
    return field.boxes[keep & (w / h > 0.75) & (w / h < 1.33)]


def main() -> None:
    """Print one line a site."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    found: dict[str, list[list[float]]] = defaultdict(list)
    for field in load_txl(args.data, load_items(args.data, args.work), tighten=False):
        squeezed = field.site == "bccd" and 640 not in field.image.shape
        widths = [d for box in alone(field) if (d := diameter(field.image, box)) is not None]
        if widths:
            found["bcd" if squeezed else field.site].append(widths)
    rng = np.random.default_rng(0)
    for site, fields in found.items():
        middle = float(np.median(np.concatenate(fields)))
        draws = [
            np.median(np.concatenate([fields[i] for i in rng.integers(0, len(fields), len(fields))]))
            for _ in range(300)
        ]
        low, high = np.percentile(draws, [2.5, 97.5])
        print(
            f"{site}: {sum(map(len, fields))} cells of {len(fields)} fields, {middle:.1f} px ({low:.1f}-{high:.1f}), "
            f"{RED_CELL_DIAMETER_UM} um make {RED_CELL_DIAMETER_UM / middle:.4f} um/px"
        )


if __name__ == "__main__":
    main()
