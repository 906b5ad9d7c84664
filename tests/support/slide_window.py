"""Pictures for the slide view that live in memory and say how they are read, and a case to go with them."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.slide_images import TILE_PX, PlacedImage
from bloodcells_gui.domain.cell import Box, Cell
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from tests.support.fakes import FakeSession, make_cells

SIZE = (3000, 2000)


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


def cells(n: int = 40) -> list[Cell]:
    """On a grid, 60 px wide, 250 px apart."""
    return [
        replace(c, image=0, box_px=Box(100.0 + 250 * (i % 10), 100.0 + 250 * (i // 10), 60, 60))
        for i, c in enumerate(make_cells(n))
    ]


class SlideSession(FakeSession):
    """A fake session of a slide that takes cells by hand."""

    def __init__(self, found: list[Cell]) -> None:
        super().__init__(found)
        self.added: list[tuple[int, float, float]] = []
        self.specimen = Specimen(
            "slide", SpecimenKind.SLIDE, Path(), (ImageRef("image-0.tif", Path("x"), size_px=SIZE),)
        )

    def add_cell(self, image: int, x: float, y: float) -> Change:
        if x > 2900:
            raise UserError("There is no image at this place.")
        self.added.append((image, x, y))
        return Change()
