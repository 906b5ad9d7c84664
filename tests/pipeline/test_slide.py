"""Slides: where to look, recall, seams, targets, continuing, bad input."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
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
from bloodcells_gui.domain.cell import FLAG_EDGE, FLAG_SCALE_CONTRADICTED, Box, Cell
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.flat_record import notice_of
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import LYING_LEVELS, UNFOCUSED, remarks_text
from bloodcells_gui.domain.run_record import merged
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.domain.zones import TileScanned, ZonesRanked
from bloodcells_gui.pipeline import resume
from bloodcells_gui.pipeline.stored_quality_map import zone_tiles
from bloodcells_gui.pipeline.survey import Survey
from tests.support.slide_scan import LEUKOCYTES, matched, run, scan
from tests.support.smears import MemoryReader, Smear, empty, fill, put_cell


@pytest.fixture(scope="module")
def smear() -> Smear:
    """Monolayer in the middle, thick at the left, thin at the right, glass around."""
    s = empty(2600, 2200)
    rng = np.random.default_rng(3)
    fill(s, (150, 150, 500, 1900), rng, pitch_um=5.5, leukocytes=10)
    fill(s, (650, 150, 1200, 1900), rng, pitch_um=12, leukocytes=120, platelets=60)
    fill(s, (1850, 150, 600, 1900), rng, pitch_um=34, leukocytes=10)
    return s


def test_every_cell_is_found_once(smear: Smear) -> None:
    cells, done, events = run(MemoryReader(smear.rgb, smear.mpp, (1, 4)))
    white = [c for c in cells if c.predicted in LEUKOCYTES]
    assert matched(white, smear.of(*LEUKOCYTES), 8) == (140, 0)
    platelets = [c for c in cells if c.predicted == "PLT"]
    assert matched(platelets, smear.of("PLT"), 8) == (60, 0)
    assert done.status is RunStatus.COMPLETE
    assert isinstance(events[0], ScaleKnown)
    assert events[0].scale.source is ScaleSource.METADATA
    assert any(isinstance(e, ImagesRead) for e in events)
    assert [e for e in events if isinstance(e, Progress)][-1].done == len(
        [e for e in events if isinstance(e, TileScanned)]
    )
    assert done.record.counts.searched_mm2 == pytest.approx(2600 * 2200 * 0.16e-6, rel=0.02)
    names = {c.predicted: 0 for c in white}
    for code in names:
        assert matched([c for c in white if c.predicted == code], smear.of(code), 8)[1] == 0


def test_boxes_and_crops_are_at_full_resolution(smear: Smear) -> None:
    double = cv2.resize(smear.rgb, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    cells, _, _ = run(MemoryReader(double, 0.2, (1, 4)))
    white = [c for c in cells if c.predicted in LEUKOCYTES]
    assert matched(white, [(2 * x, 2 * y) for x, y in smear.of(*LEUKOCYTES)], 12) == (140, 0)
    assert np.median([c.box_px.width for c in white]) == pytest.approx(60, abs=6)
    assert {c.mpp for c in cells} == {0.2}


def test_very_fine_and_very_coarse_slides(smear: Smear) -> None:
    part = np.ascontiguousarray(smear.rgb[600:1100, 900:1500])
    truth = [(x - 900, y - 600) for x, y in smear.of(*LEUKOCYTES) if 920 < x < 1480 and 620 < y < 1080]
    fine = cv2.resize(part, None, fx=5, fy=5, interpolation=cv2.INTER_LINEAR)
    cells, _, _ = run(MemoryReader(fine, 0.08, (1, 2, 4)))
    inside = [c for c in cells if 100 < c.box_px.centre[0] < 2900 and 100 < c.box_px.centre[1] < 2400]
    assert matched(inside, [(5 * x, 5 * y) for x, y in truth], 30)[0] == len(truth)
    coarse = cv2.resize(part, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    cells, _, _ = run(MemoryReader(coarse, 0.4 / 0.7))
    assert matched(cells, [(0.7 * x, 0.7 * y) for x, y in truth], 8)[0] == len(truth)


def test_the_best_zone_comes_first(smear: Smear) -> None:
    _, _, events = run(MemoryReader(smear.rgb, smear.mpp, (1, 4)))
    ranked = next(e for e in events if isinstance(e, ZonesRanked))
    assert len(ranked.tiles) == len({t.key for t in ranked.tiles})
    scanned = [e.tile for e in events if isinstance(e, TileScanned)]
    middle = [abs(t.box_px[0] + t.box_px[2] / 2 - 1250) for t in scanned]
    assert middle[0] == min(middle)
    assert scanned[0].score > 0.6
    assert scanned[0].reasons == ()
    assert scanned[-1].score < scanned[0].score


def test_the_target_ends_the_scan_and_is_met_exactly(smear: Smear) -> None:
    cells, done, events = run(MemoryReader(smear.rgb, smear.mpp, (1, 4)), target=50)
    assert sum(c.predicted in LEUKOCYTES and not c.abstained for c in cells) == 50
    assert done.status is RunStatus.COMPLETE
    assert "50 leukocytes found: the target of 50 is reached" in notice_of(done.record.remarks)
    progress = [e for e in events if isinstance(e, Progress)][-1]
    assert (progress.done, progress.total, progress.unit) == (50, 50, "leukocytes")


def test_a_leukopenic_slide_says_so(smear: Smear) -> None:
    _, done, _ = run(MemoryReader(smear.rgb, smear.mpp, (1, 4)), target=400)
    assert "140 leukocytes found: the target of 400 was not reached" in notice_of(done.record.remarks)
    assert done.status is RunStatus.COMPLETE


@pytest.mark.parametrize("target", [0, 40])
def test_the_same_cells_whatever_the_threads(smear: Smear, target: int) -> None:
    def key(cells: list[Cell]) -> list[Any]:
        return [(c.box_px, c.predicted) for c in cells]

    reader = MemoryReader(smear.rgb, smear.mpp, (1, 4))
    assert key(run(reader, threads=1, target=target)[0]) == key(run(reader, threads=4, target=target)[0])


def test_a_second_run_continues_behind_the_first(smear: Smear) -> None:
    reader = MemoryReader(smear.rgb, smear.mpp, (1, 4))
    first, done, _ = run(reader, target=50)
    before = merged([done.record])
    second, done2, events = run(reader, target=0, done=before, known=first, run=1)
    progress = [e for e in events if isinstance(e, Progress)]
    assert progress[0].done > 0
    assert (progress[0].cells, progress[0].rate) == (len(first), 0.0)
    assert progress[-1].done == progress[-1].total
    assert progress[-1].done - progress[0].done == len([e for e in events if isinstance(e, TileScanned)])
    white = [c for c in first + second if c.predicted in LEUKOCYTES]
    assert matched(white, smear.of(*LEUKOCYTES), 8) == (140, 0)
    assert {c.run for c in second} == {1}
    assert done2.record.counts.searched_mm2 < 2600 * 2200 * 0.16e-6 - 0.1
    third, done3, _ = run(reader, done=merged([done.record, done2.record]), known=first + second)
    assert third == []
    assert done3.status is RunStatus.COMPLETE


def test_continuing_to_a_reached_target_adds_nothing(smear: Smear) -> None:
    reader = MemoryReader(smear.rgb, smear.mpp, (1, 4))
    first, done, _ = run(reader, target=30)
    second, again, events = run(reader, target=30, done=merged([done.record]), known=first)
    (progress,) = [e for e in events if isinstance(e, Progress)]
    assert (progress.done, progress.total, progress.rate) == (30, 30, 0.0)
    assert second == []
    assert "is reached" in notice_of(again.record.remarks)


def test_cancelling_keeps_what_was_found(smear: Smear) -> None:
    token = CancelToken()
    found: list[Cell] = []
    asked = 0.0
    for event in scan(MemoryReader(smear.rgb, smear.mpp, (1, 4)), token=token):
        if isinstance(event, CellsFound) and not token.cancelled:
            found += event.cells
            token.cancel()
            asked = time.monotonic()
        elif isinstance(event, Done):
            assert time.monotonic() - asked < 0.5
            assert event.status is RunStatus.CANCELLED
            assert found
    assert asked


@pytest.mark.parametrize("offsets", [25, pytest.param(200, marks=pytest.mark.slow)])
def test_a_field_at_random_offsets_gives_the_same_cells(offsets: int) -> None:
    """Wherever the tiles' seams fall, the same cells are found, once each."""
    rng = np.random.default_rng(11)
    field = empty(420, 420)
    fill(field, (0, 0, 420, 420), rng, pitch_um=13, leukocytes=14, platelets=8)
    truth = field.of(*LEUKOCYTES)
    canvas = np.empty((1500, 1500, 3), np.uint8)
    for n in range(offsets):
        canvas[:] = (244, 242, 240)
        # Around the corner at which four tiles meet, where every seam is.
        dx, dy = (int(v) for v in rng.integers(560, 900, 2))
        canvas[dy : dy + 420, dx : dx + 420] = field.rgb
        cells, _, _ = run(MemoryReader(canvas, 0.4), platelets=0, threads=1, batch=64)
        white = [c for c in cells if c.predicted in LEUKOCYTES]
        assert matched(white, [(x + dx, y + dy) for x, y in truth], 6) == (14, 0), (n, dx, dy)


