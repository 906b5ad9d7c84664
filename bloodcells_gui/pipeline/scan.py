"""The engine under slides and fields: pieces are searched side by side, merged in order, turned into cells.

Every piece (a tile of a slide, or a whole field) is searched by one thread with single-threaded inference, so
all cores stay busy through reading as well. Merging happens in the order the source gave, and the source
learns in that order too, so the same specimen gives the same cells whatever the number of threads.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    CellsFound,
    Done,
    ImagesRead,
    Progress,
    RunStatus,
    Skipped,
)
from bloodcells_gui.domain.cell import FLAG_OUTSIDE_FRAME, Box, Cell, CellAssets
from bloodcells_gui.domain.counted_fields import CountedField, together
from bloodcells_gui.domain.detections import NUCLEATED, PLATELET
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.platelet_report import OIL_FIELD_MM2
from bloodcells_gui.domain.progress import CancelToken, RateMeter
from bloodcells_gui.domain.run_messages import LOST, NOT_REACHED, REACHED, remark
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.domain.taxonomy import COUNTED, PLATELETS
from bloodcells_gui.domain.zones import TileScanned, Zones
from bloodcells_gui.imaging.io.refusal import out_of_reach
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.deduplication import ANY_KIND, ListedBoxes
from bloodcells_gui.pipeline.giant_platelets import measured_platelet
from bloodcells_gui.pipeline.outline_overlap import Outlines
from bloodcells_gui.pipeline.outline_plausibility import check_outline_plausibility
from bloodcells_gui.pipeline.pieces import SearchResult, Source
from bloodcells_gui.pipeline.threads import POLL_S, worker_pool

_PLATELET_UM = 3.5
# So many pieces in a row that cannot be read: the file or its drive is gone.
_GIVE_UP_AFTER = 12
# At the end of the scan fewer tell the same.
_GONE_AT_THE_END = 3
LARGEST_CELL_UM = 30.0


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to run.

    Attributes
    ----------
    mpp : float or None
        Scale given by the person; overrides everything.
    threads : int
    run : int
        Number of the analysis run.
    target : int
        Stop at so many proposed leukocytes, those of earlier runs included; 0 = all.
    platelets : int or None
        So many platelets are listed as cells, those of earlier runs included, the others only tallied; None
        lists all.
    listed : int
        Platelets that earlier runs listed.
    zones : mapping of int to polygons
        Where to look, per image, full-resolution px; everywhere when empty. Images that are not named are
        left out when others are.
    batch : int
        Cells per unit of work.
    """

    mpp: float | None = None
    threads: int = 2
    run: int = 0
    target: int = 0
    platelets: int | None = None
    listed: int = 0
    zones: Zones = field(default_factory=dict)
    batch: int = 16


@dataclass(slots=True)
class _Sampled:
    """Counted on the same pieces."""

    area_mm2: float = 0.0
    red_cells: int = 0
    nucleated: int = 0
    platelets: int = 0
    fields: list[CountedField] = field(default_factory=list)

    def add(self, found: SearchResult) -> None:
        """Count a piece in, by its film."""
        film = found.area_mm2 if found.film_mm2 is None else found.film_mm2
        self.area_mm2 += film
        self.red_cells += found.red_cells
        self.nucleated += found.nucleated
        self.platelets += found.platelets
        if found.tile is not None:
            tile = found.tile
            area = round(film, 9)
            counts = found.red_cells, found.nucleated, found.platelets
            self.fields.append(CountedField(tile.image, tile.box_px, area, *counts))


