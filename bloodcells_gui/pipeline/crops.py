"""Analysis of a folder of crops: one cell in the middle of every image."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    CellsFound,
    Done,
    ImagesRead,
    Progress,
    RunStatus,
    ScaleKnown,
    Skipped,
    SkippedFile,
)
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.image_messages import WIDE_CROP
from bloodcells_gui.domain.left_out import DUPLICATE
from bloodcells_gui.domain.progress import CancelToken, RateMeter
from bloodcells_gui.domain.run_messages import LOST, counted, remark
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.io.decode import LoadedImage
from bloodcells_gui.imaging.io.refusal import ImageRefused, out_of_reach
from bloodcells_gui.imaging.picture_content import pixel_digest
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.padding import picture_within, without_padding
from bloodcells_gui.pipeline.scale_check import Estimate, ScaleSample, SettledScale, settle_scale
from bloodcells_gui.pipeline.threads import POLL_S, worker_pool

SCALE_SAMPLE = 24
# Four large leukocytes side by side: what is wider is hardly the picture of one.
_WIDEST_UM = 60.0
# Cells are handed on at most this often, so that many are written in one transaction.
_GATHER_S = 0.3
# Batches waiting for a thread, read or being read: as many as keep the threads busy while a slow disk takes
# its time over a transaction, but of large images only a few.
_AHEAD_BYTES = 32 * 1024**2
_FEWEST_AHEAD, _MOST_AHEAD = 3, 8
_SMALLEST_BATCH = 4

Pixels = NDArray[np.uint8]
T = TypeVar("T")
Load = Callable[[Sequence[ImageRef]], Sequence[LoadedImage | ImageRefused]]


@dataclass(frozen=True, slots=True)
class CropsOptions:
    """How to run.

    Attributes
    ----------
    mpp : float or None
        Scale given by the person; overrides everything.
    threads : int
    batch : int
        Images per unit of work; small enough that cancelling answers within 200 ms.
    run : int
        Number of the analysis run.
    images_before, cells_before : int
        What earlier runs of the case finished and found; progress goes on from there.
    """

    mpp: float | None = None
    threads: int = 2
    batch: int = 16
    run: int = 0
    images_before: int = 0
    cells_before: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: list[tuple[Cell, CellAssets]]
    read: tuple[tuple[int, ImageRef], ...]
    skipped: tuple[SkippedFile, ...]
    done: int
    pixel_bytes: int
    digests: tuple[tuple[int, str, bytes], ...] = ()
    said: tuple[str, ...] = ()


class CropsAnalysis:
    """A cancellable stream of events over the images of one specimen.

    Parameters
    ----------
    load
        Decodes images; in the place of what cannot be used stands the refusal.
    estimate_scale
        From sampled images; the metadata is held against it, and it serves where there is none.
    """

    def __init__(
        self,
        work: CellAnalyzer,
        load: Load,
        estimate_scale: Estimate,
        options: CropsOptions,
        token: CancelToken,
    ) -> None:
        self._begun = Progress(options.images_before, 0, "images", options.cells_before, 0.0, None)
        self._work = work
        self._load = load
        self._estimate_scale = estimate_scale
        self._options = options
        self._token = token
        self._lost = False
        self._once: dict[bytes, str] | None = {}
        self._said: list[str] = []

    def events(
        self,
        images: Sequence[tuple[int, ImageRef]],
        earlier: Sequence[ImageRef] | None = (),
        unsaid: Collection[str] = (),
    ) -> Iterator[AnalysisEvent]:
        """Events in the order of `images` (index within the specimen, reference).

        A picture whose pixels came before is left out as a duplicate. `earlier` are images that were analysed
        before this run, to know their pixels too; None counts every image, whatever it shows. `unsaid` are
        the names of those of a run that was cut off before it could remark on them: this one does.
        """
        remarks: Sequence[Remark] = ()
        try:
            self._once = None if earlier is None else {}
            sizes = self._learn_pixels(earlier or (), unsaid)
            # With those of before: one wrong file must not be believed for being left alone.
            settled = self._scale([*(ref for _, ref in images), *(earlier or ())])
            remarks = settled.remarks
            self._work.image_flags = settled.flags([index for index, _ in images])
            self._work.scale_spread = settled.spread
            self._said += [
                WIDE_CROP
                for place, (widest, mpp) in sizes.items()
                if _is_wide(widest, settled.mpp(len(images) + place, mpp))
            ]
            yield ScaleKnown(settled.scale)
            yield from self._batches(images, settled)
        except Cancelled:
            yield Done(RunStatus.CANCELLED, self._record(remarks))
            return
        if self._lost:
            yield Done(RunStatus.FAILED, self._record([remark(LOST), *remarks]))
            return
        yield Done(RunStatus.COMPLETE, self._record(remarks))

    def _record(self, remarks: Sequence[Remark]) -> RunRecord:
        return RunRecord(remarks=(*remarks, *counted(self._said), *self._work.remarks()))

    def _batches(
        self, images: Sequence[tuple[int, ImageRef]], scale: SettledScale
    ) -> Iterator[AnalysisEvent]:
        threads = self._options.threads
        chunks = iter(_chunks(list(enumerate(images)), self._options.batch, threads))
        meter, done, cells = RateMeter(), 0, 0
        pool, reader = worker_pool(threads, "cells"), worker_pool(1, "images")
        pending: deque[Future[_Batch]] = deque()
        gathered: list[_Batch] = []
        handed_on, ahead = -math.inf, _FEWEST_AHEAD
        try:
            yield replace(self._begun, total=self._begun.done + len(images))

            def read_ahead() -> None:
                """One decoder reads on while the networks work on what was read before."""
                while len(pending) < threads + ahead and (chunk := next(chunks, None)):
                    loaded = reader.submit(self._loaded, [ref for _, (_, ref) in chunk])
                    pending.append(pool.submit(self._one_batch, chunk, loaded, scale))

            read_ahead()
            while pending:
                gathered.append(self._without_copies(self._wait(pending.popleft())))
                ahead = _batches_ahead(gathered[-1])
                # Before anything is handed on: it may be long in coming back from the disk.
                read_ahead()
                if pending and time.monotonic() - handed_on < _GATHER_S:
                    continue
                for file in (file for batch in gathered for file in batch.skipped):
                    self._lost |= out_of_reach(file.reason)
                    yield Skipped(file)
                if read := tuple(pair for batch in gathered for pair in batch.read):
                    yield ImagesRead(read)
                if rows := [row for batch in gathered for row in batch.rows]:
                    found, assets = zip(*rows, strict=True)
                    yield CellsFound(found, assets)
                self._said += [notice for batch in gathered for notice in batch.said]
                done += sum(batch.done for batch in gathered)
                cells += len(rows)
                gathered, handed_on = [], time.monotonic()
                rate = meter.update(done)
                begun, eta = self._begun, meter.eta_s(done, len(images), rate)
                yield replace(
                    begun, done=begun.done + done, total=begun.done + len(images),
                    cells=begun.cells + cells, rate=rate, eta_s=eta,
                )  # fmt: skip
        finally:
            for waiting in pending:
                waiting.cancel()
            reader.shutdown(wait=False, cancel_futures=True)
            pool.shutdown(wait=True, cancel_futures=True)
            reader.shutdown(wait=True)

    def _learn_pixels(
        self, refs: Sequence[ImageRef], unsaid: Collection[str]
    ) -> dict[int, tuple[int, float | None]]:
        """Remember the pixels of images that were analysed before, and what is to be said of the `unsaid`.

        Returns longest side (px) and stated scale (um per px) of the latter, by their place among `refs`.
        """
        sizes: dict[int, tuple[int, float | None]] = {}
        for at in range(0, len(refs), self._options.batch):
            chunk = refs[at : at + self._options.batch]
            for place, (ref, image) in enumerate(zip(chunk, self._loaded(chunk), strict=True), at):
                if self._once is None or isinstance(image, ImageRefused):
                    continue
                self._once.setdefault(pixel_digest(image.rgb), ref.name)
                if ref.name in unsaid:
                    self._said += image.notices
                    sizes[place] = max(image.rgb.shape[:2]), image.info.mpp or ref.mpp
        return sizes

    def _without_copies(self, batch: _Batch) -> _Batch:
        """The batch without pictures that came before; called in the order of the images."""
        copies: dict[int, SkippedFile] = {}
        for index, name, digest in batch.digests:
            first = name if self._once is None else self._once.setdefault(digest, name)
            if first != name:
                copies[index] = SkippedFile(name, DUPLICATE.format(name=first))
        if not copies:
            return batch
        return replace(
            batch,
            rows=[row for row in batch.rows if row[0].image not in copies],
            read=tuple(pair for pair in batch.read if pair[0] not in copies),
            skipped=(*batch.skipped, *copies.values()),
        )

    def _loaded(self, refs: Sequence[ImageRef]) -> Sequence[LoadedImage | ImageRefused]:
        self._token.check()
        return self._load(refs)

    def _wait(self, future: Future[T]) -> T:
        while True:
            self._token.check()
            try:
                return future.result(timeout=POLL_S)
            except FutureTimeout:
                if future.done():
                    raise

    def _one_batch(
        self,
        chunk: Sequence[tuple[int, tuple[int, ImageRef]]],
        loaded: Future[Sequence[LoadedImage | ImageRefused]],
        scale: SettledScale,
    ) -> _Batch:
        places: list[CellPlace] = []
        read: list[tuple[int, ImageRef]] = []
        skipped: list[SkippedFile] = []
        digests: list[tuple[int, str, bytes]] = []
        said: list[str] = []
        refs = [ref for _, (_, ref) in chunk]
        # Where decoding takes longer than the networks do, whoever waits for images reads them himself.
        wait([loaded], POLL_S)
        decoded = self._loaded(refs) if loaded.cancel() else self._wait(loaded)
        for (place, (index, ref)), image in zip(chunk, decoded, strict=True):
            if isinstance(image, ImageRefused):
                skipped.append(SkippedFile(ref.name, image.reason()))
                continue
            digests.append((index, ref.name, pixel_digest(image.rgb)))
            said += image.notices
            height, width = image.rgb.shape[:2]
            mpp = image.info.mpp or ref.mpp  # the latter may stand beside the file
            read.append((index, replace(ref, sha256=image.sha256, size_px=(width, height), mpp=mpp)))
            used = scale.mpp(place, mpp) or float("nan")
            if _is_wide(max(width, height), used):
                said.append(WIDE_CROP)
            places.append(_place(index, image.rgb, used))
        self._token.check()
        rows = self._work.process(places, run=self._options.run)
        pixel_bytes = sum(place.pixels.nbytes for place in places)
        return _Batch(rows, tuple(read), tuple(skipped), len(chunk), pixel_bytes, tuple(digests), tuple(said))

    def _scale(self, refs: Sequence[ImageRef]) -> SettledScale:
        """One scale for the specimen: the person's, else the metadata's, else from sampled images."""

        def look(places: Sequence[int]) -> dict[int, ScaleSample]:
            loaded = self._loaded([refs[p] for p in places]) if places else ()
            self._token.check()
            return {
                p: ScaleSample(
                    without_padding(image.rgb), image.info.mpp or refs[p].mpp, image.info.unparsed_scale_text
                )
                for p, image in zip(places, loaded, strict=True)
                if not isinstance(image, ImageRefused)  # reported when its turn comes
            }

        settled = settle_scale(
            [ref.name for ref in refs],
            [ref.mpp for ref in refs],
            look,
            self._estimate_scale,
            person=self._options.mpp,
            sample=SCALE_SAMPLE,
            sizes=[ref.size_px for ref in refs],
        )
        if settled is not None:
            return settled
        if self._options.mpp:
            return SettledScale(ScaleEstimate(self._options.mpp, ScaleSource.PERSON))
        return SettledScale(ScaleEstimate(None, ScaleSource.UNKNOWN, warning=N_("No image could be read.")))


def _is_wide(longest_px: int, mpp: float | None) -> bool:
    """Whether a picture shows more than one cell needs; False where its scale is not known."""
    return (mpp or float("nan")) * longest_px > _WIDEST_UM


def _place(index: int, rgb: Pixels, mpp: float) -> CellPlace:
    """The cell in the middle of a picture, its padding left out."""
    height, width = rgb.shape[:2]
    left, top, right, bottom = picture_within(rgb)
    if (left, top, right, bottom) == (0, 0, width, height):
        return CellPlace(index, rgb, (0.0, 0.0), (width / 2, height / 2), mpp)
    return CellPlace(
        index,
        rgb[top:bottom, left:right],
        (float(left), float(top)),
        ((right - left) / 2, (bottom - top) / 2),
        mpp,
        size_px=(width, height),
        padded=True,
    )


def _batches_ahead(like: _Batch) -> int:
    """How many batches may wait for a thread when they are like this one."""
    each = max(1, like.pixel_bytes)
    return max(_FEWEST_AHEAD, min(_MOST_AHEAD, _AHEAD_BYTES // each))


def _chunks(images: Sequence[T], size: int, threads: int) -> list[Sequence[T]]:
    """`images` in batches of `size`, but for smaller ones at both ends.

    The first of each thread are soon read, each twice as large as the one before, and the last ones let all
    threads end at about the same time.
    """
    least = min(size, _SMALLEST_BATCH)
    found: list[Sequence[T]] = []
    at = 0
    while at < len(images):
        begun = min(size, least * 2 ** min(10, len(found) // threads))
        shared = math.ceil((len(images) - at) / (2 * threads))
        n = max(least, min(begun, shared))
        found.append(images[at : at + n])
        at += n
    return found
