"""Parse the scale that files state: OME, ImageJ, Micro-Manager, Aperio, Philips and plain words.

The texts come from untrusted files: they are searched with bounded patterns, never parsed as XML or JSON.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass

from bloodcells_gui.imaging.io.info import plausible_mpp

#: Characters of a description that are searched: instrument lists come before the pixels in OME-XML.
SEARCHED = 1_000_000
_SHOWN = 60
_OPTION = re.IGNORECASE

_NUMBER = r"[0-9]{1,12}(?:[.,][0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?"
_UNIT = r"[µμÂ\ufffd]{0,2}[A-Za-zµμÅåÈèÉé]{1,12}|\\u00[bB]5m|&[#A-Za-z0-9]{1,8};m"
_PER = r"\s*(?:/|per)\s*"
_OME_PIXELS = re.compile(r"<(?:[\w.-]{1,20}:)?Pixels\b([^<>]{0,5000})", re.DOTALL)
_OME_SIZE = re.compile(r"PhysicalSize([XY])(Unit)?\s*=\s*(?:\"([^\"]{0,60})\"|'([^']{0,60})')")
_IMAGEJ_LINE = re.compile(r"^(unit|yunit)=([^\r\n]{0,40})", re.MULTILINE)
_NAMED = re.compile(
    r"(?<![A-Za-z])(MPP|PixelSize_?Um|Microns?_?Per_?(?:Pixel|px)|Micromet(?:er|re)s?_?Per_?(?:Pixel|px)"
    rf"|um_?per_?(?:pixel|px)|PixelSizeMicrons)\"?\s*[=:]\s*\"?\s*({_NUMBER}|[^\s,;|<>\"]{{1,20}})",
    _OPTION,
)
_LENGTH_PER_PIXEL = re.compile(rf"(?<![\w.,])({_NUMBER})\s*({_UNIT}){_PER}(?:px|pixels?)\b", _OPTION)
_PIXELS_PER_LENGTH = re.compile(rf"(?<![\w.,])({_NUMBER})\s*(?:px|pixels?){_PER}({_UNIT})(?![\w])", _OPTION)
# tifffile's description is JSON with the names of OME.
_JSON_SIZE = re.compile(rf"\"PhysicalSizeX\"\s*:\s*\"?({_NUMBER})\"?")
_JSON_UNIT = re.compile(r"\"PhysicalSizeXUnit\"\s*:\s*\"([^\"]{0,20})\"")
_PHILIPS = re.compile(
    r"DICOM_PIXEL_SPACING\b[^>]{0,200}>\s*(?:&quot;|\")?\s*([0-9.eE+-]{1,24})(?:&quot;|\"|\s)+([0-9.eE+-]{1,24})"
)
# A camera's pixel or a specimen's: nobody can tell, so it is named and not used.
_AMBIGUOUS = re.compile(
    rf"(?:pixel|voxel)[ _]?(?:size|width|pitch)[xX]?[^\w\r\n]{{1,6}}{_NUMBER}[^\r\n<>]{{0,12}}", _OPTION
)
# No lengths at all: what writers put down when nobody has calibrated the microscope.
_UNCALIBRATED = frozenset({"pixel", "pixels", "px", "reference frame", "none", "null", ""})
_UNITS_UM = {
    "um": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometers": 1.0, "micrometre": 1.0,
    "micrometres": 1.0, "nm": 1e-3, "nanometer": 1e-3, "nanometers": 1e-3, "nanometre": 1e-3,
    "nanometres": 1e-3, "mm": 1e3, "millimeter": 1e3, "millimeters": 1e3, "millimetre": 1e3,
    "millimetres": 1e3, "cm": 1e4, "centimeter": 1e4, "centimeters": 1e4, "centimetre": 1e4,
    "centimetres": 1e4, "m": 1e6, "meter": 1e6, "metre": 1e6, "pm": 1e-6, "å": 1e-4, "angstrom": 1e-4,
    "in": 25_400.0, "inch": 25_400.0, "inches": 25_400.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrittenScale:
    """A scale as far as it was read.

    Attributes
    ----------
    mpp : float or None
        um per pixel, where it was understood and a microscope could have produced it.
    unread : str
        What looks like a scale and was not understood; "" when there is no such thing.
    """

    mpp: float | None = None
    unread: str = ""

    def __or__(self, other: WrittenScale) -> WrittenScale:
        """The first that was understood; else the first that was not."""
        if self.mpp is not None:
            return self
        return other if other.mpp is not None or not self.unread else self


def unit_um(text: str) -> float | None:
    """um in a unit of length, however its letter mu came through (µ, μ, &#181;, \\u00B5, a lost byte)."""
    name = html.unescape(text).strip().strip("\"'").strip()
    name = name.replace("\\u00B5", "u").replace("\\u00b5", "u").replace("Â", "").lower()
    name = re.sub(r"^[µμ\ufffd]{1,2}(?=m)", "u", name)
    return _UNITS_UM.get(name)


def number(text: str) -> float | None:
    """A positive number with a decimal point or comma, else None."""
    plain = html.unescape(text).strip()
    if "," in plain:
        plain = plain.replace(",", "") if "." in plain else plain.replace(",", ".")
    if not re.fullmatch(r"[+]?[0-9]*\.?[0-9]+\.?(?:[eE][+-]?[0-9]{1,3})?", plain):
        return None
    value = float(plain)
    return value if math.isfinite(value) and value > 0 else None


def scale_in_text(text: str) -> WrittenScale:
    """The scale in a description: OME-XML, Aperio, Micro-Manager, Philips, or words such as 0.1 um/px."""
    text = text[:SEARCHED]
    found = _ome(text) | _json(text) | _philips(text) | _named(text) | _worded(text)
    if found == WrittenScale() and (ambiguous := _AMBIGUOUS.search(text)):
        return WrittenScale(unread=shown(ambiguous.group()))
    return found


def _ome(text: str) -> WrittenScale:
    # The first image is the picture; others are labels and thumbnails with scales of their own.
    pixels = _OME_PIXELS.search(text)
    found: dict[str, str] = {}
    for axis, unit, double, single in _OME_SIZE.findall(pixels.group(1) if pixels else text):
        found.setdefault(axis + unit, double or single)
    sizes, read = [], True
    for axis in ("X", "Y"):
        if axis not in found:
            continue
        unit = found.get(f"{axis}Unit", "um")  # the schema's default
        if html.unescape(unit).strip().lower() in _UNCALIBRATED:
            continue
        size, factor = number(found[axis]), unit_um(unit)
        read = read and size is not None and factor is not None
        sizes.append((size or 0.0) * (factor or 0.0))
    if not sizes:
        return WrittenScale()
    mpp = plausible_mpp(sizes[0], sizes[-1]) if read else None
    said = f"PhysicalSizeX={found.get('X', '')} {found.get('XUnit', '')}"
    return WrittenScale(mpp, "" if mpp else shown(said))


def _json(text: str) -> WrittenScale:
    size, unit = _JSON_SIZE.search(text), _JSON_UNIT.search(text)
    value = number(size.group(1)) if size else None
    if size is None or value is None:
        return WrittenScale()
    name = unit.group(1).replace("\\u00b5", "u") if unit else "um"
    factor = unit_um(name)
    mpp = plausible_mpp(value * factor) if factor is not None else None
    return WrittenScale(mpp, "" if mpp else shown(f"{size.group()} {name}"))


def _philips(text: str) -> WrittenScale:
    pairs = [(number(a), number(b)) for a, b in _PHILIPS.findall(text)]
    known = [(a * 1e3, b * 1e3) for a, b in pairs if a is not None and b is not None]
    if not pairs:
        return WrittenScale()
    mpp = plausible_mpp(*min(known)) if known else None  # the finest of the levels
    return WrittenScale(mpp, "" if mpp else "DICOM_PIXEL_SPACING")


def _named(text: str) -> WrittenScale:
    found = WrittenScale()
    for name, value in _NAMED.findall(text):
        size = number(value)
        if size is None and re.fullmatch(r"[0.,]*|null|none|nan", value, _OPTION):
            continue  # nobody calibrated
        mpp = None if size is None else plausible_mpp(size)
        found = found | WrittenScale(mpp, "" if mpp else shown(f"{name}={value}"))
    return found


def _worded(text: str) -> WrittenScale:
    found = WrittenScale()
    for pattern, inverse in ((_LENGTH_PER_PIXEL, False), (_PIXELS_PER_LENGTH, True)):
        for match in pattern.finditer(text):
            size, factor = number(match.group(1)), unit_um(match.group(2))
            if size is None or factor is None:
                continue
            mpp = plausible_mpp(factor / size if inverse else factor * size)
            found = found | WrittenScale(mpp, "" if mpp else shown(match.group()))
    return found


def imagej_scale(description: str, x: float | None, y: float | None) -> WrittenScale:
    """The scale of ImageJ's description with the resolution tags, which count pixels per its unit.

    `spacing` is the distance between the planes of a stack, not the size of a pixel.

    Parameters
    ----------
    description : str
        The file's text; empty result unless ImageJ wrote it.
    x, y : float or None
        Pixels per unit.
    """
    if not description.startswith("ImageJ="):
        return WrittenScale()
    found: dict[str, str] = dict(reversed(_IMAGEJ_LINE.findall(description[:SEARCHED])))
    unit = found.get("unit", "")
    if unit.strip().lower() in _UNCALIBRATED:
        return WrittenScale()
    factor, factor_y = unit_um(unit), unit_um(found.get("yunit", unit))
    if factor is None or factor_y is None or not x or not y or min(x, y) <= 0:
        return WrittenScale(unread=shown(f"unit={unit}"))
    mpp = plausible_mpp(factor / x, factor_y / y)
    return WrittenScale(mpp, "" if mpp else shown(f"unit={unit}, {x:.6g} pixels"))


def shown(text: str) -> str:
    """An excerpt of a file's text that can stand in a message."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return re.sub("[“”]", "'", plain)[:_SHOWN]
