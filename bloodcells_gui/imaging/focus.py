"""How sharp an image is, in micrometres of edge blur: independent of stain, contrast and number of cells."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

_FINE_PX, _COARSE_PX = 1.0, 2.0
#: No edge at all, or no end of the blur in sight.
BLUR_UNKNOWN_PX = 12.0


def edge_blur_px(grey: NDArray[np.uint8] | NDArray[np.float32]) -> float:
    """Standard deviation of the blur of the edges in an image, px.

    A step edge blurred by b and then smoothed by s has a gradient energy proportional to 1 / sqrt(s^2 + b^2),
    so the energies at two smoothings give b whatever the height and the number of the edges:
    b^2 = (s2^2 - R^2 s1^2) / (R^2 - 1) with R = E(s1) / E(s2) (from the Gaussian edge model of Elder and
    Zucker 1998, IEEE PAMI 20:699).

    Parameters
    ----------
    grey : (h, w) uint8 or float32

    Returns
    -------
    float
        0 (perfectly sharp) to `BLUR_UNKNOWN_PX` (no edges).
    """
    if min(grey.shape[:2]) < 8:
        return BLUR_UNKNOWN_PX
    image = grey.astype(np.float32)
    fine, coarse = _gradient_energy(image, _FINE_PX), _gradient_energy(image, _COARSE_PX)
    # Less than about one grey level per px anywhere: sensor noise on an empty field.
    if coarse < 0.02:
        return BLUR_UNKNOWN_PX
    ratio2 = (fine / coarse) ** 2
    if ratio2 <= 1.0:
        return BLUR_UNKNOWN_PX
    blur2 = (_COARSE_PX**2 - ratio2 * _FINE_PX**2) / (ratio2 - 1.0)
    return min(math.sqrt(max(blur2, 0.0)), BLUR_UNKNOWN_PX)


def _gradient_energy(image: NDArray[np.float32], sigma: float) -> float:
    smooth = cv2.GaussianBlur(image, (0, 0), sigma)
    # Half Scharr/32: grey levels per px.
    gx = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=1 / 32)
    gy = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=1 / 32)
    return float(np.mean(gx * gx + gy * gy))
