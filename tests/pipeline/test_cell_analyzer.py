from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import cv2
import numpy as np
import pytest
from PIL import Image

from bloodcells_gui.domain.cell import (
    FLAG_BLURRED,
    FLAG_EDGE,
    FLAG_NO_CELL,
    FLAG_OUTSIDE_FRAME,
    FLAG_POOR_PICTURE,
    FLAG_SCALE_UNKNOWN,
    Box,
)
from bloodcells_gui.domain.run_messages import DRAWN, FOREIGN, remark
from bloodcells_gui.imaging.measure import MEASUREMENTS, measure
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.edges import counting_frame
from bloodcells_gui.pipeline.encoding import encode_png
from bloodcells_gui.pipeline.windows import THUMBNAIL_PX
from tests.support.doubles import PlainClassifier, PlainSegmenter, draw_cell

CODES = ("SNE", "LY", "EO")


@pytest.fixture
def work() -> CellAnalyzer:
    return CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure)


def one(work: CellAnalyzer, place: CellPlace):
    ((cell, assets),) = work.process([place])
    return cell, assets


def test_a_central_cell_is_boxed_measured_and_named(work: CellAnalyzer) -> None:
    image = draw_cell("LY", 256, 0.107)
    cell, assets = one(work, CellPlace(3, image, (0, 0), (128, 128), 0.107))
    assert cell.predicted == "LY"
    assert cell.image == 3
    assert cell.box_px.centre == pytest.approx((128, 128), abs=2)
    assert cell.box_px.width == pytest.approx(12 / 0.107, rel=0.05)
    area = cell.measurements[MEASUREMENTS.index("cell_area_um2")]
    assert area == pytest.approx(np.pi * 36, rel=0.05)
    assert cell.scores.sum() == pytest.approx(1, abs=1e-5)
    thumb = cv2.imdecode(np.frombuffer(assets.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert thumb.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)


def test_threads_measure_in_turns_and_their_cells_are_the_same(work: CellAnalyzer) -> None:
    """Side by side they would hand the interpreter over at every small step: several times the work."""
    inside, most = 0, 0

    def slow(crop, mask, um_per_px):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)
        inside -= 1
        return measure(crop, mask, um_per_px)

    places = [CellPlace(i, draw_cell(CODES[i % 3], 256, 0.107), (0, 0), (128, 128), 0.107) for i in range(6)]
    alone = work.process(places)
    shared = CellAnalyzer(PlainClassifier(), PlainSegmenter(), slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(shared.process, [places] * 8))
    assert most == 1
    for rows in found:
        for (cell, assets), (same, same_assets) in zip(rows, alone, strict=True):
            assert (cell.image, cell.predicted, cell.box_px) == (same.image, same.predicted, same.box_px)
            assert np.array_equal(cell.measurements, same.measurements, equal_nan=True)
            assert (assets.thumbnail, assets.mask) == (same_assets.thumbnail, same_assets.mask)


def test_the_same_cell_measures_the_same_at_another_resolution(work: CellAnalyzer) -> None:
    fine, _ = one(work, CellPlace(0, draw_cell("SNE", 400, 0.07), (0, 0), (200, 200), 0.07))
    coarse, _ = one(work, CellPlace(0, draw_cell("SNE", 120, 0.25), (0, 0), (60, 60), 0.25))
    i = MEASUREMENTS.index("equivalent_diameter_um")
    assert fine.measurements[i] == pytest.approx(coarse.measurements[i], rel=0.06)


def test_an_off_centre_cell_moves_the_window(work: CellAnalyzer) -> None:
    image = draw_cell("LY", 300, 0.107, centre=(190, 120))
    cell, assets = one(work, CellPlace(0, image, (0, 0), (150, 150), 0.107))
    x, y, side = assets.crop_px
    assert (x + side / 2, y + side / 2) == pytest.approx((190, 120), abs=3)
    assert cell.predicted == "LY"
    assert cell.box_px.centre == pytest.approx((190, 120), abs=3)


