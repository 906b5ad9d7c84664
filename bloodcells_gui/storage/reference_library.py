"""The laboratory's reference library: cells a person kept from reviewed cases, with a note."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage.library_rows import Ask, LabelDecision, LibraryRows, NewPicture, Reference

__all__ = ["LabelDecision", "Library", "NewPicture", "Reference"]

APPLICATION_ID = 0x42434C31  # "BCL1"
VERSION = 3
_FIRST = (
    "CREATE TABLE entries (id INTEGER PRIMARY KEY, code TEXT NOT NULL, added_by TEXT NOT NULL,"
    " added_at TEXT NOT NULL, model TEXT NOT NULL, mpp REAL, source_case TEXT NOT NULL,"
    " source_cell INTEGER NOT NULL, thumbnail BLOB NOT NULL, mask BLOB NOT NULL,"
    " embedding BLOB NOT NULL) STRICT",
    # every note and every removal stays readable: the newest row of an entry stands
    "CREATE TABLE remarks (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries(id),"
    " author TEXT NOT NULL, time TEXT NOT NULL, note TEXT NOT NULL, removed INTEGER NOT NULL) STRICT",
    "CREATE INDEX remarks_of_entry ON remarks (entry)",
)
_SECOND = (
    # who kept or changed a cell's class when its label was checked; checked = 0 takes that back
    "CREATE TABLE label_decisions (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries(id),"
    " author TEXT NOT NULL, time TEXT NOT NULL, code TEXT NOT NULL, checked INTEGER NOT NULL) STRICT",
    "CREATE INDEX label_decisions_of_entry ON label_decisions (entry)",
)
_THIRD = (
    # reference pictures: cells of no case, from a folder of named pictures
    "CREATE TABLE pictures (entry INTEGER PRIMARY KEY REFERENCES entries(id), source TEXT NOT NULL,"
    " licence TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, width_um REAL) STRICT",
)


class Library(LibraryRows):
    """A file of reference cells; made on first use. Thread-safe.

    Several windows may use one library: every act is one short transaction.

    Raises
    ------
    UserError
        When the file is no library, damaged, or its folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path.absolute()
        self._check_header()
        with self._in_words():
            self._connection = self._open()

    def _check_header(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            head = b""
            if self.path.exists():
                head = plain_files.read_bytes(self.path, 100)
        except OSError as error:
            raise conn.os_in_words(error, self.path) from error
        if head and (
            not head.startswith(b"SQLite format 3\x00")
            or int.from_bytes(head[68:72], "big") != APPLICATION_ID
            or int.from_bytes(head[60:64], "big") > VERSION
        ):
            raise UserError(
                "{path} is not a reference library this version can read.",
                "It was written by another program or by a newer version.",
                "Choose another file, or move it away so that a new library can begin.",
                path=self.path,
            )

    def _open(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.touch()
        connection = conn.connect(self.path, read_only=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            for since, statements in enumerate((_FIRST, _SECOND, _THIRD), 1):
                for statement in statements if version < since else ():
                    connection.execute(statement)
            if version < VERSION:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
            found = {str(r[0]) for r in connection.execute("SELECT coalesce(sql, '') FROM sqlite_schema")}
            if not found <= {*_FIRST, *_SECOND, *_THIRD, ""}:
                raise conn.damaged(self.path, "foreign tables or triggers")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise conn.in_words(error, self.path) from error
        except UnicodeDecodeError as error:
            raise conn.damaged(self.path, "text") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._in_words(), conn.transaction(self._connection) as connection:
            yield connection

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _reading(self) -> Iterator[Ask]:
        with self._lock, self._in_words():
            yield self._ask

    @contextmanager
    def _changing(self) -> Iterator[Ask]:
        with self._writing():
            yield self._ask

    def _ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.replace("$.", ""), values).fetchall()
