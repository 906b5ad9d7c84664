"""The review's state machine again, over a real case file: reload means closing and opening it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings

from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import make_event
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import a_run, a_specimen
from tests.support.review_machine import NOW, Review, picture
from tests.support.rounds import rounds

NOTHING = CellAssets(b"", b"", (0.0, 0.0, 0.0))


class StoredReview(Review):
    """Every act is written before it is folded, as the session does it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "a.bcs"
        self.store = CaseStore.create(self.path, a_specimen(), case_id="c", created=NOW, app_version="0")
        self.store.start_run(a_run())
        for run in (0, -1):
            cells = [c for c in self.cells if c.run == run]
            self.store.add_cells(run, cells, [NOTHING] * len(cells))

    def do(self, kind: EventKind, cells: Any = (), **more: Any) -> None:
        before = picture(self.state)
        try:
            event = make_event(self.state, kind, "ana", tuple(cells), clock=lambda: NOW, **more)
        except ValueError:
            assert picture(self.state) == before
            return
        event = self.store.append(event)
        self.state.apply(event)
        self.events.append(event)

    def reopen(self) -> None:
        self.store.close()
        self.store = CaseStore.open(self.path)
        assert self.store.events() == self.events
        self.cells = self.store.load_cells()

    def teardown(self) -> None:
        self.reopen()
        self.reload()  # a fresh fold over what came out of the file
        assert self.store.verify() == []
        self.store.close()
        self.folder.cleanup()


StoredReview.TestCase.settings = settings(max_examples=rounds(4), stateful_step_count=15)
TestStoredReview = StoredReview.TestCase
