"""Fields in one plane: which field a cell belongs to, and cells that two fields share."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import FLAG_TOUCHING, Box
from bloodcells_gui.domain.detections import NUCLEATED, PLATELET, RED_CELL, Detections
from bloodcells_gui.imaging.field_positions import GAP_UM, Point
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.light import in_even_light
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.deduplication import touching
from bloodcells_gui.pipeline.edges import CUT_PX, NO_SIDE, EdgeFlags, box_reaches_ends
from bloodcells_gui.pipeline.pieces import Candidate
from bloodcells_gui.pipeline.search import TOUCHING_GAP_UM, CellDetector

Pixels = NDArray[np.uint8]

# A box of a cut cell may end a little before the edge that cuts it.
_NEAR_EDGE_UM = 1.5
# Neighbouring fields may leave so much between them and still show one picture.
# What is looked at around a cut cell: the largest cell beyond the part that is seen.
_AROUND_UM = 32.0
_COVERS = 0.7
# Neighbours kept open between two cut cells, and how many pixels they may hold decoded.
_KEPT_OPEN = 3
_KEPT_PIXELS = 40_000_000
_AREA_SAMPLES = 64


class Mosaic:
    """Which field a place of the plane belongs to.

    Parameters
    ----------
    origins : sequence of (x, y)
        Top left corners of the fields in the plane, px.
    sizes_px : sequence of (width, height)
    band_px : float
        A field may still propose cells that lie so far in a neighbour's part.
    mpp : float
        um per px of the plane.
    joined : bool
        Whether the pixels on both sides of common borders were seen to continue each other.
    """

    def __init__(
        self,
        origins: Sequence[Point],
        sizes_px: Sequence[tuple[int, int]],
        band_px: float,
        mpp: float = 1.0,
        *,
        joined: bool = False,
    ) -> None:
        self.origins = np.asarray(origins, np.float64).reshape(-1, 2)
        self.sizes = np.asarray(sizes_px, np.int64).reshape(-1, 2)
        self.mpp = mpp
        self.joined = joined
        self._ends = self.origins + self.sizes
        self._band = band_px

    def depth(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """(fields, n): how far inside each field places of the plane lie, px; negative outside."""
        left, top = (self.origins[:, i, None] for i in (0, 1))
        right, bottom = (self._ends[:, i, None] for i in (0, 1))
        return np.asarray(np.minimum(np.minimum(x - left, right - x), np.minimum(y - top, bottom - y)))

    def owner(self, x: float, y: float) -> int:
        """The field that shows a place best; among equals the first."""
        return int(self.depth(np.array([x]), np.array([y]))[:, 0].argmax())

    def owns(self, field: int, box: Box) -> bool:
        """Whether `field` shows the cell (plane px) at least about as far from its edge as any other.

        A cell that the field's edge cuts is left to any field that shows more of it.
        """
        x, y = box.centre
        depth = self.depth(np.array([x]), np.array([y]))[:, 0]
        cut = any(self._reaches(field, box, CUT_PX))
        return bool(depth[field] >= depth.max() - (0.0 if cut else 2 * self._band))

    def _reaches(self, field: int, box: Box, within_px: float) -> EdgeFlags:
        """At which sides of `field` a box of the plane ends."""
        return box_reaches_ends(box, self.origins[field], self._ends[field], within_px)

    def is_shared(self, field: int, box: Box) -> bool:
        """Whether a neighbour shows what `field`'s edge cuts off a cell (plane px)."""
        return any(self._reaches(field, box, _NEAR_EDGE_UM / self.mpp).both(self.inner(field, box)))

    def inner(self, field: int, box: Box) -> EdgeFlags:
        """Beyond which sides of `field` a neighbour goes on where a cell (plane px) lies."""
        if not self.joined:
            return NO_SIDE
        beyond = GAP_UM / self.mpp
        x, y = box.centre
        (left, top), (right, bottom) = self.origins[field], self._ends[field]
        places = ((left - beyond, y), (x, top - beyond), (right + beyond, y), (x, bottom + beyond))
        return EdgeFlags(*(any(i != field for i in self.fields_in(px, py, px, py)) for px, py in places))

    def fields_in(self, x0: float, y0: float, x1: float, y1: float) -> list[int]:
        """Fields that show something of a rectangle of the plane."""
        low, high = self.origins, self._ends
        hit = (low[:, 0] <= x1) & (low[:, 1] <= y1) & (high[:, 0] >= x0) & (high[:, 1] >= y0)
        return [int(i) for i in np.flatnonzero(hit)]

    def counted(self, field: int, boxes: NDArray[np.float32]) -> int:
        """How many of the cells in `field` (n, 4 in the plane) are its own, so that none is tallied twice.

        In an overlap a cell belongs to the field that shows it best; one that a field's right or lower edge
        cuts belongs to the field beyond, or to none (the forbidden lines of an unbiased counting frame,
        Gundersen 1977).
        """
        if len(boxes) == 0:
            return 0
        boxes = boxes.astype(np.float64)
        right, bottom = self._ends[field]
        mine = boxes[:, 0] + boxes[:, 2] < right - CUT_PX
        mine &= boxes[:, 1] + boxes[:, 3] < bottom - CUT_PX
        if self.joined:
            x, y = boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2
            mine &= self.depth(x, y).argmax(axis=0) == field
        return int(mine.sum())

    def share(self, field: int) -> float:
        """The part of a field's area that no other field shows better."""
        if not self.joined:
            return 1.0
        steps = (np.arange(_AREA_SAMPLES) + 0.5) / _AREA_SAMPLES
        x, y = (self.origins[field][i] + self.sizes[field][i] * steps for i in (0, 1))
        grid_x, grid_y = np.meshgrid(x, y)
        return float((self.depth(grid_x.ravel(), grid_y.ravel()).argmax(axis=0) == field).mean())


