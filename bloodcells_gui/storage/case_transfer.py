"""Copy and move cases between folders, sticks and workstations without loss."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from bloodcells_gui.domain.errors import OutputNotWritable, UserError, system_reason
from bloodcells_gui.imaging.io.plain_files import reading, sha256_of
from bloodcells_gui.storage import move_notes
from bloodcells_gui.storage.atomic_io import make_folder, move_into_place, not_writable, part_of_file
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lock import CaseLock
from bloodcells_gui.storage.move_notes import PendingMove

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
    part = _partial_path(target)
    try:
        _copy(path, part, target)
        move_into_place(part, target)
    except OSError as error:
        raise _not_copied(path, target, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if lock is not None:
            lock.release()
    return target


def _partial_path(target: Path) -> Path:
    return part_of_file(target)


def _copy(path: Path, part: Path, target: Path) -> None:
    """Write `part`, compared with the case; OSError when `target` is there or it could not be written."""
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


def _not_copied(path: Path, target: Path, error: OSError) -> UserError:
    return OutputNotWritable(
        "The case {path} cannot be copied to {target} ({reason}).",
        "The original is as it was.",
        "Choose another folder.",
        path=path,
        target=target.parent,
        reason=system_reason(error),
    )


def move_case(path: Path, target_folder: Path) -> Path:
    """PendingMove a case that nobody has open: copied, compared by SHA-256, and only then removed.

    Whenever it is killed, the case is live in one place, or the next look (:func:`settle`) makes it so.

    Raises
    ------
    UserError
        As :func:`copy_case`; the case is where it was then.
    """
    path = path.absolute()
    target = (target_folder / path.name).absolute()
    CaseStore.open(path).close()
    move = PendingMove(path, target, _partial_path(target))
    lock = CaseLock(path)
    try:
        move.begin()
        try:
            _copy(path, move.part, target)
            move.hide()
            if sha256_of(move.hidden) != sha256_of(move.part):
                raise UserError(
                    "The case {path} was changed while it was moved.",
                    "It stays where it was.",
                    "Try again.",
                    path=path,
                )
            move_into_place(move.part, target)
        except BaseException as error:
            if move.hidden.exists() and not _is_moved(move):
                move.bring_back()
            move.end()
            if isinstance(error, OSError):
                raise _not_copied(path, target, error) from error
            raise
        move.end()
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        lock.release()
    return target


def settle(path: Path) -> None:
    """Bring a move of the case `path` that was cut off to its end; nothing happens while one is at work.

    Raises
    ------
    UserError
        When it cannot be known whether the case arrived: its target is out of reach.
    """
    move = move_notes.noted(path)
    try:
        lock = CaseLock(path)
    except UserError:
        return  # at work, or a folder that may not be written
    try:
        move_notes.remove_unwritten_notes(path)
        if move is None:
            return
        if move.hidden.exists():
            if not move_notes.is_in_reach(move):
                raise move_notes.unsettled(move)
            if not _is_moved(move):
                move.bring_back()
        move.end()
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        lock.release()


def _is_moved(move: PendingMove) -> bool:
    """Whether the case lives at the target, be it that somebody has gone on with it there."""
    if not move.target.is_file():
        return False
    if sha256_of(move.target) == sha256_of(move.hidden):
        return True
    try:
        with CaseStore.open(move.hidden, read_only=True) as here:
            head = here.head()
        with CaseStore.open(move.target, read_only=True) as there:
            return any(entry.hash == head for entry in there.ledger())
    except UserError:
        return False