@dataclass(slots=True)
class _Totals:
    cells: int = 0
    leukocytes: int = 0
    listed_platelets: int = 0
    delivered_platelets: int = 0
    pieces: int = 0
    failures: int = 0
    skipped: int = 0
    out_of_reach: bool = False
    searched_mm2: float | None = None
    sampled: _Sampled | None = None

    def counts(self) -> RunCounts:
        """What was counted so far; areas to a millionth."""
        counts = RunCounts(
            searched_mm2=None if self.searched_mm2 is None else round(self.searched_mm2, 6),
            listed_platelets=self.delivered_platelets,
        )
        found = self.sampled
        if found is None:
            return counts
        area = round(found.area_mm2, 6)
        return replace(
            counts,
            sampled_mm2=area,
            red_cells=found.red_cells,
            nucleated=found.nucleated,
            platelets=found.platelets,
            platelets_per_field=round(found.platelets / area * OIL_FIELD_MM2, 3) if area > 0 else None,
        )


@dataclass(slots=True)
class _PendingPiece:
    """A piece whose cells are being named: futures in order."""

    found: SearchResult
    nucleated: int
    platelets: int
    left: int  # cells of the batches that are nucleated
    batches: deque[Future[list[tuple[Cell, CellAssets]]]]


class Scan:
    """A cancellable stream of events.

    Parameters
    ----------
    work : CellAnalyzer
    source : Source
    known : sequence of Cell
        Cells of earlier runs of the same case; they are neither proposed again nor counted twice.
    assets_of : callable
        What the case keeps of a known cell, by its id.
    """

    def __init__(
        self,
        work: CellAnalyzer,
        source: Source,
        options: ScanOptions,
        token: CancelToken,
        known: Sequence[Cell] = (),
        assets_of: Callable[[int], CellAssets] | None = None,
    ) -> None:
        self._work = work
        self._source = source
        self._options = options
        self._token = token
        self._known = known
        self._cells_before = sum(cell.run >= 0 for cell in known)
        self._assets_of = assets_of
        self._outlines = Outlines(1.0, source.in_plane)
        self._sums = _Totals()
        self._meter = RateMeter()
        self._searching: deque[Future[SearchResult]] = deque()
        self._naming: deque[_PendingPiece] = deque()
        self._ended = False
        self._reached = False

    def events(self) -> Iterator[AnalysisEvent]:
        """The run, from ScaleKnown to Done; UserError when the specimen as a whole cannot be analysed."""
        pool = worker_pool(self._options.threads, "scan")
        try:
            try:
                yield from self._source.prepare(pool)
                self._work.image_flags = self._source.image_flags
                self._work.scale_spread = self._source.scale_spread
                yield from self._run(pool)
                yield from self._source.finish(pool, self._token)
            except Cancelled:
                pool.shutdown(wait=False, cancel_futures=True)
                yield Done(RunStatus.CANCELLED, self._record())
                return
            yield self._done()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _done(self) -> Done:
        status = RunStatus.COMPLETE
        remarks: list[Remark] = []
        if self._source_vanished:
            status = RunStatus.FAILED
            remarks.append(remark(LOST))
        target = self._options.target
        if target:
            text = REACHED if self._reached else NOT_REACHED
            remarks.insert(0, remark(text, found=self._sums.leukocytes, target=target))
        return Done(status, self._record(remarks))

    def _record(self, remarks: Sequence[Remark] = ()) -> RunRecord:
        """What the run leaves, `remarks` first."""
        record = self._source.record()
        sampled = self._sums.sampled
        return replace(
            record,
            counts=replace(self._sums.counts(), fields=record.counts.fields),
            remarks=(*remarks, *record.remarks, *self._work.remarks()),
            counted=together(sampled.fields) if sampled is not None else (),
        )

    @property
    def _source_vanished(self) -> bool:
        """Whether the images went away: their disk says so, or the last pieces, or all, could not be read."""
        sums = self._sums
        at_the_end = sums.failures >= (_GONE_AT_THE_END if self._ended else _GIVE_UP_AFTER)
        return sums.out_of_reach or at_the_end or 0 < sums.pieces == sums.skipped

    def _run(self, pool: ThreadPoolExecutor) -> Iterator[AnalysisEvent]:
        seams = ListedBoxes(LARGEST_CELL_UM / self._source.mpp)
        self._outlines = Outlines(LARGEST_CELL_UM / self._source.mpp, self._source.in_plane)
        for cell in self._known:
            # What the detector took it for was not kept, and the classifier may have named it otherwise.
            seams.add(self._source.in_plane(cell.image, _tight_box(cell)), ANY_KIND)
            self._sums.leukocytes += is_leukocyte(cell)
            if self._assets_of is not None and cell.predicted not in PLATELETS:
                self._outlines.add(cell, partial(self._assets_of, cell.id))
        self._reached = 0 < self._options.target <= self._sums.leukocytes
        self._meter = RateMeter(begun=self._done_so_far())
        yield self._progress()
        while not self._reached:
            self._submit_pieces(pool)
            if self._naming and self._head_ready():
                yield from self._emit_finished_batch()
            elif self._searching and self._searching[0].done():
                yield from self._merge(self._searching.popleft().result(), seams, pool)
            elif self._searching or self._naming:
                heads: list[Future[Any]] = []
                if self._searching:
                    heads.append(self._searching[0])
                if self._naming and self._naming[0].batches:
                    heads.append(self._naming[0].batches[0])
                wait(heads, timeout=POLL_S, return_when=FIRST_COMPLETED)
            else:
                return
            self._token.check()

    def _submit_pieces(self, pool: ThreadPoolExecutor) -> None:
        threads = self._options.threads
        if self._sums.failures >= _GIVE_UP_AFTER:
            self._ended = True
        while (
            not self._ended
            and len(self._searching) <= threads
            and len(self._naming) <= 2 * threads
            and self._source.ready()
        ):
            piece = self._source.next()
            if piece is None:
                self._ended = True
            else:
                self._searching.append(pool.submit(piece))

    def _merge(
        self, found: SearchResult, seams: ListedBoxes, pool: ThreadPoolExecutor
    ) -> Iterator[ImagesRead | Skipped]:
        """Drop what neighbours already gave and hand the rest to the classifier."""
        if found.read:
            yield ImagesRead(found.read)
        for file in found.skipped:
            yield Skipped(file)
        self._source.learn(found)
        new = [s for s in found.spots if not seams.seen(s.plane, s.kind)]
        for spot in new:
            seams.add(spot.plane, spot.kind)
        nucleated = [s for s in new if s.kind == NUCLEATED]
        platelets = [s for s in new if s.kind == PLATELET]
        listed = platelets
        if self._options.platelets is not None:
            spoken_for = self._options.listed + self._sums.listed_platelets
            listed = platelets[: max(0, self._options.platelets - spoken_for)]
        self._sums.listed_platelets += len(listed)
        places = [s.place for s in (*nucleated, *listed)]
        size = self._options.batch
        batches = deque(pool.submit(self._name, places[i : i + size]) for i in range(0, len(places), size))
        self._naming.append(_PendingPiece(found, len(nucleated), len(platelets), len(nucleated), batches))

    def _name(self, places: Sequence[CellPlace]) -> list[tuple[Cell, CellAssets]]:
        classes = self._work.classifier.classes
        rows = self._work.process(places, run=self._options.run)
        return [
            (measured_platelet(check_outline_plausibility(cell, classes), place), assets)
            for place, (cell, assets) in zip(places, rows, strict=True)
        ]

    def _head_ready(self) -> bool:
        batches = self._naming[0].batches
        return not batches or batches[0].done()

    def _emit_finished_batch(self) -> Iterator[AnalysisEvent]:
        """Hand out the oldest piece's finished batch, or close the piece."""
        head = self._naming[0]
        if head.batches:
            every = self._listed_once(head.batches.popleft().result(), head)
            rows = self._up_to_target(every)
            if rows:
                cells, assets = zip(*rows, strict=True)
                self._sums.cells += len(cells)
                self._sums.delivered_platelets += max(0, len(rows) - head.left)
                head.left = max(0, head.left - len(rows))
                yield CellsFound(cells, assets)
            if self._reached:
                # Cut short: a continued scan must search this piece again.
                self._close_piece(head, complete=not head.batches and len(rows) == len(every))
                yield self._progress()
                return
            if head.batches:
                return
        self._naming.popleft()
        self._close_piece(head, complete=True)
        if head.found.tile is not None:
            yield TileScanned(head.found.tile, head.nucleated, head.found.red_cells, head.platelets)
        yield self._progress()

    def _listed_once(
        self, rows: list[tuple[Cell, CellAssets]], head: _PendingPiece
    ) -> list[tuple[Cell, CellAssets]]:
        """Without nucleated cells whose outline is one that was listed before, from another box."""
        nucleated, rest = rows[: head.left], rows[head.left :]
        kept = []
        for cell, assets in nucleated:
            if self._outlines.has(cell, assets):
                head.left -= 1
                continue
            self._outlines.add(cell, partial(_unchanged, _outline_alone(assets)))
            kept.append((cell, assets))
        return kept + rest

    def _up_to_target(self, rows: list[tuple[Cell, CellAssets]]) -> list[tuple[Cell, CellAssets]]:
        target = self._options.target
        for i, (cell, _) in enumerate(rows):
            self._sums.leukocytes += is_leukocyte(cell)
            if 0 < target <= self._sums.leukocytes:
                self._reached = True
                return rows[: i + 1]
        return rows

    def _close_piece(self, head: _PendingPiece, complete: bool) -> None:
        sums, found = self._sums, head.found
        if not complete:
            return
        self._source.complete(found)
        sums.pieces += 1
        sums.skipped += bool(found.skipped)
        sums.out_of_reach |= any(out_of_reach(file.reason) for file in found.skipped)
        sums.failures = sums.failures + 1 if found.skipped else 0
        if found.skipped:
            return
        sums.searched_mm2 = (sums.searched_mm2 or 0.0) + found.area_mm2
        if found.red_cells >= 0:
            sums.sampled = sums.sampled or _Sampled()
            sums.sampled.add(found)

    def _done_so_far(self) -> int:
        """Leukocytes of the target, else pieces, those of earlier runs included."""
        if self._options.target:
            return min(self._sums.leukocytes, self._options.target)
        return self._source.done_before() + self._sums.pieces

    def _progress(self) -> Progress:
        target, done = self._options.target, self._done_so_far()
        total, unit = (target, "leukocytes") if target else (self._source.total(), self._source.unit)
        rate, cells = self._meter.update(done), self._cells_before + self._sums.cells
        return Progress(done, total, unit, cells, rate, self._meter.eta_s(done, total, rate))


