"""What an analysis run leaves in the case at its end, beside its cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bloodcells_gui.domain.counted_fields import CountedField, together
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.platelet_clumps import ClumpSearch, searched_images

#: Steps of a score in a quality map: 0 to 1 in so many parts.
SCORE_STEPS = 15


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run counted of its images; None where it did not count.

    Attributes
    ----------
    searched_mm2 : float or None
        Area that was searched for leukocytes.
    sampled_mm2 : float or None
        Part of it on which red cells, nucleated cells and platelets were all counted.
    red_cells, nucleated, platelets : int or None
        On the sampled area, listed as cells or not.
    platelets_per_field : float or None
        Platelets per area of a 100x oil field.
    listed_platelets : int or None
        Platelets that the run listed as cells.
    unlisted_platelets : int or None
        Platelets that a run of an earlier version counted but did not list.
    fields : int or None
        Fields that this run or one before it finished.
    """

    searched_mm2: float | None = None
    sampled_mm2: float | None = None
    red_cells: int | None = None
    nucleated: int | None = None
    platelets: int | None = None
    platelets_per_field: float | None = None
    listed_platelets: int | None = None
    unlisted_platelets: int | None = None
    fields: int | None = None


@dataclass(frozen=True, slots=True)
class TileSet:
    """Tiles of the grid over one image.

    Attributes
    ----------
    image : int
        Index of the image within the specimen.
    tile_px, overlap_px : int
        Side of a tile, and how far neighbours reach into each other, full-resolution px: the grid.
    tiles : frozenset of (int, int)
        Row and column of each.
    """

    image: int
    tile_px: int
    overlap_px: int
    tiles: frozenset[tuple[int, int]]

    @property
    def grid(self) -> tuple[int, int, int]:
        """Image, side and overlap: sets of one grid can be added."""
        return self.image, self.tile_px, self.overlap_px


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far a run came, so that a later one goes on where it ended.

    Attributes
    ----------
    searched : tuple of TileSet
        Tiles of slides that were searched to their end.
    sampled : tuple of TileSet
        Those of them on which red cells and platelets were counted.
    fields : frozenset of int
        Images (fields) that were searched to their end.
    """

    searched: tuple[TileSet, ...] = ()
    sampled: tuple[TileSet, ...] = ()
    fields: frozenset[int] = frozenset()


class MapTile(NamedTuple):
    """How well one tile can be read, as far as a case keeps it.

    `step` is its score in steps of 1 / SCORE_STEPS; `measured` tells whether the tile itself was looked at;
    `reasons` (two at most) are those of :mod:`bloodcells_gui.domain.zones`.
    """

    row: int
    column: int
    step: int
    measured: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityMap:
    """How well the tiles of one image can be read.

    `tile_px` and `overlap_px` describe the grid, as in :class:`TileSet`; a `tile_px` of 0 makes the whole
    image one tile. `tiles` are in order of row and column, each once.
    """

    image: int
    tile_px: int
    overlap_px: int
    tiles: tuple[MapTile, ...]

    @property
    def grid(self) -> tuple[int, int, int]:
        """Image, side and overlap."""
        return self.image, self.tile_px, self.overlap_px


@dataclass(frozen=True, slots=True)
class PriorParameters:
    """How strongly class frequencies were held towards even ones (`adaptation.prior_shift.ClassPrior`)."""

    strength: float
    minimum_cells: float


@dataclass(frozen=True, slots=True)
class PropagationParameters:
    """How labels were propagated (`adaptation.label_propagation.PropagationSettings`)."""

    min_similarity: float
    strength: float
    damping: float
    own_share: float


@dataclass(frozen=True, slots=True)
class PoolParameters:
    """How both answers were joined (`adaptation.opinion_pool.OpinionPool`), and the specimen's change.

    `specimen_change` is how far the adaptation changed the specimen, 0 to 1; the factor `change` is of it.
    """

    adapted: float
    own: float
    change: float
    threshold: float
    unfamiliar: float
    specimen_change: float
    critical: float = 0.0


@dataclass(frozen=True, slots=True)
class AdaptationRecord:
    """How the proposals for a specimen's cells were adapted to it when a run ended.

    What the classifier said of each cell stays as it was written; from this and the cells' posteriors whoever
    reads the cells computes the adapted proposals. The attributes are those of
    `adaptation.prior_shift.PriorShift`.
    """

    weights: Mapping[str, float]
    cells: int
    threshold: float
    uses_view_disagreement: bool = False
    last_event: int = 0
    protects_critical: bool = False
    leaf_share: float = 0.25
    prior: PriorParameters | None = None
    propagation: PropagationParameters | None = None
    propagated_cells: int = 0
    measured_cells: int = 0
    pool: PoolParameters | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that a run leaves at its end.

    Attributes
    ----------
    counts : RunCounts
    progress : ScanProgress
    maps : tuple of QualityMap
    adaptation : AdaptationRecord or None
    remarks : tuple of Remark
        On the images as a whole, in the order in which they are shown.
    counted : tuple of CountedField
        Where `counts` were counted, each field by itself; empty in cases of formats before 7.
    clumps : tuple of ClumpSearch
        The search of each image for clumps of platelets.
    """

    counts: RunCounts = field(default_factory=RunCounts)
    progress: ScanProgress = field(default_factory=ScanProgress)
    maps: tuple[QualityMap, ...] = ()
    adaptation: AdaptationRecord | None = None
    remarks: tuple[Remark, ...] = ()
    counted: tuple[CountedField, ...] = ()
    clumps: tuple[ClumpSearch, ...] = ()


def merged(records: Iterable[RunRecord]) -> RunRecord:
    """What several runs, oldest first, did together: tiles and fields of any, and the latest seen there.

    Counts, adaptation and remarks belong to each run and are left out.
    """
    searched: list[TileSet] = []
    sampled: list[TileSet] = []
    fields: set[int] = set()
    maps: dict[tuple[int, int, int], dict[tuple[int, int], MapTile]] = {}
    counted: list[CountedField] = []
    clumps: list[ClumpSearch] = []
    for record in records:
        counted += record.counted
        clumps += record.clumps
        searched += record.progress.searched
        sampled += record.progress.sampled
        fields |= record.progress.fields
        for quality in record.maps:
            maps.setdefault(quality.grid, {}).update({(t.row, t.column): t for t in quality.tiles})
    progress = ScanProgress(_together(searched), _together(sampled), frozenset(fields))
    latest = (QualityMap(*grid, tuple(tiles[at] for at in sorted(tiles))) for grid, tiles in maps.items())
    return RunRecord(
        progress=progress, maps=tuple(latest), counted=together(counted), clumps=searched_images(clumps)
    )


def _together(sets: Iterable[TileSet]) -> tuple[TileSet, ...]:
    """The sets, those of one grid added."""
    found: dict[tuple[int, int, int], frozenset[tuple[int, int]]] = {}
    for tiles in sets:
        found[tiles.grid] = found.get(tiles.grid, frozenset()) | tiles.tiles
    return tuple(TileSet(*grid, tiles) for grid, tiles in found.items())
