"""Pieces of a scan: what is searched, where it comes from, and what each gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from bloodcells_gui.domain.analysis import ImagesRead, ScaleKnown, Skipped, SkippedFile
from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.platelet_clumps import ClumpSearch
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.domain.zones import ZonesRanked, ZoneTile
from bloodcells_gui.imaging.monolayer import PatchQuality
from bloodcells_gui.pipeline.cell_place import CellPlace


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where the detector saw something that is to be named.

    `plane` is the box in the specimen's plane (equal to the image's own px but for fields laid out in place).
    """

    plane: Box
    kind: int
    place: CellPlace


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One piece, searched.

    Attributes
    ----------
    spots : tuple of Candidate
        Nucleated cells first; cells that lie just beyond the piece's core are proposed as well.
    red_cells, nucleated, platelets : int
        What the piece's own area holds, whatever was found before; -1 where they were not counted.
    area_mm2 : float
        What was searched.
    film_mm2 : float or None
        What of it the counts are of, bare glass left out (:mod:`.counted_film`); None for all of it.
    tile : ZoneTile or None
    quality : PatchQuality or None
        What was measured in the tile.
    skipped : tuple of SkippedFile
    read : tuple
        As in ImagesRead.
    clumps : ClumpSearch or None
        The search of a field for clumps of platelets.
    """

    spots: tuple[Candidate, ...] = ()
    red_cells: int = -1
    nucleated: int = -1
    platelets: int = -1
    area_mm2: float = 0.0
    film_mm2: float | None = None
    tile: ZoneTile | None = None
    quality: PatchQuality | None = None
    skipped: tuple[SkippedFile, ...] = ()
    read: tuple[tuple[int, ImageRef], ...] = ()
    clumps: ClumpSearch | None = None


class Piece(Protocol):
    """A unit of searching; called in a worker thread."""

    def __call__(self) -> SearchResult:
        """Read and search; problems with the file are told in `SearchResult.skipped`."""


class Source(Protocol):
    """Gives pieces, best first, and learns from what was found in them. Used from one thread."""

    @property
    def unit(self) -> str:
        """What pieces are called in progress."""

    @property
    def mpp(self) -> float:
        """um per px of the specimen's plane."""

    @property
    def image_flags(self) -> Mapping[int, tuple[str, ...]]:
        """What all cells of an image carry, by the image's number; known once prepared."""

    @property
    def scale_spread(self) -> float:
        """How far the scale may be off: standard deviation of ln(um per px); known once prepared."""

    def prepare(self, pool: ThreadPoolExecutor) -> Iterator[ScaleKnown | ZonesRanked | Skipped | ImagesRead]:
        """Settle scale and ranking; raises UserError when nothing can be done."""

    def in_plane(self, image: int, box: Box) -> Box:
        """Where a box of an image lies in the specimen's plane."""

    def total(self) -> int:
        """Pieces altogether, those of earlier runs included."""

    def done_before(self) -> int:
        """Pieces of :meth:`total` that earlier runs finished; known once prepared."""

    def ready(self) -> bool:
        """Whether `next` can be called already, or must wait until more was learned."""

    def next(self) -> Piece | None:
        """The best piece left, None at the end."""

    def learn(self, found: SearchResult) -> None:
        """Called for every piece, in the order of `next`, when it was searched."""

    def complete(self, found: SearchResult) -> None:
        """Called when every cell of the piece was handed out."""

    def record(self) -> RunRecord:
        """What a later run needs in order to go on, what belongs into the report, and remarks."""

    def finish(self, pool: ThreadPoolExecutor, token: CancelToken) -> Iterator[ImagesRead]:
        """Do the work that can wait until every cell is found."""
