"""Size, depth, scale and orientation from the headers of JPEG, PNG, BMP, WebP and TIFF files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.imaging.io import headers_tiff as tiff
from bloodcells_gui.imaging.io.byte_source import ByteSource, MemorySource
from bloodcells_gui.imaging.io.colour_profiles import says_adobe_rgb
from bloodcells_gui.imaging.io.formats import (
    ANIMATION,
    HEAD_BYTES,
    JPEG_FRAMES,
    OTHER_JPEG,
    READ_HERE,
    SAVE_AS,
    TAKE_PICTURES,
    TIFF_HEADS,
    what_it_is,
)
from bloodcells_gui.imaging.io.info import ImageInfo, mpp_from_density
from bloodcells_gui.imaging.io.multi_picture import count_mpf_images
from bloodcells_gui.imaging.io.tiff_structure import NoPicture, structure
from bloodcells_gui.imaging.io.written_scale import WrittenScale, scale_in_text

_CM_UM, _INCH_UM, _M_UM = 10_000.0, 25_400.0, 1_000_000.0
_MAX_SEGMENTS = 20_000
_OTHER_FRAMES = {0xF7: "JPEG-LS"}
_TAIL = 65_536
_DEEP_JPEG = N_("It is a JPEG of {kind} bits a colour, which is not read.")
_MAX_COMMENT = 65_536
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF_IFD, _USER_COMMENT, _XP_COMMENT = 0x8769, 0x9286, 0x9C9C
_NO_SCALE = WrittenScale()


class UnknownFormat(ValueError):
    """No image that this program reads: a sentence, what to do, and what stands for {kind} in it."""

    def __init__(self, sentence: str, advice: str = READ_HERE, kind: str = "") -> None:
        super().__init__(sentence)
        self.advice = advice
        self.kind = kind


class DamagedHeader(ValueError):
    """The header contradicts itself or ends too early."""


def read_info(source: ByteSource) -> ImageInfo:
    """Headers of any supported format, told by its first bytes and never by its name.

    Raises
    ------
    UnknownFormat
        Not one of the formats; ``str(e)`` is a sentence that names what it is, when that can be told.
    DamagedHeader
        One of the formats, but its header is unusable.
    """
    head = source.read_at(0, HEAD_BYTES)
    try:
        if head[:3] == b"\xff\xd8\xff":
            return _jpeg(source)
        if head[:8] == b"\x89PNG\r\n\x1a\n":
            return _png(source)
        if head[:2] == b"BM":
            return _bmp(source)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(source)
        if head[:4] in TIFF_HEADS:
            return _tiff(source)
    except NoPicture as e:
        raise UnknownFormat(str(e), e.advice, e.kind) from e
    except (struct.error, IndexError, tiff.MalformedTiff) as e:
        raise DamagedHeader(str(e)) from e
    raise UnknownFormat(*what_it_is(head))


def _tiff(source: ByteSource) -> ImageInfo:
    found = structure(source)
    picture = found.pictures[0]
    return tiff.tiff_info(
        source,
        picture.directory,
        pyramid=found.scanner or (found.levels and picture.tiled),
        truncated=found.cut,
        pages=len(found.pictures),
    )


@dataclass(frozen=True, slots=True)
class _Exif:
    orientation: int = 1
    scale: WrittenScale = _NO_SCALE
    description: str = ""
    adobe_rgb: bool = False


@dataclass(slots=True)
class _JpegSegments:
    """What the segments of a JPEG say, read one after the other."""

    source: ByteSource
    info: ImageInfo | None = None
    adobe: bool = False
    progressive: bool = False
    profiled: bool = False
    exif: _Exif = field(default_factory=_Exif)
    comment: WrittenScale = _NO_SCALE
    density: WrittenScale = _NO_SCALE
    listed: tuple[int, bytes] = (0, b"")

    def take(self, marker: int, pos: int, length: int) -> None:
        """Read the segment at `pos`, of `length` bytes behind its marker."""
        read_at = self.source.read_at
        if marker in JPEG_FRAMES:
            self._frame(marker, read_at(pos + 4, 6))
        elif marker == 0xE0:
            self.density = self.density | WrittenScale(_jfif_mpp(read_at(pos + 4, 12)))
        elif marker == 0xE1:
            data = read_at(pos + 4, length - 2)
            if data.startswith(_XMP):
                self.comment = self.comment | _comment(data)
            else:
                self.exif = _exif(data) or self.exif
        elif marker == 0xE2:
            self._profile_or_list(pos, length)
        elif marker == 0xEE:
            self.adobe = self.adobe or read_at(pos + 4, 5) == b"Adobe"
        elif marker == 0xFE:
            self.comment = self.comment | _comment(read_at(pos + 4, length - 2))
        elif marker in _OTHER_FRAMES:
            raise UnknownFormat(OTHER_JPEG, SAVE_AS, _OTHER_FRAMES[marker])

    def scan(self, pos: int) -> None:
        """Read the head of the first scan: where colours come one after the other, it is in passes too."""
        if self.info is not None and self.source.read_at(pos + 4, 1) != bytes([self.info.channels]):
            self.progressive = True

    def _frame(self, marker: int, head: bytes) -> None:
        self.progressive = self.progressive or marker == 0xC2
        bits, height, width, channels = struct.unpack(">BHHB", head)
        if bits != 8:
            raise UnknownFormat(_DEEP_JPEG, N_("Save it as TIFF or PNG."), str(bits))
        self.info = ImageInfo("jpeg", (width, height), bits=bits, channels=channels, cmyk=channels == 4)

    def _profile_or_list(self, pos: int, length: int) -> None:
        if self.source.read_at(pos + 4, 12) == b"ICC_PROFILE\0":
            self.profiled = True
        elif self.source.read_at(pos + 4, 4) == b"MPF\0":
            self.listed = pos + 8, self.source.read_at(pos + 8, length - 6)


def _jpeg(source: ByteSource) -> ImageInfo:
    found, pos = _JpegSegments(source), 2
    for _ in range(_MAX_SEGMENTS):
        head = source.read_at(pos, 4)
        if len(head) < 4 or head[0] != 0xFF:
            raise DamagedHeader("JPEG segments end early")
        marker = head[1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            pos += 2
            continue
        if marker in (0xDA, 0xD9):
            if marker == 0xDA:
                found.scan(pos)
            break
        length = struct.unpack(">H", head[2:4])[0]
        if length < 2:
            raise DamagedHeader("JPEG segment without length")
        found.take(marker, pos, length)
        pos += 2 + length
    if found.info is None:
        raise DamagedHeader("JPEG without a frame")
    return replace(
        _with_scale(found.info, found.comment | found.exif.scale | found.density),
        orientation=found.exif.orientation,
        adobe=found.adobe,
        truncated=not _has_end_of_image(source, pos),
        progressive=found.progressive,
        description=found.exif.description,
        profiled=found.profiled or found.exif.adobe_rgb,
        further=count_mpf_images(source, *found.listed, found.info.stored_px) if found.listed[0] else 0,
    )


def _has_end_of_image(source: ByteSource, scan_start: int) -> bool:
    """Whether an end marker follows the scan: bytes FF D9 cannot occur inside entropy-coded data."""
    tail_start = max(scan_start, source.size - _TAIL)
    if source.read_at(tail_start, _TAIL).rfind(b"\xff\xd9") >= 0:
        return True
    pos = scan_start
    while pos < tail_start:
        block = source.read_at(pos, 1 << 20)
        if b"\xff\xd9" in block:
            return True
        if len(block) < 2:
            return False
        pos += len(block) - 1
    return False


def _with_scale(info: ImageInfo, scale: WrittenScale) -> ImageInfo:
    return replace(info, mpp=scale.mpp, unparsed_scale_text=scale.unread if scale.mpp is None else "")


def _comment(data: bytes) -> WrittenScale:
    return scale_in_text(data.replace(b"\0", b" ").decode("utf-8", "replace"))


def _jfif_mpp(data: bytes) -> float | None:
    if data[:5] != b"JFIF\0" or len(data) < 12:
        return None
    unit, x, y = struct.unpack(">BHH", data[7:12])
    return mpp_from_density(x, y, {1: _INCH_UM, 2: _CM_UM}[unit]) if unit in (1, 2) else None


def _exif(data: bytes) -> _Exif | None:
    """Orientation, scale and description of an EXIF block; None when it is damaged or another's."""
    if data[:6] == b"Exif\0\0":
        data = data[6:]
    source = MemorySource(data)
    try:
        d = tiff.read_directory(source)
    except (tiff.MalformedTiff, struct.error):
        return None
    description = tiff.text(source, d, tiff.DESCRIPTION)
    return _Exif(
        tiff.valid_orientation(tiff.integer(source, d, tiff.ORIENTATION, 1)),
        _exif_comments(source, d) | tiff.written_scale(source, d, description),
        description,
        says_adobe_rgb(source, d),
    )


