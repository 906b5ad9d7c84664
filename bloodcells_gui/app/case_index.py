"""The index of the laboratory's cases, for whoever asks: work list, earlier films, quality over time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bloodcells_gui.app.differential_table import counted_area, differential_of_case, may_have_area
from bloodcells_gui.app.two_persons import SECOND_PERSON, waits_in
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.rules import SMEAR, raised_rules
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.worklist import Worklist


class CaseIndex:
    """Gives the one index of a folder of cases; thread-safe.

    Everybody reads through the same object, so that a line of the index is the same whoever made it.

    Parameters
    ----------
    folder, settings : callable
        The folder of cases, and the laboratory's settings of the moment (for the flags).
    """

    def __init__(self, folder: Callable[[], Path], settings: Callable[[], LabSettings]) -> None:
        self._folder = folder
        self._settings = settings
        self._lock = threading.Lock()
        self._kept: Worklist | None = None

    def kept(self) -> Worklist:
        """The index, open until `close`; UserError when the folder cannot be made."""
        with self._lock:
            if self._kept is None:
                self._kept = self._new()
            return self._kept

    @contextmanager
    def opened(self) -> Iterator[Worklist]:
        """The index for a moment: the one that is open anyhow, else one that is closed at the end."""
        with self._lock:
            kept = self._kept
        if kept is not None:
            yield kept
            return
        with self._new() as own:
            yield own

    def close(self) -> None:
        """Release the index; it opens again when it is wanted."""
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def _new(self) -> Worklist:
        return Worklist(self._folder(), flags=self._flags, target=lambda: self._settings().target_cells)

    def _flags(self, state: ReviewState, store: CaseStore) -> list[str]:
        """What the list says of the case (English templates): a missing signature, and rules of smears."""
        settings = self._settings()
        specimen = store.specimen
        cells = store.load_cells() if may_have_area(specimen) else []
        area = counted_area(specimen, store.runs, cells)
        table = differential_of_case(state, settings, area, "full")
        same_area = area.counted(state) if area is not None else None
        raised = raised_rules(settings.rules, state.counts, table.total, table.wbc_used, same_area)
        waiting = [SECOND_PERSON] if waits_in(state, store) else []
        return [*waiting, *dict.fromkeys(r.rule.name for r in raised if r.rule.kind == SMEAR)]
