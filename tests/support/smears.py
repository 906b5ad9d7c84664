"""Plainly drawn smears of known content, readers that hold them in memory, a detector that is right."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import NUCLEATED, PLATELET, RED_CELL, Detections, non_max_suppression
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.io.reader import Level, PyramidReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from tests.support.doubles import COLOUR_OF

GLASS = (244, 242, 240)
FIELD = (236, 230, 226)
RED = (206, 150, 152)
HALF = (186, 168, 204)


@dataclass
class Smear:
    """A picture and its truth: (class, x, y) in px; red cells are counted."""

    rgb: NDArray[np.uint8]
    mpp: float
    cells: list[tuple[str, float, float]] = field(default_factory=list)
    red_cells: int = 0

    @property
    def size(self) -> tuple[int, int]:
        return self.rgb.shape[1], self.rgb.shape[0]

    def of(self, *codes: str) -> list[tuple[float, float]]:
        return [(x, y) for c, x, y in self.cells if c in codes]


def empty(width: int, height: int, mpp: float = 0.4) -> Smear:
    """Glass."""
    return Smear(np.full((height, width, 3), GLASS, np.uint8), mpp)


def put_cell(smear: Smear, code: str, x: float, y: float, diameter_um: float = 12.0) -> None:
    """A leukocyte or platelet."""
    if code == "PLT":
        diameter_um = 3.0
    at, r = (round(x * 16), round(y * 16)), diameter_um / smear.mpp / 2
    if code == "PLT":
        cv2.circle(smear.rgb, at, round(r * 2.2 * 16), FIELD, -1, cv2.LINE_AA, 4)
    cv2.circle(smear.rgb, at, round(r * 16), HALF, -1, cv2.LINE_AA, 4)
    cv2.circle(smear.rgb, at, round(r * 0.72 * 16), COLOUR_OF[code], -1, cv2.LINE_AA, 4)
    smear.cells.append((code, x, y))


def put_red_cell(smear: Smear, x: float, y: float) -> None:
    """A red cell with its pallor."""
    at, r = (round(x * 16), round(y * 16)), 7.2 / smear.mpp / 2
    cv2.circle(smear.rgb, at, round(r * 16), RED, -1, cv2.LINE_AA, 4)
    cv2.circle(smear.rgb, at, round(r * 0.35 * 16), (224, 190, 190), -1, cv2.LINE_AA, 4)
    smear.red_cells += 1


def fill(
    smear: Smear,
    box: tuple[int, int, int, int],
    rng: np.random.Generator,
    *,
    pitch_um: float = 12.0,
    leukocytes: int = 0,
    platelets: int = 0,
    margin_um: float = 14.0,
    codes: tuple[str, ...] = ("SNE", "LY", "EO"),
) -> None:
    """Red cells on a wandering grid of `pitch_um` (6 thick, 12 one layer, 30 thin), then the others."""
    x0, y0, w, h = box
    smear.rgb[y0 : y0 + h, x0 : x0 + w] = FIELD
    step = pitch_um / smear.mpp
    wander = max(0.0, pitch_um - 7.6) / smear.mpp / 2
    taken: list[tuple[float, float]] = []
    margin = margin_um / smear.mpp

    def take_place(apart_um: float) -> bool:
        for _ in range(500):
            x, y = rng.uniform(x0 + margin, x0 + w - margin), rng.uniform(y0 + margin, y0 + h - margin)
            if all(np.hypot(x - a, y - b) > apart_um / smear.mpp for a, b in taken):
                taken.append((x, y))
                return True
        return False

    for _ in range(leukocytes):
        take_place(22)
    down, along = (np.arange(o + step / 2, o + side - step / 3, step) for o, side in ((y0, h), (x0, w)))
    for gy, gx in itertools.product(down, along):
        x, y = gx + rng.uniform(-wander, wander), gy + rng.uniform(-wander, wander)
        if all(np.hypot(x - a, y - b) > 12 / smear.mpp for a, b in taken):
            put_red_cell(smear, x, y)
    for n, (x, y) in enumerate(taken):
        put_cell(smear, codes[n % len(codes)], x, y)
    for _ in range(platelets):
        if take_place(14):
            put_cell(smear, "PLT", *taken[-1])


class MemoryReader(PyramidReader):
    """A picture in memory with levels that may lie and places that may fail."""

    format, description, unparsed_scale_text = "test", "", ""

    def __init__(
        self,
        rgb: NDArray[np.uint8],
        mpp: float | None,
        downsamples: tuple[int, ...] = (1,),
        lies: dict[int, NDArray[np.uint8]] | None = None,
    ) -> None:
        h, w = rgb.shape[:2]
        self.pictures = [
            rgb if d == 1 else cv2.resize(rgb, (w // d, h // d), interpolation=cv2.INTER_AREA)
            for d in downsamples
        ]
        for index, picture in (lies or {}).items():
            self.pictures[index] = picture
        levels = tuple(
            Level((p.shape[1], p.shape[0]), float(d), (256, 256))
            for p, d in zip(self.pictures, downsamples, strict=True)
        )
        super().__init__(Path("memory.tif"), levels, mpp)
        self.bad: list[tuple[int, int, int, int]] = []
        self.gone = threading.Event()
        self.read_px = 0

    def _read_level(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        self.read_px += width * height
        if self.gone.is_set():
            raise ImageRefused(self.path, "The file is not there (any more).")
        if level == 0:
            for bx, by, bw, bh in self.bad:
                if x < bx + bw and bx < x + width and y < by + bh and by < y + height:
                    raise ImageRefused(self.path, "Its pixel data are damaged.")
        return self.pictures[level][y : y + height, x : x + width].copy()

    def close(self) -> None:
        pass


class PlainDetector:
    """Blobs of the drawn colours; a cell that is cut by the picture's edge is found as far as it is seen."""

    um_per_px = 0.4
    even_light = False
    thresholds = (0.3, 0.35, 0.45)

    def __init__(self) -> None:
        self.seen_px = 0
        self.lock = threading.Lock()

    def leukocytes_in(self, windows: NDArray[np.uint8]) -> list[Detections]:
        return [self.detect(w, self.um_per_px) for w in windows]

    def detect(
        self, image: NDArray[np.uint8], mpp: float, thresholds: Sequence[float] | None = None
    ) -> Detections:
        with self.lock:
            self.seen_px += image.shape[0] * image.shape[1]
        rgb = image.astype(np.int16)
        # Leukocytes and platelets are bluer than red; red cells redder than blue.
        purple = (rgb[..., 2] - rgb[..., 1] > 14) & (rgb[..., 1] < 200)
        orange = (rgb[..., 0] > 195) & (rgb[..., 1] < 140) & (rgb[..., 2] < 90)
        red = (rgb[..., 0] - rgb[..., 1] > 24) & ~purple & ~orange
        found = []
        for kind_mask, kinds in (((purple | orange), (NUCLEATED, PLATELET)), (red, (RED_CELL, RED_CELL))):
            n, _, stats, _ = cv2.connectedComponentsWithStats(kind_mask.astype(np.uint8))
            for k in range(1, n):
                x, y, w, h, area = stats[k]
                um2 = area * mpp**2
                if um2 < 2:
                    continue
                found.append((x, y, w, h, kinds[0] if um2 > 20 else kinds[1]))
        if not found:
            return Detections.none()
        data = np.array(found, np.float32)
        kind = data[:, 4].astype(np.int8)
        every = non_max_suppression(Detections(data[:, :4], kind, np.full(len(data), 0.9, np.float32)))
        if thresholds is None:
            return every
        return every.take(every.scores > np.asarray(thresholds)[every.classes])


def unknown_scale(_sample: Any, _stated: float | None) -> ScaleEstimate:
    """A scale estimate that finds nothing."""
    return ScaleEstimate(None, ScaleSource.UNKNOWN)
