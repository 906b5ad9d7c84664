"""Part red cells that hang together: which px of a field belong to which cell.

Foreground is what absorbs at least half as much as the cell it belongs to: the edge of a blurred disc lies
where its density has fallen by half, so that pale and dense cells are drawn alike. Cells that hang together
are parted by the ellipse that the free part of each one's outline describes; where two ellipses overlap, so
do the cells, and both masks hold the common part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]
Window = tuple[slice, slice]

#: Cells are outlined and measured at this scale, um per px: a red cell is 37 px across.
WORK_MPP = 0.2
# Density of a cell: this percentile within its ellipse. Half of it is the edge, within these limits of the
# field's usual edge, and never below the last (noise of a camera).
_LEVEL_RANK = 60
_EDGE_LIMITS = (0.4, 1.8)
_LEAST_EDGE_OD = 0.02
# A seed reaches so far beyond its box, as a share of its sides, and at least so many px.
_REACH, _REACH_PX = 0.35, 3
# A hole is a pale middle where its centroid lies within this (normalised distance from the cell's middle).
_PALLOR_WITHIN = 0.65
_LARGEST_PALLOR_UM2 = 40.0
# A closed outline that fills less of its box's ellipse than this, with a pale middle, has an open rim.
_OPEN_BELOW = 0.72
_RIM_GAPS_UM = (0.8, 1.6)
_LEAST_BAY_UM2 = 0.6
_HULL_FILLS = (0.8, 1.25)
# Least free share of a contour that an ellipse is fitted to; its axes over the sides of the box.
_LEAST_FREE = 0.45
_AXES = (0.55, 1.45)
# Two cells overlap where their common part is at least this share of the smaller one.
_OVERLAP = 0.03
# Smaller pieces are dust.
_LEAST_UM2 = 3.0
# A cell without neighbours keeps what hangs on it beyond its box (a tail) up to this share of its box.
_TAIL_SHARE = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PartedCell:
    """One cell: its mask (h, w) uint8 in a window at (left, top) of the work picture; was it parted."""

    mask: UInt8
    left: int
    top: int
    parted: bool


@dataclass(slots=True)
class Seed:
    """One cell to be: its ellipse in px of the work picture, and the edge of its density."""

    centre: tuple[float, float]
    axes: tuple[float, float]  # full lengths
    angle: float  # degrees, of the first axis, as OpenCV counts
    box: tuple[float, float, float, float]
    edge: float = 0.0


def seed_of(box: Sequence[float] | Float32) -> Seed:
    x, y, w, h = (float(v) for v in box)
    return Seed((x + w / 2, y + h / 2), (max(w, 1.0), max(h, 1.0)), 0.0, (x, y, w, h))


def lies_on(small: Seed, red: Seed) -> bool:
    """Whether something (a platelet) lies on a red cell and not beside it."""
    dx = (small.centre[0] - red.centre[0]) / (red.axes[0] / 2)
    dy = (small.centre[1] - red.centre[1]) / (red.axes[1] / 2)
    smaller = small.axes[0] * small.axes[1] < 0.5 * red.axes[0] * red.axes[1]
    return smaller and dx * dx + dy * dy < 0.6


class PartedField:
    """Which px of the work picture belong to which seed; the first `n_red` seeds are red cells."""

    def __init__(self, density: Float32, seeds: list[Seed], n_red: int) -> None:
        self.density = density
        self.seeds = seeds
        self.n_red = n_red
        self._set_edges()
        self._share_out()
        self._alone = self._components()
        if self._refit():
            self._share_out()
            self._alone = self._components()

    def _window(self, seed: Seed) -> Window:
        x, y, w, h = seed.box
        mx, my = max(_REACH * w, _REACH_PX), max(_REACH * h, _REACH_PX)
        rows, columns = self.density.shape
        return (
            slice(max(0, int(y - my)), min(rows, int(np.ceil(y + h + my)))),
            slice(max(0, int(x - mx)), min(columns, int(np.ceil(x + w + mx)))),
        )

    def _set_edges(self) -> None:
        """The density at which each cell ends."""
        plateaus = np.zeros(len(self.seeds))
        for i, seed in enumerate(self.seeds):
            part = self._window(seed)
            inside = _distance(seed, part) < 0.9
            values = self.density[part][inside]
            plateaus[i] = np.percentile(values, _LEVEL_RANK) if values.size else 0.0
        usual = float(np.median(plateaus[: self.n_red])) / 2 if self.n_red else 0.05
        low, high = (max(usual * limit, _LEAST_EDGE_OD) for limit in _EDGE_LIMITS)
        self.usual_edge = max(usual, _LEAST_EDGE_OD)
        for seed, plateau in zip(self.seeds, plateaus, strict=True):
            seed.edge = float(np.clip(plateau / 2, low, high))

    def _share_out(self) -> None:
        """Give each px to the seed whose ellipse it lies deepest in."""
        shape = self.density.shape
        self.nearest = np.full(shape, np.inf, np.float32)
        self.owner = np.full(shape, -1, np.int32)
        self.covered = self.density > self.usual_edge
        for i, seed in enumerate(self.seeds):
            part = self._window(seed)
            distance = _distance(seed, part)
            nearer = distance < self.nearest[part]
            self.nearest[part][nearer] = distance[nearer]
            self.owner[part][nearer] = i
            self.covered[part][nearer] = self.density[part][nearer] > seed.edge

    def _components(self) -> Mask:
        """Fill pale middles, join what hangs together; which seeds share their piece with no other."""
        self._fill_pallors()
        _, self.pieces = cv2.connectedComponents(self.covered.astype(np.uint8), connectivity=4)
        owned = (self.owner >= 0) & self.covered & (self.nearest < 1.0)
        keys = np.unique(self.pieces[owned].astype(np.int64) * (len(self.seeds) + 1) + self.owner[owned])
        pieces, owners = np.divmod(keys, len(self.seeds) + 1)
        sharers = np.bincount(pieces, minlength=int(self.pieces.max()) + 1)
        alone = np.ones(len(self.seeds), bool)
        alone[owners[sharers[pieces] > 1]] = False
        return alone

    def _fill_pallors(self) -> None:
        gaps = (~self.covered).astype(np.uint8)
        n, labels, stats, centroids = cv2.connectedComponentsWithStats(gaps, connectivity=4)
        rows, columns = self.density.shape
        largest = _LARGEST_PALLOR_UM2 / WORK_MPP**2
        fill = np.zeros(n, bool)
        for k in range(1, n):
            x, y, w, h, area = stats[k]
            if area > largest or x == 0 or y == 0 or x + w == columns or y + h == rows:
                continue
            cx, cy = (round(float(v)) for v in centroids[k])
            fill[k] = area <= 4 or self.nearest[cy, cx] < _PALLOR_WITHIN
        self.covered |= fill[labels]

    def _refit(self) -> bool:
        """Ellipses of cells that share a piece, from the free parts of their outlines; did any change."""
        changed = False
        for i in np.flatnonzero(~self._alone[: self.n_red]):
            fitted = self._ellipse(int(i))
            if fitted is not None:
                seed = self.seeds[i]
                seed.centre, seed.axes, seed.angle = fitted
                changed = True
        return changed

    def _ellipse(self, i: int) -> tuple[tuple[float, float], tuple[float, float], float] | None:
        part = self._window(self.seeds[i])
        mask = self._own_piece(i, part)
        if mask is None:
            return None
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        points = max(contours, key=len)[:, 0, :]
        # Free is what borders on blank field, not on a neighbour.
        blank = cv2.dilate((~self.covered[part]).astype(np.uint8), np.ones((3, 3), np.uint8))
        free = blank[points[:, 1], points[:, 0]] > 0
        if free.mean() < _LEAST_FREE or free.sum() < 8:
            return None
        centre, axes, angle = cv2.fitEllipseDirect(points[free].astype(np.float32))
        seed = self.seeds[i]
        usual = float(np.sqrt(seed.box[2] * seed.box[3]))
        if (
            not all(np.isfinite((*centre, *axes)))
            or not _AXES[0] < min(axes) / usual <= max(axes) / usual < _AXES[1]
        ):
            return None
        middle = centre[0] + part[1].start + 0.5, centre[1] + part[0].start + 0.5
        off = np.hypot(middle[0] - seed.box[0] - seed.box[2] / 2, middle[1] - seed.box[1] - seed.box[3] / 2)
        # The ellipse runs through the middles of the outermost px: half a px more on either side.
        return (middle, (axes[0] + 1, axes[1] + 1), float(angle)) if off < 0.25 * usual else None

    def _own_piece(self, i: int, part: Window) -> UInt8 | None:
        """What belongs to a seed: the piece of its px that fills its ellipse most; None for nothing."""
        own = (self.owner[part] == i) & self.covered[part]
        _, labels = cv2.connectedComponents(own.astype(np.uint8), connectivity=4)
        inner = labels[(self.nearest[part] < 0.9) & own]
        if not inner.size:
            return None
        return np.asarray(labels == np.bincount(inner).argmax(), np.uint8)

    def cell(self, i: int) -> PartedCell | None:
        """The mask of a red cell; None where there is none.

        Parameters
        ----------
        i : int
            Index of its seed, below `n_red`.
        """
        seed = self.seeds[i]
        part = self._window(seed)
        mask = self._own_piece(i, part)
        if mask is None:
            return None
        if self._alone[i]:
            mask, part = self._with_tail(i, mask, part)
        else:
            # Where ellipses overlap the cell goes on below or above its neighbour.
            owner = self.owner[part]
            common = (_distance(seed, part) < 1.0) & self.covered[part] & (mask == 0)
            common &= (owner >= 0) & (owner < self.n_red)
            if np.count_nonzero(common) >= _OVERLAP * np.count_nonzero(mask):
                mask = np.asarray((mask > 0) | common, np.uint8)
        mask = _rim_closed(mask, seed)
        if cv2.countNonZero(mask) * WORK_MPP**2 < _LEAST_UM2:
            return None
        return PartedCell(mask, part[1].start, part[0].start, not self._alone[i])

    def _with_tail(self, i: int, mask: UInt8, part: Window) -> tuple[UInt8, Window]:
        """A cell without neighbours has all of its piece, beyond its window too."""
        piece = int(self.pieces[part].ravel()[int(np.argmax(mask))])
        x, y, w, h = (round(v) for v in self.seeds[i].box)
        reach = max(w, h)
        rows, columns = self.density.shape
        wide = (
            slice(max(0, y - reach), min(rows, y + h + reach)),
            slice(max(0, x - reach), min(columns, x + w + reach)),
        )
        grown = np.asarray(self.pieces[wide] == piece, np.uint8)
        if cv2.countNonZero(grown) > (1 + _TAIL_SHARE) * cv2.countNonZero(mask):
            return mask, part
        return grown, wide


def _rim_closed(mask: UInt8, seed: Seed) -> UInt8:
    """A pale cell whose rim is open, filled; any other mask with its holes filled."""
    mask = _without_bays(_filled(mask))
    ellipse = np.pi / 4 * seed.axes[0] * seed.axes[1]
    if cv2.countNonZero(mask) >= _OPEN_BELOW * ellipse:
        return mask
    for gap in _RIM_GAPS_UM:
        reach = round(gap / WORK_MPP / 2)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
        closed = cv2.morphologyEx(np.pad(mask, reach), cv2.MORPH_CLOSE, kernel)
        closed = _filled(closed)[reach:-reach, reach:-reach]
        if cv2.countNonZero(closed) >= _OPEN_BELOW * ellipse:
            return np.ascontiguousarray(closed)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(contours))
    if _HULL_FILLS[0] <= cv2.contourArea(hull) / ellipse <= _HULL_FILLS[1]:
        return np.asarray(cv2.fillConvexPoly(mask.copy(), hull, 1), np.uint8)
    return mask


def _without_bays(mask: UInt8) -> UInt8:
    """With those bays filled whose mouth is so narrow that they are a pale middle behind an open rim."""
    reach = round(_RIM_GAPS_UM[0] / WORK_MPP / 2)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    closed = cv2.morphologyEx(np.pad(mask, reach), cv2.MORPH_CLOSE, kernel)
    bays = _filled(closed) & (1 - closed)
    if cv2.countNonZero(bays) * WORK_MPP**2 < _LEAST_BAY_UM2:
        return mask
    mouths = cv2.dilate(bays, kernel) & closed
    return np.ascontiguousarray((np.pad(mask, reach) | bays | mouths)[reach:-reach, reach:-reach])


def _filled(mask: UInt8) -> UInt8:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), contours, -1, 1, cv2.FILLED), np.uint8)


def _distance(seed: Seed, part: Window) -> Float32:
    """Normalised distance squared from the middle of an ellipse: 1 on it."""
    y = np.arange(part[0].start, part[0].stop, dtype=np.float32)[:, None] + np.float32(0.5 - seed.centre[1])
    x = np.arange(part[1].start, part[1].stop, dtype=np.float32)[None] + np.float32(0.5 - seed.centre[0])
    turn = np.deg2rad(seed.angle)
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    a, b = np.float32(2 / seed.axes[0]), np.float32(2 / seed.axes[1])
    along, across = (x * c + y * s) * a, (y * c - x * s) * b
    return np.asarray(along * along + across * across, np.float32)
