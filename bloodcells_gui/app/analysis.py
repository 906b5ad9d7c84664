"""Run an analysis into a case: results are in the case file before anyone sees them."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bloodcells_gui import __version__
from bloodcells_gui.adaptation.label_propagation import CoarsePosteriors
from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.adaptation.prior_shift import PriorShift, prior_shift_of, same_classifier
from bloodcells_gui.app.analysed_images import open_analysed, refuse_other_images
from bloodcells_gui.app.analysis_wiring import cell_analyzer, crops_analysis, scan_analysis
from bloodcells_gui.app.brightness import as_parameters, brightness_for
from bloodcells_gui.app.calibration_profiles import apply_profile
from bloodcells_gui.app.copies import DuplicateImages, find_copies
from bloodcells_gui.app.engine import Engine, default_threads
from bloodcells_gui.app.specimen_adaptation import adapt_specimen, look_of_specimen
from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    AnalysisRun,
    CellsFound,
    CellsReproposed,
    Done,
    ImagesRead,
    RunStatus,
    ScaleKnown,
    Skipped,
    SkippedFile,
)
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.left_out import is_duplicate
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.run_messages import ALIKE, COUNTED_ONCE, FOREIGN, remark, unremarked
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.domain.zones import Zones, zones_to_json_obj
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.refusal import out_of_reach
from bloodcells_gui.imaging.io.sandbox.images import interrupt
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.pipeline.crops import CropsOptions
from bloodcells_gui.pipeline.edges import counting_frame
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.storage.case import CAME_FROM, CaseStore
from bloodcells_gui.storage.write_lease import AskLease

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What a person may choose about a run."""

    mpp: float | None = None
    target_cells: int | None = None
    threads: int | None = None
    profile: str = ""
    zones: Zones = field(default_factory=dict)
    count_cut_left_top: bool = True

    def as_parameters(self) -> dict[str, str]:
        """For the run's provenance."""
        return {
            "mpp": "" if self.mpp is None else repr(self.mpp),
            "target_cells": "" if self.target_cells is None else str(self.target_cells),
            "threads": str(self.threads or default_threads()),
            "count_cut_left_top": "yes" if self.count_cut_left_top else "no",
            **({"zones": json.dumps(zones_to_json_obj(self.zones))} if self.zones else {}),
        }


def with_given_scale(options: AnalysisOptions, runs: Sequence[AnalysisRun]) -> AnalysisOptions:
    """A run that goes on keeps the scale that a person gave before, unless it is given another."""
    last = runs[-1].scale if runs else None
    if options.mpp or last is None or last.source is not ScaleSource.PERSON:
        return options
    return replace(options, mpp=last.mpp)


