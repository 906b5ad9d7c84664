"""Real damaged, misleading and odd files, made on the spot with the tools that make good ones.

Each maker writes one file and is listed with what reading it must lead to: "read", or words that the reason
of the refusal must contain.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def picture(width: int = 83, height: int = 65, seed: int = 0) -> Pixels:
    """Smooth coloured noise, RGB: survives JPEG, and every corner differs (orientation shows)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
    return np.ascontiguousarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Bytes of a file that Pillow, an independent encoder, writes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def rgb_image(seed: int = 0) -> Image.Image:
    return Image.fromarray(picture(seed=seed))


def png_claiming(width: int, height: int) -> bytes:
    """A valid small PNG whose header claims another size: a decompression bomb when believed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(encoded(rgb_image(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def tiff_bytes(array: NDArray[np.generic], **options: object) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as tif:
        tif.write(array, **options)
    return buffer.getvalue()


def tiff_claiming(width: int, height: int, rows_per_strip: int | None = None) -> bytes:
    data = bytearray(tiff_bytes(picture(), photometric="rgb"))
    for tag, value in ((256, width), (257, height), (278, rows_per_strip or 65)):
        at = data.index(struct.pack("<HH", tag, 4)) if struct.pack("<HH", tag, 4) in data else -1
        kind = 4
        if at < 0:
            at, kind = data.index(struct.pack("<HH", tag, 3)), 4
        data[at : at + 12] = struct.pack("<HHII", tag, kind, 1, value)
    return bytes(data)


def tiff_with_looping_directories() -> bytes:
    data = bytearray(tiff_bytes(picture(), photometric="rgb"))
    first = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[first : first + 2])[0]
    link = first + 2 + 12 * count
    data[link : link + 4] = struct.pack("<I", first)
    return bytes(data)


def deflate_bomb() -> bytes:
    """A TIFF of 64 x 64 px whose one strip would inflate to 200 MB."""
    good = tiff_bytes(np.zeros((64, 64, 3), np.uint8), photometric="rgb", compression="zlib", rowsperstrip=64)
    bomb = zlib.compress(bytes(200_000_000), 9)
    data = bytearray(good)
    for tag, value in ((273, len(data)), (279, len(bomb))):
        for kind in (3, 4):
            at = data.find(struct.pack("<HH", tag, kind))
            if at >= 0:
                data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(data) + bomb


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file: its name, its bytes and what must come of it."""

    name: str
    make: Callable[[], bytes]
    expect: str


def _cut(data: bytes, share: float) -> bytes:
    return data[: max(1, int(len(data) * share))]


def _oriented(kind: str, orientation: int) -> bytes:
    image = rgb_image()
    exif = image.getexif()
    exif[0x0112] = orientation
    return encoded(image, kind, exif=exif)


def _flip(data: bytes, at: float) -> bytes:
    out = bytearray(data)
    out[int(len(out) * at)] ^= 0xFF
    return bytes(out)


