from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from bloodcells_gui.domain.analysis import (
    CellsFound,
    Done,
    ImagesRead,
    Progress,
    RunStatus,
    ScaleKnown,
    Skipped,
)
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED, FLAG_WAITS_FOR_SCALE
from bloodcells_gui.domain.flat_record import notice_of
from bloodcells_gui.domain.image_messages import PROFILE_APPLIED, WIDE_CROP
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import remark, remarks_text, run_remarks
from bloodcells_gui.domain.scale_messages import NO_SCALE
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.io.decode import LoadedImage, load_image
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.crops import CropsAnalysis, CropsOptions, _Batch, _batches_ahead, _chunks
from tests.support.doubles import PlainClassifier, PlainSegmenter, draw_cell

CODES = ("SNE", "LY", "EO")


@pytest.fixture
def folder(tmp_path: Path) -> list[tuple[int, ImageRef]]:
    refs = []
    for i in range(40):
        path = tmp_path / f"c{i}.png"
        cv2.imwrite(str(path), draw_cell(CODES[i % 3])[..., ::-1])
        refs.append((i, ImageRef(path.name, path)))
    return refs


def load(refs: Sequence[ImageRef]) -> list[LoadedImage | ImageRefused]:
    found: list[LoadedImage | ImageRefused] = []
    for ref in refs:
        try:
            found.append(load_image(ref.path, name=ref.name))
        except ImageRefused as e:
            found.append(e)
    return found


def analysis(
    classifier: PlainClassifier | None = None, token: CancelToken | None = None, **options
) -> CropsAnalysis:
    work = CellAnalyzer(classifier or PlainClassifier(), PlainSegmenter(), measure)
    return CropsAnalysis(
        work,
        load,
        lambda sample, _stated: ScaleEstimate(0.107, ScaleSource.RED_CELLS, 0.03, len(sample)),
        CropsOptions(threads=2, batch=8, **options),
        token or CancelToken(),
    )


def test_every_image_gives_one_cell_in_order(folder) -> None:
    events = list(analysis().events(folder))
    assert isinstance(events[0], ScaleKnown)
    assert events[-1] == Done(RunStatus.COMPLETE)
    cells = [c for e in events if isinstance(e, CellsFound) for c in e.cells]
    assert [c.image for c in cells] == list(range(40))
    assert [c.predicted for c in cells] == [CODES[i % 3] for i in range(40)]
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert (last.done, last.total, last.cells) == (40, 40, 40)


def test_hash_size_and_scale_of_every_image_become_known(folder) -> None:
    read = [p for e in analysis().events(folder) if isinstance(e, ImagesRead) for p in e.images]
    assert [i for i, _ in read] == list(range(40))
    assert all(len(r.sha256) == 64 and r.size_px == (256, 256) for _, r in read)


def test_one_bad_file_is_skipped_with_its_reason_and_the_rest_goes_on(folder, tmp_path) -> None:
    folder[5][1].path.write_bytes(b"not an image")
    folder[6][1].path.unlink()
    events = list(analysis().events(folder))
    skipped = [e.file for e in events if isinstance(e, Skipped)]
    assert [s.path for s in skipped] == ["c5.png", "c6.png"]
    assert all(s.reason for s in skipped)
    assert sum(len(e.cells) for e in events if isinstance(e, CellsFound)) == 38


def test_what_became_known_of_images_comes_right_before_their_cells(folder) -> None:
    """So that the recorder writes both in one transaction."""
    folder[5][1].path.write_bytes(b"not an image")
    events = list(analysis().events(folder))
    for before, event in pairwise(events):
        if isinstance(event, CellsFound):
            assert isinstance(before, ImagesRead)
            assert [i for i, _ in before.images] == [c.image for c in event.cells]


def test_batches_are_handed_on_together_but_the_first_at_once(folder) -> None:
    found = [e for e in analysis().events(folder) if isinstance(e, CellsFound)]
    assert len(found[0].cells) == 4
    assert len(found) < len(_chunks(folder, 8, 2))


