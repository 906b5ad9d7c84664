"""Looking at one watched folder, time after time: what is new there, what is complete, what became of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bloodcells_gui.app.arrival_check import Known, Verdict, examine
from bloodcells_gui.app.watch_cases import WatchCases
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import Cancelled, UserError, system_reason
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.settings import WatchSettings
from bloodcells_gui.domain.watching import (
    CONNECT_IT,
    TAKEN,
    FolderState,
    FolderStatus,
    WatchEntry,
    WatchState,
    WatchWords,
)
from bloodcells_gui.imaging.io.arrivals import (
    Arrival,
    ArrivalLimits,
    Entry,
    EntryKind,
    arrival,
    entries_of,
    is_being_written,
)
from bloodcells_gui.imaging.io.companions import companions
from bloodcells_gui.storage.allowed_paths import allow_network_root
from bloodcells_gui.storage.lock import CaseInUse, CaseLock
from bloodcells_gui.storage.watch_memory import WATCH_NAME, Item, WatchMemory

_log = logging.getLogger(__name__)

POLL_S = 3.0
_AGAIN_S = 30.0
# What was taken before is compared file by file in turns, so that a thousand of them cost no more than this.
_COMPARED_AT_ONCE = 25

WRITING = N_("{file} is still being written.")
_GIVEN_NAME = N_("It is taken when it has its final name.")
_CHANGING = N_("It is still changing.")
_EMPTY = N_("It is empty.")
_LINK = N_("It is a link, which is not followed.")
_SPECIAL = N_("It is no regular file.")
TOO_MUCH = N_("It holds more than {n} files or {size} TB.")
_SPLIT = N_("Open it yourself, or split it.")
TOO_MANY = N_("Only the first {n} names in the watched folder are looked at.")
_TIDY = N_("Move away what is finished.")
_UNREADABLE = N_("It cannot be read ({reason}).")
_TRIED_AGAIN = N_("It is tried again by itself.")
AWAY = N_("The watched folder {folder} cannot be read ({reason}).")
_ANOTHER_WINDOW = N_("Another window watches the folder (computer {host}, since {since}).")
_IF_OFF = N_("If that computer is off or has crashed, remove the file {file}.")
_LEFT_BY = N_("{name} left it as it is.")


@dataclass(slots=True)
class _Seen:
    """What a name looked like at the last look; `since` is when its files last changed."""

    stamp: str = ""
    since: float = 0.0
    quick: tuple[int, int, int] | None = None
    files: int = 1
    again: float = 0.0
    doubt: WatchWords | None = None


class WatchRound:
    """One folder, as long as it is watched. :meth:`look` and acts are called by one thread at a time.

    Attributes
    ----------
    at_work : bool
        It reads files now, which may take long.
    """

    def __init__(
        self,
        workspace: Workspace,
        cases: WorkList,
        settings: WatchSettings,
        clock: Callable[[], float],
        limits: ArrivalLimits | None = None,
    ) -> None:
        self.folder = Path(settings.folder.strip()).expanduser().absolute()
        self.generation = 0
        self.at_work = False
        self.status = FolderStatus(FolderState.WATCHED, self.folder)
        self._settle_s = settings.settle_s
        self._clock = clock
        self._limits = limits or ArrivalLimits()
        # Of this station alone, and no database of SQLite belongs on a share.
        ours = workspace.folder.where().mark
        self._memory_file = (workspace.home if ours else workspace.cases_dir) / WATCH_NAME
        self._memory: WatchMemory | None = None
        self._lock: CaseLock | None = None
        self._cases = WatchCases(workspace, cases, self.folder)
        self._items: dict[str, Item] = {}
        self._seen: dict[str, _Seen] = {}
        self._wanted: set[str] = set()
        self._shown: dict[str, WatchEntry] = {}
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._owners: tuple[object, dict[Path, Path]] = (None, {})
        self._compared = self._looks = 0
        allow_network_root(self.folder)

    # -- for other threads -----------------------------------------------------------------------------

    def entries(self) -> list[WatchEntry]:
        """What lies in the folder, in the order of the names."""
        with self._guard:
            return sorted(self._shown.values(), key=lambda e: e.name)

    def want(self, names: Sequence[str]) -> None:
        """Take these at the next look, whatever spoke against it."""
        with self._guard:
            self._wanted.update(names)

    def end(self) -> None:
        """Stop at the next step of a look."""
        self._ended.set()

    def failed(self, words: WatchWords) -> None:
        """Say that a look came to no end."""
        self._say(FolderStatus(FolderState.AWAY, self.folder, words))

    def release(self) -> None:
        """Let go of the memory, and let another window watch."""
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def _check(self) -> None:
        if self._ended.is_set():
            raise Cancelled

    # -- one look --------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look at every name once, and take what is complete. Cancelled when it was ended meanwhile."""
        self._check()
        try:
            memory = self._open_memory()
        except CaseInUse as error:
            values = (("host", error.holder.host or "?"), ("since", error.holder.since or "?"))
            off = (("file", f"{self._memory_file}.lock"),) if error.elsewhere else ()
            words = WatchWords(_ANOTHER_WINDOW, "", _IF_OFF if off else "", (*values, *off))
            self._say(FolderStatus(FolderState.ELSEWHERE, self.folder, words))
            return
        except UserError as error:
            self.failed(WatchWords.of(error))
            return
        try:
            entries, more = entries_of(self.folder, self._limits)
        except OSError as error:
            self._is_away(error)
            return
        self._follow(memory)
        here = self._without_companions(entries)
        with self._guard:
            for name in self._shown.keys() - {e.path.name for e in here}:
                del self._shown[name]
                self._seen.pop(name, None)
                self.generation += 1
        self._compared, self._looks = 0, self._looks + 1
        for entry in here:
            self._check()
            self._see(entry, memory)
        words = WatchWords()
        if more:
            words = WatchWords(TOO_MANY, "", _TIDY, (("n", str(self._limits.max_entries)),))
        self._say(FolderStatus(FolderState.WATCHED, self.folder, words))

    def _open_memory(self) -> WatchMemory:
        if self._memory is None:
            self._memory_file.parent.mkdir(parents=True, exist_ok=True)
            self._lock = CaseLock(self._memory_file)
            try:
                self._memory = WatchMemory(self._memory_file)
                self._items = self._memory.items(self.folder)
                self._go_on(self._memory)
            except BaseException:
                self.release()
                raise
        return self._memory

    def _go_on(self, memory: WatchMemory) -> None:
        """What was under way when the program ended: cases without their analysis wait for it again."""
        for item in list(self._items.values()):
            self._check()
            if item.state in (WatchState.TAKING, WatchState.QUEUED):
                state, case = self._cases.resume(item, item.case)
                if state is None:
                    memory.forget(self.folder, item.name)
                    del self._items[item.name]
                else:
                    self._keep(memory, replace(item, state=state, case=case))

    def _is_away(self, error: OSError) -> None:
        values = (("folder", str(self.folder)), ("reason", system_reason(error).text()))
        self._seen.clear()  # what comes back may be another state of the folder
        self._say(FolderStatus(FolderState.AWAY, self.folder, WatchWords(AWAY, "", CONNECT_IT, values)))

    def _follow(self, memory: WatchMemory) -> None:
        """How the analyses of the cases stand."""
        for item in [i for i in self._items.values() if i.state is WatchState.QUEUED and i.case]:
            state, words = self._cases.outcome(item)
            if state is not item.state:
                self._keep(memory, replace(item, state=state, words=words or item.words))

    def _without_companions(self, entries: list[Entry]) -> list[Entry]:
        """The entries without files, and folders of files, that belong to a slide beside them."""
        key = tuple((e.path.name, e.size, e.mtime_ns) for e in entries)
        if self._owners[0] != key:
            owned = companions([e.path for e in entries if e.kind is EntryKind.FILE])
            self._owners = key, owned
        tops = {self.folder / p.relative_to(self.folder).parts[0] for p in self._owners[1]}
        return [e for e in entries if e.path not in tops]

    def _files_of(self, entry: Entry) -> list[Path]:
        return [entry.path, *(p for p, slide in self._owners[1].items() if slide == entry.path)]

    # -- one name --------------------------------------------------------------------------------------

    def _see(self, entry: Entry, memory: WatchMemory) -> None:
        name = entry.path.name
        item, wanted = self._items.get(name), name in self._wanted
        if entry.kind in (EntryKind.LINK, EntryKind.SPECIAL):
            why = _LINK if entry.kind is EntryKind.LINK else _SPECIAL
            self._show(entry, WatchState.LEFT_OUT, WatchWords(why))
            return
        seen = self._seen.setdefault(name, _Seen(since=self._clock()))
        quick = (entry.size, entry.mtime_ns, entry.inode)
        if item is not None and not wanted and seen.quick in (None, quick):
            self._compared += 1
            if not self._is_due():
                seen.quick = quick
                self._show(entry, item.state, item.words, item)
                return
        try:
            now = arrival(self._files_of(entry), self._limits, self._check)
        except OSError as error:
            values = (("reason", system_reason(error).text()),)
            self._show(entry, WatchState.WAITING, WatchWords(_UNREADABLE, "", _TRIED_AGAIN, values))
            return
        seen.quick, seen.files = quick, now.files
        if now.stamp != seen.stamp:
            seen.stamp, seen.since, seen.doubt = now.stamp, self._clock(), None
        if item is not None and item.stamp == now.stamp and not wanted:
            self._show(entry, item.state, item.words, item)
        elif not self._still_changing(entry, now, seen, item, wanted):
            with self._guard:
                self._wanted.discard(name)
            self._settled(entry, now, seen, item, memory, wanted=wanted)

    def _is_due(self) -> bool:
        """Whether it is this item's turn to be compared file by file, though nothing speaks for a change."""
        turns = max(1, -(-len(self._items) // _COMPARED_AT_ONCE))
        return self._compared % turns == self._looks % turns

    def _still_changing(
        self, entry: Entry, now: Arrival, seen: _Seen, item: Item | None, wanted: bool
    ) -> bool:
        """Show an arrival that is not to be looked into yet."""
        words = None
        if now.files == 0:
            words = WatchWords(_EMPTY)
        elif now.too_much:
            size = f"{self._limits.max_bytes / 1024**4:g}"
            values = (("n", str(self._limits.max_files)), ("size", size))
            self._show(entry, WatchState.LEFT_OUT, WatchWords(TOO_MUCH, "", _SPLIT, values))
            return True
        elif self._clock() - seen.since < self._settle_s:
            words = WatchWords(_CHANGING)
        elif now.writing and not wanted:
            final = _GIVEN_NAME if is_being_written(now.writing) else ""
            words = WatchWords(WRITING, "", final, (("file", now.writing),))
        elif seen.doubt is not None and not wanted and self._clock() < seen.again:
            self._show(entry, WatchState.WAITING, seen.doubt)
            return True
        if words is None:
            return False
        taken = item is not None and item.state in TAKEN
        self._show(
            entry, item.state if item and taken else WatchState.SETTLING, words, item if taken else None
        )
        return True

    def _settled(
        self, entry: Entry, now: Arrival, seen: _Seen, item: Item | None, memory: WatchMemory, *, wanted: bool
    ) -> None:
        name = entry.path.name
        known = Known(item, memory.contents(self.folder, name), lambda c: self._others(memory, c, name))
        self.at_work = True
        try:
            found = examine(entry.path, known, wanted=wanted, check=self._check)
            unchanged = arrival(self._files_of(entry), self._limits, self._check).stamp == now.stamp
        except OSError:
            unchanged = False
        finally:
            self.at_work = False
        if not unchanged:  # written to meanwhile: the next look begins anew
            seen.stamp = ""
            self._show(entry, WatchState.SETTLING, WatchWords(_CHANGING))
        elif found.state is WatchState.WAITING:
            seen.doubt, seen.again = found.words, self._clock() + _AGAIN_S
            self._show(entry, found.state, found.words)
        else:
            self._decide(entry, now, item, found, memory, wanted=wanted)

    def _others(self, memory: WatchMemory, contents: frozenset[str], name: str) -> dict[str, Item]:
        """Who holds these pictures already; a loose one that is gone again holds nothing."""
        return memory.holders(
            contents,
            self.folder,
            name,
            lambda item: item.state is not WatchState.UNASSIGNED or item.name in self._shown,
        )

    def _decide(
        self,
        entry: Entry,
        now: Arrival,
        item: Item | None,
        found: Verdict,
        memory: WatchMemory,
        *,
        wanted: bool,
    ) -> None:
        case = item.case if item is not None and item.state in TAKEN else None
        if wanted and case is not None and not case.is_file():
            case = None  # a person moved or removed it: another one is made
        new = Item(entry.path.name, found.state, now.stamp, case, found.words, now.files)
        if wanted and item is not None and item.state in (WatchState.FAILED, WatchState.STOPPED) and case:
            # The case is there: its analysis goes on, or is tried again.
            try:
                self._cases.queue_again(case)
                new = replace(new, state=WatchState.QUEUED, words=WatchWords())
            except UserError as error:
                new = replace(new, state=WatchState.FAILED, words=WatchWords.of(error))
            self._keep(memory, new)
        elif found.state is WatchState.TAKING and found.intake is not None:
            self._keep(memory, replace(new, case=None), found.contents)
            try:
                new = replace(new, state=WatchState.QUEUED, case=self._cases.make(found.intake))
            except UserError as error:
                failed = replace(new, state=WatchState.FAILED, words=WatchWords.of(error), case=None)
                self._keep(memory, failed, ())
                self._show(entry, failed.state, failed.words, failed)
                return
            self._keep(memory, new)
            _log.info("taken from the watched folder: a case of %d files", now.files)
        else:
            self._keep(memory, new, found.contents)
        self._show(entry, new.state, new.words, new)

    # -- acts ------------------------------------------------------------------------------------------

    def leave(self, names: Sequence[str], who: str) -> None:
        """Ask no more about these unless they change."""
        memory = self._open_memory()
        for name in names:
            item, seen = self._items.get(name), self._seen.get(name)
            stamp = seen.stamp if seen else item.stamp if item else ""
            words = WatchWords(_LEFT_BY, params=(("name", who),))
            if item is not None and item.case is not None:
                new = replace(item, state=WatchState.DONE, stamp=stamp, words=words)
            else:
                new = Item(name, WatchState.LEFT_OUT, stamp, None, words, seen.files if seen else 1)
            self._keep(memory, new)
            self._show_named(name, new)

    def assign(self, names: Sequence[str], specimen_id: str) -> Path:
        """See :meth:`.watched_folder.WatchedFolder.assign`."""
        memory, items = self._unassigned(names)
        case = self._cases.make_of_files([self.folder / i.name for i in items], specimen_id)
        self._assigned(memory, items, case)
        return case

    def assign_to(self, names: Sequence[str], case: Path) -> None:
        """See :meth:`.watched_folder.WatchedFolder.assign_to`."""
        memory, items = self._unassigned(names)
        self._cases.add_files([self.folder / i.name for i in items], case)
        self._assigned(memory, items, case)

    def _unassigned(self, names: Sequence[str]) -> tuple[WatchMemory, list[Item]]:
        items = []
        for name in names:
            item = self._items.get(name)
            seen = self._seen.get(name)
            if item is None or item.state is not WatchState.UNASSIGNED:
                raise UserError(
                    "{name} waits for no specimen any more.", "", "Look at the list again.", name=name
                )
            if seen is not None and seen.stamp and seen.stamp != item.stamp:
                raise UserError("{name} changed meanwhile.", "", "Wait until it is complete.", name=name)
            items.append(item)
        return self._open_memory(), items

    def _assigned(self, memory: WatchMemory, items: Sequence[Item], case: Path) -> None:
        for item in items:
            new = replace(item, state=WatchState.QUEUED, case=case, words=WatchWords())
            self._keep(memory, new)
            self._show_named(item.name, new)

    # -- remembering and showing -----------------------------------------------------------------------

    def _keep(
        self, memory: WatchMemory, item: Item, contents: frozenset[str] | tuple[()] | None = None
    ) -> None:
        memory.keep(self.folder, item, contents)
        self._items[item.name] = item

    def _show_named(self, name: str, item: Item) -> None:
        with self._guard:
            if name in self._shown:
                self._shown[name] = replace(
                    self._shown[name], state=item.state, words=item.words, case=item.case
                )
                self.generation += 1

    def _show(self, entry: Entry, state: WatchState, words: WatchWords, item: Item | None = None) -> None:
        name = entry.path.name
        files = self._seen[name].files if name in self._seen else 1
        if item is not None:
            files = max(files, item.files)
        shown = WatchEntry(name, entry.path, state, files, words, item.case if item else None)
        with self._guard:
            if self._shown.get(name) != shown:
                self._shown[name] = shown
                self.generation += 1

    def _say(self, status: FolderStatus) -> None:
        if status != self.status:
            self.status = status
            self.generation += 1
