"""Whether a picture of a cell is too poor to be judged: too dark, without contrast, hopelessly blurred."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.focus import edge_blur_px

# Pictures are judged at this scale, um per px.
_JUDGED_MPP = 0.42
# The brightest parts of a dark picture are below this level.
_DARK = 30.0
# Levels of green between the darkest and the brightest parts, at least: a pale cell has more than a hundred.
_CONTRAST = 12.0
# Standard deviation of the blur, um, beyond which the lobes of a nucleus flow together.
_BLUR_UM = 1.6
# Share of the pixels that are left out at either end.
_ENDS = 0.02


def too_poor(rgb: NDArray[np.uint8], mpp: float) -> bool:
    """Tell whether nothing can be told of a cell.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The cell and what is around it, about 27 um.
    mpp : float
        um per px.
    """
    factor = mpp / _JUDGED_MPP
    if factor < 1:
        size = tuple(max(8, round(n * factor)) for n in rgb.shape[1::-1])
        rgb, mpp = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8), _JUDGED_MPP
    green = rgb[..., 1]
    darkest, brightest = _ends(green)
    if brightest - darkest < _CONTRAST or _ends(rgb.max(axis=2))[1] < _DARK:
        return True
    return edge_blur_px(green) * mpp > _BLUR_UM


def _ends(values: NDArray[np.uint8]) -> tuple[float, float]:
    """Nearly the lowest and nearly the highest value."""
    last = values.size - 1
    places = (round(_ENDS * last), round((1 - _ENDS) * last))
    ranked = np.partition(values, places, axis=None)
    return float(ranked[places[0]]), float(ranked[places[1]])
