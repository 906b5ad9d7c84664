"""Tables of the second migration: the index of the laboratory's cases.

Of the cases they hold nothing that the files do not; beside them, where their chains ended, and the folder
that they lie in. `version` is that of the lines: stations of two versions each keep lines of their own.
"""

from __future__ import annotations

CASES = (
    "CREATE TABLE bloodcells_folder (one INTEGER PRIMARY KEY CHECK (one = 1), folder TEXT NOT NULL,"
    " mark TEXT NOT NULL, change BIGINT NOT NULL)",
    "INSERT INTO bloodcells_folder VALUES (1, '', '', 0)",
    "CREATE TABLE bloodcells_cases (name TEXT NOT NULL, version INTEGER NOT NULL, stamp TEXT NOT NULL,"
    " line TEXT NOT NULL, seal TEXT NOT NULL, station TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,"
    " change BIGINT NOT NULL, PRIMARY KEY (name, version))",
    "CREATE INDEX bloodcells_cases_by_change ON bloodcells_cases (version, change)",
    "CREATE TABLE bloodcells_reading (name TEXT NOT NULL, version INTEGER NOT NULL, stamp TEXT NOT NULL,"
    " station TEXT NOT NULL, until DOUBLE PRECISION NOT NULL, PRIMARY KEY (name, version))",
    "CREATE TABLE bloodcells_heads (seed TEXT PRIMARY KEY, entries BIGINT NOT NULL, head TEXT NOT NULL)",
)
