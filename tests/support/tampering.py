"""Changing a case file behind the program's back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bloodcells_gui.storage import hash_chain
from bloodcells_gui.storage.hash_chain import Kind


def tamper(path: Path, *statements: str, reseal: bool = False) -> None:
    """Run SQL with the triggers off; `reseal` computes every seal and the chain anew afterwards."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for sql in statements:
            connection.execute(sql)
        if reseal:
            _reseal(connection)
        for _, sql in triggers:
            connection.execute(sql)
    finally:
        connection.close()


def _reseal(connection: sqlite3.Connection) -> None:
    previous = hash_chain.GENESIS
    for e in list(hash_chain.entries(connection)):
        content = hash_chain.digest(
            connection.execute(hash_chain.SELECT[Kind(e.kind)], (e.first, e.count)).fetchall()
        )
        previous = hash_chain.link(previous, e.seq, e.written, e.kind, e.first, e.count, content)
        connection.execute(
            "UPDATE ledger SET content = ?, hash = ? WHERE seq = ?", (content, previous, e.seq)
        )


def cut_end(path: Path, events: int, *, reports: int = 0, maps: bool = False) -> None:
    """Delete the last `events` acts, and reports, with their entries of the ledger."""
    sql = []
    for _ in range(events):
        sql += ["DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)",
                "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)"]  # fmt: skip
    if maps:
        sql += ["DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)", "DELETE FROM report_maps"]
    for _ in range(reports):
        sql += ["DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)",
                "DELETE FROM reports WHERE id = (SELECT max(id) FROM reports)"]  # fmt: skip
    tamper(path, *sql)
