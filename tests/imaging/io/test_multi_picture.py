"""Files that hold more than one picture, or less than a whole one, or that go by other names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from bloodcells_gui.imaging.io.decode import load_image
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.imaging.io.refusal import ImageRefused
from tests.support.drawn_images import cell

A, B, C = (np.ascontiguousarray(cell(seed)[:120]) for seed in (1, 2, 3))


def _saved(path: Path, kind: str) -> Path:
    first, *rest = (Image.fromarray(x) for x in (A, B, C))
    first.save(
        path, kind, save_all=True, append_images=rest, **({"lossless": True} if kind == "WEBP" else {})
    )
    return path


def _reasons(folder: Path) -> dict[str, str]:
    return {s.path: s.reason for s in discover(folder).skipped}


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_not_taken_for_their_first_picture(kind: str, tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.img", kind)
    assert _reasons(tmp_path) == {
        "a.img": "It is an animation of 3 pictures. Save single pictures of it as TIFF, PNG or JPEG."
    }
    with pytest.raises(ImageRefused):
        load_image(path)


def test_further_pictures_of_a_jpeg_are_listed(tmp_path: Path) -> None:
    _saved(tmp_path / "a.jpg", "MPO")
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["a.jpg"]
    assert [s.path for s in found.skipped] == ["a.jpg#2", "a.jpg#3"]
    assert found.skipped[0].reason == (
        "It is a further picture in the same file, of which only the first is analysed."
    )


def test_maps_of_brightness_behind_a_photograph_are_no_pictures(tmp_path: Path) -> None:
    first, small = Image.fromarray(A), Image.fromarray(A).resize((40, 30))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[small])
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["a.jpg"]
    assert not found.skipped


def test_the_thumbnail_of_a_crop_is_not_a_crop(tmp_path: Path) -> None:
    small = np.asarray(Image.fromarray(A).resize((80, 60), Image.Resampling.BOX))
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(small, photometric="rgb")
        tif.write(A, photometric="rgb")
        tif.write(B[:60, :75], photometric="rgb")
    found = discover(tmp_path)
    assert [f.info.size_px for f in found.images] == [(160, 120), (75, 60)]
    np.testing.assert_array_equal(load_image(found.images[0].path).rgb, A)
    np.testing.assert_array_equal(load_image(found.images[1].path).rgb, B[:60, :75])


def test_a_photograph_with_a_missing_tile_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, A, photometric="rgb", tile=(32, 32))
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages.first.tags[325]
    data = bytearray(path.read_bytes())
    data[tag.valueoffset : tag.valueoffset + {3: 2, 4: 4}[int(tag.dtype)]] = bytes(
        {3: 2, 4: 4}[int(tag.dtype)]
    )
    path.write_bytes(data)
    with pytest.raises(ImageRefused, match="pieces are missing"):
        load_image(path)


def test_tiles_of_a_deep_zoom_picture_are_no_crops(tmp_path: Path) -> None:
    for name in ("s_files/8/0_0.jpeg", "s_files/9/0_0.jpeg", "s_files/9/1_0.jpeg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(B).save(tmp_path / name)
    (tmp_path / "s.dzi").write_text('<?xml version="1.0"?><Image TileSize="96"/>')
    found = discover(tmp_path)
    assert not found.images
    assert len(found.skipped) == 4
    reasons = {s.path: s.reason for s in found.skipped}
    assert reasons["s_files/9/1_0.jpeg"] == "It belongs to the slide s.dzi."
    assert "cut into tiles in the folder s_files" in reasons["s.dzi"]
    # Without the index they are pictures like others.
    (tmp_path / "s.dzi").unlink()
    assert len(discover(tmp_path).images) == 3


def test_a_raw_photograph_called_tif_is_not_called_tif(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", A.astype(np.uint16) * 16, photometric=34892)
    assert "raw photograph (RAW)" in _reasons(tmp_path)["a.tif"]
