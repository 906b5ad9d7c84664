"""The tables of a case file, and the migration of older formats.

Everything but `drafts` is append-only: facts are inserted once and never changed, which triggers enforce.
Each insertion is sealed by an entry of `ledger`, whose hashes form a chain (see
:mod:`bloodcells_gui.storage.hash_chain`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from functools import lru_cache

APPLICATION_ID = 0x42435331  # "BCS1", at offset 68 of the file, so that `file` and we know it unopened
VERSION = 7
PAGE_BYTES = 8192

_TABLES = {
    # Texts of paths are ANY: a name that is no valid Unicode is kept as its bytes.
    "meta": "key TEXT PRIMARY KEY, value ANY NOT NULL",
    "images": "idx INTEGER PRIMARY KEY, name ANY NOT NULL, path ANY NOT NULL,"
    " origin_x REAL NOT NULL, origin_y REAL NOT NULL",
    "image_facts": "id INTEGER PRIMARY KEY, image INTEGER NOT NULL REFERENCES images(idx),"
    " sha256 TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, mpp REAL",
    "locations": "id INTEGER PRIMARY KEY, root ANY NOT NULL, time TEXT NOT NULL",
    "runs": "number INTEGER PRIMARY KEY, started TEXT NOT NULL, app_version TEXT NOT NULL,"
    " classes TEXT NOT NULL, measurement_names TEXT NOT NULL, bundles TEXT NOT NULL, provider TEXT NOT NULL,"
    " parameters TEXT NOT NULL, profile TEXT NOT NULL, scale TEXT NOT NULL",
    "run_ends": "run INTEGER PRIMARY KEY REFERENCES runs(number), status TEXT NOT NULL,"
    " finished TEXT NOT NULL, tallies TEXT NOT NULL, notice TEXT NOT NULL, scale TEXT NOT NULL",
    "skipped": "id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(number), path ANY NOT NULL,"
    " reason TEXT NOT NULL",
    # run is NULL for a cell added by hand
    "cells": "id INTEGER PRIMARY KEY, run INTEGER REFERENCES runs(number),"
    " image INTEGER NOT NULL, x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,"
    " mpp REAL, predicted TEXT NOT NULL, probability REAL NOT NULL, abstained INTEGER NOT NULL,"
    " doubt REAL NOT NULL, focus REAL, flags TEXT NOT NULL, scores BLOB NOT NULL, measurements BLOB NOT NULL",
    "assets": "cell INTEGER PRIMARY KEY REFERENCES cells(id), crop_x REAL NOT NULL, crop_y REAL NOT NULL,"
    " crop_side REAL NOT NULL, thumbnail BLOB NOT NULL, mask BLOB NOT NULL, embedding BLOB NOT NULL",
    "events": "seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, author TEXT NOT NULL, time TEXT NOT NULL,"
    " cells TEXT NOT NULL, new TEXT NOT NULL, old TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL,"
    " target INTEGER NOT NULL",
    "reports": "id INTEGER PRIMARY KEY, version INTEGER NOT NULL, time TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " report BLOB NOT NULL",
    "ledger": "seq INTEGER PRIMARY KEY, written TEXT NOT NULL, kind TEXT NOT NULL, first INTEGER NOT NULL,"
    " count INTEGER NOT NULL, content TEXT NOT NULL, hash TEXT NOT NULL",
    # Later tables stand behind, so that those before lie where they lay in older files (see salvage.py).
    # What cells settled on with their look-alikes when a run ended: ids as int64, kinds as float16, some
    # thousand cells a row.
    "settled": "id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(number), cells BLOB NOT NULL,"
    " kinds BLOB NOT NULL",
    # Explanation maps of the cells of a signed report, small pictures, for drawing the report again.
    "report_maps": "id INTEGER PRIMARY KEY, report INTEGER NOT NULL REFERENCES reports(id),"
    " cell INTEGER NOT NULL, data BLOB NOT NULL",
    # Working memory that belongs to no record yet: it may change and go, and nothing seals it.
    "drafts": "key TEXT PRIMARY KEY, value TEXT NOT NULL, author TEXT NOT NULL, time TEXT NOT NULL",
    # How runs ended, since format 4: what they counted, how far they came, how well their tiles can be read,
    # what adapted their cells, and remarks, each as JSON (see run_records.py). Runs that ended under an older
    # format keep their row in run_ends, which their seal is over.
    "run_results": "run INTEGER PRIMARY KEY REFERENCES runs(number), status TEXT NOT NULL,"
    " finished TEXT NOT NULL, scale TEXT NOT NULL, counts TEXT NOT NULL, progress TEXT NOT NULL,"
    " maps TEXT NOT NULL, adaptation TEXT NOT NULL, remarks TEXT NOT NULL",
    # Outlines that persons drew, since format 6: the box in the image, a mask (PNG) of the window of the
    # cell's assets, and what is measured of it, in the order of the cell's measurements. Events name them.
    "outlines": "id INTEGER PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cells(id), x REAL NOT NULL,"
    " y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL, mask BLOB NOT NULL,"
    " measurements BLOB NOT NULL",
    # Examinations of red cells, since format 7. One may stop and go on: the newest row of its ends counts.
    "red_cell_runs": "number INTEGER PRIMARY KEY, started TEXT NOT NULL, app_version TEXT NOT NULL,"
    " bundle TEXT NOT NULL, classes TEXT NOT NULL, measures TEXT NOT NULL, parameters TEXT NOT NULL,"
    " scale TEXT NOT NULL",
    "red_cell_run_ends": "id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES red_cell_runs(number),"
    " status TEXT NOT NULL, finished TEXT NOT NULL, remarks TEXT NOT NULL",
    # One examined field a row: its place in the image, a picture (JPEG), and its cells, whose ids are `first`
    # and those that follow, packed in columns (see red_cell_rows.py).
    "red_cell_fields": "id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES red_cell_runs(number),"
    " image INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL,"
    " height INTEGER NOT NULL, mpp REAL NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,"
    " cut INTEGER NOT NULL, picture BLOB NOT NULL, cells BLOB NOT NULL, contours BLOB NOT NULL",
}

# Tables that came with a later version than the first.
_SINCE = {
    "settled": 2, "report_maps": 3, "drafts": 3, "run_results": 4, "outlines": 6, "red_cell_runs": 7,
    "red_cell_run_ends": 7, "red_cell_fields": 7,
}  # fmt: skip
_MAY_CHANGE = frozenset({"drafts"})


def _statements_of(name: str) -> tuple[str, ...]:
    table = f"CREATE TABLE {name} ({_TABLES[name]}) STRICT"
    if name in _MAY_CHANGE:
        return (table,)
    return (
        table,
        f"CREATE TRIGGER {name}_never_changes BEFORE UPDATE ON {name}"
        " BEGIN SELECT RAISE(ABORT, 'append-only'); END",
        f"CREATE TRIGGER {name}_never_goes BEFORE DELETE ON {name}"
        " BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    )


def has_table(version: int, name: str) -> bool:
    """Whether files of format `version` have the table `name`."""
    return _SINCE.get(name, 1) <= version


def is_there(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the file has the table `name`; one of an older format that is open read-only may lack it."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def statements(version: int = VERSION) -> tuple[str, ...]:
    """What lays an empty schema of format `version`."""
    return tuple(s for name in _TABLES if has_table(version, name) for s in _statements_of(name))


def _adding(*names: str) -> Callable[[sqlite3.Connection], None]:
    """A step that lays the empty tables `names`."""

    def step(connection: sqlite3.Connection) -> None:
        for name in names:
            for statement in _statements_of(name):
                connection.execute(statement)

    return step


# from version -> step to the next one, run inside the migration's single transaction
MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {
    1: _adding("settled"),
    2: _adding("report_maps", "drafts"),
    3: _adding("run_results"),
    4: _adding(),  # the adaptation in run_results may hold a pool, which format 4 does not know
    5: _adding("outlines"),
    # The counts in run_results may be by field as well, which format 6 does not know.
    6: _adding("red_cell_runs", "red_cell_run_ends", "red_cell_fields"),
}


def build(connection: sqlite3.Connection, version: int = VERSION) -> None:
    """Lay the empty schema of `version`, today's by default; the caller holds the transaction."""
    for statement in statements(version):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")


