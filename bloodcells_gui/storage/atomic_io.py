"""Write files atomically: they appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bloodcells_gui.domain.errors import OutputNotWritable, system_reason
from bloodcells_gui.domain.file_names import CASE_SUFFIX, PLAIN_NUMBER, numbered


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: whoever looks, also after a kill, sees the old or the new file.

    Raises
    ------
    OutputNotWritable
        When it could not be written; the old file is as it was.
    """
    try:
        with whole_file(path) as f:
            f.write(data)
    except OSError as error:
        raise not_writable(path, error) from error


@contextlib.contextmanager
def whole_file(path: Path, part: Path | None = None) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when it is complete and on the disk.

    Parameters
    ----------
    part : Path
        Its name in the same folder until then; `part_of_file` of it where not given.

    Raises
    ------
    OSError
        When it could not be written, also where `path` is the name of a case, which this never replaces, or
        of no regular file; the old file is as it was.
    """
    if path.suffix == CASE_SUFFIX:
        raise FileExistsError(errno.EEXIST, "it is the name of a case")
    if is_no_file(path):
        raise FileExistsError(errno.EEXIST, "it is no regular file")
    part = part or part_of_file(path)
    try:
        part.unlink(missing_ok=True)
        with part.open("xb") as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def part_of_file(path: Path) -> Path:
    """Name of a file while this process writes it."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def free_path(folder: Path, stem: str, suffix: str = "", number: str = PLAIN_NUMBER) -> Path:
    """The first of the `numbered` names that nothing in `folder` has, be it a dead link."""
    return next(folder / n for n in numbered(stem, suffix, number) if not os.path.lexists(folder / n))


def move_into_place(part: Path, target: Path) -> None:
    """Rename without replacing: a link refuses an existing name, where the file system has links.

    `part` may be left beside it; the caller removes it.

    Raises
    ------
    FileExistsError
        When there is a file of that name, or SQLite's journal of an earlier one, which SQLite would play back
        into the new file; `filename` is which.
    """
    for there in (Path(f"{target}-journal"), target):
        if os.path.lexists(there):
            raise FileExistsError(errno.EEXIST, f"there is a file {there.name} already", str(there))
    try:
        os.link(part, target)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, f"there is a file {target.name} already", str(target)) from None
    except OSError:
        part.rename(target)
    sync_folder(target.parent)


def is_no_file(path: Path) -> bool:
    """Whether a device, pipe or folder has the name `path`: nothing may take its place."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def not_writable(path: Path, error: OSError) -> OutputNotWritable:
    """The refusal of a place that cannot be written."""
    return OutputNotWritable(
        "The file {path} cannot be written ({reason}).",
        "The folder is read-only for you, the disk is full, or the name is not possible there.",
        "Choose another folder or free some space.",
        path=path,
        reason=system_reason(error),
    )


def make_folder(folder: Path) -> None:
    """The folder with everything above it; OutputNotWritable when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder, error) from error


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk, where the system can."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
