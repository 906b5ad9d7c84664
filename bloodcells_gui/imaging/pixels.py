"""From whatever a decoder delivers to RGB uint8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DEPTHS = (8, 10, 12, 14, 16)
_ORIENTATION_TURNS = {3: 2, 4: 2, 5: 3, 6: 3, 7: 1, 8: 1}
_ORIENTATION_MIRRORED = (2, 4, 5, 7)


def sample_range(values: NDArray[np.generic]) -> float:
    """The value that means full brightness, judged by the container and never by the extremes alone.

    Stretching to minimum and maximum would change the stain colours. Cameras deliver 10, 12 or 14 bits in a
    16-bit container, so the smallest of these depths that holds the largest value is taken. Floats are taken
    as 0..1, 0..255 or 0..65535.
    """
    if values.dtype in (np.dtype(np.uint8), np.dtype(np.bool_)):
        return 255.0
    if values.dtype.kind == "f":
        finite = values[np.isfinite(values)]
        peak = float(finite.max(initial=0.0))
        return 1.0 if peak <= 1.0 else 255.0 if peak <= 255.0 else 65535.0
    peak = float(values.max(initial=0))
    return float(next((2**d - 1 for d in _DEPTHS if peak <= 2**d - 1), 2 ** (8 * values.itemsize) - 1))


def to_uint8(values: NDArray[np.generic], top: float | None = None) -> NDArray[np.uint8]:
    """Samples of any type scaled so that `top` (default: :func:`sample_range`) becomes 255; NaN becomes 0."""
    if values.dtype == np.uint8:
        same: NDArray[np.uint8] = values.view(np.uint8)
        return same
    if values.dtype == np.bool_:
        return np.where(values, np.uint8(255), np.uint8(0))
    top = sample_range(values) if top is None else top
    if values.dtype == np.uint16:
        table = np.clip(np.rint(np.arange(65536) * (255.0 / top)), 0, 255).astype(np.uint8)
        scaled: NDArray[np.uint8] = table[values]
        return scaled
    clean = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    rounded: NDArray[np.uint8] = np.clip(np.rint(clean * (255.0 / top)), 0, 255).astype(np.uint8)
    return rounded


def over_white(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Unassociated-alpha colours shown on white, (h, w, 3) and (h, w)."""
    if alpha.min(initial=255) == 255:
        return rgb
    a = alpha[..., None].astype(np.uint32)
    return ((rgb * a + 255 * (255 - a) + 127) // 255).astype(np.uint8)


def to_rgb(pixels: NDArray[np.generic], bgr: bool = False, top: float | None = None) -> NDArray[np.uint8]:
    """Grey, grey + alpha, colour or colour + alpha of any depth as RGB uint8, shape (h, w, 3).

    Alpha is composited on white, the colour of empty glass. `top` as in :func:`to_uint8`.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    n = pixels.shape[2]
    alpha = None
    if n in (2, 4):
        a = pixels[..., n - 1]
        # Alpha fills its container even when the colours do not.
        alpha = to_uint8(a, float(2 ** (8 * a.itemsize) - 1) if a.dtype.kind == "u" else None)
    colour = to_uint8(pixels[..., : n - 1 if alpha is not None else n], top)
    if colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    elif bgr:
        colour = colour[..., ::-1]
    if alpha is not None:
        colour = over_white(colour, alpha)
    return np.ascontiguousarray(colour[..., :3])


def orient(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation (1 to 8; CIPA DC-008, tag 0x0112)."""
    if orientation in _ORIENTATION_TURNS:
        rgb = np.rot90(rgb, _ORIENTATION_TURNS[orientation])
    if orientation in _ORIENTATION_MIRRORED:
        rgb = rgb[:, ::-1]
    return np.ascontiguousarray(rgb)
