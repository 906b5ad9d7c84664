"""A whole smear: where its cells lie, tile by tile, without ever holding the slide."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.taxonomy import BLAST
from bloodcells_gui.imaging.scale import RED_CELL_DIAMETER_UM
from bloodcells_gui.synthetic.pyramid import TILE_PX, Tile
from bloodcells_gui.synthetic.scene import (
    NUCLEATED_MIX,
    SpriteBank,
    apportion_classes,
    draw_object,
    random_sprite,
)
from bloodcells_gui.synthetic.small import clump
from bloodcells_gui.synthetic.sprites import Placed, Sprite, lay
from bloodcells_gui.synthetic.stain import Laboratory, expose, plasma

Floats = NDArray[np.float64]

# Red-cell coverage (area of all cells over area) along the smear, from the thick end to the feathered edge.
_ALONG = np.array([0.0, 0.03, 0.06, 0.25, 0.40, 0.50, 0.68, 0.80, 0.92, 0.97, 1.0])
_COVER = np.array([0.0, 0.4, 1.9, 1.7, 1.05, 0.78, 0.62, 0.40, 0.20, 0.0, 0.0])
ZONES: tuple[tuple[str, float, float], ...] = (
    ("glass", 0.0, 0.03), ("thick", 0.03, 0.42), ("monolayer", 0.46, 0.72), ("thin", 0.72, 0.84),
    ("tail", 0.84, 0.95), ("glass", 0.97, 1.0),
)  # fmt: skip
# A leukocytosis of about 20 x 10^9/L, so that a small slide holds enough cells for a differential of 200.
LEUKOCYTES_PER_MM2 = 60.0
_PLATELETS_PER_RED_CELL = 0.05
_PATTERN_COVER = 0.80
_MARGIN_PX = 6
# Platelets of a clump, from and up to (not included).
_CLUMP_PLATELETS = (30, 90)
_SPRITES_PER_CLASS = 10
_TOUCHING = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Sprites and the places of their centres, shape (n, 2), in px of the slide."""

    sprites: tuple[Sprite, ...]
    points: Floats

    def near(self, x: float, y: float, side: float, reach: float) -> list[Placed]:
        """Those that may show in a square window, placed relative to its corner."""
        local = self.points - (x, y)
        seen = np.flatnonzero(((local > -reach) & (local < side + reach)).all(axis=1))
        return [
            Placed(self.sprites[i], px, py) for i, (px, py) in zip(seen, local[seen].tolist(), strict=True)
        ]


