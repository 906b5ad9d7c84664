"""Work of many small steps is done by one thread at a time.

OpenCV and NumPy hand Python's interpreter lock over in many of their calls. Where two threads run through
calls of some microseconds, each waits for the other to be woken after nearly every one: on two cores, two
threads that measured cells side by side used three and a half times the processor time of one alone.
Networks, decoders and resampling run for long at a stretch and need no turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TURN = threading.Lock()


@contextmanager
def small_steps(meanwhile: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Only one thread of the program is inside at a time: a batch's small steps, and no waiting for anything.

    Where another one is inside, `meanwhile` is called before waiting for it: work that needs no turn.
    """
    if not _TURN.acquire(blocking=False):
        meanwhile()
        _TURN.acquire()
    try:
        yield
    finally:
        _TURN.release()
