"""Headers and pixels against Pillow, an independent decoder."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from bloodcells_gui.imaging.io.byte_source import MemorySource
from bloodcells_gui.imaging.io.decode import decode_rgb, load_image, probe_source
from bloodcells_gui.imaging.io.info import plausible_mpp
from bloodcells_gui.imaging.io.pixels import orient, sample_range, to_rgb, to_uint8
from bloodcells_gui.imaging.io.refusal import ImageRefused
from tests.support.hostile_images import encoded, picture, tiff_bytes

COLOUR = picture()
ALPHA = np.dstack([COLOUR, np.linspace(0, 255, COLOUR.size // 3).reshape(COLOUR.shape[:2]).astype(np.uint8)])
MODES = {
    "RGB": Image.fromarray(COLOUR),
    "L": Image.fromarray(COLOUR).convert("L"),
    "LA": Image.fromarray(ALPHA[..., [0, 3]]),
    "P": Image.fromarray(COLOUR).convert("P"),
    "1": Image.fromarray(COLOUR).convert("1"),
    "RGBA": Image.fromarray(ALPHA),
    "CMYK": Image.fromarray(COLOUR).convert("CMYK"),
}
KINDS: tuple[tuple[str, dict[str, object]], ...] = (
    ("JPEG", {"quality": 95}), ("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True}), ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", {"compression": "packbits"}), ("TIFF", {"compression": "jpeg", "quality": 95}),
)  # fmt: skip
# What Pillow cannot write, or writes in a way nobody reads alike (JPEG in TIFF with two or four channels).
IMPOSSIBLE = {("JPEG", m) for m in ("LA", "P", "RGBA")} | {("BMP", "LA"), ("BMP", "CMYK"), ("PNG", "CMYK")}
JPEG_TIFF = {"LA", "P", "RGBA", "CMYK", "1"}


def on_white(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    if image.mode in ("RGBA", "LA"):
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=str)
def test_every_mode_of_every_format_as_pillow_sees_it(
    mode: str, kind: str, options: dict[str, object]
) -> None:
    if (kind, mode) in IMPOSSIBLE or (options.get("compression") == "jpeg" and mode in JPEG_TIFF):
        pytest.skip("not written by Pillow")
    data = encoded(MODES[mode], kind, **options)
    expected = on_white(data)
    got = decode_rgb(data).astype(int)
    assert got.shape == expected.shape
    # Palettes have 16 bits in TIFF, and Adobe's inks are converted with one grey level of freedom.
    assert np.abs(got - expected).max() <= 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    image = MODES["RGB"]
    exif = image.getexif()
    exif[0x0112] = orientation
    data = encoded(image, kind, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")).astype(int)
    loaded = load_image(data)
    assert loaded.rgb.shape == expected.shape
    assert np.abs(loaded.rgb - expected).mean() < 1
    assert loaded.info.size_px == (expected.shape[1], expected.shape[0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_follows_the_standard(orientation: int) -> None:
    corners = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(3, axis=2)
    image = Image.fromarray(corners)
    image.getexif()[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=image.getexif())
    expected = np.asarray(ImageOps.exif_transpose(Image.open(buffer)))
    np.testing.assert_array_equal(orient(corners, orientation), expected)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_samples_are_scaled_by_their_container(bits: int) -> None:
    top = 2**bits - 1
    values = np.array([[0, top // 2, top]], np.uint16)
    assert to_uint8(values).tolist() == [[0, round(top // 2 * 255 / top), 255]]


def test_a_dark_image_is_not_stretched() -> None:
    values = np.array([[0, 20_000, 40_000]], np.uint16)
    assert to_uint8(values).tolist() == [[0, 78, 156]]
    assert sample_range(values) == 65535


def test_floats_and_missing_values() -> None:
    assert to_uint8(np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)).tolist() == [[0, 128, 255, 0]]
    assert to_uint8(np.array([[0.0, 255.0]], np.float32)).tolist() == [[0, 255]]


def test_transparent_is_white_and_opaque_is_untouched() -> None:
    pixels = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [0, 0, 0, 128]]], np.uint8)
    assert to_rgb(pixels).tolist() == [[[255, 255, 255], [10, 20, 30], [127, 127, 127]]]


TIFF_VARIANTS: tuple[dict[str, object], ...] = (
    {}, {"tile": (32, 16)}, {"rowsperstrip": 7}, {"compression": "lzw", "predictor": True},
    {"compression": "zlib", "predictor": True, "tile": (32, 32)}, {"planarconfig": "separate"},
)  # fmt: skip


@pytest.mark.parametrize("options", TIFF_VARIANTS, ids=str)
@pytest.mark.parametrize("deep", [False, True])
def test_tiff_layouts(options: dict[str, object], deep: bool) -> None:
    array = COLOUR.astype(np.uint16) * 257 if deep else COLOUR
    if options.get("planarconfig") == "separate":
        array = np.moveaxis(array, -1, 0)
    np.testing.assert_array_equal(decode_rgb(tiff_bytes(array, photometric="rgb", **options)), COLOUR)


def test_the_first_page_is_taken() -> None:
    data = encoded(MODES["RGB"], "TIFF", save_all=True, append_images=[Image.new("RGB", (10, 10))])
    np.testing.assert_array_equal(decode_rgb(data), COLOUR)


def test_unsupported_compression_is_named() -> None:
    with pytest.raises(ImageRefused, match="50000"):
        decode_rgb(tiff_bytes(COLOUR, photometric="rgb", compression="zstd"))


def test_four_inks_without_adobe_marker_are_refused() -> None:
    data = encoded(MODES["CMYK"], "JPEG")
    at = data.index(b"Adobe")
    with pytest.raises(ImageRefused, match="ink"):
        decode_rgb(data[:at] + b"Xdobe" + data[at + 5 :])


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {"dpi": (25400 / 0.25,) * 2}), ("TIFF", {"dpi": (25400 / 0.25,) * 2, "resolution_unit": 2}),
     ("BMP", {"dpi": (25400 / 0.25,) * 2}), ("JPEG", {"dpi": (50800, 50800)})],
)  # fmt: skip
def test_scale_from_the_files_density(kind: str, options: dict[str, object]) -> None:
    info = probe_source(MemorySource(encoded(MODES["RGB"], kind, **options)), "x")
    assert info.mpp == pytest.approx(0.5 if kind == "JPEG" else 0.25, rel=1e-3)


@pytest.mark.parametrize("dpi", [72, 96, 300, 600])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_printing_densities_are_no_scale(kind: str, dpi: int) -> None:
    assert probe_source(MemorySource(encoded(MODES["RGB"], kind, dpi=(dpi, dpi))), "x").mpp is None


def test_scales_of_axes_must_agree() -> None:
    assert plausible_mpp(0.25, 0.30) is None


def test_a_folder_and_its_hash(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "cell.png"
    path.write_bytes(encoded(MODES["RGB"], "PNG"))
    assert load_image(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ImageRefused, match="folder"):
        decode_rgb(tmp_path)
