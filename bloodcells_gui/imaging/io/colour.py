"""Convert stated colours to sRGB: matrix and grey ICC profiles, and what replaces them.

Models and measurements expect sRGB. Profiles come from untrusted files: every number is bounded, and a
profile that cannot be true is not applied. Tables of several dimensions (LUT profiles) are not applied;
a person is told.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 4 * 1024 * 1024
_MOST_TAGS = 200
_MOST_POINTS = 65_536
_GRID = 4096
# Profiles of sRGB itself differ from each other by less.
_SAME_LEVELS = 2
Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Matrix = NDArray[np.float64]

# IEC 61966-2-1, adapted to D50 (Bradford), columns red, green, blue.
_SRGB_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_SRGB_XY = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_P3_XY = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_ADOBE_XY = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_D65_XY = (0.3127, 0.3290)
_ADOBE_GAMMA = 563 / 256
_WHITE_MAY_BE_OFF = 0.06


class UnusableProfile(ValueError):
    """A profile that is damaged, cannot be true, or is of a kind that is not applied."""


def _srgb_decode(v: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(v <= 0.04045, v / 12.92, ((np.maximum(v, 0) + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=1)
def _srgb_encode() -> NDArray[np.uint8]:
    """sRGB level of each of 65,536 steps of light."""
    v = np.arange(65536) / 65535
    out = np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)
    levels: NDArray[np.uint8] = np.clip(np.rint(out * 255), 0, 255).astype(np.uint8)
    return levels


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """From a file's colours to sRGB.

    Attributes
    ----------
    light : (3, 4096) float32
        Light of each channel, 0 to 1, at evenly spaced samples.
    matrix : (3, 3) float32
        From that light to sRGB's red, green and blue light.
    """

    light: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def __call__(self, rgb: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
        """sRGB of pixels (h, w, 3) of 8 or 16 bits; what sRGB cannot show is cut at its borders."""
        full = 255 if rgb.dtype == np.uint8 else 65535
        at = np.linspace(0, _GRID - 1, full + 1)
        tables = [np.interp(at, np.arange(_GRID), c).astype(np.float32) for c in self.light]
        channels = np.ascontiguousarray(rgb)
        light = np.stack([t[channels[..., k]] for k, t in enumerate(tables)], axis=-1)
        mixed = cv2.transform(light, self.matrix * np.float32(65535))
        steps = np.clip(np.rint(mixed), 0, 65535).astype(np.uint16)
        out: NDArray[np.uint8] = _srgb_encode()[steps]
        return out

    @property
    def changes_little(self) -> bool:
        """Whether no colour of 8 bits is moved by more than two levels: sRGB under another name."""
        side = np.arange(0, 256, 15, dtype=np.uint8)
        grid = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(1, -1, 3)
        return int(np.abs(self(grid).astype(int) - grid).max()) <= _SAME_LEVELS


def conversion(curves: tuple[Curve, Curve, Curve], to_xyz: Matrix) -> Conversion | None:
    """From each channel's curve and the XYZ (D50) of its light; None for what is sRGB anyway.

    Raises
    ------
    UnusableProfile
        When the numbers cannot be those of a camera, a scanner or a screen.
    """
    white = to_xyz.sum(axis=1)
    if not np.isfinite(to_xyz).all() or np.abs(white - _D50).max() > _WHITE_MAY_BE_OFF:
        raise UnusableProfile("its white is not white")
    if abs(np.linalg.det(to_xyz)) < 1e-4:
        raise UnusableProfile("its colours are one")
    # White stays white, whatever the last digits say.
    matrix = np.linalg.solve(_SRGB_TO_XYZ, to_xyz)
    matrix = matrix / matrix.sum(axis=1, keepdims=True)
    at = np.linspace(0, 1, _GRID)
    light = np.stack([curve(at) for curve in curves])
    if not np.isfinite(light).all() or (np.diff(light, axis=1) < -1e-3).any() or (light[:, -1] < 0.5).any():
        raise UnusableProfile("its curves fall")
    made = Conversion(np.clip(light, 0, 1).astype(np.float32), matrix.astype(np.float32))
    return None if made.changes_little else made


def from_primaries(
    xy: tuple[tuple[float, float], ...], white_xy: tuple[float, float], curve: Curve
) -> Conversion | None:
    """From chromaticities of red, green, blue and white (CIE 1931), and one curve for all."""

    def xyz(x: float, y: float) -> NDArray[np.float64]:
        if not (0 < y <= 1 and 0 <= x <= 1):
            raise UnusableProfile("no chromaticity")
        return np.array([x / y, 1.0, (1 - x - y) / y])

    columns = np.stack([xyz(*p) for p in xy], axis=1)
    white = xyz(*white_xy)
    if abs(np.linalg.det(columns)) < 1e-6:
        raise UnusableProfile("its colours are one")
    to_xyz = columns * np.linalg.solve(columns, white)
    scale = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    return conversion((curve, curve, curve), np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD @ to_xyz)


@lru_cache(maxsize=16)
def adobe_rgb() -> Conversion | None:
    """Adobe RGB (1998), which cameras name in EXIF instead of embedding its profile."""
    return from_primaries(_ADOBE_XY, _D65_XY, _power(_ADOBE_GAMMA))


@lru_cache(maxsize=16)
def display_p3() -> Conversion | None:
    """Display P3: wider primaries, the curve of sRGB."""
    return from_primaries(_P3_XY, _D65_XY, _srgb_decode)


@lru_cache(maxsize=16)
def gamma(
    exponent: float, xy: tuple[tuple[float, float], ...] = _SRGB_XY, white: tuple[float, float] = _D65_XY
) -> Conversion | None:
    """Light is the sample to the power of `exponent`; 2.2 is taken for the curve of sRGB."""
    if not 0.2 <= exponent <= 5:
        raise UnusableProfile("an absurd gamma")
    return from_primaries(xy, white, _srgb_decode if abs(exponent - 2.2) < 0.05 else _power(exponent))


@lru_cache(maxsize=16)
def from_icc(profile: bytes) -> Conversion | None:
    """From an ICC profile of version 2 or 4; None when it is sRGB.

    Raises
    ------
    UnusableProfile
        When it is damaged, has tables of several dimensions only, or describes inks.
    """
    if not 132 <= len(profile) <= MOST_BYTES or profile[36:40] != b"acsp":
        raise UnusableProfile("no profile")
    tags = _tags(profile)
    space, pcs = profile[16:20], profile[20:24]
    if space == b"GRAY" and "kTRC" in tags:
        curve = _curve(tags["kTRC"])
        return conversion((curve, curve, curve), _SRGB_TO_XYZ)
    if space != b"RGB " or pcs != b"XYZ " or not all(f"{c}XYZ" in tags and f"{c}TRC" in tags for c in "rgb"):
        raise UnusableProfile("no matrix profile")
    to_xyz = np.stack([_xyz(tags[f"{c}XYZ"]) for c in "rgb"], axis=1)
    return conversion((_curve(tags["rTRC"]), _curve(tags["gTRC"]), _curve(tags["bTRC"])), to_xyz)


def _tags(profile: bytes) -> dict[str, bytes]:
    count = struct.unpack(">I", profile[128:132])[0]
    if count > _MOST_TAGS or 132 + 12 * count > len(profile):
        raise UnusableProfile("an absurd number of tags")
    found = {}
    for i in range(count):
        name, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if offset + size <= len(profile):
            found[name.decode("latin-1")] = profile[offset : offset + size]
    return found


def _fixed(data: bytes, at: int, count: int) -> NDArray[np.float64]:
    if at + 4 * count > len(data):
        raise UnusableProfile("cut off")
    return np.frombuffer(data, ">i4", count, at).astype(np.float64) / 65536


def _xyz(data: bytes) -> NDArray[np.float64]:
    if data[:4] != b"XYZ ":
        raise UnusableProfile("no colour")
    return _fixed(data, 8, 3)


def _power(exponent: float) -> Curve:
    return lambda v: np.maximum(v, 0) ** exponent


def _curve(data: bytes) -> Curve:
    if data[:4] == b"curv" and len(data) >= 12:
        count = struct.unpack(">I", data[8:12])[0]
        if count > _MOST_POINTS or 12 + 2 * count > len(data):
            raise UnusableProfile("an absurd curve")
        points = np.frombuffer(data, ">u2", count, 12).astype(np.float64)
        if count == 0:
            return lambda v: v
        if count == 1:
            return _power(_bounded(points[0] / 256))
        return lambda v: np.interp(v, np.linspace(0, 1, count), points / 65535)
    if data[:4] == b"para" and len(data) >= 12:
        return _parametric(struct.unpack(">H", data[8:10])[0], data)
    raise UnusableProfile("no curve")


def _parametric(kind: int, data: bytes) -> Curve:
    """ICC.1:2010, 10.16: Y = (aX + b)^g + e above d, cX + f below."""
    if kind > 4:
        raise UnusableProfile("an unknown curve")
    values = _fixed(data, 12, (1, 3, 4, 5, 7)[kind])
    g = _bounded(float(values[0]))
    a, b, c, d, e, f = 1.0, 0.0, 0.0, -1.0, 0.0, 0.0
    if kind:
        a, b = values[1], values[2]
        d = -b / a if a else 0.0
    if kind == 2:
        e = f = values[3]
    elif kind >= 3:
        c, d = values[3], values[4]
    if kind == 4:
        e, f = values[5], values[6]

    def curve(v: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(v >= d, np.maximum(a * v + b, 0) ** g + e, c * v + f)

    return curve


def _bounded(exponent: float) -> float:
    if not 0.2 <= exponent <= 5:
        raise UnusableProfile("an absurd gamma")
    return exponent
