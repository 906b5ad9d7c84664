"""Index beside the cases, so that the work list shows thousands at once.

Of the cases it holds nothing that they do not; beside them it remembers where their chains ended
(:mod:`bloodcells_gui.storage.last_seen`). Each row carries a digest of itself, so that a row which was
damaged, or changed by another program, is recognised and its case read again. The digest has no key: it finds
changes, it does not keep out somebody who computes it anew (auditors compare the chain of hashes in each
case).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.connection import open_held

INDEX_NAME = ".worklist.sqlite"
_VERSION = 6
#: Of the lines, wherever they are kept.
LINE_VERSION = _VERSION
_BEFORE = (3, 4, 5)  # their table of heads is carried over; their lines are made anew
# How far the chain of each case had come (see last_seen.py); a later version has to carry it over.
HEADS_SQL = "CREATE TABLE heads (seed TEXT PRIMARY KEY, entries INTEGER NOT NULL, head TEXT NOT NULL) STRICT"
_COLUMNS = (
    "name ANY PRIMARY KEY, stamp TEXT NOT NULL, case_id TEXT NOT NULL, specimen_id TEXT NOT NULL,"
    " kind TEXT NOT NULL, created TEXT NOT NULL, changed TEXT NOT NULL, state TEXT NOT NULL,"
    " cells INTEGER NOT NULL, unidentified INTEGER NOT NULL, reviewed INTEGER NOT NULL,"
    " signatures INTEGER NOT NULL, incomplete INTEGER NOT NULL, synthetic INTEGER NOT NULL,"
    " persons TEXT NOT NULL, ids TEXT NOT NULL, flags TEXT NOT NULL, problem TEXT NOT NULL,"
    " film TEXT NOT NULL, counted INTEGER NOT NULL, by_hand INTEGER NOT NULL, target INTEGER NOT NULL,"
    " urgent INTEGER NOT NULL, signed_at TEXT NOT NULL, seal TEXT NOT NULL"
)
# A few cells of each case as one small JPEG; made when somebody looks at the line.
_PICTURES = "name ANY PRIMARY KEY, stamp TEXT NOT NULL, picture BLOB NOT NULL, seal TEXT NOT NULL"
_TABLES = (
    f"CREATE TABLE cases ({_COLUMNS}) STRICT",
    HEADS_SQL,
    f"CREATE TABLE pictures ({_PICTURES}) STRICT",
)


def sealed(line: serialization.Row) -> serialization.Row:
    """A row without its seal, with it."""
    return (*line, _seal(line))


def is_sound(row: serialization.Row) -> bool:
    """Whether a row is as it was written."""
    return bool(row[-1] == _seal(row[:-1]))


def _seal(line: serialization.Row) -> str:
    plain = [{"bytes": v.hex()} if isinstance(v, bytes) else v for v in line]
    return hashlib.sha256(json.dumps([_VERSION, plain]).encode("ascii")).hexdigest()


def index_at(place: Path | None) -> sqlite3.Connection:
    """The index in the file `place`, or one in memory.

    Raises
    ------
    sqlite3.Error, UnicodeDecodeError
        When the file cannot be used as an index of this version.
    """
    connection = open_held(
        place,
        ":memory:" if place is None else str(place),
        timeout=5,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # The index can be rebuilt at any time, so speed counts more than its own safety.
        for pragma in (
            "synchronous = OFF",
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "temp_store = MEMORY",
            "secure_delete = ON",  # the number of a patient whose case is gone must not stay in a free page
        ):
            connection.execute(f"PRAGMA {pragma}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version in _BEFORE and _is_one_of_before(connection):
            connection.execute("DROP TABLE cases")
        if version in (0, *_BEFORE):
            for table in _TABLES:
                connection.execute(table.replace("TABLE", "TABLE IF NOT EXISTS", 1))
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        if sorted(_schema(connection)) != sorted(_TABLES) or version not in (0, *_BEFORE, _VERSION):
            raise sqlite3.DatabaseError("not this index")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("damaged")
    except BaseException:
        connection.close()
        raise
    return connection


def _schema(connection: sqlite3.Connection) -> list[str]:
    return [str(r[0]) for r in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]


def _is_one_of_before(connection: sqlite3.Connection) -> bool:
    """Whether it is an index of the versions before: its rows are read again, the ends of chains are kept."""
    found = sorted(_schema(connection))
    return len(found) == 2 and found[0].startswith("CREATE TABLE cases (") and found[1] == HEADS_SQL
