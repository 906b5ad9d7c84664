"""All that a workstation keeps, in one archive: cases, work list, library, profiles and settings.

The laboratory's cases on the share are among them, below `SHARED_CASES`: none meets another of its name.

What SQLite writes is read under SQLite's own lock (from a private copy while somebody works on it), so that
each file is whole though the program is in use. A case that is damaged already is kept byte for byte, and
said. The images of the specimens stay where they are: a case knows their paths and hashes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bloodcells_gui.domain.errors import OutputNotWritable, UserError, system_reason
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage.archive import (
    BYTES_AT_ONCE,
    KEPT_DRAFTS,
    KNOWN_CELLS,
    LABORATORY,
    LIBRARY,
    MANIFEST,
    SETTINGS,
    SHARED_CASES,
    WATCHED,
    Archive,
    Manifest,
    Member,
    Progress,
    decoded,
    encoded,
)
from bloodcells_gui.storage.atomic_io import move_into_place, not_writable, part_of_file
from bloodcells_gui.storage.lock import holder_of
from bloodcells_gui.storage.removals import NAME as REMOVALS_NAME
from bloodcells_gui.storage.watch_memory import WATCH_NAME
from bloodcells_gui.storage.worklist_index import INDEX_NAME

_SPARE_BYTES = 16 * 1024**2
_PRIVATE = ".backup-"
_LEFT_BEHIND_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Places:
    """Where a workstation keeps its things.

    Attributes
    ----------
    data : Path
        Folder of ``cases`` (with the memory of the watched folder), ``reference.bcl`` and ``profiles``.
    settings : Path
        The settings file.
    shared : Path or None
        The laboratory's folder of cases where it lies elsewhere; a restore does not write there.
    """

    data: Path
    settings: Path
    shared: Path | None = None

    def files(self) -> Iterator[tuple[str, Path]]:
        """Name in an archive, and place, of every file that a backup holds.

        OSError when a folder cannot be looked into: its files would be missing without a word.
        """
        for path in _walk(self.data / "cases"):
            if path.name in (INDEX_NAME, REMOVALS_NAME, WATCH_NAME) or _is_case(path):
                yield encoded("data" / path.relative_to(self.data)), path
        yield from self._shared_files()
        for path in _walk(self.data / KEPT_DRAFTS):
            if path.suffix == ".txt" and path.parent == self.data / KEPT_DRAFTS:
                yield encoded("data" / path.relative_to(self.data)), path
        for path in _walk(self.data / "profiles"):
            if path.suffix == ".json" and not path.name.startswith("."):
                yield encoded("data" / path.relative_to(self.data)), path
        for name in (LIBRARY, KNOWN_CELLS, WATCHED, SETTINGS):
            if os.path.lexists(self.at(name)):
                yield name, self.at(name)

    def _shared_files(self) -> Iterator[tuple[str, Path]]:
        """The laboratory's cases and their record of removals; own cases may have come back there before."""
        if self.shared is None:
            return
        number, below = 1, self.data / "cases" / SHARED_CASES
        while below.exists():
            number += 1
            below = self.data / "cases" / f"{SHARED_CASES} {number}"
        for path in _walk(self.shared):
            if path.name == REMOVALS_NAME or _is_case(path):
                place = below / path.relative_to(self.shared)
                yield encoded("data" / place.relative_to(self.data)), path

    def at(self, name: str) -> Path:
        """Where a member of an archive belongs."""
        place = decoded(name)
        return self.settings if name == SETTINGS else self.data.joinpath(*place.parts[1:])


@dataclass(frozen=True, slots=True)
class BackupMade:
    """What went into an archive.

    Attributes
    ----------
    manifest : Manifest
    fingerprint : str
        SHA-256 of the manifest, for comparing a copy of the archive years later.
    left_out : tuple of (path, reason)
        Files that could not be read.
    """

    manifest: Manifest
    fingerprint: str
    left_out: tuple[tuple[Path, str], ...]

    @property
    def damaged(self) -> tuple[str, ...]:
        """Names of the cases that were damaged already."""
        return tuple(m.name for m in self.manifest.files if m.damaged)


