"""The search of a whole film for clumps of platelets, the feathered edge included.

Clumps are swept to the edge and the end of a film, where no leukocyte is counted and no red cell examined. So
every part of the film is looked at once more, coarsely and for this alone: regions of platelet-stained grainy
material (:mod:`bloodcells_gui.imaging.platelet_regions`). Each is shown to the detector, which tells
nucleated cells and smudge cells from them. That costs a fraction of the search for leukocytes, which looks
everywhere with the network (``python -m scripts.benchmarks.platelets --clumps``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.detections import NUCLEATED, Detections
from bloodcells_gui.domain.platelet_clumps import MOST_PLACES, ClumpSearch, PlateletClump
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.light import WHITE, Light
from bloodcells_gui.imaging.platelet_regions import STAINED, StainedRegion, stained_regions
from bloodcells_gui.imaging.platelet_stain import (
    blank_of,
    optical_density,
    red_cell_direction,
    stain_density,
)
from bloodcells_gui.imaging.tiling import Tile
from bloodcells_gui.pipeline.search import CellDetector, Read
from bloodcells_gui.pipeline.survey import Survey

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

#: Regions are looked for at about this scale, um per px.
LOOK_UM = 0.5
# A level may be so much coarser; one that is finer by more is shrunk while it is read.
_COARSER, _FINE = 1.1, 2.1
# Side of what the detector is shown of a region, px of its input.
_WINDOW_PX = 64
# A nucleated cell of the detector covers at least this share of the region's box, or holds its middle.
_COVERED = 0.35
# Film is told from glass, and thin film from a monolayer, in squares of this side, um.
_SQUARE_UM = 40.0
# A square with this share of cells is film; up to the second it is thin (``imaging.monolayer``).
_FILM, _THIN = 0.015, 0.22
_CELL_OD = 0.06
# Colour is measured on every such pixel.
_EVERY = 3
# A clump is so many times as stained as this percentile of all pixels of cells, at least: red cells under a
# lamp of an odd colour, and where they overlap, are a little off their own line.
_USUAL_RANK, _ABOVE_USUAL = 80.0, 3.0


@dataclass(frozen=True, slots=True)
class FilmColours:
    """What holds for a whole image: its light, the level of its blank field, its red cells' direction."""

    light: Light | None
    blank: Floats
    red: Floats
    stained_from: float = STAINED


@dataclass(frozen=True, slots=True)
class TileLook:
    """What one tile came to: clumps whose middle lies in its core, and its film, mm2."""

    clumps: tuple[PlateletClump, ...] = ()
    film_mm2: float = 0.0
    edge_mm2: float = 0.0


def film_colours(
    pixels: Pixels,
    light: Light | None,
    origin_px: tuple[float, float] = (0.0, 0.0),
    factor: float | None = None,
) -> FilmColours:
    """Of an image, from a picture of all of it, or of its best part, as it was taken.

    Parameters
    ----------
    origin_px : (x, y)
        Where the part begins, full-resolution px.
    factor : float or None
        Full-resolution px that make one of `pixels`; None for a picture of all of the image.
    """
    if light is None:
        lit = pixels
    else:
        lit = light.applied(pixels, origin_px, factor or light.size_px[0] / pixels.shape[1])
    blank = blank_of(lit) if light is None else np.full(3, WHITE, np.float32)
    thinned = np.ascontiguousarray(lit[::_EVERY, ::_EVERY]) if min(lit.shape[:2]) > 300 else lit
    density = optical_density(thinned, blank)
    red = red_cell_direction(density)
    stain = stain_density(density, red)[density[..., 1] > _CELL_OD]
    usual = float(np.percentile(stain, _USUAL_RANK)) if stain.size else 0.0
    return FilmColours(light, blank, red, max(STAINED, _ABOVE_USUAL * usual))


