"""Masked crops for the segmenter: reading, windows with random geometry, pasted neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from scripts.training.data import Item, read_rgb
from scripts.training.fields_data import load_txl, resample
from scripts.training.mask_offsets import mask_offset, moved
from scripts.training.stain_jitter import jitter_stain, shade, soften

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

#: The classifier's window: 128 px at 0.21 um/px, 27 um.
SIZE = 128
WINDOW_MPP = 0.21
#: Crops are kept at this scale, fine enough to enlarge.
STORE_MPP = 0.14
#: Mask value where cell and background are known but not the nucleus (Raabin's basophils).
CELL_ANY = 3
IGNORE = 255


@dataclass(frozen=True)
class Masked:
    """A crop at `STORE_MPP` with its mask (0 background, 1 cytoplasm, 2 nucleus, 3 cell of unknown part,
    255 unknown), centred on the window's middle."""

    path: str
    site: str
    split: str
    label: str
    image: UInt8
    mask: UInt8


def to_store(
    image: UInt8, mask: UInt8, mpp: float, offset: tuple[float, float] = (0.0, 0.0)
) -> tuple[UInt8, UInt8]:
    """Image and mask at `STORE_MPP`; `offset` is what the mask is moved back by, in px of the image as it is."""
    small = resample(image, mpp / STORE_MPP)
    size = (small.shape[1], small.shape[0])
    planes = [
        cv2.resize(moved((mask == v).astype(np.float32), offset), size, interpolation=cv2.INTER_AREA)
        for v in (0, 1, 2, 3, 255)
    ]
    values = np.array([0, 1, 2, 3, 255], np.uint8)
    return small, values[np.argmax(np.stack(planes), 0)]


def load_raabin(
    data: Path, items: Sequence[Item], mpp: float = 0.082, registered: bool = True
) -> list[Masked]:
    """The Raabin crops with the source's masks; basophils (and cells without any nucleus) as `CELL_ANY`.

    The masks are put onto their cells (`mask_offset`) unless `registered` is false.
    """
    out = []
    for item in items:
        if item.set != "raabin" or not item.mask:
            continue
        mask = cv2.imread(str(data / item.mask), cv2.IMREAD_GRAYSCALE)
        if mask is None or not mask.any():
            continue
        mask = np.asarray(mask, np.uint8)
        picture = read_rgb(data / item.path)
        offset = mask_offset(picture, mask) if registered else (0.0, 0.0)
        if item.label == "BA" or not (mask == 2).any():
            mask = np.where(mask > 0, CELL_ANY, 0).astype(np.uint8)
        image, mask = to_store(picture, mask, mpp, offset)
        out.append(Masked(item.path, item.site, item.split, item.label, image, mask))
    return out


def load_negatives(data: Path, items: Sequence[Item], seed: int = 1, per_field: int = 1) -> list[Masked]:
    """Windows of TXL-PBC fields with red cells or nothing in the middle: there is no cell to outline."""
    rng = np.random.default_rng(seed)
    out = []
    for field in load_txl(data, items, tighten=False):
        others = field.boxes[field.classes != 1]
        half = round(14.0 / field.mpp)
        height, width = field.image.shape[:2]
        for _ in range(per_field):
            x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height
            gap_x = np.maximum(others[:, 0] - x, x - others[:, 0] - others[:, 2])
            gap_y = np.maximum(others[:, 1] - y, y - others[:, 1] - others[:, 3])
            if (np.maximum(gap_x, gap_y) * field.mpp < 4.0).any():
                continue
            padded = cv2.copyMakeBorder(field.image, half, half, half, half, cv2.BORDER_REFLECT_101)
            window_px = padded[round(y) : round(y) + 2 * half, round(x) : round(x) + 2 * half]
            image = resample(np.asarray(window_px, np.uint8), field.mpp / STORE_MPP)
            mask = np.zeros(image.shape[:2], np.uint8)
            out.append(Masked(field.path, field.site, field.split, "NONE", image, mask))
    return out


def load_tecom(data: Path, items: Sequence[Item], mpp: float) -> list[tuple[UInt8, UInt8, str]]:
    """Windows (128 px) and masks of the unseen site; for judging alone."""
    out = []
    for item in items:
        if item.site != "tecom":
            continue
        image = read_rgb(data / item.path)
        mask = np.asarray(cv2.imread(str(data / item.mask), cv2.IMREAD_GRAYSCALE), np.uint8)
        out.append((*window(image, mask, mpp, WINDOW_MPP), item.label))
    return out


def window(image: UInt8, mask: UInt8, mpp: float, wanted: float = WINDOW_MPP) -> tuple[UInt8, UInt8]:
    """The middle `SIZE` px of an image and its mask at `wanted` um/px; mirrored beyond the image's edge."""
    factor = mpp / wanted
    height, width = image.shape[:2]
    matrix = np.array(
        [[factor, 0, SIZE / 2 - factor * width / 2], [0, factor, SIZE / 2 - factor * height / 2]]
    )
    return _warp(image, mask, matrix, factor)


