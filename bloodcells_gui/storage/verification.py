"""Verify a case file against its own chain of hashes, seals and signatures."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage import hash_chain, seals
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.seals import Problem

__all__ = ["AuditReport", "Problem", "check"]


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
        The chain's newest hash: a report that was written at this moment has it printed.
    """

    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    entries: int = 0
    events: int = 0
    cells: int = 0
    signatures: int = 0
    images: int = 0
    head: str = hash_chain.GENESIS

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check(connection: sqlite3.Connection) -> AuditReport:
    """Walk the whole chain and compare every sealed row with its seal; reads the whole file."""
    report = AuditReport()
    with seals.one_moment(connection):
        entries = list(hash_chain.entries(connection))
        numbers = list(seals.number_problems(connection, entries))
    good, problem = seals.chain_problem(entries)
    if problem is not None:
        report.problems.append(problem)
    entries = entries[:good]
    report.entries = good
    report.head = entries[-1].hash if entries else hash_chain.GENESIS
    written = ""
    for entry in entries:
        if entry.written < written:
            where = f"ledger {entry.seq}: {written} -> {entry.written}"
            report.remarks.append(Problem("The clock went back", where))
        written = entry.written
        report.events += entry.count if entry.kind == Kind.EVENT else 0
        report.cells += entry.count if entry.kind == Kind.CELLS else 0
    report.problems += seals.row_problems(connection, entries)
    if not report.problems:
        report.problems += numbers
    _check_signatures(connection, report)
    return report


def _check_signatures(connection: sqlite3.Connection, report: AuditReport) -> None:
    report.problems += seals.report_problems(connection)
    found = {r[0] for r in connection.execute("SELECT sha256 FROM reports")}
    signed = connection.execute("SELECT seq, key FROM events WHERE kind = ?", (str(EventKind.SIGN),))
    for seq, key in signed:
        report.signatures += 1
        if key and key not in found:
            report.problems.append(Problem("A signature's report is missing", f"event {seq}"))


def unsigned_reports(connection: sqlite3.Connection) -> list[int]:
    """Ids of frozen reports that no signature names.

    Report and signature are written in one transaction: a report alone was left by somebody who cut off the
    end of the chain, or it came through a recovery, which carries no signatures.
    """
    found = connection.execute(
        "SELECT id FROM reports WHERE sha256 NOT IN (SELECT key FROM events WHERE kind = ?) ORDER BY id",
        (str(EventKind.SIGN),),
    )
    return [int(r[0]) for r in found]
