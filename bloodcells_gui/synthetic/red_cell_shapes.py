"""Red cells of every shape class, drawn so that each is what its class says, with their truth.

Sizes and axes are clear of the borders between classes (:mod:`bloodcells_gui.domain.red_cell_sizes`): unlike
that of many a real cell the truth is in no doubt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bloodcells_gui.domain.red_cells import RED_CELL_CODES
from bloodcells_gui.synthetic.geometry import Grid, Plane, band, cover, ellipse, outline
from bloodcells_gui.synthetic.redcells import HIDES, RIM
from bloodcells_gui.synthetic.scene import apportion_classes
from bloodcells_gui.synthetic.sprites import CYTOPLASM, Sprite


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How cells of a class are drawn.

    Diameter of the circle of the same area, um, and long over short axis, each from a range; the pale middle:
    how much of the density it takes, and its width over the cell's; density over a normal cell's; `shape` as
    in `_edge` and `_dimple`.
    """

    diameter: tuple[float, float] = (6.8, 7.8)
    axes: tuple[float, float] = (1.0, 1.06)
    pallor: tuple[float, float] = (0.45, 0.75)
    width: tuple[float, float] = (0.36, 0.46)
    density: float = 1.0
    shape: str = ""


_FULL = (0.0, 0.04)
_RECIPES: Mapping[str, _Recipe] = MappingProxyType(
    dict(
        zip(
            RED_CELL_CODES,
            (
                _Recipe(),
                _Recipe((9.2, 10.2)),
                _Recipe((5.0, 5.6)),
                _Recipe((5.8, 6.5), (1.0, 1.03), _FULL, density=1.35),
                _Recipe((7.0, 8.0), shape="target"),
                _Recipe((6.9, 7.8), pallor=(0.6, 0.75), shape="slit"),
                _Recipe((6.9, 7.8), (1.25, 1.45)),
                _Recipe((6.6, 7.6), pallor=(0.2, 0.5), shape="tail"),
                _Recipe((6.6, 7.4), (1.0, 1.04), (0.05, 0.25), shape="spikes"),
                _Recipe((4.6, 5.8), pallor=_FULL, shape="bitten"),
                _Recipe((6.8, 7.6), pallor=(0.86, 0.95), width=(0.66, 0.76), density=0.8),
                _Recipe((6.7, 7.6), (1.9, 2.4)),
            ),
            strict=False,
        )
    )
)
#: The classes that are drawn; what is called other has no shape of its own.
DRAWN_CODES: tuple[str, ...] = tuple(_RECIPES)
#: Share of each class in a film that shows all of them.
EVERY_SHAPE: Mapping[str, float] = MappingProxyType(
    {code: 0.45 if i == 0 else 0.05 for i, code in enumerate(DRAWN_CODES)}
)
_SPRITES_PER_CLASS = 12


@dataclass(frozen=True, slots=True, eq=False)
class ShapedCell:
    """One drawn red cell: its class, and the diameter of the circle of its area, um."""

    code: str
    sprite: Sprite
    diameter_um: float


def shaped_red_cell(rng: np.random.Generator, mpp: float, code: str) -> ShapedCell:
    """A cell of a shape class; KeyError for one that is not drawn."""
    recipe = _RECIPES[code]
    radius = rng.uniform(*recipe.diameter) / 2
    axes = rng.uniform(*recipe.axes)
    g = Grid(2 * radius * (2.2 if recipe.shape == "tail" else 1.2 * math.sqrt(axes)) + 1, mpp)
    inside = _edge(g, rng, radius, axes, recipe.shape)
    depth = np.clip(inside / max(float(inside.max()), 0.1), 0, 1)
    # A sphere is thickest in its middle, a biconcave disc near its rim.
    dome = recipe.pallor == _FULL
    rim = 0.85 + 0.2 * depth if dome else 0.95 + 0.12 * np.exp(-(((depth - 0.2) / 0.2) ** 2))
    thickness = rim * (1 - _dimple(g, rng, depth, radius, recipe)) * (1 + 0.02 * g.noise(rng, 1.1))
    body = cover(inside, max(0.16, mpp * 1.1)) * thickness
    colour = RIM * float(rng.normal(recipe.density, 0.03))
    label = np.where(inside > 0, np.uint8(CYTOPLASM), np.uint8(0))
    od = (body[..., None] * colour[None, None, :]).astype(np.float32)
    sprite = Sprite.drawn("RBC", od, cover(inside, 0.25) * HIDES, label, mpp)
    return ShapedCell(code, sprite, 2 * sprite.radius_px * mpp)