def _png_text(kind: bytes, data: bytes) -> bytes:
    """Keyword and text of a PNG chunk as one line, unpacked as far as comments are searched."""
    keyword, _, rest = data.partition(b"\0")
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    else:
        packed, rest = kind == b"zTXt", rest[1:] if kind == b"zTXt" else rest
    if packed:
        with suppress(zlib.error):
            rest = zlib.decompressobj().decompress(rest, _MAX_COMMENT)
    return keyword + b"=" + rest


def _exif_comments(source: ByteSource, d: tiff.Directory) -> WrittenScale:
    """The scale in the comments that people and programs add, in 8 or 16 bits a letter."""
    said = [tiff.raw(source, d, _XP_COMMENT, _MAX_COMMENT)]
    if _EXIF_IFD in d.entries:
        with suppress(tiff.MalformedTiff, struct.error):
            more = tiff.read_directory(source, tiff.integer(source, d, _EXIF_IFD, 0))
            said.append(tiff.raw(source, more, _USER_COMMENT, _MAX_COMMENT)[8:])
    found = _NO_SCALE
    for text in said:
        found = found | _comment(text.replace(b"\0", b"") if text.count(b"\0") * 3 > len(text) else text)
    return found


_PNG_COLOURS = frozenset({b"sRGB", b"iCCP", b"cICP", b"gAMA"})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}