def back_up(
    places: Places,
    target: Path,
    *,
    app_version: str,
    laboratory: Path | None = None,
    progress: Progress | None = None,
) -> BackupMade:
    """Save everything into the new archive `target`, read it back and compare.

    Parameters
    ----------
    laboratory : Path or None
        The laboratory's database as a file, which goes in, too.
    progress : callable
        Called with bytes done and bytes in all (each file counts twice: written, and read back); may raise
        to stop.

    Raises
    ------
    UserError
        When `target` exists, its folder does not, there is nothing to save, or it cannot be written; nothing
        is left behind.
    """
    if os.path.lexists(target):
        raise _exists(target)
    try:
        found = list(places.files())
        if laboratory is not None:
            found.append((LABORATORY, laboratory))
        total = sum(path.stat().st_size for _, path in found if path.is_file())
    except OSError as error:
        raise unreadable(places.data, error) from error
    if not found:
        raise UserError(
            "There is nothing to save in {path}.",
            "It holds no case, no library, no profile and no settings.",
            "Check the variable BLOODCELLS_HOME.",
            path=places.data,
        )
    if not target.parent.is_dir():
        raise _no_folder(target.parent)
    need_space(target.parent, total)
    clear(places.data, _PRIVATE)
    part = part_of_file(target)
    left_out: list[tuple[Path, str]] = []
    try:
        with _private_file(part) as sink, zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            files: list[Member] = []
            for name, path in found:
                done = sum(m.size for m in files)
                try:
                    files += _add(archive, name, path, places, part_of(progress, done, 2 * total))
                except _SourceUnreadable as error:
                    left_out.append((path, str(error)))
            manifest = Manifest(utc_now(), app_version, tuple(files))
            archive.writestr(_info(MANIFEST), manifest.to_json())
        with Archive(part) as written:
            written.verify(part_of(progress, total, 2 * total))
            fingerprint = written.fingerprint()
        try:
            move_into_place(part, target)
        except FileExistsError as error:
            raise _exists(Path(error.filename)) from None
    except OSError as error:
        raise failed(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return BackupMade(manifest, fingerprint, tuple(left_out))


def part_of(progress: Progress | None, start: int, total: int) -> Progress | None:
    """`progress` for one stage of the work, which begins at `start` of `total`."""
    return None if progress is None else lambda done, _: progress(min(start + done, total), total)


@contextlib.contextmanager
def _private_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only this user may read: it holds patients' data."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(fd, "w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o100600 << 16
    return info


def _add(
    archive: zipfile.ZipFile, name: str, path: Path, places: Places, progress: Progress | None
) -> list[Member]:
    if not path.is_file():  # SQLite would wait for a pipe
        if path.name == INDEX_NAME:
            return []
        raise _SourceUnreadable("it is no regular file")
    if not (_is_case(path) or name in (LIBRARY, KNOWN_CELLS) or path.name in (INDEX_NAME, WATCH_NAME)):
        return [_write(archive, name, path, progress)]
    try:
        apart = places.shared is not None and path.is_relative_to(places.shared)
        with _unchanging(path, places.data, apart=apart) as source:
            return [_write(archive, name, source, progress)]
    except (sqlite3.Error, UserError, UnicodeDecodeError) as error:
        if (getattr(error, "sqlite_errorname", "") or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise _SourceUnreadable("another program is writing to it") from error
        if path.name == INDEX_NAME:
            return []  # it is made anew from the cases
        # Damaged, or no case at all: as it is, with what an interrupted write left beside it.
        members = [_write(archive, name, path, progress, damaged=True)]
        journal = Path(f"{path}-journal")
        if _is_case(path) and journal.is_file():
            members.append(_write(archive, f"{name}-journal", journal, None, damaged=True))
        return members


@contextlib.contextmanager
def _unchanging(path: Path, data: Path, *, apart: bool = False) -> Iterator[Path]:
    """Where the file's bytes can be read at leisure: itself under SQLite's lock, or a private copy of it.

    An interrupted write is brought to its end first. A person who works on the case must not wait for a slow
    stick, so it is copied within the data folder then; one on a share (`apart`) always, for other stations
    may open it at any moment.
    """
    if _is_case(path):
        conn.header_version(path)  # refuses what is no case before SQLite touches it
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(contextlib.closing(conn.connect(path, read_only=not writable)))
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if _is_case(path):
            conn.check(connection, path, version)
        if apart or not _is_case(path) or holder_of(path) is not None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=_PRIVATE, dir=data))
            copy = Path(folder) / "copy"
            with contextlib.closing(sqlite3.connect(copy)) as sink:
                _copy(connection, sink)
            connection.execute("ROLLBACK")
            yield copy
        else:
            yield path


