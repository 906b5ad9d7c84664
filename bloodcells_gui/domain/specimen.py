"""A specimen and its images."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from bloodcells_gui.domain.differential import LATER
from bloodcells_gui.domain.i18n import N_


class SpecimenKind(StrEnum):
    """How the specimen was photographed."""

    CROPS = N_("crops")
    FIELDS = "fields"
    SLIDE = N_("slide")
    COUNTER = N_("counter")  # counted by hand at the microscope; no images


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image by path and content, never by content inside the case.

    Attributes
    ----------
    name : str
        Path relative to the input, with "/" separators: what reports show.
    path : Path
        Absolute path when it was read.
    sha256 : str
        Of the file's bytes ("" until computed).
    sampled : str
        Of an image that is read by regions: hash of blocks spread over it and its companions ("" for others).
    size_px : tuple of int
        Width, height after EXIF orientation.
    mpp : float or None
        um per pixel from the file's own metadata.
    origin_px : tuple of float
        Where the image lies in the specimen's plane (fields with known positions), x, y in px.
    """

    name: str
    path: Path
    sha256: str = ""
    size_px: tuple[int, int] = (0, 0)
    mpp: float | None = None
    origin_px: tuple[float, float] = (0.0, 0.0)
    sampled: str = ""


PICTURED = 6
"""So many images of a place are shown before an analysis."""


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """A folder below the input that holds images, or one slide.

    Attributes
    ----------
    name : str
        Relative to the input, with "/"; "." for the input itself.
    path : Path
        The folder or slide.
    count : int
        Images in it, those of its sub-folders not included.
    first : tuple of Path
        The first `PICTURED` of them.
    """

    name: str
    path: Path
    count: int
    first: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Specimen:
    """One directory or file = one specimen."""

    id: str
    kind: SpecimenKind
    root: Path
    images: tuple[ImageRef, ...] = ()
    synthetic: bool = False


# The field that corrects the number given when the case was made.
SPECIMEN_ID_FIELD = "specimen_id"
LONGEST_SPECIMEN_ID = 120


def with_number(specimen: Specimen, fields: Mapping[str, str]) -> Specimen:
    """The specimen under the number that a person corrected it to, where one did."""
    number = fields.get(SPECIMEN_ID_FIELD, "").strip()
    return replace(specimen, id=number) if number and number != specimen.id else specimen


def number_key(number: str) -> str:
    """By what two numbers of a patient or specimen are compared: width, capitals and blanks do not count."""
    return "".join(unicodedata.normalize("NFKC", number).casefold().split())


class ScaleSource(StrEnum):
    """Where um per pixel came from, strongest first."""

    PERSON = N_("person")
    METADATA = N_("metadata")
    RED_CELLS = "red cells"
    PRIOR = N_("cell size prior")
    CONTRADICTED = N_("cells against the file")  # the two exclude each other; the cells' is used to look
    UNKNOWN = "unknown"


#: With these, cells wait until a person gives the scale.
ASKS_FOR_SCALE = frozenset({ScaleSource.PRIOR, ScaleSource.CONTRADICTED, ScaleSource.UNKNOWN})


@dataclass(frozen=True, slots=True)
class ScaleEstimate:
    """um per pixel of a specimen and how far to trust it.

    `spread` is the standard deviation of its ln (0.05: about 5 %), `n` the number of red cells, leukocytes or
    images used, `basis` what it rests on ("" in cases of earlier versions).
    """

    mpp: float | None
    source: ScaleSource
    spread: float = 0.0
    n: int = 0
    warning: str = ""
    basis: str = field(default="", metadata=LATER)

    @property
    def limits(self) -> tuple[float, float] | None:
        """um per px between which the true scale lies in 68 of 100 cases; None where that is not known."""
        if not self.mpp or not self.spread:
            return None
        return self.mpp * math.exp(-self.spread), self.mpp * math.exp(self.spread)