def _edge(g: Grid, rng: np.random.Generator, radius: float, axes: float, shape: str) -> Plane:
    """Signed distance of the outline, um, positive inside."""
    angle = rng.uniform(0, 2 * math.pi)
    if shape == "tail":
        tip = (2.0 * radius * math.cos(angle), 2.0 * radius * math.sin(angle))
        tail = band(g, [(0.0, 0.0), tip], [radius * 0.62, 0.12])
        return np.asarray(np.maximum(outline(g, rng, radius * 0.92, 0.01), tail), np.float32)
    if shape == "spikes":
        turn = np.arctan2(g.y, g.x)
        wave = 0.42 * np.cos(turn * int(rng.integers(11, 15)) + angle)
        return np.asarray(radius + wave - np.hypot(g.x, g.y), np.float32)
    if shape == "bitten":
        bite = ellipse(
            g, (1.0 * radius * math.cos(angle), 1.0 * radius * math.sin(angle)), (radius, radius * 1.3), angle
        )
        return np.asarray(
            np.minimum(ellipse(g, (0, 0), (1.3 * radius, 1.15 * radius), angle), -bite), np.float32
        )
    root = math.sqrt(axes)
    return ellipse(g, (0.0, 0.0), (radius * root, radius / root), angle)


def _dimple(g: Grid, rng: np.random.Generator, depth: Plane, radius: float, recipe: _Recipe) -> Plane:
    """Share of the density that the pale middle takes."""
    strength, width = rng.uniform(*recipe.pallor), rng.uniform(*recipe.width)
    rho = 1 - depth
    if recipe.shape == "target":
        ring = np.exp(-(((rho - 0.52) / 0.16) ** 2))
        return np.asarray(0.62 * ring, np.float32)
    if recipe.shape == "slit":
        turn = rng.uniform(0, math.pi)
        slit = ellipse(g, (0.0, 0.0), (radius * 0.62, radius * 0.16), turn)
        return np.asarray(strength * cover(slit, 0.5), np.float32)
    return np.asarray(strength * np.exp(-((rho / width) ** 4)), np.float32)


class ShapeBank:
    """Cells of every class, drawn once, for scenes to draw from.

    Parameters
    ----------
    shares : mapping
        Code to share of the film's red cells; ValueError for a code that is not drawn or no share at all.
    """

    def __init__(self, seed: int, mpp: float, shares: Mapping[str, float]) -> None:
        if not set(shares) <= set(DRAWN_CODES) or sum(shares.values()) <= 0 or min(shares.values()) < 0:
            raise ValueError(f"shares of red cells: {dict(shares)}")
        rng = np.random.default_rng([seed, 31])
        self._shares = {code: share for code, share in shares.items() if share > 0}
        self._cells = {
            code: tuple(shaped_red_cell(rng, mpp, code) for _ in range(_SPRITES_PER_CLASS))
            for code in self._shares
        }

    def draw(self, count: int, rng: np.random.Generator) -> list[ShapedCell]:
        """`count` cells in random order, their numbers as near to the shares as whole cells can be."""
        out = []
        for code in apportion_classes(count, self._shares, rng):
            cell = self._cells[code][int(rng.integers(_SPRITES_PER_CLASS))]
            out.append(ShapedCell(code, cell.sprite.turned(int(rng.integers(8))), cell.diameter_um))
        return out
