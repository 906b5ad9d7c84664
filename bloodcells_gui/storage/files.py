"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from bloodcells_gui.domain.errors import OutputNotWritable


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: whoever looks, also after a kill, sees the old or the new file.

    Raises
    ------
    OutputNotWritable
        When it could not be written; the old file is as it was.
    """
    if path.suffix == ".bcs":  # nothing that is written here is a case
        raise not_writable(path, FileExistsError(17, "it is the name of a case"))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def not_writable(path: Path, error: OSError) -> OutputNotWritable:
    """The refusal of a place that cannot be written."""
    return OutputNotWritable(
        "The file {path} cannot be written ({reason}).",
        "The folder is read-only for you, the disk is full, or the name is not possible there.",
        "Choose another folder or free some space.",
        path=path,
        reason=error.strerror or error,
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
