"""Nuclei of the leukocyte classes: their outlines and their chromatin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bloodcells_gui.synthetic.geometry import (
    Grid,
    Plane,
    Point,
    arc,
    band,
    cover,
    dots,
    ellipse,
    join,
    scatter,
)
from bloodcells_gui.synthetic.stain import density

_DARK = density(70, 28, 124)
_LIGHT = density(158, 106, 160)
_NUCLEOLUS = density(128, 96, 176)


@dataclass(frozen=True, slots=True)
class Chromatin:
    """How a nucleus is filled.

    Attributes
    ----------
    mean, contrast : float
        Share of dark chromatin (0 to 1) and how far it varies.
    grain_um : float
        Size of the clumps.
    dots_per_um2 : float
        Pale points in the chromatin.
    nucleoli : int
        Largest number of nucleoli.
    rim : float
        Darkening along the nuclear membrane.
    red : float
        -1 bluish to 1 reddish chromatin.
    """

    mean: float
    contrast: float
    grain_um: float
    dots_per_um2: float = 0.5
    nucleoli: int = 0
    rim: float = 0.25
    red: float = 0.0


def lobed(g: Grid, rng: np.random.Generator, lobes: int, size: float, filament: float) -> Plane:
    """Lobes on a curved path, joined by thin filaments (segmented neutrophils, eosinophils)."""
    g = g.warped(rng, 0.24, 2.8).warped(rng, 0.05, 0.9)
    turn = rng.uniform(0, 2 * math.pi)
    span = {1: 0.1, 2: 2.4, 3: 3.9, 4: 4.9, 5: 5.4}[lobes] * rng.uniform(0.85, 1.08)
    radius = {1: 0.2, 2: 2.2, 3: 2.5, 4: 2.75, 5: 2.9}[lobes] * rng.uniform(0.9, 1.1) * size / 1.75
    path = arc(radius, turn, span, max(lobes, 2))[:lobes]
    path = [(x + rng.normal(0, 0.5), y + rng.normal(0, 0.5)) for x, y in path]
    inside: Plane | None = None
    for i, (x, y) in enumerate(path):
        tangent = turn + span * i / max(1, lobes - 1) + math.pi / 2
        grown = size * rng.uniform(0.82, 1.15)
        radii = (grown * rng.uniform(1.02, 1.35), grown * rng.uniform(0.78, 0.98))
        lobe = ellipse(g, (x, y), radii, tangent + rng.normal(0, 0.6))
        inside = lobe if inside is None else join(inside, lobe, 0.3)
    if inside is None:
        raise ValueError("a nucleus has at least one lobe")
    if lobes > 1:
        link = band(g, path, [filament * rng.uniform(0.7, 1.3)] * lobes)
        inside = np.maximum(inside, link)
    return inside


def rod(g: Grid, rng: np.random.Generator, radius: float, span: float, half_width: float) -> Plane:
    """A curved band of nearly even width (band forms; with a large half width a kidney)."""
    g = g.warped(rng, 0.28, 3.0).warped(rng, 0.05, 0.9)
    turn = rng.uniform(0, 2 * math.pi)
    n = 9
    shift = 0.35 * radius
    middle = turn + span / 2
    path = arc(radius, turn, span, n, (-shift * math.cos(middle), -shift * math.sin(middle)))
    # Thicker towards the ends, as the band begins to segment.
    widths = [half_width * (0.84 + 0.26 * abs(2 * i / (n - 1) - 1) + rng.normal(0, 0.03)) for i in range(n)]
    return band(g, path, widths)


def rounded(
    g: Grid, rng: np.random.Generator, radii: Point, offset: float, wobble: float, notch: float = 0.0
) -> Plane:
    """A round or oval nucleus, off centre by `offset` um, with a notch of `notch` um."""
    g = g.warped(rng, wobble, 3.0)
    angle, way = rng.uniform(0, 2 * math.pi, 2)
    centre = (offset * math.cos(way), offset * math.sin(way))
    inside = ellipse(g, centre, radii, angle)
    if notch > 0:
        side = angle + rng.normal(0, 0.3) + math.pi / 2
        reach = min(radii) + 1.3 - notch
        bite = ellipse(
            g, (centre[0] + reach * math.cos(side), centre[1] + reach * math.sin(side)), (1.3, 2.0), side
        )
        inside = np.minimum(inside, -bite)
    return inside


def fill(g: Grid, rng: np.random.Generator, inside: Plane, c: Chromatin, lab_soft_um: float) -> Plane:
    """Optical density of a nucleus, shape (n, n, 3), with soft borders."""
    coarse, fine = g.noise(rng, c.grain_um), g.noise(rng, max(c.grain_um * 0.45, 0.2))
    dark = np.float32(c.mean) + np.float32(c.contrast) * (0.62 * coarse + 0.55 * fine)
    dark += np.float32(c.rim) * np.exp(-((inside / np.float32(0.28)) ** 2))
    dark = np.clip(dark, 0.02, 1.12)
    body = cover(inside, lab_soft_um)
    if c.dots_per_um2 > 0:
        xs, ys = scatter(g, rng, cover(inside - 0.3, 0.2), c.dots_per_um2)
        pale = dots(g, xs, ys, rng.uniform(0.09, 0.24, xs.size), 0.55)
        dark *= 1 - 0.62 * pale
    od = _LIGHT + dark[..., None] * (_DARK - _LIGHT)
    for _ in range(int(rng.integers(1, c.nucleoli + 1)) if c.nucleoli else 0):
        od = _nucleolus(g, rng, inside, od)
    od[..., 0] *= np.float32(1 - 0.14 * c.red)
    od[..., 2] *= np.float32(1 + 0.10 * c.red)
    filled: Plane = od * body[..., None]
    return filled


def _nucleolus(g: Grid, rng: np.random.Generator, inside: Plane, od: Plane) -> Plane:
    candidates = np.argwhere(inside > 1.3)
    if not len(candidates):
        return od
    iy, ix = candidates[rng.integers(len(candidates))]
    centre = (float(g.x[iy, ix]), float(g.y[iy, ix]))
    size = rng.uniform(0.55, 1.0)
    spot = ellipse(g, centre, (size, size * rng.uniform(0.75, 1.0)), rng.uniform(0, 3.1))
    share = 0.85 * cover(spot, 0.4)[..., None]
    mixed: Plane = od * (1 - share) + _NUCLEOLUS * share
    return mixed