def listing(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """(type, name, SQL) of everything the file's schema holds."""
    rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema LIMIT 1000")
    return frozenset((str(kind), str(name), str(sql)) for kind, name, sql in rows)


@lru_cache(maxsize=4)
def expected(version: int = VERSION) -> frozenset[tuple[str, str, str]]:
    """The listing of a file of format `version`."""
    connection = sqlite3.connect(":memory:")
    try:
        build(connection, version)
        return listing(connection)
    finally:
        connection.close()


@lru_cache(maxsize=1)
def value_types() -> Mapping[str, Mapping[str, tuple[type, ...]]]:
    """Table -> column -> what its values may be in Python."""
    kinds: dict[str, tuple[type, ...]] = {
        "INTEGER": (int,), "REAL": (float,), "TEXT": (str,), "BLOB": (bytes,), "ANY": (str, bytes),
    }  # fmt: skip
    connection = sqlite3.connect(":memory:")
    try:
        build(connection)
        found: dict[str, dict[str, tuple[type, ...]]] = {}
        for table in _TABLES:
            info = connection.execute(f"PRAGMA table_info({table})").fetchall()
            found[table] = {
                name: kinds[kind] if required or key else (*kinds[kind], type(None))
                for _, name, kind, required, _, key in info
            }
        return found
    finally:
        connection.close()


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a file of an older `version` to today's; the caller holds the transaction.

    Raises
    ------
    KeyError
        When no step leads on from `version`.
    """
    while version < VERSION:
        MIGRATIONS[version](connection)
        version += 1
        connection.execute(f"PRAGMA user_version = {version}")
