"""Thumbnails decoded in the background for what is on screen, and kept as long as memory allows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from bloodcells_gui.ui.pictures import decoded

_BATCH = 12
# Device pixels kept: 24 M px are 96 MB and hold some 2,600 pictures of 96 px.
CACHE_PX = 24_000_000


class _RequestQueue:
    """What the view would like next; replaced at every scroll, so nobody decodes what has gone by."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ids: list[int] = []
        self.generation = 0
        self.side = 96
        self.workers = 0
        self.closed = False

    def take(self) -> tuple[int, int, int] | None:
        with self.lock:
            if self.closed or not self.ids:
                self.workers -= 1
                return None
            return self.ids.pop(), self.generation, self.side


class _Decoder(QRunnable):
    def __init__(
        self,
        wishes: _RequestQueue,
        fetch: Callable[[int], bytes | QImage],
        deliver: Callable[[list[tuple[int, int, int, QImage]]], None],
    ) -> None:
        super().__init__()
        self._wishes = wishes
        self._fetch = fetch
        self._deliver = deliver

    def run(self) -> None:
        ready: list[tuple[int, int, int, QImage]] = []
        while (wish := self._wishes.take()) is not None:
            cell_id, generation, side = wish
            try:
                found = self._fetch(cell_id)
                image = found if isinstance(found, QImage) else decoded(found)
                if not image.isNull():
                    image = image.scaled(
                        QSize(side, side),
                        Qt.AspectRatioMode.KeepAspectRatio,
                        Qt.TransformationMode.SmoothTransformation,
                    )
            except Exception:
                # A picture that cannot be read stays a placeholder; the case's check names the damage.
                image = QImage()
            ready.append((generation, cell_id, side, image))
            if len(ready) >= _BATCH:
                self._deliver(ready)
                ready = []
        if ready:
            self._deliver(ready)


class ThumbnailLoader(QObject):
    """LRU cache of pixmaps in front of a thread pool.

    Parameters
    ----------
    fetch : callable
        JPEG bytes of a cell, or its picture; called in pool threads.
    pool : QThreadPool
        Where decoding happens; shared with nothing slow.

    Signals
    -------
    arrived(list of int)
        Cells whose picture can be drawn now.
    """

    arrived = Signal(list)
    _decoded = Signal(list)

    def __init__(
        self, fetch: Callable[[int], bytes | QImage], pool: QThreadPool, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._fetch = fetch
        self._pool = pool
        self._wishes = _RequestQueue()
        self._cache: OrderedDict[int, QPixmap] = OrderedDict()
        self._broken: set[int] = set()
        self._cached_px = 0
        self._decoded.connect(self._on_tiles_ready)

    def set_side(self, side_px: int) -> None:
        """Side of the pictures in device px; smaller ones stay until the new ones arrive."""
        with self._wishes.lock:
            self._wishes.side = max(16, side_px)

    def pixmap(self, cell_id: int) -> QPixmap | None:
        """The picture if it is there; never waits."""
        pixmap = self._cache.get(cell_id)
        if pixmap is not None:
            self._cache.move_to_end(cell_id)
        return pixmap

    def broken(self, cell_id: int) -> bool:
        """Whether the picture turned out unreadable."""
        return cell_id in self._broken

    def want(self, ids: Iterable[int]) -> None:
        """Replace the wish list by `ids`, the most wanted first; what is at hand already is left out."""
        side = self._wishes.side
        missing = [
            i
            for i in ids
            if i not in self._broken
            and ((p := self._cache.get(i)) is None or max(p.width(), p.height()) != side)
        ]
        missing.reverse()
        with self._wishes.lock:
            self._wishes.ids = missing
            start = min(len(missing), self._pool.maxThreadCount()) - self._wishes.workers
            self._wishes.workers += max(0, start)
        wishes, decoded = self._wishes, self._decoded

        def deliver(ready: list[tuple[int, int, int, QImage]]) -> None:
            with wishes.lock:
                if not wishes.closed:
                    decoded.emit(ready)

        for _ in range(start):
            self._pool.start(_Decoder(wishes, self._fetch, deliver))

    def forget(self) -> None:
        """Another case: empty the cache, drop deliveries under way."""
        with self._wishes.lock:
            self._wishes.generation += 1
            self._wishes.ids = []
        self._cache.clear()
        self._broken.clear()
        self._cached_px = 0

    def close(self) -> None:
        """Deliver nothing any more; call before the session closes."""
        with self._wishes.lock:
            self._wishes.closed = True
            self._wishes.ids = []

    def _on_tiles_ready(self, ready: list[tuple[int, int, int, QImage]]) -> None:
        arrived: list[int] = []
        for generation, cell_id, _side, image in ready:
            if generation != self._wishes.generation:
                continue
            arrived.append(cell_id)
            if image.isNull():
                self._broken.add(cell_id)
                continue
            old = self._cache.pop(cell_id, None)
            if old is not None:
                self._cached_px -= old.width() * old.height()
            self._cache[cell_id] = QPixmap.fromImage(image)
            self._cached_px += image.width() * image.height()
        while self._cached_px > CACHE_PX and len(self._cache) > 1:
            _, gone = self._cache.popitem(last=False)
            self._cached_px -= gone.width() * gone.height()
        if arrived:
            self.arrived.emit(arrived)