def test_cells_cut_by_the_edge_are_flagged() -> None:
    s = empty(600, 500)
    fill(s, (0, 0, 600, 500), np.random.default_rng(1), pitch_um=14)
    put_cell(s, "LY", 300, 250)
    put_cell(s, "LY", 4, 120)
    put_cell(s, "LY", 400, 497)
    cells, _, _ = run(MemoryReader(s.rgb, 0.4))
    flagged = [c for c in cells if FLAG_EDGE in c.flags]
    assert len(cells) == 3
    assert len(flagged) == 2
    assert all(FLAG_EDGE not in c.flags for c in cells if abs(c.box_px.centre[0] - 300) < 5)
    for c in cells:
        assert c.box_px.x >= 0
        assert c.box_px.x + c.box_px.width <= 600
        assert c.box_px.y + c.box_px.height <= 500


def test_only_so_many_platelets_are_listed_and_all_are_counted(smear: Smear) -> None:
    cells, done, _ = run(MemoryReader(smear.rgb, smear.mpp, (1, 4)), platelets=10)
    assert sum(c.predicted == "PLT" for c in cells) == 10
    counts = done.record.counts
    assert counts.listed_platelets == 10
    assert counts.platelets <= 60
    assert counts.red_cells > 1500
    assert counts.platelets_per_field > 0
    assert counts.sampled_mm2 <= counts.searched_mm2


