"""The chain of hashes that seals everything a case file holds.

Every insertion adds an entry: when (by the computer's clock), what kind of rows, the first one's key, how
many, and the SHA-256 of their canonical text. The entry's own hash covers the previous entry's, so that a row
changed, taken out or slipped in anywhere breaks the chain from there on.

What it cannot do: the hashes have no key, so somebody who cuts its end off, or computes the whole chain anew
after a change, is only found out against a record kept elsewhere. A report has the end of the chain printed,
as it was when the report was signed and when it was written (``bloodcells verify CASE --head HASH`` looks for
it), and the index of the work list remembers how far each case had come (:mod:`.last_seen`).

Canonical text: one JSON array per row (ASCII, no spaces, keys in column order), lines joined by a newline;
binary values stand as ``"sha256:..."``.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage import red_cell_rows, serialization

GENESIS = "0" * 64


class Kind(StrEnum):
    """What an entry seals: rows of which table."""

    META = N_("meta")
    IMAGES = N_("images")
    FACTS = N_("image facts")
    LOCATION = N_("location")
    RUN = N_("run")
    RUN_END = N_("run end")  # of formats 1 to 3
    RUN_RESULT = N_("run result")
    SETTLED = N_("settled")
    SKIPPED = N_("skipped")
    CELLS = N_("cells")
    EVENT = N_("event")
    REPORT = N_("report")
    REPORT_MAPS = N_("report maps")
    OUTLINE = N_("outline")
    RED_CELL_RUN = N_("red cell run")
    RED_CELL_RUN_END = N_("red cell run end")
    RED_CELL_FIELD = N_("red cell field")


# Rows of a kind by first key and count; `cells` are sealed together with their assets.
SELECT: dict[Kind, str] = {
    Kind.META: "SELECT key, value FROM meta WHERE ? IS NOT NULL ORDER BY key LIMIT ?",
    Kind.IMAGES: "SELECT idx, name, path, origin_x, origin_y FROM images WHERE idx >= ? ORDER BY idx LIMIT ?",
    Kind.FACTS: "SELECT id, image, sha256, width, height, mpp FROM image_facts"
    " WHERE id >= ? ORDER BY id LIMIT ?",
    Kind.LOCATION: "SELECT id, root, time FROM locations WHERE id >= ? ORDER BY id LIMIT ?",
    Kind.RUN: f"SELECT {serialization.RUN_COLUMNS} FROM runs WHERE number >= ? ORDER BY number LIMIT ?",  # noqa: S608
    Kind.RUN_END: f"SELECT {serialization.RUN_END_COLUMNS} FROM run_ends WHERE run >= ? ORDER BY run LIMIT ?",  # noqa: S608
    Kind.RUN_RESULT: f"SELECT {serialization.RUN_RESULT_COLUMNS} FROM run_results"  # noqa: S608
    " WHERE run >= ? ORDER BY run LIMIT ?",
    Kind.SETTLED: f"SELECT {serialization.POSTERIOR_COLUMNS} FROM settled WHERE id >= ? ORDER BY id LIMIT ?",  # noqa: S608
    Kind.SKIPPED: "SELECT id, run, path, reason FROM skipped WHERE id >= ? ORDER BY id LIMIT ?",
    Kind.CELLS: f"SELECT {serialization.CELL_COLUMNS}, {serialization.ASSET_COLUMNS} FROM cells"  # noqa: S608
    " LEFT JOIN assets ON assets.cell = cells.id WHERE id >= ? ORDER BY id LIMIT ?",
    Kind.EVENT: f"SELECT {serialization.EVENT_COLUMNS} FROM events WHERE seq >= ? ORDER BY seq LIMIT ?",  # noqa: S608
    Kind.REPORT: "SELECT id, version, time, sha256, report FROM reports WHERE id >= ? ORDER BY id LIMIT ?",
    Kind.REPORT_MAPS: "SELECT id, report, cell, data FROM report_maps WHERE id >= ? ORDER BY id LIMIT ?",
    Kind.OUTLINE: f"SELECT {serialization.OUTLINE_COLUMNS} FROM outlines WHERE id >= ? ORDER BY id LIMIT ?",  # noqa: S608
    Kind.RED_CELL_RUN: f"SELECT {red_cell_rows.RUN_COLUMNS} FROM red_cell_runs"  # noqa: S608
    " WHERE number >= ? ORDER BY number LIMIT ?",
    Kind.RED_CELL_RUN_END: f"SELECT {red_cell_rows.END_COLUMNS} FROM red_cell_run_ends"  # noqa: S608
    " WHERE id >= ? ORDER BY id LIMIT ?",
    Kind.RED_CELL_FIELD: f"SELECT {red_cell_rows.FIELD_COLUMNS} FROM red_cell_fields"  # noqa: S608
    " WHERE id >= ? ORDER BY id LIMIT ?",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of `ledger`."""

    seq: int
    written: str
    kind: str
    first: int
    count: int
    content: str
    hash: str


def digest(table_rows: Iterable[serialization.Row]) -> str:
    """SHA-256 (hex) of the rows' canonical text."""
    whole = hashlib.sha256()
    for i, row in enumerate(table_rows):
        if i:
            whole.update(b"\n")
        plain = ["sha256:" + hashlib.sha256(v).hexdigest() if isinstance(v, bytes) else v for v in row]
        whole.update(json.dumps(plain, separators=(",", ":")).encode("ascii"))
    return whole.hexdigest()


def link(previous: str, seq: int, written: str, kind: str, first: int, count: int, content: str) -> str:
    """SHA-256 (hex) of an entry and the chain before it."""
    text = json.dumps([previous, seq, written, kind, first, count, content], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def head(connection: sqlite3.Connection) -> tuple[int, str]:
    """Seq and hash of the newest entry."""
    row = connection.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    return (0, GENESIS) if row is None else (row[0], row[1])


def hash_at(connection: sqlite3.Connection, seq: int) -> str:
    """Hash of one entry (from 1 on); "" where the chain does not come so far."""
    row = connection.execute("SELECT hash FROM ledger WHERE seq = ?", (seq,)).fetchone()
    return "" if row is None else str(row[0])


def seed(connection: sqlite3.Connection) -> str:
    """Hash of the first entry: the same for ever, and unlike any other case's."""
    return hash_at(connection, 1) or GENESIS


def seal(
    connection: sqlite3.Connection, written: str, kind: Kind, first: int, sealed: list[serialization.Row]
) -> None:
    """Add the entry for rows just inserted, within the same transaction."""
    seq, previous = head(connection)
    seq += 1
    content = digest(sealed)
    mine = link(previous, seq, written, kind, first, len(sealed), content)
    connection.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)",
        (seq, written, str(kind), first, len(sealed), content, mine),
    )


def entries(connection: sqlite3.Connection) -> Iterable[Entry]:
    """All entries, oldest first."""
    for row in connection.execute(
        "SELECT seq, written, kind, first, count, content, hash FROM ledger ORDER BY seq"
    ):
        yield Entry(*row)
