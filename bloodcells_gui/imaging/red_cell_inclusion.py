"""Small dark spots inside red cells: Howell-Jolly bodies, parasites, coarse stippling, platelets on a cell.

Haemoglobin lets most red light pass; what Romanowsky stains colour purple or blue does not. A spot is
therefore sought in the optical density of the red channel: darker than everything around it. A rim, a fold or
the lens that two cells share is as dark along its length, and is none.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.light import WHITE

#: The surroundings that a spot is held against: a ring of this radius, um.
RING_UM = 1.2
#: Looked at so far from the middle of the window, um: not the rim, where cells touch.
REACH_UM = 2.4
#: From this difference of optical densities on a person should look: 32 of the 5,262 cells of 150 fields of
#: Deep Bio-Net reach it (docs/models.md says what they show).
LOOK_HERE = 0.06
# Standard deviation of the smoothing, um: a single noisy pixel is no spot.
_SMOOTH_UM = 0.25
_DIRECTIONS = 12
_DENSITY = (-np.log10(np.maximum(np.arange(256), 1.0) / WHITE)).astype(np.float32)


def inclusion_of(windows: NDArray[np.uint8], um_per_px: float) -> NDArray[np.float32]:
    """How much darker than all its surroundings the darkest spot in the middle of each window is.

    Parameters
    ----------
    windows : (n, s, s, 3) uint8 RGB
        In even light, a red cell in the middle; at least 8 um wide.
    um_per_px : float

    Returns
    -------
    (n,) float32
        Difference of optical densities (base 10) of the red channel between a spot and the darkest place of a
        ring around it; 0 where nothing is darker than its surroundings.
    """
    reach, ring = math.ceil(REACH_UM / um_per_px), RING_UM / um_per_px
    half = reach + math.ceil(ring)
    start = (windows.shape[1] - 1) // 2 - half
    if start < 0:
        raise ValueError(f"windows of {windows.shape[1]} px at {um_per_px} um per px are too small")
    part = slice(start, start + 2 * half + 1)
    density = np.empty((len(windows), 2 * half + 1, 2 * half + 1), np.float32)
    for i, window in enumerate(windows):
        cv2.GaussianBlur(_DENSITY[window[part, part, 0]], (0, 0), _SMOOTH_UM / um_per_px, dst=density[i])
    side = 2 * reach + 1
    around = np.full((len(windows), side, side), -np.inf, np.float32)
    for k in range(_DIRECTIONS):
        angle = 2 * math.pi * k / _DIRECTIONS
        x, y = half - reach + round(ring * math.cos(angle)), half - reach + round(ring * math.sin(angle))
        np.maximum(around, density[:, y : y + side, x : x + side], out=around)
    inner = density[:, half - reach : half + reach + 1, half - reach : half + reach + 1] - around
    steps = np.arange(-reach, reach + 1) * um_per_px
    inner[:, np.hypot(steps[:, None], steps[None]) > REACH_UM] = 0.0
    return np.asarray(inner.max(axis=(1, 2), initial=0.0), np.float32)