def look_at(pixels: Pixels, tile: Tile, mpp: float, colours: FilmColours, detector: CellDetector) -> TileLook:
    """Clumps of one tile.

    Parameters
    ----------
    pixels : (h, w, 3) uint8 RGB
        The tile with its overlap, at about `LOOK_UM`, as it was taken.
    tile : Tile
        Where it lies, full-resolution px.
    mpp : float
        um per full-resolution px.
    """
    factor = tile.width / pixels.shape[1]
    um = mpp * factor
    light = colours.light
    lit = pixels if light is None else light.applied(pixels, (tile.x, tile.y), factor)
    regions = [
        r
        for r in stained_regions(lit, um, colours.red, colours.blank, colours.stained_from)
        if r.clump and _in_core(r, tile, factor) and not _at_border(r, lit.shape)
    ]
    film, thin, squares = _film_of(lit, um, colours.blank, tile, factor)
    left = _without_nucleus(lit, um, regions, detector)
    clumps = tuple(_placed(r, tile, factor, squares, um) for r in left)
    return TileLook(clumps, film, thin)


def search_field(
    image: int, read: Read, size_px: tuple[int, int], mpp: float, light: Light | None, detector: CellDetector
) -> ClumpSearch:
    """The search of one field, which is no film but what was given of it; raises ImageRefused."""
    width, height = size_px
    pixels = read(0, 0, width, height, max(1.0, LOOK_UM / mpp))
    tile = Tile(0, 0, 0, 0, 0, width, height, (0, 0, width, height))
    return summed(image, [look_at(pixels, tile, mpp, film_colours(pixels, light), detector)])


def search_slide(
    survey: Survey, detector: CellDetector, pool: ThreadPoolExecutor, token: CancelToken
) -> ClumpSearch:
    """The search of one slide, tile by tile; tiles that cannot be read are left out of the area.

    Raises
    ------
    Cancelled
    """
    mpp, levels, grid = survey.mpp, survey.levels, survey.map.grid
    wanted = LOOK_UM / mpp
    level = levels.coarsest(_COARSER * wanted)
    step = level if wanted <= _FINE * level else wanted
    tiles = [grid.tile(int(i)) for i in np.flatnonzero(survey.map.smear)]
    best = grid.tile(int(np.argmax(survey.map.scores)))
    try:
        seen = levels.read(best.x, best.y, best.width, best.height, step)
    except (ImageRefused, MemoryError):
        return ClumpSearch(survey.image, 0.0, 0.0)
    light = survey.lights.light if detector.even_light else None
    colours = film_colours(seen, light, (best.x, best.y), best.width / seen.shape[1])

    def look(tile: Tile) -> TileLook:
        token.check()
        try:
            pixels = levels.read(tile.x, tile.y, tile.width, tile.height, step)
        except (ImageRefused, MemoryError):
            return TileLook()
        return look_at(pixels, tile, mpp, colours, detector)

    return summed(survey.image, pool.map(look, tiles))


def summed(image: int, looks: Iterator[TileLook] | Sequence[TileLook]) -> ClumpSearch:
    """The looks at the tiles of an image, together; the largest clumps are listed."""
    clumps: list[PlateletClump] = []
    film = edge = 0.0
    for found in looks:
        clumps += found.clumps
        film += found.film_mm2
        edge += found.edge_mm2
    listed = sorted(clumps, key=lambda c: (-c.area_um2, c.box_px))[:MOST_PLACES]
    return ClumpSearch(image, round(film, 6), round(edge, 6), len(clumps), tuple(listed))


def _at_border(region: StainedRegion, shape: tuple[int, ...]) -> bool:
    """Whether the picture's border cuts a region: what it is cannot be told, most are leukocytes."""
    box = region.box
    return box.x < 1 or box.y < 1 or box.x + box.width >= shape[1] or box.y + box.height >= shape[0]


def _in_core(region: StainedRegion, tile: Tile, factor: float) -> bool:
    x, y = region.centre
    return tile.owns(tile.x + x * factor, tile.y + y * factor)


