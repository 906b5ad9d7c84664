"""The quality map of a slide or of fields, as numbers among a run's tallies, so that a case shows it again.

Four tiles go into one number, twelve bits each, which is exact in a float: whether the tile is known, whether
it was looked at itself, 16 steps of its score, and up to two reasons against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bloodcells_gui.domain.zones import (
    BAD_LIGHT,
    GLASS,
    NOT_A_SMEAR,
    OUT_OF_FOCUS,
    PALE,
    TOO_THICK,
    TOO_THIN,
    RectPx,
    ZoneTile,
)
from bloodcells_gui.imaging.tiling import TileGrid

PREFIX = "map/"
_TILES, _BITS = 4, 12
_STEPS = 15
# Their places are stored in cases: append only.
_REASONS = ("", GLASS, TOO_THIN, TOO_THICK, OUT_OF_FOCUS, PALE, BAD_LIGHT, NOT_A_SMEAR)
_KEY = re.compile(r"map/(\d{1,9})/(\d{1,9})x(\d{1,9})/(\d{1,9})/(\d{1,9})")


def encode_map(tiles: Iterable[ZoneTile], image: int, grid: TileGrid | None) -> dict[str, float]:
    """Tallies for the tiles of an image; without a grid the image is one tile."""
    side = f"{grid.tile_px}x{grid.overlap_px}" if grid is not None else "0x0"
    words: dict[tuple[int, int], int] = {}
    for tile in tiles:
        key = tile.row, tile.column // _TILES
        words[key] = words.get(key, 0) | _packed(tile) << (tile.column % _TILES * _BITS)
    return {f"{PREFIX}{image}/{side}/{row}/{word}": float(v) for (row, word), v in sorted(words.items())}


def decode_map(
    tallies: Mapping[str, float], sizes_px: Mapping[int, tuple[int, int]]
) -> dict[int, list[ZoneTile]]:
    """Tiles by image; what fits no image or grid is left out. `sizes_px` gives the images' sizes."""
    grids: dict[tuple[int, int, int], TileGrid | None] = {}
    out: dict[int, list[ZoneTile]] = {}
    for name, value in tallies.items():
        match = _KEY.fullmatch(name)
        if match is None or not 0 <= value < 2 ** (_TILES * _BITS):
            continue
        image, side, overlap, row, word = (int(g) for g in match.groups())
        size = sizes_px.get(image, (0, 0))
        if min(size) <= 0 or (side and side <= 2 * overlap):
            continue
        key = image, side, overlap
        if key not in grids:
            grids[key] = TileGrid((0, 0, *size), side, overlap) if side else None
        out.setdefault(image, []).extend(_unpacked(int(value), image, row, word * _TILES, grids[key], size))
    return out


def _packed(tile: ZoneTile) -> int:
    reasons = [*(_REASONS.index(r) for r in tile.reasons[:2] if r in _REASONS), 0, 0]
    score = round(min(max(tile.score, 0.0), 1.0) * _STEPS)
    return 1 | tile.measured << 1 | score << 2 | reasons[0] << 6 | reasons[1] << 9


def _unpacked(
    value: int, image: int, row: int, first: int, grid: TileGrid | None, size: tuple[int, int]
) -> list[ZoneTile]:
    columns, rows = grid.shape if grid is not None else (1, 1)
    tiles = []
    for i in range(_TILES):
        bits, column = value >> (i * _BITS) & 0xFFF, first + i
        if not bits & 1 or column >= columns or row >= rows:
            continue
        box: RectPx = grid.tile(row * columns + column).core if grid is not None else (0, 0, *size)
        reasons = tuple(_REASONS[r] for r in (bits >> 6 & 7, bits >> 9 & 7) if r)
        score = (bits >> 2 & 15) / _STEPS
        tiles.append(ZoneTile(image, column, row, box, score, reasons, bool(bits >> 1 & 1)))
    return tiles
