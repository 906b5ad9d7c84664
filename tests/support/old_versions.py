"""Builders of case files as older versions wrote them: never edited, so that upgrades stay tested.

When the format changes, copy today's statements here as the builder of the version that goes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

VERSION_1 = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT",
    "CREATE TABLE images (idx INTEGER PRIMARY KEY, name ANY NOT NULL, path ANY NOT NULL,"
    " origin_x REAL NOT NULL, origin_y REAL NOT NULL) STRICT",
    "CREATE TABLE image_facts (id INTEGER PRIMARY KEY, image INTEGER NOT NULL REFERENCES images(idx),"
    " sha256 TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, mpp REAL) STRICT",
    "CREATE TABLE locations (id INTEGER PRIMARY KEY, root ANY NOT NULL, time TEXT NOT NULL) STRICT",
    "CREATE TABLE runs (number INTEGER PRIMARY KEY, started TEXT NOT NULL, app_version TEXT NOT NULL,"
    " classes TEXT NOT NULL, measurement_names TEXT NOT NULL, bundles TEXT NOT NULL, provider TEXT NOT NULL,"
    " parameters TEXT NOT NULL, profile TEXT NOT NULL, scale TEXT NOT NULL) STRICT",
    "CREATE TABLE run_ends (run INTEGER PRIMARY KEY REFERENCES runs(number), status TEXT NOT NULL,"
    " finished TEXT NOT NULL, tallies TEXT NOT NULL, notice TEXT NOT NULL, scale TEXT NOT NULL) STRICT",
    "CREATE TABLE skipped (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(number),"
    " path ANY NOT NULL, reason TEXT NOT NULL) STRICT",
    "CREATE TABLE cells (id INTEGER PRIMARY KEY, run INTEGER REFERENCES runs(number),"
    " image INTEGER NOT NULL, x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,"
    " mpp REAL, predicted TEXT NOT NULL, probability REAL NOT NULL, abstained INTEGER NOT NULL,"
    " doubt REAL NOT NULL, focus REAL, flags TEXT NOT NULL, scores BLOB NOT NULL,"
    " measurements BLOB NOT NULL) STRICT",
    "CREATE TABLE assets (cell INTEGER PRIMARY KEY REFERENCES cells(id), crop_x REAL NOT NULL,"
    " crop_y REAL NOT NULL, crop_side REAL NOT NULL, thumbnail BLOB NOT NULL, mask BLOB NOT NULL,"
    " embedding BLOB NOT NULL) STRICT",
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, author TEXT NOT NULL,"
    " time TEXT NOT NULL, cells TEXT NOT NULL, new TEXT NOT NULL, old TEXT NOT NULL, key TEXT NOT NULL,"
    " reason TEXT NOT NULL, target INTEGER NOT NULL) STRICT",
    "CREATE TABLE reports (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, time TEXT NOT NULL,"
    " sha256 TEXT NOT NULL, report BLOB NOT NULL) STRICT",
    "CREATE TABLE ledger (seq INTEGER PRIMARY KEY, written TEXT NOT NULL, kind TEXT NOT NULL,"
    " first INTEGER NOT NULL, count INTEGER NOT NULL, content TEXT NOT NULL, hash TEXT NOT NULL) STRICT",
)
_TABLES_1 = (
    "meta", "images", "image_facts", "locations", "runs", "run_ends", "skipped", "cells", "assets", "events",
    "reports", "ledger",
)  # fmt: skip
# Real rows with the chain that version 1 gave them; hashes are literals on purpose.
_ROWS_1 = (
    ("meta", ("app_version", "0.1")),
    ("meta", ("case_id", "c-1")),
    ("meta", ("created", "2026-01-01T10:00:00Z")),
    ("meta", ("root", "/smears/1")),
    ("meta", ("specimen", '{"id":"S-1","kind":"crops","synthetic":false}')),
    ("images", (0, "a.jpg", "/smears/1/a.jpg", 0.0, 0.0)),
    ("runs", (0, "2026-01-01T10:00:00Z", "0.1", '["SNE","LY"]', '["cell_area_um2"]', '{"classify":"m ab"}',
              "cpu", "{}", "", "null")),
    ("cells", (0, 0, 0, 1.0, 2.5, 30.0, 31.0, 0.1, "SNE", 0.75, 0, 0.25, None, "[]",
               b"\x00\x00\x40\x3f\x00\x00\x80\x3e", b"\x00\x00\xc8\x42")),
    ("assets", (0, 1.0, 2.0, 30.0, b"jpeg", b"png", b"\x00\x3c")),
    ("events", (1, "relabel", "ana", "2026-01-01T10:00:00Z", "[0]", "LY", '["SNE"]', "", "", 0)),
)  # fmt: skip
_LEDGER_1: tuple[tuple[object, ...], ...] = (
    (
        1,
        "2026-01-01T10:00:00Z",
        "meta",
        0,
        5,
        "d053b54139b3d7dd0e37a6d26917aedf06118834d75625581ae6bac4aa46b069",
        "8a16135db80fc93f7aedcbfcd720624dbdeb4e10cc8670b0bfe5b526146207a7",
    ),
    (
        2,
        "2026-01-01T10:00:00Z",
        "images",
        0,
        1,
        "b0580355b14bcc8ddf7465e0fdaf8534d208e06d0e0fc65b7432f3a5c5476f61",
        "54eef4d7f0dec035a644221595531254212513c6dada6f43baa378c9270d2ccb",
    ),
    (
        3,
        "2026-01-01T10:00:00Z",
        "run",
        0,
        1,
        "2cf94c141049f7551c60f66b15bf39da5c6d0f8bd2fd208af11673202f0bab21",
        "327e534a11df2568bb9e949a6a8be46c0fc817f28461268272c5e69d3741f913",
    ),
    (
        4,
        "2026-01-01T10:00:00Z",
        "cells",
        0,
        1,
        "a8da4187371dce37b830666c9b85b47bc958e087286d7380f92d9139287e5bd8",
        "37d72ed6494e1cb785708715fd8bfdcd579ad5470b39c9d2e9149c4c87390ecc",
    ),
    (
        5,
        "2026-01-01T10:00:00Z",
        "event",
        1,
        1,
        "b48524a7d64b8e7f679138f2309744c7ee90d62f191f2e9704a8f79aa64670bf",
        "c61ee0e9dd367bbf1878349a2a8371c45f86af9bc9df74a0d0fc5f7f5d821277",
    ),
)


_ALL_ROWS_1 = _ROWS_1 + tuple(("ledger", row) for row in _LEDGER_1)


def _write(
    path: Path, statements: tuple[str, ...], rows: tuple[tuple[str, tuple[object, ...]], ...], version: int
) -> Path:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA page_size = 8192")
        for statement in statements:
            connection.execute(statement)
        for table, row in rows:
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        connection.execute(f"PRAGMA application_id = {0x42435331}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    finally:
        connection.close()
    return path


def _triggers(tables: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {t}_never_{word} BEFORE {act} ON {t} BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        for t in tables
        for word, act in (("changes", "UPDATE"), ("goes", "DELETE"))
    )


def version_1(path: Path) -> Path:
    """The first format: one cell, relabelled once."""
    return _write(path, VERSION_1 + _triggers(_TABLES_1), _ALL_ROWS_1, 1)


# Version 2 added what cells settled on with their look-alikes when a run ended.
VERSION_2 = (
    *VERSION_1,
    "CREATE TABLE settled (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(number),"
    " cells BLOB NOT NULL, kinds BLOB NOT NULL) STRICT",
)
_TABLES_2 = (*_TABLES_1, "settled")


def version_2(path: Path) -> Path:
    """The second format: as the first, with an empty table more."""
    return _write(path, VERSION_2 + _triggers(_TABLES_2), _ALL_ROWS_1, 2)


def _write_rows_of(
    path: Path, statements: tuple[str, ...], rows: str, triggers: tuple[str, ...], version: int
) -> Path:
    """A file with the rows of `rows`, a file of INSERT statements beside this module."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA page_size = 8192")
        for statement in statements:
            connection.execute(statement)
        connection.executescript(Path(__file__).with_name(rows).read_text("utf-8"))
        for statement in triggers:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {0x42435331}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    finally:
        connection.close()
    return path


