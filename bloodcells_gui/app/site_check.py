"""Site check of a case: what the laboratory may expect, which cells to name first, what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.prior_shift import same_classifier
from bloodcells_gui.app.site_check_store import expectation_for
from bloodcells_gui.app.site_readings import answers_in, light_in, stain_and_size_in
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.cell import (
    FLAG_BLURRED,
    FLAG_OUT_OF_FOCUS,
    FLAG_OUTSIDE_FRAME,
    FLAG_UNLIKE_TRAINING,
    Cell,
)
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.measurements import today_name
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.review_state import ReviewState, fold
from bloodcells_gui.domain.run_messages import without_target
from bloodcells_gui.domain.site_advice import BLURRED, SCALE_SPREAD, UNLIKE
from bloodcells_gui.domain.site_check import (
    DRAWN,
    LEAST_CELLS,
    NO_EXPECTATION,
    PROFILE_IN_USE,
    SAME_CELL,
    TOO_FEW_CELLS,
    FirstCell,
    Found,
    Judged,
    Reading,
    SiteCheck,
    first_cells,
    found_in,
    kind_of,
)
from bloodcells_gui.domain.site_expectation import Answers, Expectation
from bloodcells_gui.domain.suspicion import is_flagged
from bloodcells_gui.domain.taxonomy import NUCLEATED
from bloodcells_gui.imaging.io.own_pictures import own_jpegs
from bloodcells_gui.storage.case import CaseStore

# So many pictures are looked at for the light, and so many cells compared for being the same.
_PICTURES, _COMPARED = 80, 2000


def check_case(
    path: Path,
    *,
    expectation: Callable[[str], Expectation | None] = expectation_for,
    pause: Callable[[], None] = lambda: None,
) -> SiteCheck:
    """Read a case, reviewed or not.

    Parameters
    ----------
    path : Path
    expectation : callable
        Gives the expectation for a classifier's SHA-256.
    pause : callable
        Called now and then; may raise Cancelled.

    Raises
    ------
    UserError
        When the case is damaged, or no analysis of it came to its end.
    Cancelled
    """
    with CaseStore.open(path, read_only=True) as store:
        store.check_seals(pause)
        run = next((r for r in reversed(store.runs) if r.status is RunStatus.COMPLETE), None)
        if run is None or not run.classes:
            raise UserError(
                "There is nothing to check in this case.",
                "No analysis of it came to its end.",
                "Analyse the images first.",
                exit_code=EXIT_NOTHING_READABLE,
            )
        return _CaseReader(store, run, expectation, pause).check()


class _CaseReader:
    """Reads one case; `cells` are those of the newest run's classifier."""

    def __init__(
        self,
        store: CaseStore,
        run: AnalysisRun,
        expectation: Callable[[str], Expectation | None],
        pause: Callable[[], None],
    ) -> None:
        self._store = store
        self._run = run
        self._pause = pause
        numbers = {r.number for r in store.runs if same_classifier(r, run)}
        wanted = len(run.classes)
        everything = store.load_cells()
        self.cells = [
            c
            for c in everything
            if c.run in numbers and len(c.scores) == wanted and FLAG_OUTSIDE_FRAME not in c.flags
        ]
        pause()
        own = {c.id: c.scores for c in store.load_cells(as_found=True)}
        self._own = np.array([own[c.id] for c in self.cells], np.float32).reshape(-1, wanted)
        with store.decoding("events"):
            self._state: ReviewState = fold(everything, store.events())
        model = run.bundles.get("classify", "")
        self._expectation = None if run.profile else expectation(model.rpartition(" ")[2])

    def check(self) -> SiteCheck:
        """Everything that is said of the case."""
        run, known = self._run, self._expectation
        answers = self._answers()
        self._pause()
        first = self._first()
        self._pause()
        enough = known is not None and answers.cells >= LEAST_CELLS
        drawn = [f.id for f in first if f.why == DRAWN]
        waiting = sum(not self._judged_by_person(i) for i in drawn)
        return SiteCheck(
            specimen=self._store.specimen.id,
            kind=str(self._store.specimen.kind),
            images=len(self._store.specimen.images),
            model=run.bundles.get("classify", ""),
            profile=run.profile,
            analysed=run.started,
            answers=answers,
            readings=self._readings(),
            proposed=Counter(kind_of(c.predicted) for c in self._nucleated()),
            scale=run.scale,
            expectation=known,
            named=known.named.at(answers) if known is not None and enough else None,
            right=known.right.at(answers) if known is not None and enough else None,
            why_not=self._why_not(answers),
            remarks=without_target(run.record.remarks),
            first=tuple(first),
            decided=sum(self._judged_by_person(f.id) for f in first),
            drawn_open=waiting,
            found=self._found(drawn) if drawn and not waiting else None,
            signatures=tuple(self._state.signatures) if self._state.signed else (),
            chain_head=self._store.head(),
        )

    def _nucleated(self) -> list[Cell]:
        return [c for c in self.cells if c.predicted in NUCLEATED]

    def _why_not(self, answers: Answers) -> Reason | None:
        if self._run.profile:
            return Reason(PROFILE_IN_USE)
        if self._expectation is None:
            return Reason(NO_EXPECTATION)
        if answers.cells < LEAST_CELLS:
            return Reason(TOO_FEW_CELLS, (("n", answers.cells), ("least", LEAST_CELLS)))
        return None

    def _answers(self) -> Answers:
        return answers_in(
            self._run.classes,
            self._own,
            np.array([c.scores for c in self.cells], np.float32).reshape(self._own.shape),
            np.array([c.uncertainty for c in self.cells], np.float32),
            np.array([c.abstained for c in self.cells], np.bool_),
        )

    # -- light, stain and scale ------------------------------------------------------------------------

    def _readings(self) -> tuple[Reading, ...]:
        cells = self._nucleated()
        values = light_in(self._pictures(cells))
        values |= stain_and_size_in(self._measured("nucleus_od_red"), self._measured("cell_area_um2"))
        if cells:
            blurred = frozenset({FLAG_BLURRED, FLAG_OUT_OF_FOCUS})
            values[BLURRED] = sum(not blurred.isdisjoint(c.flags) for c in cells) / len(cells)
            values[UNLIKE] = sum(FLAG_UNLIKE_TRAINING in c.flags for c in cells) / len(cells)
        if self._run.scale is not None and self._run.scale.spread:
            values[SCALE_SPREAD] = self._run.scale.spread
        familiar: Mapping[str, tuple[float, float]] = (
            {} if self._expectation is None else self._expectation.familiar
        )
        return tuple(Reading(code, value, familiar.get(code)) for code, value in values.items())

    def _measured(self, name: str) -> NDArray[np.float32]:
        names = [today_name(n) for n in self._run.measurement_names]
        if name not in names:
            return np.zeros(0, np.float32)
        at = names.index(name)
        rows = [c.measurements[at] for c in self._nucleated() if len(c.measurements) == len(names)]
        return np.array(rows, np.float32)

    def _pictures(self, cells: Sequence[Cell]) -> list[NDArray[np.uint8]]:
        step = max(1, len(cells) // _PICTURES)
        found = []
        for data in own_jpegs(self._store.thumbnails(c.id for c in cells[::step][:_PICTURES])).values():
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
            if bgr is not None:
                found.append(np.ascontiguousarray(np.asarray(bgr, np.uint8)[..., ::-1]))
        return found

    # -- cells to name first ---------------------------------------------------------------------------

    def _first(self) -> list[FirstCell]:
        cells = {c.id: c for c in self._nucleated() if self._state.present(c.id)}
        # The same cells whenever the case is looked at, and others in another case.
        rng = np.random.default_rng(int(self._store.seed()[:16], 16))
        order = [int(i) for i in rng.permutation(np.array(sorted(cells), np.int64))]
        suspicious = frozenset(i for i, c in cells.items() if is_flagged(c))
        compared = list(dict.fromkeys([*sorted(suspicious), *order]))[:_COMPARED]
        among = [cells[i] for i in compared]
        return first_cells(among, self._alike(set(compared)), order, suspicious)

    def _alike(self, wanted: set[int]) -> dict[int, list[int]]:
        """Cells that show the same as each of `wanted`, by their embeddings."""
        ids, embeddings = self._store.embeddings()
        part = np.isin(ids, list(wanted))
        ids, rows = ids[part], embeddings[part].astype(np.float32)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        near = rows @ rows.T > SAME_CELL
        return {int(i): [int(j) for j in ids[near[k]] if j != i] for k, i in enumerate(ids)}

    # -- what became of it -----------------------------------------------------------------------------

    def _judged_by_person(self, cell_id: int) -> bool:
        return self._state.decided(cell_id)

    def _found(self, drawn: Sequence[int]) -> Found:
        """Of all cells where a person decided on each, of the drawn ones otherwise."""
        everything = all(self._judged_by_person(c.id) for c in self._nucleated())
        chosen = set(drawn)
        judged = []
        for cell in self._nucleated():
            decision = self._state.decision(cell.id)
            if (everything or cell.id in chosen) and decision.status is not Status.EXCLUDED:
                judged.append(Judged("" if cell.abstained else cell.predicted, decision.final))
        return found_in(judged, all_cells=everything)
