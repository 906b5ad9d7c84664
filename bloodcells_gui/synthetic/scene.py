"""Objects of a synthetic smear: draw one, apportion classes, keep sprites, scatter points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.synthetic.leukocytes import RECIPES, leukocyte
from bloodcells_gui.synthetic.redcells import red_cell
from bloodcells_gui.synthetic.small import artefact, platelet, smudge, specks
from bloodcells_gui.synthetic.sprites import Placed, Sprite

# A demonstration shows every class: the frequent leukocytes roughly as in normal blood, all others oftener.
DEMO_MIX: dict[str, float] = {
    "SNE": 42, "BNE": 7, "LY": 22, "MO": 8, "EO": 5, "BA": 3, "MMY": 4, "MY": 4, "PMY": 3, "BL": 3, "VLY": 3,
    "PC": 2, "ERB": 6, "SMU": 3, "PLT": 5, "GPLT": 2, "PLC": 2, "ART": 3,
}  # fmt: skip
# On fields and slides platelets and artefacts are scattered on their own.
NUCLEATED_MIX: dict[str, float] = {
    code: share for code, share in DEMO_MIX.items() if code not in ("PLT", "GPLT", "PLC", "ART")
}


def draw_object(code: str, rng: np.random.Generator, mpp: float) -> Sprite:
    """One object of a taxonomy code; KeyError for a code that is not drawn."""
    if code in RECIPES:
        return leukocyte(code, rng, mpp)
    if code == "SMU":
        return smudge(rng, mpp)
    if code == "ART":
        return artefact(rng, mpp)
    if code in ("PLT", "GPLT", "PLC"):
        return platelet(rng, mpp, code)
    raise KeyError(code)


def apportion_classes(count: int, shares: dict[str, float], rng: np.random.Generator) -> list[str]:
    """`count` codes in random order whose numbers follow `shares` as closely as whole cells can.

    Largest remainders decide, so that a demonstration of 100 cells shows every class of the default mix.
    """
    total = sum(shares.values())
    exact = {code: count * share / total for code, share in shares.items()}
    whole = {code: math.floor(v) for code, v in exact.items()}
    rest = sorted(exact, key=lambda code: (whole[code] - exact[code], code))
    for code in rest[: count - sum(whole.values())]:
        whole[code] += 1
    codes = [code for code, n in whole.items() for _ in range(n)]
    return [codes[i] for i in rng.permutation(len(codes))]


@dataclass(frozen=True, slots=True)
class SpriteBank:
    """Pre-rendered red cells, platelets and specks in all eight orientations, for scenes to draw from."""

    red_cells: tuple[Sprite, ...]
    feathered_edge_red_cells: tuple[Sprite, ...]
    platelets: tuple[Sprite, ...]
    specks: tuple[Sprite, ...]

    @staticmethod
    def build(seed: int, mpp: float, size: int = 40) -> SpriteBank:
        """Render `size` red cells, a third of it (at least 4) of the other cells, and 8 specks."""
        rng = np.random.default_rng([seed, 11])
        few = max(4, size // 3)
        return SpriteBank(
            _all_orientations([red_cell(rng, mpp) for _ in range(size)]),
            _all_orientations([red_cell(rng, mpp, "full", tail=True) for _ in range(few)]),
            _all_orientations([platelet(rng, mpp) for _ in range(few)]),
            _all_orientations([specks(rng, mpp) for _ in range(8)]),
        )


def random_sprite(sprites: tuple[Sprite, ...], rng: np.random.Generator) -> Sprite:
    """Choose a sprite at random."""
    return sprites[int(rng.integers(len(sprites)))]


def _all_orientations(sprites: list[Sprite]) -> tuple[Sprite, ...]:
    return tuple(s.turned(i) for s in sprites for i in range(8))


def scatter_points(
    rng: np.random.Generator,
    size: tuple[float, float],
    spacing: float,
    density: float,
    obstacles: NDArray[np.float64],
    own_radius: float,
    clusters: float = 0.25,
) -> NDArray[np.float64]:
    """Scatter points at least `spacing` apart, some in touching or overlapping pairs and short rows.

    Parameters
    ----------
    size : tuple of float
        Width, height of the area; points lie up to `own_radius` outside, so that the edge cuts some cells.
    density : float
        Points per unit of area to be tried for; fewer may fit.
    obstacles : ndarray, shape (m, 3)
        x, y and radius of the circles that must stay free.
    own_radius : float
        Radius of the objects to be placed.
    clusters : float
        Share of points that are placed close to an earlier one.

    Returns
    -------
    ndarray, shape (n, 2)
        x, y.
    """
    w, h = size
    margin = own_radius
    wanted = round(density * (w + 2 * margin) * (h + 2 * margin))
    bin_size = spacing
    nx, ny = int((w + 2 * margin) / bin_size) + 3, int((h + 2 * margin) / bin_size) + 3
    grid: list[list[tuple[float, float]]] = [[] for _ in range(nx * ny)]
    points: list[tuple[float, float]] = []
    for u, v, a, b in rng.random((wanted * 6, 4)):
        if len(points) >= wanted:
            break
        min_distance = spacing
        if points and a < clusters:
            px, py = points[int(b * len(points))]
            angle = u * 2 * math.pi
            min_distance = spacing * (0.45 + 0.45 * v)
            x, y = px + min_distance * math.cos(angle), py + min_distance * math.sin(angle)
            min_distance *= 0.98
            if not (-margin <= x <= w + margin and -margin <= y <= h + margin):
                continue
        else:
            x, y = u * (w + 2 * margin) - margin, v * (h + 2 * margin) - margin
        if obstacles.size and np.any(
            np.hypot(obstacles[:, 0] - x, obstacles[:, 1] - y) < obstacles[:, 2] + 0.9 * own_radius
        ):
            continue
        gx, gy = int((x + margin) / bin_size) + 1, int((y + margin) / bin_size) + 1
        if _free(grid, nx, gx, gy, x, y, min_distance):
            points.append((x, y))
            grid[gy * nx + gx].append((x, y))
    return np.array(points, np.float64).reshape(-1, 2)


def _free(
    grid: list[list[tuple[float, float]]], nx: int, gx: int, gy: int, x: float, y: float, min_distance: float
) -> bool:
    limit = min_distance * min_distance
    for row in range(gy - 1, gy + 2):
        for column in range(gx - 1, gx + 2):
            i = row * nx + column
            if 0 <= i < len(grid):
                for px, py in grid[i]:
                    if (px - x) ** 2 + (py - y) ** 2 < limit:
                        return False
    return True


def as_obstacles(items: list[Placed]) -> NDArray[np.float64]:
    """x, y, radius of placed objects, for :func:`scatter_points`."""
    return np.array([(p.x, p.y, p.sprite.radius_px) for p in items], np.float64).reshape(-1, 3)
