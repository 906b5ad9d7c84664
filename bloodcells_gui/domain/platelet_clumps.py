"""Clumps of platelets that the search over the whole film saw, and how much film it looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.zones import RectPx

#: Field of the case that lists the places which a person found to be no clump; an event like any other.
REFUTED_FIELD = "platelet_clumps_refuted"
#: So many places are kept of one image; how many there were is kept beside them.
MOST_PLACES = 200


@dataclass(frozen=True, slots=True)
class PlateletClump:
    """One place.

    Attributes
    ----------
    box_px : tuple of int
        x, y, width, height in the image, full-resolution px.
    area_um2 : float
        Of the stained material.
    edge : bool
        Whether it lies in thin film: at the feathered edge or at the sides.
    """

    box_px: RectPx
    area_um2: float
    edge: bool

    def key(self, image: int) -> str:
        """What an event calls it by: image, left, top."""
        return f"{image}:{self.box_px[0]}:{self.box_px[1]}"


@dataclass(frozen=True, slots=True)
class ClumpSearch:
    """What the search of one image came to.

    Attributes
    ----------
    image : int
        Index of the image within the specimen.
    searched_mm2 : float
        Film that was looked at.
    edge_mm2 : float
        The thin part of it.
    found : int
        Clumps seen, listed or not.
    clumps : tuple of PlateletClump
        The largest of them.
    """

    image: int
    searched_mm2: float
    edge_mm2: float
    found: int = 0
    clumps: tuple[PlateletClump, ...] = ()


def refuted(data: SpecimenData) -> frozenset[str]:
    """Keys of the places that a person refuted."""
    return frozenset(data.fields.get(REFUTED_FIELD, "").split())


def searched_images(searches: Iterable[ClumpSearch]) -> tuple[ClumpSearch, ...]:
    """The last search of each image, in order of the images."""
    latest = {search.image: search for search in searches}
    return tuple(latest[image] for image in sorted(latest))