def _film_of(
    lit: Pixels, um: float, blank: Floats, tile: Tile, factor: float
) -> tuple[float, float, NDArray[np.float32]]:
    """Film and thin film of the tile's core, mm2, and the share of cells in squares of the whole tile."""
    height, width = lit.shape[:2]
    green = np.maximum(-np.log10((np.arange(256, dtype=np.float32) + 1) / (float(blank[1]) + 1)), 0)
    cells = (green[lit[..., 1]] > _CELL_OD).astype(np.float32)
    size = max(1, round(width * um / _SQUARE_UM)), max(1, round(height * um / _SQUARE_UM))
    squares = np.asarray(cv2.resize(cells, size, interpolation=cv2.INTER_AREA), np.float32)
    x, y, w, h = tile.core
    left, top = (x - tile.x) / factor, (y - tile.y) / factor
    across, down = width / size[0], height / size[1]
    columns = (np.arange(size[0]) + 0.5) * across
    rows = (np.arange(size[1]) + 0.5) * down
    inside = ((columns >= left) & (columns < left + w / factor))[None]
    inside = inside & ((rows >= top) & (rows < top + h / factor))[:, None]
    film = squares[inside]
    # The squares of a core are a little more or less than its area.
    each = w * h * (um / factor) ** 2 / 1e6 / max(1, film.size)
    return (
        float((film > _FILM).sum()) * each,
        float(((film > _FILM) & (film < _THIN)).sum()) * each,
        squares,
    )


def _without_nucleus(
    lit: Pixels, um: float, regions: Sequence[StainedRegion], detector: CellDetector
) -> list[StainedRegion]:
    """Those that are no single cell, and of the others those in which the detector sees no nucleated cell."""
    sure = [r for r in regions if r.no_single_cell]
    regions = [r for r in regions if not r.no_single_cell]
    if not regions:
        return sure
    scale = detector.um_per_px / um
    side = round(_WINDOW_PX * scale)
    half = side // 2 + 1
    framed = cv2.copyMakeBorder(lit, half, half, half, half, cv2.BORDER_REPLICATE)
    windows = np.empty((len(regions), _WINDOW_PX, _WINDOW_PX, 3), np.uint8)
    corners = []
    for i, region in enumerate(regions):
        x, y = (max(0, round(c - side / 2) + half) for c in region.centre)
        part = framed[y : y + side, x : x + side]
        windows[i] = cv2.resize(part, (_WINDOW_PX, _WINDOW_PX), interpolation=cv2.INTER_AREA)
        corners.append((x - half, y - half))
    seen = detector.leukocytes_in(windows)
    return sure + [
        region
        for region, corner, found in zip(regions, corners, seen, strict=True)
        if not _is_nucleated(region, found, corner, side / _WINDOW_PX)
    ]


def _is_nucleated(region: StainedRegion, found: Detections, corner: tuple[int, int], scale: float) -> bool:
    cells = found.of_class(NUCLEATED).boxes * scale
    x, y = region.centre
    box = region.box
    for near_x, near_y, width, height in cells.tolist():
        left, top = near_x + corner[0], near_y + corner[1]
        if left < x < left + width and top < y < top + height:
            return True
        across = min(left + width, box.x + box.width) - max(left, box.x)
        down = min(top + height, box.y + box.height) - max(top, box.y)
        if across > 0 and down > 0 and across * down > _COVERED * box.width * box.height:
            return True
    return False


def _placed(
    region: StainedRegion, tile: Tile, factor: float, squares: NDArray[np.float32], um: float
) -> PlateletClump:
    """The clump at full resolution; `edge` where the film around it is thin."""
    rows, columns = squares.shape
    column = min(columns - 1, int(region.centre[0] * um / _SQUARE_UM))
    row = min(rows - 1, int(region.centre[1] * um / _SQUARE_UM))
    around = squares[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    box: Box = region.box
    place = (
        max(0, round(tile.x + box.x * factor)), max(0, round(tile.y + box.y * factor)),
        max(1, round(box.width * factor)), max(1, round(box.height * factor)),
    )  # fmt: skip
    return PlateletClump(place, round(region.area_um2, 2), bool(np.median(around) < _THIN))
