"""Parts of a slide and how well each can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.i18n import N_

# Reasons against a tile; plain strings, because the window and the reports show them.
GLASS = N_("glass")
TOO_THIN = N_("too thin")
TOO_THICK = N_("too thick")
OUT_OF_FOCUS = N_("out of focus")
PALE = N_("pale")
BAD_LIGHT = N_("bad light")
NOT_A_SMEAR = N_("not a smear")

#: Field of the case that stores the zone: drawing is an event like any other, can be undone and is audited.
ZONE_FIELD = "zone"
#: Below this score a tile is no monolayer worth counting in.
READABLE = 0.25

RectPx = tuple[int, int, int, int]
Polygon = Sequence[tuple[float, float]]
#: Where a person wants to look: polygons in full-resolution px, by image.
Zones = Mapping[int, Sequence[Polygon]]


def ranked_reasons(reasons: Sequence[str]) -> tuple[str, ...]:
    """The reasons against a tile, the strongest first: of "too thin" and "too thick" the stronger alone.

    A tile may hold thin and thick places; both words at once say nothing.
    """
    found = tuple(reasons)
    both = [r for r in found if r in (TOO_THIN, TOO_THICK)]
    return tuple(r for r in found if r not in both[1:])


def zones_to_json_obj(zones: Zones) -> dict[str, list[list[list[int]]]]:
    """Convert zones to a JSON object in whole px, for a run's parameters and the case."""
    return {
        str(image): [[[round(x), round(y)] for x, y in polygon] for polygon in polygons]
        for image, polygons in zones.items()
    }


@dataclass(frozen=True, slots=True)
class ZoneTile:
    """One tile of the grid that is laid over a slide or field.

    Attributes
    ----------
    image : int
        Index of the image within the specimen.
    column, row : int
        Place in the grid.
    box_px : tuple of int
        x, y, width, height in the image at full resolution; the tiles do not overlap and cover the image.
    score : float
        0 (glass, unreadable) to 1 (a perfect monolayer).
    reasons : tuple of str
        What speaks against it; empty for a good tile.
    measured : bool
        Whether the tile itself was looked at in detail; otherwise the score comes from the overview and
        from measured neighbours.
    """

    image: int
    column: int
    row: int
    box_px: RectPx
    score: float
    reasons: tuple[str, ...] = ()
    measured: bool = False

    @property
    def key(self) -> tuple[int, int, int]:
        """Image, row, column."""
        return self.image, self.row, self.column


@dataclass(frozen=True, slots=True)
class ZonesRanked:
    """Event of a run: the grid of an image with its scores, for the map over the slide."""

    image: int
    tiles: tuple[ZoneTile, ...]


@dataclass(frozen=True, slots=True)
class TileScanned:
    """Event of a run: a tile was searched to its end.

    Attributes
    ----------
    tile : ZoneTile
        With its measured score.
    nucleated, red_cells, platelets : int
        Found in the tile; `red_cells` is -1 where they were not counted.
    """

    tile: ZoneTile
    nucleated: int
    red_cells: int
    platelets: int
