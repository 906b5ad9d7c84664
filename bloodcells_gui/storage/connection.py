"""Open an untrusted case file, and put SQLite's failures into words.

A case may come from another workstation, a stick or a stranger. Before SQLite reads a page its header is
looked at; then its schema must be exactly ours (a foreign trigger or view could run SQL of its own), and
limits keep a crafted row from taking the memory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import struct
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.errors import EXIT_OUTPUT_NOT_WRITABLE, UserError, system_reason
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.storage import schema

MAX_FILE_BYTES = 256 * 1024**3
MAX_VALUE_BYTES = 128 * 1024**2  # one text or blob; an event over 1,000,000 cells takes 8 MB
# Small tables are always checked on opening; the big ones only where that takes no noticeable time
# (quick_check reads about 500 MB/s). `bloodcells verify` checks everything.
QUICK_CHECK_BYTES = 64 * 1024**2
BUSY_TIMEOUT_S = 15.0
_SMALL_TABLES = (
    "meta",
    "runs",
    "run_ends",
    "run_results",
    "events",
    "ledger",
    "reports",
    "images",
    "outlines",
    "red_cell_runs",
    "red_cell_run_ends",
)
_HEADER = 100
_LOOKS = 2  # a share may tell an old length once


class CaseDamaged(UserError):
    """The file is a case, but parts of it cannot be read or are not as this program writes them."""


class CaseTooNew(UserError):
    """The file was written by a newer version of this program."""


class CaseUnreachable(UserError):
    """The file is there no more, or its folder does not answer."""


def damaged(path: Path, why: str) -> CaseDamaged:
    """The refusal of a damaged case, with `why` (a technical word or two)."""
    return CaseDamaged(
        "The case file {path} is damaged ({reason}).",
        "It was changed or cut short outside this program, or the disk has failed.",
        "Take it from the last backup, or recover what is readable into a new case."
        " This file is left as it is.",
        path=path,
        reason=why,
    )


def not_as_written(path: Path, where: str) -> CaseDamaged:
    """The refusal of a case whose rows are not as they were sealed; `where` is a technical word or two."""
    return CaseDamaged(
        "The case file {path} is damaged: it is not as it was written ({where}).",
        "It was changed outside this program, or the disk has failed. It can neither be signed nor reported.",
        "Take it from the last backup, or recover what is readable into a new case."
        " This file is left as it is; its verification names all that differs.",
        path=path,
        where=where,
    )


def unreachable(path: Path) -> CaseUnreachable:
    """The refusal when file or folder have gone."""
    return CaseUnreachable(
        "The case file {path} cannot be reached.",
        "It was moved or deleted, or the network folder is not connected. The last action was not saved.",
        "Connect the folder or put the file back, then repeat the last action."
        " Everything before it is in the file.",
        path=path,
    )


def header_version(path: Path) -> int:
    """`user_version` from the file's header, checked before SQLite opens the file.

    Raises
    ------
    UserError
        No case file (or none that can be read), a damaged one, or one from a newer version.
    """
    try:
        with plain_files.reading(path) as f:
            head = f.read(_HEADER)
            size = os.fstat(f.fileno()).st_size
    except FileNotFoundError:
        raise UserError(
            "There is no case file {path}.",
            "It may have been moved or renamed.",
            "Choose another file.",
            path=path,
        ) from None
    except OSError as error:
        if path.is_dir():
            raise _no_case(path) from None
        raise UserError(
            "The case file {path} cannot be read ({reason}).",
            "The program may lack the right to read it.",
            "Check the folder's permissions or copy the file to a folder of your own.",
            path=path,
            reason=system_reason(error),
        ) from error
    if not head.startswith(b"SQLite format 3\x00"):
        raise _no_case(path) if head[:6] != b"SQLite" else damaged(path, "header")
    if len(head) < _HEADER:
        raise damaged(path, "cut short")
    if struct.unpack(">I", head[68:72])[0] != schema.APPLICATION_ID:
        raise _no_case(path)
    version: int = struct.unpack(">I", head[60:64])[0]
    if version > schema.VERSION:
        raise CaseTooNew(
            "The case file {path} was written by a newer version of this program.",
            "Its format is {version}; this version reads up to {known}.",
            "Open it with the newer version. The file was not changed.",
            path=path,
            version=version,
            known=schema.VERSION,
        )
    page = struct.unpack(">H", head[16:18])[0]
    page = 65536 if page == 1 else page
    pages = struct.unpack(">I", head[28:32])[0]
    has_journal = Path(f"{path}-journal").exists()
    if size > MAX_FILE_BYTES or (page and size < page * pages and not has_journal):
        raise damaged(path, "cut short" if size < MAX_FILE_BYTES else "too large")
    return version


def _no_case(path: Path) -> UserError:
    return UserError(
        "{path} is not a case file.",
        "It is a folder."
        if path.is_dir()
        else "Case files of this program end in .bcs; this one was written by something else.",
        "Choose a case file, or open a folder of images instead.",
        path=path,
    )


class HeldConnection(sqlite3.Connection):
    """A connection that holds its file until it is closed (:mod:`bloodcells_gui.imaging.io.plain_files`)."""

    _releases: tuple[weakref.finalize[..., HeldConnection], ...] = ()

    def hold(self, identities: Iterable[plain_files.Identity]) -> None:
        """Hold the files that the connection may have opened; before its first statement."""
        for identity in identities:
            plain_files.hold(identity)
            self._releases += (weakref.finalize(self, plain_files.release, identity),)

    def close(self) -> None:
        super().close()
        for release in self._releases:
            release()


def open_held(path: Path | None, database: str, **options: Any) -> sqlite3.Connection:
    """`sqlite3.connect`, with the file at `path` held so that reading its bytes costs no lock.

    sqlite3.DatabaseError where a pipe or device stands in the place of its journal: SQLite would wait for it.
    """
    for beside in () if path is None else ("-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(Path(f"{path}{beside}").stat().st_mode):
                raise sqlite3.DatabaseError("its journal is no regular file")
    # A path that is replaced at this moment may lead to either file.
    before = _identity(path)
    connection = sqlite3.connect(database, factory=HeldConnection, **options)
    connection.hold({i for i in (before, _identity(path)) if i is not None})
    return connection


def _identity(path: Path | None) -> plain_files.Identity | None:
    with contextlib.suppress(OSError):
        return None if path is None else plain_files.identity_of(path)
    return None


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection with every safety switch on; `path` must exist.

    Transactions are explicit (autocommit otherwise). The connection may be closed, but not used, from
    another thread.
    """
    # as_uri escapes "?", "#" and odd bytes of the name
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    connection = open_held(
        path,
        uri,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 2)
        for pragma in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "mmap_size = 0",
            "temp_store = MEMORY",  # nothing of a patient in temporary files
            "foreign_keys = ON",
            # EXTRA = FULL, and the journal's removal is on the disk too before an action counts as saved
            "synchronous = EXTRA",
            "cache_size = -8192",
            f"query_only = {'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def check(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Refuse a file whose schema is not that of format `version` or whose pages do not hold together."""
    if schema.listing(connection) != schema.expected(version):
        raise damaged(path, "foreign tables or triggers")
    if not any(_is_of_one_piece(connection, path) for _ in range(_LOOKS)):
        raise copied_while_written(path)
    size = path.stat().st_size
    small = [name for name in _SMALL_TABLES if schema.has_table(version, name)]
    tables = ("",) if size <= QUICK_CHECK_BYTES else tuple(f"('{name}')" for name in small)
    for table in tables:
        answer = connection.execute(f"PRAGMA quick_check{table or '(1)'}").fetchone()
        if answer is None or answer[0] != "ok":
            raise damaged(path, "page check")