def _copy(connection: sqlite3.Connection, sink: sqlite3.Connection) -> None:
    try:
        connection.backup(sink)
    except sqlite3.Error as error:
        if (getattr(error, "sqlite_errorname", "") or "").startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


class _SourceUnreadable(Exception):
    """A file that is to be saved cannot be read: it costs that file alone."""


def _write(
    archive: zipfile.ZipFile, name: str, path: Path, progress: Progress | None, *, damaged: bool = False
) -> Member:
    # Read once before anything of it is in the archive, which could not be taken out again.
    try:
        plain_files.sha256_of(path)
    except OSError as error:
        raise _SourceUnreadable(system_reason(error)) from error
    hashed, size = hashlib.sha256(), 0
    with plain_files.reading(path) as source, archive.open(_info(name), "w", force_zip64=True) as sink:
        while data := source.read(BYTES_AT_ONCE):
            sink.write(data)
            hashed.update(data)
            size += len(data)
            if progress is not None:
                progress(size, 0)
    return Member(name, hashed.hexdigest(), size, damaged)


def _walk(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for place, folders, names in os.walk(folder, onerror=fail):
        # profiles that were removed still explain reports that name them
        folders[:] = sorted(f for f in folders if not f.startswith(".") or f == ".removed")
        yield from (Path(place) / name for name in sorted(names))


def _is_case(path: Path) -> bool:
    return path.name.endswith(CASE_SUFFIX) and not path.name.startswith(".")


def clear(folder: Path, prefix: str) -> None:
    """Remove what a kill left behind, once nobody can be at it any more."""
    for left in folder.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(left, ignore_errors=True)


def need_space(folder: Path, size: int) -> None:
    """Refuse in words where so many bytes do not fit; none are written then."""
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE_BYTES:
        raise OutputNotWritable(
            "There is too little space in {path}.",
            "{needed} MB are needed, {free} MB are free. Nothing was written.",
            "Free some space or choose another disk.",
            path=folder,
            needed=(size + _SPARE_BYTES) // 10**6 + 1,
            free=free // 10**6,
        )


def failed(path: Path, error: OSError) -> UserError:
    """A failure of the disk while an archive is written or brought back, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputNotWritable(
            "The disk of {path} is full.",
            "What was written so far was removed again.",
            "Free some space or choose another disk.",
            path=path,
        )
    return not_writable(path, error)


def _no_folder(folder: Path) -> OutputNotWritable:
    return OutputNotWritable(
        "There is no folder {path}.",
        "A stick may not be plugged in, or the name is mistyped. No backup was made.",
        "Make the folder, or choose another one.",
        path=folder,
    )


def _exists(target: Path) -> OutputNotWritable:
    return OutputNotWritable(
        "There is a file {path} already.",
        "A backup replaces none.",
        "Choose another name, for example with today's date.",
        path=target,
    )


def unreadable(path: Path, error: OSError) -> UserError:
    """The refusal where the workstation's own data cannot be read."""
    return UserError(
        "The data in {path} cannot be read ({reason}).",
        "You may not read it, or its disk or share does not answer.",
        "Check the folder's permissions and the network.",
        path=error.filename or path,
        reason=system_reason(error),
    )
