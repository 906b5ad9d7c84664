"""Profiles, alpha and ranges of brightness: the same picture whatever it is stored as."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from bloodcells_gui.domain.image_messages import NO_ALPHA, OTHER_RANGE, PROFILE_APPLIED, PROFILE_LEFT
from bloodcells_gui.imaging.io import colour
from bloodcells_gui.imaging.io.colour import UnusableProfile, from_icc
from bloodcells_gui.imaging.io.decode import load_image
from bloodcells_gui.imaging.io.pixels import SampleRange, beyond, range_of, sample_range
from bloodcells_gui.imaging.io.readers_tiff import TiffReader
from bloodcells_gui.imaging.io.sandbox import images
from tests.support.hostile_images import encoded, picture, tiff_bytes

RGB = picture(96, 64)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
D50 = (0.9642, 1.0, 0.8249)
PROPHOTO = ((0.7976749, 0.1351917, 0.0313534), (0.2880402, 0.7118741, 0.0000857), (0, 0, 0.8252100))
ADOBE = (
    (0.6097559, 0.2052401, 0.1492240),
    (0.3111242, 0.6256560, 0.0632197),
    (0.0194811, 0.0608902, 0.7448387),
)


def s15(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def curv(*points: int) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(points)}H", len(points), *points)


def icc(tags: dict[bytes, bytes], space: bytes = b"RGB ", pcs: bytes = b"XYZ ") -> bytes:
    """An ICC profile of version 2 with these tags."""
    head = bytearray(128)
    head[8:12], head[12:16], head[16:20], head[20:24] = b"\2\x40\0\0", b"mntr", space, pcs
    head[36:40], head[68:80] = b"acsp", s15(*D50)
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        data = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    profile = bytes(head) + table + body
    return struct.pack(">I", len(profile)) + profile[4:]


def matrix_profile(matrix: tuple[tuple[float, ...], ...], curve: bytes) -> bytes:
    columns = {
        k: b"XYZ \0\0\0\0" + s15(*(row[i] for row in matrix)) for i, k in enumerate((b"r", b"g", b"b"))
    }
    return icc(
        {b"wtpt": b"XYZ \0\0\0\0" + s15(*D50), b"desc": b"desc\0\0\0\0\0\0\0\2x\0" + bytes(80)}
        | {k + b"XYZ": v for k, v in columns.items()}
        | {k + b"TRC": curve for k in columns}
    )


PROFILES = {
    "ProPhoto": matrix_profile(PROPHOTO, curv(round(1.8 * 256))),
    "Adobe RGB": matrix_profile(ADOBE, curv(563)),
    "linear": matrix_profile(PROPHOTO, curv()),
    "table": matrix_profile(ADOBE, curv(*(round(65535 * (i / 255) ** 2.5) for i in range(256)))),
    "parametric": matrix_profile(
        ADOBE, b"para\0\0\0\0\0\3\0\0" + s15(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    ),
}


def by_littlecms(rgb: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    """What LittleCMS, an independent engine, makes of it."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    made = ImageCms.profileToProfile(
        Image.fromarray(rgb), source, ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB",
    )  # fmt: skip
    return np.asarray(made)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_profiles_are_applied_as_another_engine_does(kind: str, name: str, tmp_path: Path) -> None:
    options = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    data = encoded(Image.fromarray(RGB), kind, icc_profile=PROFILES[name], **options)
    plain = load_image(encoded(Image.fromarray(RGB), kind, **options)).rgb
    path = tmp_path / "a"
    path.write_bytes(data)
    loaded = images.load_image(path)
    assert loaded.notices == (PROFILE_APPLIED,)
    expected = by_littlecms(plain, PROFILES[name])
    off = np.abs(loaded.rgb.astype(int) - expected)
    # LittleCMS computes 8 bits with fewer digits where the curve is steep.
    assert np.percentile(off, 99.5) <= 1
    assert off.max() <= 4
    assert np.abs(plain.astype(int) - expected).mean() > 3