def test_a_bad_tile_is_skipped_and_the_rest_goes_on(smear: Smear) -> None:
    reader = MemoryReader(smear.rgb, smear.mpp, (1, 4))
    reader.bad = [(1200, 1000, 10, 10)]
    cells, done, events = run(reader)
    skipped = [e.file for e in events if isinstance(e, Skipped)]
    assert len(skipped) in range(1, 5)
    assert skipped[0].path.startswith("slide.tif [")
    assert skipped[0].reason == "Its pixel data are damaged."
    assert done.status is RunStatus.COMPLETE
    assert 20 < len([c for c in cells if c.predicted in LEUKOCYTES]) < 140


def test_a_share_that_disappears_ends_the_run_as_failed(smear: Smear) -> None:
    big = np.tile(smear.rgb, (2, 3, 1))
    reader = MemoryReader(big, smear.mpp, (1, 4))
    found, last = 0, None
    for event in scan(reader, threads=1):
        if isinstance(event, CellsFound):
            found += len(event.cells)
            reader.gone.set()
        last = event
    assert isinstance(last, Done)
    assert last.status is RunStatus.FAILED
    assert "could not be read any more" in notice_of(last.record.remarks)
    assert found > 0


def test_a_slide_put_in_upside_down_gives_the_same_cells(smear: Smear) -> None:
    turned = np.ascontiguousarray(np.rot90(smear.rgb, 2))
    upright, _, _ = run(MemoryReader(smear.rgb, smear.mpp, (1, 4)))
    upside_down, done, _ = run(MemoryReader(turned, smear.mpp, (1, 4)))
    assert done.status is RunStatus.COMPLETE
    assert sorted(c.predicted for c in upside_down) == sorted(c.predicted for c in upright)


