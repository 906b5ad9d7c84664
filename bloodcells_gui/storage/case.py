"""The case file: one SQLite file that holds a specimen's runs, cells, decisions and signed reports.

What a method of this module has returned from is on the disk: rollback journal, full synchronisation, one
transaction per call. The store may be used from several threads: each gets its own connection, writes take
turns.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus, SkippedFile
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.fold import BY_HAND_RUN, utc_now
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, Specimen, SpecimenKind
from bloodcells_gui.domain.specimen_mix import SpecimenMix
from bloodcells_gui.storage import ledger, rows, vectors, verification
from bloodcells_gui.storage.database import Database, create_file
from bloodcells_gui.storage.images import image_ref, insert_images
from bloodcells_gui.storage.ledger import Kind
from bloodcells_gui.storage.proposals import Proposals

SUFFIX = ".bcs"
# Cells added by hand count from here, so that they never meet the ids of a run that is still going on.
FIRST_HAND_ID = 1_000_000_000
_CHUNK = 8192
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FrozenReport:
    """A report model as it was signed: what was true for the reader stays readable after every upgrade."""

    version: int
    time: str
    sha256: str
    report: bytes


class CaseStore:
    """An open case file.

    Use :meth:`create` or :meth:`open`; close it, or use it as a context manager.

    Attributes
    ----------
    path : Path
    read_only : bool
    case_id, created, app_version : str
        Header: what identifies the case, when and by which version it was begun.
    specimen : Specimen
        With what is known of its images by now.
    runs : list of AnalysisRun
        Oldest first.
    after_crash : bool
        The program that last wrote this case did not close it (killed, power cut).
    interrupted_runs : tuple of int
        Runs that had no end when the case was opened for writing: nobody is at them any more.
    """

    def __init__(self, database: Database, clock: Callable[[], str] = utc_now) -> None:
        self._db = database
        self._clock = clock
        self._released = False
        self.path = database.path
        self.read_only = database.read_only
        self.after_crash = database.after_crash
        self.case_id = self.created = self.app_version = ""
        self.specimen: Specimen
        self.runs: list[AnalysisRun] = []
        self.refresh()
        open_ones = (r.number for r in self.runs if r.status is RunStatus.RUNNING)
        self.interrupted_runs: tuple[int, ...] = () if self.read_only else tuple(open_ones)

    @classmethod
    def create(
        cls,
        path: Path,
        specimen: Specimen,
        *,
        case_id: str,
        created: str,
        app_version: str,
        extra: Mapping[str, str] | None = None,
        clock: Callable[[], str] = utc_now,
    ) -> Self:
        """A new case file at `path`, open for writing; it appears there whole or not at all.

        Raises
        ------
        UserError
            When a file of that name exists or the folder cannot be written.
        """
        about = {
            "id": rows.clean(specimen.id),
            "kind": str(specimen.kind),
            "synthetic": specimen.synthetic,
        }
        meta: dict[str, str | bytes] = {
            "case_id": case_id,
            "created": created,
            "app_version": app_version,
            "specimen": rows.to_json(about),
            "root": rows.name_to_db(specimen.root),
            **{k: rows.clean(v) for k, v in (extra or {}).items()},
        }

        def fill(connection: Any) -> None:
            table = sorted(meta.items())
            connection.executemany("INSERT INTO meta VALUES (?, ?)", table)
            ledger.seal(connection, clock(), Kind.META, 0, table)
            insert_images(connection, list(enumerate(specimen.images)), clock)

        create_file(path, fill)
        return cls(Database(path, read_only=False), clock)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        take_over: bool = False,
        join: bool = False,
        clock: Callable[[], str] = utc_now,
    ) -> Self:
        """Open a case file that may come from anywhere.

        Parameters
        ----------
        read_only : bool
            Look at it while another window writes it.
        take_over : bool
            Believe a person that the other computer named in the lock is not at it any more.
        join : bool
            Where this process has the case open for writing already, write through the same lock: for the
            analysis of a case that a window shows.

        Raises
        ------
        UserError
            :class:`~bloodcells_gui.storage.lock.CaseInUse` when another window writes it (then `read_only`,
            or `take_over` where that computer is known to be off), CaseTooNew, CaseDamaged, or a plain one.
        """
        joined = Database.join(path) if join and not read_only else None
        database = joined or Database(path, read_only=read_only, take_over=take_over)
        try:
            return cls(database, clock)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            database.close()
            raise database.damaged("contents") from error
        except BaseException:
            database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; harmless when done twice. No other thread may be at it through this store."""
        if not self._released:
            self._released = True
            self._db.close()

    # -- header, images, runs ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read header, images and runs again."""
        with self._db.reading() as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            images = connection.execute(
                "SELECT idx, name, path, origin_x, origin_y, f.sha256, f.width, f.height, f.mpp FROM images"
                " LEFT JOIN (SELECT *, max(id) FROM image_facts GROUP BY image) f ON f.image = idx"
                " ORDER BY idx"
            ).fetchall()
            moved = connection.execute("SELECT root FROM locations ORDER BY id DESC LIMIT 1").fetchone()
        about = json.loads(meta["specimen"])
        root = Path(rows.name_from_db(moved[0] if moved else meta["root"]))
        refs = tuple(image_ref(row, root if moved else None) for row in images)
        self.specimen = Specimen(
            str(about["id"]), SpecimenKind(about["kind"]), root, refs, synthetic=bool(about["synthetic"])
        )
        self.case_id, self.created = str(meta["case_id"]), str(meta["created"])
        self.app_version = str(meta["app_version"])
        self.extra = {k: str(v) for k, v in meta.items() if k not in _HEADER_KEYS}
        self._refresh_runs()

    def _refresh_runs(self) -> None:
        with self._db.reading() as connection:
            runs = connection.execute(f"SELECT {rows.RUN_COLUMNS} FROM runs ORDER BY number").fetchall()  # noqa: S608
            ends = {r[0]: r for r in connection.execute(f"SELECT {rows.RUN_END_COLUMNS} FROM run_ends")}  # noqa: S608
            skipped: dict[int, list[rows.Row]] = {}
            for run, path, reason in connection.execute("SELECT run, path, reason FROM skipped ORDER BY id"):
                skipped.setdefault(run, []).append((path, reason))
        self.runs = [rows.run_from_rows(r, ends.get(r[0]), skipped.get(r[0], [])) for r in runs]

    def runs_ended(self) -> int:
        """How many runs have an end by now, whoever wrote it."""
        with self._db.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM run_ends").fetchone()[0])

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing else of this process writes to the case meanwhile; this thread may."""
        with self._db.alone():
            yield

    def set_specimen_images(self, images: Iterable[tuple[int, ImageRef]]) -> None:
        """Write what became known of images: (index in the specimen, reference), also of new ones.

        Of a known image only hash, size and scale are taken; its name and path stay. Facts are
        added, never replaced: the newest of an image stands, the older stay in the file.
        """
        pairs = sorted(images, key=lambda p: p[0])
        with self._db.writing() as connection:
            insert_images(connection, pairs, self._clock)
        self._note_images(pairs)

    def _note_images(self, pairs: Sequence[tuple[int, ImageRef]]) -> None:
        """The specimen in memory follows what was written of its images."""
        refs = list(self.specimen.images)
        for index, ref in pairs:
            if index < len(refs):
                refs[index] = replace(refs[index], sha256=ref.sha256, size_px=ref.size_px, mpp=ref.mpp)
            else:
                refs.append(ref)
        s = self.specimen
        self.specimen = Specimen(s.id, s.kind, s.root, tuple(refs), s.synthetic)

    def relocate(self, root: Path) -> None:
        """Tell where the images lie now, after case or images moved; the old place stays in the file."""
        with self._db.writing() as connection:
            last = connection.execute("SELECT coalesce(max(id), 0) FROM locations").fetchone()[0]
            row = (last + 1, rows.name_to_db(root), self._clock())
            connection.execute("INSERT INTO locations VALUES (?, ?, ?)", row)
            ledger.seal(connection, self._clock(), Kind.LOCATION, row[0], [row])
        self.refresh()

    def start_run(self, run: AnalysisRun) -> None:
        """Write a run's provenance before its first cell."""
        row = rows.run_row(run)
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            connection.execute(f"INSERT INTO runs VALUES ({_marks(row)})", row)  # noqa: S608
            ledger.seal(connection, self._clock(), Kind.RUN, run.number, [row])
        self._refresh_runs()

    def finish_run(
        self,
        number: int,
        status: RunStatus,
        finished: str = "",
        skipped: Sequence[SkippedFile] = (),
        tallies: Mapping[str, float] | None = None,
        notice: str = "",
        *,
        scale: ScaleEstimate | None = None,
        mix: SpecimenMix | None = None,
    ) -> None:
        """Write how a run ended; once for each run. `scale` replaces what was known when it started.

        From now on `mix` weighs the proposals that nobody has judged (see :meth:`load_cells`), but never in a
        case that was signed meanwhile.
        """
        with self._db.writing() as connection:
            if mix is not None and not self._is_signed(connection):
                seen = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
                tallies = {**(tallies or {}), **replace(mix, events=seen).to_tallies()}
            end = rows.run_end_row(number, status, finished or self._clock(), tallies or {}, notice, scale)
            connection.execute(f"INSERT INTO run_ends VALUES ({_marks(end)})", end)  # noqa: S608
            ledger.seal(connection, self._clock(), Kind.RUN_END, number, [end])
            if skipped:
                first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM skipped").fetchone()[0]
                table = [
                    (first + i, number, rows.name_to_db(s.path), rows.clean(s.reason))
                    for i, s in enumerate(skipped)
                ]
                connection.executemany("INSERT INTO skipped VALUES (?, ?, ?, ?)", table)
                ledger.seal(connection, self._clock(), Kind.SKIPPED, first, table)
        self._refresh_runs()

    # -- cells -----------------------------------------------------------------------------------------

    def next_cell_id(self) -> int:
        """First free id for a run's cells (ids of cells added by hand count apart)."""
        return self._next_id(0, FIRST_HAND_ID)

    def next_hand_id(self) -> int:
        """First free id for a cell added by hand."""
        return self._next_id(FIRST_HAND_ID, 2**62)

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
                (rows.cell_row(c, run_number), rows.asset_row(c.id, a))
                for c, a in zip(cells, assets, strict=True)
            ),
            key=lambda pair: pair[0][0],
        )
        with self._db.writing() as connection:
            if pairs:
                insert_images(connection, pairs, self._clock)
            if table:
                self._refuse_signed(connection)
                marks = _marks(table[0][0])
                connection.executemany(f"INSERT INTO cells VALUES ({marks})", [t[0] for t in table])  # noqa: S608
            connection.executemany("INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?)", [t[1] for t in table])
            start = 0
            for i in range(1, len(table) + 1):
                # an entry seals ids without gaps, so that it can find its rows again
                if i == len(table) or table[i][0][0] != table[i - 1][0][0] + 1:
                    part = [c + a for c, a in table[start:i]]
                    ledger.seal(connection, self._clock(), Kind.CELLS, part[0][0], part)
                    start = i
        self._note_images(pairs)

    def load_cells(self, *, as_found: bool = False) -> list[Cell]:
        """All cells in order of their ids, their proposals weighed by the mix of the specimen.

        `as_found` leaves the proposals as the models made them: for an analysis that goes on.
        """
        cells: list[Cell] = []
        with self._db.reading() as connection, rows.no_collection():
            cursor = connection.execute(f"SELECT {rows.CELL_COLUMNS} FROM cells ORDER BY id")  # noqa: S608
            try:
                proposals = Proposals([] if as_found else self.runs, connection)
                while chunk := cursor.fetchmany(_CHUNK):
                    cells.extend(rows.cells_from_rows(chunk, proposals.said(chunk)))
            except (ValueError, TypeError) as error:
                raise self._db.damaged("cells") from error
        return cells

    def scores(self, runs: Sequence[int], leaves: int) -> NDArray[np.float32]:
        """(n, leaves) probabilities, as they were found, of the cells of these runs in order of their ids."""
        with self._db.reading() as connection:
            return vectors.scores(connection, runs, leaves)

    def assets(self, cell_id: int) -> CellAssets:
        """What is kept beside a cell; KeyError for an unknown one."""
        with self._db.reading() as connection:
            row = connection.execute(
                f"SELECT {rows.ASSET_COLUMNS} FROM assets WHERE cell = ?",  # noqa: S608
                (cell_id,),
            ).fetchone()
        if row is None:
            raise KeyError(cell_id)
        return rows.assets_from_row(row)

    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]:
        """JPEG bytes by cell id; an unknown id is left out."""
        return self._blobs("thumbnail", ids)

    def masks(self, ids: Iterable[int]) -> dict[int, bytes]:
        """PNG bytes by cell id; an unknown id is left out."""
        return self._blobs("mask", ids)

    def _blobs(self, column: str, ids: Iterable[int]) -> dict[int, bytes]:
        wanted = [int(i) for i in ids]
        found: dict[int, bytes] = {}
        with self._db.reading() as connection:
            for start in range(0, len(wanted), _ASKED_AT_ONCE):
                part = wanted[start : start + _ASKED_AT_ONCE]
                sql = f"SELECT cell, {column} FROM assets WHERE cell IN ({_marks(part)})"  # noqa: S608
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
        row = list(rows.event_row(event))
        row[3] = max(row[3], last[1])
        connection.execute(f"INSERT INTO events VALUES ({_marks(row)})", row)  # noqa: S608
        ledger.seal(connection, self._clock(), Kind.EVENT, event.seq, [tuple(row)])
        return rows.event_from_row(tuple(row))

    def events(self) -> list[Event]:
        """All events, oldest first."""
        with self._db.reading() as connection:
            table = connection.execute(f"SELECT {rows.EVENT_COLUMNS} FROM events ORDER BY seq").fetchall()  # noqa: S608
        try:
            return [rows.event_from_row(r) for r in table]
        except (ValueError, TypeError) as error:
            raise self._db.damaged("events") from error

    def freeze(self, version: int, report_json: bytes) -> str:
        """Keep a report as it is about to be signed; returns its SHA-256 (hex), the SIGN event's key."""
        with self._db.writing() as connection:
            return self._freeze(connection, version, report_json)

    def _freeze(self, connection: Any, version: int, report_json: bytes) -> str:
        hashed = sha256(report_json).hexdigest()
        same = connection.execute("SELECT 1 FROM reports WHERE version = ? AND sha256 = ?", (version, hashed))
        if same.fetchone() is None:
            key = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM reports").fetchone()[0]
            row = (key, version, self._clock(), hashed, bytes(report_json))
            connection.execute("INSERT INTO reports VALUES (?, ?, ?, ?, ?)", row)
            ledger.seal(connection, self._clock(), Kind.REPORT, key, [row])
        return hashed

    def sign(self, event: Event, version: int, report_json: bytes) -> Event:
        """Freeze a report and append its SIGN event in one transaction: both are there or neither.

        ValueError when `event.key` is not the report's SHA-256.
        """
        if event.kind is not EventKind.SIGN or event.key != sha256(report_json).hexdigest():
            raise ValueError("the signature does not name this report")
        with self._db.writing() as connection:
            self._freeze(connection, version, report_json)
            return self._append(connection, event)

    def frozen_reports(self) -> list[FrozenReport]:
        """Every frozen report that a signature names, oldest first."""
        with self._db.reading() as connection:
            found = connection.execute(
                "SELECT version, time, sha256, report FROM reports WHERE sha256 IN"
                " (SELECT key FROM events WHERE kind = ?) ORDER BY id", (str(EventKind.SIGN),)
            ).fetchall()  # fmt: skip
        return [FrozenReport(*f) for f in found]

    # -- audit -----------------------------------------------------------------------------------------

    def head(self) -> str:
        """SHA-256 (hex) that stands for everything in the case at this moment; signed reports print it."""
        with self._db.reading() as connection:
            return ledger.head(connection)[1]

    def seed(self) -> str:
        """SHA-256 (hex) of the chain's first entry: the same for ever, and unlike any other case's."""
        with self._db.reading() as connection:
            row = connection.execute("SELECT hash FROM ledger WHERE seq = 1").fetchone()
        return ledger.GENESIS if row is None else str(row[0])

    def ledger(self) -> list[ledger.Entry]:
        """The chain of hashes, oldest entry first."""
        with self._db.reading() as connection:
            return list(ledger.entries(connection))

    def audit(self) -> verification.AuditReport:
        """Compare every row with its seal; reads the whole file."""
        with self._db.reading() as connection:
            return verification.check(connection)

    def verify(self) -> list[str]:
        """Problems with chain, hashes and signatures, in words; empty when all is well."""
        return [str(p) for p in self.audit().problems]

    def _is_signed(self, connection: Any) -> bool:
        last = connection.execute(
            "SELECT kind FROM events WHERE kind IN (?, ?) ORDER BY seq DESC LIMIT 1",
            (str(EventKind.SIGN), str(EventKind.AMEND)),
        ).fetchone()
        return last is not None and last[0] == EventKind.SIGN

    def _refuse_signed(self, connection: Any) -> None:
        if self._is_signed(connection):
            raise UserError(
                "The case {path} is signed.",
                "New cells would change what was signed.",
                "Amend the case first, or make a new one.",
                path=self.path,
            )


_HEADER_KEYS = frozenset({"case_id", "created", "app_version", "specimen", "root"})


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


assert BY_HAND_RUN < 0  # noqa: S101 - rows.cell_row writes it as NULL