def test_16_bits_are_converted_before_they_become_8() -> None:
    linear = PROFILES["linear"]
    ramp = np.repeat(np.arange(0, 65536, 256, dtype=np.uint16)[None, :, None], 3, axis=2)
    data = tiff_bytes(np.ascontiguousarray(ramp), photometric="rgb", iccprofile=linear)
    got = load_image(data, brightness=SampleRange(whole=65535)).rgb[0, :, 0].astype(int)
    v = np.arange(0, 65536, 256) / 65535
    want = np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055) * 255
    assert np.abs(got - want).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_an_srgb_profile_changes_no_byte(kind: str) -> None:
    plain = encoded(Image.fromarray(RGB), kind)
    tagged = load_image(encoded(Image.fromarray(RGB), kind, icc_profile=SRGB))
    np.testing.assert_array_equal(tagged.rgb, load_image(plain).rgb)
    assert tagged.notices == ()


def test_a_grey_profile_is_applied() -> None:
    grey = Image.fromarray(RGB).convert("L")
    profile = icc({b"kTRC": curv(256), b"wtpt": b"XYZ \0\0\0\0" + s15(*D50)}, b"GRAY")
    loaded = load_image(encoded(grey, "PNG", icc_profile=profile))
    v = np.asarray(grey) / 255
    want = np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055) * 255
    assert np.abs(loaded.rgb[..., 1] - want).max() <= 1


HOSTILE = {
    "empty": b"",
    "text": b"x" * 500,
    "cut": PROFILES["ProPhoto"][:300],
    "tags": PROFILES["ProPhoto"][:128] + struct.pack(">I", 2**31) + PROFILES["ProPhoto"][132:],
    "black": matrix_profile(((0, 0, 0),) * 3, curv()),
    "one colour": matrix_profile(((0.3214,) * 3, (1 / 3,) * 3, (0.275,) * 3), curv()),
    "gamma": matrix_profile(ADOBE, curv(65535)),
    "falling": matrix_profile(ADOBE, curv(65535, 0)),
    "endless": matrix_profile(ADOBE, b"curv\0\0\0\0" + struct.pack(">I", 2**31)),
    "table only": icc({b"A2B0": b"mft2" + bytes(100)}),
    "inks": icc({b"A2B0": b"mft1" + bytes(100)}, b"CMYK", b"Lab "),
    "infinite": matrix_profile(
        ADOBE, b"para\0\0\0\0\0\4\0\0" + s15(2.4, -30000, 30000, -30000, 0, 30000, -30000)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_profiles_that_cannot_be_true_are_left_and_it_is_said(name: str) -> None:
    with pytest.raises(UnusableProfile):
        from_icc(HOSTILE[name])
    if HOSTILE[name]:
        loaded = load_image(encoded(Image.fromarray(RGB), "PNG", icc_profile=HOSTILE[name]))
        np.testing.assert_array_equal(loaded.rgb, RGB)
        assert loaded.notices == (PROFILE_LEFT,)


def _png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    data = encoded(Image.fromarray(RGB), "PNG")
    extra = b"".join(
        struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks
    )
    return data[:33] + extra + data[33:]


GAMA_SRGB, GAMA_LINEAR = (b"gAMA", struct.pack(">I", 45455)), (b"gAMA", struct.pack(">I", 100_000))
CHRM_SRGB = (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))


def test_pngs_without_a_profile_may_say_their_gamma() -> None:
    for chunks in (
        (GAMA_SRGB,),
        (GAMA_SRGB, CHRM_SRGB),
        ((b"sRGB", b"\0"), GAMA_LINEAR),
        ((b"cICP", b"\1\15\0\1"),),
    ):
        loaded = load_image(_png_with(*chunks))
        np.testing.assert_array_equal(loaded.rgb, RGB)
        assert loaded.notices == ()
    linear = load_image(_png_with(GAMA_LINEAR)).rgb
    v = RGB / 255
    want = np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055) * 255
    assert np.abs(linear - want).max() <= 1
    wide = load_image(_png_with((b"cICP", b"\14\15\0\1")))
    assert wide.notices == (PROFILE_APPLIED,)


