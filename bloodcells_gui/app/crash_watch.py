"""Record what no caller can catch: a crash in a library, a kill, a fault in a thread.

Each process of the program keeps a file `running-PID.txt` beside its log and removes it at its end. When a
compiled part fails, Python writes into it where each thread was. The next process finds the file, puts the
places into the log, without the folders and names that Python's text may hold, and removes it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from bloodcells_gui.domain.log_values import Word

_PATTERN = "running-*.txt"
_MOST_BYTES = 256 * 1024
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def crash_watch(folder: Path) -> Iterator[None]:
    """Log how earlier processes ended, and meanwhile what no caller sees of this one."""
    with contextlib.suppress(OSError):
        _log_earlier(folder)
    with _stray_exceptions(), _traced(folder):
        yield


@contextlib.contextmanager
def _stray_exceptions() -> Iterator[None]:
    """Log exceptions that end a thread, or that Python can hand to nobody, beside what is done with them."""
    of_threads, unraisable = threading.excepthook, sys.unraisablehook

    def log_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            _log.critical("a fault of the program in a thread", exc_info=args.exc_value)
        of_threads(args)

    def log_unraisable(args: sys.UnraisableHookArgs) -> None:
        if args.exc_value is not None:
            _log.error("a fault of the program that reached no caller", exc_info=args.exc_value)
        unraisable(args)

    threading.excepthook, sys.unraisablehook = log_thread, log_unraisable
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = of_threads, unraisable


@contextlib.contextmanager
def _traced(folder: Path) -> Iterator[None]:
    """Have a trace written should this process crash meanwhile.

    Where somebody else asked Python for such traces already (``PYTHONFAULTHANDLER``), or no file can be kept,
    there is none.
    """
    if faulthandler.is_enabled():
        yield
        return
    path = folder / f"running-{os.getpid()}.txt"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        yield
        return
    _is_free(fd)  # takes the lock, by which others see that this process is alive
    faulthandler.enable(fd)
    try:
        yield
    finally:
        faulthandler.disable()
        os.close(fd)
        with contextlib.suppress(OSError):
            path.unlink()


def _log_earlier(folder: Path) -> None:
    for path in folder.glob(_PATTERN):
        with contextlib.suppress(OSError):
            _log_one(path)


def _log_one(path: Path) -> None:
    """Log how the process of this file ended, unless it still runs, and remove the file."""
    from bloodcells_gui.app.bug_report import CRASHES, EarlierCrash

    if not stat.S_ISREG(path.lstat().st_mode):
        return
    fd = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        if not _is_free(fd):
            return
        dump = os.read(fd, _MOST_BYTES).decode("utf-8", "replace")
    finally:
        os.close(fd)
    path.unlink()  # Windows refuses while its process runs, and nothing is logged
    crash = EarlierCrash(dump)
    if not dump:
        _log.warning(
            "an earlier process was ended from outside: a kill, a power cut, or the end of a session"
        )
    else:
        _log.critical("an earlier process crashed: %s", Word(crash.kind, CRASHES), exc_info=crash)


def _is_free(fd: int) -> bool:
    """Take the system's lock on a file without waiting; False when a process that runs holds it."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: see above
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a share without locks
        return True
    return True
