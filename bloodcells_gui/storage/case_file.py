"""Make, open and close a case file; its header, its images and its runs."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bloodcells_gui.adaptation.label_propagation import CoarsePosteriors
from bloodcells_gui.adaptation.prior_shift import prior_shift_of
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus, SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.run_record import AdaptationRecord, RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, Specimen, SpecimenKind
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import hash_chain, row_validation, schema, serialization
from bloodcells_gui.storage.allowed_paths import NOWHERE, allow_network_root, block_network_path
from bloodcells_gui.storage.database import Database, create_file
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.images import image_ref, insert_images
from bloodcells_gui.storage.move_notes import noted
from bloodcells_gui.storage.write_lease import AskLease, WriteLease

_HEADER_KEYS = frozenset({"case_id", "created", "app_version", "specimen", "root"})


class CaseFile:
    """An open case file without what is in its cells, events and reports.

    Use :meth:`create` or :meth:`open`; close it, or use it as a context manager.

    Attributes
    ----------
    path : Path
    read_only : bool
    case_id, created, app_version : str
        Header: what identifies the case, when and by which version it was begun.
    specimen : Specimen
        With what is known of its images by now.
    shielded_root : Path or None
        Folder of the images as the case says, where it or one of them lies on the network and was therefore
        not opened; for showing, and for :func:`~bloodcells_gui.storage.allowed_paths.allow_network_root`.
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
        self.shielded_root: Path | None = None
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
            "id": serialization.clean(specimen.id),
            "kind": str(specimen.kind),
            "synthetic": specimen.synthetic,
        }
        meta: dict[str, str | bytes] = {
            "case_id": case_id,
            "created": created,
            "app_version": app_version,
            "specimen": serialization.to_json(about),
            "root": serialization.name_to_db(specimen.root),
            **{k: serialization.clean(v) for k, v in (extra or {}).items()},
        }

        def fill(connection: Any) -> None:
            table = sorted(meta.items())
            connection.executemany("INSERT INTO meta VALUES (?, ?)", table)
            hash_chain.seal(connection, clock(), Kind.META, 0, table)
            insert_images(connection, list(enumerate(specimen.images)), clock)

        create_file(path, fill)
        database = Database(path, read_only=False)
        try:
            return cls(database, clock)
        except BaseException:
            database.close()
            raise

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        take_over: bool = False,
        join: bool = False,
        compare: bool = True,
        ask: AskLease | None = None,
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
        compare : bool
            Refuse a case whose chain is broken, or whose events, reports, runs or their ends are not as they
            were sealed; cells and pictures are left to :meth:`check_seals`. False for verification, which
            names everything that differs.
        ask : callable or None
            Asks the laboratory's database whether this station may write, before anything is read.

        Raises
        ------
        UserError
            :class:`~bloodcells_gui.storage.lock.CaseInUse` when another window writes it (then `read_only`,
            or `take_over` where that computer is known to be off), CaseTooNew, CaseDamaged, or a plain one.
        """
        if not path.exists() and noted(path.absolute()) is not None:
            # Late: a move opens cases.
            from bloodcells_gui.storage.case_transfer import settle

            settle(path.absolute())
        joined = Database.join(path) if join and not read_only else None
        database = joined or Database(path, read_only=read_only, take_over=take_over, ask=ask)
        try:
            if compare and joined is None:
                database.check_at_opening()
            return cls(database, clock)
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

    def hold(self, lease: WriteLease) -> None:
        """Ask `lease` before every write, and give it back when the case is closed."""
        self._db.hold(lease)

    @property
    def lease(self) -> WriteLease | None:
        """What says whether this window may still write; None without a laboratory's database."""
        return self._db.lease

    def note_lease(self) -> None:
        """The laboratory's database knows of this window: another station need not ask a person."""
        self._db.note_lease()

    def pin(self) -> None:
        """Read of this one moment alone: CaseChanged once somebody wrote, but for what never changes."""
        self._db.pinned = True

    def continue_with(self, path: Path) -> None:
        """Take the content of a copy of this case that was analysed elsewhere; whole or not at all.

        Raises
        ------
        UserError
            When it does not continue this case, is damaged, or could not be saved.
        """
        with type(self).open(path, read_only=True) as copy:
            copy.check_seals()
        self._db.continue_with(path)
        self.refresh()

    def changed_elsewhere(self) -> bool:
        """Whether somebody wrote since the case was opened for reading. Thread-safe."""
        return self._db.changed_elsewhere()

    def refresh(self) -> None:
        """Read header, images and runs again; CaseDamaged where they are not what this program writes."""
        with self._db.decoding("header"):
            self._refresh()

    def _refresh(self) -> None:
        with self._db.reading() as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            images = connection.execute(
                "SELECT idx, name, path, origin_x, origin_y, f.sha256, f.width, f.height, f.mpp FROM images"
                " LEFT JOIN (SELECT *, max(id) FROM image_facts GROUP BY image) f ON f.image = idx"
                " ORDER BY idx"
            ).fetchall()
            moved = connection.execute("SELECT root FROM locations ORDER BY id DESC LIMIT 1").fetchone()
        if [row[0] for row in images] != list(range(len(images))):
            raise ValueError("the images are not numbered through")
        about = row_validation.loads(row_validation.text(meta["specimen"]))
        root = Path(serialization.name_from_db(moved[0] if moved else meta["root"]))
        refs = tuple(image_ref(row, root if moved else None) for row in images)
        self.shielded_root = (
            root if root != block_network_path(root) or any(r.path == NOWHERE for r in refs) else None
        )
        root = block_network_path(root)
        self.specimen = Specimen(
            row_validation.text(about["id"]),
            SpecimenKind(about["kind"]),
            root,
            refs,
            synthetic=row_validation.flag(about["synthetic"]),
        )
        self.case_id, self.created = (
            row_validation.text(meta["case_id"]),
            row_validation.text(meta["created"]),
        )
        self.app_version = row_validation.text(meta["app_version"])
        self.extra = {k: str(v) for k, v in meta.items() if k not in _HEADER_KEYS}
        self._refresh_runs()

    def _refresh_runs(self) -> None:
        with self._db.decoding("runs"), self._db.reading() as connection:
            runs = connection.execute(
                f"SELECT {serialization.RUN_COLUMNS} FROM runs ORDER BY number"  # noqa: S608
            ).fetchall()
            ends = _ends(connection)
            skipped: dict[int, list[serialization.Row]] = {}
            for run, path, reason in connection.execute("SELECT run, path, reason FROM skipped ORDER BY id"):
                skipped.setdefault(run, []).append((path, reason))
            self.runs = [serialization.run_from_rows(r, ends.get(r[0]), skipped.get(r[0], [])) for r in runs]

    def runs_ended(self) -> int:
        """How many runs have an end by now, whoever wrote it."""
        with self._db.reading() as connection:
            count = "SELECT count(*) FROM {}"
            there = [name for name in ("run_ends", "run_results") if schema.is_there(connection, name)]
            return sum(int(connection.execute(count.format(name)).fetchone()[0]) for name in there)

    def decoding(self, what: str) -> contextlib.AbstractContextManager[None]:
        """What follows from the file's rows: nonsense in it comes out as CaseDamaged, naming `what`."""
        return self._db.decoding(what)

    def not_as_written(self, where: str) -> UserError:
        """The refusal of this case, of which something at `where` is not as it was written."""
        return conn.not_as_written(self.path, where)

    def check_seals(self, pause: Callable[[], None] = lambda: None) -> None:
        """Compare every row with its seal that was not compared since the case was opened; reads pictures.

        Parameters
        ----------
        pause : callable
            Called between batches of rows; may wait, or raise to stop (what was compared by then counts).

        Raises
        ------
        CaseDamaged
            When something is not as it was written.
        """
        self._db.check_seals(pause)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing else of this process writes to the case meanwhile; this thread may."""
        with self._db.alone():
            yield

    @contextlib.contextmanager
    def unchanging(self) -> Iterator[None]:
        """Nobody, no other program either, writes to the case meanwhile."""
        with self._db.unchanging():
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
                known = refs[index]
                refs[index] = replace(
                    known, sha256=ref.sha256, sampled=ref.sampled, size_px=ref.size_px, mpp=ref.mpp
                )
            else:
                refs.append(ref)
        s = self.specimen
        self.specimen = Specimen(s.id, s.kind, s.root, tuple(refs), s.synthetic)

    def relocate(self, root: Path) -> None:
        """Tell where the images lie now, after case or images moved; the old place stays in the file."""
        allow_network_root(root)
        with self._db.writing() as connection:
            last = connection.execute("SELECT coalesce(max(id), 0) FROM locations").fetchone()[0]
            row = (last + 1, serialization.name_to_db(root), self._clock())
            connection.execute("INSERT INTO locations VALUES (?, ?, ?)", row)
            hash_chain.seal(connection, self._clock(), Kind.LOCATION, row[0], [row])
        self.refresh()

    def start_run(self, run: AnalysisRun) -> None:
        """Write a run's provenance before its first cell."""
        row = serialization.run_row(run)
        with self._db.writing() as connection:
            self._refuse_signed(connection)
            connection.execute(f"INSERT INTO runs VALUES ({marks(row)})", row)  # noqa: S608
            hash_chain.seal(connection, self._clock(), Kind.RUN, run.number, [row])
        self._refresh_runs()

    def finish_run(
        self,
        number: int,
        status: RunStatus,
        finished: str = "",
        skipped: Sequence[SkippedFile] = (),
        record: RunRecord | None = None,
        *,
        scale: ScaleEstimate | None = None,
        adaptation: AdaptationRecord | None = None,
        posteriors: CoarsePosteriors | None = None,
    ) -> None:
        """Write how a run ended; once for each run. `scale` replaces what was known when it started.

        From now on `adaptation` and the `posteriors` of single cells decide the proposals that nobody has
        judged (see :meth:`.case.CaseStore.load_cells`), but never in a case that was signed meanwhile. An
        adaptation in `record` is written as it is: it was made earlier.
        """
        with self._db.writing() as connection:
            signed = self._is_signed(connection)
            record = record or RunRecord()
            if adaptation is not None and not signed and prior_shift_of(adaptation) is not None:
                seen = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
                record = replace(record, adaptation=replace(adaptation, last_event=seen))
            if posteriors is not None and not signed:
                self._insert_posteriors(connection, number, posteriors)
            end = serialization.RunEnd(status, finished or self._clock(), scale, record)
            row = serialization.run_result_row(number, end)
            connection.execute(f"INSERT INTO run_results VALUES ({marks(row)})", row)  # noqa: S608
            hash_chain.seal(connection, self._clock(), Kind.RUN_RESULT, number, [row])
            self._insert_skipped(connection, number, skipped)
        self._refresh_runs()

    def add_skipped(self, number: int, skipped: Sequence[SkippedFile]) -> None:
        """Write what a run left out so far: what it says at its end is lost when it is cut off."""
        with self._db.writing() as connection:
            self._insert_skipped(connection, number, skipped)
        self._refresh_runs()

    def _insert_skipped(self, connection: Any, number: int, skipped: Sequence[SkippedFile]) -> None:
        if not skipped:
            return
        first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM skipped").fetchone()[0]
        table = [
            (first + i, number, serialization.name_to_db(s.path), serialization.clean(s.reason))
            for i, s in enumerate(skipped)
        ]
        connection.executemany("INSERT INTO skipped VALUES (?, ?, ?, ?)", table)
        hash_chain.seal(connection, self._clock(), Kind.SKIPPED, first, table)

    def _insert_posteriors(self, connection: Any, number: int, posteriors: CoarsePosteriors) -> None:
        first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM settled").fetchone()[0]
        table = serialization.posterior_rows(first, number, posteriors)
        connection.executemany("INSERT INTO settled VALUES (?, ?, ?, ?)", table)
        if table:
            hash_chain.seal(connection, self._clock(), Kind.SETTLED, first, table)

    # -- signed or not ---------------------------------------------------------------------------------

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


def _ends(connection: sqlite3.Connection) -> dict[int, serialization.RunEnd]:
    """How runs ended, by their number."""
    old = connection.execute(f"SELECT {serialization.RUN_END_COLUMNS} FROM run_ends")  # noqa: S608
    if not schema.is_there(connection, "run_results"):
        return serialization.run_ends(old, ())
    results = connection.execute(f"SELECT {serialization.RUN_RESULT_COLUMNS} FROM run_results")  # noqa: S608
    return serialization.run_ends(old, results)


def marks(values: Sequence[object]) -> str:
    """A question mark for each value of a row."""
    return ", ".join("?" * len(values))
