"""From a file or folder to the images of one specimen, and what kind of specimen they are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.decode import probe
from bloodcells_gui.imaging.guarded import open_image
from bloodcells_gui.imaging.info import ImageInfo
from bloodcells_gui.imaging.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.opening import SLIDE_SUFFIXES
from bloodcells_gui.imaging.refusal import ImageRefused, printable

IGNORE_MARKER = ".nomedia"
"""A folder with a file of this name holds no photographs (masks, reports): it is passed over."""

_SYSTEM_NAMES = frozenset(
    {"thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information"}
)
_COMPANION_NAMES = frozenset({"truth.json"})
# A crop shows one cell of 8 to 25 um with its surroundings; published sets go up to 575 px.
_CROP_MAX_UM = 60.0
_CROP_MAX_PX = 600
_FOLDER_UNREADABLE = "The folder may not be read."
_TOO_DEEP = "The folder is nested deeper than {limit} levels."
_TOO_MANY = "Only the first {limit} files were looked at."
_LOOP = "The folder was met before: a link leads back to it."
_SLIDE_AMONG_IMAGES = "It is a slide among single images; open it by itself."
_MASK_FOLDERS = frozenset({"mask", "masks", "labels", "segmentation", "segmentations"})
_MASK = "It looks like the mask of the image of the same name."
_IMAGE_AMONG_SLIDES = "It is a single image among slides; open it by itself."


@dataclass(frozen=True, slots=True)
class DiscoverLimits:
    """How far a folder is searched."""

    max_files: int = 200_000
    max_depth: int = 32


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that can be opened, as far as its headers tell.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        Relative to the input, with "/"; what reports show.
    info : ImageInfo
        From its headers.
    slide : bool
        Read by regions (scanner format, pyramid, or too large for memory).
    """

    path: Path
    name: str
    info: ImageInfo
    slide: bool


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found under one input.

    `kind_reason` is an English template for `kind_params`; :meth:`why_kind` fills and translates it.
    """

    root: Path
    kind: SpecimenKind
    images: tuple[FoundImage, ...]
    skipped: tuple[SkippedFile, ...]
    synthetic: bool
    kind_reason: str
    kind_params: dict[str, Any] = field(default_factory=dict)

    def why_kind(self, lang: str = "en") -> str:
        """Why this kind was chosen, in words."""
        return tr(self.kind_reason, lang, **self.kind_params)


def discover(
    path: Path,
    kind: SpecimenKind | None = None,
    *,
    limits: DecodeLimits = DEFAULT_LIMITS,
    search: DiscoverLimits | None = None,
    lang: str = "en",
    check: Callable[[], None] | None = None,
) -> Discovery:
    """Images under `path` in natural order, everything else with the reason why it is left out.

    Parameters
    ----------
    path : Path
        A folder (searched recursively) or one file.
    kind : SpecimenKind or None
        None guesses from formats and sizes.
    limits, search
        What images and folders are held against.
    lang : str
        Language of the reasons.
    check : callable or None
        Called for every file; raising from it (a cancellation) ends the search.

    Raises
    ------
    ImageRefused
        When `path` itself is missing or unreadable. A folder without images is no error here: `images`
        is empty and `skipped` tells why.
    """
    found: list[FoundImage] = []
    skipped: list[SkippedFile] = []
    refused = _Refusals(skipped, lang)
    if path.is_dir():
        candidates: Iterator[Path] = _walk(path, refused, search or DiscoverLimits())
        root = path
    else:
        candidates, root = iter((path,)), path.parent
    for file in candidates:
        if check is not None:
            check()
        name = _relative(file, root)
        try:
            found.append(_look_at(file, name, limits, forced=kind))
        except ImageRefused as e:
            if file == path:
                raise
            skipped.append(SkippedFile(name, e.reason(lang)))
    found = _without_masks(found, refused)
    found.sort(key=lambda f: natural_key(f.name))
    chosen, why, params = (kind, "Chosen by hand.", {}) if kind is not None else guess_kind(found)
    fits = [kind is not None or f.slide == (chosen is SpecimenKind.SLIDE) for f in found]
    images = tuple(f for f, fit in zip(found, fits, strict=True) if fit)
    stray = _SLIDE_AMONG_IMAGES if chosen is not SpecimenKind.SLIDE else _IMAGE_AMONG_SLIDES
    skipped.extend(
        SkippedFile(f.name, tr(stray, lang)) for f, fit in zip(found, fits, strict=True) if not fit
    )
    skipped.sort(key=lambda s: natural_key(s.path))
    synthetic = any(f.info.synthetic for f in images)
    return Discovery(path, chosen, images, tuple(skipped), synthetic, why, params)


def _without_masks(found: list[FoundImage], refused: _Refusals) -> list[FoundImage]:
    """Leave out masks that lie beside the images they belong to, by folder and file name."""

    def is_mask(f: FoundImage) -> bool:
        return any(part.lower() in _MASK_FOLDERS for part in f.name.split("/")[:-1])

    stems = {Path(f.name).stem for f in found if not is_mask(f)}
    kept = []
    for f in found:
        if is_mask(f) and Path(f.name).stem in stems:
            refused.add(f.name, _MASK)
        else:
            kept.append(f)
    return kept


def guess_kind(images: list[FoundImage]) -> tuple[SpecimenKind, str, dict[str, Any]]:
    """Kind of a specimen from formats and sizes, with the reason as template and parameters."""
    slides = sum(f.slide for f in images)
    plain = [f for f in images if not f.slide]
    if slides and slides >= len(plain):
        return SpecimenKind.SLIDE, "It is a scanner's slide, or too large to be one photograph.", {}
    if not plain:
        return SpecimenKind.CROPS, "There are no images.", {}
    extents = [max(f.info.size_px) * f.info.mpp for f in plain if f.info.mpp]
    if len(extents) * 2 >= len(plain):
        um = median(extents)
        kind = SpecimenKind.CROPS if um <= _CROP_MAX_UM else SpecimenKind.FIELDS
        return kind, "The images show {um} um across (crops show up to {limit}).", {
            "um": round(um), "limit": round(_CROP_MAX_UM),
        }  # fmt: skip
    px = median(max(f.info.size_px) for f in plain)
    kind = SpecimenKind.CROPS if px <= _CROP_MAX_PX else SpecimenKind.FIELDS
    return kind, "The images are {px} pixels across (crops are up to {limit}).", {
        "px": round(px), "limit": _CROP_MAX_PX,
    }  # fmt: skip


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorting key that puts "cell 9" before "cell 10", whatever the letter case."""
    parts = re.split(r"([0-9]+)", name)
    return (*((0, int(p), "") if i % 2 else (1, 0, p.casefold()) for i, p in enumerate(parts)), (2, 0, name))


