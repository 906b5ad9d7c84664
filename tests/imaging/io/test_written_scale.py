"""Scales as microscopes' programs write them: read, or named as not understood, never lost in silence."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from bloodcells_gui.imaging.io.byte_source import MemorySource
from bloodcells_gui.imaging.io.decode import probe, probe_source
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.imaging.io.info import ImageInfo
from bloodcells_gui.imaging.io.sandbox.images import open_image
from bloodcells_gui.imaging.io.written_scale import imagej_scale, number, scale_in_text, unit_um

PIXELS = np.full((20, 30, 3), 200, np.uint8)


def info_of(data: bytes) -> ImageInfo:
    return probe_source(MemorySource(data), "x")


def tiff(**options: object) -> ImageInfo:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, PIXELS, photometric="rgb", metadata=None, **options)
    return info_of(buffer.getvalue())


def ome(attributes: str, before: str = "") -> str:
    return f'<OME>{before}<Image ID="0"><Pixels ID="0" {attributes}><TiffData/></Pixels></Image></OME>'


@pytest.mark.parametrize(
    "text",
    [
        'PhysicalSizeX="0.107" PhysicalSizeXUnit="µm" PhysicalSizeY="0.107" PhysicalSizeYUnit="µm"',
        "PhysicalSizeX='0.107' PhysicalSizeXUnit='µm' PhysicalSizeY='0.107'",
        'PhysicalSizeX="0,107" PhysicalSizeY="0,107"',
        'PhysicalSizeX = "0.107" PhysicalSizeXUnit="&#181;m"',
        'PhysicalSizeY="0.107" PhysicalSizeYUnit="&#xB5;m"',
        'PhysicalSizeX="107" PhysicalSizeXUnit="nm" PhysicalSizeY="0.000107" PhysicalSizeYUnit="mm"',
        'PhysicalSizeX="1.07E-1" PhysicalSizeXUnit="\ufffdm"',
        'PhysicalSizeX="1070" PhysicalSizeXUnit="Å"',
    ],
)
def test_ome(text: str) -> None:
    assert scale_in_text(ome(text)).mpp == pytest.approx(0.107)


def test_an_instrument_list_before_the_pixels_and_a_label_behind_them() -> None:
    objectives = "".join(f'<Objective ID="{i}" Model="Plan {i} 100x/1.40 Oil DIC"/>' for i in range(2000))
    label = '<Image ID="1"><Pixels PhysicalSizeX="1.5" PhysicalSizeY="1.5"/></Image>'
    text = ome('PhysicalSizeX="0.107" PhysicalSizeY="0.107"', objectives) + label
    assert len(text) > 100_000
    info = tiff(description=text)
    assert info.mpp == pytest.approx(0.107)
    assert len(info.description) <= 4096


@pytest.mark.parametrize(
    "text",
    [
        "Aperio Image Library|AppMag = 40|MPP = 0.107|Left = 1",
        "Aperio Image Library|MPP = 0,107",
        json.dumps({"Width": 512, "PixelSizeUm": 0.107, "Binning": 1}),
        json.dumps({"PixelSize_um": 0.107, "Height": 3}),
        json.dumps({"shape": [9, 9, 3], "PhysicalSizeX": 0.107}),
        json.dumps({"PhysicalSizeX": 107, "PhysicalSizeXUnit": "nm"}),
        json.dumps({"PhysicalSizeX": 0.107, "PhysicalSizeXUnit": "µm"}),
        "Calibration: 0.107 µm/pixel",
        "107 nm per px",
        "9.3458 pixels/micron",
        "um_per_px=0.107",
        '<Attribute Name="DICOM_PIXEL_SPACING" PMSVR="x">&quot;0.000107&quot; &quot;0.000107&quot;<',
    ],
)
def test_other_writers(text: str) -> None:
    assert scale_in_text(text).mpp == pytest.approx(0.107, rel=1e-4)


@pytest.mark.parametrize(
    "unit", ["micron", "um", "µm", "\\u00B5m", "microns", "\ufffdm", "&#181;m", "micrometre"]
)
def test_imagej_counts_pixels_per_its_unit(unit: str) -> None:
    text = f"ImageJ=1.54f\nimages=1\nunit={unit}\nspacing=3.0\nloop=false\n"
    assert imagej_scale(text, 1 / 0.107, 1 / 0.107).mpp == pytest.approx(0.107)


def test_imagej_in_a_file() -> None:
    for unit, factor in (("\\u00B5m", 1.0), ("nm", 1e-3), ("inch", 25_400.0), ("cm", 1e4)):
        info = tiff(
            description=f"ImageJ=1.54f\nunit={unit}\n",
            resolution=(factor / 0.107,) * 2,
            resolutionunit={"inch": 2, "cm": 3}.get(unit, 1),
        )
        assert info.mpp == pytest.approx(0.107, rel=1e-4), unit


def test_the_distance_between_planes_is_no_pixel() -> None:
    found = imagej_scale("ImageJ=1.54f\nunit=micron\nspacing=0.107\n", None, None)
    assert found.mpp is None
    assert found.unread == "unit=micron"


@pytest.mark.parametrize("wide", [False, True])
def test_micro_manager_keeps_it_in_a_tag_of_its_own(wide: bool) -> None:
    text = json.dumps({"PixelSizeUm": 0.107, "Camera": "C"})
    tag = (50839, "B", 2 * len(text), text.encode("utf-16-le"), True) if wide else (51123, "s", 0, text, True)
    assert tiff(extratags=[tag]).mpp == pytest.approx(0.107)


def test_comments_of_jpeg_and_png() -> None:
    image, buffer = Image.fromarray(PIXELS), io.BytesIO()
    image.save(buffer, "JPEG", comment=b"scale 0,107 um/px")
    assert info_of(buffer.getvalue()).mpp == pytest.approx(0.107)
    words, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    words.add_text("PixelSizeUm", "0.107")
    image.save(buffer, "PNG", pnginfo=words)
    assert info_of(buffer.getvalue()).mpp == pytest.approx(0.107)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ome('PhysicalSizeX="0.107" PhysicalSizeXUnit="parsec"'), "PhysicalSizeX=0.107 parsec"),
        (ome('PhysicalSizeX="nan" PhysicalSizeXUnit="µm"'), "PhysicalSizeX=nan µm"),
        (ome('PhysicalSizeX="107" PhysicalSizeXUnit="µm"'), "PhysicalSizeX=107 µm"),
        (ome('PhysicalSizeX="0.1" PhysicalSizeY="0.2"'), "PhysicalSizeX=0.1"),
        ("MPP = unknown", "MPP=unknown"),
        ("Pixel size: 6.45 um, binning 1", "Pixel size: 6.45 um, binning"),
    ],
)
def test_what_is_not_understood_is_named(text: str, named: str) -> None:
    found = scale_in_text(text)
    assert found.mpp is None
    assert found.unread.startswith(named)
    assert tiff(description=text.encode()).unparsed_scale_text.startswith(named[:10])


@pytest.mark.parametrize(
    "text",
    [
        "", "A blood film, 100x oil.", ome('SizeX="3"'), json.dumps({"PixelSizeUm": 0.0}),
        ome('PhysicalSizeX="1.0" PhysicalSizeXUnit="pixel"'), "MPP = 0", "the mpps=2 of it",
    ],
)  # fmt: skip
def test_no_scale_is_no_remark(text: str) -> None:
    assert scale_in_text(text).mpp is None
    assert scale_in_text(text).unread == ""


def test_resolution_tags() -> None:
    assert tiff(resolution=(1e4 / 0.107,) * 2, resolutionunit=3).mpp == pytest.approx(0.107)
    for dpi in (72, 96, 150, 300, 600):
        found = tiff(resolution=(dpi, dpi), resolutionunit=2)
        assert (found.mpp, found.unparsed_scale_text) == (None, "")
    assert tiff(resolution=(1, 1), resolutionunit=1).unparsed_scale_text == ""
    assert tiff(resolution=(9.345, 9.345), resolutionunit=1).unparsed_scale_text == "9.345 pixels, no unit"
    found = tiff(resolution=(1e4 / 10.7,) * 2, resolutionunit=3)
    assert (found.mpp, found.unparsed_scale_text) == (None, "10.7 um")


def test_numbers_and_units() -> None:
    assert [number(t) for t in ("0,107", "1,234.5", " .5 ", "1e-1", "-1", "1_0", "inf", "0", "")] == [
        0.107, 1234.5, 0.5, 0.1, None, None, None, None, None,
    ]  # fmt: skip
    assert [unit_um(t) for t in ("UM", "\u00c2\u00b5m", "\u03bcm", "Microns", "furlong", "")] == [
        1.0, 1.0, 1.0, 1.0, None, None,
    ]  # fmt: skip


def test_patterns_end_soon_on_hostile_text() -> None:
    begun = time.process_time()
    for piece in ("<Pixels ", "PhysicalSizeX=", "DICOM_PIXEL_SPACING ", "1 um/", "pixel size", "9" * 50):
        scale_in_text(piece * (1_000_000 // len(piece)))
    assert time.process_time() - begun < 20  # a decoder child has 10 s a request


def test_a_reader_says_what_it_did_not_understand(tmp_path: Path) -> None:
    path = tmp_path / "field.tif"
    text = ome('PhysicalSizeX="0.107" PhysicalSizeXUnit="parsec"')
    tifffile.imwrite(path, PIXELS, photometric="rgb", description=text.encode(), metadata=None)
    assert probe(path).unparsed_scale_text == "PhysicalSizeX=0.107 parsec"
    with open_image(path) as reader:
        assert reader.unparsed_scale_text == "PhysicalSizeX=0.107 parsec"


def test_micro_managers_text_beside_the_images_gives_their_scale(tmp_path: Path) -> None:
    for name in ("img_000.tif", "img_001.tif"):
        tifffile.imwrite(tmp_path / name, PIXELS, photometric="rgb", metadata=None)
    tifffile.imwrite(
        tmp_path / "own.tif", PIXELS, photometric="rgb", metadata=None,
        resolution=(1e4 / 0.25,) * 2, resolutionunit=3,
    )  # fmt: skip
    assert [f.info.mpp for f in discover(tmp_path).images[:2]] == [None, None]
    (tmp_path / "metadata.txt").write_text(json.dumps({"Summary": {"PixelSize_um": 0.107}}))
    found = {f.name: f.info.mpp for f in discover(tmp_path).images}
    assert found == {"img_000.tif": 0.107, "img_001.tif": 0.107, "own.tif": pytest.approx(0.25)}


def _with_exif(**found: object) -> bytes:
    """A JPEG with what `user` and `xp` say in its comments."""
    exif = Image.Exif()
    if "xp" in found:
        exif[0x9C9C] = str(found["xp"]).encode("utf-16le")
    if "user" in found:
        exif.get_ifd(0x8769)[0x9286] = found["user"]
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def _png_that_says(text: str, itxt: bool) -> bytes:
    info = PngImagePlugin.PngInfo()
    (info.add_itxt if itxt else info.add_text)("Description", text, zip=True)
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        _with_exif(user=b"ASCII\0\0\0100x oil, 0.1 um/px"),
        _with_exif(user=b"UNICODE\0" + "0,1 µm/px".encode("utf-16be")),
        _with_exif(xp="0.1 um per pixel"),
        _png_that_says("100x oil, 0.1 um/px", itxt=False),
        _png_that_says("0,1 µm/pixel", itxt=True),
    ],
    ids=["user comment", "user comment in 16 bits", "Windows comment", "zTXt", "packed iTXt"],
)
def test_comments_of_people_and_programs_are_read(data: bytes) -> None:
    assert info_of(data).mpp == pytest.approx(0.1)


def test_xmp_is_read() -> None:
    out = io.BytesIO()
    xmp = b'<x:xmpmeta><rdf:Description note="0.1 um/px"/></x:xmpmeta>'
    Image.new("RGB", (40, 30)).save(out, "JPEG", xmp=xmp)
    assert info_of(out.getvalue()).mpp == pytest.approx(0.1)