def test_cameras_name_adobe_rgb_in_exif_alone() -> None:
    interop = b"II*\0\x08\0\0\0"
    body = (
        interop + struct.pack("<HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)
        + struct.pack("<HHHII", 1, 0xA005, 4, 1, 44) + bytes(4)
        + struct.pack("<HHHI4s", 1, 1, 2, 4, b"R03\0") + bytes(4)
    )  # fmt: skip
    exif = b"Exif\0\0" + body
    plain = encoded(Image.fromarray(RGB), "JPEG", quality=98, subsampling=0)
    data = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    loaded = load_image(data)
    assert loaded.notices == (PROFILE_APPLIED,)
    off = np.abs(loaded.rgb.astype(int) - by_littlecms(load_image(plain).rgb, PROFILES["Adobe RGB"]))
    assert np.percentile(off, 99) <= 1


def test_a_slide_with_a_profile_looks_like_its_crop(tmp_path: Path) -> None:
    rgb, path = picture(600, 400), tmp_path / "a.tif"
    tifffile.imwrite(path, rgb, photometric="rgb", tile=(256, 256), iccprofile=PROFILES["ProPhoto"])
    expected = load_image(encoded(Image.fromarray(rgb), "PNG", icc_profile=PROFILES["ProPhoto"])).rgb
    with TiffReader(path) as reader:
        assert reader.notices == (PROFILE_APPLIED,)
        np.testing.assert_array_equal(reader.read_region(0, 0, 600, 400), expected)


def test_white_stays_white() -> None:
    white = np.full((1, 1, 3), 255, np.uint8)
    for profile in PROFILES.values():
        found = from_icc(profile)
        assert found is not None
        assert found(white).tolist() == [[[255, 255, 255]]]
    assert colour.gamma(2.2) is None


# ---- alpha


@pytest.mark.parametrize(
    ("extra", "opaque"), [("unspecified", True), ("unassalpha", False), ("assocalpha", False)]
)
def test_a_fourth_sample_is_alpha_only_where_it_says_so(extra: str, opaque: bool) -> None:
    fourth = np.zeros(RGB.shape[:2], np.uint8)
    fourth[:, :20] = 255
    data = tiff_bytes(np.dstack([RGB, fourth]), photometric="rgb", extrasamples=[extra])
    got = load_image(data)
    assert got.notices == ()
    np.testing.assert_array_equal(got.rgb[:, :20], RGB[:, :20])
    if opaque:
        np.testing.assert_array_equal(got.rgb, RGB)
    elif extra == "unassalpha":
        assert (got.rgb[:, 20:] == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_an_alpha_that_hides_everything_is_ignored_and_it_is_said(kind: str) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    image = Image.fromarray(np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)]))
    loaded = load_image(encoded(image, kind, **options))
    np.testing.assert_array_equal(loaded.rgb, RGB)
    assert loaded.notices == (NO_ALPHA,)


def test_colours_multiplied_by_alpha_are_laid_on_white() -> None:
    pixels = np.array([[[40, 50, 60, 128], [0, 0, 0, 0], [10, 20, 30, 255]]], np.uint8)
    data = tiff_bytes(pixels, photometric="rgb", extrasamples=["assocalpha"])
    assert load_image(data).rgb.tolist() == [[[167, 177, 187], [255, 255, 255], [10, 20, 30]]]


def test_a_fourth_sample_of_a_slide(tmp_path: Path) -> None:
    rgb, path = picture(600, 400), tmp_path / "a.tif"
    rgbx = np.dstack([rgb, np.zeros(rgb.shape[:2], np.uint8)])
    for extra, said in (("unspecified", ()), ("unassalpha", (NO_ALPHA,))):
        tifffile.imwrite(path, rgbx, photometric="rgb", tile=(128, 128), extrasamples=[extra])
        with TiffReader(path) as reader:
            np.testing.assert_array_equal(reader.read_region(0, 0, 600, 400), rgb)
            assert reader.notices == said


# ---- brightness


def deep(bits: int = 12, hot: int = 0) -> NDArray[np.uint16]:
    values = RGB.astype(np.uint16) << (bits - 8)
    values.reshape(-1)[:hot] = 65535
    return values


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_hot_pixels_do_not_decide_the_range(bits: int) -> None:
    # 18 of 18,432 samples: one in 1,024
    assert sample_range(deep(bits, 18)) == sample_range(deep(bits)) == 2**bits - 1
    assert sample_range(deep(bits, 200)) == 65535


