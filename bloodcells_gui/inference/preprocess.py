"""Cut and resample the network's input from an image, alike in training and serving."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def background_colour(image: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Colour of the blank field, as the median of the brighter half of the image's rim.

    Parameters
    ----------
    image : (h, w, 3) uint8 RGB

    Returns
    -------
    tuple of int
        RGB, 0 to 255.
    """
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    brightness = rim.sum(axis=1, dtype=np.int32)
    bright = rim[brightness >= np.median(brightness)]
    r, g, b = np.median(bright, axis=0)
    return int(r), int(g), int(b)


def crop_at_scale(
    image: NDArray[np.uint8],
    centre_px: tuple[float, float],
    mpp: float,
    size_px: int,
    um_per_px: float,
) -> NDArray[np.uint8]:
    """A square window around a point, resampled once to the wanted scale.

    Beyond the image it has the colour of the blank field: mirrored pixels would complete a cell that the edge
    cuts, and show cells that nobody saw.

    Parameters
    ----------
    image : (h, w, 3) uint8 RGB
    centre_px : (x, y) in px of `image`
    mpp : float
        Scale of `image`, um per px.
    size_px, um_per_px : int, float
        Side (px) and scale (um per px) of the result.

    Returns
    -------
    (size_px, size_px, 3) uint8 RGB

    Raises
    ------
    ValueError
        On a scale that is not a positive finite number, or an empty image.
    """
    if not (math.isfinite(mpp) and mpp > 0 and um_per_px > 0):
        raise ValueError(f"scale must be positive: {mpp} um/px")
    side = max(1, round(size_px * um_per_px / mpp))
    window = window_at(image, centre_px, side)
    if side == size_px:
        return np.ascontiguousarray(window)
    # INTER_AREA averages every source pixel when shrinking (no aliasing), but is nearest when enlarging.
    how = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    resized: NDArray[np.uint8] = cv2.resize(window, (size_px, size_px), interpolation=how)
    return resized


def window_at(image: NDArray[np.uint8], centre_px: tuple[float, float], side: int) -> NDArray[np.uint8]:
    """The square of `side` px around a point, as it is; a view of `image` where it lies inside.

    Beyond the image it is filled, and ValueError is raised, as by :func:`crop_at_scale`.
    """
    height, width = image.shape[:2]
    if height == 0 or width == 0:
        raise ValueError("empty image")
    x0 = round(centre_px[0] - side / 2)
    y0 = round(centre_px[1] - side / 2)
    left, top = max(0, -x0), max(0, -y0)
    right, bottom = max(0, x0 + side - width), max(0, y0 + side - height)
    window = image[max(0, y0) : max(0, y0 + side), max(0, x0) : max(0, x0 + side)]
    if window.size == 0:
        raise ValueError("the window lies outside the image")
    if left or top or right or bottom:
        colour = background_colour(image)
        window = cv2.copyMakeBorder(window, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)
    return window


def crops_at_scale(
    image: NDArray[np.uint8],
    centres_px: Sequence[tuple[float, float]],
    mpp: float,
    size_px: int,
    um_per_px: float,
) -> NDArray[np.uint8]:
    """`crop_at_scale` at several points: (n, size_px, size_px, 3) uint8 RGB."""
    out = np.empty((len(centres_px), size_px, size_px, 3), np.uint8)
    for i, centre in enumerate(centres_px):
        out[i] = crop_at_scale(image, centre, mpp, size_px, um_per_px)
    return out
