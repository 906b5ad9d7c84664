"""Tables of the first migration: who has which case open.

Times are seconds since 1970 by the server's clock: those of stations differ.
"""

from __future__ import annotations

LEASES = (
    "CREATE TABLE bloodcells_leases (case_key TEXT PRIMARY KEY, case_name TEXT NOT NULL,"
    " station TEXT NOT NULL, reviewer TEXT NOT NULL, token TEXT NOT NULL,"
    " since DOUBLE PRECISION NOT NULL, seen DOUBLE PRECISION NOT NULL,"
    " expires DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE bloodcells_takeovers (at DOUBLE PRECISION NOT NULL, case_key TEXT NOT NULL,"
    " case_name TEXT NOT NULL, station TEXT NOT NULL, reviewer TEXT NOT NULL, from_station TEXT NOT NULL,"
    " from_reviewer TEXT NOT NULL, silent_s DOUBLE PRECISION NOT NULL)",
)
