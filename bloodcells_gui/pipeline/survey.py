"""The first look at a slide: usable levels, scale, grid of tiles, and their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.zones import NOT_A_SMEAR
from bloodcells_gui.imaging.io.levels import TrustedLevels
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.light import KnownLight, Light, estimate_light
from bloodcells_gui.imaging.monolayer import JUDGED_MPP, PatchQuality, judge_patch
from bloodcells_gui.imaging.overview import Polygon, ZoneMap, zone_map, zone_map_from_samples
from bloodcells_gui.imaging.tiling import Tile, TileGrid

#: A tile as the detector sees it, px of its input; its edges overlap the neighbours' by twice the halo.
TILE_PX = 1024
#: The largest cell (about 25 um) and what a network wants to see around it.
HALO_UM = 28.0
_OVERVIEW_PX = 2048
_PROBE_UM = 110.0
_SCALE_PATCH_PX = 768
_SCALE_PATCHES = 12
# Enough to hold a known scale against: hundreds of red cells.
_CHECK_PATCHES = 4
# Before the scale is known: a 40x scanner's.
_GUESSED_MPP = 0.25
_SPOTS = 5


def tile_grid(size_px: tuple[int, int], mpp: float, detector_mpp: float) -> TileGrid:
    """Tiles over a whole image; the same for the same image and scale, so that a scan can be continued."""
    halo = math.ceil(2 * HALO_UM / mpp)
    side = max(round(TILE_PX * detector_mpp / mpp), 2 * halo + 8)
    return TileGrid((0, 0, *size_px), side, halo)


class Survey:
    """What is known of one image before it is scanned.

    Parameters
    ----------
    reader : ImageReader
    image : int
        Index within the specimen.
    detector_mpp : float
        Scale of the detector's input.
    zones : sequence of polygons
        Where the person wants to look, full-resolution px; everywhere when empty.
    """

    def __init__(
        self, reader: ImageReader, image: int, detector_mpp: float, zones: Sequence[Polygon] = ()
    ) -> None:
        self.image = image
        self.levels = TrustedLevels(reader)
        self.zones = zones
        self.mpp = float("nan")
        self.map: ZoneMap
        self.probed: list[PatchQuality] = []
        self._detector_mpp = detector_mpp
        self._size = reader.size_px
        self._light: Light | None = None

    def scale_patches(self, known: float | None) -> list[NDArray[np.uint8]]:
        """Pixels of the most promising places at full resolution, to see the scale by; `known` is the file's.

        Looks first whether the file's lower resolutions show what the full one does.
        """
        self._check_levels()
        rough = self._rank(known or _GUESSED_MPP)
        return self._patches(rough, _CHECK_PATCHES if known else _SCALE_PATCHES)

    def rank(self, mpp: float) -> ZoneMap:
        """Lay the grid and rank its tiles from the overview alone."""
        self.mpp = mpp
        self.map = self._rank(mpp)
        self.map.restrict(self.zones)
        return self.map

    @property
    def lights(self) -> KnownLight:
        """Level of the empty glass, and the light of the overview: one for all tiles, whatever they show."""
        return KnownLight(self.map.white, self._light)

    def probe(self, pool: Executor, count: int, token: CancelToken) -> None:
        """Look at patches of `count` tiles in detail and let them correct the ranking."""
        order = self.map.probe_order(count)

        def look(index: int) -> PatchQuality | None:
            if token.cancelled:
                return None
            return self.look(self.map.grid.tile(index))

        for index, quality in zip(order, pool.map(look, order), strict=True):
            if quality is not None:
                self.probed.append(quality)
                self.map.learn(index, quality, whole_tile=False)
        token.check()

    def look(self, tile: Tile) -> PatchQuality | None:
        """Quality of the middle of a tile; None when it cannot be read."""
        x, y, w, h = tile.core
        side = min(round(_PROBE_UM / self.mpp), w, h)
        try:
            patch = self._read(x + (w - side) // 2, y + (h - side) // 2, side, side)
        except ImageRefused:
            return None
        return judge_patch(patch, max(JUDGED_MPP, self.mpp), self.map.white)

    def _read(self, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        return self.levels.read(x, y, width, height, max(1.0, JUDGED_MPP / self.mpp))

    def _check_levels(self) -> None:
        reader = self.levels.reader
        if len(reader.levels) < 2:
            return
        width, height = self._size
        spots: list[tuple[float, tuple[int, int]]] = []
        for fy, fx in np.ndindex(_SPOTS, _SPOTS):
            x, y = round((fx + 0.5) * width / _SPOTS), round((fy + 0.5) * height / _SPOTS)
            try:
                patch = reader.read_region(x - 32, y - 32, 64, 64)
            except ImageRefused:
                continue
            spots.append((float(patch.std()), (x, y)))
        best = sorted(spots, reverse=True)[:3]
        try:
            self.levels.check([place for _, place in best])
        except ImageRefused:
            return  # the tile that cannot be read is told when the scan meets it

    def _rank(self, mpp: float) -> ZoneMap:
        grid = tile_grid(self._size, mpp, self._detector_mpp)
        if self.levels.has_overview():
            columns, rows = grid.shape
            side = min(_OVERVIEW_PX, max(256, 12 * max(columns, rows)), max(self._size))
            overview = self.levels.overview(side)
            self._light = estimate_light(overview).alike().of_size(self._size)
            return zone_map(overview, grid, self.image)
        side = max(8, round(_PROBE_UM / mpp))
        samples = [self._sample(t, side) for t in grid]
        return zone_map_from_samples(samples, grid, self.image)

    def _sample(self, tile: Tile, side: int) -> NDArray[np.uint8]:
        x, y, w, h = tile.core
        try:
            return self.levels.read(x + (w - side) // 2, y + (h - side) // 2, side, side, max(1.0, side / 32))
        except ImageRefused:
            return np.full((8, 8, 3), 255, np.uint8)

    def _patches(self, rough: ZoneMap, count: int) -> list[NDArray[np.uint8]]:
        width, height = self._size
        patches: list[NDArray[np.uint8]] = []
        for tile in (rough.grid.tile(i) for i in rough.probe_order(count)):
            x, y, w, h = tile.core
            side = min(_SCALE_PATCH_PX, width, height)
            left = min(max(0, x + (w - side) // 2), width - side)
            top = min(max(0, y + (h - side) // 2), height - side)
            try:
                patches.append(self.levels.read(left, top, side, side))
            except ImageRefused:
                continue
        return patches

    def is_colourless(self) -> bool:
        """Whether what was looked at has no stain at all: the label, or something else than a smear."""
        dark = [NOT_A_SMEAR in q.reasons for q in self.probed if q.coverage > 0.02]
        return len(dark) > 0 and sum(dark) > 0.8 * len(dark)