def test_a_region_of_a_slide_reports_slide_coordinates(work: CellAnalyzer) -> None:
    image = draw_cell("LY", 200, 0.25)
    place = CellPlace(
        0, image, (5000, 7000), (100, 100), 0.25, scale=2.0, recentre=False, size_px=(20000, 20000)
    )
    cell, assets = one(work, place)
    assert cell.box_px.centre == pytest.approx((5200, 7200), abs=4)
    assert cell.mpp == pytest.approx(0.125)
    assert cell.box_px.width == pytest.approx(12 / 0.125, rel=0.06)
    assert assets.crop_px[2] == pytest.approx(128 * 0.215 / 0.125, rel=0.02)


def test_an_empty_image_still_gives_its_row_and_waits(work: CellAnalyzer) -> None:
    blank = np.full((200, 200, 3), 240, np.uint8)
    cell, _ = one(work, CellPlace(0, blank, (0, 0), (100, 100), 0.107))
    assert FLAG_NO_CELL in cell.flags
    assert np.isnan(cell.measurements[MEASUREMENTS.index("cell_area_um2")])


def test_a_cell_in_a_picture_of_which_nothing_can_be_told_waits_with_that_reason(work: CellAnalyzer) -> None:
    image = draw_cell("LY", 256, 0.107)
    good, _ = one(work, CellPlace(0, image, (0, 0), (128, 128), 0.107))
    assert FLAG_POOR_PICTURE not in good.flags
    assert not good.abstained
    blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), 2.6 / 0.107), np.uint8)
    cell, _ = one(work, CellPlace(0, blurred, (0, 0), (128, 128), 0.107))
    assert FLAG_POOR_PICTURE in cell.flags
    assert cell.abstained


def test_a_nucleated_cell_out_of_focus_waits(work: CellAnalyzer) -> None:
    image = draw_cell("LY", 256, 0.107)
    blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), 1.1 / 0.107), np.uint8)
    cell, _ = one(work, CellPlace(0, blurred, (0, 0), (128, 128), 0.107))
    assert FLAG_BLURRED in cell.flags
    assert FLAG_POOR_PICTURE not in cell.flags
    assert cell.abstained
    sharp, _ = one(work, CellPlace(0, image, (0, 0), (128, 128), 0.107))
    assert FLAG_BLURRED not in sharp.flags


def test_a_cell_cut_by_the_edge_is_flagged(work: CellAnalyzer) -> None:
    image = draw_cell("LY", 256, 0.107, centre=(128, 20))
    cell, _ = one(work, CellPlace(0, image, (0, 0), (128, 60), 0.107))
    assert FLAG_EDGE in cell.flags
    whole, _ = one(work, CellPlace(0, draw_cell("LY"), (0, 0), (128, 128), 0.107))
    assert FLAG_EDGE not in whole.flags


