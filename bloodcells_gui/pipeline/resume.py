"""Store which tiles are done, so that a later run can continue.

One number holds 48 columns of a row as bits: exact in a float, and a hundred keys for the largest slide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bloodcells_gui.domain.zones import RectPx
from bloodcells_gui.imaging.tiling import TileGrid
from bloodcells_gui.pipeline import stored_quality_map

_BITS = 48
DONE, SAMPLED = "done", "sampled"
_KEY = re.compile(r"(done|sampled)/(\d{1,9})/(\d{1,9})x(\d{1,9})/(\d{1,9})/(\d{1,9})")


def is_bookkeeping(tally: str) -> bool:
    """Whether a tally is of no interest to a reader."""
    return "/" in tally


def encode(done: Iterable[int], image: int, grid: TileGrid, what: str = DONE) -> dict[str, float]:
    """Tallies for the finished tiles (indices into `grid`) of an image.

    `what` is SAMPLED for those on which red cells and platelets were counted.
    """
    columns, _ = grid.shape
    words: dict[tuple[int, int], int] = {}
    for index in done:
        row, column = divmod(index, columns)
        key = (row, column // _BITS)
        words[key] = words.get(key, 0) | 1 << column % _BITS
    prefix = f"{what}/{image}/{grid.tile_px}x{grid.overlap_px}"
    return {f"{prefix}/{row}/{word}": float(bits) for (row, word), bits in sorted(words.items())}


def tiles_done(tallies: Mapping[str, float], image: int, grid: TileGrid, what: str = DONE) -> set[int]:
    """Finished tiles of an image; none where the grid was another one (cells are recognised all the same)."""
    columns, rows = grid.shape
    done: set[int] = set()
    for name, value in tallies.items():
        match = _KEY.fullmatch(name)
        if match is None or match[1] != what:
            continue
        its_image, side, overlap, row, word = (int(g) for g in match.groups()[1:])
        if its_image != image or (side, overlap) != (grid.tile_px, grid.overlap_px) or row >= rows:
            continue
        if not 0 <= value < 2**_BITS:
            continue
        bits = int(value)
        for bit in range(_BITS):
            column = word * _BITS + bit
            if bits >> bit & 1 and column < columns:
                done.add(row * columns + column)
    return done


def visited(
    tallies: Mapping[str, float], sizes_px: Mapping[int, tuple[int, int]], what: str = DONE
) -> dict[int, list[RectPx]]:
    """Cores of the finished (or sampled) tiles by image, full-resolution px; `sizes_px` gives the sizes."""
    grids: dict[int, set[tuple[int, int]]] = {}
    for name in tallies:
        match = _KEY.fullmatch(name)
        if match is not None and match[1] == what:
            image, side, overlap = int(match[2]), int(match[3]), int(match[4])
            grids.setdefault(image, set()).add((side, overlap))
    out: dict[int, list[RectPx]] = {}
    for image, shapes in grids.items():
        for side, overlap in shapes:
            size = sizes_px.get(image, (0, 0))
            if min(size) <= 0 or side <= 2 * overlap:
                continue
            grid = TileGrid((0, 0, *size), side, overlap)
            boxes = (grid.tile(i).core for i in sorted(tiles_done(tallies, image, grid, what)))
            out.setdefault(image, []).extend(boxes)
    return out


def merged(runs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The tiles and fields done by any of several runs, and their latest quality map."""
    out: dict[str, float] = {}
    for tallies in runs:
        for name, value in tallies.items():
            if is_bookkeeping(name) and 0 <= value < 2**_BITS:
                done = 0 if name.startswith(stored_quality_map.PREFIX) else int(out.get(name, 0.0))
                out[name] = float(done | int(value))
    return out
