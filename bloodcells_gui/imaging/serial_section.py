"""A lock around many short calls of OpenCV and NumPy: one thread of the program at a time runs them.

Both libraries release Python's interpreter lock in many of their calls. Where two threads run through calls
of some microseconds, each waits for the other to be woken after nearly every one: on two cores, two threads
that measured cells side by side used three and a half times the processor time of one alone. Networks,
decoders and resampling spend long in one call and need no lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()


@contextmanager
def serial_section(meanwhile: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Let one thread of the program in at a time, for the short calls of one batch.

    Parameters
    ----------
    meanwhile : callable
        Called before waiting where another thread is inside: work that needs no lock.
    """
    if not _LOCK.acquire(blocking=False):
        meanwhile()
        _LOCK.acquire()
    try:
        yield
    finally:
        _LOCK.release()