def signed_version_2(path: Path) -> Path:
    """Format 2: two drawn cells, confirmed and signed, as version 0.1.0 wrote it (explained by Grad-CAM)."""
    return _write_rows_of(path, VERSION_2, "signed_format_2.sql", _triggers(_TABLES_2), 2)


# Version 3 added the explanation maps of signed reports, and drafts, which may change.
VERSION_3 = (
    *VERSION_2,
    "CREATE TABLE report_maps (id INTEGER PRIMARY KEY, report INTEGER NOT NULL REFERENCES reports(id),"
    " cell INTEGER NOT NULL, data BLOB NOT NULL) STRICT",
    "CREATE TABLE drafts (key TEXT PRIMARY KEY, value TEXT NOT NULL, author TEXT NOT NULL,"
    " time TEXT NOT NULL) STRICT",
)
_TABLES_3 = (*_TABLES_2, "report_maps")


def version_3(path: Path) -> Path:
    """The third format: as the second, with two empty tables more."""
    return _write(path, VERSION_3 + _triggers(_TABLES_3), _ALL_ROWS_1, 3)


def signed_version_3(path: Path) -> Path:
    """Format 3: a slide's four cells, named by a person and signed, as version 0.1.0 wrote it.

    Its three runs (cancelled, failed, complete) left every remark that a run can leave, counts, finished
    tiles and quality maps, and the last one an adaptation with all its parameters.
    """
    return _write_rows_of(path, VERSION_3, "signed_format_3.sql", _triggers(_TABLES_3), 3)


