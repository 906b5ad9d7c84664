"""Red cells of exact geometry, drawn with a microscope's blur: what outlines and measures are tested on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.light import WHITE

# Drawn so finely, um per px, and blurred so much, um.
_FINE_UM, _BLUR_UM = 0.05, 0.15
# Density of red, green and blue of a cell, green being 1.
_COLOUR = np.array([0.35, 1.0, 0.75])


@dataclass(frozen=True)
class Drawn:
    """One cell.

    `axes_um` are full lengths, the first along `angle` (degrees); `pallor` is the diameter of the pale disc
    over the cell's, `depth` how much paler it is; `gap_um` opens the rim on the right; `tail_um` is a
    taper to the right beyond the rim.
    """

    centre_um: tuple[float, float]
    axes_um: tuple[float, float]
    angle: float = 0.0
    od: float = 0.12
    pallor: float = 0.0
    depth: float = 0.0
    gap_um: float = 0.0
    tail_um: float = 0.0

    @property
    def box_um(self) -> tuple[float, float, float, float]:
        """x, y, width, height of the cell without its tail."""
        turn = math.radians(self.angle)
        a, b = (n / 2 for n in self.axes_um)
        half = (
            math.hypot(a * math.cos(turn), b * math.sin(turn)),
            math.hypot(a * math.sin(turn), b * math.cos(turn)),
        )
        x, y = self.centre_um
        return x - half[0], y - half[1], 2 * half[0], 2 * half[1]

    def density(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
        """Relative density at points in um."""
        dx, dy = x - self.centre_um[0], y - self.centre_um[1]
        turn = math.radians(self.angle)
        along = dx * math.cos(turn) + dy * math.sin(turn)
        across = dy * math.cos(turn) - dx * math.sin(turn)
        rho = np.hypot(along / (self.axes_um[0] / 2), across / (self.axes_um[1] / 2))
        inside = rho <= 1
        if self.tail_um:
            end = self.axes_um[0] / 2 + self.tail_um
            width = 1.4 * np.clip(1 - along / end, 0, 1) + 0.3
            inside |= (along > 0) & (along < end) & (np.abs(across) < width)
        out = np.where(inside, 1.0, 0.0)
        out[rho <= self.pallor] *= 1 - self.depth
        if self.gap_um:
            out[(along > 0) & (np.abs(across) < self.gap_um / 2)] *= 1 - self.depth
        return np.asarray(self.od * out, np.float32)


def drawn_field(cells: Sequence[Drawn], size_um: tuple[float, float], mpp: float) -> NDArray[np.uint8]:
    """A field with the cells, (h, w, 3) uint8 RGB; where cells overlap the denser one shows."""
    columns, rows = (round(n / mpp) for n in size_um)
    fine = max(1, round(mpp / _FINE_UM))
    step = mpp / fine
    x = ((np.arange(columns * fine) + 0.5) * step).astype(np.float32)[None]
    y = ((np.arange(rows * fine) + 0.5) * step).astype(np.float32)[:, None]
    total = np.zeros((rows * fine, columns * fine), np.float32)
    for cell in cells:
        reach = max(cell.axes_um) / 2 + cell.tail_um + 1
        part = tuple(
            slice(max(0, int((c - reach) / step)), max(0, int((c + reach) / step)))
            for c in cell.centre_um[::-1]
        )
        np.maximum(total[part], cell.density(x[:, part[1]], y[part[0]]), out=total[part])
    light = 10 ** (-total[..., None] * _COLOUR)
    light = cv2.GaussianBlur(light, (0, 0), _BLUR_UM / step)
    light = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(np.round(WHITE * light), 0, 255), np.uint8)
