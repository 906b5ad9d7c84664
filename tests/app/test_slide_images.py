"""Tiles of slides and fields for the screen; cells added by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.manual_cells import classify_cell_at
from bloodcells_gui.app.slide_images import TILE_PX, SlideImages, visited_areas
from bloodcells_gui.domain.cell import FLAG_BY_HAND
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.run_record import RunRecord, ScanProgress, TileSet
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.tiling import TileGrid
from bloodcells_gui.pipeline import resume
from tests.support.doubles import plain_engine
from tests.support.report_case import make_run
from tests.support.smears import MemoryReader, empty, fill

WIDTH, HEIGHT = 1300, 900


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.stack([x // 6, y // 4, np.full_like(x, 90)], axis=2).astype(np.uint8)
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), rgb[..., ::-1])
    return tmp_path


def fields(folder: Path, *origins: tuple[float, float]) -> Specimen:
    refs = tuple(
        ImageRef(n, folder / n, size_px=(WIDTH, HEIGHT), mpp=0.2, origin_px=o)
        for n, o in zip(("a.png", "b.png"), origins, strict=False)
    )
    return Specimen("s", SpecimenKind.FIELDS, folder, refs)


def test_tiles_cover_the_image_at_every_level(folder: Path) -> None:
    images = SlideImages(fields(folder, (0, 0)))
    [image] = images.images
    assert image.levels == 3
    for level in range(image.levels):
        step = TILE_PX * 2**level
        for row in range(-(-HEIGHT // step)):
            for column in range(-(-WIDTH // step)):
                tile = images.tile(0, level, column, row)
                cy, cx = tile.shape[0] // 2, tile.shape[1] // 2
                x, y = column * step + cx * 2**level, row * step + cy * 2**level
                assert abs(int(tile[cy, cx, 0]) - x // 6) <= 1
                assert abs(int(tile[cy, cx, 1]) - y // 4) <= 1
    with pytest.raises(ValueError, match="no tile"):
        images.tile(0, 0, 9, 0)
    images.close()
    with pytest.raises(UserError, match="closed"):
        images.tile(0, 0, 0, 0)


def test_a_table_changes_the_colours(folder: Path) -> None:
    images = SlideImages(fields(folder, (0, 0)))
    lut = np.stack([np.arange(255, -1, -1)] * 3, axis=1).astype(np.uint8)
    assert (images.tile(0, 0, 0, 0, lut) == 255 - images.tile(0, 0, 0, 0)).all()
    images.close()


def test_fields_lie_in_place_or_on_a_sheet(folder: Path) -> None:
    placed = SlideImages(fields(folder, (0, 0), (1000, 40)))
    assert [i.origin_px for i in placed.images] == [(0, 0), (1000, 40)]
    sheet = SlideImages(fields(folder, (0, 0), (0, 0)))
    (ax, ay), (bx, by) = (i.origin_px for i in sheet.images)
    assert abs(ax - bx) >= WIDTH or abs(ay - by) >= HEIGHT
    unread = SlideImages(replace(fields(folder, (0, 0)), images=(ImageRef("c.png", folder / "c.png"),)))
    assert unread.images == ()
    for images in (placed, sheet, unread):
        images.close()


def test_missing_or_other_images_are_told(folder: Path) -> None:
    images = SlideImages(fields(folder, (0, 0), (2000, 0)))
    (folder / "a.png").unlink()
    with pytest.raises(UserError):
        images.tile(0, 0, 0, 0)
    cv2.imwrite(str(folder / "b.png"), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(UserError, match="not the image"):
        images.tile(1, 0, 0, 0)
    images.close()


def test_the_stain_is_brought_to_a_reference(tmp_path: Path) -> None:
    smear = empty(600, 600)
    fill(smear, (0, 0, 600, 600), np.random.default_rng(0), pitch_um=11)
    pale = (238 - (238 - smear.rgb.astype(np.float32)) * 0.6).clip(0, 255).astype(np.uint8)
    spread = []
    for name, rgb in (("a.png", smear.rgb), ("b.png", pale)):
        cv2.imwrite(str(tmp_path / name), rgb[..., ::-1])
        ref = ImageRef(name, tmp_path / name, size_px=(600, 600))
        images = SlideImages(Specimen("s", SpecimenKind.FIELDS, tmp_path, (ref,)))
        lut = images.stain_lut(0)
        assert (np.diff(lut.astype(int), axis=0) >= 0).all()
        spread.append((rgb[..., 1].mean(), images.tile(0, 0, 0, 0, lut)[..., 1].mean()))
        images.close()
    (a, a_normal), (b, b_normal) = spread
    assert abs(a_normal - b_normal) < 0.5 * abs(a - b)


def test_visited_areas_come_from_the_runs() -> None:
    grid = TileGrid((0, 0, 5000, 4000), 1200, 200)
    progress = ScanProgress(
        (
            *resume.tile_sets({0, 4, 7}, 0, grid), *resume.tile_sets({0}, 9, grid),
            TileSet(0, 5, 9, frozenset({(0, 0), (0, 1)})),
        )
    )  # fmt: skip
    runs = [make_run(record=RunRecord(progress=progress))]
    specimen = Specimen("s", SpecimenKind.SLIDE, Path(), (ImageRef("a", Path("a"), size_px=(5000, 4000)),))
    areas = visited_areas(runs, specimen)
    assert set(areas) == {0}
    assert set(areas[0]) == {grid.tile(i).core for i in (0, 4, 7)}


def test_a_cell_added_by_hand_is_found_around_the_click() -> None:
    smear = empty(400, 300, 0.2)
    fill(smear, (0, 0, 400, 300), np.random.default_rng(1), pitch_um=18, leukocytes=1)
    [(code, x, y)] = smear.cells
    reader = MemoryReader(smear.rgb, 0.2)
    cell, assets = classify_cell_at(plain_engine(), reader, 3, (x + 14, y - 12), 0.2)  # type: ignore[arg-type]
    assert cell.predicted == code
    assert cell.box_px.centre == pytest.approx((x, y), abs=3)
    assert FLAG_BY_HAND in cell.flags
    assert (cell.run, cell.image, cell.abstained) == (-1, 3, False)
    assert assets.thumbnail
    for place, mpp, words in (((-1.0, 5.0), 0.2, "no image"), ((5.0, 5.0), None, "cannot be measured")):
        with pytest.raises(UserError, match=words):
            classify_cell_at(plain_engine(), reader, 0, place, mpp)  # type: ignore[arg-type]
