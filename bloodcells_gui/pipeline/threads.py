"""Worker threads that yield to the window's thread."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

_NICER = 4

#: How often a loop that waits for threads looks whether the run was cancelled, s.
POLL_S = 0.05


def lower_thread_priority() -> None:
    """Lower the calling thread's priority, where single threads have one (Linux).

    With as many busy workers as cores the window would otherwise wait for its turn; when nobody moves
    anything, the workers have the cores to themselves all the same.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICER)
    except OSError:
        return  # a comfort, not a need


def worker_pool(threads: int, name: str) -> ThreadPoolExecutor:
    """Threads for reading and inference."""
    return ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=lower_thread_priority)
