"""List the laboratory's cases in one folder, quickly.

Why an index beside the files: a case stays one whole file that can be copied, mailed and backed up on its
own, and the list stays quick over thousands. The index (``.worklist.sqlite`` in the folder) holds nothing
that the cases do not; when it is missing, damaged, of another version or cannot be written, the list is read
from the cases again. What was read of the index stays in memory, for a search at every key.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.atomic_io import make_folder
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import move_case
from bloodcells_gui.storage.last_seen import WENT_BACK, chain_was_truncated
from bloodcells_gui.storage.worklist_files import case_files, index_key, stamp_of
from bloodcells_gui.storage.worklist_index import INDEX_NAME, index_at, is_sound, sealed
from bloodcells_gui.storage.worklist_lines import CaseList, Known, known_line, newest_first
from bloodcells_gui.storage.worklist_rows import (
    CaseEntry,
    CaseState,
    Flags,
    entry_of_row,
    line_of,
    row_of_case,
)

__all__ = ["INDEX_NAME", "CaseEntry", "CaseState", "Flags", "Worklist"]

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Worklist(CaseList):
    """The cases of one folder (and its sub-folders). Thread-safe.

    Parameters
    ----------
    folder : Path
    flags : callable, optional
        Gives the flags of a case from its state, for showing and searching.
    id_fields : sequence of str
        Fields of the specimen form that a case is also found by.
    target : callable, optional
        Leukocytes that the laboratory counts a case to, at the moment; 0 for no target.
    place : Path or None
        The file of the index; None is the usual one within the folder, which is made when missing.
    in_memory : bool
        Keep the index in memory, and make nothing in the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        flags: Flags | None = None,
        id_fields: Sequence[str] = ("patient_id", "specimen_id"),
        target: Callable[[], int] = lambda: 0,
        place: Path | None = None,
        in_memory: bool = False,
    ) -> None:
        self.folder = folder.absolute()
        self._place = self.folder / INDEX_NAME if place is None else place
        self._flags = flags
        self._id_fields = tuple(id_fields)
        self._target = target
        self._lock = threading.RLock()
        # One look at the folder at a time; searches go on meanwhile.
        self._looking = threading.Lock()
        self._known: dict[str | bytes, Known] | None = None
        self._known_at = (0, 0)
        self._in_order: list[Known] | None = None
        if place is None and not in_memory:
            make_folder(self.folder)
        self._index = index_at(None) if in_memory else self._open_index()

    def close(self) -> None:
        """Release the index."""
        with self._lock:
            self._index.close()

    # -- reading ---------------------------------------------------------------------------------------

    def refresh(
        self, progress: Callable[[int, int], None] | None = None, *, leave_out: Path | None = None
    ) -> int:
        """Look at the folder again; only new and changed cases are read. Returns how many were.

        `progress` is called with cases read and cases to read; it may raise to stop, what was read is kept.
        The case `leave_out` is not read: whoever has it open knows it better.
        """
        with self._looking:
            index = self._index
            read = self._refresh(progress, leave_out)
            # An index that failed meanwhile was replaced by an empty one.
            return read if index is self._index else self._refresh(progress, leave_out)

    def _refresh(self, progress: Callable[[int, int], None] | None, leave_out: Path | None = None) -> int:
        # Before the folder is listed: a case that comes between the two must not count as gone.
        rows = self._with_index(lambda: self._index.execute("SELECT * FROM cases").fetchall(), again=False)
        stamps = {r[0]: r[1] if is_sound(r) else None for r in rows}
        files = {index_key(self.folder, p): p for p in case_files(self.folder)}
        gone = [name for name in stamps if name not in files]
        self._with_index(lambda: self._drop(gone), again=False)
        stale = [(n, p) for n, p in files.items() if p != leave_out and stamps.get(n) != stamp_of(p)]
        for done, (name, path) in enumerate(stale):
            if progress is not None:
                progress(done, len(stale))
            self._upsert(name, path)
        return len(stale)

    def rebuild(self) -> int:
        """Forget the index and read every case."""
        self._with_index(lambda: self._drop([row[0] for row in self._rows()]), again=False)
        return self.refresh()

    def entry(self, path: Path) -> CaseEntry | None:
        """The line of one case, read anew if it changed; None where there is no file."""
        if not path.is_file():
            return None
        if not path.absolute().is_relative_to(self.folder):
            return replace(self._entry(self._line("", "", path)), path=path)

        name = index_key(self.folder, path.absolute())
        row = self._with_index(lambda: self._row(name))
        if row is None or not is_sound(row) or row[1] != stamp_of(path):
            self._upsert(name, path)
            row = self._with_index(lambda: self._row(name))
        return None if row is None else self._entry(row)

    def _lines(self) -> list[Known]:
        return self._with_index(self._in_memory)

    def _in_memory(self) -> list[Known]:
        """Every sound line, newest first; read from the index where it is not in memory as it is there."""
        at = int(self._index.execute("PRAGMA data_version").fetchone()[0]), self._target()
        if self._known is None or self._known_at != at:
            self._known = {row[0]: self._to_known(row) for row in self._sound_rows()}
            self._known_at, self._in_order = at, None
        if self._in_order is None:
            self._in_order = newest_first(list(self._known.values()))
        return self._in_order

    def _to_known(self, row: serialization.Row) -> Known:
        return known_line(self._entry(row), row)

    def _entry(self, row: serialization.Row) -> CaseEntry:
        """The entry of a row, measured by what the laboratory counts to."""
        return entry_of_row(self.folder, row, self._target())

    def _sound_rows(self) -> list[serialization.Row]:
        """Every line, newest first; a row that is not as it was written is made anew from its case."""
        found = self._rows()
        spoilt = [row for row in found if not is_sound(row)]
        if not spoilt:
            return found
        files = {index_key(self.folder, p): p for p in case_files(self.folder)}
        self._drop([row[0] for row in spoilt])
        for row in spoilt:
            if row[0] in files:
                self._upsert(row[0], files[row[0]])
        return [row for row in self._rows() if is_sound(row)]

    def _rows(self) -> list[serialization.Row]:
        return self._index.execute("SELECT * FROM cases").fetchall()

    def _row(self, name: str | bytes) -> serialization.Row | None:
        row: serialization.Row | None = self._index.execute(
            "SELECT * FROM cases WHERE name = ?", (name,)
        ).fetchone()
        return row

    # -- pictures --------------------------------------------------------------------------------------

    def picture(self, path: Path, draw: Callable[[CaseStore], bytes]) -> bytes:
        """The picture of a case for the list: the one that is kept, else what `draw` makes of the case.

        May take long, and is for a worker thread. The picture is an untrusted file's until it is checked.

        Raises
        ------
        UserError
            When the case cannot be read.
        """
        name, stamp = index_key(self.folder, path.absolute()), stamp_of(path)
        kept = self._with_index(lambda: self._kept_picture(name))
        if kept is not None and kept[1] == stamp and is_sound(kept):
            return bytes(kept[2])
        with CaseStore.open(path, read_only=True) as store:
            drawn = draw(store)
        row = sealed((name, stamp, drawn))
        self._with_index(
            lambda: self._index.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?)", row)
        )
        return drawn

    def forget(self, names: Sequence[str | bytes]) -> None:
        """Forget lines and pictures of cases that another station moved away or removed."""
        self._with_index(lambda: self._drop(names), again=False)

    def take_over(self, lines: Sequence[serialization.Row]) -> None:
        """Hold these lines, without seal, that were read elsewhere of the files as they are."""

        def put() -> None:
            self._index.execute("BEGIN")
            try:
                for line in lines:
                    self._put(sealed(line))
            finally:
                self._index.execute("COMMIT")

        if lines:
            self._with_index(put, again=False)

    def _kept_picture(self, name: str | bytes) -> serialization.Row | None:
        row: serialization.Row | None = self._index.execute(
            "SELECT * FROM pictures WHERE name = ?", (name,)
        ).fetchone()
        return row

    # -- moving ----------------------------------------------------------------------------------------

    def move(self, path: Path, target_folder: Path) -> Path:
        """Move a case to another folder without loss: copied, compared by SHA-256, and only then removed.

        The images stay where they are; the case finds them again by
        :meth:`~bloodcells_gui.storage.case.CaseStore.relocate`.

        Raises
        ------
        UserError
            When the case is open, a file of that name is there already, or the target cannot be written; the
            case is where it was then.
        """
        copy = move_case(path, target_folder)
        key = index_key(self.folder, path.absolute())
        self._with_index(lambda: self._drop([key]))
        return copy

    # -- the index -------------------------------------------------------------------------------------

    def _open_index(self) -> sqlite3.Connection:
        place = self._place
        try:
            return index_at(place)
        except sqlite3.OperationalError as error:  # read-only folder, or held by another computer
            _log.warning("the index of the work list is kept in memory", exc_info=error)
            return index_at(None)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            _log.warning("the index of the work list is damaged and made anew", exc_info=error)
            with contextlib.suppress(OSError, sqlite3.Error):
                place.unlink(missing_ok=True)
                return index_at(place)
            return index_at(None)

    def _with_index(self, work: Callable[[], T], *, again: bool = True) -> T:
        """Do `work`; an index that fails is replaced by one in memory that is read from the cases again."""
        with self._lock:
            try:
                return work()
            except (sqlite3.Error, UnicodeDecodeError) as error:
                _log.warning("the index of the work list failed and is read again", exc_info=error)
                with contextlib.suppress(sqlite3.Error):
                    self._index.close()
                self._index = index_at(None)
                self._known = None
                if again:
                    self._refresh(None)
                return work()

    def _drop(self, names: Sequence[str | bytes]) -> None:
        """Forget rows and their pictures."""
        for table in ("cases", "pictures"):
            self._index.executemany(f"DELETE FROM {table} WHERE name = ?", [(n,) for n in names])  # noqa: S608
        if self._known is not None:
            for name in names:
                self._known.pop(name, None)
        self._in_order = None

    def _upsert(self, name: str | bytes, path: Path) -> None:
        """Read a case, without keeping a search waiting, and put its row into the index."""
        line = self._line(name, stamp_of(path), path)
        self._with_index(lambda: self._put(sealed(line)), again=False)

    def _line(self, name: str | bytes, stamp: str, path: Path) -> serialization.Row:
        """The row of a case, without its seal, whatever reading it does."""

        def read() -> serialization.Row:
            line = row_of_case(
                name, stamp, path, flags=self._flags, id_fields=self._id_fields, first_flag=self._went_back
            )
            # what the index cannot hold must cost this line alone
            self._entry(line)
            return line

        return line_of(name, stamp, path, read)

    def _put(self, row: serialization.Row) -> None:
        self._index.execute(f"INSERT OR REPLACE INTO cases VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        if self._known is not None:
            self._known[row[0]] = self._to_known(row)
        self._in_order = None

    def _went_back(self, store: CaseStore) -> str:
        back = self._with_index(lambda: chain_was_truncated(self._index, store), again=False)
        return WENT_BACK if back else ""
