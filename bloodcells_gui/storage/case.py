"""The case file: one SQLite file that holds a specimen's runs, cells, decisions and signed reports.

What a method of this module has returned from is on the disk: rollback journal, full synchronisation, one
transaction per call. The store may be used from several threads: each gets its own connection, writes take
turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.cell import FIRST_HAND_ID, FIRST_RED_CELL_ID, Cell, CellAssets, MendedOutline
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import BY_HAND_RUN
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import (
    hash_chain,
    row_validation,
    schema,
    serialization,
    signed_reports,
    vectors,
    verification,
)
from bloodcells_gui.storage.case_file import marks
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.images import insert_images
from bloodcells_gui.storage.proposals import AdaptedProposals
from bloodcells_gui.storage.red_cell_table import RedCellTable

#: Header key of a recovered case: SHA-256 of the damaged file.
RECOVERED_FROM = "recovered_from_sha256"
#: Header key of a case that no person began by opening its images: what made it, an English template.
CAME_FROM = "came_from"
_CHUNK = 8192
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FrozenReport:
    """A report model as it was signed: what was true for the reader stays readable after every upgrade."""

    version: int
    time: str
    sha256: str
    report: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """Working memory of a case: unsealed, no part of the record."""

    value: str
    author: str
    time: str


class CaseStore(RedCellTable):
    """An open case file with its cells, events and signed reports."""

    # -- cells -----------------------------------------------------------------------------------------

    def next_cell_id(self) -> int:
        """First free id for a run's cells (ids of cells added by hand count apart)."""
        return self._next_id(0, FIRST_HAND_ID)

    def next_hand_id(self) -> int:
        """First free id for a cell added by hand."""
        return self._next_id(FIRST_HAND_ID, FIRST_RED_CELL_ID)

    def _next_id(self, low: int, high: int) -> int:
        with self._db.reading() as connection:
            last = connection.execute(
                "SELECT max(id) FROM cells WHERE id >= ? AND id < ?", (low, high)
            ).fetchone()
        return low if last[0] is None else int(last[0]) + 1

    def add_cells(
        self,
        run_number: int,
        cells: Sequence[Cell],
        assets: Sequence[CellAssets],
        images: Iterable[tuple[int, ImageRef]] = (),
    ) -> None:
        """Add a batch in one transaction; `assets` in the same order, `run_number` -1 for cells of a person.

        `images` is what became known of images meanwhile, as for :meth:`set_specimen_images`.

        Raises
        ------
        ValueError
            When an id is there already or the run was never started.
        UserError
            When the case is signed, or the disk is full, or...; nothing of the batch is kept then.
        """
        pairs = sorted(images, key=lambda p: p[0])
        if not cells and not pairs:
            return
        table = sorted(
            (
                (serialization.cell_row(c, run_number), serialization.asset_row(c.id, a))
                for c, a in zip(cells, assets, strict=True)
            ),
            key=lambda pair: pair[0][0],
        )
        with self._db.writing() as connection:
            if pairs:
                insert_images(connection, pairs, self._clock)
            if table:
                self._refuse_signed(connection)
                into = f"INSERT INTO cells VALUES ({marks(table[0][0])})"  # noqa: S608
                connection.executemany(into, [t[0] for t in table])
            connection.executemany("INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?)", [t[1] for t in table])
            start = 0
            for i in range(1, len(table) + 1):
                # an entry seals ids without gaps, so that it can find its rows again
                if i == len(table) or table[i][0][0] != table[i - 1][0][0] + 1:
                    part = [c + a for c, a in table[start:i]]
                    hash_chain.seal(connection, self._clock(), Kind.CELLS, part[0][0], part)
                    start = i
        self._note_images(pairs)

    def load_cells(self, *, as_found: bool = False, runs: Sequence[AnalysisRun] | None = None) -> list[Cell]:
        """All cells in order of their ids, with the proposals that the specimen as a whole makes of them.

        `as_found` leaves the proposals as the models made them: for an analysis that goes on. `runs` are
        those whose ends count, all when None.
        """
        cells: list[Cell] = []
        with self._db.decoding("cells"), self._db.reading() as connection, serialization.gc_paused():
            cursor = connection.execute(f"SELECT {serialization.CELL_COLUMNS} FROM cells ORDER BY id")  # noqa: S608
            ended = self.runs if runs is None else runs
            proposals = AdaptedProposals([] if as_found else ended, connection)
            while chunk := cursor.fetchmany(_CHUNK):
                row_validation.cell_rows(chunk)
                said = proposals.said(chunk)
                cells.extend(serialization.cells_from_rows(chunk, said, proposals.suspicion(chunk, said)))
        return cells

    def as_found(self, cell_id: int) -> tuple[str, float]:
        """Class code and probability that the models gave a cell by itself; KeyError for an unknown one."""
        with self._db.reading(of_any_time=True) as connection:
            row = connection.execute(
                "SELECT predicted, probability FROM cells WHERE id = ?", (cell_id,)
            ).fetchone()
        if row is None:
            raise KeyError(cell_id)
        with self._db.decoding("cells"):
            return row[0], row_validation.number(row[1])

    def answers(
        self, runs: Sequence[int], leaves: int, dimensions: int, columns: Sequence[str] = ()
    ) -> vectors.ClassifierOutputs:
        """What a classifier of so many leaves and embedding dimensions said of the cells of these runs.

        With the measurements named by `columns`.
        """
        names = {run.number: run.measurement_names for run in self.runs if run.number in runs}
        with self._db.decoding("cells"), self._db.reading() as connection:
            return vectors.answers(connection, names, leaves, dimensions, columns)

    def assets(self, cell_id: int) -> CellAssets:
        """What is kept beside a cell; KeyError for an unknown one, CaseDamaged where it is gone."""
        with self._db.reading(of_any_time=True) as connection:
            row = connection.execute(
                f"SELECT {serialization.ASSET_COLUMNS} FROM assets WHERE cell = ?",  # noqa: S608
                (cell_id,),
            ).fetchone()
            if row is None and connection.execute("SELECT 1 FROM cells WHERE id = ?", (cell_id,)).fetchone():
                raise self._db.damaged(f"pictures of cell {cell_id}")
        if row is None:
            raise KeyError(cell_id)
        with self._db.decoding("pictures"):
            return serialization.assets_from_row(row)

    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]:
        """JPEG bytes by cell id; an unknown id is left out."""
        return self._blobs("thumbnail", ids)

    def masks(self, ids: Iterable[int]) -> dict[int, bytes]:
        """PNG bytes by cell id; an unknown id is left out."""
        return self._blobs("mask", ids)

    def _blobs(self, column: str, ids: Iterable[int]) -> dict[int, bytes]:
        wanted = [int(i) for i in ids]
        found: dict[int, bytes] = {}
        with self._db.reading(of_any_time=True) as connection:
            for start in range(0, len(wanted), _ASKED_AT_ONCE):
                part = wanted[start : start + _ASKED_AT_ONCE]
                sql = f"SELECT cell, {column} FROM assets WHERE cell IN ({marks(part)})"  # noqa: S608
                found.update(connection.execute(sql, part))
        return found

    def embeddings(self) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Ids (N,) and embeddings (N, D) of the cells that have one.

        Where runs with different models left different lengths, those of the newest cell's length.
        """
        with self._db.reading() as connection:
            return vectors.embeddings(connection)

    # -- events and signed reports ---------------------------------------------------------------------

    def append(self, event: Event) -> Event:
        """Write a person's act; when this returns it is on the disk.

        Returns
        -------
        Event
            As stored: its time is never before the last one's, whatever the clock said (the ledger keeps the
            clock's own word).

        Raises
        ------
        ValueError
            When `event.seq` does not follow the last one.
        UserError
            When it could not be saved; nothing is changed then.
        """
        with self._db.writing() as connection:
            return self._append(connection, event)

    def append_outline(self, event: Event, outline: MendedOutline, mask: bytes) -> Event:
        """Write an outline and its MEND_OUTLINE event in one transaction: both are there or neither.

        Raises
        ------
        ValueError
            When the event does not name this outline of this cell, or the id is taken.
        UserError
            When the case is signed or it could not be saved; nothing is changed then.
        """
        names = (event.kind, event.cells, event.new)
        if names != (EventKind.MEND_OUTLINE, (outline.cell,), str(outline.id)):
            raise ValueError("the event does not name this outline")
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            self._insert_outline(connection, serialization.outline_row(outline, mask))
            return self._append(connection, event)

    def append_all(self, events: Iterable[Event]) -> None:
        """Write many acts in one transaction (recovery, imports): all are there or none."""
        with self._db.writing() as connection:
            for event in events:
                self._append(connection, event)

    def _append(self, connection: Any, event: Event) -> Event:
        last = connection.execute("SELECT seq, time FROM events ORDER BY seq DESC LIMIT 1").fetchone() or (
            0,
            "",
        )
        if event.seq != last[0] + 1:
            raise ValueError(f"event {event.seq} does not follow {last[0]}")
        row = list(serialization.event_row(event))
        row[3] = max(row[3], last[1])
        connection.execute(f"INSERT INTO events VALUES ({marks(row)})", row)  # noqa: S608
        hash_chain.seal(connection, self._clock(), Kind.EVENT, event.seq, [tuple(row)])
        return serialization.event_from_row(tuple(row))

    def events(self) -> list[Event]:
        """All events, oldest first."""
        with self._db.reading() as connection:
            table = connection.execute(
                f"SELECT {serialization.EVENT_COLUMNS} FROM events ORDER BY seq"  # noqa: S608
            ).fetchall()
        with self._db.decoding("events"):
            return [serialization.event_from_row(r) for r in table]

    def freeze(self, version: int, report_json: bytes, maps: Mapping[int, bytes] | None = None) -> str:
        """Keep a report as it is about to be signed; returns its SHA-256 (hex), the SIGN event's key."""
        with self._db.writing() as connection:
            return self._freeze(connection, version, report_json, maps)

    def _freeze(
        self, connection: Any, version: int, report_json: bytes, maps: Mapping[int, bytes] | None = None
    ) -> str:
        hashed = sha256(report_json).hexdigest()
        same = connection.execute("SELECT 1 FROM reports WHERE version = ? AND sha256 = ?", (version, hashed))
        if same.fetchone() is None:
            key = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM reports").fetchone()[0]
            row = (key, version, self._clock(), hashed, bytes(report_json))
            connection.execute("INSERT INTO reports VALUES (?, ?, ?, ?, ?)", row)
            hash_chain.seal(connection, self._clock(), Kind.REPORT, key, [row])
            self._insert_maps(connection, key, maps or {})
        return hashed

    def _insert_maps(self, connection: Any, report: int, maps: Mapping[int, bytes]) -> None:
        first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM report_maps").fetchone()[0]
        table = [(first + i, report, int(c), bytes(maps[c])) for i, c in enumerate(sorted(maps))]
        if table:
            connection.executemany("INSERT INTO report_maps VALUES (?, ?, ?, ?)", table)
            hash_chain.seal(connection, self._clock(), Kind.REPORT_MAPS, first, table)

    def sign(
        self, event: Event, version: int, report_json: bytes, maps: Mapping[int, bytes] | None = None
    ) -> Event:
        """Freeze a report and append its SIGN event in one transaction: both are there or neither.

        `maps` holds a small picture by cell id, kept for drawing the report again (:meth:`report_maps`).
        ValueError when `event.key` is not the report's SHA-256.
        """
        if event.kind is not EventKind.SIGN or event.key != sha256(report_json).hexdigest():
            raise ValueError("the signature does not name this report")
        with self._db.writing() as connection:
            self._freeze(connection, version, report_json, maps)
            return self._append(connection, event)

    def frozen_reports(self) -> list[FrozenReport]:
        """Every frozen report that a signature names, oldest first.

        Raises
        ------
        CaseDamaged
            When one of them is not what was signed: nobody is shown it.
        """
        with self._db.reading() as connection:
            found = connection.execute(
                "SELECT version, time, sha256, report FROM reports WHERE sha256 IN"
                " (SELECT key FROM events WHERE kind = ?) ORDER BY id", (str(EventKind.SIGN),)
            ).fetchall()  # fmt: skip
        for _, _, hashed, report in found:
            if sha256(report).hexdigest() != hashed:
                raise conn.not_as_written(self.path, f"report {hashed[:12]}")
        return [FrozenReport(*f) for f in found]

    def report_rows(self) -> list[tuple[int, str, bytes]]:
        """Number, SHA-256 and bytes of every frozen report, signed or not, oldest first."""
        with self._db.reading() as connection:
            return connection.execute("SELECT id, sha256, report FROM reports ORDER BY id").fetchall()

    def report_maps(self, report_sha256: str) -> dict[int, bytes]:
        """Pictures by cell id that were kept with the frozen report of this SHA-256 (hex)."""
        with self._db.reading() as connection:
            if not schema.is_there(connection, "report_maps"):
                return {}
            return dict(
                connection.execute(
                    "SELECT cell, data FROM report_maps WHERE report IN"
                    " (SELECT id FROM reports WHERE sha256 = ?) ORDER BY report_maps.id",
                    (report_sha256,),
                )
            )

    # -- drafts ----------------------------------------------------------------------------------------

    def draft(self, key: str) -> Draft | None:
        """What was last kept under `key`; None where there is nothing."""
        with self._db.reading(of_any_time=True) as connection:
            if not schema.is_there(connection, "drafts"):
                return None
            row = connection.execute(
                "SELECT value, author, time FROM drafts WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else Draft(*row)

    def set_draft(self, key: str, value: str | None, author: str) -> None:
        """Keep `value` under `key` in place of what was there; None removes it.

        Drafts are working memory (a text half written, a choice not yet made): no part of the record, not
        sealed and not signed. What counts belongs in an event.

        Raises
        ------
        UserError
            When it could not be saved.
        """
        with self._db.writing() as connection:
            if value is None:
                connection.execute("DELETE FROM drafts WHERE key = ?", (key,))
                return
            row = (
                serialization.clean(key),
                serialization.clean(value),
                serialization.clean(author),
                self._clock(),
            )
            connection.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?, ?)", row)

    # -- audit -----------------------------------------------------------------------------------------

    def check_seals(self, pause: Callable[[], None] = lambda: None) -> None:
        """As :meth:`CaseFile.check_seals`; the chain must also end where each signed report says."""
        super().check_seals(pause)
        problem = signed_reports.end_problem(self)
        if problem is not None:
            raise self.not_as_written(problem.where)

    def head(self) -> str:
        """SHA-256 (hex) that stands for everything in the case at this moment; reports print it."""
        return self.chain_end()[1]

    def chain_end(self) -> tuple[int, str]:
        """How many entries the chain has, and the newest one's hash (SHA-256, hex)."""
        with self._db.reading() as connection:
            return hash_chain.head(connection)

    def chain_hash(self, entry: int) -> str:
        """Hash of one entry of the chain (from 1 on); "" where the chain does not come so far."""
        with self._db.reading() as connection:
            return hash_chain.hash_at(connection, entry)

    def seed(self) -> str:
        """SHA-256 (hex) of the chain's first entry: the same for ever, and unlike any other case's."""
        with self._db.reading(of_any_time=True) as connection:
            return hash_chain.seed(connection)

    def ledger(self) -> list[hash_chain.Entry]:
        """The chain of hashes, oldest entry first."""
        with self._db.reading() as connection:
            return list(hash_chain.entries(connection))

    def audit(self) -> verification.AuditReport:
        """Compare every row with its seal; reads the whole file."""
        with self._db.reading() as connection:
            return verification.check(connection)

    def unsigned_reports(self) -> list[int]:
        """Ids of frozen reports that no signature names: one was cut off, unless the case was recovered."""
        with self._db.reading() as connection:
            return verification.unsigned_reports(connection)

    def verify(self) -> list[str]:
        """Problems with chain, hashes and signatures, in words; empty when all is well."""
        return [str(p) for p in self.audit().problems]


assert BY_HAND_RUN < 0  # noqa: S101 - serialization.cell_row writes it as NULL
