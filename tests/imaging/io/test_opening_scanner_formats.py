"""Formats that only scanners write, through the program's own door, in this process and in a child."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import images
from tests.support import scanner_files as files
from tests.support.hostile_images import picture

W, H, MPP = 1536, 1024, 0.25
PICTURE = picture(W, H)
FORMATS: dict[str, tuple[Callable[[Path, np.ndarray, float], Path], str]] = {
    "slide.ndpi": (files.write_ndpi, "openslide:hamamatsu"),
    "slide.vms": (files.write_vms, "openslide:hamamatsu"),
    "slide.scn": (files.write_scn, "openslide:leica"),
    "slide.mrxs": (files.write_mrxs, "openslide:mirax"),
}


def made(name: str, folder: Path) -> Path:
    return FORMATS[name][0](folder / name, PICTURE, MPP)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("opener", [open_image, images.open_image], ids=["here", "child"])
@pytest.mark.parametrize("name", FORMATS)
def test_pixels_size_and_scale(name: str, opener: Callable[[Path], object], tmp_path: Path) -> None:
    with opener(made(name, tmp_path)) as reader:
        assert reader.format == FORMATS[name][1]
        width, height = reader.size_px
        assert 0 <= width - W <= 16
        assert 0 <= height - H <= 16
        assert reader.mpp == pytest.approx(MPP, rel=1e-3)
        for x, y, w, h in ((0, 0, 300, 200), (700, 500, 400, 300), (W - 60, H - 40, 60, 40)):
            assert difference(reader.read_region(x, y, w, h), PICTURE[y : y + h, x : x + w]) < 3
        small = reader.read_region(0, 0, W, H, downsample=4)
        assert difference(small, files.shrunk(PICTURE, 4)) < 3


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_with_one_is_one_slide(name: str, tmp_path: Path) -> None:
    path = made(name, tmp_path)
    for chosen in (path, tmp_path):
        found = discover(chosen)
        assert found.kind is SpecimenKind.SLIDE
        assert [f.name for f in found.images] == [name]
        assert all(s.reason == f"It belongs to the slide {name}." for s in found.skipped)
        others = {f for f in tmp_path.rglob("*") if f.is_file() and f != path}
        assert {tmp_path / s.path for s in found.skipped} == (others if chosen.is_dir() else set())


@pytest.mark.parametrize(
    ("name", "gone"),
    [("slide.vms", "whole.jpg"), ("slide.mrxs", "slide/Data0000.dat"), ("slide.mrxs", "slide/Index.dat")],
)
def test_what_belongs_to_it_is_missed_in_words(name: str, gone: str, tmp_path: Path) -> None:
    path = made(name, tmp_path)
    (tmp_path / gone).unlink()
    with pytest.raises(ImageRefused) as refused, open_image(path) as reader:
        reader.read_region(0, 0, 100, 100)
    assert "all files and folders" in refused.value.what_to_do


@pytest.mark.parametrize("name", FORMATS)
def test_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    path = made(name, tmp_path)
    data = path.parent / {"slide.vms": "whole.jpg", "slide.mrxs": "slide/Data0000.dat"}.get(name, name)
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 3])
    with pytest.raises(ImageRefused), open_image(path) as reader:
        reader.read_region(0, 0, W, H)


def test_dicom_is_known_by_its_content_and_cut_off_is_told(tmp_path: Path) -> None:
    whole = (Path(__file__).parent / "slides" / "boxes_0.dcm").read_bytes()
    path = tmp_path / "IM00001"
    path.write_bytes(whole)
    for opener in (open_image, images.open_image):
        with opener(path) as reader:
            assert reader.format == "openslide:dicom"
    assert discover(path).kind is SpecimenKind.SLIDE
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageRefused, match=r"a DICOM file that is cut off|slide"):
        images.open_image(path)
    path.write_bytes(bytes(128) + b"DICM" + bytes(300))
    with pytest.raises(ImageRefused, match="DICOM file, but no slide") as refused:
        images.open_image(path)
    assert "Export its picture" in refused.value.reason()


def test_compressions_that_nobody_looked_at_do_not_reach_openslide(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PICTURE, photometric="rgb", tile=(256, 256), compression="zstd")
    for name in ("a.tif", "a.svs"):
        with pytest.raises(ImageRefused, match="compression 50000"):
            open_image(path.rename(tmp_path / name))
        path = tmp_path / name
    described = tmp_path / "b.svs"
    tifffile.imwrite(
        described, PICTURE, photometric="rgb", tile=(256, 256), compression="lzma", metadata=None,
        description=f"Aperio Image Library v12\r\n{W}x{H} (256x256)|AppMag = 40|MPP = 0.25",
    )  # fmt: skip
    with pytest.raises(ImageRefused, match="compression 34925"):
        open_image(described)