def test_no_smear() -> None:
    blank = np.full((3000, 3000, 3), 243, np.uint8)
    noise = np.random.default_rng(0).normal(0, 1.5, blank.shape)
    with pytest.raises(UserError, match="No smear was found"):
        run(MemoryReader((blank + noise).astype(np.uint8), 0.4, (1, 8)))


def test_a_scanned_label_is_no_smear() -> None:
    label = np.full((2400, 2400, 3), 240, np.uint8)
    for i in range(60):
        at = (100 + i % 6 * 380, 100 + i // 6 * 220)
        cv2.putText(label, f"PATIENT {i}", at, cv2.FONT_HERSHEY_SIMPLEX, 2, (30, 30, 30), 6, cv2.LINE_AA)
    with pytest.raises(UserError, match="No smear was found"):
        run(MemoryReader(label, 0.4, (1, 4)))


def test_remarks_are_kept_in_english_and_shown_in_french(smear: Smear) -> None:
    _, done, _ = run(MemoryReader(cv2.GaussianBlur(smear.rgb, (0, 0), 6), smear.mpp, (1, 4)), target=9999)
    french = remarks_text(done.record.remarks, "fr")
    assert "objectif de 9999" in french
    assert "flou" in french
    assert "target" not in french
    assert remarks_text(done.record.remarks, "en") == notice_of(done.record.remarks)


def test_unknown_scale_is_asked_for(smear: Smear) -> None:
    with pytest.raises(UserError, match="scale of this slide is unknown"):
        run(MemoryReader(smear.rgb, None, (1, 4)))


def test_scale_from_red_cells_of_sampled_places(smear: Smear) -> None:
    patches: list[np.ndarray] = []

    def estimate(sample: list[np.ndarray], _stated: float | None) -> ScaleEstimate:
        patches.extend(sample)
        return ScaleEstimate(0.4, ScaleSource.RED_CELLS, 0.05, 100)

    cells, _, events = run(MemoryReader(smear.rgb, None, (1, 4)), estimate=estimate)
    assert events[0] == ScaleKnown(ScaleEstimate(0.4, ScaleSource.RED_CELLS, 0.05, 100))
    assert patches
    assert sum(c.predicted in LEUKOCYTES for c in cells) == 140


def test_the_person_overrides_the_metadata(smear: Smear) -> None:
    cells, _, events = run(MemoryReader(smear.rgb, 1.1, (1, 4)), mpp=0.4)
    assert events[0] == ScaleKnown(ScaleEstimate(0.4, ScaleSource.PERSON))
    assert sum(c.predicted in LEUKOCYTES for c in cells) == 140


def test_levels_that_lie_are_not_used(smear: Smear) -> None:
    other = np.ascontiguousarray(np.rot90(smear.rgb, 2))
    lie = cv2.resize(other, (650, 550), interpolation=cv2.INTER_AREA)
    double = cv2.resize(smear.rgb, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_LINEAR)
    lie = cv2.resize(lie, (double.shape[1] // 2, double.shape[0] // 2), interpolation=cv2.INTER_LINEAR)
    cells, done, _ = run(MemoryReader(double, 0.16, (1, 2), lies={1: lie}))
    assert LYING_LEVELS in notice_of(done.record.remarks)
    white = [c for c in cells if c.predicted in LEUKOCYTES]
    assert matched(white, [(2.5 * x, 2.5 * y) for x, y in smear.of(*LEUKOCYTES)], 16) == (140, 0)


def test_all_out_of_focus_is_told(smear: Smear) -> None:
    blurred = cv2.GaussianBlur(smear.rgb, (0, 0), 6)
    _, done, _ = run(MemoryReader(blurred, smear.mpp, (1, 4)))
    assert UNFOCUSED in notice_of(done.record.remarks)


def test_a_zone_drawn_by_hand(smear: Smear) -> None:
    zone = [(900.0, 400.0), (1500.0, 400.0), (1500.0, 1500.0), (900.0, 1500.0)]
    cells, done, _ = run(MemoryReader(smear.rgb, smear.mpp, (1, 4)), zones={0: [zone]})
    truth = [(x, y) for x, y in smear.of(*LEUKOCYTES) if 900 <= x <= 1500 and 400 <= y <= 1500]
    assert matched([c for c in cells if c.predicted in LEUKOCYTES], truth, 8) == (len(truth), 0)
    # What the zone left out is found by a run that continues without it; nothing is found twice.
    rest, _, _ = run(
        MemoryReader(smear.rgb, smear.mpp, (1, 4)), done=merged([done.record]), known=cells, run=1
    )
    white = [c for c in cells + rest if c.predicted in LEUKOCYTES]
    assert matched(white, smear.of(*LEUKOCYTES), 8) == (140, 0)


def test_without_a_pyramid_the_overview_comes_from_samples(
    smear: Smear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloodcells_gui.imaging.io.levels._OVERVIEW_PIXELS", 1_000_000)
    reader = MemoryReader(smear.rgb, smear.mpp)
    cells, _, events = run(reader)
    assert sum(c.predicted in LEUKOCYTES for c in cells) == 140
    scanned = [e.tile for e in events if isinstance(e, TileScanned)]
    assert scanned[0].score > 0.6


def test_survey_reads_little(smear: Smear) -> None:
    big = np.tile(smear.rgb, (2, 2, 1))
    reader = MemoryReader(big, smear.mpp, (1, 4, 16))
    survey = Survey(reader, 0, 0.4)
    survey.scale_patches(0.4)
    survey.rank(0.4)
    with ThreadPoolExecutor(2) as pool:
        survey.probe(pool, 12, CancelToken())
    assert reader.read_px < 0.35 * big.shape[0] * big.shape[1]
    assert len(survey.probed) == 12


def test_finished_tiles_count_on_their_own_grid_alone(smear: Smear) -> None:
    survey = Survey(MemoryReader(smear.rgb, 0.4), 0, 0.4)
    grid = survey.rank(0.4).grid
    (good,) = resume.tile_sets({0, 3, 5}, 0, grid)
    assert resume.tiles_done([good], 0, grid) == {0, 3, 5}
    assert resume.tiles_done([good], 1, grid) == set()
    assert resume.tiles_done([replace(good, tile_px=grid.tile_px + 1)], 0, grid) == set()
    beyond = replace(good, tiles=frozenset({(0, 10**6), (10**6, 0)}))
    assert resume.tiles_done([beyond], 0, grid) == set()
    assert resume.tile_sets((), 0, grid) == ()


def test_known_cells_are_not_found_again(smear: Smear) -> None:
    reader = MemoryReader(smear.rgb, smear.mpp, (1, 4))
    first, _, _ = run(reader)
    again, _, _ = run(reader, known=first)
    assert again == []
    assert Box(0, 0, 1, 1).centre == (0.5, 0.5)


def test_the_quality_map_is_in_the_record_and_keeps_what_earlier_runs_saw(smear: Smear) -> None:
    size = {0: smear.size}
    _, first, events = run(MemoryReader(smear.rgb, 0.4), target=10)
    seen = [e.tile for e in events if isinstance(e, TileScanned)]
    [kept] = zone_tiles(first.record.maps, size).values()
    scores = {t.box_px: t.score for t in kept if t.measured}
    for tile in seen:
        assert scores[tile.box_px] == pytest.approx(tile.score, abs=0.034)
    known = [c for e in events if isinstance(e, CellsFound) for c in e.cells]
    done = merged([first.record])
    _, second, _ = run(MemoryReader(smear.rgb, 0.4), target=20, done=done, known=known)
    again = {t.box_px: t for t in zone_tiles(second.record.maps, size)[0]}
    assert len(again) == len(kept)
    for box, score in scores.items():
        assert again[box].measured
        assert again[box].score == pytest.approx(score, abs=0.07)


def test_a_slide_whose_scale_the_red_cells_contradict_is_searched_at_theirs_and_nothing_is_named(
    smear: Smear,
) -> None:
    seen = ScaleEstimate(0.4, ScaleSource.RED_CELLS, 0.05, 400)
    cells, done, events = run(MemoryReader(smear.rgb, 0.4 / 10, (1, 4)), estimate=lambda *_: seen)
    assert next(e for e in events if isinstance(e, ScaleKnown)).scale.source is ScaleSource.CONTRADICTED
    assert len(cells) > 100
    assert all(c.abstained and FLAG_SCALE_CONTRADICTED in c.flags for c in cells)
    assert "about 10:" in notice_of(done.record.remarks)
