"""Search one tile: read it once, detect at the detector's scale, cut cells at full resolution."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import FLAG_TOUCHING, Box
from bloodcells_gui.domain.detections import NUCLEATED, PLATELET, RED_CELL, Detections, non_max_suppression
from bloodcells_gui.imaging.light import WHITE, KnownLight, Light, estimate_light
from bloodcells_gui.imaging.monolayer import PatchQuality, judge_patch
from bloodcells_gui.imaging.nuclei import lacks_nucleus
from bloodcells_gui.imaging.platelet_stain import LOWEST_SCORE, blank_of, stained_as_platelets
from bloodcells_gui.imaging.tiling import Tile
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.deduplication import BAND_UM, touching
from bloodcells_gui.pipeline.giant_platelets import red_cell_diameter
from bloodcells_gui.pipeline.pieces import Candidate

Pixels = NDArray[np.uint8]
# ``read(x, y, width, height, downsample)`` in full-resolution px.
Read = Callable[[int, int, int, int, float], Pixels]

# Up to this ratio a tile is read at full resolution and shrunk here, so that its cells are cut from memory.
_KEEP_FULL_RATIO = 2.1
# Where leukocytes alone are wanted a tile is searched at this many times the detector's um/px, for two fifths
# of the cost, with a low limit; what stands out there is looked at again at about its own scale. At
# twice the um/px a quarter of the cells in crowded zones stand out no more.
_COARSE = 1.6
_COARSE_LIMITS = (0.2, 1.0, 1.0)
#: Side of such a second look, px: the largest cell.
_LOOK_PX = 64
#: Pixels for the second look may be this much coarser than the detector's scale (226 real test fields: recall
#: 0.991 and precision 1.000 at both).
SECOND_LOOK_COARSER = 1.3
# So far beyond the tile's core cells are still wanted, to tell whether they touch one of the core's.
_NEIGHBOURS_UM = 16.0
_INSIDE_SHARE = 0.15
_JUDGED_UM = 110.0
TOUCHING_GAP_UM = 0.4
_MARGIN = 1.12
# The light of an image is read from it shrunk by a power of two, which is quick, to this side or more, px.
_LIGHT_PX = 400
_NOTHING_KNOWN = KnownLight()


class CellDetector(Protocol):
    """Finds cells in a picture."""

    @property
    def um_per_px(self) -> float:
        """Scale of its input."""

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Lowest score of each class, by the card."""

    @property
    def even_light(self) -> bool:
        """Whether pictures are brought into even light before it sees them."""

    def detect(self, image: Pixels, mpp: float, thresholds: Sequence[float] | None = None) -> Detections:
        """Cells of an image (h, w, 3) of scale `mpp`, boxes in px of that image. Thread-safe.

        `thresholds` are the lowest scores of the classes, where not the usual ones; 1 leaves a class out.
        """

    def leukocytes_in(self, windows: Pixels) -> list[Detections]:
        """Nucleated cells and platelets of windows (n, h, w, 3) at the detector's scale. Thread-safe."""


@dataclass(frozen=True, slots=True)
class SearchedTile:
    """What one tile gave, in full-resolution px of the image.

    Attributes
    ----------
    spots : tuple of Candidate
        Nucleated cells first.
    red_boxes, nucleated_boxes, platelet_boxes : ndarray of float32, shape (n, 4)
        Cells whose middle lies in the tile's core: x, y, width, height. They are what is tallied, so that
        tiles count alike whatever was found before.
    quality : PatchQuality
    """

    spots: tuple[Candidate, ...]
    red_boxes: NDArray[np.float32]
    nucleated_boxes: NDArray[np.float32]
    platelet_boxes: NDArray[np.float32]
    quality: PatchQuality

    @property
    def red_cells(self) -> int:
        """Number of red cells in the tile's core."""
        return len(self.red_boxes)