class OpenFields:
    """Opens fields again for their neighbours' sake, a few at a time.

    Parameters
    ----------
    open_field : callable
        Position of a field to its reader; raises ImageRefused.
    """

    def __init__(self, open_field: Callable[[int], ImageReader]) -> None:
        self._open = open_field
        self._kept: OrderedDict[int, ImageReader] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, field: int, x: int, y: int, width: int, height: int) -> Pixels:
        """Pixels of a region of a field.

        Raises
        ------
        ImageRefused
            When it cannot be opened or read.
        """
        # Reading under the lock: a reader must not be closed while another thread reads from it.
        with self._lock:
            if field not in self._kept:
                self._kept[field] = self._open(field)
                self._shrink()
            self._kept.move_to_end(field)
            return self._kept[field].read_region(x, y, width, height)

    def _shrink(self) -> None:
        while len(self._kept) > 1 and (len(self._kept) > _KEPT_OPEN or self._pixels() > _KEPT_PIXELS):
            self._kept.popitem(last=False)[1].close()

    def _pixels(self) -> int:
        return sum(math.prod(reader.size_px) for reader in self._kept.values())

    def close(self) -> None:
        """Release all of them."""
        with self._lock:
            while self._kept:
                self._kept.popitem()[1].close()


@dataclass(frozen=True, slots=True)
class _CompositePatch:
    """A piece of the plane put together from the fields that show it; `seen` is 0 where none does."""

    x: int
    y: int
    pixels: Pixels
    seen: NDArray[np.uint8]


