"""A folder of named pictures becomes part of the reference library, with their source and licence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from bloodcells_gui.app.labelled_folders import LabelPath, label_of
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.domain.analysis import Progress, SkippedFile
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError, system_reason
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.left_out import DUPLICATE, first_reasons
from bloodcells_gui.domain.left_out import expected as is_expected
from bloodcells_gui.domain.progress import CancelToken, RateMeter
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.imaging.io.decode import probe
from bloodcells_gui.imaging.io.listing import DiscoverLimits, Refusals, possible_images
from bloodcells_gui.imaging.io.plain_files import sha256_of
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox.images import open_image
from bloodcells_gui.pipeline.encoding import encode_jpeg
from bloodcells_gui.storage.reference_library import NewPicture

MOST_PICTURES = 5_000
LEAVE_OUT = ""
"""In place of a class code: these pictures do not go into the library."""

_SIDE_PX, _QUALITY = 256, 90
_BATCH = 32
_TOO_LARGE_BYTES = 64 * 1024**2
_LARGE = N_("It is larger than {mb} MB.")
_MANY = N_("Only the first {n} pictures are taken.")
_THERE = N_("It is in the library already.")
_NUMBERED = re.compile(r"^(.*?)[\s_.\-]*\d.*$")


@dataclass(frozen=True, slots=True)
class PictureGroup:
    """Pictures that are named alike.

    Attributes
    ----------
    label : str
        The folder ("neutrophils/"), the begin of the names ("NEU…"), or both where they differ.
    leaves : tuple of str
        The classes that the name may mean; one where it is clear, none where it means nothing.
    files : tuple of Path
    """

    label: str
    leaves: tuple[str, ...]
    files: tuple[Path, ...]

    @property
    def clear(self) -> str:
        """The class, where the name says it; "" where a person has to say it."""
        return self.leaves[0] if len(self.leaves) == 1 else ""


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """What a folder holds, and what of it is no picture."""

    root: Path
    groups: tuple[PictureGroup, ...]
    skipped: tuple[SkippedFile, ...]


@dataclass(frozen=True, slots=True)
class PicturesAdded:
    """What came into the library, and what was left out with the reason."""

    ids: tuple[int, ...]
    skipped: tuple[SkippedFile, ...]


def plan_pictures(folder: Path, check: Callable[[], None] = lambda: None) -> PicturePlan:
    """Look at a folder of named pictures; headers alone are read.

    The class is in the name of a folder, or at the begin of the files' names (``NEU_01.png``). What a name
    means more than one class by, or none, is for a person to say.

    Raises
    ------
    UserError
        When the folder holds no picture or cannot be read.
    """
    skipped: list[SkippedFile] = []
    refused = Refusals(skipped, "en")
    groups: dict[str, list[Path]] = {}
    leaves: dict[str, tuple[str, ...]] = {}
    count = 0
    for file in possible_images(folder, refused, DiscoverLimits(max_files=10 * MOST_PICTURES)):
        check()
        name = file.relative_to(folder).as_posix()
        if count >= MOST_PICTURES:
            refused.add("", _MANY, n=MOST_PICTURES)
            break
        try:
            if probe(file, None).truncated:
                raise ImageRefused(file, "The file is cut off: its end is missing.")
        except ImageRefused as error:
            skipped.append(SkippedFile(name, error.reason()))
            continue
        label, meant = _named(name)
        leaves[label] = meant
        groups.setdefault(label, []).append(file)
        count += 1
    if not groups:
        raise _no_pictures(folder, skipped)
    found = [PictureGroup(label, leaves[label], tuple(files)) for label, files in groups.items()]
    found.sort(key=lambda g: (bool(g.clear), g.label.casefold()))
    return PicturePlan(folder, tuple(found), tuple(f for f in skipped if not is_expected(f.reason)))


def _no_pictures(folder: Path, skipped: list[SkippedFile]) -> UserError:
    return UserError(
        "There are no pictures in {path}.",
        "{reasons}" if skipped else "JPEG, PNG, BMP, TIFF and WebP images are read.",
        "Choose a folder of pictures that are named by class.",
        exit_code=EXIT_NOTHING_READABLE,
        path=folder,
        reasons=first_reasons(skipped),
    )


def _named(name: str) -> tuple[str, tuple[str, ...]]:
    """The words that name a picture, and the leaf classes that they mean."""
    folder = label_of(name) or _numbered_folder(name)
    begin = _begin_of(PurePosixPath(name).stem)
    meant = _meant(begin)
    if folder is None:
        if meant:
            return f"{begin}…", meant
        parent = PurePosixPath(name).parent.as_posix()
        return (f"{begin}…" if parent == "." else f"{parent}/"), ()
    both = tuple(leaf for leaf in folder.leaves if leaf in meant)
    if not meant or both == folder.leaves:
        return f"{folder.name}/", folder.leaves
    # A finer name within its folder is clear; another one is a contradiction that only a person can solve.
    return f"{folder.name}/ {begin}…", both or (*folder.leaves, *meant)


def _numbered_folder(name: str) -> LabelPath | None:
    """The innermost folder that begins with the name of a class, such as "monocytes 2"."""
    for folder in reversed(PurePosixPath(name).parts[:-1]):
        meant = _meant(_begin_of(folder))
        if meant:
            return LabelPath("", folder, meant)
    return None


def _begin_of(stem: str) -> str:
    """What stands before the number in a file's name."""
    numbered = _NUMBERED.match(stem)
    return numbered[1].strip(" _.-") if numbered else stem


