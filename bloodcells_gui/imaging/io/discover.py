"""Find the images of one specimen below a file or folder, and its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.specimen import PICTURED, ImagePlace, SpecimenKind
from bloodcells_gui.imaging.io.byte_source import FileSource
from bloodcells_gui.imaging.io.companions import dicom_header
from bloodcells_gui.imaging.io.decode import probe
from bloodcells_gui.imaging.io.formats import SLIDE_SUFFIXES
from bloodcells_gui.imaging.io.info import ImageInfo
from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.listing import (
    IGNORE_MARKER,
    DiscoverLimits,
    Refusals,
    natural_key,
    possible_images,
    relative_name,
)
from bloodcells_gui.imaging.io.page_names import page_path
from bloodcells_gui.imaging.io.refusal import ImageRefused, printable
from bloodcells_gui.imaging.io.sandbox.images import load_images, open_image, pictures_in
from bloodcells_gui.imaging.io.written_scale import SEARCHED, scale_in_text
from bloodcells_gui.imaging.picture_content import looks_like_mask

__all__ = [
    "IGNORE_MARKER", "DiscoverLimits", "Discovery", "FoundImage", "discover", "display_name", "guess_kind",
    "kind_of_extent", "natural_key",
]  # fmt: skip

# A crop shows one cell of 8 to 25 um with its surroundings; published sets go up to 575 px.
_CROP_MAX_UM = 60.0
_CROP_MAX_PX = 600
_SLIDE_AMONG_IMAGES = N_("It is a slide among single images; open it by itself.")
_IMAGE_AMONG_SLIDES = N_("It is a single image among slides; open it by itself.")
# Names that other programs give to masks; a name alone makes none.
_MASK_FOLDER = re.compile(
    r"mas[kq]|m[aá]scara|maschera|label|etiquett|étiquett|segm|annot|ground.?truth|^(gt|seg)$", re.IGNORECASE
)
_MASK_NAME = re.compile(
    r"[\s_.-](masks?|masques?|masken?|m[aá]scaras?|mascher[ae]|labels?|seg|segm|segmented|segmentation|binary|gt)"
    "$",
    re.IGNORECASE,
)
_MASK_BATCH = 16
# Micro-Manager describes the images of a folder in one file beside them.
_FOLDER_TEXT = "metadata.txt"
# Qt writes the texts of a PNG before its pixels.
_OWN_TEXT = b"tEXtSoftware\0" + left_out.OWN_SOFTWARE.encode("ascii")
_TEXT_BEFORE = 1024


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

    `kind_reason` is an English template for `kind_params`; :meth:`why_kind` fills and translates it. `places`
    are the folders that hold images, and each slide by itself: more than one may be more than one specimen.
    """

    root: Path
    kind: SpecimenKind
    images: tuple[FoundImage, ...]
    skipped: tuple[SkippedFile, ...]
    synthetic: bool
    kind_reason: str
    kind_params: dict[str, Any] = field(default_factory=dict)
    places: tuple[ImagePlace, ...] = ()

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
    refused = Refusals(skipped, lang)
    if path.is_dir():
        candidates: Iterator[Path] = possible_images(path, refused, search or DiscoverLimits())
        root = path
    else:
        candidates, root = iter((path,)), path.parent
    for file in candidates:
        if check is not None:
            check()
        name = relative_name(file, root)
        try:
            one = _look_at(file, name, limits, forced=kind)
            found.extend(_pictures_of(one, limits))
            for number in range(2, 2 + one.info.further):
                refused.add(page_path(Path(name), number).as_posix(), left_out.FURTHER)
        except ImageRefused as e:
            if file == path:
                raise
            skipped.append(SkippedFile(name, e.reason(lang)))
    found = with_folder_scale(_without_masks(found, refused, limits, check))
    found.sort(key=lambda f: _order(f.name))
    chosen, why, params = (kind, N_("Chosen by hand."), {}) if kind is not None else guess_kind(found)
    fits = [kind is not None or f.slide == (chosen is SpecimenKind.SLIDE) for f in found]
    images = tuple(f for f, fit in zip(found, fits, strict=True) if fit)
    stray = _SLIDE_AMONG_IMAGES if chosen is not SpecimenKind.SLIDE else _IMAGE_AMONG_SLIDES
    skipped.extend(
        SkippedFile(f.name, tr(stray, lang)) for f, fit in zip(found, fits, strict=True) if not fit
    )
    skipped.sort(key=lambda s: natural_key(s.path))
    synthetic = any(f.info.synthetic for f in images)
    places = _places(root, found, slides=chosen is SpecimenKind.SLIDE)
    return Discovery(path, chosen, images, tuple(skipped), synthetic, why, params, places)


def with_folder_scale(found: list[FoundImage]) -> list[FoundImage]:
    """Images that say no scale with that of Micro-Manager's text beside them, where there is one."""
    texts: dict[Path, float | None] = {}
    for folder in {f.path.parent for f in found if not f.slide and f.info.mpp is None}:
        with suppress(ImageRefused), FileSource(folder / _FOLDER_TEXT) as source:
            texts[folder] = scale_in_text(source.read_at(0, SEARCHED).decode("utf-8", "replace")).mpp
    return [
        f
        if f.slide or f.info.mpp is not None or not texts.get(f.path.parent)
        else replace(f, info=replace(f.info, mpp=texts[f.path.parent]))
        for f in found
    ]


