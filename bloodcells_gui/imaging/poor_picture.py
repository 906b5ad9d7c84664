"""Whether a picture of a cell is too poor to be judged: too dark, without contrast, hopelessly blurred.

And whether it is so far out of focus that its cell cannot be named.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.focus import BLUR_UNKNOWN_PX, edge_blur_px

# Pictures are judged at this scale, um per px.
_JUDGED_MPP = 0.42
# The brightest parts of a dark picture are below this level.
_DARK = 30.0
# Levels of green between the darkest and the brightest parts, at least: a pale cell has more than a hundred.
_CONTRAST = 12.0
# Standard deviation of the blur, um, beyond which the lobes of a nucleus flow together.
_BLUR_UM = 1.6
# A nucleated cell is not named beyond the first of these blurs, um, where its texture is gone too (the
# measurement `focus`), and beyond the second in any case. Of 450 cells of two laboratories, blurred step by
# step, wrong names fall thereby from 9.1 to 5.1 of 100 cells at 0.6 um, from 19.6 to 2.2 at 0.8 um and from
# 23.6 to 0.7 at 1 um; as photographed none of these waits, nor of 150 cells each of three further sets, the
# soft Tecom crops among them (`scripts/training/evaluate_focus.py`).
_SOFT_UM, _BLURRED_UM = 0.5, 0.9
# Share of the pixels that are left out at either end.
_ENDS = 0.02


class PictureLook(NamedTuple):
    """Whether nothing can be told of a picture, and the standard deviation of its blur, um."""

    too_poor: bool
    blur_um: float

    def out_of_focus(self, *, without_texture: bool) -> bool:
        """Tell whether a nucleated cell cannot be named for want of focus."""
        return not self.too_poor and self.blur_um > (_SOFT_UM if without_texture else _BLURRED_UM)


def too_poor(rgb: NDArray[np.uint8], mpp: float) -> bool:
    """Tell whether nothing can be told of a cell; parameters as in :func:`look_of`."""
    return look_of(rgb, mpp).too_poor


def look_of(rgb: NDArray[np.uint8], mpp: float) -> PictureLook:
    """Judge the picture of a cell.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        The cell and what is around it, about 27 um.
    mpp : float
        um per px.
    """
    rgb, mpp = _at_judged_scale(rgb, mpp)
    green = rgb[..., 1]
    darkest, brightest = _ends(green)
    if brightest - darkest < _CONTRAST or _ends(rgb.max(axis=2))[1] < _DARK:
        return PictureLook(too_poor=True, blur_um=BLUR_UNKNOWN_PX * mpp)
    blur = edge_blur_px(green) * mpp
    return PictureLook(blur > _BLUR_UM, blur)


def _at_judged_scale(rgb: NDArray[np.uint8], mpp: float) -> tuple[NDArray[np.uint8], float]:
    factor = mpp / _JUDGED_MPP
    if factor >= 1:
        return rgb, mpp
    size = tuple(max(8, round(n * factor)) for n in rgb.shape[1::-1])
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8), _JUDGED_MPP


def _ends(values: NDArray[np.uint8]) -> tuple[float, float]:
    """Nearly the lowest and nearly the highest value."""
    last = values.size - 1
    places = (round(_ENDS * last), round((1 - _ENDS) * last))
    ranked = np.partition(values, places, axis=None)
    return float(ranked[places[0]]), float(ranked[places[1]])
