"""Shapes and textures on a small square grid measured in micrometres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Point = tuple[float, float]
_T = TypeVar("_T")


class Grid:
    """Coordinates of a square window around a cell.

    Attributes
    ----------
    n : int
        Side in px.
    x, y : ndarray of float32, shape (n, n)
        um from the centre.
    """

    def __init__(self, side_um: float, mpp: float) -> None:
        self.mpp = mpp
        self.n = max(5, 2 * math.ceil(side_um / mpp / 2) + 1)
        axis = (np.arange(self.n, dtype=np.float32) - self.n // 2) * np.float32(mpp)
        self.x: Plane = np.ascontiguousarray(np.broadcast_to(axis, (self.n, self.n)))
        self.y: Plane = np.ascontiguousarray(self.x.T)

    def warped(self, rng: np.random.Generator, amplitude_um: float, period_um: float) -> Grid:
        """The same grid with its coordinates bent, which makes every shape drawn on it irregular."""
        bent = Grid.__new__(Grid)
        bent.mpp, bent.n = self.mpp, self.n
        bent.x = self.x + self.noise(rng, period_um) * np.float32(amplitude_um)
        bent.y = self.y + self.noise(rng, period_um) * np.float32(amplitude_um)
        return bent

    def noise(self, rng: np.random.Generator, period_um: float) -> Plane:
        """Smooth noise of zero mean and unit variance whose grains are `period_um` apart."""
        return smooth_noise(rng, (self.n, self.n), period_um / self.mpp)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], period_px: float) -> Plane:
    """Noise of zero mean and about unit variance, shape `shape`, grains of `period_px`."""
    period = max(1.0, period_px)
    rows, cols = (math.ceil(s / period) + 3 for s in shape)
    coarse = rng.standard_normal((rows, cols), dtype=np.float32)
    if period <= 1:
        return coarse[: shape[0], : shape[1]]
    full = (max(shape[1] + 1, round(cols * period)), max(shape[0] + 1, round(rows * period)))
    fine = cv2.resize(coarse, full, interpolation=cv2.INTER_CUBIC)
    y = int(rng.integers(0, full[1] - shape[0] + 1))
    x = int(rng.integers(0, full[0] - shape[1] + 1))
    # Interpolation between grains loses about a third of the amplitude.
    return np.ascontiguousarray(fine[y : y + shape[0], x : x + shape[1]]) * np.float32(1.35)


def cover(distance: Plane, soft_um: float) -> Plane:
    """0 outside to 1 inside from a signed distance (positive inside), over an edge of `soft_um`."""
    t = np.clip(distance * np.float32(0.5 / soft_um) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def ellipse(g: Grid, centre: Point, radii: Point, angle: float = 0.0) -> Plane:
    """Signed distance (approximate, um, positive inside) of an ellipse."""
    c, s = math.cos(angle), math.sin(angle)
    dx, dy = g.x - np.float32(centre[0]), g.y - np.float32(centre[1])
    u = (dx * np.float32(c) + dy * np.float32(s)) * np.float32(1 / radii[0])
    v = (dy * np.float32(c) - dx * np.float32(s)) * np.float32(1 / radii[1])
    return np.asarray((1 - cv2.magnitude(u, v)) * np.float32(min(radii)), np.float32)


def band(g: Grid, path: Sequence[Point], half_widths: Sequence[float]) -> Plane:
    """Signed distance of a thick line through `path` whose half width changes from point to point."""
    best: Plane | None = None
    for (p, q), (wp, wq) in zip(_pairs(path), _pairs(half_widths), strict=True):
        ex, ey = q[0] - p[0], q[1] - p[1]
        length2 = max(ex * ex + ey * ey, 1e-6)
        dx, dy = g.x - np.float32(p[0]), g.y - np.float32(p[1])
        t = np.clip((dx * np.float32(ex) + dy * np.float32(ey)) * np.float32(1 / length2), 0, 1)
        d = cv2.magnitude(dx - t * np.float32(ex), dy - t * np.float32(ey))
        inside = np.float32(wp) + t * np.float32(wq - wp) - d
        best = inside if best is None else np.maximum(best, inside)
    if best is None:
        raise ValueError("a band needs two points")
    return best


def _pairs(items: Sequence[_T]) -> list[tuple[_T, _T]]:
    return list(pairwise(items))


def join(a: Plane, b: Plane, blend_um: float) -> Plane:
    """Union of two shapes with a rounded seam (polynomial smooth maximum)."""
    h = np.clip(0.5 + 0.5 * (a - b) * np.float32(1 / blend_um), 0, 1)
    return np.asarray(b + (a - b) * h + np.float32(blend_um) * h * (1 - h), np.float32)


def arc(radius: float, start: float, span: float, points: int, centre: Point = (0.0, 0.0)) -> list[Point]:
    """Points on a circle from angle `start` over `span` radians."""
    angles = start + span * np.linspace(0, 1, points)
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles]


def outline(
    g: Grid, rng: np.random.Generator, radius: float, wobble: float, *, oval: float = 0.0, spikes: int = 0
) -> Plane:
    """Signed distance of a closed outline around the centre.

    Parameters
    ----------
    radius : float
        Mean radius, um.
    wobble : float
        Relative amplitude of low harmonics (0.03 = nearly round).
    oval : float
        Relative amplitude of the second harmonic, random direction.
    spikes : int
        Number of crenations around the rim (0 = none).
    """
    theta = np.linspace(0, 2 * np.pi, 181, dtype=np.float32)[:-1]
    r = np.ones_like(theta)
    for k in range(2, 7):
        r += wobble / (k - 0.5) * rng.normal() * np.cos(k * theta + rng.uniform(0, 2 * np.pi))
    r += oval * np.cos(2 * theta + rng.uniform(0, 2 * np.pi))
    if spikes:
        phase = theta * spikes + 0.9 * np.sin(2 * theta + rng.uniform(0, 6.3)) + rng.uniform(0, 6.3)
        r += rng.uniform(0.015, 0.035) * np.cos(phase) + rng.uniform(0.0, 0.015) * np.cos(2 * phase)
    distance, angle = cv2.cartToPolar(g.x, g.y)
    index = angle * np.float32(180 / (2 * np.pi))
    low = index.astype(np.int32)
    ring = np.append(r * radius, r[0] * radius).astype(np.float32)
    ring = np.append(ring, ring[1])
    t = index - low
    limit: Plane = ring[low] * (1 - t) + ring[low + 1] * t
    return np.asarray(limit - distance, np.float32)


def dots(
    g: Grid, xs: NDArray[np.floating], ys: NDArray[np.floating], radii: NDArray[np.floating], soft_px: float
) -> Plane:
    """Coverage 0..1 of filled discs at um positions."""
    canvas = np.zeros((g.n, g.n), np.uint8)
    half, scale = g.n // 2, 16 / g.mpp
    for x, y, r in zip(xs * scale + half * 16, ys * scale + half * 16, radii * scale, strict=True):
        cv2.circle(canvas, (round(x), round(y)), max(6, round(r)), 255, -1, cv2.LINE_AA, 4)
    out = canvas.astype(np.float32) * np.float32(1 / 255)
    if soft_px > 0:
        out = cv2.GaussianBlur(out, (0, 0), soft_px)
    return out


def scatter(
    g: Grid, rng: np.random.Generator, where: Plane, per_um2: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Random points, um, at `per_um2` where `where` (0..1) allows them."""
    count = rng.poisson(per_um2 * (g.n * g.mpp) ** 2)
    ix, iy = rng.integers(0, g.n, count), rng.integers(0, g.n, count)
    keep = rng.random(count) < where[iy, ix]
    return (ix[keep] - g.n // 2) * g.mpp, (iy[keep] - g.n // 2) * g.mpp
