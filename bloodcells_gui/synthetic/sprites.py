"""Rendered objects that can be laid onto a specimen, turned and mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.synthetic.geometry import Plane

_T = TypeVar("_T", bound=np.generic)
BACKGROUND, CYTOPLASM, NUCLEUS = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """One object on a transparent square.

    Attributes
    ----------
    code : str
        Taxonomy code, or "RBC".
    od : ndarray of float32, shape (n, n, 3)
        Optical density in the reference stain.
    keeps : ndarray of float32, shape (n, n, 3), or None
        Share of what lies below that stays visible (a leukocyte pushes red cells aside); None keeps all.
    label : ndarray of uint8, shape (n, n)
        Ground truth: 0 background, 1 cytoplasm, 2 nucleus.
    mpp : float
        um per px.
    """

    code: str
    od: NDArray[np.float32]
    keeps: NDArray[np.float32] | None
    label: NDArray[np.uint8]
    mpp: float

    @property
    def radius_px(self) -> float:
        """Radius of the circle with the object's area."""
        return float(np.sqrt(np.count_nonzero(self.label) / np.pi))

    @staticmethod
    def drawn(
        code: str, od: NDArray[np.float32], hides: Plane | None, label: NDArray[np.uint8], mpp: float
    ) -> Sprite:
        """A sprite that displaces `hides` (0..1, shape (n, n)) of what lies below; None displaces nothing."""
        keeps = None if hides is None else np.repeat((1 - hides)[..., None], 3, axis=2).astype(np.float32)
        return Sprite(code, od.astype(np.float32, copy=False), keeps, label, mpp)

    def turned(self, which: int) -> Sprite:
        """One of the eight turns and reflections of a square."""
        k, mirrored = which % 4, which % 8 >= 4

        def turn(a: NDArray[_T]) -> NDArray[_T]:
            b = np.rot90(a, k)
            # Copied, because laying strided views costs three times as much.
            return np.ascontiguousarray(b[:, ::-1] if mirrored else b)

        keeps = None if self.keeps is None else turn(self.keeps)
        return Sprite(self.code, turn(self.od), keeps, turn(self.label), self.mpp)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sprite came to lie; everything in px of the canvas.

    `box` is x, y, width, height of the labelled part before cutting at the canvas's edge.
    """

    sprite: Sprite
    x: float
    y: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Box of the labelled part."""
        rows = np.flatnonzero(self.sprite.label.any(axis=1))
        cols = np.flatnonzero(self.sprite.label.any(axis=0))
        half = self.sprite.label.shape[0] // 2
        x0, y0 = round(self.x) - half, round(self.y) - half
        if not rows.size:
            return x0 + half, y0 + half, 0, 0
        return (
            x0 + int(cols[0]), y0 + int(rows[0]), int(cols[-1] - cols[0] + 1), int(rows[-1] - rows[0] + 1)
        )  # fmt: skip


def lay(canvas: NDArray[np.float32], label: NDArray[np.uint8] | None, item: Placed) -> None:
    """Add a sprite's density to `canvas` (h, w, 3) and its label to `label`, cut at the edges."""
    sprite = item.sprite
    n = sprite.label.shape[0]
    x0, y0 = round(item.x) - n // 2, round(item.y) - n // 2
    h, w = canvas.shape[:2]
    left, top, right, bottom = max(0, x0), max(0, y0), min(w, x0 + n), min(h, y0 + n)
    if left >= right or top >= bottom:
        return
    here = (slice(top, bottom), slice(left, right))
    cut = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
    area = canvas[here]
    if sprite.keeps is not None:
        area *= sprite.keeps[cut]
    area += sprite.od[cut]
    if label is not None:
        part = sprite.label[cut]
        np.copyto(label[here], part, where=part > 0)