class Smear:
    """The plan of a slide: every object's place follows from the seed and the tile it lies in.

    Parameters
    ----------
    size_px : tuple of int
        Width, height.
    cells : int or None
        Nucleated cells on the whole slide; None takes 60 per mm2 of smear.
    period_px : int or None
        The plan repeats downwards with this period (a multiple of the tile).
    clumps : int
        Clumps of platelets, at the feathered edge.
    blasts : int or None
        Exactly so many of the cells are blasts; None takes their share of the usual mix.
    """

    def __init__(
        self,
        size_px: tuple[int, int],
        mpp: float,
        seed: int,
        lab: Laboratory,
        cells: int | None = None,
        period_px: int | None = None,
        blasts: int | None = None,
        clumps: int = 0,
    ) -> None:
        self.size_px = size_px
        self.mpp = mpp
        self._seed = seed
        self._lab = lab
        self._period = period_px
        self.height = period_px or size_px[1]
        rng = np.random.default_rng([seed, 21])
        self._edges = rng.standard_normal((4, 64))
        self._patches = rng.standard_normal((64, 64))
        self._bank = SpriteBank.build(seed, mpp, 48)
        self._diameter = RED_CELL_DIAMETER_UM / mpp
        side = max(TILE_PX, TILE_PX * round(45 * self._diameter / TILE_PX))
        self._side = side
        spacing = self._diameter
        n = round(_PATTERN_COVER * side * side / (math.pi / 4 * spacing * spacing))
        self._patterns = (
            torus_crowd(rng, side, spacing * 1.0, n, 0.22, rows=False),
            torus_crowd(rng, side, spacing * 0.8, round(1.4 * n), 0.75, rows=True),
        )
        half = TILE_PX + 2 * _MARGIN_PX
        self._film = np.repeat(plasma(rng, (half, half), mpp)[..., None], 3, axis=2)
        self.nucleated = self._plan_nucleated(cells, blasts, rng)
        self.clumps = self._plan_clumps(clumps)
        self._by_tile = self._index()
        self._platelets = lru_cache(maxsize=4096)(self._make_platelets)
        self._reds = lru_cache(maxsize=1024)(self._make_reds)
        self.red_cells = 0
        self._drawn_platelets: list[Group] = []

    def coverage(self, x: Floats, y: Floats) -> Floats:
        """Red-cell coverage at points of the slide, 0 on glass."""
        w, h = self.size_px[0], self.height
        u, v = x / w, (y % h) / h
        lane = self._edges[3]
        tail = 0.93 + 0.025 * _wave(self._edges[0], v * 6) + 0.012 * _wave(self._edges[1], v * 30)
        along = np.where(u < 0.5, u, 0.5 + (u - 0.5) * 0.42 / np.maximum(tail - 0.5, 0.1))
        cover = np.interp(along, _ALONG, _COVER)
        if self._period is None:
            top = 0.06 + 0.012 * _wave(self._edges[1], u * 9) + 0.05 * np.maximum(u - 0.6, 0)
            bottom = 0.94 + 0.012 * _wave(self._edges[2], u * 9) - 0.05 * np.maximum(u - 0.6, 0)
            inside = np.clip((v - top) / 0.015, 0, 1) * np.clip((bottom - v) / 0.015, 0, 1)
            cover = cover * inside
        streaks = 1 + 0.25 * np.clip((u - 0.75) * 6, 0, 1) * _wave(lane, v * 40)
        patches = 1 + 0.10 * _patch(self._patches, x / (90 / self.mpp), y / (90 / self.mpp))
        return np.asarray(np.clip(cover * streaks * patches, 0, 2.2), np.float64)

    @property
    def lab_name(self) -> str:
        """The laboratory's name."""
        return self._lab.name

    @property
    def repetitions(self) -> int:
        """How often the plan repeats downwards."""
        return -(-self.size_px[1] // self.height)

    def zones_px(self) -> list[dict[str, object]]:
        """Name, first and last x of the smear's zones."""
        w = self.size_px[0]
        return [{"zone": name, "x_from_px": round(a * w), "x_to_px": round(b * w)} for name, a, b in ZONES]

    def _plan_nucleated(
        self, cells: int | None, blasts: int | None, rng: np.random.Generator
    ) -> list[Placed]:
        w, h = self.size_px[0], self.height
        if cells is None:
            xs, ys = rng.random(4000) * w, rng.random(4000) * h
            share = float(np.mean(self.coverage(xs, ys) > 0.05))
            cells = max(1, round(LEUKOCYTES_PER_MM2 * share * w * h * self.mpp**2 / 1e6))
        bank: dict[str, tuple[Sprite, ...]] = {}
        out: list[Placed] = []
        grid: dict[tuple[int, int], list[Placed]] = {}
        cell_px = 26 / self.mpp
        for code in _codes(cells, blasts, rng):
            if code not in bank:
                bank[code] = tuple(draw_object(code, rng, self.mpp) for _ in range(_SPRITES_PER_CLASS))
            sprite = bank[code][int(rng.integers(_SPRITES_PER_CLASS))].turned(int(rng.integers(8)))
            placed = self._free_place(sprite, rng, grid, cell_px, out)
            if placed is not None:
                out.append(placed)
                grid.setdefault((int(placed.x // cell_px), int(placed.y // cell_px)), []).append(placed)
        return out

    def _free_place(
        self,
        sprite: Sprite,
        rng: np.random.Generator,
        grid: dict[tuple[int, int], list[Placed]],
        cell_px: float,
        others: list[Placed],
    ) -> Placed | None:
        w, h = self.size_px[0], self.height
        for _ in range(400):
            gap = 2.0 / self.mpp
            if others and rng.random() < _TOUCHING:
                near = others[int(rng.integers(len(others)))]
                angle, gap = rng.uniform(0, 2 * math.pi), -0.4 / self.mpp
                reach = near.sprite.radius_px + sprite.radius_px + gap * 0.5
                x, y = near.x + reach * math.cos(angle), near.y + reach * math.sin(angle)
            else:
                x, y = rng.random() * w, rng.random() * h
            if not (0 <= x < w and 0 <= y < h) or self.coverage(np.array([x]), np.array([y]))[0] < 0.05:
                continue
            gx, gy = int(x // cell_px), int(y // cell_px)
            near_by = (p for i in (-1, 0, 1) for j in (-1, 0, 1) for p in grid.get((gx + i, gy + j), ()))
            if all(
                math.hypot(p.x - x, p.y - y) >= p.sprite.radius_px + sprite.radius_px + gap for p in near_by
            ):
                return Placed(sprite, float(x), float(y))
        return None

    def _plan_clumps(self, count: int) -> list[Placed]:
        """Clumps of platelets where the film is thin; nothing else lies elsewhere for them."""
        rng = np.random.default_rng([self._seed, 26])
        (_, left, right) = next(zone for zone in ZONES if zone[0] == "tail")
        out: list[Placed] = []
        for _ in range(count):
            sprite = clump(rng, self.mpp, int(rng.integers(*_CLUMP_PLATELETS)))
            for _ in range(400):
                x, y = rng.uniform(left, right) * self.size_px[0], rng.random() * self.height
                thin = 0.02 < float(self.coverage(np.array([x]), np.array([y]))[0]) < 0.35
                gap = sprite.radius_px + 3.0 / self.mpp
                others = (*self.nucleated, *out)
                if thin and all(math.hypot(p.x - x, p.y - y) > p.sprite.radius_px + gap for p in others):
                    out.append(Placed(sprite, float(x), float(y)))
                    break
        return out

    def _index(self) -> dict[tuple[int, int], list[Placed]]:
        tiles: dict[tuple[int, int], list[Placed]] = {}
        for p in (*self.nucleated, *self.clumps):
            tiles.setdefault((int(p.x // TILE_PX), int(p.y // TILE_PX)), []).append(p)
        return tiles

    def _around(self, column: int, row: int) -> list[tuple[int, int, int]]:
        """Neighbouring tiles with the shift in px that brings a repeated one into place."""
        rows = self.height // TILE_PX if self._period else None
        out = []
        for r in (row - 1, row, row + 1):
            shift = 0
            if rows is not None:
                shift = (r // rows) * self.height
            out += [(c, r % rows if rows else r, shift) for c in (column - 1, column, column + 1)]
        return out

    def _nucleated_near(self, column: int, row: int) -> list[Placed]:
        return [
            p if not shift else Placed(p.sprite, p.x, p.y + shift)
            for c, r, shift in self._around(column, row)
            for p in self._by_tile.get((c, r), ())
        ]

    def _make_reds(self, column: int, row: int) -> Group:
        """Red cells whose centre lies in a tile."""
        rng = np.random.default_rng([self._seed, 22, column + 1, row + 1])
        x0, y0 = column * TILE_PX, row * TILE_PX
        blocked = np.array(
            [(p.x, p.y, p.sprite.radius_px) for p in self._nucleated_near(column, row)], np.float64
        ).reshape(-1, 3)
        sprites: list[Sprite] = []
        kept: list[Floats] = []
        for layer, pattern in enumerate(self._patterns):
            ox, oy = x0 % self._side, y0 % self._side
            inside = (pattern >= (ox, oy)).all(axis=1) & (pattern < (ox + TILE_PX, oy + TILE_PX)).all(axis=1)
            points = pattern[inside] + (x0 - ox, y0 - oy)
            if not len(points):
                continue
            cover = self.coverage(points[:, 0], points[:, 1])
            chance = cover / _PATTERN_COVER if layer == 0 else (cover - 0.72) / 1.1
            keep = rng.random(len(points)) < chance
            if len(blocked):
                d = np.hypot(points[:, None, 0] - blocked[:, 0], points[:, None, 1] - blocked[:, 1])
                keep &= (d >= blocked[:, 2] + 0.42 * self._diameter).all(axis=1)
            thin = (cover < 0.33) & (rng.random(len(points)) < 0.7)
            for is_thin in thin[keep]:
                sprites.append(
                    random_sprite(
                        self._bank.feathered_edge_red_cells if is_thin else self._bank.red_cells, rng
                    )
                )
            kept.append(points[keep])
        return Group(tuple(sprites), np.concatenate(kept) if kept else np.zeros((0, 2)))

    def _make_platelets(self, column: int, row: int) -> Group:
        """Platelets whose centre lies in a tile; they keep clear of nucleated cells."""
        rng = np.random.default_rng([self._seed, 23, column + 1, row + 1])
        count = rng.poisson(_PLATELETS_PER_RED_CELL * len(self._reds(column, row).sprites))
        points = (rng.random((count, 2)) + np.array([column, row])) * TILE_PX
        points = points[self.coverage(points[:, 0], points[:, 1]) > 0.05]
        near = [(p.x, p.y, p.sprite.radius_px) for p in self._nucleated_near(column, row)]
        sprites: list[Sprite] = []
        kept: list[tuple[float, float]] = []
        for x, y in points.tolist():
            sprite = random_sprite(self._bank.platelets, rng)
            gap = sprite.radius_px + 1.0 / self.mpp
            if all(math.hypot(px - x, py - y) > r + gap for px, py, r in near):
                sprites.append(sprite)
                kept.append((x, y))
                near.append((x, y, sprite.radius_px))
        return Group(tuple(sprites), np.array(kept, np.float64).reshape(-1, 2))

    def platelets(self) -> Iterator[Placed]:
        """Platelets of the tiles drawn so far."""
        for group in self._drawn_platelets:
            for sprite, (x, y) in zip(group.sprites, group.points.tolist(), strict=True):
                yield Placed(sprite, x, y)

    def tile(self, column: int, row: int, blank: Tile) -> Tile:
        """Pixels of one tile, shape (512, 512, 3); `blank` itself where there is only glass."""
        x0, y0 = column * TILE_PX - _MARGIN_PX, row * TILE_PX - _MARGIN_PX
        around = [(c, r, shift) for c, r, shift in self._around(column, row) if c >= 0 and r >= 0]
        items: list[Placed] = []
        for source in (self._reds, self._platelets):
            for c, r, shift in around:
                group = source(c, r)
                items += group.near(x0, y0 - shift, TILE_PX + 2 * _MARGIN_PX, self._diameter)
        items += [Placed(p.sprite, p.x - x0, p.y - y0) for p in self._nucleated_near(column, row)]
        self.red_cells += len(self._reds(column, row).sprites)
        self._drawn_platelets.append(self._platelets(column, row))
        if not items:
            return blank
        od = self._film.copy()
        for p in items:
            lay(od, None, p)
        rng = np.random.default_rng([self._seed, 24, column + 1, row + 1])
        rgb = expose(od, self._lab, rng, self.mpp, illumination=False)
        return np.ascontiguousarray(rgb[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX])

    def glass(self) -> Tile:
        """A tile without any cell."""
        od = self._film[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX]
        return expose(od, self._lab, np.random.default_rng([self._seed, 25]), self.mpp, illumination=False)


def _codes(cells: int, blasts: int | None, rng: np.random.Generator) -> list[str]:
    """Codes of all nucleated cells, in random order."""
    if blasts is None:
        return apportion_classes(cells, NUCLEATED_MIX, rng)
    others = {code: share for code, share in NUCLEATED_MIX.items() if code != BLAST}
    codes = [*apportion_classes(max(0, cells - blasts), others, rng), *[BLAST] * blasts]
    return [codes[i] for i in rng.permutation(len(codes))]


def torus_crowd(
    rng: np.random.Generator, side: float, spacing: float, count: int, clusters: float, *, rows: bool
) -> Floats:
    """Up to `count` points in a square whose opposite edges meet, apart by about `spacing`.

    Parameters
    ----------
    clusters : float
        Share of points that overlap an earlier one; with `rows` they continue its row (rouleaux).
    """
    n = max(1, int(side // spacing))
    step = side / n
    grid: list[list[tuple[float, float]]] = [[] for _ in range(n * n)]
    points: list[tuple[float, float]] = []
    angles: list[float] = []
    for u, v, a, b in rng.random((count * 7, 4)):
        if len(points) >= count:
            break
        near, angle = spacing, u * 2 * math.pi
        if points and a < clusters:
            i = -1 if rows and b < 0.85 else int(b * len(points))
            px, py = points[i]
            if rows:
                angle = angles[i] + (v - 0.5) * 0.7
            near = spacing * (0.42 + 0.4 * v)
            x, y = (px + near * math.cos(angle)) % side, (py + near * math.sin(angle)) % side
            near *= 0.97
        else:
            x, y = u * side, v * side
        gx, gy = int(x / step) % n, int(y / step) % n
        limit = near * near
        free = True
        for j in (-1, 0, 1):
            for k in (-1, 0, 1):
                for qx, qy in grid[(gy + j) % n * n + (gx + k) % n]:
                    dx, dy = abs(qx - x), abs(qy - y)
                    dx, dy = min(dx, side - dx), min(dy, side - dy)
                    if dx * dx + dy * dy < limit:
                        free = False
        if free:
            points.append((x, y))
            angles.append(angle)
            grid[gy * n + gx].append((x, y))
    return np.array(points, np.float64).reshape(-1, 2)


def _wave(values: Floats, t: Floats) -> Floats:
    """Smooth periodic noise of one variable."""
    i = np.floor(t).astype(int)
    f = t - i
    f = f * f * (3 - 2 * f)
    n = len(values)
    return np.asarray(values[i % n] * (1 - f) + values[(i + 1) % n] * f, np.float64)


def _patch(values: Floats, x: Floats, y: Floats) -> Floats:
    """Smooth periodic noise of two variables."""
    i, j = np.floor(x).astype(int), np.floor(y).astype(int)
    f, g = x - i, y - j
    f, g = f * f * (3 - 2 * f), g * g * (3 - 2 * g)
    n = len(values)
    a = values[j % n, i % n] * (1 - f) + values[j % n, (i + 1) % n] * f
    b = values[(j + 1) % n, i % n] * (1 - f) + values[(j + 1) % n, (i + 1) % n] * f
    return np.asarray(a * (1 - g) + b * g, np.float64)
