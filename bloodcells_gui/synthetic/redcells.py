"""Red cells: discs with a pale middle, and the shapes that disease and drying make of them."""

from __future__ import annotations

import math

import numpy as np

from bloodcells_gui.imaging.scale import RED_CELL_DIAMETER_UM
from bloodcells_gui.synthetic.geometry import Grid, Plane, band, cover, ellipse, outline
from bloodcells_gui.synthetic.sprites import CYTOPLASM, Sprite
from bloodcells_gui.synthetic.stain import density

RIM = density(203, 163, 165)
#: A cell on top of another flattens it: overlaps are only a little darker than single cells.
HIDES = np.float32(0.62)
_POLYCHROMATIC = density(194, 162, 172)
# Share of each shape in a nearly normal smear.
_SHAPES: tuple[tuple[str, float], ...] = (
    ("disc", 0.76), ("full", 0.07), ("oval", 0.06), ("crenated", 0.035), ("stomatocyte", 0.03),
    ("target", 0.02), ("polychromatic", 0.015), ("teardrop", 0.01), ("schistocyte", 0.01),
)  # fmt: skip


def red_cell(rng: np.random.Generator, mpp: float, shape: str | None = None, tail: bool = False) -> Sprite:
    """One red cell.

    Parameters
    ----------
    shape : str or None
        One of the names in `_SHAPES`; None draws one.
    tail : bool
        Cells of the smear's thin end: flattened, wider, without a pale middle.
    """
    if shape is None:
        names, weights = zip(*_SHAPES, strict=True)
        shape = str(rng.choice(names, p=np.array(weights) / sum(weights)))
    diameter = float(np.clip(rng.normal(RED_CELL_DIAMETER_UM, 0.42), 5.8, 9.2)) * (1.05 if tail else 1.0)
    if shape == "schistocyte":
        diameter *= 0.72
    elif shape == "polychromatic":
        diameter *= 1.12
    g = Grid(diameter * (1.9 if shape == "teardrop" else 1.3) + 2 * mpp, mpp)
    r = diameter / 2
    inside = _outline(g, rng, r, shape)
    depth = np.clip(inside * np.float32(1 / r), 0, 1)  # 0 at the rim, 1 in the middle
    thickness = _profile(rng, depth, shape, tail)
    thickness *= 1 + 0.025 * g.noise(rng, 1.1) + 0.03 * g.noise(rng, 3.0)
    body = cover(inside, max(0.16, mpp * 1.1)) * thickness
    colour = RIM * float(rng.normal(1.0, 0.07))
    if shape == "polychromatic":
        colour = _POLYCHROMATIC
    od = body[..., None] * colour[None, None, :]
    label = np.where(inside > 0, np.uint8(CYTOPLASM), np.uint8(0))
    return Sprite.drawn("RBC", od.astype(np.float32), cover(inside, 0.25) * HIDES, label, mpp)


def _outline(g: Grid, rng: np.random.Generator, r: float, shape: str) -> Plane:
    if shape == "oval":
        inside = outline(g, rng, r, 0.015, oval=rng.uniform(0.09, 0.17))
    elif shape == "crenated":
        inside = outline(g, rng, r, 0.02, spikes=int(rng.integers(11, 18)))
    elif shape == "teardrop":
        angle = rng.uniform(0, 2 * math.pi)
        tip = (1.75 * r * math.cos(angle), 1.75 * r * math.sin(angle))
        inside = np.maximum(outline(g, rng, r * 0.92, 0.02), band(g, [(0.0, 0.0), tip], [r * 0.62, 0.15]))
    elif shape == "schistocyte":
        angle = rng.uniform(0, 2 * math.pi)
        bite = ellipse(g, (r * math.cos(angle), r * math.sin(angle)), (r * 0.95, r * 1.1), angle)
        inside = np.minimum(outline(g, rng, r, 0.08, oval=0.15), -bite)
    else:
        inside = outline(g, rng, r, 0.028, oval=abs(rng.normal(0, 0.025)))
    return inside


def _profile(rng: np.random.Generator, depth: Plane, shape: str, tail: bool) -> Plane:
    """Relative thickness from the depth below the rim, after the biconcave disc of Evans and Fung (1972)."""
    rho = 1 - depth
    rim = 0.92 + 0.24 * np.exp(-(((rho - 0.82) / 0.15) ** 2))
    pallor, width = float(np.clip(rng.normal(0.74, 0.18), 0.2, 0.97)), rng.uniform(0.44, 0.64)
    if shape in ("full", "crenated", "schistocyte", "polychromatic") or tail:
        pallor, width = rng.uniform(0.04, 0.22), 0.5
    power = rng.uniform(2.2, 4.2)
    dimple = pallor * np.exp(-((rho / np.float32(width)) ** power))
    if shape == "stomatocyte":
        dimple = 0.55 * np.exp(-((rho / 0.30) ** 2))
    if shape == "target":
        dimple = 0.55 * np.exp(-(((rho - 0.48) / 0.17) ** 2))
    return np.asarray(rim * (1 - dimple), np.float32)
