"""The index of the laboratory's cases, for whoever asks: work list, earlier films, quality over time."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from bloodcells_gui.app.case_feed import CaseFeed
from bloodcells_gui.app.case_lease import station_name
from bloodcells_gui.app.cases_folder import CasesFolder, Where
from bloodcells_gui.app.data_folders import APP_NAME
from bloodcells_gui.app.differential_table import counted_area, differential_of_case, may_have_area
from bloodcells_gui.app.two_persons import waits_in
from bloodcells_gui.domain.accounts import SECOND_PERSON_FLAG
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.rules import SMEAR, raised_rules
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lab.worklist import SharedWorklist
from bloodcells_gui.storage.worklist import Worklist
from bloodcells_gui.storage.worklist_lines import CaseList


class CaseIndex:
    """Gives the one index of a folder of cases; thread-safe.

    Everybody reads through the same object, so that a line of the index is the same whoever made it. Where
    the settings name a laboratory's database, it is the laboratory's index, and a thread follows it while it
    is kept.

    Parameters
    ----------
    folder : CasesFolder
    settings : callable
        The laboratory's settings of the moment (for the flags).
    home : Path or None
        Of the station's own data, for its own index beside that of a laboratory; None keeps it in memory.
    """

    def __init__(
        self, folder: CasesFolder, settings: Callable[[], LabSettings], *, home: Path | None = None
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._home = home
        self._lock = threading.Lock()
        self._kept: CaseList | None = None
        self._of: tuple[Where, LabPool | None] | None = None
        self._feed: CaseFeed | None = None
        self._before = 0

    def kept(self) -> CaseList:
        """The index, open until `close`; UserError when the folder cannot be made."""
        of = self._folder.where(), self._folder.lab
        with self._lock:
            if self._kept is not None and self._of == of:
                return self._kept
            former, feed = self._kept, self._feed
            self._kept, self._of = self._new(*of), of
            self._before += 1 if feed is None else feed.generation + 1
            self._feed = CaseFeed(self._kept, self._folder.ask) if of[0].shared else None
            kept = self._kept
        if feed is not None:
            feed.close()
        if former is not None:
            former.close()
        return kept

    @contextmanager
    def opened(self) -> Iterator[CaseList]:
        """The index for a moment: the one that is open anyhow, else one that is closed at the end."""
        of = self._folder.where(), self._folder.lab
        with self._lock:
            kept = self._kept if self._of == of else None
        if kept is not None:
            yield kept
            return
        with self._new(*of) as own:
            yield own

    @property
    def generation(self) -> int:
        """Goes up with whatever other stations changed in the list."""
        feed = self._feed
        return self._before + (0 if feed is None else feed.generation)

    @property
    def trouble(self) -> UserError | None:
        """Why the list is this station's own for now, though there is a laboratory; None where it is not."""
        kept = self._kept
        return None if kept is None else kept.trouble

    def touched(self, path: Path) -> None:
        """This station works on a case: others are told how it stands."""
        feed = self._feed
        if feed is not None:
            feed.touched(path)

    def close(self) -> None:
        """Release the index; it opens again when it is wanted."""
        with self._lock:
            kept, self._kept = self._kept, None
            feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()
        if kept is not None:
            kept.close()

    def _new(self, where: Where, pool: LabPool | None) -> CaseList:
        def target() -> int:
            return self._settings().target_cells

        if not where.shared:
            return Worklist(where.path, flags=self._flags, target=target)
        place = None if self._home is None else own_place(self._home, where.path)
        own = Worklist(where.path, flags=self._flags, target=target, place=place, in_memory=place is None)
        if pool is None or not where.mark:
            return own
        return SharedWorklist(
            pool, where.path, where.mark, own, station=station_name(), flags=self._flags, target=target
        )

    def _flags(self, state: ReviewState, store: CaseStore) -> list[str]:
        """What the list says of the case (English templates): a missing signature, and rules of smears."""
        settings = self._settings()
        specimen = store.specimen
        cells = store.load_cells() if may_have_area(specimen) else []
        area = counted_area(specimen, store.runs, cells)
        table = differential_of_case(state, settings, area, "full")
        same_area = area.counted(state) if area is not None else None
        raised = raised_rules(settings.rules, state.counts, table.total, table.wbc_used, same_area)
        waiting = [SECOND_PERSON_FLAG] if waits_in(state, store) else []
        return [*waiting, *dict.fromkeys(r.rule.name for r in raised if r.rule.kind == SMEAR)]


def own_place(home: Path, folder: Path) -> Path | None:
    """Where a station of a laboratory keeps its own index: with its data, unless these are on the share too.

    None where there is no such place.
    """
    place = home
    if folder.is_relative_to(home.absolute()):
        place = Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return place / f"worklist-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.sqlite"
