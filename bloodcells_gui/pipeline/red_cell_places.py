"""Which parts of a specimen red cells are examined on, in a fixed order.

Each place is read with a guard around it, and owns the cells whose middle lies in its core: the cores do not
overlap, so that every cell is counted once and, large or small, with the same chance. A cell that the border
of the image itself cuts is left out whatever the side: half a cell has no shape. That is the only bias: a
field of 110 x 80 um shows 4 % fewer cells of 9 um whole than cells of 7.2 um. Places on a slide have film
around them and no such bias.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.examination import FieldPlace
from bloodcells_gui.domain.run_record import QualityMap
from bloodcells_gui.domain.zones import READABLE, TOO_THICK, RectPx
from bloodcells_gui.pipeline.stored_quality_map import zone_tiles

#: Film that is read around a core, um: more than the largest red cell.
GUARD_UM = 12.0
#: Side of a core on a slide, um: what the middle of a tile was judged by.
SLIDE_CORE_UM = 110.0
#: About so wide, um, are the pieces in which a field is examined; up to twice that it is one.
FIELD_UM = 250.0


@dataclass(frozen=True, slots=True)
class Place:
    """What is read, and x, y, width, height of the core in full-resolution px of the image."""

    field: FieldPlace
    core: RectPx

    def owns(self, x: float, y: float) -> bool:
        """Whether a point of the image belongs to the core."""
        left, top, width, height = self.core
        return left <= x < left + width and top <= y < top + height


def places_of_fields(
    sizes_px: Mapping[int, tuple[int, int]], mpp: Mapping[int, float], side_um: float = FIELD_UM
) -> list[Place]:
    """All of each image, in order; large ones in several pieces.

    Parameters
    ----------
    sizes_px, mpp : mapping
        Width, height and um per px of each image; images without a scale are left out.
    """
    out: list[Place] = []
    for image in sorted(sizes_px):
        scale = mpp.get(image, 0.0)
        if scale > 0 and min(sizes_px[image]) > 0:
            whole = (0, 0, *sizes_px[image])
            out += [_place(image, core, sizes_px[image], scale) for core in _pieces(whole, side_um / scale)]
    return out


def places_of_slides(
    maps: Iterable[QualityMap], sizes_px: Mapping[int, tuple[int, int]], mpp: Mapping[int, float]
) -> list[Place]:
    """Of each measured tile that is a readable monolayer the middle, the best first; then the rest of them.

    Tiles that are not readable or too thick are left out, so that the list may be empty.
    """
    ranked: list[tuple[tuple[float, float, int, int, int], Place]] = []
    for image, tiles in zone_tiles(maps, sizes_px).items():
        scale = mpp.get(image, 0.0)
        for tile in tiles:
            if scale <= 0 or not tile.measured or tile.score < READABLE or TOO_THICK in tile.reasons:
                continue
            x, y, w, h = tile.box_px
            for core in _pieces(tile.box_px, SLIDE_CORE_UM / scale):
                # How far from the middle, where the tile was judged.
                off = max(
                    abs(core[0] + core[2] / 2 - x - w / 2) / core[2],
                    abs(core[1] + core[3] / 2 - y - h / 2) / core[3],
                )
                rank = (float(round(2 * off)), -tile.score, image, core[1], core[0])
                ranked.append((rank, _place(image, core, sizes_px[image], scale)))
    return [place for _, place in sorted(ranked, key=lambda item: item[0])]


def _pieces(rect: RectPx, side: float) -> list[RectPx]:
    """A rectangle in equal pieces of about `side` px, row by row; odd numbers, so that one is the middle."""
    x, y, width, height = rect
    columns, rows = (_odd(n / side) for n in (width, height))
    xs = [x + round(width * i / columns) for i in range(columns + 1)]
    ys = [y + round(height * i / rows) for i in range(rows + 1)]
    return [(xs[i], ys[j], xs[i + 1] - xs[i], ys[j + 1] - ys[j]) for j in range(rows) for i in range(columns)]


def _odd(times: float) -> int:
    return 2 * max(0, round((times - 1) / 2)) + 1


def _place(image: int, core: RectPx, size_px: tuple[int, int], mpp: float) -> Place:
    guard = round(GUARD_UM / mpp)
    x0, y0 = max(0, core[0] - guard), max(0, core[1] - guard)
    x1 = min(size_px[0], core[0] + core[2] + guard)
    y1 = min(size_px[1], core[1] + core[3] + guard)
    return Place(FieldPlace(image, x0, y0, x1 - x0, y1 - y0, mpp), core)


class Overlaps:
    """Which cells of a field lie whole in an earlier field that shows the same film.

    Parameters
    ----------
    frames : mapping of int to (x, y, width, height)
        Place of each image in the plane of the specimen, px, where it is known.
    margin_px : float
        A cell nearer to the border of the earlier field is not sure to be whole there.
    """

    def __init__(self, frames: Mapping[int, tuple[float, float, float, float]], margin_px: float) -> None:
        self._frames = frames
        self._margin = margin_px

    def seen_before(self, image: int, box: Sequence[float]) -> bool:
        """Whether a box (x, y, width, height, px of `image`) lies whole in an image of a smaller number."""
        own = self._frames.get(image)
        if own is None:
            return False
        left, top = own[0] + box[0] - self._margin, own[1] + box[1] - self._margin
        right, bottom = left + box[2] + 2 * self._margin, top + box[3] + 2 * self._margin
        return any(
            x <= left and y <= top and right <= x + w and bottom <= y + h
            for other, (x, y, w, h) in self._frames.items()
            if other < image
        )