def test_one_wrong_file_of_twelve_waits_for_its_scale_and_the_others_are_named(folder, tmp_path) -> None:
    told = dict.fromkeys(range(12), 0.107) | {5: 0.272}
    images = [(i, replace(ref, mpp=told[i])) for i, ref in folder[:12]]

    def load_told(refs: Sequence[ImageRef]) -> list[LoadedImage | ImageRefused]:
        return [
            replace(image, info=replace(image.info, mpp=ref.mpp))
            for ref, image in zip(refs, load(refs), strict=True)
            if isinstance(image, LoadedImage)
        ]

    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure)
    run = CropsAnalysis(
        work,
        load_told,
        lambda *_: ScaleEstimate(0.107, ScaleSource.RED_CELLS, 0.03, 40),
        CropsOptions(threads=2, batch=8),
        CancelToken(),
    )
    events = list(run.events(images))
    cells = [c for e in events if isinstance(e, CellsFound) for c in e.cells]
    assert [c.image for c in cells if c.abstained] == [5]
    assert cells[5].flags[0] == FLAG_SCALE_CONTRADICTED
    assert {c.mpp for c in cells} == {0.107}
    assert "(“c5.png”)" in notice_of(events[-1].record.remarks)


def test_a_wrong_file_that_an_interrupted_run_left_over_is_not_believed_alone(folder) -> None:
    refs = [replace(ref, mpp=0.272 if i == 5 else 0.107) for i, ref in folder[:12]]

    def load_told(wanted: Sequence[ImageRef]) -> list[LoadedImage | ImageRefused]:
        return [
            replace(image, info=replace(image.info, mpp=ref.mpp))
            for ref, image in zip(wanted, load(wanted), strict=True)
            if isinstance(image, LoadedImage)
        ]

    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure)
    nothing_seen = ScaleEstimate(None, ScaleSource.UNKNOWN)
    run = CropsAnalysis(work, load_told, lambda *_: nothing_seen, CropsOptions(threads=2), CancelToken())
    events = list(run.events([(5, refs[5])], [ref for i, ref in enumerate(refs) if i != 5]))
    (cell,) = (c for e in events if isinstance(e, CellsFound) for c in e.cells)
    assert cell.abstained
    assert FLAG_SCALE_CONTRADICTED in cell.flags


def test_without_any_scale_no_cell_is_named(folder) -> None:
    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure)
    unknown = ScaleEstimate(None, ScaleSource.UNKNOWN)
    run = CropsAnalysis(work, load, lambda *_: unknown, CropsOptions(threads=2), CancelToken())
    events = list(run.events(folder))
    cells = [c for e in events if isinstance(e, CellsFound) for c in e.cells]
    assert all(c.abstained and FLAG_WAITS_FOR_SCALE in c.flags for c in cells)
    assert events[-1].record.remarks == (remark(NO_SCALE),)


def test_what_is_to_be_said_of_how_images_were_read_is_counted_in_the_runs_remark(folder) -> None:
    def noted(wanted: Sequence[ImageRef]) -> list[LoadedImage | ImageRefused]:
        return [
            replace(image, notices=(PROFILE_APPLIED,))
            if isinstance(image, LoadedImage) and ref is not folder[0][1]
            else image
            for image, ref in zip(load(wanted), wanted, strict=True)
        ]

    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure)
    scale = ScaleEstimate(0.107, ScaleSource.RED_CELLS, 0.03, 1)
    options = CropsOptions(threads=2, batch=8)
    (*_, done) = CropsAnalysis(work, noted, lambda *_: scale, options, CancelToken()).events(folder)
    assert isinstance(done, Done)
    assert f"Images converted from their colour profile to sRGB: {len(folder) - 1}." in notice_of(
        done.record.remarks
    )
    (applied,) = [r for r in run_remarks([done]) if r.text == PROFILE_APPLIED]
    assert applied.params == (("count", str(len(folder) - 1)),)
    assert "converties" in remarks_text(done.record.remarks, "fr")


def test_images_as_wide_as_fields_are_told(folder, tmp_path) -> None:
    for i, (_, ref) in enumerate(folder[:3]):
        wide = cv2.copyMakeBorder(draw_cell(CODES[i]), 0, 0, 200, 200, cv2.BORDER_REFLECT)  # 70 um
        cv2.imwrite(str(ref.path), wide[..., ::-1])
    done = list(analysis().events(folder))[-1]
    assert isinstance(done, Done)
    assert [(r.text, r.params, r.severity) for r in done.record.remarks] == [
        (WIDE_CROP, (("count", "3"),), "warning")
    ]


