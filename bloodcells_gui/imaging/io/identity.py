"""Check whether a file is still the one that was analysed.

Images that are decoded whole are known by the SHA-256 of their bytes, from the same read as their pixels. A
slide has gigabytes, and nobody waits for their hash before the first picture; it is known by a hash of its
size and of blocks spread evenly over it and over all files that belong to it. Two scans differ in nearly
every block, for their pixels are compressed, so another slide in its place is seen whatever it is called;
only a change of a few bytes between the blocks is not, and that is what the SHA-256 of the whole file is
for (`verify`).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.imaging.io.byte_source import os_refusal
from bloodcells_gui.imaging.io.companions import companions_of
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.page_names import split_page
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.reader import RGB, ImageReader, Level
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox.images import open_image

_BLOCK_BYTES = 64 * 1024
_BLOCKS, _LEAST_BLOCKS = 128, 8
_KEPT = 64
OTHER_CONTENT = N_("It is not the image that was analysed: its content is another.")
_PUT_BACK = N_("Put the original file back in its place.")

#: Size, times of change, device and inode of each file: equal as long as nobody writes to or replaces them.
Stamp = tuple[tuple[int, int, int, int, int], ...]


class OtherImage(ImageRefused):
    """The file is not the one whose hash is known."""

    def __init__(self, name: str) -> None:
        super().__init__(name, OTHER_CONTENT, _PUT_BACK)


def file_stamp(files: list[Path]) -> Stamp:
    """What tells cheaply that none of `files` was replaced; OSError when one is gone."""
    states = [file.stat() for file in files]
    return tuple((s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_dev, s.st_ino) for s in states)


_known: OrderedDict[tuple[str, str, Stamp], str] = OrderedDict()
_lock = threading.Lock()


def _kept(kind: str, files: list[Path], compute: Callable[[], str]) -> str:
    """A hash of `files`, computed once for each state of them."""
    key = kind, str(files[0]), file_stamp(files)
    with _lock:
        if key in _known:
            return _known[key]
    found = compute()
    if file_stamp(files) == key[2]:  # else they changed under the hash
        with _lock:
            _known[key] = found
            while len(_known) > _KEPT:
                _known.popitem(last=False)
    return found


def whole_hash(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of a file's bytes, computed once for each state of it.

    Raises
    ------
    OSError
        When it cannot be read, or is no regular file. What `check` raises ends the computation.
    """
    path, _ = split_page(path)

    def compute() -> str:
        hashed = hashlib.sha256()
        with plain_files.reading(path) as file:
            while data := file.read(_BLOCK_BYTES * 64):
                check()
                hashed.update(data)
        return hashed.hexdigest()

    return _kept("whole", [path], compute)


def sampled_hash(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of size and blocks of a slide and of the files that belong to it; about 8 MB are read.

    Raises
    ------
    OSError
        As :func:`whole_hash`.
    """
    path, _ = split_page(path)
    files = [path, *companions_of(path)]
    blocks = max(_LEAST_BLOCKS, _BLOCKS // len(files))

    def compute() -> str:
        hashed = hashlib.sha256()
        for file in files:
            check()
            size = file.stat().st_size
            hashed.update(f"{size}\n".encode("ascii"))
            with plain_files.reading(file) as stream:
                for at in block_starts(size, blocks):
                    stream.seek(at)
                    hashed.update(stream.read(_BLOCK_BYTES))
        return hashed.hexdigest()

    return _kept("sampled", files, compute)


def block_starts(size: int, blocks: int) -> list[int]:
    """Where the blocks of a file of `size` bytes begin: all of a small one, first and last of a large one."""
    if size <= blocks * _BLOCK_BYTES:
        return list(range(0, size, _BLOCK_BYTES))
    return [round(i * (size - _BLOCK_BYTES) / (blocks - 1)) for i in range(blocks)]


def open_verified(
    path: Path,
    name: str,
    *,
    sha256: str = "",
    sampled: str = "",
    limits: DecodeLimits = DEFAULT_LIMITS,
    check: Callable[[], None] = lambda: None,
    brightness: SampleRange = ITS_OWN,
) -> ImageReader:
    """As :func:`.sandbox.images.open_image`, but only the image whose hash is given, where one is.

    The reader of an image that is read by regions refuses as soon as its file is replaced, and has the hash
    of its blocks as `sampled`.

    Raises
    ------
    OtherImage
        When it is another. ImageRefused as `open_image`.
    """
    reader = open_image(path, limits, brightness)
    try:
        decoded = getattr(reader, "sha256", "")
        if decoded and sha256:
            if decoded != sha256:
                raise OtherImage(name)
            return reader
        if decoded and not sampled:
            return reader
        return VerifiedReader(reader, name, sha256, sampled, check)
    except OSError as error:
        reader.close()
        raise os_refusal(path, error) from error
    except BaseException:
        reader.close()
        raise


class VerifiedReader:
    """A reader of regions that refuses once its file, or one that belongs to it, is replaced.

    Attributes
    ----------
    sampled : str
        As :func:`sampled_hash` when it was opened.
    """

    def __init__(
        self, reader: ImageReader, name: str, sha256: str, sampled: str, check: Callable[[], None]
    ) -> None:
        self._reader = reader
        self._name = name
        self.path, self.format, self.description = reader.path, reader.format, reader.description
        self.unparsed_scale_text, self.notices = reader.unparsed_scale_text, reader.notices
        file, _ = split_page(reader.path)
        self._files = [file, *companions_of(file)]
        self._stamp = file_stamp(self._files)
        self.sampled = sampled_hash(reader.path, check)
        # Cases of earlier versions know the hash of the whole file alone.
        other = self.sampled != sampled if sampled else sha256 and whole_hash(reader.path, check) != sha256
        if other or not self.unchanged():
            raise OtherImage(name)

    def unchanged(self) -> bool:
        """Whether the files are still those that were opened."""
        try:
            return file_stamp(self._files) == self._stamp
        except OSError:
            return False

    @property
    def size_px(self) -> tuple[int, int]:
        """Width, height at full resolution."""
        return self._reader.size_px

    @property
    def mpp(self) -> float | None:
        """um per pixel from metadata."""
        return self._reader.mpp

    @property
    def levels(self) -> tuple[Level, ...]:
        """Resolutions, finest first."""
        return self._reader.levels

    def read_region(self, x: int, y: int, width: int, height: int, *, downsample: float = 1.0) -> RGB:
        """See :class:`bloodcells_gui.imaging.io.reader.ImageReader`."""
        pixels = self._reader.read_region(x, y, width, height, downsample=downsample)
        try:
            same = file_stamp(self._files) == self._stamp
        except OSError as error:
            raise os_refusal(self.path, error) from error
        if not same:
            raise OtherImage(self._name)
        return pixels

    def thumbnail(self, max_px: int) -> RGB:
        """The whole image with its longer side at most `max_px`."""
        w, h = self.size_px
        return self.read_region(0, 0, w, h, downsample=max(1.0, max(w, h) / max(1, max_px)))

    def close(self) -> None:
        """Release the file."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
