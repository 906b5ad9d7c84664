"""How a picture is lit, and the picture as even white light would show it.

Lamp, condenser and camera tint the blank field between the cells, darken its corners or leave a black border
around a round view. :func:`estimate_light` reads that from the blank field alone: a smooth surface (second
order in x and y, of the logarithm of each channel) through the brightest parts of the picture.
:meth:`Light.applied` divides by it. Nothing is invented: where little blank field is seen, little is changed.

The networks see the corrected picture; a person sees the picture as it was taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

#: Level of the blank field, of each channel, after the correction.
WHITE = 235.0
# The picture is looked at with its longer side halved, within these limits, px.
_LOOK_PX = (64, 256)
# Blocks of the shrunk picture, px; each tells the colour of its brighter parts.
_BLOCK_PX = 8
# The share of a block's pixels that are darker than what stands for it.
_BLOCK_RANK = 0.85
# Where every channel is below this share of the blank field, up to the picture's edge, may be no field.
_BORDER_SHARE = 0.40
# A border that reaches no corner covers at least this share of the picture.
_LARGE_SHARE = 0.02
# Channels of a border differ by less than this; a nucleus is not grey.
_GREY = 28
# Levels below which a picture is black, and nothing can be told of its light.
_BLACK = 8.0
# Rounds of the fit: blocks this far below the surface (natural logarithm) hardly count, for they hold
# cells; number of terms.
_ROUNDS = ((0.6, 6), (0.3, 6), (0.15, 6), (0.08, 6), (0.05, 6), (0.05, 6))
# And so far above it, for they are glare.
_ABOVE = 0.15
# Ridge on the terms of first and second order, in blocks.
_RIDGE = np.array([0.0, 0.2, 0.2, 0.5, 0.5, 0.5], np.float64)
# Blank pixels lie within this of the surface (natural logarithm).
_BLANK_WITHIN = 0.08
# Share of the field that must be blank: below the first nothing is corrected, from the second on all of it.
_BLANK_SHARE = (0.03, 0.12)
# No lamp is magenta: where green is below the first share of both red and blue, what seems blank is stained;
# from the second share on it is believed.
_GREEN_SHARE = (0.84, 0.91)
# What a channel is multiplied by at least and at most.
_GAIN = (0.7, 5.0)
# Grid on which a surface is written out before it is enlarged to the picture.
_GRID = 17
_NONE = (0.0,) * 5
_LOG = np.log(np.maximum(np.arange(256), 1.0)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Light:
    """How a picture is lit.

    Attributes
    ----------
    surface : tuple of float, 18
        Coefficients of 1, x, y, x2, xy, y2 for red, green and blue: natural logarithm of the level of the
        blank field. x and y run from -1 to 1 over the picture.
    size_px : tuple of int
        Width and height of the picture it was read from.
    trust : float
        0 to 1: how much of the correction is applied; 0 where no blank field was seen.
    border : ndarray of uint8, shape (h, w), or None
        255 where the picture shows no part of the field, on a coarse grid over the whole picture; None where
        it is all field.
    """

    surface: tuple[float, ...]
    size_px: tuple[int, int]
    trust: float
    border: UInt8 | None = None

    @property
    def level(self) -> tuple[float, float, float]:
        """Level of the blank field in the middle of the picture: red, green, blue, 0 to 255."""
        r, g, b = np.exp(np.array(self.surface).reshape(3, 6)[:, 0])
        return float(r), float(g), float(b)

    def of_size(self, size_px: tuple[int, int]) -> Light:
        """The light of the same picture in another size."""
        return replace(self, size_px=size_px)

    def alike(self) -> Light:
        """The same light all over, as in the middle: of a picture put together from many."""
        r, g, b = (float(v) for v in np.log(self.level))
        return Light((r, *_NONE, g, *_NONE, b, *_NONE), self.size_px, self.trust)

    def applied(self, rgb: UInt8, origin_px: tuple[float, float] = (0.0, 0.0), step: float = 1.0) -> UInt8:
        """The picture, or a part of it, in even white light.

        Parameters
        ----------
        rgb : (h, w, 3) uint8 RGB
        origin_px : (x, y) of its upper left corner in the picture the light was read from
        step : float
            Px of that picture that make one of `rgb`.

        Returns
        -------
        (h, w, 3) uint8 RGB
        """
        height, width = rgb.shape[:2]
        if rgb.size == 0 or (self.trust == 0 and self.border is None):
            return rgb
        out = rgb
        if self.trust > 0:
            gain = self._gain(origin_px, (width * step, height * step))
            if np.ptp(gain, axis=(0, 1)).max() < 0.004:
                table = np.clip(np.arange(256)[:, None] * gain[0, 0], 0, 255).round().astype(np.uint8)
                out = np.asarray(cv2.LUT(rgb, table[:, None, :].reshape(1, 256, 3)), np.uint8)
            else:
                full = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
                out = np.asarray(cv2.multiply(rgb, full, dtype=cv2.CV_8U), np.uint8)
        if self.border is not None:
            out = self._without_border(out, self.border, origin_px, step)
        return out

    def _gain(self, origin_px: tuple[float, float], size_px: tuple[float, float]) -> Float32:
        """What each channel is multiplied by, on the grid of `logs`."""
        return np.asarray(
            np.clip(WHITE * np.exp(-self.logs(origin_px, size_px)), *_GAIN) ** self.trust, np.float32
        )

    def logs(self, origin_px: tuple[float, float], size_px: tuple[float, float]) -> Float32:
        """Natural logarithm of the level of the blank field on 17 x 17 equal cells of a part, (17, 17, 3)."""
        middles = (np.arange(_GRID) + 0.5) / _GRID
        x = 2 * (origin_px[0] + middles * size_px[0]) / self.size_px[0] - 1
        y = 2 * (origin_px[1] + middles * size_px[1]) / self.size_px[1] - 1
        x, y = np.meshgrid(np.clip(x, -1, 1), np.clip(y, -1, 1))
        return np.asarray(_terms(x, y) @ np.array(self.surface).reshape(3, 6).T, np.float32)

    def _without_border(
        self, rgb: UInt8, border: UInt8, origin_px: tuple[float, float], step: float
    ) -> UInt8:
        """The border painted as blank field."""
        height, width = rgb.shape[:2]
        across = border.shape[1] / self.size_px[0]
        down = border.shape[0] / self.size_px[1]
        # Middle of a pixel of `rgb` to the middle of one of the border's grid.
        matrix = np.array([
            [step * across, 0, (origin_px[0] + step / 2) * across - 0.5],
            [0, step * down, (origin_px[1] + step / 2) * down - 0.5],
        ])  # fmt: skip
        mask = cv2.warpAffine(
            self.border, matrix, (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        hidden = mask > 127
        if not hidden.any():
            return rgb
        out = rgb.copy()
        out[hidden] = np.uint8(WHITE)
        return out


@dataclass(frozen=True, slots=True)
class KnownLight:
    """What is known of the light of an image as a whole, the same for all its parts.

    Attributes
    ----------
    white : float or None
        Green level of the empty glass, 0 to 255.
    light : Light or None
    """

    white: float | None = None
    light: Light | None = None


def even_light(size_px: tuple[int, int] = (1, 1)) -> Light:
    """A light that changes nothing."""
    level = float(np.log(WHITE))
    return Light(tuple(v for _ in range(3) for v in (level, 0.0, 0.0, 0.0, 0.0, 0.0)), size_px, 0.0)


def estimate_light(rgb: UInt8) -> Light:
    """How a picture is lit, from its blank field.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        A whole field, or a crop: the light of a slide is read from its overview.
    """
    height, width = rgb.shape[:2]
    if height < 2 * _BLOCK_PX or width < 2 * _BLOCK_PX:
        return even_light((max(width, 1), max(height, 1)))
    small = _shrunk(rgb)
    blocks = _bright_parts(small)
    logs = _LOG[blocks]
    brightness = logs.mean(axis=2)
    top = float(
        np.partition(brightness, -max(1, brightness.size // 20), axis=None)[-max(1, brightness.size // 20)]
    )
    if top < np.log(_BLACK):
        return even_light((width, height))
    outside = np.asarray((logs < top + np.log(_BORDER_SHARE)).all(axis=2))
    rows, columns = brightness.shape
    x, y = np.meshgrid(2 * (np.arange(columns) + 0.5) / columns - 1, 2 * (np.arange(rows) + 0.5) / rows - 1)
    inside = ~outside
    terms = _terms(x[inside], y[inside])
    weights = _blank_weights(terms, brightness[inside])
    surface = np.stack([_fitted(terms, logs[inside][:, c], weights) for c in range(3)])
    light = Light(tuple(float(v) for v in surface.ravel()), (width, height), 1.0)
    border = _border(small, light) if outside.any() else None
    red, green, blue = light.level
    trust = _ramp(_blank_share(small, light, border), _BLANK_SHARE) * _ramp(
        green / min(red, blue), _GREEN_SHARE
    )
    return Light(light.surface, light.size_px, trust, border)


def in_even_light(rgb: UInt8) -> UInt8:
    """A whole picture as even white light would show it."""
    return estimate_light(rgb).applied(rgb)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def _shrunk(rgb: UInt8) -> UInt8:
    """The picture at a size that is a whole number of blocks."""
    height, width = rgb.shape[:2]
    side = max(height, width)
    factor = min(1.0, min(max(side / 2, _LOOK_PX[0]), _LOOK_PX[1]) / side)
    size = [max(2, round(n * factor / _BLOCK_PX)) * _BLOCK_PX for n in (width, height)]
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _bright_parts(small: UInt8) -> UInt8:
    """Of each block the pixel at `_BLOCK_RANK` of its brightness, (rows, columns, 3)."""
    rows, columns = small.shape[0] // _BLOCK_PX, small.shape[1] // _BLOCK_PX

    def in_blocks(plane: UInt8) -> UInt8:
        return (
            plane.reshape(rows, _BLOCK_PX, columns, _BLOCK_PX, -1)
            .swapaxes(1, 2)
            .reshape(rows, columns, _BLOCK_PX**2, -1)
        )

    brightness = in_blocks(np.asarray(cv2.transform(small, np.full((1, 3), 1 / 3)), np.uint8))[..., 0]
    rank = round(_BLOCK_RANK * (_BLOCK_PX**2 - 1))
    chosen = np.argpartition(brightness, rank, axis=2)[:, :, rank, None, None]
    return np.take_along_axis(in_blocks(small), chosen, axis=2)[:, :, 0]


def _outside_field(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of a mask is joined to one of the picture's corners, or to its edge and large.

    Cells that the edge cuts rarely lie in a corner, and are small.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    corners = labels[[0, 0, -1, -1], [0, -1, 0, -1]]
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    large = rim[stats[rim, cv2.CC_STAT_AREA] >= _LARGE_SHARE * dark.size]
    return np.asarray(dark & np.isin(labels, np.union1d(corners, large)))


def _fitted(
    terms: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64], n: int = 6
) -> NDArray[np.float64]:
    """Least squares with the first `n` terms; the other coefficients are 0."""
    t = terms[:, :n]
    normal = (t * weights[:, None]).T @ t + np.diag(_RIDGE[:n])
    out = np.zeros(6)
    out[:n] = np.linalg.solve(normal, (t * weights[:, None]).T @ values)
    return out


def _blank_weights(terms: NDArray[np.float64], brightness: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much each block belongs to the blank field: weights of a fit to the upper envelope."""
    surface = np.zeros(6)
    rank = round(0.9 * (len(brightness) - 1))
    surface[0] = np.partition(brightness, rank)[rank]
    weights = np.ones(len(brightness))
    for below, n in _ROUNDS:
        rest = brightness - terms @ surface
        weights = np.exp(-((rest / np.where(rest > 0, max(_ABOVE, 2 * below), below)) ** 2)) + 1e-4
        surface = _fitted(terms, brightness.astype(np.float64), weights, n)
    return weights


def _border(small: UInt8, light: Light) -> UInt8 | None:
    """255 where the shrunk picture is dark and grey up to its corners or over much of its edge."""
    level = np.array(light.level, np.float32)
    dark = (small < _BORDER_SHARE * level).all(axis=2) & (np.ptp(small, axis=2) < _GREY)
    outside = _outside_field(np.asarray(dark))
    if not outside.any():
        return None
    # A little more than is black: the rim of the field is neither.
    grown = cv2.dilate(outside.astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
    return np.asarray(grown, np.uint8)


def _blank_share(small: UInt8, light: Light, border: UInt8 | None) -> float:
    """Share of the field that is blank, told from every second row and column."""
    thinned = small[::2, ::2]
    rows, columns = thinned.shape[:2]
    across = cv2.resize(
        light.logs((0.0, 0.0), light.size_px), (columns, rows), interpolation=cv2.INTER_LINEAR
    )
    near = (np.abs(_LOG[thinned] - across) < _BLANK_WITHIN).all(axis=2)
    field = near if border is None else near[border[::2, ::2] < 128]
    return float(field.mean()) if field.size else 0.0
