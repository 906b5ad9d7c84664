"""Annotated fields for detector training: reading, splitting, scaling and mosaics.

The TXL-PBC boxes come from four sources drawn by different hands. This module brings them to one physical
scale and one idea of a box, so that the detector learns cells and not annotators:

* BCD images were squeezed from 4:3 to a square. Their red cells are 0.75 times as wide as high (or the other
  way round after a quarter turn), which tells the direction in which to undo it.
* The boxes are looser than the cells by a factor that depends on the site (red cells cut out by Otsu's
  threshold inside their boxes against the boxes themselves); boxes are shrunk around their centre by it.
* `mpp` follows from the same cut-out red cells and a diameter of 7.35 um.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from scripts.training.data import Item, read_rgb, unsqueeze
from scripts.training.mask_offsets import mask_offset
from scripts.training.stain_jitter import degrade, jitter_piece

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

#: 0 leukocyte or other nucleated cell, 1 red cell, 2 platelet: the order of the TXL-PBC labels.
CLASS_NAMES = ("nucleated", "red_cell", "platelet")

#: Median measured red cell: PBC 71.9 px, Raabin 89.6 px. BCCD: `scripts.training.measure_red_cells` finds 96.8 px where it finds 73.7
#: and 92.1 px at PBC and Raabin, which makes 0.078 of both; 7.3 um over 96.8 px are 0.075. BCD: the same, 416 of 480 lines.
SITE_MPP = {"pbc": 0.1022, "raabin": 0.0820, "bccd": 0.077}
BCD_MPP = SITE_MPP["bccd"] * 480 / 416

#: Annotated box over true extent of a red cell.
BOX_SLACK = {"pbc": 1.07, "raabin": 1.10, "bccd": 1.13}

# Share of the mosaics that show the rim of a round view.
_ROUND_SHARE = 0.15


@dataclass(frozen=True)
class Field:
    """One annotated image at a known scale.

    Attributes
    ----------
    image : uint8 array (h, w, 3), RGB
    boxes : float32 array (n, 4), x, y, width, height in px of `image`
    classes : int64 array (n,), index into `CLASS_NAMES`
    complete : per class, whether every cell of it is annotated; where not, only the boxes are trusted
    doubtful : float32 array (m, 5), class and box of what may or may not be a cell
    """

    path: str
    site: str
    split: str
    mpp: float
    image: UInt8
    boxes: Float32
    classes: npt.NDArray[np.int64]
    complete: tuple[bool, bool, bool] = (True, True, True)
    doubtful: Float32 = dataclasses.field(default_factory=lambda: np.zeros((0, 5), np.float32))

    def at_scale(self, mpp: float) -> Field:
        """Return the field resampled to `mpp` um per px."""
        factor = self.mpp / mpp
        image = resample(self.image, factor)
        fx = image.shape[1] / self.image.shape[1]
        fy = image.shape[0] / self.image.shape[0]
        boxes = self.boxes * np.array([fx, fy, fx, fy], np.float32)
        doubtful = self.doubtful * np.array([1, fx, fy, fx, fy], np.float32)
        return Field(
            self.path, self.site, self.split, mpp, image, boxes, self.classes, self.complete, doubtful
        )


def resample(image: UInt8, factor: float) -> UInt8:
    """Resize by `factor`, with area averaging when shrinking."""
    height, width = image.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def read_yolo(path: Path, width: int, height: int) -> tuple[Float32, npt.NDArray[np.int64]]:
    """Boxes (x, y, width, height in px) and classes of a YOLO label file, for a picture of this size."""
    boxes: list[list[float]] = []
    classes: list[int] = []
    for line in path.read_text(encoding="ascii").splitlines():
        parts = line.split()
        if len(parts) < 5:
            continue
        cx, cy, w, h = (float(v) for v in parts[1:5])
        boxes.append([(cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height])
        classes.append(int(parts[0]))
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(classes, np.int64)


def inner(boxes: Float32, width: int, height: int, margin: float = 2.0) -> npt.NDArray[np.bool_]:
    """Which boxes do not touch the image's edge."""
    x, y, w, h = boxes.T
    return np.asarray((x > margin) & (y > margin) & (x + w < width - margin) & (y + h < height - margin))


