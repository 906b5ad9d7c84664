"""Attempts of workers at specimens: folders, whether the result is still wanted, progress.

A worker may be killed at any moment, and may be believed dead while it still writes. So each attempt has a
folder of its own below the run's, and only the process that handed the work out moves a whole one to its
place. The folders of attempts that came to no end count the workers that a specimen has ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bloodcells_gui.app.engine import default_threads
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.progress import CancelToken

#: A specimen that ended so many workers is not given to another one.
MOST_WORKERS_ENDED = 3
#: Stands in the run's folder, and is touched, as long as somebody waits for results.
WANTED = "wanted"
#: Beside it lies a lock under this name, which the operating system lets go when that process dies.
WINDOW = "window"
WHOLE = ".whole"
_LOOK_EVERY_S = 1.0
_NOBODY_WAITS_AFTER_S = 600.0
_TELL_EVERY_S = 1.0
# The models of a process serve one analysis at a time: cancelling and profiles reach into them.
ONE_AT_A_TIME = threading.Lock()


def this_computer() -> str:
    """The name of the computer that a worker runs on."""
    return socket.gethostname()


def attempts_of(folder: Path, number: int) -> list[Path]:
    """Folders of attempts at one specimen that came to no end: the worker died, or still works."""
    found = folder.glob(f"{number:05d}-*")
    return [path for path in found if path.is_dir() and path.suffix != WHOLE]


def attempt_name(number: int) -> str:
    """A name for an attempt that no other one has: specimen, computer, process."""
    host = re.sub(r"[^A-Za-z0-9_]+", "_", this_computer())[:40]
    return f"{number:05d}-{host}-{os.getpid()}-{secrets.token_hex(4)}"


def worker_threads() -> int:
    """Threads of this worker: what its cluster gives it."""
    from distributed import get_worker

    return max(1, min(int(get_worker().state.nthreads), default_threads()))


def progress_teller(topic: str, number: int) -> Callable[[Progress], None]:
    """Tells the scheduler how far the specimen has come, once a second."""
    from distributed import get_worker

    worker, last = get_worker(), [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= _TELL_EVERY_S:
            last[0] = now
            told = {"number": number, "cells": progress.cells, "done": progress.done, "total": progress.total}
            worker.log_event(topic, told)

    return tell


@contextlib.contextmanager
def while_wanted(wanted: Path, token: CancelToken) -> Iterator[None]:
    """Cancel `token` once the result is not wanted any more, or nobody has said so for ten minutes."""
    over = threading.Event()

    def watch() -> None:
        seen, since = -1, time.monotonic()
        while not over.wait(_LOOK_EVERY_S):
            try:
                stamp = wanted.stat().st_mtime_ns
            except OSError:
                token.cancel()
                return
            if stamp != seen:
                seen, since = stamp, time.monotonic()
            elif time.monotonic() - since > _NOBODY_WAITS_AFTER_S:
                token.cancel()
                return

    thread = threading.Thread(target=watch, name="still-wanted", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def drop_attempt(attempt: Path) -> None:
    """Leave nothing of an attempt behind."""
    shutil.rmtree(attempt, ignore_errors=True)
    with contextlib.suppress(OSError):
        attempt.parent.rmdir()  # only once it is empty: the run is over then


def other_models() -> UserError:
    """The refusal of a worker whose models are not those of the station."""
    return UserError(
        "A worker ({host}) has other models.",
        "All results must come from the same ones.",
        "Install the same version everywhere, or name a folder of bundles on the share with --bundle.",
        host=this_computer(),
    )


def plain_error(error: UserError) -> UserError:
    """The same words as an object that travels: its values as texts and numbers."""
    params = {k: v if isinstance(v, int | float) else str(v) for k, v in error.params.items()}
    return UserError(error.what, error.why, error.what_to_do, exit_code=error.exit_code, **params)