class AnalysisJob:
    """One run over one case.

    Parameters
    ----------
    path : Path
        The case file; opened anew in the thread that iterates `events`.
    engine : callable
        Gives the loaded models; called in the worker's thread, so that a window opens before they load.
    already_skipped : sequence of SkippedFile
        What the intake left out; recorded with the run.
    ask : callable or None
        Asks the laboratory's database for the case; not where a window has it open already.

    Attributes
    ----------
    asked_for, left_out_before
        `options` and `already_skipped` as they were given.
    """

    def __init__(
        self,
        path: Path,
        engine: Callable[[], Engine],
        options: AnalysisOptions,
        already_skipped: tuple[SkippedFile, ...] = (),
        ask: AskLease | None = None,
    ) -> None:
        self._path = path
        self._engine = engine
        self._options = self.asked_for = options
        self.left_out_before = already_skipped
        self._ask = ask
        self._skipped: list[SkippedFile] = list(already_skipped)
        self._unremarked: list[AnalysisRun] = []
        self.token = CancelToken()

    def cancel(self) -> None:
        """Ask for the end; the events finish with Done(cancelled) within a fraction of a second."""
        self.token.cancel()

    def events(self) -> Iterator[AnalysisEvent]:
        """The run's events; every CellsFound is on disk, numbered, before it is yielded."""
        engine = self._engine()
        self._profile = apply_profile(engine, self._options.profile)
        self.token.on_cancel(engine.terminate)
        self.token.on_cancel(interrupt)
        with CaseStore.open(self._path, join=True, ask=self._ask) as store, ExitStack() as opened:
            try:
                self._unremarked = unremarked(store.runs)
                if store.runs:
                    refuse_other_images(store.specimen, self.token.check)
                brightness = brightness_for(store.specimen.images, store.runs, self.token.check)
                copies = self._find_copies(store, brightness)
            except Cancelled:
                yield Done(RunStatus.CANCELLED)
                return
            self._options = with_given_scale(self._options, store.runs)
            recorder = _Recorder(store, engine, self._options, self._profile, self._skipped)
            recorder.brightness = brightness
            _log.info(
                "an analysis begins: %s, %d images, run %d, %d threads, synthetic: %s", store.specimen.kind,
                len(store.specimen.images), recorder.number, self._options.threads or default_threads(),
                store.specimen.synthetic,
            )  # fmt: skip
            try:
                source = self._source(store, engine, recorder, opened, copies)
                for event in source:
                    yield from recorder.record(self._remarked(event, copies))
            except Cancelled:
                yield from recorder.record(self._remarked(Done(RunStatus.CANCELLED), copies))
            except GeneratorExit:
                recorder.close(RunStatus.CANCELLED)
                raise
            except Exception:
                recorder.close(RunStatus.FAILED)
                yield from recorder.adapted_cells()
                raise
            except BaseException:
                recorder.close(RunStatus.FAILED)
                raise

    def _find_copies(self, store: CaseStore, brightness: SampleRange) -> DuplicateImages:
        """Images that show what another one shows, told among what is left out.

        What an earlier run left out as a copy stays left out, and is not told again.
        """
        before = {f.path: f for run in store.runs for f in run.skipped if is_duplicate(f.reason)}
        images = [(i, ref) for i, ref in enumerate(store.specimen.images) if ref.name not in before]
        done = {i for i, ref in images if ref.sha256 or ref.sampled}
        copies = find_copies(images, store.specimen.kind, done, self.token.check, brightness)
        self._skipped += copies.skipped.values()
        known = {i: before[ref.name] for i, ref in enumerate(store.specimen.images) if ref.name in before}
        copies.skipped |= known
        return copies

    def _remarked(self, event: AnalysisEvent, copies: DuplicateImages) -> AnalysisEvent:
        """The event; a run's end with a remark on copies."""
        if not isinstance(event, Done):
            return event
        lost = [file for run in self._unremarked for file in run.skipped]
        found = sum(is_duplicate(file.reason) for file in (*self._skipped, *lost))
        remarks = [remark(text, n=n) for text, n in ((COUNTED_ONCE, found), (ALIKE, copies.alike)) if n]
        return replace(event, record=replace(event.record, remarks=(*event.record.remarks, *remarks)))

    def _source(
        self,
        store: CaseStore,
        engine: Engine,
        recorder: _Recorder,
        opened: ExitStack,
        copies: DuplicateImages,
    ) -> Iterator[AnalysisEvent]:
        number, brightness = recorder.number, recorder.brightness
        threads = self._options.threads or default_threads()
        specimen = store.specimen
        frame = None
        if specimen.kind is not SpecimenKind.CROPS:
            frame = counting_frame(self._options.count_cut_left_top)
        work = cell_analyzer(engine, drawn=specimen.synthetic, frame=frame)
        if specimen.kind is SpecimenKind.CROPS:
            known = store.load_cells(as_found=True) if store.runs else []
            done = self._images_done(store, known)
            options = CropsOptions(
                self._options.mpp, threads, run=number, images_before=len(done - copies.skipped.keys()),
                cells_before=sum(cell.run >= 0 for cell in known),
            )  # fmt: skip
            crops = crops_analysis(engine, work, options, self.token, brightness)
            images = [(i, r) for i, r in enumerate(specimen.images) if i not in done | copies.skipped.keys()]
            lost = {run.number for run in self._unremarked}
            unsaid = {specimen.images[cell.image].name for cell in known if cell.run in lost}
            return crops.events(images, [r for r in specimen.images if store.runs and r.sha256], unsaid)
        found = scan_analysis(
            engine,
            work,
            specimen,
            lambda ref: open_analysed(ref, self.token.check, brightness),
            ScanOptions(
                self._options.mpp, threads, number, self._options.target_cells or 0, zones=self._options.zones
            ),
            self.token,
            earlier=[run.record for run in store.runs],
            known=store.load_cells(as_found=True) if store.runs else (),
            assets_of=store.assets,
            left_out=copies.skipped.keys(),
        )
        return opened.enter_context(closing(found))

    def _images_done(self, store: CaseStore, known: Sequence[Cell]) -> frozenset[int]:
        """Images an earlier run of this case finished: an interrupted analysis goes on behind them.

        What was out of reach then may be there again.
        """
        with_cells = {cell.image for cell in known}
        skipped = {s.path for run in store.runs for s in run.skipped if not out_of_reach(s.reason)}
        by_name = {ref.name: i for i, ref in enumerate(store.specimen.images)}
        return frozenset(with_cells | {by_name[name] for name in skipped if name in by_name})


