"""A slide of any size from the tiles of a small one: ``python -m scripts.benchmarks.repeated_slide SMALL LARGE --side 100000``.

Every distinct tile is stored once, whatever the number of places that show it, so 100,000 x 100,000 px take seconds
and some megabytes. The block that is repeated is cut from the middle of SMALL; a margin of glass surrounds it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK, MARGIN = 8, 8  # tiles
_GLASS = 0


def repeated(small: Path, large: Path, side_px: int) -> int:
    """Write the slide; returns how many distinct tiles it stores."""
    from bloodcells_gui.imaging.io.opening import open_image
    from bloodcells_gui.synthetic.pyramid import TILE_PX, PyramidWriter, encode, halve
    from bloodcells_gui.synthetic.truth import SYNTHETIC_NOTICE

    with open_image(small) as reader:
        side = BLOCK * TILE_PX
        left, top = ((size - side) // 2 for size in reader.size_px)
        block = reader.read_region(left, top, side, side)
        mpp = reader.mpp or 0.25
    glass = np.full((TILE_PX, TILE_PX, 3), 243, np.uint8)
    tiles = [glass] + [
        block[y : y + TILE_PX, x : x + TILE_PX]
        for y in range(0, side, TILE_PX)
        for x in range(0, side, TILE_PX)
    ]
    stored = 0
    with PyramidWriter(large, (side_px, side_px), mpp, SYNTHETIC_NOTICE) as writer:
        ids: NDArray[np.int64] = _first_level(*writer.grid(0))
        for level in range(len(writer.levels)):
            nx, ny = writer.grid(level)
            if level:
                ids, quarters = _quarters(ids)
                old = tiles
                tiles = [
                    halve(np.vstack([np.hstack([old[a], old[b]]), np.hstack([old[c], old[d]])]))
                    for a, b, c, d in quarters
                ]
            places = [writer.store(encode(tile)) for tile in tiles]
            stored += len(places)
            for row in range(ny):
                for column in range(nx):
                    writer.assign(level, column, row, places[ids[row, column]])
        writer.finish()
    return stored


def _first_level(nx: int, ny: int) -> NDArray[np.int64]:
    """Which tile is shown where, (ny, nx): glass at the margin, the block again and again inside."""
    rows, columns = np.mgrid[0:ny, 0:nx]
    ids = 1 + rows % BLOCK * BLOCK + columns % BLOCK
    inside = (rows >= MARGIN) & (rows < ny - MARGIN) & (columns >= MARGIN) & (columns < nx - MARGIN)
    return np.where(inside, ids, _GLASS)


def _quarters(ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[list[int]]]:
    """The next level's ids and, for each of them, the four tiles that it is made of."""
    ny, nx = ids.shape
    even = np.pad(ids, ((0, ny % 2), (0, nx % 2)), constant_values=ids[0, 0])
    four = np.stack([even[::2, ::2], even[::2, 1::2], even[1::2, ::2], even[1::2, 1::2]], axis=-1)
    unique, inverse = np.unique(four.reshape(-1, 4), axis=0, return_inverse=True)
    return inverse.reshape(four.shape[:2]), unique.tolist()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("small", type=Path)
    parser.add_argument("large", type=Path)
    parser.add_argument("--side", type=int, default=100_000, metavar="PX")
    args = parser.parse_args()
    print(f"{args.large}: {repeated(args.small, args.large, args.side)} distinct tiles")


if __name__ == "__main__":
    main()
