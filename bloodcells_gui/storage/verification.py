"""Does a case still hold exactly what was written into it?"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, field

from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage import ledger, schema
from bloodcells_gui.storage.ledger import Kind


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it was written: an English sentence and where."""

    what: str
    where: str = ""

    def text(self, lang: str = "en") -> str:
        """The sentence in `lang`, and where."""
        what = tr(self.what, lang)
        return f"{what} ({self.where})" if self.where else what

    def __str__(self) -> str:
        return self.text()


@dataclass(slots=True)
class AuditReport:
    """What a verification found.

    Attributes
    ----------
    problems : list of Problem
        Empty when all is well.
    remarks : list of Problem
        Not wrong, but worth knowing: a clock that went back, images that cannot be reached.
    entries, events, cells, signatures, images : int
        How much was checked.
    head : str
        The chain's newest hash: compare it with the one printed on a signed report.
    """

    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    entries: int = 0
    events: int = 0
    cells: int = 0
    signatures: int = 0
    images: int = 0
    head: str = ledger.GENESIS

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


_TABLES = {
    Kind.META: "meta", Kind.IMAGES: "images", Kind.FACTS: "image_facts", Kind.LOCATION: "locations",
    Kind.RUN: "runs", Kind.RUN_END: "run_ends", Kind.SKIPPED: "skipped", Kind.CELLS: "cells",
    Kind.EVENT: "events", Kind.REPORT: "reports", Kind.REPORT_MAPS: "report_maps", Kind.SETTLED: "settled",
}  # fmt: skip


def check(connection: sqlite3.Connection) -> AuditReport:
    """Walk the whole chain and compare every sealed row with its seal; reads the whole file."""
    report = AuditReport()
    sealed = dict.fromkeys(Kind, 0)
    previous, written = ledger.GENESIS, ""
    for n, entry in enumerate(list(ledger.entries(connection)), start=1):
        where = f"ledger {entry.seq}"
        if entry.seq != n:
            report.problems.append(Problem("An entry of the ledger is missing", where))
            break
        wanted = ledger.link(
            previous, entry.seq, entry.written, entry.kind, entry.first, entry.count, entry.content
        )
        if wanted != entry.hash:
            report.problems.append(Problem("The chain of hashes is broken", where))
            break
        if entry.written < written:
            report.remarks.append(Problem("The clock went back", f"{where}: {written} -> {entry.written}"))
        previous, written = entry.hash, entry.written
        report.entries += 1
        try:
            kind = Kind(entry.kind)
        except ValueError:
            report.problems.append(Problem("An entry of the ledger is of no known kind", where))
            continue
        found = connection.execute(ledger.SELECT[kind], (entry.first, entry.count)).fetchall()
        if ledger.digest(found) != entry.content:
            report.problems.append(
                Problem("A sealed row was changed or is gone", f"{kind} from {entry.first}")
            )
        sealed[kind] += entry.count
    report.head = previous
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for kind, table in _TABLES.items():
        if not schema.has_table(version, table):
            continue
        there = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        if there != sealed[kind] and not report.problems:
            report.problems.append(
                Problem("Rows were slipped in or taken out", f"{table}: {there}, {sealed[kind]}")
            )
    report.events, report.cells = sealed[Kind.EVENT], sealed[Kind.CELLS]
    _check_signatures(connection, report)
    return report


def _check_signatures(connection: sqlite3.Connection, report: AuditReport) -> None:
    found = dict(connection.execute("SELECT sha256, report FROM reports"))
    for hashed, text in found.items():
        if hashlib.sha256(text).hexdigest() != hashed:
            report.problems.append(Problem("A frozen report is not what was frozen", hashed[:12]))
    signed = connection.execute("SELECT seq, key FROM events WHERE kind = ?", (str(EventKind.SIGN),))
    for seq, key in signed:
        report.signatures += 1
        if key and key not in found:
            report.problems.append(Problem("A signature's report is missing", f"event {seq}"))
