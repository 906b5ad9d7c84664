"""Read a file's bytes without breaking the locks that SQLite holds on it.

POSIX gives up all locks that a process holds on a file as soon as the process closes any descriptor of that
file, also one that something else opened for reading ("How To Corrupt An SQLite Database File", 2.2). So
whoever opens a database says so with :func:`hold`, and a file that might be a database is read through this
module: while it is held, a descriptor that is no longer needed is kept for the next reader instead of being
closed. Every descriptor kept is closed when the last connection has gone.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from bloodcells_gui.imaging.io.page_names import split_page

Identity = tuple[int, int]
_BYTES_AT_ONCE = 4 * 1024 * 1024
_FLAGS = (
    os.O_RDONLY
    # a named pipe must not wait for a writer that never comes
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


@dataclass(slots=True)
class _Held:
    connections: int = 0
    kept: list[int] = field(default_factory=list)


_held: dict[Identity, _Held] = {}
# Entered anew where the collector drops a source or a connection while this thread holds it.
_lock = threading.RLock()


def identity_of(path: Path) -> Identity:
    """Device and inode of the file that `path` leads to; OSError when there is none."""
    found = path.stat()
    return found.st_dev, found.st_ino


def hold(identity: Identity) -> None:
    """Say that a connection to this file is about to be opened."""
    with _lock:
        _held.setdefault(identity, _Held()).connections += 1


def release(identity: Identity) -> None:
    """Say that one connection to this file has been closed."""
    with _lock:
        held = _held[identity]
        held.connections -= 1
        if held.connections:
            return
        del _held[identity]
        for fd in held.kept:
            os.close(fd)


def open_plain(path: Path) -> int:
    """A descriptor for reading, at the file's beginning; give it back with :func:`close_plain`.

    Raises
    ------
    OSError
        As `os.open` does. ValueError for a path that the system cannot name.
    """
    path, _ = split_page(path)
    with contextlib.suppress(OSError):
        identity = identity_of(path)
        with _lock:
            held = _held.get(identity)
            if held is not None and held.kept:
                fd = held.kept.pop()
                os.lseek(fd, 0, os.SEEK_SET)
                return fd
    return os.open(path, _FLAGS)


def close_plain(fd: int) -> None:
    """Close a descriptor of :func:`open_plain`, or keep it while a connection holds the file."""
    with _lock:
        found = os.fstat(fd)
        # elsewhere a lock belongs to the descriptor it was taken through
        held = _held.get((found.st_dev, found.st_ino)) if os.name == "posix" else None
        if held is not None:
            held.kept.append(fd)
        else:
            os.close(fd)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """A regular file open for reading; for the name of a picture in a file, that file.

    Raises
    ------
    OSError
        When it cannot be opened, or is no regular file (a folder, a pipe, a device).
    """
    path, _ = split_page(path)
    # A device is not even opened: that may act on it (rewind a tape), or wait.
    _refuse_irregular(path.stat().st_mode, path)
    fd = open_plain(path)
    try:
        _refuse_irregular(os.fstat(fd).st_mode, path)
        with os.fdopen(fd, "rb", closefd=False) as file:
            yield file
    finally:
        close_plain(fd)


def _refuse_irregular(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def read_bytes(path: Path, limit: int = -1) -> bytes:
    """The first `limit` bytes of a regular file, all of them by default; OSError as :func:`reading`."""
    with reading(path) as file:
        return file.read(limit)


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a regular file's bytes; OSError as :func:`reading`."""
    hashed = hashlib.sha256()
    with reading(path) as file:
        while data := file.read(_BYTES_AT_ONCE):
            hashed.update(data)
    return hashed.hexdigest()
