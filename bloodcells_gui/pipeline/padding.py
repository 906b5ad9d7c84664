"""Find the picture within the padding that somebody put around it.

Crops are often padded to a square with black or grey: a network that looks beyond the picture sees a wall
where it knows blank glass. Padding as bright as blank glass does no harm and stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.inference.preprocess import background_colour

Floats = NDArray[np.float64]

# Its px differ by no more than this (JPEG), and no rim of a smear is so even over its whole length.
_SAME = 10
# So much darker than blank glass (grey levels of green), or it is no padding but glass.
_DARKER = 25
# What is left must be a picture.
_LEAST_PX = 16


def picture_within(image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (px, right and bottom exclusive) of a picture without dark padding.

    Parameters
    ----------
    image : (h, w, 3) uint8 RGB

    Returns
    -------
    tuple of int
        The whole image where it has none.
    """
    height, width = image.shape[:2]
    whole = (0, 0, width, height)
    if min(height, width) < _LEAST_PX:
        return whole
    top, bottom = _even(image)
    left, right = _even(np.swapaxes(image, 0, 1))
    box = (left, top, width - right, height - bottom)
    if box == whole or box[2] - box[0] < _LEAST_PX or box[3] - box[1] < _LEAST_PX:
        return whole
    inner = image[box[1] : box[3], box[0] : box[2]]
    glass = background_colour(inner)[1]
    cuts = ((top, image[0]), (bottom, image[-1]), (left, image[:, 0]), (right, image[:, -1]))
    dark = [int(np.median(rim[:, 1])) <= glass - _DARKER for depth, rim in cuts if depth]
    return box if all(dark) else whole


def without_padding(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture alone, (h, w, 3) uint8 RGB; a view of `image`."""
    left, top, right, bottom = picture_within(image)
    return image[top:bottom, left:right]


def _even(image: NDArray[np.uint8]) -> tuple[int, int]:
    """How many rows at the top and at the bottom have one colour, that of the outermost."""
    if not (_has_one_colour(image[0]) or _has_one_colour(image[-1])):
        return 0, 0
    # The largest and smallest of each row; many times as fast along the first axis.
    columns = np.ascontiguousarray(np.swapaxes(image, 0, 1))
    highest, lowest = columns.max(axis=0).astype(np.float64), columns.min(axis=0).astype(np.float64)
    return _depth(image[0], highest, lowest), _depth(image[-1], highest[::-1], lowest[::-1])


def _has_one_colour(rim: NDArray[np.uint8]) -> bool:
    """Whether the px of a rim (n, 3) can differ from their median by no more than `_SAME`."""
    return bool((rim.max(axis=0).astype(int) - rim.min(axis=0)).max() <= 2 * _SAME)


def _depth(rim: NDArray[np.uint8], highest: Floats, lowest: Floats) -> int:
    """How many rows, from the rim on, differ from the rim's colour by no more than `_SAME`."""
    colour = np.median(rim, axis=0)
    same = (np.maximum(highest - colour, colour - lowest) <= _SAME).all(axis=1)
    return len(same) if same.all() else int(np.argmin(same))
