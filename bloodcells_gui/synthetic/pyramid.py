"""A pyramidal tiled TIFF written tile by tile: memory does not grow with the slide."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.synthetic.truth import not_writable

TILE_PX = 512
Tile = NDArray[np.uint8]
_SHORT, _LONG, _RATIONAL, _LONG8, _ASCII = 3, 4, 5, 16, 2


class PyramidWriter:
    """BigTIFF with JPEG tiles of 512 px; every level halves the one before.

    Tiles of a level may be written in any order; the same bytes may serve many tiles. Readers that know
    generic tiled TIFF (OpenSlide, libvips, QuPath, tifffile) open the result.

    Parameters
    ----------
    path : Path
        File to be written.
    size_px : tuple of int
        Width, height at full resolution.
    mpp : float
        Goes into the resolution tags (pixels per centimetre).
    description : str
        ASCII text of the first directory.
    """

    def __init__(self, path: Path, size_px: tuple[int, int], mpp: float, description: str) -> None:
        self._path = path
        self._mpp = mpp
        self._description = description
        self.levels: list[tuple[int, int]] = [size_px]
        while max(self.levels[-1]) > TILE_PX:
            w, h = self.levels[-1]
            self.levels.append((max(1, -(-w // 2)), max(1, -(-h // 2))))
        grids = [self.grid(i) for i in range(len(self.levels))]
        self._offsets = [np.zeros(nx * ny, np.uint64) for nx, ny in grids]
        self._counts = [np.zeros(nx * ny, np.uint64) for nx, ny in grids]
        try:
            self._file = path.open("wb")
        except OSError as e:
            raise not_writable(path, e) from e
        self._at = 0
        self._write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))

    def grid(self, level: int) -> tuple[int, int]:
        """Tiles across and down."""
        w, h = self.levels[level]
        return -(-w // TILE_PX), -(-h // TILE_PX)

    def store(self, data: bytes) -> tuple[int, int]:
        """Append an encoded tile without saying where it belongs; returns its place for :meth:`assign`."""
        place = (self._at, len(data))
        self._write(data)
        return place

    def assign(self, level: int, column: int, row: int, place: tuple[int, int]) -> None:
        """Let a tile of a level show what was stored at `place`."""
        i = row * self.grid(level)[0] + column
        self._offsets[level][i], self._counts[level][i] = place

    def repeat_rows(self, period_log2: int) -> None:
        """Let rows of tiles below the first 2 ** (period_log2 - level) show the same data as those."""
        for level in range(min(period_log2 + 1, len(self.levels))):
            nx, ny = self.grid(level)
            source = np.arange(ny) % (1 << (period_log2 - level))
            for table in (self._offsets, self._counts):
                table[level] = table[level].reshape(ny, nx)[source].reshape(-1)

    def finish(self) -> None:
        """Write the directories; every tile must have been assigned."""
        if any(not counts.all() for counts in self._counts):
            raise ValueError("tiles are missing")
        previous_link = 8
        for level, size in enumerate(self.levels):
            start = self._at + (self._at & 1)
            directory, link_at = self._directory(level, size, start)
            self._write(bytes(start - self._at) + directory)
            self._patch(previous_link, start)
            previous_link = start + link_at
        self._file.close()

    def _directory(self, level: int, size: tuple[int, int], start: int) -> tuple[bytes, int]:
        per_cm = 1e4 / (self._mpp * self.levels[0][0] / size[0])
        rational = struct.pack("<II", round(per_cm * 1000), 1000)
        text = self._description.encode("ascii", "replace") + b"\0"
        entries: list[tuple[int, int, int, bytes]] = [
            (254, _LONG, 1, struct.pack("<I", 0 if level == 0 else 1)),
            (256, _LONG, 1, struct.pack("<I", size[0])),
            (257, _LONG, 1, struct.pack("<I", size[1])),
            (258, _SHORT, 3, struct.pack("<HHH", 8, 8, 8)),
            (259, _SHORT, 1, struct.pack("<H", 7)),
            (262, _SHORT, 1, struct.pack("<H", 6)),
            (270, _ASCII, len(text), text),
            (277, _SHORT, 1, struct.pack("<H", 3)),
            (282, _RATIONAL, 1, rational),
            (283, _RATIONAL, 1, rational),
            (284, _SHORT, 1, struct.pack("<H", 1)),
            (296, _SHORT, 1, struct.pack("<H", 3)),
            (322, _LONG, 1, struct.pack("<I", TILE_PX)),
            (323, _LONG, 1, struct.pack("<I", TILE_PX)),
            (324, _LONG8, self._offsets[level].size, self._offsets[level].astype("<u8").tobytes()),
            (325, _LONG8, self._counts[level].size, self._counts[level].astype("<u8").tobytes()),
            (530, _SHORT, 2, struct.pack("<HH", 2, 2)),
        ]
        link_at = 8 + 20 * len(entries)
        at = start + link_at + 8
        head, tail = struct.pack("<Q", len(entries)), b""
        for tag, kind, count, value in entries:
            if len(value) <= 8:
                field = value.ljust(8, b"\0")
            else:
                field = struct.pack("<Q", at + len(tail))
                tail += value + b"\0" * (-len(value) % 8)
            head += struct.pack("<HHQ", tag, kind, count) + field
        return head + bytes(8) + tail, link_at

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as e:
            raise not_writable(self._path, e) from e
        self._at += len(data)

    def _patch(self, where: int, value: int) -> None:
        try:
            self._file.seek(where)
            self._file.write(struct.pack("<Q", value))
            self._file.seek(self._at)
        except OSError as e:
            raise not_writable(self._path, e) from e

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file.closed:
            self._file.close()


def encode(tile: Tile, quality: int = 82) -> bytes:
    """A JPEG stream of one RGB tile, shape (512, 512, 3), subsampled 4:2:0 as the directory says."""
    ok, data = cv2.imencode(
        ".jpg", cv2.cvtColor(tile, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not ok:
        raise RuntimeError("JPEG encoding failed")
    return bytes(data.tobytes())


def halve(tile: Tile) -> Tile:
    """Every 2 x 2 px become one."""
    small: Tile = cv2.resize(tile, (tile.shape[1] // 2, tile.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return small


def write_pyramid(
    writer: PyramidWriter, render: Callable[[int, int], Tile], blank: Tile, period_log2: int | None = None
) -> None:
    """Fill all levels, quarter by quarter, so that at most four tiles a level are held.

    Parameters
    ----------
    render : callable
        Column, row to the full-resolution tile, shape (512, 512, 3).
    blank : ndarray
        A tile of empty glass, for what lies beyond the edge; tiles that *are* this array are stored once.
    period_log2 : int or None
        The slide repeats downwards every 2 ** period_log2 tiles: later rows show the stored ones again.
    """
    filler = _Filler(writer, render, blank, period_log2)
    top = len(writer.levels) - 1
    nx, ny = writer.grid(top)
    for row in range(ny):
        for column in range(nx):
            filler.fill(top, column, row)
    if period_log2 is not None:
        writer.repeat_rows(period_log2)
    writer.finish()


class _Filler:
    def __init__(
        self, writer: PyramidWriter, render: Callable[[int, int], Tile], blank: Tile, period: int | None
    ) -> None:
        self._writer = writer
        self._render = render
        self._blank = blank
        self._blank_place = writer.store(encode(blank))
        self._period = period
        self._repeated: dict[int, Tile] = {}

    def fill(self, level: int, column: int, row: int) -> Tile:
        """Write the tile and all below it; returns its pixels."""
        if level == self._period and row > 0 and column in self._repeated:
            return self._repeated[column]
        if level == 0:
            tile = self._render(column, row)
        else:
            tile = self._from_quarters(level, column, row)
        place = self._blank_place if tile is self._blank else self._writer.store(encode(tile))
        self._writer.assign(level, column, row, place)
        if level == self._period and row == 0:
            self._repeated[column] = tile
        return tile

    def _from_quarters(self, level: int, column: int, row: int) -> Tile:
        nx, ny = self._writer.grid(level - 1)
        quarters = [
            self.fill(level - 1, x, y) if x < nx and y < ny else self._blank
            for y in (2 * row, 2 * row + 1)
            for x in (2 * column, 2 * column + 1)
        ]
        if all(q is self._blank for q in quarters):
            return self._blank
        return halve(np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])]))
