"""An examiner of drawn specimens: its detector goes by density, its namer calls every cell one class."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import RED_CELL, Detections
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.red_cells import RED_CELL_CODES
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.pipeline.red_cell_places import Place, places_of_fields
from bloodcells_gui.pipeline.red_cells import RedCellExaminer
from tests.support.drawn_red_cells import Drawn, drawn_field
from tests.support.smears import MemoryReader

MPP = 0.2
BUNDLE = "red-cells-1 " + "ab" * 32


class DensityDetector:
    """Every dark piece is a red cell; for cells that stand alone."""

    um_per_px = 0.4
    even_light = True

    def detect(
        self, image: NDArray[np.uint8], mpp: float, thresholds: Sequence[float] | None = None
    ) -> Detections:
        dark = (image[..., 1] < 215).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
        found = stats[1:][stats[1:, cv2.CC_STAT_AREA] > 12]
        n = len(found)
        return Detections(
            found[:, :4].astype(np.float32), np.full(n, RED_CELL, np.int8), np.ones(n, np.float32)
        )

    def leukocytes_in(self, windows: NDArray[np.uint8]) -> list[Detections]:
        return [Detections.none() for _ in windows]


@dataclass(frozen=True)
class _Answers:
    probabilities: NDArray[np.float32]


@dataclass
class OneName:
    """Calls every cell `code`; counts its calls and cancels at the chosen one."""

    code: str = "NORM"
    doubtful_from: float = 0.5
    token: CancelToken | None = None
    cancel_at: int = 0
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def classify(
        self, image: NDArray[np.uint8], mpp: float, centres: NDArray[np.floating], **_: object
    ) -> _Answers:
        with self.lock:
            self.calls += 1
            if self.token is not None and self.calls == self.cancel_at:
                self.token.cancel()
        height, width = image.shape[:2]
        assert ((centres >= 0) & (centres <= np.array([width, height]))).all()
        said = np.full((len(centres), len(RED_CELL_CODES)), 0.01, np.float32)
        said[:, RED_CELL_CODES.index(self.code)] = 1 - 0.01 * (len(RED_CELL_CODES) - 1)
        return _Answers(said)


def scattered(n: int, size_um: tuple[float, float], seed: int, apart_um: float = 9.5) -> list[Drawn]:
    """Up to `n` cells that do not touch, some of them cut by the border."""
    rng = np.random.default_rng(seed)
    cells: list[Drawn] = []
    for _ in range(60 * n):
        x, y = rng.uniform(0, size_um[0]), rng.uniform(0, size_um[1])
        if all(np.hypot(x - c.centre_um[0], y - c.centre_um[1]) > apart_um for c in cells):
            d = float(rng.normal(7.35, 0.4))
            edges = np.abs([x - d / 2, y - d / 2, x + d / 2 - size_um[0], y + d / 2 - size_um[1]])
            if edges.min() < 0.5:
                continue  # whether it is cut would be a matter of a px
            cells.append(Drawn((x, y), (d, d), pallor=0.4, depth=0.4))
        if len(cells) == n:
            break
    return cells


def whole(cells: Sequence[Drawn], size_um: tuple[float, float]) -> int:
    """How many of the cells lie inside as a whole."""
    boxes = np.array([c.box_um for c in cells])
    inside = (boxes[:, :2] > 0.2).all(1) & (boxes[:, :2] + boxes[:, 2:] < np.array(size_um) - 0.2).all(1)
    return int(inside.sum())


def drawn_images(
    fields: Sequence[Sequence[Drawn]], size_um: tuple[float, float]
) -> dict[int, NDArray[np.uint8]]:
    return {i: drawn_field(cells, size_um, MPP) for i, cells in enumerate(fields)}


def examiner_of(
    images: Mapping[int, NDArray[np.uint8]],
    *,
    places: Sequence[Place] | None = None,
    namer: OneName | None = None,
    token: CancelToken | None = None,
    scale: ScaleEstimate | None = None,
    unread: Sequence[int] = (),
    **more: Any,
) -> RedCellExaminer:
    """An examiner of pictures in memory at `MPP`; `unread` are refused."""
    sizes = {i: (rgb.shape[1], rgb.shape[0]) for i, rgb in images.items()}
    refs = {i: ImageRef(f"{i}.png", Path(f"{i}.png"), size_px=size, mpp=MPP) for i, size in sizes.items()}

    def opened(ref: ImageRef) -> MemoryReader:
        number = int(ref.name.partition(".")[0])
        reader = MemoryReader(images[number], MPP)
        if number in unread:
            reader.gone.set()
        return reader

    return RedCellExaminer(
        places_of_fields(sizes, dict.fromkeys(sizes, MPP)) if places is None else places,
        refs, opened, DensityDetector(), namer or OneName(), bundle=BUNDLE,
        scale=scale or ScaleEstimate(MPP, ScaleSource.METADATA, 0.0), token=token or CancelToken(), **more,
    )  # fmt: skip
