"""Pixel data that end early or are garbled: refused in words, in this process and in a child."""

from __future__ import annotations

import io
import os
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from bloodcells_gui.domain.image_messages import HOLE
from bloodcells_gui.imaging.io.codecs import decode_jpeg, jpeg_segments, missing_scans
from bloodcells_gui.imaging.io.decode import decode_rgb, load_image
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import images
from tests.support.hostile_images import encoded, picture, rgb_image, tiff_bytes

BIG = Image.fromarray(picture(264, 264))


def jpeg(**options: object) -> bytes:
    return encoded(BIG, "JPEG", quality=90, **options)


def scan_start(data: bytes) -> int:
    at = data.index(b"\xff\xda")
    return at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]


def early(data: bytes) -> bytes:
    """The second half of the pixel data is gone; every marker is in its place."""
    return data[: (scan_start(data) + len(data)) // 2] + data[-2:]


def holed(data: bytes) -> bytes:
    middle = (scan_start(data) + len(data)) // 2
    return data[:middle] + bytes(300) + data[middle + 300 :]


def shortened(data: bytes) -> bytes:
    middle = (scan_start(data) + len(data)) // 2
    return data[:middle] + data[middle + 64 :]


def read_by_child(data: bytes, folder: Path) -> np.ndarray:
    path = folder / "picture"
    path.write_bytes(data)
    return images.load_image(path).rgb


@pytest.mark.parametrize("damage", [early, holed, shortened])
@pytest.mark.parametrize("kind", ["baseline", "grey", "restart", "progressive"])
def test_a_jpeg_with_damaged_data_is_refused(
    damage: Callable[[bytes], bytes], kind: str, tmp_path: Path
) -> None:
    if kind == "grey":
        good = encoded(BIG.convert("L"), "JPEG", quality=90)
    elif kind == "restart":
        options = [cv2.IMWRITE_JPEG_RST_INTERVAL, 8, cv2.IMWRITE_JPEG_QUALITY, 90]
        good = cv2.imencode(".jpg", np.asarray(BIG), options)[1].tobytes()
    else:
        good = jpeg(progressive=kind == "progressive")
    assert decode_rgb(good).shape == (264, 264, 3)
    with pytest.raises(ImageRefused, match="pixel data") as refused:
        decode_rgb(damage(good))
    assert "Ses pixels" in refused.value.reason("fr")
    with pytest.raises(ImageRefused, match="pixel data"):
        read_by_child(damage(good), tmp_path)
    assert read_by_child(good, tmp_path).shape == (264, 264, 3)


def test_a_progressive_jpeg_must_have_all_its_passes() -> None:
    good = jpeg(progressive=True)
    starts = [i for i in range(len(good)) if good[i : i + 2] == b"\xff\xda"]
    assert len(starts) > 4
    assert not missing_scans(good)
    for at in starts[1:]:
        with pytest.raises(ImageRefused, match="end early"):
            decode_rgb(good[:at] + b"\xff\xd9")


def test_a_jpeg_whose_colours_come_one_by_one_must_have_them_all() -> None:
    good = jpeg(progressive=True, subsampling=0)
    # libjpeg reads a sequential frame of three scans as well; here the frame holds three, the file one.
    at = good.index(b"\xff\xda")
    assert good[at + 4] == 3
    one = good[: at + 2] + b"\0\x08\x01" + good[at + 5 : at + 7] + good[-3 - (len(good) - scan_start(good)) :]
    with pytest.raises(ImageRefused):
        decode_rgb(one)


@pytest.mark.parametrize(("old", "new"), [(b"JFIF\0\1\1", b"JFIF\0\3\0"), (b"\0\x3f\0", b"\0\0\0")])
def test_odd_header_fields_are_no_damage_and_hide_none(old: bytes, new: bytes) -> None:
    good = jpeg()
    at = good.index(old, 0 if old.startswith(b"JFIF") else good.index(b"\xff\xda"))
    odd = good[:at] + new + good[at + len(old) :]
    np.testing.assert_array_equal(decode_rgb(odd), decode_rgb(good))
    with pytest.raises(ImageRefused, match="pixel data"):
        decode_rgb(early(odd))


def test_zeros_that_decode_without_complaint_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    good = jpeg(progressive=True)
    assert load_image(good).notices == ()
    # Some passes of a progressive JPEG are bare bits: zeros decode like any others.
    pixels = decode_jpeg(good, cv2.IMREAD_COLOR_RGB)
    monkeypatch.setattr("bloodcells_gui.imaging.io.decode.decode_jpeg", lambda data, flags: pixels)
    last = [end for marker, _, end in jpeg_segments(good) if marker == 0xDA][-1]
    assert load_image(good[: last + 9] + bytes(120) + good[last + 129 :]).notices == (HOLE,)
    # Zeros before the pixel data (space that cameras leave in EXIF) and behind them are no hole.
    padded = good[:2] + b"\xff\xef\x01\x02" + bytes(256) + good[2:] + bytes(500)
    assert load_image(padded).notices == ()


def test_what_other_threads_print_meanwhile_is_neither_lost_nor_a_complaint(
    capfd: pytest.CaptureFixture[str],
) -> None:
    good, done = jpeg(), threading.Event()

    def print_on() -> None:
        while not done.is_set():
            os.write(2, b"37 of 120 images\n")
            done.wait(0.001)

    printer = threading.Thread(target=print_on)
    printer.start()
    try:
        for _ in range(40):
            assert decode_jpeg(good, cv2.IMREAD_COLOR_RGB)[1] == ""
    finally:
        done.set()
        printer.join()
    assert "37 of 120 images" in capfd.readouterr().err


def _chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    crc = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def _png(rows: bytes | None = None, cut: int = 0, crc: int | None = None) -> bytes:
    rgb = picture()
    raw = b"".join(b"\0" + line.tobytes() for line in rgb) if rows is None else rows
    header = struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 8, 2, 0, 0, 0)
    body = zlib.compress(raw)
    body = body[: len(body) - cut]
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body, crc) + _chunk(b"IEND", b"")