@pytest.mark.parametrize("missing", [0.2, 0.5])
def test_of_a_cut_crop_the_part_that_is_there_is_measured_outlined_and_shown(
    work: CellAnalyzer, missing: float
) -> None:
    r = 6 / 0.107
    x = round((1 - 2 * missing) * r)  # how far the middle lies from the right edge
    image = np.ascontiguousarray(draw_cell("LY", 256, 0.107)[:, : 128 + x])
    cell, assets = one(work, CellPlace(0, image, (0, 0), (128 + x - 20, 128), 0.107))
    assert FLAG_EDGE in cell.flags
    assert FLAG_OUTSIDE_FRAME not in cell.flags  # the cell of a crop always counts
    angle = np.arccos(np.clip(x / r, -1, 1))
    there = np.pi * 36 * (1 - (angle - np.sin(angle) * np.cos(angle)) / np.pi)
    area = cell.measurements[MEASUREMENTS.index("cell_area_um2")]
    assert area == pytest.approx(there, rel=0.05)
    assert cell.box_px.x + cell.box_px.width == 128 + x
    # Neither outline nor picture go on beyond the image.
    left, _, side = assets.crop_px
    mask = cv2.imdecode(np.frombuffer(assets.mask, np.uint8), cv2.IMREAD_GRAYSCALE)
    edge = (128 + x - left) / side
    assert not mask[:, int(edge * len(mask)) + 2 :].any()
    thumb = cv2.imdecode(np.frombuffer(assets.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    beyond = thumb[:, int(edge * len(thumb)) + 6 :].reshape(-1, 3)
    assert len(beyond) > 100
    assert np.ptp(beyond, axis=0).max() < 12


def test_a_platelets_box_is_its_own_and_no_neighbours(work: CellAnalyzer) -> None:
    """The segmenter outlines the leukocyte beside it, or nothing: neither may become the platelet's box."""
    image = draw_cell("LY", 256, 0.107)
    side = 3 / 0.107
    for x, y in ((128 + 85, 128), (30, 30)):
        box = Box(x - side / 2, y - side / 2, side, side)
        place = CellPlace(
            0, image, (40, 50), (x, y), 0.107, recentre=False, box_px=box, platelet=True, size_px=(400, 400)
        )
        cell, assets = one(work, place)
        assert astuple(cell.box_px) == pytest.approx((40 + box.x, 50 + box.y, side, side))
        assert np.isnan(cell.measurements[MEASUREMENTS.index("cell_area_um2")])
        assert not cv2.imdecode(np.frombuffer(assets.mask, np.uint8), cv2.IMREAD_GRAYSCALE).any()
    at_the_edge = Box(256 - side, 20, side, side)
    framed = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure, frame=counting_frame(True))
    place = CellPlace(
        0, image, (0, 0), (256 - side / 2, 30), 0.107, recentre=False, box_px=at_the_edge, platelet=True
    )
    for of_frame, flags in ((work, (FLAG_EDGE,)), (framed, (FLAG_EDGE, FLAG_OUTSIDE_FRAME))):
        cell, _ = one(of_frame, place)
        assert astuple(cell.box_px) == pytest.approx(astuple(at_the_edge))
        assert cell.flags == (FLAG_NO_CELL, *flags)


def test_an_unknown_scale_is_flagged_and_the_cell_still_shown(work: CellAnalyzer) -> None:
    cell, _ = one(work, CellPlace(0, draw_cell("LY"), (0, 0), (128, 128), float("nan")))
    assert FLAG_SCALE_UNKNOWN in cell.flags
    assert np.isnan(cell.mpp)


def test_a_specimen_on_which_the_two_views_disagree_is_named_foreign_once_enough_cells_tell(
    work: CellAnalyzer,
) -> None:
    work.classifier.apart = 0.2
    place = CellPlace(0, draw_cell("LY", 256, 0.107), (0, 0), (128, 128), 0.107)
    work.process([place] * 29)
    assert work.remarks() == []
    work.process([place])
    assert work.remarks() == [remark(FOREIGN)]


def test_a_specimen_that_looks_like_home_gets_no_remark_and_junk_tells_nothing(work: CellAnalyzer) -> None:
    place = CellPlace(0, draw_cell("LY", 256, 0.107), (0, 0), (128, 128), 0.107)
    work.process([place] * 40)
    work.classifier.apart = 0.9
    work.process([CellPlace(0, np.full((256, 256, 3), 128, np.uint8), (0, 0), (128, 128), 0.107)] * 40)
    assert work.remarks() == []


def test_a_drawn_specimen_is_said_to_be_drawn() -> None:
    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure, drawn=True)
    work.classifier.apart = 0.2
    work.process([CellPlace(0, draw_cell("LY", 256, 0.107), (0, 0), (128, 128), 0.107)] * 30)
    assert work.remarks() == [remark(DRAWN)]


def test_nothing_to_do_is_nothing(work: CellAnalyzer) -> None:
    assert work.process([]) == []


@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (128, 128), (300, 2)])
def test_a_mask_comes_out_of_its_png_as_it_went_in(shape: tuple[int, int]) -> None:
    for high in (1, 3, 256):
        mask = np.random.default_rng(high).integers(0, high, shape).astype(np.uint8)
        data = encode_png(mask)
        np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), mask)
        with Image.open(io.BytesIO(data)) as image:  # reads strictly: a wrong checksum is an error
            assert image.mode == "L"
            np.testing.assert_array_equal(np.asarray(image), mask)


def test_the_mask_of_a_cell_takes_little_room() -> None:
    mask = np.zeros((128, 128), np.uint8)
    cv2.circle(mask, (64, 64), 40, 1, -1)
    cv2.circle(mask, (60, 66), 22, 2, -1)
    assert len(encode_png(mask)) < 700
