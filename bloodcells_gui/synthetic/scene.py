"""Place objects next to each other as a smear does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.synthetic.leukocytes import RECIPES, leukocyte
from bloodcells_gui.synthetic.redcells import red_cell
from bloodcells_gui.synthetic.small import artefact, platelet, smudge, specks
from bloodcells_gui.synthetic.sprites import Placed, Sprite

# What a demonstration holds: normal blood, with enough of everything else that each row of the table shows.
DEMO_MIX: dict[str, float] = {
    "SNE": 42, "BNE": 7, "LY": 22, "MO": 8, "EO": 5, "BA": 3, "MMY": 4, "MY": 4, "PMY": 3, "BL": 3, "VLY": 3,
    "PC": 2, "ERB": 6, "SMU": 3, "PLT": 5, "GPLT": 2, "PLC": 2, "ART": 3,
}  # fmt: skip
# On fields and slides platelets and artefacts are scattered on their own.
NUCLEATED_MIX: dict[str, float] = {
    code: share for code, share in DEMO_MIX.items() if code not in ("PLT", "GPLT", "PLC", "ART")
}


def make(code: str, rng: np.random.Generator, mpp: float) -> Sprite:
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


def mix(count: int, shares: dict[str, float], rng: np.random.Generator) -> list[str]:
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
class Bank:
    """Pre-rendered red cells, platelets and specks in all eight orientations, for scenes to draw from."""

    red_cells: tuple[Sprite, ...]
    tail_cells: tuple[Sprite, ...]
    platelets: tuple[Sprite, ...]
    specks: tuple[Sprite, ...]

    @staticmethod
    def build(seed: int, mpp: float, size: int = 40) -> Bank:
        """A bank of `size` red cells and a third as many of the others."""
        rng = np.random.default_rng([seed, 11])
        few = max(4, size // 3)
        return Bank(
            _all_ways([red_cell(rng, mpp) for _ in range(size)]),
            _all_ways([red_cell(rng, mpp, "full", tail=True) for _ in range(few)]),
            _all_ways([platelet(rng, mpp) for _ in range(few)]),
            _all_ways([specks(rng, mpp) for _ in range(8)]),
        )


def pick(sprites: tuple[Sprite, ...], rng: np.random.Generator) -> Sprite:
    """A random one."""
    return sprites[int(rng.integers(len(sprites)))]


def _all_ways(sprites: list[Sprite]) -> tuple[Sprite, ...]:
    return tuple(s.turned(i) for s in sprites for i in range(8))


def crowd(
    rng: np.random.Generator,
    size: tuple[float, float],
    spacing: float,
    per_area: float,
    blocked: NDArray[np.float64],
    own_radius: float,
    clusters: float = 0.25,
) -> NDArray[np.float64]:
    """Points of a crowd: apart by about `spacing`, some in touching or overlapping pairs and short rows.

    Parameters
    ----------
    size : tuple of float
        Width, height of the area (points may lie up to `spacing` outside, so that cells are cut by the edge).
    per_area : float
        Points per unit of area asked for; crowding limits what fits.
    blocked : ndarray, shape (m, 3)
        x, y and radius of what must stay free.
    own_radius : float
        Radius of the objects to be placed.
    clusters : float
        Share of points that are put close to an earlier one.

    Returns
    -------
    ndarray, shape (n, 2)
        x, y.
    """
    w, h = size
    margin = own_radius
    wanted = round(per_area * (w + 2 * margin) * (h + 2 * margin))
    cell = spacing
    nx, ny = int((w + 2 * margin) / cell) + 3, int((h + 2 * margin) / cell) + 3
    grid: list[list[tuple[float, float]]] = [[] for _ in range(nx * ny)]
    points: list[tuple[float, float]] = []
    tries = wanted * 6
    draws = rng.random((tries, 4))
    for u, v, a, b in draws:
        if len(points) >= wanted:
            break
        near = spacing
        if points and a < clusters:
            px, py = points[int(b * len(points))]
            angle = u * 2 * math.pi
            near = spacing * (0.45 + 0.45 * v)
            x, y = px + near * math.cos(angle), py + near * math.sin(angle)
            near *= 0.98
            if not (-margin <= x <= w + margin and -margin <= y <= h + margin):
                continue
        else:
            x, y = u * (w + 2 * margin) - margin, v * (h + 2 * margin) - margin
        if blocked.size and np.any(
            np.hypot(blocked[:, 0] - x, blocked[:, 1] - y) < blocked[:, 2] + 0.9 * own_radius
        ):
            continue
        gx, gy = int((x + margin) / cell) + 1, int((y + margin) / cell) + 1
        if _free(grid, nx, gx, gy, x, y, near):
            points.append((x, y))
            grid[gy * nx + gx].append((x, y))
    return np.array(points, np.float64).reshape(-1, 2)


def _free(
    grid: list[list[tuple[float, float]]], nx: int, gx: int, gy: int, x: float, y: float, near: float
) -> bool:
    limit = near * near
    for row in range(gy - 1, gy + 2):
        for column in range(gx - 1, gx + 2):
            i = row * nx + column
            if 0 <= i < len(grid):
                for px, py in grid[i]:
                    if (px - x) ** 2 + (py - y) ** 2 < limit:
                        return False
    return True


def blocked_by(items: list[Placed]) -> NDArray[np.float64]:
    """x, y, radius of placed objects, for :func:`crowd`."""
    return np.array([(p.x, p.y, p.sprite.radius_px) for p in items], np.float64).reshape(-1, 3)