def scan_bomb() -> bytes:
    """A progressive JPEG whose last pass is repeated until decoding would take minutes."""
    data = encoded(Image.fromarray(picture(800, 600)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 4000 + data[-2:]


def _grey16() -> bytes:
    return encoded(Image.fromarray(picture()[..., 0].astype(np.uint16) * 257), "PNG")


CORPUS: tuple[Hostile, ...] = (
    Hostile("good.jpg", lambda: encoded(rgb_image(), "JPEG"), "read"),
    Hostile("good.png", lambda: encoded(rgb_image(), "PNG"), "read"),
    Hostile("good.bmp", lambda: encoded(rgb_image(), "BMP"), "read"),
    Hostile("good.webp", lambda: encoded(rgb_image(), "WEBP"), "read"),
    Hostile("good.tif", lambda: encoded(rgb_image(), "TIFF"), "read"),
    Hostile("progressive.jpg", lambda: encoded(rgb_image(), "JPEG", progressive=True), "read"),
    Hostile("16 bit.png", _grey16, "read"),
    Hostile("16 bit.tif", lambda: tiff_bytes(picture().astype(np.uint16) * 257, photometric="rgb"), "read"),
    Hostile("grey.jpg", lambda: encoded(rgb_image().convert("L"), "JPEG"), "read"),
    Hostile("palette.png", lambda: encoded(rgb_image().convert("P"), "PNG"), "read"),
    Hostile("one bit.tif", lambda: encoded(rgb_image().convert("1"), "TIFF"), "read"),
    Hostile("transparent.png", lambda: encoded(rgb_image().convert("RGBA"), "PNG"), "read"),
    Hostile("four inks.jpg", lambda: encoded(rgb_image().convert("CMYK"), "JPEG"), "read"),
    Hostile("four inks.tif", lambda: encoded(rgb_image().convert("CMYK"), "TIFF"), "read"),
    Hostile("turned.jpg", lambda: _oriented("JPEG", 6), "read"),
    Hostile("a png called.jpg", lambda: encoded(rgb_image(), "PNG"), "read"),
    Hostile("two images in one.jpg", lambda: encoded(rgb_image(), "JPEG") * 2, "read"),
    Hostile("rubbish behind.jpg", lambda: encoded(rgb_image(), "JPEG") + bytes(300_000), "read"),
    Hostile("empty.jpg", lambda: b"", "empty"),
    Hostile("one byte.jpg", lambda: b"\xff", "no image"),
    Hostile("text.jpg", lambda: b"Dear laboratory,\nplease find enclosed", "text"),
    Hostile("zeros.png", lambda: bytes(5000), "zeros"),
    Hostile("web page.png", lambda: b"<!DOCTYPE html><html></html>", "web page"),
    Hostile("archive.tif", lambda: b"PK\x03\x04" + bytes(100), "ZIP"),
    Hostile("film.png", lambda: b"\0\0\0\x18ftypmp42" + bytes(100), "film"),
    Hostile("animation.gif", lambda: encoded(rgb_image(), "GIF"), "GIF"),
    Hostile("cut in the middle.jpg", lambda: _cut(encoded(rgb_image(), "JPEG", quality=95), 0.5), "cut off"),
    Hostile("cut at the end.jpg", lambda: encoded(rgb_image(), "JPEG")[:-2], "cut off"),
    Hostile(
        "cut progressive.jpg", lambda: _cut(encoded(rgb_image(), "JPEG", progressive=True), 0.7), "cut off"
    ),
    Hostile("cut header.jpg", lambda: encoded(rgb_image(), "JPEG")[:40], "header"),
    Hostile("cut.png", lambda: _cut(encoded(rgb_image(), "PNG"), 0.6), "cut off"),
    Hostile("flipped.png", lambda: _flip(encoded(rgb_image(), "PNG"), 0.5), "damaged"),
    Hostile("cut.bmp", lambda: _cut(encoded(rgb_image(), "BMP"), 0.6), "cut off"),
    Hostile("cut.webp", lambda: _cut(encoded(rgb_image(), "WEBP"), 0.6), "cut off"),
    Hostile("cut.tif", lambda: _cut(encoded(rgb_image(), "TIFF"), 0.6), "cut off"),
    Hostile("cut lzw.tif", lambda: _cut(encoded(rgb_image(), "TIFF", compression="tiff_lzw"), 0.6), "header"),
    Hostile("looping.tif", tiff_with_looping_directories, "read"),
    Hostile("png bomb.png", lambda: png_claiming(60_000, 60_000), "million"),
    Hostile("png small bomb.png", lambda: png_claiming(7_000, 7_000), "damaged"),
    Hostile("jpeg bomb.jpg", lambda: jpeg_claiming(65_000, 65_000), "million"),
    Hostile("scan bomb.jpg", scan_bomb, "passes"),
    Hostile("tiff bomb.tif", lambda: tiff_claiming(100_000, 100_000, 100_000), "million"),
    Hostile("tiff with pieces missing.tif", lambda: tiff_claiming(100_000, 100_000), "pieces"),
    Hostile("deflate bomb.tif", deflate_bomb, "read"),
    Hostile("no pixels.png", lambda: png_claiming(0, 20), "no pixels"),
    Hostile("no pixels.tif", lambda: tiff_claiming(0, 65), "no pixels"),
)


def write(folder: Path, hostile: Hostile) -> Path:
    """The file on disk."""
    path = folder / hostile.name
    path.write_bytes(hostile.make())
    return path