class TileSearch:
    """Searches tiles.

    Parameters
    ----------
    detector : CellDetector
    window_um : float
        Side of what is kept of a cell (``Windows.field_um``): how much is cut out around it.
    """

    def __init__(self, detector: CellDetector, window_um: float) -> None:
        self.detector = detector
        self.window_um = window_um

    def light_of(self, read: Read, size_px: tuple[int, int]) -> KnownLight:
        """How a field is lit, where the detector asks for even light: one estimate for all its tiles.

        Raises
        ------
        ImageRefused
            When the image cannot be read.
        """
        if not self.detector.even_light:
            return _NOTHING_KNOWN
        shrunk = 2.0 ** math.floor(math.log2(max(1.0, max(size_px) / _LIGHT_PX)))
        seen = read(0, 0, *size_px, shrunk)
        return KnownLight(light=estimate_light(seen).of_size(size_px))

    def search(
        self,
        read: Read,
        tile: Tile,
        image: int,
        size_px: tuple[int, int],
        mpp: float,
        known: KnownLight = _NOTHING_KNOWN,
        *,
        coarse: bool = False,
        step: float = 1.0,
    ) -> SearchedTile:
        """Cells whose middle lies in the tile's core, or in a narrow band around it.

        Parameters
        ----------
        size_px : width, height of the whole image
        mpp : its scale
        known : KnownLight
            Of the image. Where the detector asks for it, cells are looked for in even light; they are cut out
            as they were taken.
        coarse : bool
            For leukocytes alone, where red cells and platelets are not tallied.
        step : float
            How many full-resolution px make one px of what is read when `coarse`: a level of the pyramid no
            coarser than `SECOND_LOOK_COARSER` allows. The cells are then cut out one by one.

        Raises
        ------
        ImageRefused
            When the tile cannot be read.
        """
        light = known.light if self.detector.even_light else None
        if coarse:
            view = read(tile.x, tile.y, tile.width, tile.height, max(step, 1.0))
            full = view if step <= 1.0 else None
        else:
            full, view = self._read_tile(read, tile, mpp)
        seen = _lit(view, tile, light)
        found = self._leukocytes(seen, tile, mpp) if coarse else self._all_classes(seen, tile, light)
        band = BAND_UM / mpp
        red = found.of_class(RED_CELL)
        platelets = found.of_class(PLATELET)
        nucleated = found.of_class(NUCLEATED)
        nucleated = nucleated.take(~_weaker_than_platelet(nucleated, platelets))
        factor = tile.width / view.shape[1]
        at = nucleated.moved(1.0, -tile.x, -tile.y).moved(1 / factor)
        nucleated = nucleated.take(~lacks_nucleus(seen, mpp * factor, at.boxes))
        near = nucleated.take(_in_tile_core(nucleated, tile, band))
        platelets = platelets.take(~_inside_any(platelets, nucleated))
        in_core = platelets.boxes[_in_tile_core(platelets, tile, 0.0)]
        platelets = platelets.take(_in_tile_core(platelets, tile, band))
        flags = touching(_boxes(nucleated), TOUCHING_GAP_UM / mpp)
        owned = _in_tile_core(nucleated, tile, band)
        touch = [f for f, mine in zip(flags, owned, strict=True) if mine]
        spots = [
            Candidate(
                box, NUCLEATED, self._place(read, full, tile, image, size_px, mpp, box, NUCLEATED, flag)
            )
            for box, flag in zip(_boxes(near), touch, strict=True)
        ]
        if not coarse:
            spots += [
                Candidate(
                    box, PLATELET, self._place(read, full, tile, image, size_px, mpp, box, PLATELET, False)
                )
                for box in _boxes(platelets)
            ]
        across = red_cell_diameter(red.boxes)
        spots = [replace(spot, place=replace(spot.place, red_cell_px=across)) for spot in spots]
        return SearchedTile(
            tuple(spots),
            red.boxes[_in_tile_core(red, tile, 0.0)],
            nucleated.boxes[_in_tile_core(nucleated, tile, 0.0)],
            in_core,
            _judge(view, mpp * factor, known.white),
        )

    def _read_tile(self, read: Read, tile: Tile, mpp: float) -> tuple[Pixels | None, Pixels]:
        """Full resolution where it was read, and the tile at the detector's scale."""
        ratio = self.detector.um_per_px / mpp
        if ratio > _KEEP_FULL_RATIO:
            return None, read(tile.x, tile.y, tile.width, tile.height, ratio)
        full = read(tile.x, tile.y, tile.width, tile.height, 1.0)
        return full, full if abs(ratio - 1) < 0.01 else _shrunk(full, ratio)

    def _all_classes(self, view: Pixels, tile: Tile, light: Light | None) -> Detections:
        """Cells of a tile at the detector's scale, in px of the image."""
        limits = list(self.detector.thresholds)
        card = limits[PLATELET]
        limits[PLATELET] = min(card, LOWEST_SCORE)
        found = self.detector.detect(view, self.detector.um_per_px, limits)
        platelets = found.classes == PLATELET
        blank = blank_of(view) if light is None else np.full(3, WHITE, np.float32)
        red = found.boxes[found.classes == RED_CELL]
        kept = ~platelets
        kept[platelets] = stained_as_platelets(
            view, found.boxes[platelets], found.scores[platelets], red, card, blank
        )
        found = found.take(kept)
        # The true factor: the tile was rounded to whole px.
        return found.moved(tile.width / view.shape[1], tile.x, tile.y)

    def _leukocytes(self, view: Pixels, tile: Tile, mpp: float) -> Detections:
        """Nucleated cells of a tile and the platelets around them, in px of the image."""
        factor = tile.width / view.shape[1]
        seen = _shrunk(view, _COARSE * self.detector.um_per_px / (mpp * factor))
        hints = self.detector.detect(seen, self.detector.um_per_px, _COARSE_LIMITS)
        across = tile.width / seen.shape[1]
        owned = _in_tile_core(hints.moved(across, tile.x, tile.y), tile, (BAND_UM + _NEIGHBOURS_UM) / mpp)
        hints = hints.take(owned).moved(view.shape[1] / seen.shape[1])
        hints = hints.take(~lacks_nucleus(view, mpp * factor, hints.boxes))
        scale = self.detector.um_per_px / (mpp * factor)
        # A little coarser than the detector's own scale is as good, and needs no enlarging.
        scale = 1.0 if 1 / SECOND_LOOK_COARSER <= scale < 1 else scale
        return self._refine_hints(view, scale, hints).moved(factor, tile.x, tile.y)

    def _refine_hints(self, view: Pixels, scale: float, hints: Detections) -> Detections:
        """What the detector sees around each hint, in px of `view`, `scale` of which are one of its own.

        Nucleated cells inside the hints' boxes, and the platelets around them.
        """
        if len(hints) == 0:
            return hints
        # Whole windows inside the view, so that all are alike; in a view smaller than a window, the view.
        width, height = (min(round(_LOOK_PX * scale), n) for n in view.shape[1::-1])
        out = tuple(max(16, 16 * round(n / scale / 16)) for n in (width, height))
        how = cv2.INTER_AREA if width > out[0] else cv2.INTER_LINEAR
        x, y, w, h = hints.boxes.T
        left = np.clip(np.round(x + w / 2 - width / 2), 0, view.shape[1] - width).astype(int)
        top = np.clip(np.round(y + h / 2 - height / 2), 0, view.shape[0] - height).astype(int)
        windows = np.empty((len(hints), out[1], out[0], 3), np.uint8)
        for i in range(len(hints)):
            part = view[top[i] : top[i] + height, left[i] : left[i] + width]
            windows[i] = part if (width, height) == out else cv2.resize(part, out, interpolation=how)
        stretch = np.array([width / out[0], height / out[1]] * 2, np.float32)
        parts = []
        for i, seen in enumerate(self.detector.leukocytes_in(windows)):
            boxes = seen.boxes * stretch + np.array([left[i], top[i], 0, 0], np.float32)
            cx, cy = boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2
            more = _INSIDE_SHARE
            inside = (cx > x[i] - more * w[i]) & (cx < x[i] + (1 + more) * w[i])
            inside &= (cy > y[i] - more * h[i]) & (cy < y[i] + (1 + more) * h[i])
            wanted = (inside & (seen.classes == NUCLEATED)) | (seen.classes == PLATELET)
            parts.append(Detections(boxes, seen.classes, seen.scores).take(wanted))
        return non_max_suppression(Detections.join(parts))

    def _place(
        self,
        read: Read,
        full: Pixels | None,
        tile: Tile,
        image: int,
        size_px: tuple[int, int],
        mpp: float,
        box: Box,
        kind: int,
        touches: bool,
    ) -> CellPlace:
        """The surroundings of a cell at full resolution, as far as the image goes."""
        cx, cy = box.centre
        half = math.ceil(self.window_um * _MARGIN / mpp / 2) + 1
        x0, y0 = max(0, math.floor(cx) - half), max(0, math.floor(cy) - half)
        x1, y1 = min(size_px[0], math.floor(cx) + half + 1), min(size_px[1], math.floor(cy) + half + 1)
        if full is None:
            pixels = read(x0, y0, x1 - x0, y1 - y0, 1.0)
        else:
            # A tile reaches further than this beyond its core; where it is searched for a neighbour that
            # cannot be read, what lies beyond it is not to be had.
            x0, y0 = max(x0, tile.x), max(y0, tile.y)
            x1, y1 = min(x1, tile.x + tile.width), min(y1, tile.y + tile.height)
            pixels = full[y0 - tile.y : y1 - tile.y, x0 - tile.x : x1 - tile.x].copy()
        return CellPlace(
            image=image,
            pixels=pixels,
            offset_px=(float(x0), float(y0)),
            centre_px=(cx - x0, cy - y0),
            mpp=mpp,
            flags=(FLAG_TOUCHING,) if touches else (),
            recentre=False,
            size_px=size_px,
            box_px=Box(box.x - x0, box.y - y0, box.width, box.height),
            platelet=kind == PLATELET,
        )


