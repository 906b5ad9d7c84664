"""Tables of the third migration: what the stations keep together beside the cases.

Rows of settings and profiles are only ever added. Outbox and library have the tables of the files that a
workstation on its own keeps (`storage/outbox.py`, `storage/reference_library.py`): the same statements serve
both. `$bytes` is the engine's type of bytes.
"""

from __future__ import annotations

SETTINGS = (
    "CREATE TABLE bloodcells_settings (version INTEGER PRIMARY KEY, at DOUBLE PRECISION NOT NULL,"
    " station TEXT NOT NULL, reviewer TEXT NOT NULL, program TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " document TEXT NOT NULL)",
)
PROFILES = (
    # aside: 0 for what is there, else the number under which a removed profile lies
    "CREATE TABLE bloodcells_profiles (name TEXT NOT NULL, aside INTEGER NOT NULL, version INTEGER NOT NULL,"
    " at DOUBLE PRECISION NOT NULL, station TEXT NOT NULL, bundle_sha256 TEXT NOT NULL,"
    " sha256 TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (name, aside, version))",
    "CREATE TABLE bloodcells_profile_choices (bundle_sha256 TEXT PRIMARY KEY, name TEXT NOT NULL)",
)
OUTBOX = (
    "CREATE TABLE bloodcells_outbox_reports (control_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL,"
    " filler TEXT NOT NULL, replaces TEXT NOT NULL, specimen TEXT NOT NULL, case_file $bytes NOT NULL,"
    " version INTEGER NOT NULL, signed_at TEXT NOT NULL, signatures TEXT NOT NULL, content $bytes NOT NULL)",
    "CREATE TABLE bloodcells_outbox_pictures (control_id TEXT NOT NULL"
    " REFERENCES bloodcells_outbox_reports(control_id), sha256 TEXT NOT NULL, data $bytes NOT NULL,"
    " PRIMARY KEY (control_id, sha256))",
    "CREATE TABLE bloodcells_outbox_messages (id INTEGER PRIMARY KEY, destination TEXT NOT NULL,"
    " control_id TEXT NOT NULL REFERENCES bloodcells_outbox_reports(control_id), state TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, next_try TEXT NOT NULL, words TEXT NOT NULL, sent_at TEXT NOT NULL,"
    " UNIQUE (destination, control_id))",
    # who sends a message at this moment
    "CREATE TABLE bloodcells_outbox_claims (destination TEXT NOT NULL, control_id TEXT NOT NULL,"
    " station TEXT NOT NULL, token TEXT NOT NULL, expires DOUBLE PRECISION NOT NULL,"
    " PRIMARY KEY (destination, control_id))",
)
LIBRARY = (
    "CREATE TABLE bloodcells_library_entries (id INTEGER PRIMARY KEY, code TEXT NOT NULL,"
    " added_by TEXT NOT NULL, added_at TEXT NOT NULL, model TEXT NOT NULL, mpp DOUBLE PRECISION,"
    " source_case TEXT NOT NULL, source_cell INTEGER NOT NULL, thumbnail $bytes NOT NULL,"
    " mask $bytes NOT NULL, embedding $bytes NOT NULL)",
    "CREATE TABLE bloodcells_library_remarks (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL"
    " REFERENCES bloodcells_library_entries(id), author TEXT NOT NULL, time TEXT NOT NULL,"
    " note TEXT NOT NULL, removed INTEGER NOT NULL)",
    "CREATE INDEX bloodcells_library_remarks_of_entry ON bloodcells_library_remarks (entry)",
    "CREATE TABLE bloodcells_library_label_decisions (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL"
    " REFERENCES bloodcells_library_entries(id), author TEXT NOT NULL, time TEXT NOT NULL,"
    " code TEXT NOT NULL, checked INTEGER NOT NULL)",
    "CREATE INDEX bloodcells_library_label_decisions_of_entry ON bloodcells_library_label_decisions (entry)",
    "CREATE TABLE bloodcells_library_pictures (entry INTEGER PRIMARY KEY"
    " REFERENCES bloodcells_library_entries(id), source TEXT NOT NULL, licence TEXT NOT NULL,"
    " file TEXT NOT NULL, sha256 TEXT NOT NULL, width_um DOUBLE PRECISION)",
    # of cells that a station brought in from a library of its own: none comes twice
    "CREATE TABLE bloodcells_library_brought (sha256 TEXT PRIMARY KEY, entry INTEGER NOT NULL"
    " REFERENCES bloodcells_library_entries(id))",
)
SHARED: tuple[str, ...] = (*SETTINGS, *PROFILES, *OUTBOX, *LIBRARY)
