"""A drawn smear in even white light, for tests of light and picture quality."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]


def drawn_smear(width: int = 640, height: int = 480, cells: int = 150, seed: int = 1) -> UInt8:
    """Red cells and one leukocyte on a blank field of 235 in every channel."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 235, np.uint8)
    for _ in range(cells):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(image, at, 22, (210, 160, 165), -1, cv2.LINE_AA)
        cv2.circle(image, at, 7, (222, 190, 192), -1, cv2.LINE_AA)
    cv2.circle(image, (width // 2, height // 2), 36, (196, 160, 190), -1, cv2.LINE_AA)
    cv2.circle(image, (width // 2, height // 2), 24, (92, 40, 130), -1, cv2.LINE_AA)
    return image