def test_equal_images_of_a_specimen_look_equal(tmp_path: Path) -> None:
    dark = deep(12) // 8
    for name, values in (("a", deep(12)), ("b", deep(12, 3)), ("dark", dark)):
        tifffile.imwrite(tmp_path / f"{name}.tif", values, photometric="rgb")
    cv2.imwrite(str(tmp_path / "c.png"), deep(12)[..., ::-1])
    paths = [tmp_path / n for n in ("a.tif", "b.tif", "dark.tif", "c.png")]
    brightness = images.brightness_of(paths)
    assert brightness == SampleRange(whole=4095)
    seen = {p.stem: images.load_image(p, brightness=brightness).rgb.astype(int) for p in paths}
    assert np.abs(seen["a"] - RGB).max() <= 1
    np.testing.assert_array_equal(seen["a"], seen["c"])
    assert np.abs(seen["a"] - seen["b"]).reshape(-1)[3:].max() == 0
    # By itself it would be taken for 9 bits in 10, eight times brighter than beside the others.
    assert np.abs(seen["dark"] - RGB / 8).max() <= 1
    with images.open_image(paths[2], brightness=brightness) as reader:
        np.testing.assert_array_equal(reader.read_region(0, 0, 96, 64), seen["dark"])


def test_floats_of_a_specimen_have_one_range(tmp_path: Path) -> None:
    for name, scale in (("a", 1 / 255), ("b", 1 / 2550)):
        values = (RGB * scale).astype(np.float32)
        values[0, 0, 0] = 1e6
        tifffile.imwrite(tmp_path / f"{name}.tif", values, photometric="rgb")
    brightness = images.brightness_of([tmp_path / "a.tif", tmp_path / "b.tif"])
    assert brightness == SampleRange(real=1.0)
    seen = images.load_image(tmp_path / "b.tif", brightness=brightness).rgb
    assert np.abs(seen.astype(int) - RGB / 10).reshape(-1)[1:].max() <= 1


def test_one_image_of_many_that_uses_all_bits_counts() -> None:
    told = [beyond(deep(12)) for _ in range(20)] + [beyond(deep(16))]
    assert range_of(t for t in told if t is not None) == SampleRange(whole=65535)
    assert beyond(RGB) is None


@pytest.mark.parametrize("other", ["16 bits", "32 bits", "0 to 255"])
def test_one_file_of_another_depth_does_not_blacken_the_rest(other: str, tmp_path: Path) -> None:
    real = other == "0 to 255"
    usual: NDArray[Any] = (RGB / 255).astype(np.float32) if real else deep(12)
    odd = {"16 bits": deep(16), "32 bits": RGB.astype(np.uint32) << 24, "0 to 255": RGB.astype(np.float32)}
    values = {"a": usual, "b": usual[::-1], "odd": odd[other]}
    for name, one in values.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", np.ascontiguousarray(one), photometric="rgb")
    brightness = images.brightness_of([tmp_path / f"{n}.tif" for n in values])
    seen = {n: images.load_image(tmp_path / f"{n}.tif", brightness=brightness) for n in values}
    for name, rgb in (("a", RGB), ("b", RGB[::-1]), ("odd", RGB)):
        assert np.abs(seen[name].rgb.astype(int) - rgb).max() <= 1
    assert [n for n in values if OTHER_RANGE in seen[n].notices] == ["a", "b"]


def test_alpha_of_16_bits_says_nothing_of_the_colours(tmp_path: Path) -> None:
    alpha = np.full((*RGB.shape[:2], 1), 65535, np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([deep(12)[..., ::-1], alpha]))
    brightness = images.brightness_of([tmp_path / "a.png"])
    assert brightness == SampleRange(whole=4095)
    seen = images.load_image(tmp_path / "a.png", brightness=brightness)
    assert np.abs(seen.rgb.astype(int) - RGB).max() <= 1
    assert not seen.notices


def test_a_palette_of_8_bits_is_not_black() -> None:
    index = np.arange(256, dtype=np.uint8).reshape(16, 16)
    table = np.stack([np.arange(256)] * 3).astype(np.uint16)
    for scale in (1, 257):
        data = tiff_bytes(index, photometric="palette", colormap=table * scale)
        np.testing.assert_array_equal(load_image(data).rgb[..., 0], index)


def test_white_is_zero_in_jpeg_too() -> None:
    grey = np.asarray(Image.fromarray(RGB).convert("L"))
    data = tiff_bytes(255 - grey, photometric="miniswhite", compression="jpeg", compressionargs={"level": 98})
    assert np.abs(load_image(data).rgb[..., 0].astype(int) - grey).max() <= 4
