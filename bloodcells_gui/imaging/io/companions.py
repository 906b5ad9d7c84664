"""Files that belong to a slide: those that its own index names, and those of the same DICOM series."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.imaging.io.byte_source import FileSource
from bloodcells_gui.imaging.io.refusal import ImageRefused

_INDEX_BYTES = 1024 * 1024
_DICOM_MAGIC_AT, _DICOM_MAGIC = 128, b"DICM"
_DICOM_HEADER_BYTES = 64 * 1024
_MOST_ELEMENTS = 8_000
_LONG_LENGTH = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT"})
_UNDEFINED = 0xFFFFFFFF
_META, _DELIMITERS, _ITEM = 0x0002, 0xFFFE, 0xE000
_IMPLICIT = "1.2.840.10008.1.2"
_SYNTAX, _IMAGE_TYPE, _SERIES = (0x0002, 0x0010), (0x0008, 0x0008), (0x0020, 0x000E)
_COLUMNS, _ROWS = (0x0048, 0x0006), (0x0048, 0x0007)
_LAST_WANTED = (0x0048, 0x0007)
# No DICOM file hides behind these names; looking into each would double the cost of a search.
_SURELY_NONE = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", CASE_SUFFIX})


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """What groups the files of a DICOM slide.

    Attributes
    ----------
    series : str
        SeriesInstanceUID, "" where the file has none.
    volume : bool
        The file holds the slide itself, not its label or an overview.
    pixels : int
        Columns times rows of the whole level; 0 when the file does not say.
    """

    series: str
    volume: bool
    pixels: int


def dicom_header(path: Path) -> DicomHeader | None:
    """Series and content of a DICOM file by its first elements; None when it is none or cannot be read."""
    if path.suffix.lower() in _SURELY_NONE:
        return None
    try:
        with FileSource(path) as source:
            if source.read_at(_DICOM_MAGIC_AT, len(_DICOM_MAGIC)) != _DICOM_MAGIC:
                return None
            data = source.read_at(_DICOM_MAGIC_AT + len(_DICOM_MAGIC), _DICOM_HEADER_BYTES)
    except ImageRefused:
        return None
    found = _elements(data)

    def text(tag: tuple[int, int]) -> str:
        return found.get(tag, b"").decode("ascii", "replace").strip(" \0")

    def whole(tag: tuple[int, int]) -> int:
        value = found.get(tag, b"")
        return int(struct.unpack("<I", value)[0]) if len(value) == 4 else 0

    volume = "VOLUME" in text(_IMAGE_TYPE).upper().split("\\")
    return DicomHeader(text(_SERIES), volume, whole(_COLUMNS) * whole(_ROWS))


def _elements(data: bytes) -> dict[tuple[int, int], bytes]:
    """Top-level elements up to the total size of the slide, as far as they are sound (PS3.5, section 7).

    Sequences and their items are passed over, whether or not they say how long they are.
    """
    found: dict[tuple[int, int], bytes] = {}
    at = depth = 0
    implicit = False
    for _ in range(_MOST_ELEMENTS):
        if at + 8 > len(data):
            break
        tag = struct.unpack_from("<HH", data, at)
        if tag[0] == _DELIMITERS:
            length, start = struct.unpack_from("<I", data, at + 4)[0], at + 8
            depth += 1 if length == _UNDEFINED else 0 if tag[1] == _ITEM else -1
        else:
            length, start = _length(data, at, implicit and tag[0] != _META)
            if depth == 0 and tag > _LAST_WANTED:
                break
            depth += length == _UNDEFINED
        if length == _UNDEFINED:
            length = 0
        elif depth == 0 and tag[0] != _DELIMITERS:
            found[tag[0], tag[1]] = data[start : start + length]
        if tag == _SYNTAX:
            implicit = data[start : start + length].decode("ascii", "replace").strip(" \0") == _IMPLICIT
        at = start + length
    return found


def _length(data: bytes, at: int, implicit: bool) -> tuple[int, int]:
    """Length of an element's value and where it starts."""
    if implicit:
        return struct.unpack_from("<I", data, at + 4)[0], at + 8
    if data[at + 4 : at + 6] in _LONG_LENGTH:
        return (
            (struct.unpack_from("<I", data, at + 8)[0], at + 12) if at + 12 <= len(data) else (0, len(data))
        )
    return struct.unpack_from("<H", data, at + 6)[0], at + 8


