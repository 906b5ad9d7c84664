"""Draw platelets, smudge cells and artefacts."""

from __future__ import annotations

import math

import numpy as np

from bloodcells_gui.synthetic.geometry import (
    Grid,
    Plane,
    band,
    cover,
    dots,
    ellipse,
    outline,
    scatter,
)
from bloodcells_gui.synthetic.sprites import CYTOPLASM, NUCLEUS, Sprite
from bloodcells_gui.synthetic.stain import density

_HYALOMERE = density(206, 190, 206)
_GRANULOMERE = density(104, 50, 142)
_SMUDGE = density(142, 74, 150)
_DEPOSIT = density(48, 16, 84)


def platelet(rng: np.random.Generator, mpp: float, code: str = "PLT") -> Sprite:
    """A platelet (PLT, 2 to 3.5 um), a giant one (GPLT, 7 to 10 um) or a clump (PLC)."""
    if code == "PLC":
        return clump(rng, mpp, int(rng.integers(6, 18)))
    diameter = rng.uniform(7.0, 9.5) if code == "GPLT" else float(np.clip(rng.normal(3.15, 0.6), 1.9, 4.8))
    g = Grid(diameter * 1.7 + 1, mpp)
    body, od = _platelet_density(g, rng, diameter / 2, (0.0, 0.0))
    label = np.where(body > 0, np.uint8(CYTOPLASM), np.uint8(0))
    return Sprite.drawn(code, od, cover(body, 0.2) * np.float32(0.6), label, mpp)


def _platelet_density(
    g: Grid, rng: np.random.Generator, r: float, centre: tuple[float, float]
) -> tuple[Plane, Plane]:
    moved = g.warped(rng, 0.10 * min(r, 2.0), 0.9)
    moved.x, moved.y = moved.x - np.float32(centre[0]), moved.y - np.float32(centre[1])
    body = outline(moved, rng, r, 0.10, oval=abs(rng.normal(0, 0.10)))
    inside = cover(body, max(0.3, g.mpp * 1.2))
    spread = float(rng.uniform(0.7, 1.0))
    middle = np.clip(body * np.float32(1.5 / (r * spread)), 0, 1)
    xs, ys = scatter(moved, rng, middle, 8.0)
    grains = dots(g, xs, ys, rng.uniform(0.07, 0.19, xs.size), 0.5)
    core = (middle * 0.42 + np.minimum(middle * 2, 1) * grains * 0.62)[..., None]
    od = (_HYALOMERE + core * (_GRANULOMERE - _HYALOMERE)) * inside[..., None]
    return body, od.astype(np.float32)


def clump(rng: np.random.Generator, mpp: float, count: int) -> Sprite:
    """A clump of `count` platelets."""
    spread = 0.6 * math.sqrt(count)
    g = Grid(4 * spread + 6, mpp)
    od = np.zeros((g.n, g.n, 3), np.float32)
    all_bodies: Plane = np.full((g.n, g.n), -9, np.float32)
    for _ in range(count):
        x, y = rng.normal(0, spread, 2).clip(-1.8 * spread, 1.8 * spread)
        body, part = _platelet_density(g, rng, rng.uniform(1.0, 1.7), (float(x), float(y)))
        od = np.maximum(od, part)
        all_bodies = np.maximum(all_bodies, body)
    label = np.where(all_bodies > 0, np.uint8(CYTOPLASM), np.uint8(0))
    return Sprite.drawn("PLC", od, cover(all_bodies, 0.3) * np.float32(0.6), label, mpp)


def smudge(rng: np.random.Generator, mpp: float) -> Sprite:
    """A burst cell (SMU): a bare, smeared nucleus with a ragged edge and no cytoplasm."""
    r = rng.uniform(5.0, 7.5)
    g = Grid(4.2 * r, mpp)
    bent = g.warped(rng, 0.9, 3.2).warped(rng, 0.25, 0.9)
    angle = rng.uniform(0, math.pi)
    body = ellipse(bent, (0, 0), (r * rng.uniform(1.0, 1.5), r * rng.uniform(0.65, 0.95)), angle)
    for _ in range(int(rng.integers(1, 5))):
        way, reach = rng.uniform(0, 2 * math.pi), rng.uniform(1.1, 1.7) * r
        tip = (reach * math.cos(way), reach * math.sin(way))
        body = np.maximum(body, band(bent, [(0.0, 0.0), tip], [1.6, 0.2]))
    depth = np.clip(body / np.float32(0.45 * r), 0, 1)
    strands = np.clip(0.8 + 0.12 * g.noise(rng, 0.6) + 0.16 * g.noise(rng, 1.6), 0.1, 1.4)
    inside = cover(body, 0.8)
    od = (inside * (0.55 + 0.45 * depth) * strands)[..., None] * _SMUDGE
    label = np.where(body > 0, np.uint8(NUCLEUS), np.uint8(0))
    return Sprite.drawn("SMU", od.astype(np.float32), inside * np.float32(0.5), label, mpp)


def artefact(rng: np.random.Generator, mpp: float) -> Sprite:
    """Stain deposit, a fibre or a drying ring (ART)."""
    kind = rng.choice(["deposit", "deposit", "ring", "fibre"])
    r = rng.uniform(3.5, 7.5)
    g = Grid(2.8 * r, mpp)
    if kind == "deposit":
        xs, ys = scatter(g, rng, np.exp(-(g.x**2 + g.y**2) / np.float32(0.5 * r * r)), 2.2)
        share = dots(g, xs, ys, rng.uniform(0.12, 0.6, xs.size), 0.4)
        od = share[..., None] * _DEPOSIT
        extent = share
    elif kind == "ring":
        body = outline(g, rng, r * 0.7, 0.05)
        extent = np.exp(-((body / np.float32(0.35)) ** 2))
        refraction = np.exp(-(((body - 0.9) / np.float32(0.4)) ** 2))
        od = (0.75 * extent - 0.12 * refraction)[..., None] * density(150, 128, 140)
    else:
        angle = rng.uniform(0, math.pi)
        path = [
            (t * math.cos(angle) + rng.normal(0, 0.5), t * math.sin(angle) + rng.normal(0, 0.5))
            for t in np.linspace(-1.15 * r, 1.15 * r, 6)
        ]
        extent = cover(band(g, path, [0.35] * 6), 0.25)
        od = (extent * (0.8 + 0.2 * g.noise(rng, 0.8)))[..., None] * density(120, 110, 150)
    label = np.where(extent > 0.3, np.uint8(CYTOPLASM), np.uint8(0))
    return Sprite.drawn("ART", od.astype(np.float32), None, label, mpp)


def specks(rng: np.random.Generator, mpp: float) -> Sprite:
    """A few grains of stain, too small to be listed."""
    g = Grid(3.0, mpp)
    n = int(rng.integers(1, 4))
    share = dots(g, rng.normal(0, 0.4, n), rng.normal(0, 0.4, n), rng.uniform(0.12, 0.28, n), 0.7)
    return Sprite.drawn(
        "", (share[..., None] * _DEPOSIT).astype(np.float32), None, np.zeros((g.n, g.n), np.uint8), mpp
    )
