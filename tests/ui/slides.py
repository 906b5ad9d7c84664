"""Pictures for the slide view that live in memory and say how they are read."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.slide_images import TILE_PX, PlacedImage
from bloodcells_gui.domain.errors import UserError


def placed(index: int, size: tuple[int, int], origin: tuple[float, float] = (0.0, 0.0)) -> PlacedImage:
    levels = 1
    while max(size) > TILE_PX * 2 ** (levels - 1):
        levels += 1
    return PlacedImage(index, f"image-{index}.tif", origin, size, 0.25, levels)


class PictureReader:
    """Every full-resolution pixel's colour follows from its place; coarser levels are darker by 20 each."""

    def __init__(self, *images: PlacedImage, slow_s: float = 0.0) -> None:
        self.images = images
        self.slow_s = slow_s
        self.asked: list[tuple[int, int, int, int]] = []
        self.bad: set[tuple[int, int, int, int]] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.closed = False

    def tile(
        self, image: int, level: int, column: int, row: int, lut: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        key = (image, level, column, row)
        self.asked.append(key)
        self.gate.wait(10)
        if self.slow_s:
            time.sleep(self.slow_s)
        if key in self.bad:
            raise UserError("This tile is damaged.")
        size = next(i.size_px for i in self.images if i.index == image)
        step = TILE_PX * 2**level
        w, h = min(step, size[0] - column * step) >> level, min(step, size[1] - row * step) >> level
        y, x = np.mgrid[0 : max(1, h), 0 : max(1, w)]
        x, y = (x << level) + column * step, (y << level) + row * step
        shade = 20 * level
        out = np.stack([(x >> 4) % 200, (y >> 4) % 200, (x + y) % 97], axis=2) + 40 - shade
        pixels = np.clip(out, 0, 255).astype(np.uint8)
        if lut is not None:
            pixels = np.stack([lut[pixels[..., c], c] for c in range(3)], axis=2)
        return np.ascontiguousarray(pixels)

    def stain_lut(self, image: int) -> NDArray[np.uint8]:
        return np.repeat(np.arange(255, -1, -1, dtype=np.uint8)[:, None], 3, axis=1)

    def close(self) -> None:
        self.closed = True
