"""Colours of maps over the picture."""

from __future__ import annotations

import numpy as np

# Dark violet to yellow: rises in lightness, so it can be read without colours as well (after viridis).
_RAMP = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], np.float64)


def colormap(value: float) -> tuple[int, int, int]:
    """Colour of a value from 0 to 1."""
    at = min(max(value, 0.0), 1.0) * (len(_RAMP) - 1)
    low = min(int(at), len(_RAMP) - 2)
    rgb = _RAMP[low] + (_RAMP[low + 1] - _RAMP[low]) * (at - low)
    return int(rgb[0]), int(rgb[1]), int(rgb[2])