def _is_of_one_piece(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is as long as its header says, seen while nobody writes.

    A plain copy that was taken during an analysis has an old beginning and new pages behind it.
    """
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return True  # what is newer stands in another file
    begun = not connection.in_transaction
    if begun:
        connection.execute("BEGIN")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # takes the lock
        pages, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
        )
        return path.stat().st_size == pages * size
    finally:
        if begun:
            connection.execute("ROLLBACK")


def copied_while_written(path: Path) -> CaseDamaged:
    """The refusal of a copy that was taken while the program wrote to the case."""
    return CaseDamaged(
        "The case file {path} is not whole: it was copied while the program was writing to it.",
        "Some of its pages are older than others, so cells or decisions are missing or torn.",
        "Take the copy again when the case is closed, or with Copy in the work list or a backup;"
        " or recover what is readable into a new case. This file is left as it is.",
        path=path,
    )


def in_words(error: sqlite3.Error, path: Path) -> UserError:
    """An SQLite failure as the words a technician can act on."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return disk_full(path)
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return read_only_place(path)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path, name)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return UserError(
            "The last action was not saved: another program is using {path}.",
            "A database tool or a backup holds the file.",
            "Close it and repeat the action.",
            path=path,
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
        if path.exists() and name.startswith("SQLITE_CANTOPEN") and not os.access(path.parent, os.W_OK):
            return read_only_place(path)
        return write_failed(path, name) if path.exists() else unreachable(path)
    if name.startswith("SQLITE_TOOBIG"):
        return UserError(
            "The last action was not saved: it holds too much text or data.",
            "One entry of a case may take {limit} MB.",
            "Split it into smaller ones.",
            limit=MAX_VALUE_BYTES // 1024**2,
        )
    return damaged(path, name or type(error).__name__)


def os_in_words(error: OSError, path: Path) -> UserError:
    """A failure of the file system beside a case as words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return read_only_place(path)
    if not path.exists():
        return unreachable(path)
    return write_failed(path, system_reason(error))


def disk_full(path: Path) -> UserError:
    """The refusal on a full disk."""
    return UserError(
        "The last action was not saved: the disk of {path} is full.",
        "Everything before it is in the case file.",
        "Free some space, then repeat the action.",
        exit_code=EXIT_OUTPUT_NOT_WRITABLE,
        path=path,
    )


def write_failed(path: Path, reason: str | Reason) -> UserError:
    """The refusal when the disk or the share answers with an error."""
    return UserError(
        "The last action was not saved: {path} could not be written ({reason}).",
        "The disk or the network folder does not answer as it should."
        " Everything before it is in the case file.",
        "Check disk and network, then repeat the action.",
        path=path,
        reason=reason,
    )


def read_only_place(path: Path) -> UserError:
    """The refusal where file or folder may not be written."""
    return UserError(
        "The case file {path} cannot be written.",
        "The file or its folder is read-only for you.",
        "Open it read-only, or copy it to a folder of your own.",
        exit_code=EXIT_OUTPUT_NOT_WRITABLE,
        path=path,
    )


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Everything that is written within is kept, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