def shrink_boxes(boxes: Float32, slack: float, width: int, height: int) -> Float32:
    """Tighten boxes around their centre; sides at the image's edge stay there."""
    x0, y0 = boxes[:, 0], boxes[:, 1]
    x1, y1 = x0 + boxes[:, 2], y0 + boxes[:, 3]
    dx, dy = (boxes[:, 2:] * (1 - 1 / slack) / 2).T
    x0 = np.where(x0 > 2, x0 + dx, 0)
    y0 = np.where(y0 > 2, y0 + dy, 0)
    x1 = np.where(x1 < width - 2, x1 - dx, width)
    y1 = np.where(y1 < height - 2, y1 - dy, height)
    return np.stack([x0, y0, x1 - x0, y1 - y0], 1).astype(np.float32)


def load_txl(data: Path, items: Sequence[Item], tighten: bool = True) -> list[Field]:
    """Every TXL-PBC image of the manifest, BCD unsqueezed, with its site's scale."""
    fields = []
    for row in items:
        if row.set != "txl_pbc":
            continue
        image = read_rgb(data / row.path)
        height, width = image.shape[:2]
        label = data / row.path.replace("/images/", "/labels/").replace(".jpg", ".txt")
        boxes, classes = read_yolo(label, width, height)
        mpp = SITE_MPP[row.site]
        if row.site == "bccd" and width == height:
            image, boxes = unsqueeze(image, boxes, classes)
            height, width = image.shape[:2]
            mpp = BCD_MPP
        if tighten:
            boxes = shrink_boxes(boxes, BOX_SLACK[row.site], width, height)
        fields.append(Field(row.path, row.site, row.split, mpp, image, boxes, classes))
    return fields


def load_raabin_masks(data: Path, items: Sequence[Item]) -> list[Field]:
    """Raabin crops whose central leukocyte has a mask: one trusted box, put onto its cell, the rest unlabelled."""
    fields = []
    for row in items:
        if row.set != "raabin" or not row.mask:
            continue
        mask = cv2.imread(str(data / row.mask), cv2.IMREAD_GRAYSCALE)
        if mask is None or not mask.any():
            continue
        image = read_rgb(data / row.path)
        x, y, w, h = cv2.boundingRect((mask > 0).astype(np.uint8))
        right, down = mask_offset(image, np.asarray(mask, np.uint8))
        box = np.array([[x - right, y - down, w, h]], np.float32)
        fields.append(
            Field(row.path, row.site, row.split, SITE_MPP["raabin"], image,
                  box, np.zeros(1, np.int64), (True, False, False))
        )  # fmt: skip
    return fields


@dataclass
class Canvas:
    """A mosaic: image, boxes, classes and, per class, the boxes within which nothing is known."""

    image: UInt8
    boxes: Float32
    classes: npt.NDArray[np.int64]
    unknown: list[tuple[int, Float32]]


def _rectangles(
    x: int, y: int, width: int, height: int, limit: float, rng: np.random.Generator
) -> Iterator[tuple[int, int, int, int]]:
    """Guillotine cuts of a rectangle until no side passes a random limit."""
    side = limit * rng.uniform(0.75, 1.0)
    if width <= limit and height <= limit:
        yield x, y, width, height
    elif width >= height:
        cut = int(min(side, 0.7 * width))
        yield from _rectangles(x, y, cut, height, limit, rng)
        yield from _rectangles(x + cut, y, width - cut, height, limit, rng)
    else:
        cut = int(min(side, 0.7 * height))
        yield from _rectangles(x, y, width, cut, limit, rng)
        yield from _rectangles(x, y + cut, width, height - cut, limit, rng)


