"""Tables of the fourth migration: who may do what.

Passwords and PINs stand in a table of their own, as argon2 hashes: no message about a row of an account can
hold one. The rules are one row. Times are seconds since 1970 by the server's clock.
"""

from __future__ import annotations

ACCOUNTS: tuple[str, ...] = (
    "CREATE TABLE bloodcells_accounts (login TEXT PRIMARY KEY, name TEXT NOT NULL,"
    " name_key TEXT NOT NULL UNIQUE, role TEXT NOT NULL, may_sign INTEGER NOT NULL, os_account TEXT UNIQUE,"
    " active INTEGER NOT NULL, revision INTEGER NOT NULL, created DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE bloodcells_account_secrets (login TEXT NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL,"
    " failures INTEGER NOT NULL, locked_until DOUBLE PRECISION NOT NULL, PRIMARY KEY (login, kind))",
    "CREATE TABLE bloodcells_account_rules (id INTEGER PRIMARY KEY, technicians_sign INTEGER NOT NULL,"
    " two_persons TEXT NOT NULL, blast_percent DOUBLE PRECISION NOT NULL, idle_minutes INTEGER NOT NULL,"
    " revision INTEGER NOT NULL)",
    # `number` orders what was done at the same moment.
    "CREATE TABLE bloodcells_account_events (number INTEGER NOT NULL, at DOUBLE PRECISION NOT NULL,"
    " station TEXT NOT NULL, actor TEXT NOT NULL, login TEXT NOT NULL, what TEXT NOT NULL,"
    " detail TEXT NOT NULL)",
    "CREATE INDEX bloodcells_account_events_at ON bloodcells_account_events (at)",
)
