"""Explanation maps as coloured images."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from bloodcells_gui.domain.explanation import MapKind
from bloodcells_gui.domain.map_colours import AGAINST_RGB, FOR_RGB

# Anchors of the "inferno" map (Smith and van der Walt 2015, CC0): even in lightness, readable without colour
# vision; the dark end is transparent so that the cell stays visible where the map says nothing.
_ANCHORS = np.array(
    [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39],
     [252, 255, 164]], np.float64
)  # fmt: skip


@lru_cache(maxsize=1)
def colour_table() -> NDArray[np.uint8]:
    """(256, 4) uint8 RGBA for map values 0 to 255."""
    x = np.linspace(0, 1, len(_ANCHORS))
    at = np.linspace(0, 1, 256)
    rgb = np.stack([np.interp(at, x, _ANCHORS[:, c]) for c in range(3)], axis=1)
    alpha = 255 * np.clip(at / 0.7, 0, 1)
    return np.concatenate([rgb, alpha[:, None]], axis=1).round().astype(np.uint8)


@lru_cache(maxsize=1)
def evidence_table() -> NDArray[np.uint8]:
    """(511, 4) uint8 RGBA for values of an occlusion map, -255 to 255."""
    at = np.arange(-255, 256)
    rgb = np.where(at[:, None] > 0, np.array(FOR_RGB), np.array(AGAINST_RGB))
    return np.concatenate([rgb, np.abs(at)[:, None]], axis=1).astype(np.uint8)


def heat_image(heat: NDArray[np.float32], kind: MapKind) -> QImage:
    """An explanation map (h, w) as a coloured image with alpha; clear where it says nothing."""
    if kind is MapKind.OCCLUSION:
        levels = np.clip(np.rint(np.nan_to_num(heat) * 255), -255, 255).astype(np.int16) + 255
        rgba = np.ascontiguousarray(evidence_table()[levels])
    else:
        levels = np.clip(np.nan_to_num(heat) * 255, 0, 255).astype(np.int16)
        rgba = np.ascontiguousarray(colour_table()[levels])
    h, w = levels.shape
    return QImage(rgba.data, w, h, 4 * w, QImage.Format.Format_RGBA8888).copy()
