"""Cases from folder to folder, to a stick or another workstation, without loss."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.imaging.plain_files import reading, sha256_of
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.files import make_folder, not_writable, sync_folder
from bloodcells_gui.storage.lock import CaseLock

_BYTES_AT_ONCE = 4 * 1024 * 1024


def copy_case(path: Path, target: Path) -> Path:
    """Copy a case that nobody has open to `target`, byte for byte, whole or not at all.

    Raises
    ------
    UserError
        When the case is open or damaged by an unfinished write, `target` exists or cannot be written.
    """
    # A stick that is read-only can still be copied from: nobody writes there, so no lock is needed.
    fixed = not os.access(path.parent, os.W_OK)
    # Opening brings an interrupted write to its end, and refuses what is no case.
    CaseStore.open(path, read_only=fixed).close()
    lock = None if fixed else CaseLock(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        make_folder(target.parent)
        if target.exists():
            raise FileExistsError(17, "there is a file of that name already")
        # A database tool beside this program must not write in the middle of the copy.
        with CaseStore.open(path, read_only=True) as store, store.unchanging():
            with reading(path) as source, part.open("xb") as sink:
                shutil.copyfileobj(source, sink, _BYTES_AT_ONCE)
                sink.flush()
                os.fsync(sink.fileno())
            if sha256_of(part) != sha256_of(path):
                raise OSError(5, "the copy differs")
        try:
            os.link(part, target)
        except FileExistsError:
            raise
        except OSError:
            part.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise OutputNotWritable(
            "The case {path} cannot be copied to {target} ({reason}).",
            "The original is as it was.",
            "Choose another folder.",
            path=path,
            target=target.parent,
            reason=error.strerror or error,
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if lock is not None:
            lock.release()
    return target


def move_case(path: Path, target_folder: Path) -> Path:
    """Move a case that nobody has open: copied, compared by SHA-256, and only then removed.

    Raises
    ------
    UserError
        As :func:`copy_case`; the case is where it was then.
    """
    copy = copy_case(path, target_folder / path.name)
    lock = CaseLock(path)
    try:
        if sha256_of(path) != sha256_of(copy):
            copy.unlink()
            raise UserError(
                "The case {path} was changed while it was moved.",
                "It stays where it was.",
                "Try again.",
                path=path,
            )
        path.unlink()
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            copy.unlink()
        raise not_writable(path, error) from error
    finally:
        lock.release()
    return copy