def _warp(image: UInt8, mask: UInt8, matrix: npt.NDArray[np.float64], factor: float) -> tuple[UInt8, UInt8]:
    if factor < 0.75:
        # warpAffine does not average: blur first, or grain aliases into texture.
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.45 / factor), np.uint8)
    view = cv2.warpAffine(
        image, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    truth = cv2.warpAffine(
        mask, matrix, (SIZE, SIZE), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(view, np.uint8), np.asarray(truth, np.uint8)


def _matrix(
    shape: tuple[int, ...], factor: float, angle: float, flip: bool, shift: tuple[float, float]
) -> npt.NDArray[np.float64]:
    c, s = np.cos(angle) * factor, np.sin(angle) * factor
    turn = np.array([[c, -s], [s, c]])
    if flip:
        turn = turn @ np.diag([-1.0, 1.0])
    middle = np.array([shape[1] / 2, shape[0] / 2])
    offset = np.array([SIZE / 2, SIZE / 2]) + np.array(shift) - turn @ middle
    return np.hstack([turn, offset[:, None]])


class WindowMaker:
    """Draws training windows.

    Parameters
    ----------
    crops : masked crops at `STORE_MPP`
    weights : draw probability of each
    """

    def __init__(self, crops: Sequence[Masked], weights: Sequence[float]) -> None:
        self.crops = crops
        total = np.asarray(weights, np.float64)
        self.p = total / total.sum()

    def _view(
        self, crop: Masked, rng: np.random.Generator, factor: float, shift: tuple[float, float]
    ) -> tuple[UInt8, UInt8]:
        matrix = _matrix(crop.image.shape, factor, rng.uniform(0, 2 * np.pi), rng.random() < 0.5, shift)
        return _warp(crop.image, crop.mask, matrix, factor)

    def draw(self, rng: np.random.Generator) -> tuple[UInt8, UInt8]:
        """Image (128, 128, 3) and mask (128, 128)."""
        if rng.random() < 0.01:
            blank = np.full((SIZE, SIZE, 3), rng.integers(120, 256, 3), np.uint8)
            return soften(shade(blank, rng), rng, 1.3), np.zeros((SIZE, SIZE), np.uint8)
        crop = self.crops[int(rng.choice(len(self.crops), p=self.p))]
        factor = STORE_MPP / WINDOW_MPP * float(np.exp(np.clip(rng.normal(0, 0.2), -0.5, 0.5)))
        shift = tuple(rng.normal(0, 3.0, 2))
        image, mask = self._view(crop, rng, factor, (float(shift[0]), float(shift[1])))
        if rng.random() < 0.35:
            image = self._with_neighbour(image, mask, crop.site, rng, factor)
        if rng.random() < 0.9:
            image = jitter_stain(image, rng, 0.9)
            if rng.random() < 0.3:
                image = shade(image, rng)
            image = soften(image, rng, 1.3)
        if rng.random() < 0.1:
            # A crop cut close around its cell: the rest is a mirror image or one colour.
            ys, xs = np.nonzero((mask > 0) & (mask < IGNORE))
            if len(ys):
                image, mask = _cut_close(image, mask, ys, xs, rng)
        return image, mask

    def _with_neighbour(
        self, image: UInt8, mask: UInt8, site: str, rng: np.random.Generator, factor: float
    ) -> UInt8:
        """Another leukocyte pushed against the central one (beneath it), which must stay background."""
        for _ in range(4):
            other = self.crops[int(rng.choice(len(self.crops), p=self.p))]
            if other.site == site:
                break
        else:
            return image
        view, cut = self._view(other, rng, factor, (0.0, 0.0))
        cell = ((cut > 0) & (cut < IGNORE)).astype(np.uint8)
        own = ((mask > 0) & (mask < IGNORE)).astype(np.uint8)
        if not cell.any() or not own.any():
            return image
        # Away from the middle, as far as the two radii less a little overlap.
        reach = (np.sqrt(own.sum() / np.pi) + np.sqrt(cell.sum() / np.pi)) * rng.uniform(0.85, 1.15)
        angle = rng.uniform(0, 2 * np.pi)
        oy, ox = np.argwhere(own > 0).mean(0)
        cy, cx = np.argwhere(cell > 0).mean(0)
        move = np.array([[1, 0, ox - cx + reach * np.cos(angle)], [0, 1, oy - cy + reach * np.sin(angle)]])
        view = np.asarray(
            cv2.warpAffine(view, move, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT_101), np.uint8
        )
        cell = np.asarray(cv2.warpAffine(cell, move, (SIZE, SIZE)), np.uint8)
        soft = cv2.GaussianBlur((cell * (1 - own)).astype(np.float32), (0, 0), 0.7)[:, :, None]
        soft = (
            soft
            * (1 - cv2.GaussianBlur(own.astype(np.float32), (0, 0), 0.7)[:, :, None] * 0.5)
            * (own == 0)[:, :, None]
        )
        return np.asarray(image * (1 - soft) + view * soft, np.uint8)


def _cut_close(
    image: UInt8, mask: UInt8, ys: npt.NDArray[np.intp], xs: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[UInt8, UInt8]:
    margin = rng.integers(2, 12, 4)
    y0, y1 = max(0, ys.min() - margin[0]), min(SIZE, ys.max() + margin[1])
    x0, x1 = max(0, xs.min() - margin[2]), min(SIZE, xs.max() + margin[3])
    around = (y0, SIZE - y1, x0, SIZE - x1)
    if rng.random() < 0.5:
        image = np.asarray(cv2.copyMakeBorder(image[y0:y1, x0:x1], *around, cv2.BORDER_REFLECT_101), np.uint8)
    else:
        border = np.concatenate(
            [image[y0, x0:x1], image[y1 - 1, x0:x1], image[y0:y1, x0], image[y0:y1, x1 - 1]]
        )
        colour = tuple(int(v) for v in np.percentile(border, 75, axis=0))
        image = np.asarray(
            cv2.copyMakeBorder(image[y0:y1, x0:x1], *around, cv2.BORDER_CONSTANT, value=colour), np.uint8
        )
    kept = np.zeros_like(mask)
    kept[y0:y1, x0:x1] = mask[y0:y1, x0:x1]
    return image, kept