def _lit(view: Pixels, tile: Tile, light: Light | None) -> Pixels:
    """The tile in even light."""
    return view if light is None else light.applied(view, (tile.x, tile.y), tile.width / view.shape[1])


def _shrunk(pixels: Pixels, ratio: float) -> Pixels:
    """The pixels at 1 / `ratio` of their size, whole px, enlarged where the ratio is below 1."""
    height, width = pixels.shape[:2]
    out = max(1, round(width / ratio)), max(1, round(height / ratio))
    how = cv2.INTER_AREA if ratio > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, out, interpolation=how), np.uint8)


def _judge(pixels: Pixels, mpp: float, white: float | None) -> PatchQuality:
    """How well the middle of a tile can be read."""
    h, w = pixels.shape[:2]
    side = round(_JUDGED_UM / mpp)
    side_h, side_w = min(h, side), min(w, side)
    top, left = (h - side_h) // 2, (w - side_w) // 2
    return judge_patch(pixels[top : top + side_h, left : left + side_w], mpp, white)


def _in_tile_core(found: Detections, tile: Tile, band: float) -> NDArray[np.bool_]:
    x, y, w, h = tile.core
    cx = found.boxes[:, 0] + found.boxes[:, 2] / 2
    cy = found.boxes[:, 1] + found.boxes[:, 3] / 2
    owned = (cx >= x - band) & (cx < x + w + band) & (cy >= y - band) & (cy < y + h + band)
    return np.asarray(owned, np.bool_)


