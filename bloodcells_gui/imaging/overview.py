"""Find the smear on a slide and rank its tiles by monolayer quality.

First every tile gets a guess from its mean optical density at low resolution. Then patches that were read in
detail correct the guess of tiles that lie near or look alike, so the ranking sharpens while the scan goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.zones import GLASS, READABLE, TOO_THICK, TOO_THIN, ZoneTile
from bloodcells_gui.imaging.monolayer import PatchQuality
from bloodcells_gui.imaging.tiling import TileGrid

# Mean optical density (green) of a usual monolayer: cells of 0.2 to 0.4 over a third to half of the area.
_MONOLAYER_OD = 0.11
_OD_RATIO = 2.2
# Nothing in the whole tile is darker than this: glass.
_GLASS_OD = 0.022
_BLACK = 16
# How far a measured patch speaks for others: tiles apart, ratio of optical density.
_REACH_TILES = 2.0
_REACH_LN_OD = 0.3
_FAR_WEIGHT = 0.08
_PRIOR_WEIGHT = 0.15

Polygon = Sequence[tuple[float, float]]


class ZoneMap:
    """Scores of a grid of tiles over one image.

    Parameters
    ----------
    grid : TileGrid
        Its cores are the tiles.
    image : int
        Index of the image within the specimen.
    mean_od, dark_od : ndarray of float32, shape (n,)
        Mean and nearly highest optical density of every tile, in the grid's order.
    white : float
        Green level of the empty glass.
    """

    def __init__(
        self,
        grid: TileGrid,
        image: int,
        mean_od: NDArray[np.float32],
        dark_od: NDArray[np.float32],
        white: float,
    ) -> None:
        self.grid = grid
        self.image = image
        self.white = white
        self._od = np.maximum(mean_od.astype(np.float64), 0.0)
        self._glass = dark_od < _GLASS_OD
        self._ln_od = np.log(np.maximum(self._od, 4e-3))
        spread = (self._ln_od - np.log(_MONOLAYER_OD)) / np.log(_OD_RATIO)
        self._prior = np.where(self._glass, 0.0, 0.6 * np.exp(-0.5 * spread**2))
        columns, rows = grid.shape
        self._column = np.tile(np.arange(columns), rows).astype(np.float64)
        self._row = np.repeat(np.arange(rows), columns).astype(np.float64)
        self._sum = self._prior * _PRIOR_WEIGHT
        self._weight = np.full(len(grid), _PRIOR_WEIGHT)
        self._measured: dict[int, PatchQuality] = {}
        self._measured_score = np.full(len(grid), np.nan)
        self.allowed = np.ones(len(grid), bool)

    @property
    def smear(self) -> NDArray[np.bool_]:
        """(n,), tiles with anything on them that the person did not leave out."""
        return ~self._glass & self.allowed

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n,), 0 to 1; measured where a tile was read, else estimated."""
        estimated = np.where(self._glass, 0.0, self._sum / self._weight)
        return np.where(np.isnan(self._measured_score), estimated, self._measured_score)

    def learn(self, index: int, quality: PatchQuality, *, whole_tile: bool) -> None:
        """Let a patch of tile `index` speak for the tiles around and for those of like density."""
        distance2 = (self._column - self._column[index]) ** 2 + (self._row - self._row[index]) ** 2
        alike = np.exp(-0.5 * ((self._ln_od - self._ln_od[index]) / _REACH_LN_OD) ** 2)
        weight = alike * (_FAR_WEIGHT + np.exp(-0.5 * distance2 / _REACH_TILES**2))
        self._sum += weight * quality.score
        self._weight += weight
        if whole_tile:
            self._measured[index] = quality
            self._measured_score[index] = quality.score

    def restrict(self, polygons: Sequence[Polygon]) -> None:
        """Only tiles that touch one of the person's polygons (full-resolution px) are looked at."""
        self.allowed = tiles_touching(self.grid, polygons)

    def probe_order(self, count: int, seed: int = 0) -> list[int]:
        """Tiles worth a first detailed look: spread over the smear, likely ones more often; repeatable."""
        chance = (self._prior + 0.02) * self.smear
        candidates = np.flatnonzero(chance > 0)
        if len(candidates) == 0:
            return []
        rng = np.random.default_rng(seed)
        # Weighted sampling without replacement (Efraimidis and Spirakis 2006).
        keys = rng.random(len(candidates)) ** (1.0 / chance[candidates])
        return [int(i) for i in candidates[np.argsort(-keys)][:count]]

    def tiles(self) -> tuple[ZoneTile, ...]:
        """Every tile with its present score."""
        scores = self.scores
        return tuple(self._tile(i, float(scores[i])) for i in range(len(self.grid)))

    def tile(self, index: int) -> ZoneTile:
        """One tile with its present score."""
        return self._tile(index, float(self.scores[index]))

    def _tile(self, index: int, score: float) -> ZoneTile:
        t = self.grid.tile(index)
        quality = self._measured.get(index)
        reasons: tuple[str, ...] = quality.reasons if quality else ()
        if self._glass[index]:
            reasons = (GLASS,)
        elif quality is None and score < READABLE:
            reasons = (TOO_THICK if self._od[index] > _MONOLAYER_OD else TOO_THIN,)
        return ZoneTile(self.image, t.column, t.row, t.core, score, reasons, quality is not None)


