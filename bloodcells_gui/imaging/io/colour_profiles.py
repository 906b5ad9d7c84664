"""Find the colour description in each file format, and convert to sRGB by it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from bloodcells_gui.imaging.io import colour
from bloodcells_gui.imaging.io import headers_tiff as tiff
from bloodcells_gui.imaging.io.byte_source import ByteSource, MemorySource
from bloodcells_gui.imaging.io.codecs import jpeg_segments
from bloodcells_gui.imaging.io.colour import MOST_BYTES, Conversion, UnusableProfile

_ICC = b"ICC_PROFILE\0"
_EXIF_IFD, _INTEROP_IFD, _COLOUR_SPACE = 0x8769, 0xA005, 0xA001
_MOST_CHUNKS = 20_000


def says_adobe_rgb(source: ByteSource, d: tiff.Directory) -> bool:
    """Whether EXIF names Adobe RGB (DCF 2.0: rule R03 of interoperability; some cameras: colour space 2)."""
    if _EXIF_IFD not in d.entries:
        return False
    try:
        exif = tiff.read_directory(source, tiff.integer(source, d, _EXIF_IFD, 0))
        if tiff.integer(source, exif, _COLOUR_SPACE, 1) == 2:
            return True
        if _INTEROP_IFD not in exif.entries:
            return False
        rule = tiff.read_directory(source, tiff.integer(source, exif, _INTEROP_IFD, 0))
    except (tiff.MalformedTiff, struct.error):
        return False
    return tiff.text(source, rule, 1) == "R03"


def colour_conversion_for(data: bytes, kind: str) -> Conversion | None:
    """To sRGB for a JPEG, PNG, WebP or BMP file; None where its colours are sRGB, or nothing is said.

    Raises
    ------
    UnusableProfile
        When something is said that is not applied.
    """
    try:
        if kind == "jpeg":
            return _of_jpeg(data)
        if kind == "png":
            return _of_png(data)
        profile = _of_webp(data) if kind == "webp" else _of_bmp(data)
        return colour.from_icc(profile) if profile else None
    except (struct.error, IndexError, ValueError, ArithmeticError) as e:
        raise UnusableProfile(str(e)) from e


def conversion_of_tiff(source: ByteSource, d: tiff.Directory) -> Conversion | None:
    """As :func:`colour_conversion_for` for a page of a TIFF."""
    profile = tiff.raw(source, d, tiff.ICC_PROFILE, MOST_BYTES)
    return colour.from_icc(profile) if profile else None


def _of_jpeg(data: bytes) -> Conversion | None:
    parts: dict[int, bytes] = {}
    adobe = False
    for marker, start, end in jpeg_segments(data):
        if marker == 0xDA:
            break
        if marker == 0xE2 and data[start : start + 12] == _ICC:
            parts[data[start + 12]] = data[start + 14 : end]
        elif marker == 0xE1 and data[start : start + 6] == b"Exif\0\0":
            exif = MemorySource(data[start + 6 : end])
            try:
                adobe = says_adobe_rgb(exif, tiff.read_directory(exif))
            except tiff.MalformedTiff:
                continue
    if parts:
        return colour.from_icc(b"".join(parts[i] for i in sorted(parts)))
    return colour.adobe_rgb() if adobe else None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    pos = 8
    for _ in range(_MOST_CHUNKS):
        if pos + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, pos)
        if name == b"IDAT":
            return
        yield name, data[pos + 8 : pos + 8 + length]
        pos += 12 + length


def _of_png(data: bytes) -> Conversion | None:
    """By precedence of the PNG specification (third edition): cICP, iCCP, sRGB, then gAMA with cHRM."""
    found = dict(_png_chunks(data))
    if b"cICP" in found:
        primaries, transfer = found[b"cICP"][0], found[b"cICP"][1]
        if transfer != 13 or primaries not in (1, 12):
            raise UnusableProfile("another colour space than those of screens")
        return colour.display_p3() if primaries == 12 else None
    if b"iCCP" in found:
        _, _, rest = found[b"iCCP"].partition(b"\0")
        stream = zlib.decompressobj()
        try:
            profile = stream.decompress(rest[1:], MOST_BYTES)
        except zlib.error as e:
            raise UnusableProfile("damaged") from e
        return colour.from_icc(profile)
    if b"sRGB" in found or b"gAMA" not in found:
        return None
    value = struct.unpack(">I", found[b"gAMA"])[0]
    if not value:
        raise UnusableProfile("an absurd gamma")
    if b"cHRM" in found:
        v = [n / 100_000 for n in struct.unpack(">8I", found[b"cHRM"])]
        return colour.gamma(100_000 / value, ((v[2], v[3]), (v[4], v[5]), (v[6], v[7])), (v[0], v[1]))
    return colour.gamma(100_000 / value)


def _of_webp(data: bytes) -> bytes:
    pos = 12
    for _ in range(_MOST_CHUNKS):
        if pos + 8 > len(data):
            return b""
        name, length = struct.unpack_from("<4sI", data, pos)
        if name == b"ICCP":
            return data[pos + 8 : pos + 8 + length]
        pos += 8 + length + (length & 1)
    return b""


def _of_bmp(data: bytes) -> bytes:
    size = struct.unpack_from("<I", data, 14)[0]
    if size < 124 or data[70:74] != b"DEBM":  # "MBED", the least byte first
        return b""
    offset, length = struct.unpack_from("<II", data, 14 + 112)
    return data[14 + offset : 14 + offset + length] if length <= MOST_BYTES else b""
