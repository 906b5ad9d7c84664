"""The quality map of a slide or of fields, between the tiles of a scan and what a case keeps of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bloodcells_gui.domain.run_record import SCORE_STEPS, MapTile, QualityMap
from bloodcells_gui.domain.zones import RectPx, ZoneTile
from bloodcells_gui.imaging.tiling import TileGrid
from bloodcells_gui.pipeline.resume import grid_over

_REASONS_KEPT = 2


def quality_map(tiles: Iterable[ZoneTile], image: int, grid: TileGrid | None) -> QualityMap:
    """What a case keeps of the tiles of an image; without a grid the image is one tile."""
    side = (grid.tile_px, grid.overlap_px) if grid is not None else (0, 0)
    kept = {(t.row, t.column): _kept(t) for t in tiles}
    return QualityMap(image, *side, tuple(kept[at] for at in sorted(kept)))


def zone_tiles(
    maps: Iterable[QualityMap], sizes_px: Mapping[int, tuple[int, int]]
) -> dict[int, list[ZoneTile]]:
    """Tiles by image; what fits no image or grid is left out. `sizes_px` gives the images' sizes."""
    out: dict[int, list[ZoneTile]] = {}
    for quality in maps:
        size = sizes_px.get(quality.image, (0, 0))
        grid = grid_over(quality.tile_px, quality.overlap_px, size) if quality.tile_px else None
        if min(size) <= 0 or (quality.tile_px and grid is None):
            continue
        columns, rows = grid.shape if grid is not None else (1, 1)
        for tile in quality.tiles:
            if tile.column >= columns or tile.row >= rows:
                continue
            box: RectPx = (0, 0, *size) if grid is None else grid.tile(tile.row * columns + tile.column).core
            score = tile.step / SCORE_STEPS
            zone = ZoneTile(quality.image, tile.column, tile.row, box, score, tile.reasons, tile.measured)
            out.setdefault(quality.image, []).append(zone)
    return out


def _kept(tile: ZoneTile) -> MapTile:
    step = round(min(max(tile.score, 0.0), 1.0) * SCORE_STEPS)
    return MapTile(int(tile.row), int(tile.column), step, bool(tile.measured), tile.reasons[:_REASONS_KEPT])
