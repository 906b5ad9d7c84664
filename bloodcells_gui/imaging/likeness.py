"""Whether pictures show the same, and whether one is a mask: from pixels, never from names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MASK_COLOURS = 32
_MASK_LEVELS = 4
_NEAR_LEVEL = 6
_ON_LEVELS = 0.96

RGB = NDArray[np.uint8]


def looks_like_mask(rgb: RGB) -> bool:
    """Whether a picture (h, w, 3) is made of a few flat colours, as label images are.

    A mask stored as JPEG has noise around its levels: then nearly all pixels are grey and lie near one of at
    most four levels.
    """
    flat = rgb.reshape(-1, 3).astype(np.uint32)
    codes = flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2]
    if len(np.unique(codes)) <= _MASK_COLOURS:
        return True
    if int(np.ptp(flat.astype(np.int16), axis=1).max()) > _NEAR_LEVEL:
        return False
    counts = np.bincount(flat[:, 1], minlength=256).astype(np.float64)
    covered = 0.0
    for _ in range(_MASK_LEVELS):
        level = int(counts.argmax())
        near = slice(max(0, level - _NEAR_LEVEL), level + _NEAR_LEVEL + 1)
        covered += counts[near].sum()
        counts[near] = 0
    return bool(covered >= _ON_LEVELS * len(flat))
