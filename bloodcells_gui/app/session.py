"""One open case: models' proposals, people's decisions, and what follows from both.

The person's thread owns a session. `thumbnail`, `view`, `explain` and `as_found` may be called from other
threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.prior_shift import PriorShift, prior_shift_of
from bloodcells_gui.app.acting import Acting
from bloodcells_gui.app.cell_views import CellImageCropper, CellView
from bloodcells_gui.app.differential_table import CountedArea, counted_area, differential_of_case
from bloodcells_gui.app.drafts import Drafts
from bloodcells_gui.app.earlier_films import EarlierFilms
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.manual_cells import cell_by_hand
from bloodcells_gui.app.outlines import HeldOutlines
from bloodcells_gui.app.reasons import ReasonWanted, cells_needing_reason
from bloodcells_gui.app.red_cells import CaseRedCells
from bloodcells_gui.domain import differential as diff
from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    AnalysisRun,
    CellsFound,
    CellsReproposed,
    Done,
    ImagesRead,
    ScaleKnown,
)
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.common_area import SameArea
from bloodcells_gui.domain.counting_target import counting_target
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.explanation import Explanation, MapKind
from bloodcells_gui.domain.measurements import unit_of
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review import PROPOSED_BY_HAND, Change, Decision, Event, EventKind
from bloodcells_gui.domain.review_state import BY_HAND_RUN, fold, utc_now
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD, Specimen, with_number
from bloodcells_gui.domain.suspicion import is_flagged, queue
from bloodcells_gui.imaging.io.own_pictures import validated_jpeg
from bloodcells_gui.storage.case import CAME_FROM, CaseStore

if TYPE_CHECKING:
    from bloodcells_gui.app.outbox import Outbox

_ON_CELLS = frozenset({EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.RESTORE})

_PROPOSAL = attrgetter("predicted", "probability", "uncertainty", "abstained", "suspicion")


class CaseSession(Acting):
    """An open case.

    Parameters
    ----------
    store : CaseStore
        Owned by the session from now on.
    settings : callable
        Gives the laboratory's settings of the moment.
    explainer : Explainer
        Answers why the classifier said what it said.
    author : str
        Who reviews; asked once a day.
    earlier_work : callable
        Gives the time of other work on this computer from before the program was started, "" for none.
    started : str
        When the program was started; now when empty.
    films : EarlierFilms or None
        Finds earlier films of the same patient; None compares with none.
    outbox : Outbox or None
        Is told of a signature before and after the case has it.
    kept_drafts : Path or None
        Folder for what was typed when another station takes the case over.
    """

    def __init__(
        self,
        store: CaseStore,
        *,
        settings: Callable[[], LabSettings],
        explainer: Explainer,
        author: str = "",
        clock: Callable[[], str] = utc_now,
        earlier_work: Callable[[], str] = lambda: "",
        started: str = "",
        films: EarlierFilms | None = None,
        outbox: Outbox | None = None,
        kept_drafts: Path | None = None,
    ) -> None:
        super().__init__()
        self.started = started or clock()
        self.earlier_work = earlier_work
        self.store = store
        self.came_from = store.extra.get(CAME_FROM, "")
        self._settings = settings
        self.explainer = explainer
        self.films = films
        self.outbox = outbox
        self.author = author
        self.clock = clock
        try:
            self._specimen = store.specimen
            self.cells: list[Cell] = store.load_cells()
            self._by_id: dict[int, Cell] = {c.id: c for c in self.cells}
            with store.decoding("events"):
                events = store.events()
                self.state = fold(self.cells, events)
            # Of a case open for reading the history is that of the moment, as all that is shown of it.
            self._events = events if store.read_only else None
            with store.decoding("outlines"):
                self.outlines = HeldOutlines(store, self.state)
                self.outlines.show(self._by_id, self.cells, [self._by_id[i] for i in self.state.outlines])
            self.drafts = Drafts(store, lambda: self.author, kept_drafts)
            self.views = CellImageCropper(store)
            self._area: tuple[object, CountedArea | None] | None = None
            self._flagged: list[Cell] | None = None
            self._ends, self._mixes = store.runs_ended(), self._recorded_mixes()
        except BaseException:
            store.close()  # its lock would outlive the attempt
            raise

    # ---- what is there

    @property
    def path(self) -> Path:
        """The case file."""
        return self.store.path

    @property
    def specimen(self) -> Specimen:
        """What was looked at, under its number of the moment."""
        return with_number(self._specimen, self.state.data.fields)

    @property
    def runs(self) -> list[AnalysisRun]:
        """Analysis runs so far, oldest first."""
        return self.store.runs

    @property
    def settings(self) -> LabSettings:
        """The laboratory's settings of the moment."""
        return self._settings()

    @property
    def read_only(self) -> bool:
        """Another window writes this case, or its file may not be written."""
        return self.store.read_only

    @property
    def shielded_root(self) -> Path | None:
        """Folder of images that lie on the network and are not opened, for nobody asked; None usually."""
        return self.store.shielded_root

    def cell(self, cell_id: int) -> Cell:
        """KeyError for an unknown id."""
        return self._by_id[cell_id]

    def run_of(self, cell: Cell) -> AnalysisRun | None:
        """The run that found the cell; None for cells of no run."""
        return next((r for r in self.runs if r.number == cell.run), None)

    def run_that_classified(self, cell: Cell) -> AnalysisRun | None:
        """The run whose names the cell's figures have; the last one for a cell added by hand."""
        if cell.run != BY_HAND_RUN:
            return self.run_of(cell)
        return self.runs[-1] if self.runs and len(cell.scores) == len(self.runs[-1].classes) else None

    def decision(self, cell_id: int) -> Decision:
        """What stands for the cell."""
        return self.state.decision(cell_id)

    def look_first(self) -> list[int]:
        """Ids of the cells that the program shows first and nobody has decided on, most suspicious first."""
        return queue(self.flagged, self.state)

    @cached_property
    def red_cells(self) -> CaseRedCells:
        """The red cells of the case, read when they are first asked for."""
        return CaseRedCells(self)

    @property
    def flagged(self) -> list[Cell]:
        """The cells that the program shows first, looked at or not."""
        if self._flagged is None:
            self._flagged = [c for c in self.cells if is_flagged(c)]
        return self._flagged

    def history(self, cell_id: int) -> list[Event]:
        """Everything that was done to one cell, oldest first."""
        events = self.store.events() if self._events is None else self._events
        return [e for e in events if cell_id in e.cells]

    def scores(self, cell_id: int) -> list[tuple[str, float]]:
        """Leaf codes with their calibrated probabilities, best first."""
        cell = self.cell(cell_id)
        run = self.run_that_classified(cell)
        if run is None:
            return []
        pairs = zip(run.classes, (float(p) for p in cell.scores), strict=False)
        return sorted(pairs, key=lambda p: -p[1])

    def measurements(self, cell_id: int) -> list[tuple[str, float, str]]:
        """Name, value and unit of every defined measurement."""
        cell = self.cell(cell_id)
        run = self.run_that_classified(cell)
        names: Sequence[str] = run.measurement_names if run else ()
        return [
            (name, float(value), unit_of(name))
            for name, value in zip(names, cell.measurements, strict=False)
            if np.isfinite(value)
        ]

    def as_found(self, cell_id: int) -> tuple[str, float]:
        """Class code and probability before the specimen as a whole was heard. Thread-safe."""
        return self.store.as_found(cell_id)

    def check_seals(self, pause: Callable[[], None] = lambda: None) -> None:
        """Compare the case file with its seals; UserError where it is not as it was written. Thread-safe.

        `pause` is called between batches of rows; it may wait, and raise to end the comparison.
        """
        self.store.check_seals(pause)

    # ---- pictures (thread-safe)

    def thumbnail(self, cell_id: int) -> bytes:
        """JPEG of the cell's surroundings."""
        return validated_jpeg(self.store.thumbnails([cell_id]).get(cell_id, b""))

    def view(self, cell_id: int) -> CellView:
        """The cell at full resolution with its contours, from its image where that is reachable."""
        return self.views.view(self.cell(cell_id), self.assets(cell_id))

    def assets(self, cell_id: int) -> CellAssets:
        """What the case keeps beside a cell, its mask as a person mended it. Thread-safe."""
        return self.outlines.assets(cell_id)

    def explain(
        self, cell_id: int, code: str, kind: MapKind = MapKind.OCCLUSION, cancel: CancelToken | None = None
    ) -> Explanation:
        """Explain leaf or row `code` over the thumbnail's window; raises as :meth:`Explainer.explain`."""
        kept = self.assets(cell_id)
        field_um = self.cell(cell_id).mpp * kept.crop_px[2]
        return self.explainer.explain(kept.thumbnail, kept.mask, code, field_um, kind, cancel)

    def embeddings(self) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Ids (n,) and embeddings (n, D) of the cells that have one. Thread-safe."""
        return self.store.embeddings()

    # ---- decisions: in the case file before they return

    def confirm(self, ids: Iterable[int], reason: str = "") -> Change:
        """The proposals are right."""
        return self.act(EventKind.CONFIRM, ids, reason=reason)

    def relabel(self, ids: Iterable[int], code: str, reason: str = "") -> Change:
        """The cells are of class `code`."""
        return self.act(EventKind.RELABEL, ids, code, reason=reason)

    def exclude(self, ids: Iterable[int], reason: str = "") -> Change:
        """Leave the cells out of every count."""
        return self.act(EventKind.EXCLUDE, ids, reason=reason)

    def restore(self, ids: Iterable[int], reason: str = "") -> Change:
        """Count excluded cells again."""
        return self.act(EventKind.RESTORE, ids, reason=reason)

    def add_cell(self, image: int, x: float, y: float) -> Change:
        """Add the cell at a place of an image (full-resolution px); segmented and classified, it waits.

        UserError when the image is out of reach, nothing can be measured there, or it could not be saved.
        """
        found, assets = cell_by_hand(self, self.explainer.engine(), image, (x, y))
        cell = replace(found, id=self.store.next_hand_id())
        self.store.add_cells(BY_HAND_RUN, [cell], [assets])
        self.cells.append(cell)
        self._by_id[cell.id] = cell
        self.state.add_cells([cell])
        return self.act(EventKind.ADD_CELL, (cell.id,), cell.predicted, key=PROPOSED_BY_HAND)

    def remove_cell(self, cell_id: int, reason: str = "") -> Change:
        """Take back a cell that a person added; cells of a model are excluded instead."""
        return self.act(EventKind.REMOVE_CELL, (cell_id,), reason=reason)

    def count(self, code: str, delta: int) -> Change:
        """A cell seen at the microscope, or one taken back."""
        return self.act(EventKind.COUNT, (), str(delta), key=code)

    def set_field(self, name: str, value: str) -> Change:
        """A field of the specimen or patient; :data:`SPECIMEN_ID_FIELD` corrects the specimen's number."""
        return self.act(EventKind.SET_FIELD, (), value, key=name)

    def grade(self, item: str, value: str) -> Change:
        """A morphology grade."""
        return self.act(EventKind.GRADE, (), value, key=item)

    def note(self, text: str, cells: Iterable[int] = ()) -> Change:
        """A comment for the report, on the case or on some of its cells."""
        return self.act(EventKind.NOTE, cells, text)

    def undo(self, reason: str = "") -> Change:
        """Take the last act back; an empty change when there is none."""
        return self.act(EventKind.UNDO, (), reason=reason) if self.state.can_undo else Change()

    def redo(self) -> Change:
        """Do the last undone act again; an empty change when there is none."""
        return self.act(EventKind.REDO, ()) if self.state.can_redo else Change()

    def act(
        self, kind: EventKind, cells: Iterable[int], new: str = "", *, key: str = "", reason: str = ""
    ) -> Change:
        """Do one act: checked, written to the case file, then folded and told to the listeners.

        Raises
        ------
        ReasonWanted
            When it changes what a person decided on earlier, and `reason` is empty; nothing is changed then.
        UserError
            When it is not possible or could not be saved; nothing is changed then.
        """
        ids = tuple(cells)
        if not ids and kind in _ON_CELLS:
            return Change()
        if not reason.strip() and (before := cells_needing_reason(self, kind, ids, new)):
            raise ReasonWanted(before)
        with self.store.alone():  # no run ends between the look at the proposals and the act
            seen = [self.state.label(i) for i in ids if i in self.state]
            self.catch_up()
            if kind is EventKind.CONFIRM and seen != [self.state.label(i) for i in ids if i in self.state]:
                raise UserError(
                    "This was not done.",
                    "The analysis has just ended, and the proposals were adapted to the specimen.",
                    "Look at the cells again.",
                )
            event = self.new_event(kind, ids, new, key=key, reason=reason)
            if kind is EventKind.SET_FIELD and key == SPECIMEN_ID_FIELD:
                event = replace(event, old=(self.specimen.id,))  # the first correction replaces no field
            stored = self.store.append(event)
        return self.apply_stored(stored)

    def apply_stored(self, event: Event) -> Change:
        """Fold in an event that is in the case file already."""
        change = self.state.apply(event)
        self.outlines.show(self._by_id, self.cells, [self._by_id[i] for i in change.cells])
        self.tell(change)
        return change

    # ---- analysis

    def absorb(self, event: AnalysisEvent) -> None:
        """Take in what the analysis found; it is in the case file already."""
        if isinstance(event, CellsFound):
            self.cells.extend(event.cells)
            self._flagged = None
            self._by_id.update((c.id, c) for c in event.cells)
            self.state.add_cells(event.cells)
            self.tell(Change(tuple(c.id for c in event.cells)))
        elif isinstance(event, CellsReproposed):
            self._update_proposals(event.cells)
        elif isinstance(event, ImagesRead):
            refs = list(self._specimen.images)
            for index, ref in event.images:
                refs[index] = ref
            self._specimen = replace(self._specimen, images=tuple(refs))
        elif isinstance(event, ScaleKnown | Done):
            self.store.refresh()
            self._specimen = self.store.specimen
            if isinstance(event, Done):
                self._ends, self._mixes = self.store.runs_ended(), self._recorded_mixes()

    def _recorded_mixes(self) -> list[PriorShift | None]:
        return [prior_shift_of(run.record.adaptation) for run in self.store.runs]

    def catch_up(self) -> None:
        """Proposals as the case file has them, where a run ended of which no event has come yet."""
        ends = self.store.runs_ended()
        if ends == self._ends:
            return
        self.store.refresh()
        complete = True
        if (mixes := self._recorded_mixes()) != self._mixes:
            cells = self.store.load_cells()
            complete = len(cells) == len(self.cells)
            self._update_proposals(cells)
        if complete:  # else cells are under way, and come as they were found
            self._ends, self._mixes = ends, mixes

    def _update_proposals(self, cells: Iterable[Cell]) -> None:
        """Take known cells with other proposals, and tell of those that differ."""
        changed = [
            c for c in cells if (old := self._by_id.get(c.id)) is not None and _PROPOSAL(c) != _PROPOSAL(old)
        ]
        if not changed:
            return
        self.state.repropose(changed)
        self.outlines.show(self._by_id, self.cells, changed)
        self._flagged = None
        self.tell(Change(tuple(c.id for c in changed)))

    # ---- numbers

    def differential(self, taxonomy: str | None = None) -> diff.Differential:
        """The table of the moment; `taxonomy` None takes the laboratory's roll-up."""
        return differential_of_case(self.state, self.settings, self._counted_area(), taxonomy, self.target)

    def same_area(self) -> SameArea | None:
        """What was counted on one area with leukocytes, where that is not all."""
        area = self._counted_area()
        return area.counted(self.state) if area is not None else None

    def _counted_area(self) -> CountedArea | None:
        known = len(self.cells), tuple((run.number, run.status) for run in self.runs)
        if self._area is None or self._area[0] != known:
            self._area = known, counted_area(self.specimen, self.runs, self.cells)
        return self._area[1]

    @property
    def target(self) -> int:
        """Leukocytes to count before signing; 0 for none."""
        return counting_target(self.runs, self.settings)

    # ---- plumbing

    def close(self) -> None:
        """Release the case file."""
        self.views.close()
        self.store.close()
