"""Outlines with sub-pixel accuracy, and masks carried from the network's window to the image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_FINE = 4


def outlines(binary: NDArray[np.uint8] | NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """Smooth outer contours of a mask.

    Parameters
    ----------
    binary : (h, w), anything but 0 is inside

    Returns
    -------
    list of (n, 2) float32
        x, y in px of the mask, where (0, 0) is the top left *corner* of the first pixel; largest first.
    """
    inside = np.pad((np.asarray(binary) != 0).astype(np.float32), 2)
    fine = cv2.resize(inside, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(fine, (0, 0), _FINE * 0.5)
    contours, _ = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contours = sorted(contours, key=cv2.contourArea, reverse=True)
    return [((c[:, 0, :] + 0.5) / _FINE - 2).astype(np.float32) for c in contours if len(c) >= 3]


def window_to_image(
    points: NDArray[np.float32], crop_px: tuple[float, float, float], size_px: int
) -> NDArray[np.float32]:
    """Points of a window in image coordinates.

    Parameters
    ----------
    points : (n, 2) float32, x, y in px of the window
    crop_px : x, y, side of the window in the image, full-resolution px
    size_px : side of the window in its own px
    """
    x, y, side = crop_px
    return (points * np.float32(side / size_px) + np.array([x, y], np.float32)).astype(np.float32)


def mask_to_image(
    mask: NDArray[np.uint8], crop_px: tuple[float, float, float], image_size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """A window's mask at the image's own size and place.

    Every class is interpolated by itself and the strongest wins, so borders stay smooth when a small window
    is enlarged and
    no class appears between two others.

    Parameters
    ----------
    mask : (s, s) uint8, 0 background, 1 cytoplasm, 2 nucleus
    crop_px : x, y, side of the window in the image, px
    image_size_px : width, height

    Returns
    -------
    (height, width) uint8
    """
    width, height = image_size_px
    x, y, side = crop_px
    out = np.zeros((height, width), np.uint8)
    x0, y0 = max(0, int(np.floor(x))), max(0, int(np.floor(y)))
    x1, y1 = min(width, int(np.ceil(x + side))), min(height, int(np.ceil(y + side)))
    if x1 <= x0 or y1 <= y0 or not mask.any():
        return out
    step = mask.shape[0] / side
    # Pixel centres of the region, in px of the window (centre of its first pixel is 0).
    matrix = np.array([[step, 0, (x0 + 0.5 - x) * step - 0.5], [0, step, (y0 + 0.5 - y) * step - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    planes = [
        cv2.warpAffine((mask == v).astype(np.float32), matrix, (x1 - x0, y1 - y0), flags=flags)
        for v in (1, 2)
    ]
    cell = planes[0] + planes[1]
    part = np.where(planes[1] >= planes[0], 2, 1).astype(np.uint8)
    out[y0:y1, x0:x1] = np.where(cell >= 0.5, part, 0)
    return out
