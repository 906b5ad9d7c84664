"""How far Raabin's masks lie beside their cells."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

#: Raabin's masks lie beside their cells, in one of two ways (px of the 384 px crops, right and down): the median offsets at
#: which the masks of the nuclei cover what is darkest. What is between the two is noise (sd 0.2 to 0.4 px).
MASK_OFFSETS = ((0.5, 0.8), (0.5, 2.4))


def moved(plane: Float32, offset: tuple[float, float]) -> Float32:
    """A mask that was drawn `offset` px too far right and down, put back."""
    matrix = np.array([[1.0, 0.0, -offset[0]], [0.0, 1.0, -offset[1]]])
    size = (plane.shape[1], plane.shape[0])
    return np.asarray(cv2.warpAffine(plane, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.float32)


def mask_offset(image: UInt8, mask: UInt8) -> tuple[float, float]:
    """Which of `MASK_OFFSETS` a Raabin mask has: the one without which its nucleus (or its cell, where none is drawn)
    covers the darker pixels of the green channel."""
    dark = 255.0 - image[:, :, 1].astype(np.float32)
    part = ((mask == 2) if (mask == 2).any() else (mask > 0)).astype(np.float32)
    return max(MASK_OFFSETS, key=lambda offset: float((moved(part, offset) * dark).sum()))