def _unchanged(assets: CellAssets) -> CellAssets:
    return assets


def _outline_alone(assets: CellAssets) -> CellAssets:
    """What of a cell's assets is compared; the picture is not to stay in memory."""
    return replace(assets, thumbnail=b"", embedding=np.zeros(0, np.float16))


def _tight_box(cell: Cell) -> Box:
    """A cell's box; of a platelet its middle, for earlier versions drew a square of 13 um around each."""
    box, side = cell.box_px, _PLATELET_UM / cell.mpp if cell.mpp > 0 else math.inf
    if cell.predicted not in PLATELETS or max(box.width, box.height) < 2.5 * side:
        return box
    x, y = box.centre
    return Box(x - side / 2, y - side / 2, side, side)


def count_listed_platelets(earlier: Sequence[RunRecord], known: Iterable[Cell]) -> int:
    """Platelets that the runs 0, 1, ... listed as cells; estimated where one was killed."""
    listed = [record.counts.listed_platelets for record in earlier]
    untold = {number for number, count in enumerate(listed) if count is None}
    estimated = sum(cell.predicted in PLATELETS and cell.run in untold for cell in known)
    return sum(count or 0 for count in listed) + estimated


def is_leukocyte(cell: Cell) -> bool:
    """Whether the model proposes a cell that counts in the 100 %."""
    return not cell.abstained and cell.predicted in COUNTED and FLAG_OUTSIDE_FRAME not in cell.flags