def _meant(begin: str) -> tuple[str, ...]:
    words = re.split(r"[\s_.\-]+", begin)
    for candidate in (begin.replace("_", " "), words[0]):
        try:
            return leaves_of(candidate)
        except KeyError:
            continue
    return ()


def add_pictures(
    shelf: ReferenceLibraryController,
    plan: PicturePlan,
    codes: Mapping[str, str],
    *,
    source: str,
    licence: str,
    author: str,
    mpp: float | None = None,
    token: CancelToken | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> PicturesAdded:
    """Put the pictures of a plan into the library; those that are there already are left out.

    Parameters
    ----------
    codes : mapping
        Class code for the label of each group, or :data:`LEAVE_OUT`.
    mpp : float or None
        um per pixel of pictures whose files do not say it.

    Raises
    ------
    UserError
        When source or licence is missing, a group has no class, or the library cannot be written.
    Cancelled
        What was added until then stays.
    """
    source, licence = " ".join(source.split()), " ".join(licence.split())
    if not source or not licence:
        raise UserError(
            "Source and licence of the pictures are missing.",
            "They are shown with every picture.",
            "Fill in both.",
        )
    unsaid = [g.label for g in plan.groups if codes.get(g.label) not in (LEAVE_OUT, *BY_CODE)]
    if unsaid:
        raise UserError("Nobody said what {label} is.", "", "Choose a class for it.", label=unsaid[0])
    todo = [(codes[g.label], file) for g in plan.groups if codes[g.label] for file in g.files]
    token, meter = token or CancelToken(), RateMeter()
    known = dict.fromkeys(shelf.library().picture_hashes(), _THERE)
    ids: list[int] = []
    skipped: list[SkippedFile] = []
    for start in range(0, len(todo), _BATCH):
        batch: list[NewPicture] = []
        for code, file in todo[start : start + _BATCH]:
            token.check()
            name = file.relative_to(plan.root).as_posix()
            picture = _read(file, name, code, mpp, known)
            if isinstance(picture, SkippedFile):
                skipped.append(picture)
            else:
                batch.append(picture)
        ids += shelf.library().add_pictures(batch, source=source, licence=licence, author=author)
        done = min(start + _BATCH, len(todo))
        rate = meter.update(done)
        progress(Progress(done, len(todo), "images", len(ids), rate, meter.eta_s(done, len(todo), rate)))
    return PicturesAdded(tuple(ids), tuple(skipped))


def _read(
    file: Path, name: str, code: str, mpp: float | None, known: dict[str, str]
) -> NewPicture | SkippedFile:
    try:
        size = file.stat().st_size
        if size > _TOO_LARGE_BYTES:
            raise ImageRefused(file, _LARGE, mb=_TOO_LARGE_BYTES // 1024**2)
        sha256 = sha256_of(file)
        if sha256 in known:
            return SkippedFile(name, known[sha256])
        with open_image(file) as reader:
            rgb = np.ascontiguousarray(reader.thumbnail(_SIDE_PX))
            scale, width_px = reader.mpp or mpp, reader.size_px[0]
    except ImageRefused as error:
        return SkippedFile(name, error.reason())
    except OSError as error:
        return SkippedFile(name, system_reason(error).text())
    known[sha256] = DUPLICATE.format(name=name)
    width_um = None if scale is None else scale * width_px
    return NewPicture(code, encode_jpeg(rgb, _QUALITY), sha256, name, scale, width_um)
