"""List the laboratory's cases in one folder, quickly.

Why an index beside the files: a case stays one whole file that can be copied, mailed and backed up on its
own, and the list stays quick over thousands. The index (``.worklist.sqlite`` in the folder) holds nothing
that the cases do not; when it is missing, damaged, of another version or cannot be written, the list is read
from the cases again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from bloodcells_gui.domain.analysis import RunStatus, is_incomplete
from bloodcells_gui.domain.earlier_films import Film
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import LANGUAGES
from bloodcells_gui.domain.review_state import ReviewState, fold
from bloodcells_gui.domain.specimen import SpecimenKind, with_number
from bloodcells_gui.domain.taxonomy import COUNTED
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.atomic_io import make_folder
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import move_case
from bloodcells_gui.storage.connection import damaged
from bloodcells_gui.storage.film_lines import film_line, film_of
from bloodcells_gui.storage.last_seen import WENT_BACK, chain_was_truncated
from bloodcells_gui.storage.lock import holder_of
from bloodcells_gui.storage.worklist_files import case_files, index_key, stamp_of
from bloodcells_gui.storage.worklist_index import INDEX_NAME, index_at, is_sound, sealed

_log = logging.getLogger(__name__)
T = TypeVar("T")
Flags = Callable[[ReviewState, CaseStore], Sequence[str]]


class CaseState(StrEnum):
    """Where a case stands in the laboratory's work."""

    NEW = "new"
    ANALYSING = "analysing"
    TO_REVIEW = "to review"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """One line of the work list.

    Attributes
    ----------
    path : Path
    case_id, specimen_id, kind : str
    created, changed : str
        UTC ISO 8601: begun, and last act of a person (or begun).
    state : CaseState
    cells, unidentified, reviewed : int
    signatures : int
        Over all versions.
    incomplete : bool
        The newest analysis was cancelled, failed or interrupted.
    synthetic : bool
    persons : tuple of str
        Everybody who did something in it.
    flags : tuple of str
        As the caller's `flags` function gave them (rules raised).
    problem : str
        Why it cannot be read, for UNREADABLE ones, in English.
    problem_words : tuple of (language, text)
        The same in every language; see :meth:`problem_in`.
    """

    path: Path
    case_id: str
    specimen_id: str
    kind: str
    created: str
    changed: str
    state: CaseState
    cells: int = 0
    unidentified: int = 0
    reviewed: int = 0
    signatures: int = 0
    incomplete: bool = False
    synthetic: bool = False
    persons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    problem: str = ""
    problem_words: tuple[tuple[str, str], ...] = ()

    def problem_in(self, lang: str) -> str:
        """Why it cannot be read, in `lang`; "" where it can."""
        return dict(self.problem_words).get(lang, self.problem)


