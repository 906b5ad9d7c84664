"""List the laboratory's cases by the index that its stations share in their database.

Each changed case is read by one station, and all show it. Lines are in memory, for a search at every key;
:meth:`SharedWorklist.news` takes over what others wrote. While the database does not answer, the list is this
station's own (`storage.worklist`), kept outside the share, and what it knew goes over into that.

A case that cannot be read is in no shared line: another station may be able to.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import move_case
from bloodcells_gui.storage.lab.case_folder import check_folder
from bloodcells_gui.storage.lab.case_reader import CaseReader, CasesRead, as_they_are
from bloodcells_gui.storage.lab.case_rows import CaseLine, CaseRows, key_of, name_of, stamp_of
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import Lease, Leases
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lock import holder_of
from bloodcells_gui.storage.worklist import Worklist
from bloodcells_gui.storage.worklist_files import case_files, index_key
from bloodcells_gui.storage.worklist_index import LINE_VERSION
from bloodcells_gui.storage.worklist_lines import CaseList, Known, known_line, newest_first
from bloodcells_gui.storage.worklist_rows import CaseEntry, CaseState, Flags, entry_of_row

_log = logging.getLogger(__name__)
_AT_ONCE = 16
_WAIT_S = 0.1
T = TypeVar("T")


class _Cut(Exception):
    """The database did not answer, or is of another version; `why` says so."""

    def __init__(self, why: UserError) -> None:
        super().__init__(str(why))
        self.why = why


class SharedWorklist(CaseList):
    """The cases of the laboratory's folder, as all its stations list them. Thread-safe.

    Parameters
    ----------
    pool : LabPool
        Ways to the database.
    folder : Path
        Where this station has the laboratory's folder; it is never made.
    mark : str
        Of the laboratory's folder.
    beside : Worklist
        This station's own list of the same folder, for the time without a database, and for pictures. Closed
        with this one.
    station : str
        Name by which this station holds its leases.
    flags, id_fields, target
        As for `Worklist`.
    """

    def __init__(
        self,
        pool: LabPool,
        folder: Path,
        mark: str,
        beside: Worklist,
        *,
        station: str,
        flags: Flags | None = None,
        id_fields: Sequence[str] = ("patient_id", "specimen_id"),
        target: Callable[[], int] = lambda: 0,
    ) -> None:
        self.folder = folder.absolute()
        self._pool, self._mark, self._beside, self._station = pool, mark, beside, station
        self._me = f"{station} {secrets.token_hex(8)}"
        self._target = target
        self._reader = CaseReader(self.folder, self._seen, flags=flags, id_fields=id_fields)
        # Memory, for moments only: a network that is cut keeps no search waiting.
        self._lock = threading.RLock()
        # One look at the folder, and one question for news, at a time.
        self._looking, self._asking = threading.Lock(), threading.Lock()
        self._lines_of: dict[str, CaseLine] = {}
        self._unreadable: dict[str, tuple[str, Known]] = {}
        self._known: dict[str, Known] = {}
        self._known_for = target()
        self._in_order: list[Known] | None = None
        self._change = -1
        self._changes = self._told = 0
        self._leases: dict[str, Lease] = {}
        self._at_work: frozenset[str] = frozenset()
        self._why: UserError | None = None
        self._alone = False

    def close(self) -> None:
        """Release the own list."""
        self._beside.close()

    @property
    def trouble(self) -> UserError | None:
        return self._why

    # -- the database ----------------------------------------------------------------------------------

    def _ask(self, work: Callable[[CaseRows, LabDatabase], T]) -> T:
        """Ask the database; _Cut when it does not answer."""
        try:
            with self._pool.database() as database:
                return work(CaseRows(database, LINE_VERSION, self._me, self._mark), database)
        except UserError as error:
            raise _Cut(error) from error

    def _cut(self, cut: _Cut) -> None:
        if self._why is None:
            _log.warning("the laboratory's database is not used for the work list", exc_info=cut.why)
        self._why = cut.why

    def news(self) -> bool:
        """Take over what other stations wrote and who has which case open; whether there was anything.

        Asks the database, also again after it did not answer: for a thread of its own.
        """
        before = self._why
        try:
            self._news()
        except _Cut as cut:
            self._cut(cut)
            return before is None
        if before is not None:
            self._why = None
            # What changed meanwhile was seen by the own list alone.
            self.refresh()
        told, self._told = self._told, self._changes
        return before is not None or told != self._changes

    def _news(self) -> None:
        with self._asking:
            news, leases = self._ask(
                lambda rows, database: (rows.since(self._change), Leases(database).all())
            )
            held = {x.case_key: x for x in leases if not x.expired and x.station != self._station}
            with self._lock:
                for line in news.lines:
                    self._hold(line)
                for key in news.gone:
                    self._forget(key)
                self._change = news.change
                who = {key: (lease.station, lease.reviewer) for key, lease in held.items()}
                if who != {key: (lease.station, lease.reviewer) for key, lease in self._leases.items()}:
                    self._mark_changed({*held, *self._leases})
                self._leases = held
                running = [line for line in self._lines_of.values() if line.running]
        gone = [index_key(self.folder, self._path(key)) for key in news.gone]
        if gone:
            self._beside.forget(gone)
        self._look_at_work(running)

    def _look_at_work(self, running: Sequence[CaseLine]) -> None:
        """Which analyses are under way: a killed one changes no file."""
        at_work = frozenset(
            line.key
            for line in running
            if line.seed in self._leases or holder_of(self._path(line.key)) is not None
        )
        with self._lock:
            changed, self._at_work = at_work ^ self._at_work, at_work
            for key in changed:
                self._known.pop(key, None)
                self._changed()

    # -- memory ----------------------------------------------------------------------------------------

    def _path(self, key: str) -> Path:
        return self.folder / (name_of(key) or "")

    def _changed(self) -> None:
        self._in_order = None
        self._changes += 1

    def _hold(self, line: CaseLine) -> bool:
        """Put a line into memory; False where it is none."""
        if self._lines_of.get(line.key) == line:
            return True
        try:
            known = self._to_known(line)
        except Exception as error:
            # of another program, with a digest that fits: the case is read again
            _log.warning("a line of the laboratory's index is not used", exc_info=error)
            self._forget(line.key)
            return False
        self._lines_of[line.key] = line
        self._unreadable.pop(line.key, None)
        self._known[line.key] = known
        self._changed()
        return True

    def _forget(self, key: str) -> None:
        for held in (self._lines_of, self._unreadable, self._known):
            held.pop(key, None)
        self._changed()

    def _mark_changed(self, seeds: set[str]) -> None:
        """Make the lines of these cases anew when they are shown next."""
        for key, line in self._lines_of.items():
            if line.seed in seeds:
                self._known.pop(key, None)
        self._changed()

    def _to_known(self, line: CaseLine) -> Known:
        row = (serialization.name_to_db(name_of(line.key) or ""), line.stamp, *line.row)
        entry = entry_of_row(self.folder, row, self._target())
        lease = self._leases.get(line.seed)
        if lease is not None:
            entry = replace(entry, open_at=lease.station or "?", open_by=lease.reviewer)
        if line.key in self._at_work and not entry.signed:
            entry = replace(entry, state=CaseState.ANALYSING, incomplete=False)
        return known_line(entry, row)

    def _lines(self) -> list[Known]:
        if self._change < 0 and self._why is None:
            try:
                self._news()
            except _Cut as cut:
                self._cut(cut)
        with self._lock:
            if self._alone or self._change < 0:
                return self._beside._lines()  # noqa: SLF001  # one list stands for the other
            if self._known_for != self._target():
                self._known.clear()
                self._known_for, self._in_order = self._target(), None
            if self._in_order is None:
                for key, line in self._lines_of.items():
                    if key not in self._known:
                        self._known[key] = self._to_known(line)
                unreadable = [known for _, known in self._unreadable.values()]
                self._in_order = newest_first([*self._known.values(), *unreadable])
            return self._in_order

    def _stamp_known(self, key: str) -> str | None:
        with self._lock:
            line, other = self._lines_of.get(key), self._unreadable.get(key)
        return line.stamp if line is not None else None if other is None else other[0]

    # -- looking ---------------------------------------------------------------------------------------

    def refresh(
        self, progress: Callable[[int, int], None] | None = None, *, leave_out: Path | None = None
    ) -> int:
        """As `CaseList.refresh`; a changed case is read by one station.

        Raises
        ------
        UserError
            When the folder is not there, or is not the laboratory's; nothing is forgotten then.
        """
        with self._looking:
            check_folder(self.folder, self._mark)
            try:
                if self._why is None:
                    read = self._refresh(progress, leave_out)
                    self._alone = False
                    return read
            except _Cut as cut:
                self._cut(cut)
            self._hand_over()
            read = self._beside.refresh(progress, leave_out=leave_out)
            self._alone = True
            return read

    def _refresh(self, progress: Callable[[int, int], None] | None, leave_out: Path | None) -> int:
        self._news()
        files = {key_of(self.folder, path): path for path in case_files(self.folder)}
        # Whether all of it was there: a share that went away meanwhile shows no case.
        check_folder(self.folder, self._mark)
        closed = [p for p in files.values() if p.is_dir()]
        with self._lock:
            for key in set(self._unreadable) - set(files):
                self._forget(key)
            missing = [key for key in self._lines_of if key not in files]
        self._drop([key for key in missing if not self._may_be_there(key, closed)])
        stale = {
            key: path
            for key, path in files.items()
            if path != leave_out and self._stamp_known(key) != stamp_of(path)
        }
        return self._read_all(stale, progress)

    def _may_be_there(self, key: str, closed: Sequence[Path]) -> bool:
        path = self._path(key)
        return path.exists() or any(path.is_relative_to(folder) for folder in closed)

    def _drop(self, keys: Sequence[str], *, sure: bool = False) -> None:
        if not keys:
            return
        gone = self._ask(lambda rows, _: rows.drop(keys, sure=sure))
        with self._lock:
            for key in gone:
                self._forget(key)
        self._beside.forget([index_key(self.folder, self._path(key)) for key in gone])

    def _read_all(self, stale: dict[str, Path], progress: Callable[[int, int], None] | None) -> int:
        """Read these cases, unless another station does; done when each has a line."""
        total, read = len(stale), 0
        begin = int(self._me[-4:], 16) % max(1, total)  # not all stations from the same end
        waiting = [*list(stale.items())[begin:], *list(stale.items())[:begin]]

        def tell() -> None:
            if progress is not None:
                progress(min(total - 1, total - len(waiting) + len(done)), total)

        while waiting:
            done: set[str] = set()
            for at in range(0, len(waiting), _AT_ONCE):
                tell()
                done |= self._read_some(dict(waiting[at : at + _AT_ONCE]), tell)
            read += len(done)
            self._news()
            waiting = [
                (key, path)
                for key, path in waiting
                if key not in done and self._stamp_known(key) != stamp_of(path) and path.exists()
            ]
            if waiting and not done:
                tell()
                time.sleep(_WAIT_S)
        return read

    def _read_some(self, some: dict[str, Path], tell: Callable[[], None]) -> set[str]:
        """Read those that no other station reads just now; which."""
        stamps = {key: stamp_of(path) for key, path in some.items()}
        own = {key for key, path in some.items() if name_of(key) is None or path.is_dir()}
        taken, there = self._take([(k, s) for k, s in stamps.items() if k not in own])
        read = CasesRead()
        try:
            for key, path in some.items():
                if (key in taken and key not in there) or key in own:
                    self._read(key, path, stamps[key], read)
                    tell()
        finally:  # a person may stop it: what was read is kept, the rest is free for other stations
            self._keep(read, taken)
        return {line.key for line in read.lines} | read.others

    def _take(self, stamps: Sequence[tuple[str, str]]) -> tuple[set[str], set[str]]:
        """Places that no other station reads just now, and those of them that one has read since."""
        taken = self._ask(lambda rows, _: rows.take(stamps))
        lines = self._ask(lambda rows, _: rows.lines(sorted(taken)))
        wanted = dict(stamps)
        with self._lock:
            return taken, {ln.key for ln in lines if ln.stamp == wanted[ln.key] and self._hold(ln)}

    def _keep(self, read: CasesRead, taken: set[str]) -> None:
        def put(rows: CaseRows, _: object) -> None:
            rows.put(read.lines, sorted(taken))
            for seed, end in read.ends.items():
                rows.keep_seen(seed, *end)

        if read.lines or taken:
            self._ask(put)
        with self._lock:
            for line in read.lines:
                self._hold(line)

    def _read(self, key: str, path: Path, stamp: str, read: CasesRead) -> None:
        """Read a case, without keeping a search waiting."""
        row = self._reader.read(key, path, stamp, read)
        if row is None:
            return
        with self._lock:
            self._lines_of.pop(key, None)
            self._known.pop(key, None)
            self._unreadable[key] = stamp, known_line(entry_of_row(self.folder, row), row)
            self._changed()

    def _seen(self, seed: str) -> tuple[int, str] | None:
        try:
            return self._ask(lambda rows, _: rows.seen(seed))
        except _Cut as cut:
            self._cut(cut)
            return None

    def rebuild(self) -> int:
        """Forget the index and read every case."""
        with contextlib.suppress(_Cut):
            self._drop(list(self._lines_of), sure=True)
        with self._lock:
            for key in list(self._unreadable):
                self._forget(key)
        return self.refresh()

    def entry(self, path: Path) -> CaseEntry | None:
        """The line of one case, read anew if it changed; None where there is no file."""
        if not path.is_file():
            return None
        place = path.absolute()
        if place.is_relative_to(self.folder) and self._why is None:
            with contextlib.suppress(_Cut):
                return self._entry(key_of(self.folder, place), place)
        return self._beside.entry(path)

    def _entry(self, key: str, path: Path) -> CaseEntry | None:
        self._lines()
        stamp = stamp_of(path)
        if self._stamp_known(key) != stamp:
            read = CasesRead()
            self._read(key, path, stamp, read)
            try:
                self._keep(read, set())
            except _Cut as cut:
                self._cut(cut)
                raise
        self._lines()
        with self._lock:
            if key in self._unreadable:
                return self._unreadable[key][1].entry
            known = self._known.get(key)
            return None if known is None else known.entry

    def _hand_over(self) -> None:
        """Give the own list what the laboratory's knows of the files as they are."""
        if self._alone or self._change < 0:
            return
        with self._lock:
            lines = [line for line in self._lines_of.values() if not line.running]
        self._beside.take_over(as_they_are(self.folder, lines))

    # -- pictures, moving ------------------------------------------------------------------------------

    def picture(self, path: Path, draw: Callable[[CaseStore], bytes]) -> bytes:
        """The picture of a case, kept on this station."""
        return self._beside.picture(path, draw)

    def move(self, path: Path, target_folder: Path) -> Path:
        """Move a case to another folder without loss; see `CaseList.move`."""
        copy = move_case(path, target_folder)
        with contextlib.suppress(_Cut):  # the next look at the folder finds that it is gone
            self._drop([key_of(self.folder, path.absolute())], sure=True)
        return copy
