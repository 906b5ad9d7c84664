"""Convert whatever a decoder delivers to RGB uint8."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.io.colour import Conversion

_WHOLE_TOPS = tuple(float(2**depth - 1) for depth in (8, 10, 12, 14, 16))
_REAL_TOPS = (1.0, *_WHOLE_TOPS)
# Hot pixels and dust are far fewer; the sky of a true 16-bit image is far more.
_FEW = 1e-3
# A smear's glass is bright: what fits in a sixteenth of the range was stored with fewer bits.
_OTHER_DEPTH, _FAR_DARKER = 16, 4
_ORIENTATION_TURNS = {3: 2, 4: 2, 5: 3, 6: 3, 7: 1, 8: 1}
_ORIENTATION_MIRRORED = (2, 4, 5, 7)


@dataclass(frozen=True, slots=True)
class SampleRange:
    """The values that mean full brightness in all images of a specimen; 0 where each image tells its own.

    Attributes
    ----------
    whole, real : float
        Of whole numbers of more than 8 bits, and of floating-point numbers.
    """

    whole: float = 0.0
    real: float = 0.0

    def top(self, colours: NDArray[np.generic]) -> tuple[float | None, bool]:
        """For these samples (without alpha), and whether their numbers hardly fit the specimen's range.

        None where they tell it themselves. One file of another depth neither blackens the others nor is
        blackened or bleached by them: each keeps its own range then. Less far off it may be a dark picture.
        """
        common = self.real if colours.dtype.kind == "f" else self.whole
        if not common or colours.dtype.itemsize == 1:
            return common or None, False
        own = sample_range(colours)
        numbers: NDArray[Any] = colours
        bleached = own > common and np.count_nonzero(numbers > common) * 2 > numbers.size
        if bleached or own * _OTHER_DEPTH <= common:
            return own, True
        return common, own * _FAR_DARKER <= common


ITS_OWN = SampleRange()
Beyond = tuple[bool, int, tuple[int, ...]]
"""Whether samples are floating-point numbers, how many there are, and how many lie beyond each top."""


def tops(real: bool) -> int:
    """Number of the limits that :func:`beyond` counts against."""
    return len(_REAL_TOPS if real else _WHOLE_TOPS)


def beyond(values: NDArray[np.generic]) -> Beyond | None:
    """Count the samples beyond each possible range; None for 8 bits, whose range is known."""
    if values.dtype in (np.dtype(np.uint8), np.dtype(np.bool_)):
        return None
    real = values.dtype.kind == "f"
    tops = _REAL_TOPS if real else _WHOLE_TOPS
    if values.dtype == np.uint16:
        counts = np.cumsum(np.bincount(values.reshape(-1), minlength=65536)[::-1])[::-1]
        return False, values.size, tuple(int(counts[int(t) + 1]) if t < 65535 else 0 for t in tops)
    numbers: NDArray[Any] = values
    return real, values.size, tuple(int(np.count_nonzero(numbers > t)) for t in tops)


def range_of(found: Iterable[Beyond], widest: float = 2.0**32 - 1) -> SampleRange:
    """One range for images that are shown alike.

    The smallest of the usual depths that all but one sample in 1,000 fit in: single hot pixels decide
    nothing, and stretching to minimum and maximum would change the stain's colours. Cameras deliver 10, 12 or
    14 bits in a 16-bit container; floats are taken as 0..1, 0..255 and so on. `widest` is the top of what
    fits in none.
    """
    found = list(found)

    def top(real: bool) -> float:
        ours = [(n, counts) for is_real, n, counts in found if is_real == real and n]
        if not ours:
            return 0.0
        total = sum(n for n, _ in ours)
        tops = _REAL_TOPS if real else _WHOLE_TOPS
        fits = (t for i, t in enumerate(tops) if sum(c[i] for _, c in ours) <= _FEW * total)
        return next(fits, _REAL_TOPS[-1] if real else widest)

    return SampleRange(top(False), top(True))


def sample_range(values: NDArray[np.generic]) -> float:
    """The value that means full brightness in one image by itself, as :func:`range_of` tells."""
    told = beyond(values)
    if told is None:
        return 255.0
    found = range_of((told,), float(2 ** (8 * values.itemsize) - 1))
    return found.real if told[0] else found.whole


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
    return np.asarray(np.clip(np.rint(clean * (255.0 / top)), 0, 255), np.uint8)


def _to_uint16(values: NDArray[np.generic], top: float | None) -> NDArray[np.uint16]:
    top = sample_range(values) if top is None else top
    scaled = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0) * (65535.0 / top)
    return np.asarray(np.clip(np.rint(scaled), 0, 65535), np.uint16)


def over_white(
    rgb: NDArray[np.uint8], alpha: NDArray[np.uint8], multiplied: bool = False
) -> NDArray[np.uint8]:
    """Colours shown on white, (h, w, 3) and (h, w); `multiplied` where alpha is in the colours already."""
    if alpha.min(initial=255) == 255:
        return rgb
    a = alpha[..., None].astype(np.uint32)
    if multiplied:
        return np.asarray(np.minimum(rgb + (255 - a), 255), np.uint8)
    return ((rgb * a + 255 * (255 - a) + 127) // 255).astype(np.uint8)


Alpha = Literal["straight", "multiplied", "none"]


def colours_of(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """The samples that are colours; the last of 2 or 4 is alpha, which fills its container."""
    return pixels[..., :-1] if pixels.ndim == 3 and pixels.shape[2] in (2, 4) else pixels


def wholly_transparent(pixels: NDArray[np.generic]) -> bool:
    """Whether the last of 2 or 4 samples, taken for alpha, hides everything."""
    return pixels.ndim == 3 and pixels.shape[2] in (2, 4) and not pixels[..., -1].any()


def to_rgb(
    pixels: NDArray[np.generic],
    bgr: bool = False,
    top: float | None = None,
    alpha: Alpha = "straight",
    to_srgb: Conversion | None = None,
) -> NDArray[np.uint8]:
    """Grey, grey + alpha, colour or colour + alpha of any depth as RGB uint8, shape (h, w, 3).

    Alpha is composited on white, the colour of empty glass; with "none" the second or fourth sample is
    something else and left out. `top` as in :func:`to_uint8`. `to_srgb` is applied before 16 bits become 8.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    n = pixels.shape[2]
    colours = n - 1 if n in (2, 4) else n
    deep = to_srgb is not None and pixels.dtype.itemsize > 1
    part = pixels[..., :colours]
    colour: NDArray[Any] = _to_uint16(part, top) if deep else to_uint8(part, top)
    if colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    elif bgr:
        colour = colour[..., ::-1]
    if to_srgb is not None:
        colour = to_srgb(colour[..., :3])
    if colours < n and alpha != "none":
        a = pixels[..., colours]
        # Alpha fills its container even when the colours do not.
        shown = to_uint8(a, float(2 ** (8 * a.itemsize) - 1) if a.dtype.kind == "u" else None)
        colour = over_white(colour, shown, alpha == "multiplied")
    return np.ascontiguousarray(colour[..., :3])


def orient(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation (1 to 8; CIPA DC-008, tag 0x0112)."""
    if orientation in _ORIENTATION_TURNS:
        rgb = np.rot90(rgb, _ORIENTATION_TURNS[orientation])
    if orientation in _ORIENTATION_MIRRORED:
        rgb = rgb[:, ::-1]
    return np.ascontiguousarray(rgb)