def companions(files: Sequence[Path]) -> dict[Path, Path]:
    """Which files belong to which slide, for the files of one folder; some lie in a sub-folder of it.

    Linear in the number of files.
    """
    owned: dict[Path, Path] = {}
    for file in files:
        suffix = file.suffix.lower()
        if suffix in (".vms", ".vmu"):
            owned.update((part, file) for part in _named_by_vms(file))
        elif suffix == ".mrxs":
            owned.update((part, file) for part in _named_by_mrxs(file))
        elif suffix == ".vsi":
            owned.update((part, file) for part in _frames_of_vsi(file))
        elif (folders := tile_folders(file)) != []:
            owned.update((part, file) for folder in folders for part in _files_below(folder))
    owned.update(_of_one_series([f for f in files if f not in owned]))
    return owned


def companions_of(slide: Path) -> list[Path]:
    """The files that belong to one slide, in the order of their names."""
    suffix = slide.suffix.lower()
    if suffix in (".vms", ".vmu"):
        found: Iterable[Path] = _named_by_vms(slide)
    elif suffix == ".mrxs":
        found = _named_by_mrxs(slide)
    else:
        header = dicom_header(slide)
        if header is None or not header.series:
            return []
        found = [
            f
            for f in slide.parent.iterdir()
            if f != slide and (other := dicom_header(f)) is not None and other.series == header.series
        ]
    return sorted(f for f in set(found) if f != slide and f.is_file())


def _of_one_series(files: Sequence[Path]) -> dict[Path, Path]:
    """All but one file of each DICOM series; the one that stays holds the slide at its full size."""
    series: dict[str, list[tuple[Path, DicomHeader]]] = {}
    for file in files:
        header = dicom_header(file)
        if header is not None and header.series:
            series.setdefault(header.series, []).append((file, header))
    owned: dict[Path, Path] = {}
    for members in series.values():
        first = max(members, key=lambda m: (m[1].volume, m[1].pixels))[0]
        owned.update((file, first) for file, _ in members if file != first)
    return owned


def _ini(path: Path) -> dict[str, dict[str, str]]:
    """Sections with their keys in small letters; what is no such line is passed over, for it is untrusted."""
    try:
        with FileSource(path) as source:
            text = source.read_at(0, _INDEX_BYTES).decode("utf-8-sig", "replace")
    except ImageRefused:
        return {}
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        key, equals, value = line.partition("=")
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1].strip(), {})
        elif equals:
            section[key.strip().lower()] = value.strip()
    return found


def _beside(index: Path, name: str) -> Path | None:
    """A file of the index's own folder; None for a name that leads elsewhere."""
    name = name.strip().replace("\\", "/")
    return index.parent / name if name and "/" not in name and name not in (".", "..") else None


def _named_by_vms(index: Path) -> list[Path]:
    """Image, map, macro and focus files of a Hamamatsu VMS or VMU slide."""
    values = [value for section in _ini(index).values() for value in section.values()]
    return [file for value in values if (file := _beside(index, value)) is not None]


def _named_by_mrxs(slide: Path) -> list[Path]:
    """Index and data files in the folder of a MIRAX slide, as its Slidedat.ini names them."""
    index = slide.with_suffix("") / "Slidedat.ini"
    ini = _ini(index)
    if not ini:
        return []
    named = [ini.get("HIERARCHICAL", {}).get("indexfile", "")]
    named += [value for key, value in ini.get("DATAFILE", {}).items() if key.startswith("file_")]
    return [index, *(file for name in named if (file := _beside(index, name)) is not None)]


def _frames_of_vsi(container: Path) -> list[Path]:
    """The files with the pixels of an Olympus container."""
    try:
        return list((container.parent / f"_{container.stem}_").glob("stack*/*.ets"))
    except OSError:
        return []


def tile_folders(index: Path) -> list[Path]:
    """The folders of small pictures that make up a Deep Zoom or Zoomify picture; none for other files."""
    try:
        if index.suffix.lower() == ".dzi":
            folder = index.with_name(f"{index.stem}_files")
            return [folder] if folder.is_dir() else []
        if index.name.lower() == "imageproperties.xml":
            return sorted(f for f in index.parent.glob("TileGroup[0-9]*") if f.is_dir())
    except OSError:
        pass
    return []


def _files_below(folder: Path) -> Iterator[Path]:
    """Files in a folder of tiles, which are sorted by resolution one level below."""
    for at, _, names in os.walk(folder):
        yield from (Path(at, name) for name in names)