def test_batches_are_small_at_both_ends() -> None:
    """Threads begin soon and end together; nothing is left out, and nothing exceeds the batch."""
    sizes = [len(c) for c in _chunks(range(512), 16, 2)]
    assert sizes[:6] == [4, 4, 8, 8, 16, 16]
    assert sizes[-1] <= 4
    assert max(sizes) == 16
    assert sizes.count(16) > 25
    for n in (0, 1, 3, 17, 100, 512):
        for size, threads in ((16, 2), (16, 8), (2, 1), (1, 1)):
            chunks = _chunks(range(n), size, threads)
            assert [i for c in chunks for i in c] == list(range(n))
            assert all(0 < len(c) <= size for c in chunks)


def test_reading_goes_on_while_cells_are_written(folder) -> None:
    """Whoever takes the cells may be long at the disk; the workers must not run out of images meanwhile."""
    asked: list[str] = []

    def noted(refs: Sequence[ImageRef]) -> list[LoadedImage | ImageRefused]:
        asked.extend(ref.name for ref in refs)
        return load(refs)

    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure)
    options = CropsOptions(mpp=0.107, threads=1, batch=4)
    run = CropsAnalysis(work, noted, lambda *_: ScaleEstimate(0.1, ScaleSource.PRIOR), options, CancelToken())
    events = run.events(folder)
    next(e for e in events if isinstance(e, CellsFound))
    until = time.monotonic() + 10.0
    # Those that the scale is seen by were asked for before: the last ones tell.
    while len(set(asked)) < 40 and time.monotonic() < until:
        time.sleep(0.01)
    # The batch in hand, and one for each of the thread and the eight waiting.
    assert len(set(asked)) == 40
    events.close()


def test_fewer_batches_of_large_images_wait() -> None:
    def ahead(side_px: int) -> int:
        return _batches_ahead(_Batch([], (), (), 16, 16 * 3 * side_px**2))

    assert [ahead(side) for side in (0, 264, 575, 20_000)] == [8, 8, 3, 3]
    assert 3 < ahead(400) < 8


def test_where_reading_ahead_is_late_the_workers_read_themselves(folder) -> None:
    readers: list[str] = []
    asked: list[str] = []

    def slow(refs: Sequence[ImageRef]) -> list[LoadedImage | ImageRefused]:
        readers.append(threading.current_thread().name)
        asked.extend(ref.name for ref in refs)
        time.sleep(0.3)
        return load(refs)

    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure)
    options = CropsOptions(mpp=0.107, threads=2, batch=8)
    run = CropsAnalysis(work, slow, lambda *_: ScaleEstimate(0.1, ScaleSource.PRIOR), options, CancelToken())
    cells = [c for e in run.events(folder) if isinstance(e, CellsFound) for c in e.cells]
    assert [c.image for c in cells] == list(range(40))
    assert set(asked) == {ref.name for _, ref in folder}  # some twice: the scale is looked at first
    assert {name.partition("_")[0] for name in readers} - {threading.current_thread().name} == {
        "images",
        "cells",
    }


def test_the_persons_scale_wins(folder) -> None:
    events = list(analysis(mpp=0.2).events(folder))
    assert events[0] == ScaleKnown(ScaleEstimate(0.2, ScaleSource.PERSON))
    cells = [c for e in events if isinstance(e, CellsFound) for c in e.cells]
    assert {c.mpp for c in cells} == {0.2}


def test_cancelling_answers_quickly_and_keeps_what_was_yielded(folder) -> None:
    token = CancelToken()
    classifier = PlainClassifier()
    seen = 0
    started = None
    for event in analysis(classifier, token).events(folder):
        if isinstance(event, CellsFound):
            seen += len(event.cells)
            if started is None:
                token.cancel()
                started = time.monotonic()
        last = event
    assert last == Done(RunStatus.CANCELLED)
    assert 4 <= seen < 40  # the first batch at least
    assert started is not None


def test_leaving_the_stream_stops_the_workers(folder) -> None:
    before = threading.active_count()
    stream = analysis().events(folder)
    for event in stream:
        if isinstance(event, CellsFound):
            break
    stream.close()
    assert threading.active_count() == before
