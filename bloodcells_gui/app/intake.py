"""Turn what a person names (a folder, a file) into a specimen that can be analysed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, EXIT_USAGE, UserError
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.specimen import ImagePlace, ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.io.discover import (
    FoundImage,
    discover,
    display_name,
    guess_kind,
    kind_of_extent,
    natural_key,
)
from bloodcells_gui.imaging.io.formats import PLAIN_SUFFIXES, SLIDE_SUFFIXES
from bloodcells_gui.imaging.io.refusal import is_unread_picture
from bloodcells_gui.storage.allowed_paths import allow_network_root

AUTO = "auto"
_NAMED_PLACES = 60
IMAGE_SUFFIXES = SLIDE_SUFFIXES | PLAIN_SUFFIXES


@dataclass(frozen=True, slots=True)
class Intake:
    """A specimen and what was left out of it.

    Attributes
    ----------
    specimen : Specimen
    skipped : tuple of SkippedFile
    why_kind : str
        In words.
    places : tuple of ImagePlace
        Folders that hold images, and each slide. More than one may be more than one specimen: only a person
        knows.
    """

    specimen: Specimen
    skipped: tuple[SkippedFile, ...]
    why_kind: str
    places: tuple[ImagePlace, ...] = ()

    @property
    def in_question(self) -> bool:
        """Whether a person must say that all of this is one specimen."""
        return len(self.places) > 1


@dataclass(frozen=True, slots=True)
class Parts:
    """The specimens of a folder that holds one in each of its first folders.

    Attributes
    ----------
    paths : tuple of Path
        First folders below it, and slides that lie directly in it.
    skipped : tuple of SkippedFile
        What belongs to none of them.
    gathered : tuple of str
        First folders whose images lie in several places below, each with the number of places: "A: 2".
    """

    paths: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]
    gathered: tuple[str, ...] = ()


def take_in(
    path: Path,
    kind: str = AUTO,
    *,
    specimen_id: str = "",
    lang: str = "en",
    check: Callable[[], None] | None = None,
) -> Intake:
    """Look at `path` without decoding anything.

    Parameters
    ----------
    kind : str
        "auto", "crops", "fields" or "slide".
    specimen_id : str
        "" takes the name of the folder or file.
    check : callable or None
        Raises to cancel the search.

    Raises
    ------
    UserError
        When `path` is missing or unreadable. A folder without images gives an empty specimen.
    """
    if not path.exists():
        raise UserError(
            "There is nothing at {path}.",
            "It may have been moved, or its drive is not connected.",
            "Choose another folder or file.",
            exit_code=EXIT_NOTHING_READABLE,
            path=path,
        )
    absolute = path.absolute()
    allow_network_root(absolute)
    found = discover(absolute, None if kind == AUTO else SpecimenKind(kind), lang=lang, check=check)
    images = tuple(ImageRef(f.name, f.path, "", f.info.size_px, f.info.mpp) for f in found.images)
    specimen = Specimen(
        specimen_id.strip() or display_name(absolute), found.kind, absolute, images, found.synthetic
    )
    return Intake(specimen, found.skipped, found.why_kind(lang), found.places)


def take_in_files(
    files: Sequence[Path], root: Path, specimen_id: str, *, check: Callable[[], None] | None = None
) -> Intake:
    """Single pictures of `root` that a person says are one specimen, without decoding anything.

    Raises
    ------
    UserError
        When one of them cannot be read, or is a slide, which is a specimen by itself.
    """
    allow_network_root(root)
    found: list[FoundImage] = []
    skipped: list[SkippedFile] = []
    for file in files:
        seen = discover(file.absolute(), check=check)
        if seen.kind is SpecimenKind.SLIDE:
            raise UserError(
                "{name} is a slide.",
                "A slide is a specimen by itself and is not joined with pictures.",
                "Choose single pictures only.",
                name=display_name(file),
            )
        found += seen.images
        skipped += seen.skipped
    kind, template, params = guess_kind(found)
    images = tuple(ImageRef(f.name, f.path, "", f.info.size_px, f.info.mpp) for f in found)
    synthetic = any(f.info.synthetic for f in found)
    specimen = Specimen(specimen_id, kind, root.absolute(), images, synthetic)
    return Intake(specimen, tuple(skipped), tr(template, "en", **params))


def at_scale(intake: Intake, mpp: float | None) -> Intake:
    """Crops or fields by a person's scale where the files' own decided it: theirs may be the wrong one."""
    specimen = intake.specimen
    by_files = 2 * sum(image.mpp is not None for image in specimen.images) >= len(specimen.images) > 0
    if not mpp or not by_files or specimen.kind not in (SpecimenKind.CROPS, SpecimenKind.FIELDS):
        return intake
    kind = kind_of_extent(mpp * median(max(image.size_px) for image in specimen.images))
    return replace(intake, specimen=replace(specimen, kind=kind))


SAY_ON_THE_COMMAND_LINE = N_(
    "If they are one specimen, add --one-specimen; if each folder or slide is one, add --each-folder."
)
SAY_IN_THE_WINDOW = N_("Open the folder again and say whether they are one specimen.")


def several_places(intake: Intake, what_to_do: str = SAY_ON_THE_COMMAND_LINE) -> UserError:
    """The error of images in several places, of which nobody said whether they are one specimen."""
    named = [f"{place.name}: {place.count}" for place in intake.places[:_NAMED_PLACES]]
    if len(intake.places) > _NAMED_PLACES:
        named.append("...")
    return UserError(
        "The images in {path} lie in {n} places (with the number of images): {places}.",
        "They may be several specimens.",
        what_to_do,
        exit_code=EXIT_USAGE,
        path=intake.specimen.root,
        n=len(intake.places),
        places="; ".join(named),
    )


def parts_of(intake: Intake, lang: str = "en") -> Parts:
    """The specimens of a folder where each first folder, and each slide beside them, is one.

    A first folder that holds nothing but unreadable images is a specimen too: it must not be missed.
    """
    root = intake.specimen.root
    paths: dict[Path, None] = {}
    loose: list[SkippedFile] = []
    for place in intake.places:
        first = place.name.split("/")[0]
        if place.name == ".":
            here = [image for image in intake.specimen.images if "/" not in image.name]
            loose += [SkippedFile(image.name, tr(left_out.LOOSE, lang)) for image in here]
        else:
            paths[root / first] = None
    for file in intake.skipped:
        folder, slash, _ = file.path.partition("/")
        unread = Path(file.path).suffix.lower() in IMAGE_SUFFIXES or is_unread_picture(file.reason, lang)
        if slash and unread and not _elsewhere(file.reason, lang):
            paths[root / folder] = None
    within = {path.name for path in paths}
    skipped = [*loose, *(f for f in intake.skipped if f.path.split("/")[0] not in within)]
    places = Counter(place.name.split("/")[0] for place in intake.places if place.name != ".")
    gathered = tuple(
        f"{name}: {places[name]}" for name in sorted(places, key=natural_key) if places[name] > 1
    )
    return Parts(tuple(sorted(paths, key=lambda p: natural_key(p.name))), tuple(skipped), gathered)


def _elsewhere(reason: str, lang: str) -> bool:
    """Whether a file was left out for a reason that makes its folder no specimen (masks, hidden, links)."""
    links = {tr(text, lang) for text in (left_out.LINK_OUT, left_out.LINK_DEAD)}
    return left_out.expected(reason) or reason in links


def nothing_readable(intake: Intake) -> UserError:
    """The error of a specimen without images, naming the first reasons."""
    return UserError(
        "No image could be read in {path}.",
        "{reasons}" if intake.skipped else "There are no JPEG, PNG, BMP, TIFF or WebP images and no slides.",
        "Choose the folder that holds the crops or fields, or a slide file.",
        exit_code=EXIT_NOTHING_READABLE,
        path=intake.specimen.root,
        reasons=left_out.first_reasons(intake.skipped),
    )
