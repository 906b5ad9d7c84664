"""No pixel of another file is shown, added to a case or analysed into it."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.cell_views import CellImageCropper, decode_jpeg
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.slide_images import SlideImages
from bloodcells_gui.app.worklist import relocate_images
from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.errors import EXIT_USAGE, UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.io import identity
from bloodcells_gui.imaging.io.identity import OtherImage, block_starts, open_verified, sampled_hash
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import draw_cell
from tests.support.drawn_images import analyze, engine, put_field, put_slide, slide_pixels
from tests.support.scanner_files import write_mrxs


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def put_crops(folder: Path, code: str, count: int, start: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(start, start + count):
        cell = draw_cell(code)
        cell[:2, :2] = (i, ord(code[0]), len(code))
        cv2.imwrite(str(folder / f"{i}.png"), cell[..., ::-1])
    return folder


def opened(case: Path) -> CaseSession:
    return CaseSession(CaseStore.open(case), settings=LabSettings, explainer=Explainer(engine), author="Ana")


def swap(path: Path, other: Path) -> None:
    """Put another file of the same name, size and time in the place of `path`."""
    before = path.stat()
    data = other.read_bytes()
    path.write_bytes((data + bytes(max(0, before.st_size - len(data))))[: max(len(data), before.st_size)])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_replaced_crop_is_not_shown_under_the_old_name(tmp_path: Path) -> None:
    crops = put_crops(tmp_path / "crops", "LY", 3)
    assert analyze(crops, tmp_path / "out", "crops").exit_code == 0
    session = opened(tmp_path / "out" / "case.bcs")
    assert session.view(session.cells[1].id).from_image
    session.close()
    put_crops(crops, "SNE", 1, start=1)
    session = opened(tmp_path / "out" / "case.bcs")
    cell = session.cells[1]
    view = session.view(cell.id)
    assert not view.from_image
    assert view.replaced
    assert np.array_equal(view.image, decode_jpeg(session.thumbnail(cell.id)))
    assert session.view(session.cells[2].id).from_image
    assert not session.view(session.cells[2].id).replaced
    with pytest.raises(UserError, match="not the one that was analysed"):
        session.add_cell(1, 100, 100)
    assert len(session.cells) == 3
    session.close()


def test_a_replaced_field_is_neither_shown_nor_added_from(tmp_path: Path) -> None:
    field = put_field(tmp_path / "fields" / "1.png", 4)
    assert analyze(field.parent, tmp_path / "out", "fields").exit_code == 0
    swap(field, put_field(tmp_path / "other.png", 5))
    session = opened(tmp_path / "out" / "case.bcs")
    images = SlideImages(session.specimen)
    with pytest.raises(UserError, match="not the image that was analysed"):
        images.tile(0, 0, 0, 0)
    with pytest.raises(UserError, match="not the image that was analysed"):
        images.stain_lut(0)
    with pytest.raises(UserError, match="cannot be added"):
        session.add_cell(0, 200, 200)
    images.close()
    session.close()


@pytest.mark.parametrize("which", ["all", "one"])
def test_going_on_with_other_images_is_refused_and_leaves_the_case_alone(tmp_path: Path, which: str) -> None:
    crops, out = put_crops(tmp_path / "crops", "LY", 200), tmp_path / "out"
    assert analyze(crops, out, "crops", cancel_at=8).exit_code == 130
    before = rows(out / "cells.csv")
    assert 0 < len(before) < 200
    put_crops(crops, "SNE", 200 if which == "all" else 1)
    case = (out / "case.bcs").read_bytes()
    outcome = analyze(crops, out, "crops", resume=True)
    assert outcome.exit_code == EXIT_USAGE
    assert outcome.error is not None
    assert "0.png" in outcome.error.text()
    french = "ne sont pas celles" if which == "all" else "n'est pas celle"
    assert french in outcome.error.text("fr")
    assert (out / "case.bcs").read_bytes() == case
    assert rows(out / "cells.csv") == before
    session = opened(out / "case.bcs")  # as the window's “Continue the analysis” does
    from bloodcells_gui.app.workspace import Workspace

    job = Workspace(engine, home=tmp_path / "home", config=tmp_path / "home").continue_analysis(session)
    with pytest.raises(UserError, match="cannot go on"):
        list(job.events())
    assert len(session.store.runs) == 1
    session.close()


def test_going_on_without_any_of_the_analysed_images_is_refused(tmp_path: Path) -> None:
    crops, out = put_crops(tmp_path / "crops", "LY", 200), tmp_path / "out"
    analyze(crops, out, "crops", cancel_at=8)
    for row in rows(out / "cells.csv"):
        (crops / row["image"]).unlink()
    outcome = analyze(crops, out, "crops", resume=True)
    assert outcome.exit_code == EXIT_USAGE
    assert "none of the images" in str(outcome.error)


def test_images_that_moved_are_gone_on_with_and_those_of_another_folder_are_not(tmp_path: Path) -> None:
    crops, out = put_crops(tmp_path / "crops", "LY", 200), tmp_path / "out"
    other = put_crops(tmp_path / "other", "SNE", 200)
    analyze(crops, out, "crops", cancel_at=8)
    refused = analyze(other, out, "crops", resume=True)
    assert refused.exit_code == EXIT_USAGE
    assert "would mix two specimens" in str(refused.error)
    moved = crops.rename(tmp_path / "moved")
    put_crops(moved, "EO", 1, start=230)
    outcome = analyze(moved, out, "crops", resume=True)
    assert outcome.exit_code == 0
    assert {r["image"] for r in rows(out / "cells.csv")} == {f"{i}.png" for i in range(200)}
    assert {r["predicted"] for r in rows(out / "cells.csv")} == {"LY"}
    assert {r["path"]: r["reason"] for r in rows(out / "skipped.csv")} == {"230.png": left_out.LATER}


def test_a_case_beside_the_images_of_another_specimen_shows_its_own(tmp_path: Path) -> None:
    crops = put_crops(tmp_path / "crops", "LY", 3)
    analyze(crops, tmp_path / "out", "crops")
    case = tmp_path / "out" / "case.bcs"
    shutil.rmtree(crops)
    relocate_images(case, put_crops(tmp_path / "other", "SNE", 3))
    session = opened(case)
    assert not any(session.view(c.id).from_image for c in session.cells)
    session.close()
    relocate_images(case, put_crops(tmp_path / "again", "LY", 3))
    session = opened(case)
    assert all(session.view(c.id).from_image for c in session.cells)
    session.close()


def test_a_slide_that_was_swapped_is_seen_before_and_after_it_was_opened(tmp_path: Path) -> None:
    slide = put_slide(tmp_path / "slides" / "1.tif", slide_pixels(4))
    other = put_slide(tmp_path / "2.tif", slide_pixels(5))
    out = tmp_path / "out"
    assert slide.stat().st_size == other.stat().st_size
    assert analyze(slide, out, "slide", cancel_at=1).exit_code == 130
    with CaseStore.open(out / "case.bcs", read_only=True) as store:
        (ref,) = store.specimen.images
        specimen = store.specimen
    assert len(ref.sampled) == 64
    assert ref.sha256 == ""
    assert audit.verify(out / "case.bcs").ok
    images = SlideImages(specimen)
    before = images.tile(0, 0, 1, 1)
    kept = slide.with_name("kept.tif")
    shutil.copy2(slide, kept)
    swap(slide, other)
    with pytest.raises(UserError, match="not the image that was analysed"):
        images.tile(0, 0, 1, 0)
    images.close()
    fresh = SlideImages(specimen)
    with pytest.raises(UserError, match="not the image that was analysed"):
        fresh.tile(0, 0, 1, 1)
    fresh.close()
    assert analyze(slide, out, "slide", resume=True).exit_code == EXIT_USAGE
    assert [str(p) for p in audit.verify(out / "case.bcs").problems] == [
        "An image is not the one that was analysed (1.tif)"
    ]
    kept.replace(slide)
    back = SlideImages(specimen)
    assert np.array_equal(back.tile(0, 0, 1, 1), before)
    back.close()
    assert analyze(slide, out, "slide", resume=True).exit_code == 0
    with CaseStore.open(out / "case.bcs", read_only=True) as store:
        (ref,) = store.specimen.images
    assert len(ref.sha256) == len(ref.sampled) == 64


def test_a_slide_known_by_the_hash_of_all_its_bytes_alone(tmp_path: Path) -> None:
    slide = put_slide(tmp_path / "1.tif", slide_pixels(4))
    whole = identity.whole_hash(slide)
    open_verified(slide, "1.tif", sha256=whole).close()
    with slide.open("r+b") as file:
        file.seek(-5, 2)
        file.write(b"other")
    with pytest.raises(OtherImage):
        open_verified(slide, "1.tif", sha256=whole)


def test_the_files_that_belong_to_a_slide_are_part_of_it(tmp_path: Path) -> None:
    picture = slide_pixels(4)[:768, :1024]
    slide = write_mrxs(tmp_path / "slide.mrxs", picture, 0.25)
    known = sampled_hash(slide)
    ref = ImageRef("slide.mrxs", slide, sampled=known)
    size = open_verified(slide, "slide.mrxs", sampled=known).size_px
    maker = SlideImages(Specimen("s", SpecimenKind.SLIDE, slide, (replace(ref, size_px=size),)))
    maker.tile(0, 0, 0, 0)
    data = slide.with_suffix("") / "Data0000.dat"
    assert data.is_file()
    changed = bytearray(data.read_bytes())
    changed[len(changed) // 2] ^= 1
    data.write_bytes(changed)
    with pytest.raises(UserError, match="not the image that was analysed"):
        maker.tile(0, 0, 1, 0)
    maker.close()
    assert sampled_hash(slide) != known


def test_blocks_reach_from_the_first_byte_to_the_last() -> None:
    for size in (1, 1000, 9 * 2**20, 3 * 2**33 + 17):
        starts = block_starts(size, 128)
        assert starts[0] == 0
        assert starts[-1] + 65536 >= size
        assert starts == sorted(set(starts))
        assert len(starts) <= 128


def test_a_hash_is_computed_again_once_the_file_changed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"1" * 1000)
    first, time = identity.whole_hash(path), path.stat().st_mtime_ns
    path.write_bytes(b"2" * 1000)
    os.utime(path, ns=(time, time))
    assert identity.whole_hash(path) != first


def test_the_pictures_of_one_file_are_known_by_their_file(tmp_path: Path) -> None:
    stack = put_slide(tmp_path / "stack.tif", slide_pixels(4))
    assert identity.whole_hash(tmp_path / "stack.tif#3") == identity.whole_hash(stack)
    assert sampled_hash(tmp_path / "stack.tif#12") == sampled_hash(stack)


def test_views_of_a_case_without_its_images_are_its_own(tmp_path: Path) -> None:
    crops = put_crops(tmp_path / "crops", "LY", 1)
    analyze(crops, tmp_path / "out", "crops")
    (crops / "0.png").unlink()
    os.mkfifo(crops / "0.png")
    with CaseStore.open(tmp_path / "out" / "case.bcs", read_only=True) as store:
        maker = CellImageCropper(store)
        assert maker.reader(0) is None
        maker.close()