class SharedCells:
    """Looks at cells that the common border of two fields cuts, in a picture put together from both.

    Parameters
    ----------
    mosaic : Mosaic
    detector : CellDetector
    window_um : float
        Side of what is cut out around a cell.
    fields : OpenFields
    images : sequence of int
        Index within the specimen, of every field of the mosaic.
    """

    def __init__(
        self,
        mosaic: Mosaic,
        detector: CellDetector,
        window_um: float,
        fields: OpenFields,
        images: Sequence[int],
    ) -> None:
        self._mosaic = mosaic
        self._detector = detector
        self._window_um = window_um
        self._fields = fields
        self._images = images

    def whole(self, spot: Candidate, field: int, reader: ImageReader) -> Candidate | None:
        """The cell of which `spot` (plane px) is the part that `field` shows.

        Both fields arrive at the same box of the same field, so that the cell is recognised when it comes
        again. None when the whole picture shows something that is listed by no field (a red cell).

        Parameters
        ----------
        reader : ImageReader
            Of `field`, open.
        """
        mpp, part = self._mosaic.mpp, spot.plane
        patch = self._patch(field, reader, part, math.ceil(_AROUND_UM / mpp))
        seen = in_even_light(patch.pixels) if self._detector.even_light else patch.pixels
        found = self._detector.detect(seen, mpp).moved(1.0, patch.x, patch.y)
        for kind in (NUCLEATED, PLATELET, RED_CELL):
            of_kind = found.of_class(kind)
            best = _largest_overlap(of_kind, part)
            if best is None:
                continue
            if kind == RED_CELL:
                return None
            flags = touching(_boxes(of_kind), TOUCHING_GAP_UM / mpp)
            touches = kind == NUCLEATED and flags[best]
            return self._spot(_boxes(of_kind)[best], kind, patch, touches)
        return spot

    def _spot(self, box: Box, kind: int, patch: _CompositePatch, touches: bool) -> Candidate:
        mosaic = self._mosaic
        cx, cy = box.centre
        field = mosaic.owner(cx, cy)
        ox, oy = (float(v) for v in mosaic.origins[field])
        half = math.ceil(self._window_um * 0.56 / mosaic.mpp) + 1
        height, width = patch.pixels.shape[:2]
        x0, y0 = max(0, math.floor(cx) - patch.x - half), max(0, math.floor(cy) - patch.y - half)
        x1, y1 = min(width, x0 + 2 * half + 1), min(height, y0 + 2 * half + 1)
        size = int(mosaic.sizes[field][0]), int(mosaic.sizes[field][1])
        place = CellPlace(
            image=self._images[field],
            pixels=patch.pixels[y0:y1, x0:x1].copy(),
            offset_px=(patch.x + x0 - ox, patch.y + y0 - oy),
            centre_px=(cx - patch.x - x0, cy - patch.y - y0),
            mpp=mosaic.mpp,
            flags=(FLAG_TOUCHING,) if touches else (),
            recentre=False,
            size_px=size,
            seen=patch.seen[y0:y1, x0:x1].copy(),
            box_px=Box(box.x - patch.x - x0, box.y - patch.y - y0, box.width, box.height),
            platelet=kind == PLATELET,
        )
        return Candidate(box, kind, place)

    def _patch(self, field: int, reader: ImageReader, part: Box, around: int) -> _CompositePatch:
        """The surroundings of a part; the field's own pixels win.

        What no field shows is blank, but for narrow gaps between fields, which repeat the nearest pixel.
        """
        mosaic = self._mosaic
        x0, y0 = math.floor(part.x) - around, math.floor(part.y) - around
        x1, y1 = math.ceil(part.x + part.width) + around, math.ceil(part.y + part.height) + around
        fields = mosaic.fields_in(x0, y0, x1, y1)
        pixels = np.zeros((y1 - y0, x1 - x0, 3), np.uint8)
        empty = np.ones((y1 - y0, x1 - x0), np.uint8)
        for other in sorted(fields, key=lambda i: i != field):
            ox, oy = (round(float(v)) for v in mosaic.origins[other])
            width, height = (int(v) for v in mosaic.sizes[other])
            left, top, right, bottom = max(x0, ox), max(y0, oy), min(x1, ox + width), min(y1, oy + height)
            if right <= left or bottom <= top:
                continue
            where = slice(top - y0, bottom - y0), slice(left - x0, right - x0)
            missing = empty[where] > 0
            if not missing.any():
                continue
            region = (left - ox, top - oy, right - left, bottom - top)
            try:
                seen = reader.read_region(*region) if other == field else self._fields.read(other, *region)
            except ImageRefused:
                continue  # told when that field's turn comes; here its part stays unknown
            pixels[where][missing] = seen[missing]
            empty[where] = 0
        return _CompositePatch(x0, y0, *_fill_unseen(pixels, empty, GAP_UM / mosaic.mpp))


def _fill_unseen(pixels: Pixels, empty: NDArray[np.uint8], gap_px: float) -> tuple[Pixels, NDArray[np.uint8]]:
    """Fill what no field shows, and tell what counts as seen.

    Gaps of up to `gap_px` between fields repeat the nearest pixel that is known, so that a cell goes on
    across them; the rest gets the blank field's colour.
    """
    if not empty.any() or empty.all():
        return pixels, np.asarray(1 - empty, np.uint8)
    known = (empty == 0).astype(np.uint8)
    # Closing bridges gaps that have fields on both sides; the margin keeps it from growing outwards.
    side = math.ceil(gap_px) + 1
    around = cv2.copyMakeBorder(known, side, side, side, side, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(around, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    seen = np.ascontiguousarray(closed[side:-side, side:-side]) | known
    out = np.empty_like(pixels)
    out[:] = _blank(pixels, known)
    out[known > 0] = pixels[known > 0]
    gap = (seen > 0) & (empty > 0)
    if gap.any():
        _, nearest = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
        colours[nearest[known > 0]] = pixels[known > 0]
        out[gap] = colours[nearest[gap]]
    return out, np.asarray(seen, np.uint8)


def _blank(pixels: Pixels, known: NDArray[np.uint8]) -> NDArray[np.float64]:
    """RGB of the blank field: the 90th percentile of what is known."""
    return np.asarray(np.percentile(pixels[known > 0], 90, axis=0))


def _largest_overlap(found: Detections, part: Box) -> int | None:
    """Which detection holds most of a part: the cell it belongs to."""
    best: tuple[float, int] | None = None
    for i, box in enumerate(_boxes(found)):
        w = min(box.x + box.width, part.x + part.width) - max(box.x, part.x)
        h = min(box.y + box.height, part.y + part.height) - max(box.y, part.y)
        share = max(w, 0.0) * max(h, 0.0) / max(part.width * part.height, 1e-6)
        if share >= _COVERS and (best is None or share > best[0]):
            best = share, i
    return best[1] if best else None


def _boxes(found: Detections) -> list[Box]:
    return [Box(float(x), float(y), float(w), float(h)) for x, y, w, h in found.boxes]