def glass_level(overview: NDArray[np.uint8]) -> float:
    """Green level of empty glass: the brightest level that a hundredth of the picture reaches.

    Paper-white areas that the scanner left out are ignored unless there is nothing else.
    """
    green = overview[..., 1][~_blank_padding(overview)]
    if green.size < 0.02 * overview.shape[0] * overview.shape[1]:
        return 255.0
    return float(np.percentile(green, 99))


def zone_map(overview: NDArray[np.uint8], grid: TileGrid, image: int = 0) -> ZoneMap:
    """First ranking from a picture of the whole region at low resolution.

    Parameters
    ----------
    overview : (h, w, 3) uint8 RGB
        The grid's whole region; any resolution that gives each tile a few px.
    """
    white = glass_level(overview)
    od = np.log10(white / np.maximum(overview[..., 1].astype(np.float32), 1.0))
    od[_blank_padding(overview)] = 0.0
    od = np.maximum(od, 0.0).astype(np.float32)
    height, width = od.shape
    x0, y0, region_w, region_h = grid.region
    mean, dark = np.zeros(len(grid), np.float32), np.zeros(len(grid), np.float32)
    for i, tile in enumerate(grid):
        cx, cy, cw, ch = tile.core
        left, top = int((cx - x0) * width / region_w), int((cy - y0) * height / region_h)
        right = max(left + 1, round((cx + cw - x0) * width / region_w))
        bottom = max(top + 1, round((cy + ch - y0) * height / region_h))
        part = od[top:bottom, left:right]
        mean[i] = part.mean()
        dark[i] = part.max()
    return ZoneMap(grid, image, mean, dark, white)


def zone_map_from_samples(samples: Sequence[NDArray[np.uint8]], grid: TileGrid, image: int = 0) -> ZoneMap:
    """First ranking from one small patch per tile, for images without a trustworthy low resolution."""
    strip = np.concatenate([s.reshape(-1, 1, 3) for s in samples])
    white = glass_level(strip)
    mean, dark = np.zeros(len(grid), np.float32), np.zeros(len(grid), np.float32)
    for i, sample in enumerate(samples):
        od = np.log10(white / np.maximum(sample[..., 1].astype(np.float32), 1.0))
        od[_blank_padding(sample)] = 0.0
        mean[i] = np.maximum(od, 0).mean()
        # A patch is a small part of its tile: only evenly empty ones count as glass.
        dark[i] = max(float(np.percentile(od, 99)), 0.0)
    return ZoneMap(grid, image, mean, dark, white)


def tiles_touching(grid: TileGrid, polygons: Sequence[Polygon]) -> NDArray[np.bool_]:
    """(n,), which cores touch one of the polygons (full-resolution px); all of them without a polygon."""
    if not polygons:
        return np.ones(len(grid), bool)
    # One px per 1/8 tile is fine enough, and an outline drawn thick reaches tiles that it only grazes.
    step = max(1.0, grid.tile_px / 8)
    x0, y0, width, height = grid.region
    mask = np.zeros((int(height / step) + 2, int(width / step) + 2), np.uint8)
    for polygon in polygons:
        points = np.round((np.asarray(polygon, np.float64) - (x0, y0)) / step).astype(np.int32)
        cv2.fillPoly(mask, [points], 1)
    touching = np.zeros(len(grid), bool)
    for i, tile in enumerate(grid):
        cx, cy, cw, ch = tile.core
        left, top = int((cx - x0) / step), int((cy - y0) / step)
        right, bottom = int((cx + cw - x0) / step) + 1, int((cy + ch - y0) / step) + 1
        touching[i] = bool(mask[top:bottom, left:right].any())
    return touching


def inside(polygons: Sequence[Polygon], x: float, y: float) -> bool:
    """Whether a point lies in one of the polygons; always, without a polygon."""
    if not polygons:
        return True
    return any(
        cv2.pointPolygonTest(np.asarray(p, np.float32).reshape(-1, 1, 2), (x, y), False) >= 0
        for p in polygons
    )


def box_polygon(x: float, y: float, width: float, height: float) -> Polygon:
    """A rectangle as a polygon."""
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def _blank_padding(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the scanner recorded nothing: pure white or black."""
    low, high = rgb.min(axis=-1), rgb.max(axis=-1)
    return np.asarray((low >= 254) | (high <= _BLACK), np.bool_)
