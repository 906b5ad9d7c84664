"""A set of known cells and what readers called them: append-only, dated.

The cells are copies of reference cells, so that a set stays what it was when the library changes. Nothing in
the file is changed or deleted, which triggers enforce; an answer that is given again stands beside the first.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.known_cells import KnownAnswer, KnownRound
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import serialization

APPLICATION_ID = 0x42434B31  # "BCK1"
VERSION = 1
_TABLES = {
    "cells": "id INTEGER PRIMARY KEY, code TEXT NOT NULL, added_by TEXT NOT NULL, added_at TEXT NOT NULL,"
    " entry INTEGER NOT NULL UNIQUE, mpp REAL, picture BLOB NOT NULL",
    "rounds": "id INTEGER PRIMARY KEY, reader TEXT NOT NULL, began TEXT NOT NULL, cells TEXT NOT NULL",
    "answers": "id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES rounds(id),"
    " cell INTEGER NOT NULL REFERENCES cells(id), code TEXT NOT NULL, time TEXT NOT NULL",
}
_SQL = tuple(
    statement
    for name, columns in _TABLES.items()
    for statement in (
        f"CREATE TABLE {name} ({columns}) STRICT",
        *(
            f"CREATE TRIGGER {name}_{act.lower()} BEFORE {act} ON {name}"
            " BEGIN SELECT RAISE(ABORT, 'append-only'); END"
            for act in ("UPDATE", "DELETE")
        ),
    )
)


@dataclass(frozen=True, slots=True)
class NewKnownCell:
    """A cell for the set: its class, the entry of the library that it is a copy of, scale, JPEG."""

    code: str
    entry: int
    mpp: float
    picture: bytes


class KnownCellsFile:
    """The laboratory's set; made on first use. Thread-safe.

    Raises
    ------
    UserError
        When the file is none of this program's, is damaged, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = threading.RLock()
        with self._in_words():
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.path.touch()
        connection = conn.connect(self.path, read_only=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                for statement in _SQL:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
            found = {
                str(r[0]) for r in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
            }
            if found != set(_SQL):
                raise conn.damaged(self.path, "foreign tables or triggers")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise conn.os_in_words(error, self.path) from error
        except sqlite3.Error as error:
            raise conn.in_words(error, self.path) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._in_words(), conn.transaction(self._connection) as connection:
            yield connection

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    def add(self, cells: Sequence[NewKnownCell], author: str) -> int:
        """Add the cells that are not in the set yet; returns how many. ValueError for an unknown class."""
        if unknown := {c.code for c in cells} - BY_CODE.keys():
            raise ValueError(f"{sorted(unknown)} are no class codes")
        who, now, added = serialization.clean(author), utc_now(), 0
        with self._writing() as connection:
            known = {int(r[0]) for r in connection.execute("SELECT entry FROM cells")}
            for cell in cells:
                if cell.entry not in known:
                    mpp = serialization.number(cell.mpp)
                    connection.execute(
                        "INSERT INTO cells (code, added_by, added_at, entry, mpp, picture)"
                        " VALUES (?, ?, ?, ?, ?, ?)",
                        (cell.code, who, now, cell.entry, mpp, cell.picture),
                    )
                    known.add(cell.entry)
                    added += 1
        return added

    def codes(self) -> dict[int, str]:
        """Cell of the set -> its class."""
        with self._lock, self._in_words():
            rows = self._connection.execute("SELECT id, code FROM cells ORDER BY id").fetchall()
        return {int(cell): str(code) for cell, code in rows if code in BY_CODE}

    def picture(self, cell: int) -> tuple[bytes, float]:
        """JPEG and um per px (NaN for none) of a cell; KeyError for an unknown one."""
        with self._lock, self._in_words():
            row = self._connection.execute("SELECT picture, mpp FROM cells WHERE id = ?", (cell,)).fetchone()
        if row is None:
            raise KeyError(cell)
        return bytes(row[0]), float("nan") if row[1] is None else float(row[1])

    def begin(self, reader: str, cells: Sequence[int]) -> int:
        """Begin a round of these cells, in this order; returns its number."""
        with self._writing() as connection:
            cursor = connection.execute(
                "INSERT INTO rounds (reader, began, cells) VALUES (?, ?, ?)",
                (serialization.clean(reader), utc_now(), serialization.to_json(list(cells))),
            )
            return int(cursor.lastrowid or 0)

    def answer(self, number: int, cell: int, code: str) -> None:
        """Keep what the reader of a round called a cell. ValueError for an unknown class."""
        if code not in BY_CODE:
            raise ValueError(f"'{code}' is no class code")
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO answers (round, cell, code, time) VALUES (?, ?, ?, ?)",
                (number, cell, code, utc_now()),
            )

    def rounds(self) -> list[KnownRound]:
        """Every round with its answers, oldest first; of several answers to a cell the newest stands."""
        truth = self.codes()
        with self._lock, self._in_words():
            rows = self._connection.execute("SELECT id, reader, began FROM rounds ORDER BY id").fetchall()
            given = self._connection.execute("SELECT round, cell, code FROM answers ORDER BY id").fetchall()
        latest: dict[int, dict[int, str]] = {}
        for number, cell, code in given:
            latest.setdefault(int(number), {})[int(cell)] = str(code)
        return [
            KnownRound(
                int(number), str(reader), str(began),
                tuple(
                    KnownAnswer(truth[cell], code)
                    for cell, code in latest.get(int(number), {}).items() if cell in truth
                ),
            )
            for number, reader, began in rows
        ]  # fmt: skip