def test_what_is_printed_of_a_png_is_no_complaint_of_the_next_jpeg(tmp_path: Path) -> None:
    whole = _png()
    odd = whole[:33] + _chunk(b"pHYs", b"abc") + whole[33:]  # libpng warns of it on standard error
    for name, data in (("1.png", odd), ("2.jpg", jpeg())):
        (tmp_path / name).write_bytes(data)
    # Two in one request: the same child decodes both.
    png, after = images.load_images([(tmp_path / "1.png", ""), (tmp_path / "2.jpg", "")])
    assert not isinstance(png, ImageRefused)
    assert not isinstance(after, ImageRefused), after.reason()
    np.testing.assert_array_equal(png.rgb, picture())


@pytest.mark.parametrize("bad", [_png(crc=1), _png(cut=4), _png(cut=3000), _png(rows=bytes(9000))])
def test_a_png_with_damaged_data_is_refused(bad: bytes) -> None:
    np.testing.assert_array_equal(decode_rgb(_png()), picture())
    with pytest.raises(ImageRefused, match="pixel data"):
        decode_rgb(bad)


def _riff(data: bytes, keep: float) -> bytes:
    size = struct.unpack("<I", data[16:20])[0]
    body = data[20 : 20 + int(size * keep) // 2 * 2]
    head = data[12:16] + struct.pack("<I", len(body))
    return b"RIFF" + struct.pack("<I", 4 + len(head) + len(body)) + b"WEBP" + head + body


@pytest.mark.parametrize("lossless", [False, True])
def test_a_webp_whose_data_end_early_is_refused(lossless: bool) -> None:
    good = encoded(BIG, "WEBP", lossless=lossless)
    assert decode_rgb(_riff(good, 1.0)).shape == (264, 264, 3)
    for keep in (0.5, 0.95):
        with pytest.raises(ImageRefused, match="pixel data"):
            decode_rgb(_riff(good, keep))


@pytest.mark.parametrize("side", [64, 65])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits", "jpeg"])
def test_a_tiff_whose_strips_are_short_is_refused(compression: str | None, side: int, tmp_path: Path) -> None:
    rgb = picture(side, 65)
    good = tiff_bytes(rgb, photometric="rgb", rowsperstrip=21, compression=compression)
    with tifffile.TiffFile(io.BytesIO(good)) as tif:
        page = tif.pages[0]
        tag, counts = page.tags["StripByteCounts"], page.databytecounts
        if compression != "jpeg":
            np.testing.assert_array_equal(decode_rgb(good), rgb)
    kind = {3: "<H", 4: "<I"}[int(tag.dtype)]
    bad = bytearray(good)
    struct.pack_into(kind, bad, tag.valueoffset + struct.calcsize(kind), counts[1] // 2)
    with pytest.raises(ImageRefused, match="pixel data") as refused:
        decode_rgb(bytes(bad))
    assert "variant" not in refused.value.reason()
    with pytest.raises(ImageRefused, match="pixel data"):
        read_by_child(bytes(bad), tmp_path)


@pytest.mark.parametrize("compression", ["zlib", "packbits", "jpeg"])
def test_a_tiff_with_a_hole_in_a_strip_is_refused(compression: str) -> None:
    good = bytearray(tiff_bytes(np.asarray(BIG), photometric="rgb", compression=compression))
    with tifffile.TiffFile(io.BytesIO(bytes(good))) as tif:
        offset, count = tif.pages[0].dataoffsets[0], tif.pages[0].databytecounts[0]
    good[offset + count // 2 : offset + count // 2 + 200] = bytes(200)
    with pytest.raises(ImageRefused, match="pixel data"):
        decode_rgb(bytes(good))


def test_a_tiff_of_jpeg_tiles_tells_the_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "tiles.tif"
    rgb = picture(512, 512)
    tifffile.imwrite(path, rgb, tile=(256, 256), photometric="rgb", compression="jpeg")
    with tifffile.TiffFile(path) as tif:
        offset, count = tif.pages[0].dataoffsets[3], tif.pages[0].databytecounts[3]
    data = bytearray(path.read_bytes())
    data[offset + count * 3 // 4 : offset + count * 3 // 4 + 120] = bytes(120)
    path.write_bytes(data)
    with open_image(path) as reader:
        assert np.abs(reader.read_region(0, 0, 256, 256).astype(int) - rgb[:256, :256]).mean() < 4
        with pytest.raises(ImageRefused, match="pixel data"):
            reader.read_region(256, 256, 256, 256)


def test_good_pictures_of_every_writer_stay_readable() -> None:
    for options in (
        {},
        {"progressive": True},
        {"optimize": True},
        {"subsampling": 2},
        {"restart_marker_blocks": 4},
    ):
        assert decode_rgb(encoded(rgb_image(), "JPEG", **options)).shape == (65, 83, 3)