def _boxes(found: Detections) -> list[Box]:
    return [Box(float(x), float(y), float(w), float(h)) for x, y, w, h in found.boxes]


def _weaker_than_platelet(nucleated: Detections, platelets: Detections) -> NDArray[np.bool_]:
    """Which of `nucleated` hold the middle of a platelet that the detector is surer of."""
    if len(nucleated) == 0 or len(platelets) == 0:
        return np.zeros(len(nucleated), bool)
    x, y, w, h = (nucleated.boxes[:, i][:, None] for i in range(4))
    cx = (platelets.boxes[:, 0] + platelets.boxes[:, 2] / 2)[None]
    cy = (platelets.boxes[:, 1] + platelets.boxes[:, 3] / 2)[None]
    inside = (cx > x) & (cx < x + w) & (cy > y) & (cy < y + h)
    surer = platelets.scores[None] > nucleated.scores[:, None]
    return np.asarray((inside & surer).any(axis=1), np.bool_)


def _inside_any(small: Detections, large: Detections) -> NDArray[np.bool_]:
    """Which of `small` have their middle inside a box of `large`: granules, not platelets."""
    if len(small) == 0 or len(large) == 0:
        return np.zeros(len(small), bool)
    cx = (small.boxes[:, 0] + small.boxes[:, 2] / 2)[:, None]
    cy = (small.boxes[:, 1] + small.boxes[:, 3] / 2)[:, None]
    x, y, w, h = (large.boxes[:, i][None] for i in range(4))
    # A tenth off each side: a platelet may lie against a leukocyte.
    inside = (cx > x + 0.1 * w) & (cx < x + 0.9 * w) & (cy > y + 0.1 * h) & (cy < y + 0.9 * h)
    return np.asarray(inside.any(axis=1), np.bool_)