class _Recorder:
    """Writes a run's events into the case as they come."""

    def __init__(
        self,
        store: CaseStore,
        engine: Engine,
        options: AnalysisOptions,
        profile: str,
        skipped: list[SkippedFile],
    ) -> None:
        self._store = store
        self._engine = engine
        self._options = options
        self._profile = profile
        self._skipped = skipped
        self.brightness = ITS_OWN
        self.number = len(store.runs)
        self._next_id = self._first_id = store.next_cell_id()
        self._started = self._finished = False
        self._written = 0  # of what is left out
        self._began = time.monotonic()
        self._read: ImagesRead | None = None

    def record(self, event: AnalysisEvent) -> list[AnalysisEvent]:
        """What now stands in the case of this event and the one held back before it (cells numbered).

        What became known of crops waits for the next event, which is their cells: both are then one
        transaction. Of fields and slides it is written at once, for a view waits for it.
        """
        # Of what is left out several come in a row, and the end writes its own.
        if not isinstance(event, Skipped | Done):
            self._keep_skipped()
        read, self._read = self._read, None
        if isinstance(event, CellsFound):
            cells = tuple(replace(c, id=self._next_id + i) for i, c in enumerate(event.cells))
            self._store.add_cells(self.number, cells, event.assets, read.images if read else ())
            self._next_id += len(cells)
            shown = self._engine.classifier.look_first.marked(cells, self._engine.classifier.classes)
            return [*([read] if read else []), CellsFound(shown, event.assets)]
        if read:
            self._store.set_specimen_images(read.images)
        if isinstance(event, ImagesRead) and self._store.specimen.kind is SpecimenKind.CROPS:
            self._read = event
        else:
            self._write(event)
        adapted = self.adapted_cells() if isinstance(event, Done) else []
        return [*([read] if read else []), *adapted, *([] if event is self._read else [event])]

    def _write(self, event: AnalysisEvent) -> None:
        match event:
            case ScaleKnown(scale):
                self._start(scale)
            case ImagesRead(images):
                self._store.set_specimen_images(images)
            case Skipped(file):
                self._skipped.append(file)
            case Done(status, record):
                self.close(status, record)
            case _:
                pass

    def _keep_skipped(self) -> None:
        """Write what was left out since the last time: once the run is cut off nobody knows it any more."""
        if self._started and not self._finished and len(self._skipped) > self._written:
            self._store.add_skipped(self.number, self._skipped[self._written :])
            self._written = len(self._skipped)

    def close(self, status: RunStatus, record: RunRecord | None = None) -> None:
        """Write how the run ended; harmless when done twice."""
        if self._finished:
            return
        if not self._started:
            self._start(ScaleEstimate(None, ScaleSource.UNKNOWN))
        if self._read:
            self._store.set_specimen_images(self._read.images)
            self._read = None
        self._finished = True
        prior_shift, posteriors = self._adapt_specimen()
        record = record or RunRecord()
        said = (
            None
            if prior_shift is None
            else look_of_specimen(prior_shift, drawn=self._store.specimen.synthetic)
        )
        if said is not None:
            others = tuple(r for r in record.remarks if r.text not in (FOREIGN, said.text))
            record = replace(record, remarks=(*others, said))
        self._store.finish_run(
            self.number,
            status,
            utc_now(),
            skipped=self._skipped[self._written :],
            record=record,
            adaptation=None if prior_shift is None else prior_shift.to_record(),
            posteriors=posteriors,
        )
        _log.info(
            "an analysis ends: %s, run %d, %d cells found, %d files left out, %.1f s",
            status, self.number, self._next_id - self._first_id, len(self._skipped),
            time.monotonic() - self._began,
        )  # fmt: skip

    def _adapt_specimen(self) -> tuple[PriorShift | None, CoarsePosteriors | None]:
        """Adapt all cells that this classifier named in the case; None where there is no adaptation."""
        classifier = self._engine.classifier
        if not classifier.adaptation_methods:
            return None, None
        ours = next(run for run in self._store.runs if run.number == self.number)
        same = [run.number for run in self._store.runs if same_classifier(run, ours)]
        said = self._store.answers(same, len(ours.classes), classifier.dimensions, COLUMNS)
        found = adapt_specimen(said.scores, said.embeddings, said.measurements, said.held_back, classifier)
        if found is None:
            return None, None
        prior_shift, posteriors = found
        if posteriors is None:
            return prior_shift, None
        there = np.isfinite(posteriors[:, 0])
        return prior_shift, CoarsePosteriors(said.ids[there], posteriors[there])

    def adapted_cells(self) -> list[AnalysisEvent]:
        """Report the cells with their adapted proposals, where the end of the run adapted them."""
        if prior_shift_of(self._store.runs[-1].record.adaptation) is None:
            return []
        return [CellsReproposed(tuple(self._store.load_cells()))]

    def _start(self, scale: ScaleEstimate) -> None:
        self._started = True
        self._store.start_run(
            AnalysisRun(
                number=self.number,
                started=utc_now(),
                app_version=__version__,
                classes=tuple(self._engine.classifier.classes),
                measurement_names=MEASUREMENTS,
                bundles=self._engine.identities(),
                provider=self._engine.provider,
                parameters=self._options.as_parameters()
                | as_parameters(self.brightness)
                | self._engine.classifier.look_first.to_parameters(),
                profile=self._profile,
                scale=scale,
            )
        )


def new_case(
    path: Path, specimen: Specimen, *, case_id: str, created: str | None = None, came_from: str = ""
) -> CaseStore:
    """An empty case at `path` for `specimen`; an existing file there is never overwritten.

    `came_from` is an English template that says who made it, where no person opened the images.
    """
    return CaseStore.create(
        path,
        specimen,
        case_id=case_id,
        created=created or utc_now(),
        app_version=__version__,
        extra={CAME_FROM: came_from} if came_from else None,
    )


def run_to_end(job: AnalysisJob, listen: Callable[[AnalysisEvent], None] | None = None) -> RunStatus:
    """Iterate a job in this thread; returns how it ended."""
    status = RunStatus.FAILED
    try:
        for event in job.events():
            if listen is not None:
                listen(event)
            if isinstance(event, Done):
                status = event.status
    except Cancelled:
        return RunStatus.CANCELLED
    return status
