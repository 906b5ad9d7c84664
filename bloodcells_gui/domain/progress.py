"""Cancellation that rides on progress."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from bloodcells_gui.domain.errors import Cancelled


class CancelToken:
    """Shared between the person's thread and the worker's; callbacks reach into running inference."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Ask for the end; returns at once."""
        with self._lock:
            self._event.set()
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    @property
    def cancelled(self) -> bool:
        """Whether the end was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled when the end was asked for."""
        if self._event.is_set():
            raise Cancelled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call `callback` on cancellation (at once when it already happened); it must be thread-safe."""
        with self._lock:
            self._callbacks.append(callback)
            fire = self._event.is_set()
        if fire:
            callback()


class RateMeter:
    """Items per second over a sliding window, and the time left.

    Parameters
    ----------
    window_s : float
        Length of the window; long enough to be steady, short enough to follow a change.
    begun : int
        Items that were done before; they say nothing of the rate.
    """

    def __init__(
        self, window_s: float = 8.0, clock: Callable[[], float] = time.monotonic, *, begun: int = 0
    ) -> None:
        self._window_s = window_s
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), begun)])

    def update(self, done: int) -> float:
        """Tell how many items are done; returns items per second (0 before it is known)."""
        now = self._clock()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > self._window_s:
            self._marks.popleft()
        (t0, n0), (t1, n1) = self._marks[0], self._marks[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0

    @staticmethod
    def eta_s(done: int, total: int, rate: float) -> float | None:
        """Seconds left, None when unknown."""
        return (total - done) / rate if rate > 0 and total >= done else None