def interrupted_version_3(path: Path) -> Path:
    """Format 3, not signed: the run over a drawn slide that was stopped, as version 0.1.0 wrote it.

    The slide is that of `tests.support.drawn_images.put_slide` with the pixels of seed 4, "1.tif"; one of
    its four tiles is done.
    """
    return _write_rows_of(path, VERSION_3, "interrupted_format_3.sql", _triggers(_TABLES_3), 3)


# Version 4 keeps the end of a run typed; runs of older versions keep theirs in run_ends.
VERSION_4 = (
    *VERSION_3,
    "CREATE TABLE run_results (run INTEGER PRIMARY KEY REFERENCES runs(number), status TEXT NOT NULL,"
    " finished TEXT NOT NULL, scale TEXT NOT NULL, counts TEXT NOT NULL, progress TEXT NOT NULL,"
    " maps TEXT NOT NULL, adaptation TEXT NOT NULL, remarks TEXT NOT NULL) STRICT",
)
_TABLES_4 = (*_TABLES_3, "run_results")


def version_4(path: Path) -> Path:
    """The fourth format: as the third, with an empty table more."""
    return _write(path, VERSION_4 + _triggers(_TABLES_4), _ALL_ROWS_1, 4)


def version_5(path: Path) -> Path:
    """The fifth format: the tables of the fourth; the adaptation of a run may hold a pool."""
    return _write(path, VERSION_4 + _triggers(_TABLES_4), _ALL_ROWS_1, 5)


def signed_version_5(path: Path) -> Path:
    """Format 5: three drawn cells, named by a person and signed, as version 0.1.0 wrote it."""
    return _write_rows_of(path, VERSION_4, "signed_format_5.sql", _triggers(_TABLES_4), 5)


# Version 6 added the outlines that persons drew.
VERSION_6 = (
    *VERSION_4,
    "CREATE TABLE outlines (id INTEGER PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cells(id),"
    " x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL, mask BLOB NOT NULL,"
    " measurements BLOB NOT NULL) STRICT",
)
_TABLES_6 = (*_TABLES_4, "outlines")


def version_6(path: Path) -> Path:
    """The sixth format: as the fifth, with an empty table more."""
    return _write(path, VERSION_6 + _triggers(_TABLES_6), _ALL_ROWS_1, 6)


# Version 7 added examinations of red cells.
VERSION_7 = (
    *VERSION_6,
    "CREATE TABLE red_cell_runs (number INTEGER PRIMARY KEY, started TEXT NOT NULL,"
    " app_version TEXT NOT NULL,"
    " bundle TEXT NOT NULL, classes TEXT NOT NULL, measures TEXT NOT NULL, parameters TEXT NOT NULL,"
    " scale TEXT NOT NULL) STRICT",
    "CREATE TABLE red_cell_run_ends (id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES red_cell_runs(number),"
    " status TEXT NOT NULL, finished TEXT NOT NULL, remarks TEXT NOT NULL) STRICT",
    "CREATE TABLE red_cell_fields (id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES red_cell_runs(number),"
    " image INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL,"
    " height INTEGER NOT NULL, mpp REAL NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,"
    " cut INTEGER NOT NULL, picture BLOB NOT NULL, cells BLOB NOT NULL, contours BLOB NOT NULL) STRICT",
)
_TABLES_7 = (*_TABLES_6, "red_cell_runs", "red_cell_run_ends", "red_cell_fields")


def version_7(path: Path) -> Path:
    """The seventh format: as the sixth, with three empty tables more."""
    return _write(path, VERSION_7 + _triggers(_TABLES_7), _ALL_ROWS_1, 7)


BUILDERS: dict[int, Callable[[Path], Path]] = {
    1: version_1, 2: version_2, 3: version_3, 4: version_4, 5: version_5, 6: version_6, 7: version_7,
}  # fmt: skip