def _png(source: ByteSource) -> ImageInfo:  # noqa: C901  # one branch a kind of chunk
    info, pos, exif, complete = None, 8, _Exif(), False
    comment = density = _NO_SCALE
    colours: set[bytes] = set()
    for _ in range(_MAX_SEGMENTS):
        head = source.read_at(pos, 8)
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", source.read_at(pos + 8, 10))
            if colour not in _PNG_CHANNELS:
                raise DamagedHeader("PNG colour type")
            info = ImageInfo("png", (width, height), bits=bits, channels=_PNG_CHANNELS[colour])
        elif kind == b"pHYs" and length == 9:
            x, y, unit = struct.unpack(">IIB", source.read_at(pos + 8, 9))
            density = WrittenScale(mpp_from_density(x, y, _M_UM) if unit == 1 else None)
        elif kind in (b"tEXt", b"iTXt", b"zTXt") and length <= _MAX_COMMENT:
            comment = comment | _comment(_png_text(kind, source.read_at(pos + 8, length)))
        elif kind == b"eXIf" and length <= 1 << 16:
            exif = _exif(source.read_at(pos + 8, length)) or exif
        elif kind in _PNG_COLOURS:
            colours.add(kind)
        elif kind == b"acTL" and length == 8:
            _refuse_animation(struct.unpack(">I", source.read_at(pos + 8, 4))[0])
        elif kind == b"IEND":
            complete = source.size >= pos + 12
            break
        pos += 12 + length
    if info is None:
        raise DamagedHeader("PNG without IHDR")
    return replace(
        _with_scale(info, comment | density | exif.scale),
        orientation=exif.orientation,
        truncated=not complete,
        description=exif.description,
        profiled=bool(colours) and (b"sRGB" not in colours or bool(colours & {b"iCCP", b"cICP"})),
    )


def _bmp(source: ByteSource) -> ImageInfo:
    head = source.read_at(0, 54)
    offset, size = struct.unpack("<II", head[10:18])
    if size == 12:
        width, height, _, bits = struct.unpack("<HHHH", head[18:26])
        compression, x, y = 0, 0, 0
    else:
        width, height, _, bits, compression, _, x, y = struct.unpack("<iiHHIIii", head[18:46])
    if width < 0:
        raise DamagedHeader("BMP width")
    height = abs(height)
    needed = offset + ((width * bits + 31) // 32 * 4) * height if compression in (0, 3, 6) else 0
    return ImageInfo(
        "bmp",
        (width, height),
        profiled=size >= 124 and source.read_at(70, 4) == b"DEBM",
        channels=1 if bits <= 8 else 3,
        mpp=mpp_from_density(x, y, _M_UM),
        truncated=source.size < needed,
    )


def _webp(source: ByteSource) -> ImageInfo:
    head = source.read_at(0, 40)
    size, kind = struct.unpack("<I", head[4:8])[0], head[12:16]
    exif, channels, profiled = _Exif(), 3, False
    if kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
        channels = 4 if head[20] & 0x10 else 3
        profiled = bool(head[20] & 0x20)
        if head[20] & 0x02:
            _refuse_animation(sum(kind == b"ANMF" for kind, _, _ in _webp_chunks(source)))
        if head[20] & 0x08:
            exif = _webp_exif(source)
    elif kind == b"VP8L" and head[20] == 0x2F:
        packed = struct.unpack("<I", head[21:25])[0]
        width, height = (packed & 0x3FFF) + 1, ((packed >> 14) & 0x3FFF) + 1
        channels = 4 if packed >> 28 & 1 else 3
    elif kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = (v & 0x3FFF for v in struct.unpack("<HH", head[26:30]))
    else:
        raise DamagedHeader("WebP chunk")
    info = ImageInfo(
        "webp",
        (width, height),
        exif.orientation,
        channels=channels,
        truncated=source.size < size + 8,
        description=exif.description,
        profiled=profiled,
    )
    return _with_scale(info, exif.scale)


def _webp_chunks(source: ByteSource) -> Iterator[tuple[bytes, int, int]]:
    """Name, beginning and length of the content of each chunk."""
    pos = 12
    for _ in range(_MAX_SEGMENTS):
        head = source.read_at(pos, 8)
        if len(head) < 8:
            return
        length = struct.unpack("<I", head[4:])[0]
        yield head[:4], pos + 8, length
        pos += 8 + length + (length & 1)


def _webp_exif(source: ByteSource) -> _Exif:
    for kind, start, length in _webp_chunks(source):
        if kind == b"EXIF" and length <= 1 << 20:
            return _exif(source.read_at(start, length)) or _Exif()
    return _Exif()


def _refuse_animation(pictures: int) -> None:
    """One picture of several must not be taken for the file."""
    if pictures > 1:
        raise UnknownFormat(ANIMATION, TAKE_PICTURES, str(pictures))
