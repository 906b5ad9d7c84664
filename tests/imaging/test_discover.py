"""What counts as an image of a specimen, in which order, and what kind of specimen it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.discover import IGNORE_MARKER, discover, natural_key
from tests.hostile.corpus import encoded, picture, rgb_image


def put(path: Path, size: tuple[int, int] = (80, 60), mpp: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"dpi": (25_400 / mpp,) * 2} if mpp else {}
    Image.fromarray(picture(*size)).save(path, "PNG", **options)
    return path


def put_pyramid(path: Path) -> Path:
    with tifffile.TiffWriter(path) as tif:
        for k in (1, 2, 4):
            tif.write(picture(1024 // k, 768 // k), tile=(256, 256), photometric="rgb", metadata=None)
    return path


def test_natural_order_and_relative_names(tmp_path: Path) -> None:
    for name in ("cell 10.png", "cell 9.png", "Cell 8.png", "b/2.png", "b/10.png", "a/1.png"):
        put(tmp_path / name)
    names = [f.name for f in discover(tmp_path).images]
    assert names == ["a/1.png", "b/2.png", "b/10.png", "Cell 8.png", "cell 9.png", "cell 10.png"]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    backwards = list(reversed(names))
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)
    assert len({natural_key(n) for n in names}) == len(set(names))


def test_hidden_system_marked_and_companion_files_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "cell.png")
    for name in (".hidden.png", "__MACOSX/x.png", "@eaDir/x.png", ".git/x.png", "masks of mine/x.png"):
        put(tmp_path / name)
    (tmp_path / "masks of mine" / IGNORE_MARKER).touch()
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "truth.json").write_text("{}")
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["cell.png"]
    assert found.skipped == ()


def test_masks_beside_their_images_are_told_apart(tmp_path: Path) -> None:
    put(tmp_path / "images" / "1.png")
    put(tmp_path / "masks" / "1.png")
    put(tmp_path / "masks" / "other.png")
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["images/1.png", "masks/other.png"]
    assert "mask" in found.skipped[0].reason


def test_what_is_no_image_is_told_with_its_reason_in_either_language(tmp_path: Path) -> None:
    put(tmp_path / "cell.png")
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    assert discover(tmp_path).skipped[0].reason == "It is a text, not an image."
    assert discover(tmp_path, lang="fr").skipped[0].reason == "C'est un texte, pas une image."


@pytest.mark.parametrize(
    ("size", "mpp", "kind"),
    [((360, 363), None, "crops"), ((575, 575), None, "crops"), ((640, 480), None, "fields"),
     ((1440, 900), None, "fields"), ((900, 900), 0.05, "crops"), ((500, 500), 0.25, "fields")],
)  # fmt: skip
def test_kind_by_size_and_scale(tmp_path: Path, size: tuple[int, int], mpp: float | None, kind: str) -> None:
    for i in range(3):
        put(tmp_path / f"{i}.png", size, mpp)
    found = discover(tmp_path)
    assert found.kind == kind
    assert any(c.isdigit() for c in found.why_kind())
    assert found.why_kind("fr") != found.why_kind("en")


def test_slides_are_recognised_alone_and_among_images(tmp_path: Path) -> None:
    slide = put_pyramid(tmp_path / "slide.tif")
    assert discover(slide).kind is SpecimenKind.SLIDE
    assert discover(tmp_path).kind is SpecimenKind.SLIDE
    for i in range(3):
        put(tmp_path / f"{i}.png")
    mixed = discover(tmp_path)
    assert mixed.kind is SpecimenKind.CROPS
    assert [s.path for s in mixed.skipped] == ["slide.tif"]


def test_a_given_kind_is_obeyed(tmp_path: Path) -> None:
    put(tmp_path / "a.png", (1000, 1000))
    found = discover(tmp_path, SpecimenKind.CROPS)
    assert found.kind is SpecimenKind.CROPS
    assert len(found.images) == 1


def test_one_file_is_a_specimen_and_one_bad_file_is_an_error(tmp_path: Path) -> None:
    found = discover(put(tmp_path / "cell.png"))
    assert [f.name for f in found.images] == ["cell.png"]
    (tmp_path / "bad.png").write_bytes(b"no")
    from bloodcells_gui.imaging.refusal import ImageRefused

    with pytest.raises(ImageRefused):
        discover(tmp_path / "bad.png")


def test_companions_of_slides_are_not_images(tmp_path: Path) -> None:
    put(tmp_path / "cell.png")
    (tmp_path / "slide.mrxs").write_bytes(encoded(rgb_image(), "JPEG"))
    put(tmp_path / "slide" / "Data0001.png")
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["cell.png"]
    assert [s.path for s in found.skipped] == ["slide.mrxs"]


def test_the_search_can_be_cancelled(tmp_path: Path) -> None:
    put(tmp_path / "cell.png")

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        discover(tmp_path, check=stop)


def test_a_search_over_thousands_of_files_is_quick(tmp_path: Path) -> None:
    import time

    data = put(tmp_path / "0.png").read_bytes()
    for i in range(1, 2000):
        (tmp_path / f"{i}.png").write_bytes(data)
    start = time.process_time()
    assert len(discover(tmp_path).images) == 2000
    # 0.2 s alone; a quadratic search took 0.7 s for this many and 24 s for 12,000.
    assert time.process_time() - start < 5
    assert np.all([f.info.size_px == (80, 60) for f in discover(tmp_path).images])