def _turn(image: UInt8, boxes: Float32, rng: np.random.Generator) -> tuple[UInt8, Float32]:
    """One of the eight symmetries of the square."""
    boxes = boxes.copy()
    if rng.random() < 0.5:
        image = image[:, ::-1]
        boxes[:, 0] = image.shape[1] - boxes[:, 0] - boxes[:, 2]
    if rng.random() < 0.5:
        image = image[::-1]
        boxes[:, 1] = image.shape[0] - boxes[:, 1] - boxes[:, 3]
    if rng.random() < 0.5:
        image = image.transpose(1, 0, 2)
        boxes = boxes[:, [1, 0, 3, 2]]
    return image, boxes


def _part(image: UInt8, side: float, rng: np.random.Generator) -> tuple[UInt8, Float32]:
    """A square of at least `side` px of an image, or all of it where it is no larger, and its corner as a box's offset."""
    height, width = image.shape[:2]
    across, down = (min(n, math.ceil(side)) for n in (width, height))
    x, y = int(rng.integers(0, width - across + 1)), int(rng.integers(0, height - down + 1))
    return image[y : y + down, x : x + across], np.array([x, y, 0, 0], np.float32)


def round_view(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """The mosaic as an eyepiece shows its rim: dark towards an arc, and black, or painted blank, beyond it.

    Cells of which the arc leaves less than half are neither cell nor background.
    """
    side = canvas.image.shape[0]
    angle, radius = rng.uniform(0, 2 * np.pi), side * rng.uniform(0.6, 2.0)
    reach = side * rng.uniform(-0.1, 0.45)
    middle = side / 2 + (reach - radius) * np.array([np.cos(angle), np.sin(angle)])
    yy, xx = np.mgrid[:side, :side].astype(np.float32)
    inside = radius - np.hypot(xx - middle[0], yy - middle[1])
    dim = 1 - rng.uniform(0, 0.7) * np.exp(-np.maximum(inside, 0) / (side * rng.uniform(0.02, 0.15)))
    image = np.asarray(canvas.image * dim[:, :, None], np.uint8)
    image[inside < 0] = 235 if rng.random() < 0.6 else rng.integers(0, 50)
    kept = np.ones(len(canvas.boxes), bool)
    unknown = list(canvas.unknown)
    for i, (x, y, w, h) in enumerate(canvas.boxes):
        part = inside[max(0, int(y)) : int(y + h) + 1, max(0, int(x)) : int(x + w) + 1]
        share = float((part > 0).mean()) if part.size else 0.0
        kept[i] = share > 0.5
        if 0 < share <= 0.5:
            unknown.append((int(canvas.classes[i]), canvas.boxes[i]))
    return Canvas(image, canvas.boxes[kept], canvas.classes[kept], unknown)


class MosaicMaker:
    """Draws mosaics of random pieces of random fields, so that a cell can lie anywhere.

    Parameters
    ----------
    fields : fields kept at twice the working scale or finer
    mpp : working scale of the network, um per px
    weights : draw probability of each field
    size : side of a mosaic in px
    zoom : mosaics are drawn at scales between 1/zoom and zoom times the working scale
    poor : whether some pieces are degraded, and some mosaics show the rim of a round view
    """

    def __init__(
        self,
        fields: Sequence[Field],
        mpp: float,
        weights: Sequence[float],
        size: int = 256,
        zoom: float = 1.9,
        poor: bool = True,
    ) -> None:
        self.fields = fields
        self.mpp = mpp
        self.size = size
        self.zoom = zoom
        self.poor = poor
        total = np.asarray(weights, np.float64)
        self.p = total / total.sum()

    def draw(self, rng: np.random.Generator) -> Canvas:
        """One mosaic of `size` px."""
        zoom = float(np.exp(rng.uniform(-np.log(self.zoom), np.log(self.zoom))))
        if rng.random() < 0.35:
            zoom = float(np.exp(rng.normal(0, 0.1)))
        image = np.zeros((self.size, self.size, 3), np.uint8)
        boxes: list[Float32] = []
        classes: list[npt.NDArray[np.int64]] = []
        unknown: list[tuple[int, Float32]] = []
        # Hardly larger than the smallest field (31 um), or fields are enlarged to fill the piece.
        limit = 32 / self.mpp * zoom
        for x, y, width, height in _rectangles(0, 0, self.size, self.size, limit, rng):
            field = self.fields[int(rng.choice(len(self.fields), p=self.p))]
            factor = field.mpp / self.mpp * zoom * float(np.exp(rng.normal(0, 0.07)))
            need = max(width / field.image.shape[1], height / field.image.shape[0],
                       width / field.image.shape[0], height / field.image.shape[1])  # fmt: skip
            factor = max(factor, need * 1.001)
            part, corner = _part(field.image, max(width, height) / factor + 2, rng)
            piece = resample(part, factor)
            every = np.concatenate([field.boxes, field.doubtful[:, 1:]]) - corner
            every = every * np.float32(factor)
            piece, every = _turn(piece, every, rng)
            at, maybe = every[: len(field.boxes)], every[len(field.boxes) :]
            ox = int(rng.integers(0, max(1, piece.shape[1] - width + 1)))
            oy = int(rng.integers(0, max(1, piece.shape[0] - height + 1)))
            piece = np.ascontiguousarray(piece[oy : oy + height, ox : ox + width])
            image[y : y + height, x : x + width] = jitter_piece(
                degrade(piece, rng) if self.poor else piece, rng
            )
            kept, kept_classes, doubtful = clip_boxes(at - np.array([ox, oy, 0, 0], np.float32),
                                                      field.classes, width, height)  # fmt: skip
            shift = np.array([x, y, 0, 0], np.float32)
            boxes.append(kept + shift)
            classes.append(kept_classes)
            unknown += [(c, b + shift) for c, b in doubtful]
            offset = np.array([ox, oy, 0, 0], np.float32)
            doubted = field.doubtful[:, 0].astype(np.int64)
            cut, kinds, slivers = clip_boxes(maybe - offset, doubted, width, height)
            unknown += [(int(c), b + shift) for c, b in zip(kinds, cut, strict=True)]
            unknown += [(c, b + shift) for c, b in slivers]
            for c, known in enumerate(field.complete):
                if not known:
                    unknown.append((c, np.array([x, y, width, height], np.float32)))
        canvas = Canvas(image, np.concatenate(boxes), np.concatenate(classes), unknown)
        return round_view(canvas, rng) if self.poor and rng.random() < _ROUND_SHARE else canvas


def clip_boxes(
    boxes: Float32, classes: npt.NDArray[np.int64], width: int, height: int
) -> tuple[Float32, npt.NDArray[np.int64], list[tuple[int, Float32]]]:
    """Cut boxes at a window's edge.

    Returns
    -------
    boxes, classes : cells of which at least a third is visible
    unknown : class and box of the slivers of others, neither cell nor background
    """
    x0 = np.clip(boxes[:, 0], 0, width)
    y0 = np.clip(boxes[:, 1], 0, height)
    x1 = np.clip(boxes[:, 0] + boxes[:, 2], 0, width)
    y1 = np.clip(boxes[:, 1] + boxes[:, 3], 0, height)
    seen = (x1 - x0) * (y1 - y0) / np.maximum(boxes[:, 2] * boxes[:, 3], 1e-6)
    cut = np.stack([x0, y0, x1 - x0, y1 - y0], 1).astype(np.float32)
    keep = seen >= 0.33
    sliver = (seen > 0) & ~keep
    return cut[keep], classes[keep], [(int(c), b) for c, b in zip(classes[sliver], cut[sliver], strict=True)]
