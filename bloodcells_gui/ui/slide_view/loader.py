"""Load tiles in the background and keep them while there is room; show a coarser one until then."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtGui import QImage

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.jobs import once_done

#: Image, level, column, row.
TileKey = tuple[int, int, int, int]

CACHE_BYTES = 192 * 1024 * 1024
_THREADS = 2


class TileReader(Protocol):
    """What :class:`bloodcells_gui.app.slide_images.SlideImages` is to the view."""

    @property
    def images(self) -> Sequence[PlacedImage]: ...
    def tile(
        self, image: int, level: int, column: int, row: int, lut: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]: ...
    def stain_lut(self, image: int) -> NDArray[np.uint8]: ...
    def close(self) -> None: ...


class _LoadTask(QRunnable):
    def __init__(self, loader: TileLoader) -> None:
        super().__init__()
        self._loader = loader

    def run(self) -> None:
        self._loader.work()


class TileLoader(QObject):
    """Reads what is wanted, nearest to the middle first; what is no longer wanted is not read.

    Signals
    -------
    arrived()
        At least one tile came in.
    failed(UserError)
        A tile could not be read; it is not asked for again.
    """

    arrived = Signal()
    failed = Signal(object)

    def __init__(self, reader: TileReader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader = reader
        self._lock = threading.Lock()
        self._wanted: list[TileKey] = []
        self._reading: set[TileKey] = set()
        self._bad: set[TileKey] = set()
        self._tiles: OrderedDict[TileKey, tuple[int, QImage]] = OrderedDict()
        self._bytes = 0
        self._look = 0
        self._lut: NDArray[np.uint8] | None = None
        self._stain = False
        self._active = 0
        self._closed = False
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(_THREADS)

    @property
    def missing(self) -> int:
        """Tiles that are wanted and not there."""
        with self._lock:
            return len(self._wanted) + len(self._reading)

    def set_look(self, lut: NDArray[np.uint8] | None, stain: bool) -> None:
        """Other colours; tiles in the old ones stand in until they are read again."""
        with self._lock:
            self._look += 1
            self._lut, self._stain = lut, stain
            self._bad.clear()

    def get(self, key: TileKey) -> QImage | None:
        """The picture of a tile, None when it is not here."""
        with self._lock:
            found = self._tiles.get(key)
            if found is None:
                return None
            self._tiles.move_to_end(key)
            return found[1]

    def want(self, keys: Sequence[TileKey]) -> None:
        """Replace what is asked for, most urgent first; tiles that are here are left out."""
        with self._lock:
            self._wanted = [
                k for k in keys if not self._fresh(k) and k not in self._reading and k not in self._bad
            ]
            start = 0 if self._closed else min(_THREADS, len(self._wanted)) - self._active
            start = max(0, start)
            self._active += start
        for _ in range(start):
            self._pool.start(_LoadTask(self))

    def _fresh(self, key: TileKey) -> bool:
        found = self._tiles.get(key)
        return found is not None and found[0] == self._look

    def work(self) -> None:
        """Read until nothing is wanted; runs in the pool."""
        while True:
            with self._lock:
                if self._closed or not self._wanted:
                    self._active -= 1
                    return
                key = self._wanted.pop(0)
                self._reading.add(key)
                look, lut, stain = self._look, self._lut, self._stain
            try:
                picture = self._read(key, lut, stain)
            except UserError as error:
                self._done(key, look, None)
                self._emit_failed(error)
            except Exception as error:
                self._done(key, look, None)
                self._emit_failed(
                    UserError("A part of the image cannot be shown.", "{reason}.", reason=error)
                )
            else:
                self._done(key, look, picture)

    def _read(self, key: TileKey, lut: NDArray[np.uint8] | None, stain: bool) -> QImage:
        image, level, column, row = key
        table = self._reader.stain_lut(image) if stain else None
        if lut is not None:
            # First the stain, then the person's brightness on top.
            table = lut if table is None else np.take_along_axis(lut, table.astype(np.intp), axis=0)
        pixels = self._reader.tile(image, level, column, row, table)
        h, w = pixels.shape[:2]
        picture = QImage(pixels.data, w, h, 3 * w, QImage.Format.Format_RGB888)
        # The screen's own format: drawn without conversion.
        return picture.convertToFormat(QImage.Format.Format_RGB32)

    def _done(self, key: TileKey, look: int, picture: QImage | None) -> None:
        with self._lock:
            self._reading.discard(key)
            if picture is None:
                self._bad.add(key)
                return
            old = self._tiles.pop(key, None)
            if old is not None:
                self._bytes -= old[1].sizeInBytes()
            self._tiles[key] = look, picture
            self._bytes += picture.sizeInBytes()
            while self._bytes > CACHE_BYTES and len(self._tiles) > 1:
                self._bytes -= self._tiles.popitem(last=False)[1][1].sizeInBytes()
            closed = self._closed
        if not closed:
            self.arrived.emit()

    def _emit_failed(self, error: UserError) -> None:
        with self._lock:
            if self._closed:
                return
        self.failed.emit(error)

    def close(self) -> None:
        """Stop reading, and close the reader once the tile under way is read."""
        with self._lock:
            self._closed = True
            self._wanted = []
        once_done([self._pool], self._reader.close)
