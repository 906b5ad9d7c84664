"""Slide files that other programs wrote: Aperio SVS, DICOM and generic tiled TIFF (see slides/README.md)."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.readers_openslide import OpenSlideReader
from bloodcells_gui.imaging.io.readers_tiff import TiffReader
from bloodcells_gui.imaging.io.refusal import ImageRefused

SLIDES = Path(__file__).parent / "slides"


@pytest.mark.parametrize(
    ("name", "form", "size", "mpp", "levels"),
    [
        ("small.svs", "openslide:aperio", (16, 16), 0.499, 1),
        ("boxes_0.dcm", "openslide:dicom", (16, 16), 0.499, 1),
        ("boxes.tiff", "tiff", (300, 250), None, 4),
    ],
)
def test_slides_of_other_programs(
    name: str, form: str, size: tuple[int, int], mpp: float | None, levels: int
) -> None:
    with open_image(SLIDES / name) as reader:
        assert reader.format == form
        assert reader.size_px == size
        assert reader.mpp == (pytest.approx(mpp) if mpp else None)
        assert len(reader.levels) == levels
        region = reader.read_region(0, 0, *size)
        assert region.shape == (size[1], size[0], 3)
        assert 50 < region.mean() < 255


def test_both_readers_agree_on_a_slide_neither_wrote() -> None:
    with OpenSlideReader(SLIDES / "boxes.tiff") as a, TiffReader(SLIDES / "boxes.tiff") as b:
        whole = (0, 0, *a.size_px)
        assert np.abs(a.read_region(*whole).astype(int) - b.read_region(*whole)).mean() < 1


@pytest.mark.parametrize("name", ["unreadable.svs", "unopenable.tiff"])
def test_broken_slides_of_other_programs_are_refused_in_words(name: str) -> None:
    with pytest.raises(ImageRefused) as refused, open_image(SLIDES / name) as reader:
        reader.thumbnail(100)
    assert refused.value.reason()
    assert refused.value.what_to_do


def test_files_of_one_dicom_series_are_one_slide(tmp_path: Path) -> None:
    for name in ("boxes_0.dcm", "boxes_1.dcm"):
        shutil.copy(SLIDES / name, tmp_path)
    found = discover(tmp_path)
    assert found.kind is SpecimenKind.SLIDE
    assert [f.name for f in found.images] == ["boxes_0.dcm"]
    assert [(s.path, s.reason) for s in found.skipped] == [
        ("boxes_1.dcm", "It belongs to the slide boxes_0.dcm.")
    ]
