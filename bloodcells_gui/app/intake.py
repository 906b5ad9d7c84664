"""From what a person names (a folder, a file) to a specimen that can be analysed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.discover import discover, display_name

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Intake:
    """A specimen and what was left out of it."""

    specimen: Specimen
    skipped: tuple[SkippedFile, ...]
    why_kind: str


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
    found = discover(absolute, None if kind == AUTO else SpecimenKind(kind), lang=lang, check=check)
    images = tuple(ImageRef(f.name, f.path, "", f.info.size_px, f.info.mpp) for f in found.images)
    specimen = Specimen(
        specimen_id.strip() or display_name(absolute), found.kind, absolute, images, found.synthetic
    )
    return Intake(specimen, found.skipped, found.why_kind(lang))


def nothing_readable(intake: Intake) -> UserError:
    """The error of a specimen without images, naming the first reasons."""
    reasons = "; ".join(f"{s.path}: {s.reason}" for s in intake.skipped[:3])
    return UserError(
        "No image could be read in {path}.",
        "{reasons}" if reasons else "There are no JPEG, PNG, BMP, TIFF or WebP images and no slides.",
        "Choose the folder that holds the crops or fields, or a slide file.",
        exit_code=EXIT_NOTHING_READABLE,
        path=intake.specimen.root,
        reasons=reasons,
    )
