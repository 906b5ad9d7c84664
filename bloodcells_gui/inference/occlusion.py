"""Which places of a cell its classification hinges on: cover one after the other and ask again.

Occlusion (Zeiler and Fergus 2014) needs no gradient and no special network. Here it is contrastive: what
counts is the log-odds of a class against its likeliest rival. A covered place has the colour that a strong
blur leaves of it, so that its structure goes and no foreign edge comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Crops = NDArray[np.uint8]

# Places that together cover a cell, about: finer than squares of an eighth of the window, and fewer.
PATCHES = 24
# Diameter of a place, and of its soft rim, in distances between the places.
_DIAMETER, _RIM = 2.5, 0.9
_LEAST_STEP_UM = 0.9
_BLUR_UM = 3.4
# Without an outline the middle of the window is looked at.
_CELL_UM = 13.0
# Of fewer places on top of each other a map fades: at the rim of the cell one alone must not look certain.
_WELL_COVERED = 2.0
# A place counts as the cell's from this share on.
_OWN_SHARE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class OcclusionMap:
    """What covering takes from the log-odds of a class against its rival.

    Attributes
    ----------
    lost : (s, s) float32
        By place; below 0 where covering adds to them. It fades to 0 where nothing was covered.
    rival : int
        Index of the leaf that the class is weighed against.
    log_odds : float
        With nothing covered.
    """

    lost: Floats
    rival: int
    log_odds: float


def places(mask: NDArray[np.bool_], um_per_px: float, *, everywhere: bool = False) -> Floats:
    """Soft round places on a grid around the middle of a cell.

    Parameters
    ----------
    mask : (s, s) bool
        The cell in the classifier's window; where it is empty a disc in the middle stands for it.
    um_per_px : float
    everywhere : bool
        All over the window, not only on the cell: to judge what lies beside it.

    Returns
    -------
    (n, s, s) float32
        How far each place covers each pixel, 0 to 1.
    """
    size = mask.shape[0]
    rows, columns = np.mgrid[:size, :size].astype(np.float32) + 0.5
    if not mask.any():
        mask = np.hypot(rows - size / 2, columns - size / 2) <= _CELL_UM / 2 / um_per_px
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    middle = left + width / 2, top + height / 2
    step = max(_LEAST_STEP_UM / um_per_px, math.sqrt(np.count_nonzero(mask) / PATCHES))
    reach = np.arange(-math.ceil(size / step), math.ceil(size / step) + 1) * step
    found = []
    for y in middle[1] + reach:
        for x in middle[0] + reach:
            if not (-step / 2 <= x <= size + step / 2 and -step / 2 <= y <= size + step / 2):
                continue
            rim = np.hypot(columns - x, rows - y) - (_DIAMETER - _RIM) / 2 * step
            place = np.clip(1 - rim / (_RIM * step), 0, 1)
            if everywhere or place[mask].sum() >= _OWN_SHARE * place.sum() > 0:
                found.append(place)
    return np.asarray(found, np.float32).reshape(-1, size, size)


def covered(crop: Crops, over: Floats, um_per_px: float) -> Crops:
    """(n, s, s, 3) uint8: the crop (s, s, 3) with each of the places (n, s, s) of `over` covered."""
    blurred = cv2.GaussianBlur(crop, (0, 0), _BLUR_UM / um_per_px).astype(np.float32)
    difference = blurred - crop
    return np.stack([np.rint(crop + place[..., None] * difference) for place in over]).astype(np.uint8)


def occlusion_map(
    crop: Crops,
    mask: NDArray[np.bool_],
    um_per_px: float,
    leaves: Sequence[int],
    logits_of: Callable[[Crops], Floats],
    *,
    everywhere: bool = False,
) -> OcclusionMap:
    """Cover each place of a cell and see what becomes of a class.

    Parameters
    ----------
    crop : (s, s, 3) uint8 RGB
        The classifier's window.
    mask : (s, s) bool
        The cell in it.
    um_per_px : float
        Of the window.
    leaves : sequence of int
        The class, or the leaves of a roll-up; neither none nor all.
    logits_of : callable
        Logits (n, K) of crops (n, s, s, 3).
    everywhere : bool
        As in :func:`places`.
    """
    over = places(mask, um_per_px, everywhere=everywhere)
    logits = logits_of(np.concatenate([crop[None], covered(crop, over, um_per_px)])).astype(np.float64)
    others = [k for k in range(logits.shape[1]) if k not in leaves]
    rival = max(others, key=lambda k: float(logits[0, k]))
    odds = _log_sum(logits[:, list(leaves)]) - logits[:, rival]
    # The middle of a place is credited more than its rim, which neighbours cover too.
    credit = over**2
    lost = np.tensordot((odds[0] - odds[1:]).astype(np.float32), credit, axes=(0, 0))
    return OcclusionMap(
        np.asarray(lost / np.maximum(credit.sum(axis=0), _WELL_COVERED), np.float32), rival, float(odds[0])
    )


def _log_sum(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    top = logits.max(axis=1)
    return np.asarray(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)))
