"""Compare seals with the rows that they seal.

What decides a report (events, frozen reports, runs and their ends, what the case is called) is compared
whenever a case is opened; cells, examined fields and pictures, which are most of the file, behind the window
and before anything is signed or written; everything by :func:`bloodcells_gui.storage.audit.verify`.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.storage import hash_chain, schema, serialization
from bloodcells_gui.storage.hash_chain import Entry, Kind

AT_OPENING = frozenset((
    Kind.META, Kind.LOCATION, Kind.RUN, Kind.RUN_END, Kind.RUN_RESULT, Kind.EVENT, Kind.REPORT,
    Kind.REPORT_MAPS, Kind.OUTLINE, Kind.RED_CELL_RUN, Kind.RED_CELL_RUN_END,
))  # fmt: skip
TABLES = {
    Kind.META: "meta", Kind.IMAGES: "images", Kind.FACTS: "image_facts", Kind.LOCATION: "locations",
    Kind.RUN: "runs", Kind.RUN_END: "run_ends", Kind.SKIPPED: "skipped", Kind.CELLS: "cells",
    Kind.EVENT: "events", Kind.REPORT: "reports", Kind.REPORT_MAPS: "report_maps", Kind.SETTLED: "settled",
    Kind.RUN_RESULT: "run_results", Kind.OUTLINE: "outlines",
    Kind.RED_CELL_RUN: "red_cell_runs", Kind.RED_CELL_RUN_END: "red_cell_run_ends",
    Kind.RED_CELL_FIELD: "red_cell_fields",
}  # fmt: skip

_OFTEN = 512


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


@contextlib.contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything read inside is of one moment, whoever writes meanwhile; keep it short, for they wait."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # A share that went away has ended it already, and its own error is the one to tell.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("ROLLBACK")


def chain_problem(entries: Sequence[Entry]) -> tuple[int, Problem | None]:
    """How many entries from the first on form an unbroken chain, and what is wrong with the next one."""
    previous = hash_chain.GENESIS
    for n, entry in enumerate(entries):
        where = f"ledger {entry.seq}"
        if entry.seq != n + 1:
            return n, Problem("An entry of the ledger is missing", where)
        wanted = hash_chain.link(
            previous, entry.seq, entry.written, entry.kind, entry.first, entry.count, entry.content
        )
        if wanted != entry.hash:
            return n, Problem("The chain of hashes is broken", where)
        previous = entry.hash
    return len(entries), None


def kind_of(entry: Entry) -> Kind | None:
    """What an entry seals; None for what no version of this program seals."""
    try:
        return Kind(entry.kind)
    except ValueError:
        return None


def compared(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    kinds: Collection[Kind] = tuple(Kind),
    pause: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Entry, Problem | None]]:
    """Each entry with what is wrong with the rows that it seals.

    Parameters
    ----------
    kinds : collection of Kind
        The rows to compare; entries of others pass.
    pause : callable
        Called before every batch of cells or examined field, and now and then.
    """
    events: dict[int, serialization.Row] | None = None
    for n, entry in enumerate(entries):
        kind = kind_of(entry)
        if kind is None:
            yield entry, Problem("An entry of the ledger is of no known kind", f"ledger {entry.seq}")
            continue
        if kind in (Kind.CELLS, Kind.RED_CELL_FIELD) or n % _OFTEN == 0:
            pause()
        if kind not in kinds:
            yield entry, None
            continue
        if kind is Kind.EVENT and entry.count == 1:
            if events is None:  # read at once: a case may hold one entry for each of 100,000 acts
                sql = f"SELECT {serialization.EVENT_COLUMNS} FROM events"  # noqa: S608
                events = {row[0]: row for row in connection.execute(sql)}
            found = [events[entry.first]] if entry.first in events else []
        else:
            found = connection.execute(hash_chain.SELECT[kind], (entry.first, max(0, entry.count))).fetchall()
        same = hash_chain.digest(found) == entry.content
        what = N_("A sealed row was changed or is gone")
        yield entry, None if same else Problem(what, f"{kind} from {entry.first}")


def row_problems(
    connection: sqlite3.Connection, entries: Sequence[Entry], kinds: Collection[Kind] = tuple(Kind)
) -> Iterator[Problem]:
    """What of the rows sealed by `entries` is not as it was written."""
    return (problem for _, problem in compared(connection, entries, kinds) if problem is not None)


def number_problems(
    connection: sqlite3.Connection, entries: Sequence[Entry], kinds: Collection[Kind] = tuple(Kind)
) -> Iterator[Problem]:
    """Tables that do not hold as many rows as `entries` seal."""
    sealed = dict.fromkeys(Kind, 0)
    for entry in entries:
        kind = kind_of(entry)
        if kind is not None:
            sealed[kind] += entry.count
    for kind in kinds:
        table = TABLES[kind]
        if not schema.is_there(connection, table):
            continue
        there = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        if there != sealed[kind]:
            yield Problem("Rows were slipped in or taken out", f"{table}: {there}, {sealed[kind]}")
    if Kind.CELLS in kinds:  # sealed with their cells, so one without a cell is sealed by nothing
        lone = connection.execute("SELECT count(*) FROM assets WHERE cell NOT IN (SELECT id FROM cells)")
        if more := lone.fetchone()[0]:
            yield Problem("Rows were slipped in or taken out", f"assets: {more}, 0")


def report_problems(connection: sqlite3.Connection) -> Iterator[Problem]:
    """Frozen reports that are not what their signatures name, even where the chain was computed anew."""
    for hashed, text in connection.execute("SELECT sha256, report FROM reports ORDER BY id"):
        if hashlib.sha256(text).hexdigest() != hashed:
            yield Problem("A frozen report is not what was frozen", f"report {hashed[:12]}")


def at_opening(connection: sqlite3.Connection) -> Problem | None:
    """The first thing wrong with the chain, or with a row that decides a report; None when all is well."""
    with one_moment(connection):
        entries = list(hash_chain.entries(connection))
        _, problem = chain_problem(entries)
        if problem is None:
            problem = next(row_problems(connection, entries, AT_OPENING), None)
        if problem is None:
            problem = next(number_problems(connection, entries, AT_OPENING - {Kind.META}), None)
        if problem is None:
            problem = next(report_problems(connection), None)
        if problem is None:
            # the last batch of cells tells a file whose end is missing
            newest = [entry for entry in entries if entry.kind == Kind.CELLS][-1:]
            problem = next(row_problems(connection, newest), None)
    return problem