class _Refusals:
    """Collects skipped paths with reasons in one language."""

    def __init__(self, into: list[SkippedFile], lang: str) -> None:
        self._into = into
        self._lang = lang

    def add(self, name: str, template: str, **params: Any) -> None:
        self._into.append(SkippedFile(name or ".", tr(template, self._lang, **params)))


def _relative(file: Path, root: Path) -> str:
    try:
        return file.relative_to(root).as_posix()
    except ValueError:
        return file.name


def _look_at(file: Path, name: str, limits: DecodeLimits, forced: SpecimenKind | None) -> FoundImage:
    if file.suffix.lower() in SLIDE_SUFFIXES:
        with open_image(file, limits) as reader:
            info = ImageInfo(
                reader.format,
                reader.size_px,
                mpp=reader.mpp,
                description=reader.description,
                scale_unread=reader.scale_unread,
            )
            return FoundImage(file, name, info, slide=True)
    info = probe(file, None)
    if info.truncated:
        raise ImageRefused(file, "The file is cut off: its end is missing.", "Copy it again from its source.")
    large_tiff = info.format == "tiff" and (info.pyramid or info.pixels > limits.max_pixels)
    if not large_tiff or forced is SpecimenKind.CROPS:
        info = probe(file, limits)
    return FoundImage(file, name, info, slide=large_tiff)


def _walk(root: Path, refused: _Refusals, search: DiscoverLimits) -> Iterator[Path]:
    """Files under `root`, folder by folder; every folder once, however links are laid."""
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[Path, int]] = [(root, 0)]
    count = 0
    while stack:
        folder, depth = stack.pop()
        name = _relative(folder, root)
        if depth > search.max_depth:
            refused.add(name, _TOO_DEEP, limit=search.max_depth)
            continue
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                refused.add(name, _LOOP)
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                items = [(Path(e.path), _is_dir(e)) for e in entries]
        except OSError:
            if folder == root:
                raise ImageRefused(folder, _FOLDER_UNREADABLE, "Ask for the right to read it.") from None
            refused.add(name, _FOLDER_UNREADABLE)
            continue
        if any(p.name == IGNORE_MARKER for p, _ in items) and folder != root:
            continue
        files = [p for p, is_dir in items if not is_dir and not _ignored(p)]
        for file in _without_companions(files):
            count += 1
            if count > search.max_files:
                refused.add("", _TOO_MANY, limit=search.max_files)
                return
            yield file
        owned = {f.with_suffix("").name for f in files if f.suffix.lower() == ".mrxs"}
        folders = [p for p, is_dir in items if is_dir and not _ignored(p) and p.name not in owned]
        stack.extend((p, depth + 1) for p in sorted(folders, key=lambda p: natural_key(p.name), reverse=True))


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _ignored(path: Path) -> bool:
    name = path.name.lower()
    return name.startswith(".") or name in _SYSTEM_NAMES or name in _COMPANION_NAMES


def _without_companions(files: list[Path]) -> list[Path]:
    """Leave out what belongs to a slide: the JPEGs of a VMS, the other levels of a DICOM series."""
    suffixes = {f.suffix.lower() for f in files}
    if suffixes & {".vms", ".vmu", ".ndpis"}:
        files = [f for f in files if f.suffix.lower() not in (".jpg", ".jpeg", ".opt")]
    dicom = sorted((f for f in files if f.suffix.lower() == ".dcm"), key=lambda f: natural_key(f.name))
    return [f for f in files if f not in dicom[1:]]


def display_name(path: Path) -> str:
    """What a specimen at `path` is called: the file or folder name, printable."""
    return printable(path.name or str(path))
