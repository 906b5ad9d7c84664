"""Bounded, positioned reading of files and of bytes in memory."""

from __future__ import annotations

import errno
import os
import stat
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.plain_files import close_plain, open_plain
from bloodcells_gui.imaging.io.refusal import NOT_THERE, READING_FAILED, ImageRefused


class ByteSource(Protocol):
    """Random access to bytes; short reads at the end, never an exception for a wrong position."""

    @property
    def size(self) -> int:
        """Total number of bytes."""

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset` on."""


class MemorySource:
    """Bytes that are already here."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Total number of bytes."""
        return len(self._data)

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset` on."""
        if offset < 0 or count <= 0:
            return b""
        return self._data[offset : offset + count]


class FileSource:
    """An open regular file, safe to share between threads.

    Raises
    ------
    ImageRefused
        When the file is missing, empty, not a regular file or may not be read.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self.path = path
        try:
            # A device is not even opened: that may act on it.
            kind = path.stat().st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise ImageRefused(path, "It is not a regular file.", "Choose an image file or a folder.")
            fd = open_plain(path)
        except (OSError, ValueError) as e:
            raise os_refusal(path, e) from e
        try:
            status = os.fstat(fd)
            if stat.S_ISDIR(status.st_mode):
                raise ImageRefused(path, "It is a folder.", "Choose an image file.")
            if not stat.S_ISREG(status.st_mode):
                raise ImageRefused(path, "It is not a regular file.", "Choose an image file or a folder.")
            if status.st_size == 0:
                raise ImageRefused(path, "The file is empty (0 bytes).", "Copy it again from its source.")
            self._file = os.fdopen(fd, "rb", closefd=False)
        except BaseException:
            close_plain(fd)
            raise
        # Also for a source that nobody closes; exactly once.
        self._give_back = weakref.finalize(self, close_plain, fd)
        self._size = status.st_size

    @property
    def size(self) -> int:
        """Total number of bytes when the file was opened."""
        return self._size

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset` on; ImageRefused when the medium fails or disappears."""
        if offset < 0 or count <= 0 or offset >= self._size:
            return b""
        try:
            with self._lock:
                self._file.seek(offset)
                return self._file.read(min(count, self._size - offset))
        except (OSError, ValueError) as e:
            raise os_refusal(self.path, e) from e

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        self._give_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_file(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> bytes:
    """The whole file as bytes.

    Raises
    ------
    ImageRefused
        As for :class:`FileSource`, and when the file is larger than `limits.max_bytes`.
    """
    with FileSource(path) as source:
        if source.size > limits.max_bytes:
            raise too_many_bytes(path, source.size, limits)
        return source.read_at(0, source.size)


def too_many_bytes(name: str | Path, size: int, limits: DecodeLimits) -> ImageRefused:
    """The refusal of a file that is too large to be read in one piece."""
    return ImageRefused(
        name,
        "The file has {size_mb} MB; at most {limit_mb} MB are read in one piece.",
        "Save it as a tiled TIFF and open it as a slide.",
        size_mb=round(size / 1e6),
        limit_mb=round(limits.max_bytes / 1e6),
    )


def os_refusal(path: Path, e: Exception) -> ImageRefused:
    """The refusal of a file that the system would not open or read."""
    code = getattr(e, "errno", None)
    if code in (errno.ENOENT, errno.ENOTDIR):
        return ImageRefused(path, NOT_THERE, "Check the folder or the network share.")
    if code in (errno.EACCES, errno.EPERM):
        return ImageRefused(path, "It may not be read by this user.", "Ask for the right to read it.")
    if code == errno.ELOOP:
        return ImageRefused(path, "It is a link that leads back to itself.", "Remove the link.")
    if code == errno.ENAMETOOLONG:
        return ImageRefused(path, "Its name is too long for this system.", "Give it a shorter name.")
    if code == errno.EISDIR:
        return ImageRefused(path, "It is a folder.", "Choose an image file.")
    if code == errno.ENXIO:
        return ImageRefused(path, "It is not a regular file.", "Choose an image file or a folder.")
    if isinstance(e, ValueError) and "null" in str(e):
        return ImageRefused(path, "Its name cannot exist on this system.", "Check the name.")
    return ImageRefused(
        path,
        READING_FAILED,
        "Check the disk or the network share and open it again.",
        error=getattr(e, "strerror", None) or type(e).__name__,
    )