class Worklist:
    """The cases of one folder (and its sub-folders). Thread-safe.

    Parameters
    ----------
    folder : Path
        Made when missing.
    flags : callable, optional
        Gives the flags of a case from its state, for showing and searching.
    id_fields : sequence of str
        Fields of the specimen form that a case is also found by.
    """

    def __init__(
        self,
        folder: Path,
        *,
        flags: Flags | None = None,
        id_fields: Sequence[str] = ("patient_id", "specimen_id"),
    ) -> None:
        self.folder = folder.absolute()
        self._flags = flags
        self._id_fields = tuple(id_fields)
        self._lock = threading.RLock()
        make_folder(self.folder)
        self._index = self._open_index()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
        return self._with_index(lambda: self._refresh(progress, leave_out), again=False)

    def _refresh(self, progress: Callable[[int, int], None] | None, leave_out: Path | None = None) -> int:
        files = {index_key(self.folder, p): p for p in case_files(self.folder)}
        stamps = {r[0]: r[1] if is_sound(r) else None for r in self._index.execute("SELECT * FROM cases")}
        gone = [(name,) for name in stamps if name not in files]
        self._index.executemany("DELETE FROM cases WHERE name = ?", gone)
        stale = [(n, p) for n, p in files.items() if p != leave_out and stamps.get(n) != stamp_of(p)]
        for done, (name, path) in enumerate(stale):
            if progress is not None:
                progress(done, len(stale))
            self._upsert(name, path)
        return len(stale)

    def rebuild(self) -> int:
        """Forget the index and read every case."""
        self._with_index(lambda: self._index.execute("DELETE FROM cases"), again=False)
        return self.refresh()

    def entry(self, path: Path) -> CaseEntry | None:
        """The line of one case, read anew if it changed; None when it is not in the folder."""

        def work() -> serialization.Row | None:
            name = index_key(self.folder, path.absolute())
            if not path.is_file():
                return None
            row = self._row(name)
            if row is None or not is_sound(row) or row[1] != stamp_of(path):
                self._upsert(name, path)
                row = self._row(name)
            return row

        row = self._with_index(work)
        return None if row is None else _entry(self.folder, row)

    def search(
        self,
        text: str = "",
        *,
        state: CaseState | None = None,
        since: str = "",
        until: str = "",
        person: str = "",
        flag: str = "",
    ) -> list[CaseEntry]:
        """Cases, newest first, as of the last :meth:`refresh`.

        Parameters
        ----------
        text : str
            In case id, specimen id, file name or the form's ids.
        since, until : str
            Days or times (ISO 8601) between which the case was begun, both inclusive.
        person : str
            Part of the name of somebody who worked on it.
        flag : str
            Part of a flag; "*" for any.
        """
        found = self._with_index(self._sound_rows)
        wanted, who, flagged = (t.casefold().strip() for t in (text, person, flag))
        entries = []
        for row in found:
            entry = _entry(self.folder, row)
            where = f"{entry.case_id}\n{entry.specimen_id}\n{entry.path.name}\n{row[15]}".casefold()
            if (
                wanted in where
                and (state is None or entry.state is state)
                and (not since or entry.created >= since)
                and (not until or entry.created[: len(until)] <= until)
                and (not who or any(who in p.casefold() for p in entry.persons))
                and (not flagged or any(flagged == "*" or flagged in f.casefold() for f in entry.flags))
            ):
                entries.append(entry)
        return entries

    def films(self) -> list[Film]:
        """Whose blood every readable case holds and whether it is signed, as of the last :meth:`refresh`."""
        rows = self._with_index(self._sound_rows)
        return [film_of(_path(self.folder, row), row[18]) for row in rows if row[18]]

    def _sound_rows(self) -> list[serialization.Row]:
        """Every line, newest first; a row that is not as it was written is made anew from its case."""
        everything = "SELECT * FROM cases ORDER BY created DESC, name"
        found = self._index.execute(everything).fetchall()
        spoilt = [row for row in found if not is_sound(row)]
        if not spoilt:
            return found
        files = {index_key(self.folder, p): p for p in case_files(self.folder)}
        for row in spoilt:
            self._index.execute("DELETE FROM cases WHERE name = ?", (row[0],))
            if row[0] in files:
                self._upsert(row[0], files[row[0]])
        return [row for row in self._index.execute(everything).fetchall() if is_sound(row)]

    def _row(self, name: str | bytes) -> serialization.Row | None:
        row: serialization.Row | None = self._index.execute(
            "SELECT * FROM cases WHERE name = ?", (name,)
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
        self._with_index(lambda: self._index.execute("DELETE FROM cases WHERE name = ?", (key,)))
        return copy

    # -- the index -------------------------------------------------------------------------------------

    def _open_index(self) -> sqlite3.Connection:
        place = self.folder / INDEX_NAME
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
                if again:
                    self._refresh(None)
                return work()

    def _upsert(self, name: str | bytes, path: Path) -> None:
        stamp = stamp_of(path)
        try:
            line = self._summary(name, stamp, path)
            # what the index cannot hold must cost this line alone
            _entry(self.folder, line)
        except UserError as error:
            line = _unreadable(name, stamp, path, error)
        except Exception as error:
            _log.error("a case cannot be listed", exc_info=error)
            # Whatever one file does to this program, the others are listed.
            line = _unreadable(name, stamp, path, damaged(path, type(error).__name__))
        row = sealed(line)
        self._index.execute(f"INSERT OR REPLACE INTO cases VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608

    def _summary(self, name: str | bytes, stamp: str, path: Path) -> serialization.Row:
        if path.is_dir():
            raise UserError(
                "The folder {path} cannot be listed.",
                "You may not read it, or its disk or share does not answer. Cases in it are not listed.",
                "Check the folder's permissions and the network.",
                path=path,
            )
        with CaseStore.open(path, read_only=True) as store:
            cells, events = store.load_cells(), store.events()
            try:
                state = fold(cells, events)
            except ValueError as error:
                raise UserError("The events of {path} do not follow from each other.", path=path) from error
            ids = [state.data.fields.get(f, "") for f in self._id_fields]
            flags = list(self._flags(state, store)) if self._flags is not None else []
            if chain_was_truncated(self._index, store):
                flags.insert(0, WENT_BACK)
            where = _state_of(store, state)
            persons = sorted({e.person for e in events})
            incomplete = is_incomplete(store.runs)
            number = with_number(store.specimen, state.data.fields).id
            return (
                name,
                stamp,
                serialization.clean(store.case_id),
                serialization.clean(number),
                str(store.specimen.kind),
                serialization.clean(store.created),
                serialization.clean(events[-1].time if events else store.created),
                str(where),
                len(state) - state.absent,
                state.unidentified,
                state.reviewed,
                len(state.signatures),
                int(incomplete and where is not CaseState.ANALYSING),
                int(store.specimen.synthetic),
                serialization.to_json(persons),
                serialization.clean("\n".join(i for i in ids if i)),
                serialization.to_json(flags),
                "",
                film_line(store, state),
            )


def _state_of(store: CaseStore, state: ReviewState) -> CaseState:
    """Work out the state of a case; REVIEWED when no cell waits and a person decided on each of the 100 %."""
    if state.signed:
        return CaseState.SIGNED
    running = any(r.status is RunStatus.RUNNING for r in store.runs)
    if running and holder_of(store.path) is not None:
        return CaseState.ANALYSING
    if store.specimen.kind is SpecimenKind.COUNTER:
        return CaseState.REVIEWED if state.hand_counts else CaseState.NEW
    if not store.runs and not len(state):
        return CaseState.NEW
    counted = (c for c in store.load_cells() if state.present(c.id) and state.decision(c.id).final in COUNTED)
    if state.unidentified or not state.reviewed or not all(state.decided(c.id) for c in counted):
        return CaseState.TO_REVIEW
    return CaseState.REVIEWED


def _unreadable(name: str | bytes, stamp: str, path: Path, error: UserError) -> serialization.Row:
    return (
        name,
        stamp,
        "",
        serialization.clean(path.stem),
        "",
        "",
        "",
        str(CaseState.UNREADABLE),
        0,
        0,
        0,
        0,
        0,
        0,
        "[]",
        "",
        "[]",
        serialization.to_json({lang: serialization.clean(error.text(lang)) for lang in LANGUAGES}),
        "",
    )


def _path(folder: Path, row: serialization.Row) -> Path:
    return folder / serialization.name_from_db(row[0])


def _entry(folder: Path, row: serialization.Row) -> CaseEntry:
    words = dict(json.loads(row[17] or "{}"))
    return CaseEntry(
        path=_path(folder, row),
        case_id=row[2],
        specimen_id=row[3],
        kind=row[4],
        created=row[5],
        changed=row[6],
        state=CaseState(row[7]),
        cells=row[8],
        unidentified=row[9],
        reviewed=row[10],
        signatures=row[11],
        incomplete=bool(row[12]),
        synthetic=bool(row[13]),
        persons=tuple(json.loads(row[14])),
        flags=tuple(json.loads(row[16])),
        problem=words.get("en", ""),
        problem_words=tuple(words.items()),
    )
