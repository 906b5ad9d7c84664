"""Which page of a TIFF is the picture: never a thumbnail; colours, stacks and several pictures in pages."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from bloodcells_gui.domain.image_messages import BEST_PLANE, COLOURS_GUESSED
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.io.decode import decode_rgb, load_image, pictures_in, probe
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.page_names import page_path, split_page, with_suffix
from bloodcells_gui.imaging.io.readers_tiff import TiffReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import images
from tests.support.drawn_images import cell
from tests.support.hostile_images import picture

Pixels = NDArray[np.uint8]
CFA = 32803


def write(path: Path, *pages: NDArray[np.generic], **options: object) -> Path:
    with tifffile.TiffWriter(path) as tif:
        for page in pages:
            tif.write(page, metadata=None, **options)
    return path


def raw_photograph(path: Path) -> Path:
    """As cameras write them: a reduced page, and the sensor's values below it."""
    with tifffile.TiffWriter(path) as tif:
        tif.write(picture(160, 120), photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        tif.write(np.zeros((240, 320), np.uint16), photometric=CFA, subfiletype=0, metadata=None)
    return path


def test_a_raw_photograph_is_refused_by_name_wherever_its_name(tmp_path: Path) -> None:
    for name, kind in (("DSC_0001.NEF", "NEF"), ("IMG_1.dng", "DNG"), ("renamed.tif", "TIF")):
        path = raw_photograph(tmp_path / name)
        with pytest.raises(ImageRefused, match="raw photograph") as refused:
            images.load_image(path)
        assert kind in refused.value.reason()
        assert "JPEG that the camera saved" in refused.value.reason()
        assert "JPEG que l'appareil" in refused.value.reason("fr")
        with pytest.raises(ImageRefused, match="raw photograph"):
            open_image(path)
        path.unlink()


def test_photographs_beside_raw_files_are_the_images(tmp_path: Path) -> None:
    raw_photograph(tmp_path / "a.NEF")
    cv2.imwrite(str(tmp_path / "a.JPG"), cell(1))
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["a.JPG"]
    assert [s.path for s in found.skipped] == ["a.NEF"]
    assert "NEF" in found.skipped[0].reason


@pytest.mark.parametrize("flagged", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_thumbnail_is_never_the_picture(flagged: bool, first: bool, tmp_path: Path) -> None:
    rgb = picture(900, 700)
    small = cv2.resize(rgb, (180, 140), interpolation=cv2.INTER_AREA)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        for page in (small, rgb) if first else (rgb, small):
            kind = 1 if flagged and page is small else 0
            tif.write(page, photometric="rgb", subfiletype=kind, metadata=None)
    assert probe(path).size_px == (900, 700)
    np.testing.assert_array_equal(load_image(path).rgb, rgb)
    with open_image(path) as reader:
        assert reader.size_px == (900, 700)
        np.testing.assert_array_equal(reader.read_region(5, 6, 70, 80), rgb[6:86, 5:75])
    found = discover(path)
    assert found.kind is SpecimenKind.FIELDS
    assert [f.name for f in found.images] == ["a.tif"]


def test_a_picture_below_its_thumbnail_is_the_picture(tmp_path: Path) -> None:
    rgb = picture(300, 200)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(
            np.ascontiguousarray(rgb[::4, ::4]), photometric="rgb", subfiletype=1, subifds=1, metadata=None
        )
        tif.write(rgb, photometric="rgb", subfiletype=0, metadata=None)
    np.testing.assert_array_equal(load_image(path).rgb, rgb)
    assert probe(path).size_px == (300, 200)


def test_thumbnails_alone_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", picture(160, 120), photometric="rgb", subfiletype=1)
    with pytest.raises(ImageRefused, match="only reduced versions"):
        load_image(path)


def test_a_large_tiff_starts_with_its_picture_too(tmp_path: Path) -> None:
    rgb = picture(900, 700)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(rgb[::10, ::10].copy(), photometric="rgb", subfiletype=1, metadata=None)
        tif.write(rgb, photometric="rgb", tile=(256, 256), metadata=None)
        tif.write(picture(60, 200), photometric="rgb", description="label 60x200", metadata=None)
    with open_image(path, DecodeLimits(max_pixels=100_000)) as reader:
        assert isinstance(reader, TiffReader)
        assert reader.size_px == (900, 700)
        np.testing.assert_array_equal(reader.read_region(300, 200, 90, 80), rgb[200:280, 300:390])


def test_the_overview_of_a_container_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_Image_01_" / "stack1").mkdir(parents=True)
    (tmp_path / "_Image_01_" / "stack1" / "frame_t.ets").write_bytes(b"SIS\0" + bytes(100))
    for name in ("Image_01.vsi", "Image_01.tif"):
        path = write(tmp_path / name, picture(400, 300), photometric="rgb")
        with pytest.raises(ImageRefused, match="only the overview") as refused:
            images.load_image(path)
        assert "_Image_01_" in refused.value.reason()
        assert "OME-TIFF" in refused.value.reason()
        with pytest.raises(ImageRefused, match="only the overview"):
            open_image(path)
    assert discover(tmp_path).images == ()


@pytest.mark.parametrize(("tag", "name"), [(34412, "LSM"), (33629, "STK")])
def test_files_of_microscopes_that_begin_like_tiff_are_named(tag: int, name: str, tmp_path: Path) -> None:
    extra = [(tag, 1, 4, b"abcd", True)]
    path = write(tmp_path / "a.tif", picture(), photometric="rgb", extratags=extra)
    with pytest.raises(ImageRefused, match=name):
        load_image(path)


def test_pages_of_one_file_are_images_of_their_own(tmp_path: Path) -> None:
    cells = [cell(i) for i in range(4)]
    path = write(tmp_path / "four.tif", *cells, photometric="rgb", compression="zlib")
    found = discover(tmp_path)
    assert [f.name for f in found.images] == [f"four.tif#{i}" for i in (1, 2, 3, 4)]
    assert found.kind is SpecimenKind.CROPS
    assert found.skipped == ()
    for image, rgb in zip(found.images, cells, strict=True):
        loaded = images.load_image(image.path)
        np.testing.assert_array_equal(loaded.rgb, rgb)
        assert loaded.info.size_px == image.info.size_px == (160, 160)
        with images.open_image(image.path) as reader:
            np.testing.assert_array_equal(reader.read_region(0, 0, 160, 160), rgb)
    with pytest.raises(ImageRefused, match="picture 5"):
        load_image(page_path(path, 5))
    with pytest.raises(ImageRefused, match="not there"):
        load_image(tmp_path / "gone.tif#2")


def test_pages_of_several_sizes_keep_their_own(tmp_path: Path) -> None:
    cells = [cell(1, 120), cell(2, 300), cell(3, 140)]
    write(tmp_path / "a.tif", *cells, photometric="rgb")
    found = discover(tmp_path)
    assert [f.info.size_px for f in found.images] == [(120, 120), (300, 300), (140, 140)]
    for image, rgb in zip(found.images, cells, strict=True):
        np.testing.assert_array_equal(load_image(image.path).rgb, rgb)


def test_a_page_changed_meanwhile_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", cell(1), cell(2), photometric="rgb")
    np.testing.assert_array_equal(load_image(page_path(path, 2)).rgb, cell(2))
    path.unlink()
    write(path, cell(1), cell(3), photometric="rgb")
    np.testing.assert_array_equal(load_image(page_path(path, 2)).rgb, cell(3))


@pytest.mark.parametrize("software", ["plain", "imagej", "ome"])
def test_of_a_stack_the_sharpest_plane_is_read(software: str, tmp_path: Path) -> None:
    rgb = cell(3, 200)
    planes = np.stack([rgb if s == 0 else cv2.GaussianBlur(rgb, (0, 0), s) for s in (4.0, 2.0, 0, 2.0, 5.0)])
    path = tmp_path / "stack.tif"
    if software == "plain":
        write(path, *planes, photometric="rgb")
    elif software == "imagej":
        tifffile.imwrite(path, planes, imagej=True, metadata={"axes": "ZYXS", "spacing": 0.5})
    else:
        tifffile.imwrite(path, planes, ome=True, photometric="rgb", metadata={"axes": "ZYXS"})
    loaded = images.load_image(path)
    np.testing.assert_array_equal(loaded.rgb, rgb)
    assert loaded.notices == (BEST_PLANE,)
    found = discover(tmp_path)
    assert [f.name for f in found.images] == ["stack.tif"]


def test_of_a_stack_of_large_planes_the_sharpest_is_read(tmp_path: Path) -> None:
    rgb = picture(700, 600)
    planes = np.stack([cv2.GaussianBlur(rgb, (0, 0), 4.0), rgb, cv2.GaussianBlur(rgb, (0, 0), 6.0)])
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, planes, ome=True, photometric="rgb", tile=(256, 256), metadata={"axes": "ZYXS"})
    with open_image(path, DecodeLimits(max_pixels=100_000)) as reader:
        assert reader.notices == (BEST_PLANE,)
        np.testing.assert_array_equal(reader.read_region(0, 0, 600, 500), rgb[:500, :600])


def _luts(order: str) -> list[NDArray[np.uint8]]:
    ramp = np.arange(256, dtype=np.uint8)
    return [np.stack([ramp if c == k else 0 * ramp for c in "rgb"]) for k in order]


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("software", ["imagej", "ome names", "ome colours", "page names"])
def test_colours_in_three_pages_are_one_picture(software: str, order: str, tmp_path: Path) -> None:
    rgb = cell(4)
    channels = np.stack([rgb[..., "rgb".index(c)] for c in order])
    path = tmp_path / "a.tif"
    if software == "imagej":
        metadata = {"axes": "CYX", "mode": "composite", "LUTs": _luts(order)}
        tifffile.imwrite(path, channels, imagej=True, metadata=metadata)
    elif software.startswith("ome"):
        names = {"r": "Red", "g": "Green", "b": "Blue"}
        colours = {"r": -16776961, "g": 16711935, "b": 65535}
        told = {"Name": [names[c] for c in order]} if software == "ome names" else {}
        told |= {"Color": [colours[c] for c in order]} if software == "ome colours" else {}
        tifffile.imwrite(
            path, channels, ome=True, photometric="minisblack", metadata={"axes": "CYX", "Channel": told}
        )
    else:
        with tifffile.TiffWriter(path) as tif:
            for plane, c in zip(channels, order, strict=True):
                name = {"r": "red", "g": "green", "b": "blue"}[c].encode()
                extra = [(285, 2, len(name) + 1, name + b"\0", True)]
                tif.write(plane, photometric="minisblack", extratags=extra, metadata=None, contiguous=False)
    loaded = images.load_image(path)
    np.testing.assert_array_equal(loaded.rgb, rgb)
    assert loaded.notices == ()
    assert len(discover(tmp_path).images) == 1


def test_three_grey_pages_of_one_scene_are_its_colours_and_it_is_said(tmp_path: Path) -> None:
    rgb = cell(5)
    path = write(tmp_path / "a.tif", *np.moveaxis(rgb, -1, 0), photometric="minisblack")
    loaded = load_image(path)
    np.testing.assert_array_equal(loaded.rgb, rgb)
    assert loaded.notices == (COLOURS_GUESSED,)


def test_three_grey_pages_of_three_scenes_are_three_pictures(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", *(cell(i)[..., 1] for i in (1, 2, 3)), photometric="minisblack")
    assert len(discover(tmp_path).images) == 3


def test_two_colour_channels_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, np.stack([cell(1)[..., 0], cell(1)[..., 1]]), imagej=True, metadata={"axes": "CYX"}
    )
    with pytest.raises(ImageRefused, match="2 colour channels"):
        load_image(path)
    with pytest.raises(ImageRefused, match="2 colour channels"):
        discover(path)


def test_colour_and_depth_together(tmp_path: Path) -> None:
    rgb = cell(6)
    planes = [cv2.GaussianBlur(rgb, (0, 0), 3.0), rgb]
    stack = np.stack([np.moveaxis(p, -1, 0) for p in planes])
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZCYX", "mode": "composite"})
    np.testing.assert_array_equal(load_image(path).rgb, rgb)


def test_names_of_pictures_in_files(tmp_path: Path) -> None:
    assert split_page(tmp_path / "a.tif#12") == (tmp_path / "a.tif", 12)
    for name in ("a.tif", "#3", "a.tif#0", "a.tif#x", "a#3.tif"):
        assert split_page(tmp_path / name) == (tmp_path / name, 0)
    really = tmp_path / "b.tif#2"
    really.write_bytes(b"x")
    assert split_page(really) == (really, 0)
    assert with_suffix("f/stack.tif#3", ".png") == "f/stack#3.png"
    assert with_suffix("f/cell.tif", ".png") == "f/cell.png"


def test_many_pages_are_read_in_linear_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pages = [rng.integers(0, 256, (24, 24, 3), np.uint8) for _ in range(300)]
    path = write(tmp_path / "a.tif", *pages, photometric="rgb")
    assert len(pictures_in(path)) == 300
    np.testing.assert_array_equal(decode_rgb(page_path(path, 300)), pages[-1])


def test_pages_that_lead_back_have_an_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", cell(1), cell(2), photometric="rgb")
    with tifffile.TiffFile(path) as tif:
        first, last = tif.pages[0].offset, tif.pages[1].offset
    data = bytearray(path.read_bytes())
    link = last + 2 + 12 * int.from_bytes(data[last : last + 2], "little")
    data[link : link + 4] = first.to_bytes(4, "little")
    path.write_bytes(data)
    assert len(pictures_in(path)) == 2
    np.testing.assert_array_equal(load_image(page_path(path, 2)).rgb, cell(2))
    with TiffReader(path) as reader:
        np.testing.assert_array_equal(reader.read_region(0, 0, 160, 160), cell(1))


def test_slices_of_imagej_that_show_different_cells_are_images(tmp_path: Path) -> None:
    cells = np.stack([cell(i) for i in range(5)])
    tifffile.imwrite(tmp_path / "a.tif", cells, imagej=True, metadata={"axes": "ZYXS"})
    found = discover(tmp_path)
    assert [f.name for f in found.images] == [f"a.tif#{i}" for i in range(1, 6)]
    np.testing.assert_array_equal(load_image(found.images[4].path).rgb, cells[4])