def _order(name: str) -> tuple[object, ...]:
    """Sorting key of images: "cell.jpg" before "cell - Copy.jpg", which counts as the copy."""
    return natural_key(name.removesuffix(Path(name).suffix)), natural_key(name)


def _places(root: Path, found: list[FoundImage], *, slides: bool) -> tuple[ImagePlace, ...]:
    """Where images lie, in the order of their names; `slides` makes each slide a place of its own."""
    members: dict[str, list[FoundImage]] = {}
    for f in found:
        folder = f.name.rpartition("/")[0]
        members.setdefault(f.name if slides and f.slide else folder, []).append(f)
    if slides:  # a photograph beside a slide raises no question: it is left out with its reason
        beside = {name.rpartition("/")[0] for name, those in members.items() if those[0].slide}
        members = {name: those for name, those in members.items() if those[0].slide or name not in beside}
    return tuple(
        ImagePlace(name or ".", root / name, len(those), tuple(f.path for f in those[:PICTURED]))
        for name, those in sorted(members.items(), key=lambda item: natural_key(item[0]))
    )


def _without_masks(
    found: list[FoundImage], refused: Refusals, limits: DecodeLimits, check: Callable[[], None] | None
) -> list[FoundImage]:
    """Leave out what lies in a folder for masks, or is called so, and has the pixels of a mask.

    Neither alone is enough.
    """
    suspects = [f for f in found if not f.slide and _called_mask(f.name)]
    masks: set[str] = set()
    for at in range(0, len(suspects), _MASK_BATCH):
        if check is not None:
            check()
        batch = suspects[at : at + _MASK_BATCH]
        for f, image in zip(batch, load_images([(f.path, f.name) for f in batch], limits), strict=True):
            if not isinstance(image, ImageRefused) and looks_like_mask(image.rgb):
                masks.add(f.name)
                refused.add(f.name, left_out.MASK)
    return [f for f in found if f.name not in masks]


def _called_mask(name: str) -> bool:
    *folders, file = name.split("/")
    return any(_MASK_FOLDER.search(folder) for folder in folders) or bool(_MASK_NAME.search(Path(file).stem))


def guess_kind(images: list[FoundImage]) -> tuple[SpecimenKind, str, dict[str, Any]]:
    """Kind of a specimen from formats and sizes, with the reason as template and parameters."""
    slides = sum(f.slide for f in images)
    plain = [f for f in images if not f.slide]
    if slides and slides >= len(plain):
        return SpecimenKind.SLIDE, N_("It is a scanner's slide, or too large to be one photograph."), {}
    if not plain:
        return SpecimenKind.CROPS, N_("There are no images."), {}
    extents = [max(f.info.size_px) * f.info.mpp for f in plain if f.info.mpp]
    if len(extents) * 2 >= len(plain):
        um = median(extents)
        return kind_of_extent(um), N_("The images show {um} um across (crops show up to {limit})."), {
            "um": round(um), "limit": round(_CROP_MAX_UM),
        }  # fmt: skip
    px = median(max(f.info.size_px) for f in plain)
    kind = SpecimenKind.CROPS if px <= _CROP_MAX_PX else SpecimenKind.FIELDS
    return kind, N_("The images are {px} pixels across (crops are up to {limit})."), {
        "px": round(px), "limit": _CROP_MAX_PX,
    }  # fmt: skip


def kind_of_extent(um: float) -> SpecimenKind:
    """Crops or fields, by how much of the specimen the images show across."""
    return SpecimenKind.CROPS if um <= _CROP_MAX_UM else SpecimenKind.FIELDS


def _look_at(file: Path, name: str, limits: DecodeLimits, forced: SpecimenKind | None) -> FoundImage:
    if file.suffix.lower() in SLIDE_SUFFIXES or dicom_header(file) is not None:
        FileSource(file).close()  # a named pipe called like a slide would keep its decoder waiting
        with open_image(file, limits) as reader:
            info = ImageInfo(
                reader.format,
                reader.size_px,
                mpp=reader.mpp,
                description=reader.description,
                unparsed_scale_text=reader.unparsed_scale_text,
            )
            return FoundImage(file, name, info, slide=True)
    info = probe(file, None)
    if info.truncated:
        raise ImageRefused(file, "The file is cut off: its end is missing.", "Copy it again from its source.")
    if info.format == "png" and _of_the_window(file):
        raise ImageRefused(file, left_out.OWN, "Choose the photographs themselves.")
    large_tiff = info.format == "tiff" and (info.pyramid or info.pixels > limits.max_pixels)
    if not large_tiff or forced is SpecimenKind.CROPS:
        info = probe(file, limits)
    return FoundImage(file, name, info, slide=large_tiff)


def _of_the_window(png: Path) -> bool:
    """Whether this program wrote a picture: a view of the window shows cells, but is no photograph."""
    with FileSource(png) as source:
        return _OWN_TEXT in source.read_at(0, _TEXT_BEFORE)


def _pictures_of(found: FoundImage, limits: DecodeLimits) -> list[FoundImage]:
    """An image for each picture in a file; a stack of planes, and colours in pages of their own, are one."""
    if found.slide or found.info.pages == 1:
        return [found]
    infos = pictures_in(found.path, limits)
    if len(infos) == 1:
        return [replace(found, info=infos[0])]
    return [
        replace(found, path=page_path(found.path, i), name=f"{found.name}#{i}", info=info)
        for i, info in enumerate(infos, start=1)
    ]


def display_name(path: Path) -> str:
    """What a specimen at `path` is called: the file or folder name, printable."""
    return printable(path.name or str(path))
