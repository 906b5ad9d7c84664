"""Crop, segment, measure and classify the cells found. One batch is one unit of work.

A batch runs on one thread with single-threaded inference; several batches run side by side. That keeps
every core busy through decoding and measuring as well, with no hand-over inside a batch.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.opinion_pool import ENOUGH_CELLS
from bloodcells_gui.domain.cell import (
    FLAG_BLURRED,
    FLAG_EDGE,
    FLAG_NO_CELL,
    FLAG_OUT_OF_FOCUS,
    FLAG_OUTSIDE_FRAME,
    FLAG_POOR_PICTURE,
    FLAG_SCALE_UNKNOWN,
    FLAG_SCALE_UNSURE,
    FLAG_UNLIKE_TRAINING,
    FLAG_WAITS_FOR_SCALE,
    FOR_WANT_OF_SCALE,
    Box,
    Cell,
    CellAssets,
)
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.run_messages import DRAWN, FOREIGN, remark
from bloodcells_gui.domain.taxonomy import INTACT_NUCLEATED, NUCLEATED
from bloodcells_gui.imaging.poor_picture import PictureLook, look_of
from bloodcells_gui.imaging.serial_section import serial_section
from bloodcells_gui.inference.preprocess import crop_at_scale, window_at
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.edges import (
    AT_EDGE_UM,
    NO_SIDE,
    EdgeFlags,
    box_iou,
    box_reaches,
    sides_reached,
    sides_unknown,
    visible_part,
    window_of,
)
from bloodcells_gui.pipeline.encoding import encode_jpeg, encode_png
from bloodcells_gui.pipeline.models import CellClassifier, CellSegmenter, ClassifierResult
from bloodcells_gui.pipeline.plasma_look import mark_plasma_look
from bloodcells_gui.pipeline.scale_averaging import Averaged, answer_within_spread
from bloodcells_gui.pipeline.windows import View, Windows, centred

_THUMBNAIL_QUALITY = 88
# A nucleated cell below this many um2 is no cell; platelets are 3 to 12 um2.
_MIN_CELL_AREA_UM2 = 1.5
# Up to this shrinking bilinear interpolation leaves out no pixel.
_LINEAR_UP_TO = 1.6
# Beyond this the window is moved onto the segmented cell.
_RECENTRE_UM = 1.5
# Up to this far off the middle an outline is as good as of a central cell (Dice against truth of 421 cells of
# two laboratories: within 0.2 points for cell and nucleus, 0.4 for the phone camera's nuclei); beyond it
# the cell is outlined again.
_OUTLINE_AGAIN_UM = 2.5

# An outline that overlaps a platelet's box by less is another cell's.
_OWN_OUTLINE_IOU = 0.3

_SOUND = PictureLook(too_poor=False, blur_um=0.0)
# With one of these flags a cell waits whatever the classifier says.
_NOT_NAMED = frozenset({FLAG_POOR_PICTURE, FLAG_BLURRED}) | FOR_WANT_OF_SCALE

Measure = Callable[[NDArray[np.uint8], NDArray[np.uint8], float], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Window:
    """What is looked at of a place: `centre` is named and kept, `outlined` was segmented; px of its image."""

    place: CellPlace
    centre: tuple[float, float]
    outlined: tuple[float, float]
    mpp: float

    def side_px(self, side_um: float) -> int:
        return max(1, round(side_um / self.mpp))

    def moved(self, dx_um: float, dy_um: float) -> _Window:
        """Centred elsewhere, within the image."""
        height, width = self.place.pixels.shape[:2]
        x = min(max(self.centre[0] + dx_um / self.mpp, 0.0), width - 1.0)
        y = min(max(self.centre[1] + dy_um / self.mpp, 0.0), height - 1.0)
        return replace(self, centre=(x, y))

    def outlined_anew(self) -> _Window:
        return replace(self, outlined=self.centre)

    def visible(self, view: View) -> tuple[int, int, int, int]:
        """Which part of the outlining window shows the picture: x0, y0, x1, y1."""
        side = self.side_px(view.side_um)
        origin, step = _origin(self.outlined, side), side / view.size_px
        return visible_part(origin, step, view.size_px, self.place.pixels.shape[:2])

    def known(self, view: View) -> NDArray[np.bool_] | None:
        """Which px of the outlining window some image shows; None where the picture is one image's."""
        if self.place.seen is None:
            return None
        side = self.side_px(view.side_um)
        return window_of(self.place.seen, _origin(self.outlined, side), side / view.size_px, view.size_px)


def _origin(centre: tuple[float, float], side: int) -> tuple[int, int]:
    return round(centre[0] - side / 2), round(centre[1] - side / 2)


def _cut(window: _Window, centre: tuple[float, float], view: View) -> NDArray[np.uint8]:
    return crop_at_scale(window.place.pixels, centre, window.mpp, view.size_px, view.um_per_px)


class CellAnalyzer:
    """Turns places into cells.

    Parameters
    ----------
    classifier, segmenter
        Thread-safe. Each sees its own window around the same middle.
    measure : callable
        ``measure(crop, mask, um_per_px)`` -> (M,) float32.
    focus_limit : float
        Cells whose relative focus lies below are flagged.
    drawn : bool
        Whether the specimen is synthetic: it looks foreign because it is no photograph.
    frame : EdgeFlags or None
        On fields and slides, the sides on which a cell that the image's edge cuts does not count; what is
        measured of the outline of any cut cell is then left empty. None (crops): cut cells are flagged alone.
    of_outline : sequence of int
        Places of the measurements that need the whole outline.
    """

    def __init__(
        self,
        classifier: CellClassifier,
        segmenter: CellSegmenter,
        measure: Measure,
        *,
        focus_index: int | None = None,
        focus_limit: float = 0.0,
        drawn: bool = False,
        frame: EdgeFlags | None = None,
        of_outline: Sequence[int] = (),
    ) -> None:
        self.classifier = classifier
        self.segmenter = segmenter
        self.windows = Windows.of(classifier, segmenter)
        self._measure = measure
        self._focus_index = focus_index
        self._focus_limit = focus_limit
        self._drawn = drawn
        self._frame = frame
        self._of_outline = list(of_outline)
        # Set before the first cell: what all cells of an image carry, by the image's number.
        self.image_flags: Mapping[int, tuple[str, ...]] = {}
        # And how far the scale may be off: the standard deviation of ln(um per px).
        self.scale_spread = 0.0
        self._lock = threading.Lock()
        self._apart_sum, self._apart_n = 0.0, 0

    def remarks(self) -> list[Remark]:
        """What is to be remarked on all cells so far as a whole."""
        with self._lock:
            foreign = self._apart_sum > self.classifier.foreign_disagreement * self._apart_n
            if not foreign or self._apart_n < ENOUGH_CELLS:
                return []
            return [remark(DRAWN if self._drawn else FOREIGN)]

    def process(self, places: Sequence[CellPlace], *, run: int = 0) -> list[tuple[Cell, CellAssets]]:
        """Cells of `places`, in order; ids are 0 until the case numbers them.

        Each place gives exactly one cell: where nothing is found the cell carries FLAG_NO_CELL and waits as
        Unidentified, so that nothing disappears.
        """
        if not places:
            return []
        windows = [_Window(p, p.centre_px, p.centre_px, self._usable_mpp(p)) for p in places]
        crops, masks = self._segmented(windows)
        self._recentre(windows, crops, masks)
        self._drop_neighbours(windows, masks)
        result = self._named(windows, crops)
        self._track_view_disagreement(result)
        um_per_px = self.windows.outlining.um_per_px
        pictures: list[bytes] = []

        def draw() -> None:
            pictures.extend(encode_jpeg(self._thumbnail(w), _THUMBNAIL_QUALITY) for w in windows)

        with serial_section(meanwhile=draw):
            measured = [
                self._measure(
                    *_masked_to_image(crop, mask, window.visible(self.windows.outlining)), um_per_px
                )
                for window, crop, mask in zip(windows, crops, masks, strict=True)
            ]
        if not pictures:
            draw()
        rows: list[tuple[Cell, CellAssets]] = []
        for i, (window, values) in enumerate(zip(windows, measured, strict=True)):
            probabilities = np.asarray(result.probabilities[i], np.float32)
            best = int(probabilities.argmax())
            focus = float(values[self._focus_index]) if self._focus_index is not None else math.nan
            box, flags = self._box_and_flags(window, masks[i])
            if FLAG_EDGE in flags and self._frame is not None:
                values[self._of_outline] = np.nan
            flags += self._doubts(i, crops[i], result, flags, focus, best)
            none_found = FLAG_NO_CELL in flags
            held_back = not _NOT_NAMED.isdisjoint(flags)
            cell = Cell(
                id=0,
                image=window.place.image,
                box_px=box,
                mpp=window.place.mpp / window.place.scale,
                predicted=self.classifier.classes[best],
                probability=float(probabilities[best]),
                abstained=bool(result.abstained[i]) or held_back or (none_found and self._is_nucleated(best)),
                uncertainty=float(result.uncertainty[i]),
                scores=probabilities,
                measurements=np.asarray(values, np.float32),
                focus=focus,
                flags=flags,
                run=run,
            )
            embedding = np.asarray(result.embedding[i], np.float16)
            rows.append((mark_plasma_look(cell), self._assets(window, masks[i], embedding, pictures[i])))
        return rows

    def _doubts(
        self,
        i: int,
        crop: NDArray[np.uint8],
        result: Averaged,
        flags: tuple[str, ...],
        focus: float,
        best: int,
    ) -> tuple[str, ...]:
        """Flags of what makes the name of cell `i` doubtful: its picture, its scale, its likeness."""
        look = _SOUND if FLAG_NO_CELL in flags else look_of(crop, self.windows.outlining.um_per_px)
        soft = focus < self._focus_limit
        blurred = look.out_of_focus(without_texture=soft) and self.classifier.classes[best] in NUCLEATED
        doubts = (
            (soft, FLAG_OUT_OF_FOCUS),
            (result.unlike[i], FLAG_UNLIKE_TRAINING),
            (result.hinges[i], FLAG_SCALE_UNSURE),
            (look.too_poor, FLAG_POOR_PICTURE),
            (blurred, FLAG_BLURRED),
        )
        return tuple(flag for is_so, flag in doubts if is_so)

    def _named(self, windows: Sequence[_Window], crops: NDArray[np.uint8]) -> Averaged:
        """What the classifier says, in view of how far the scale may be off."""

        def at(factor: float, rows: NDArray[np.intp] | None) -> ClassifierResult:
            if factor == 1 and rows is None:
                return self.classifier.predict(self._classifier_crops(windows, crops))
            asked = windows if rows is None else [windows[row] for row in rows]
            others = [replace(w, mpp=w.mpp * factor) for w in asked]
            return self.classifier.predict(np.stack([_cut(w, w.centre, self.windows.naming) for w in others]))

        return answer_within_spread(at, self.scale_spread, self.classifier.classes)

    def _track_view_disagreement(self, result: Averaged) -> None:
        """Add the disagreement over nucleated cells; junk says little about the stain."""
        if result.disagreement is None:
            return
        cells = [i for i, best in enumerate(result.probabilities.argmax(1)) if self._is_nucleated(int(best))]
        with self._lock:
            self._apart_sum += float(result.disagreement[cells].sum())
            self._apart_n += len(cells)

    def _is_nucleated(self, index: int) -> bool:
        return self.classifier.classes[index] in INTACT_NUCLEATED

    def _usable_mpp(self, place: CellPlace) -> float:
        """The place's scale, or one at which the whole image fills the window when it is unknown."""
        if math.isfinite(place.mpp) and place.mpp > 0:
            return place.mpp
        return float(self.windows.outlining.side_um / max(1, min(place.pixels.shape[:2])))

    def _classifier_crops(self, windows: Sequence[_Window], crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The classifier's crops, from the original pixels; the segmenter's serve where they are the same."""
        if not self.windows.alike:
            return np.stack([_cut(w, w.centre, self.windows.naming) for w in windows])
        moved = [i for i, w in enumerate(windows) if w.centre != w.outlined]
        if not moved:
            return crops
        named = crops.copy()
        for i in moved:
            named[i] = _cut(windows[i], windows[i].centre, self.windows.naming)
        return named

    def _segmented(self, windows: Sequence[_Window]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        view = self.windows.outlining
        crops = np.stack([_cut(w, w.outlined, view) for w in windows])
        masks = self.segmenter.segment(crops)
        for window, mask in zip(windows, masks, strict=True):
            # No cell reaches beyond what was seen of it.
            x0, y0, x1, y1 = window.visible(view)
            mask[:y0] = mask[y1:] = 0
            mask[:, :x0] = mask[:, x1:] = 0
            known = window.known(view)
            if known is not None:
                mask[~known] = 0
        return crops, masks

    def _recentre(self, windows: list[_Window], crops: NDArray[np.uint8], masks: NDArray[np.uint8]) -> None:
        """Move windows onto cells that lie off their middle, outlining anew where it matters; in place."""
        again: list[int] = []
        view = self.windows.outlining
        for i, window in enumerate(windows):
            if not window.place.recentre or self._too_small(masks[i]):
                continue
            # Middle of the box, not the centroid: a lobed nucleus must not pull the window.
            left, top, width, height = cv2.boundingRect(masks[i])
            dx, dy = left + width / 2 - view.size_px / 2, top + height / 2 - view.size_px / 2
            off_um = math.hypot(dx, dy) * view.um_per_px
            if off_um < _RECENTRE_UM:
                continue
            windows[i] = window.moved(dx * view.um_per_px, dy * view.um_per_px)
            cut = left == 0 or top == 0 or view.size_px in (left + width, top + height)
            if cut or off_um > _OUTLINE_AGAIN_UM:
                windows[i] = windows[i].outlined_anew()
                again.append(i)
        if again:
            crops[again], masks[again] = self._segmented([windows[i] for i in again])

    def _too_small(self, mask: NDArray[np.uint8]) -> bool:
        return cv2.countNonZero(mask) * self.windows.outlining.um_per_px**2 < _MIN_CELL_AREA_UM2

    def _box_and_flags(self, window: _Window, mask: NDArray[np.uint8]) -> tuple[Box, tuple[str, ...]]:
        place = window.place
        flags = place.flags + self.image_flags.get(place.image, ())
        if not (math.isfinite(place.mpp) and place.mpp > 0):
            flags += (FLAG_SCALE_UNKNOWN, FLAG_WAITS_FOR_SCALE)
        cut = NO_SIDE
        if not self._too_small(mask):
            box, cut = self._outlined_box(window, mask), self._cut_sides(window, mask)
        else:
            flags += (FLAG_NO_CELL,)
            middle, half = window.outlined, window.side_px(self.windows.outlining.side_um) / 4
            box = Box(middle[0] - half, middle[1] - half, 2 * half, 2 * half)
            if place.box_px is not None:
                box = place.box_px
                within = AT_EDGE_UM / window.mpp
                cut = box_reaches(box, place.pixels.shape[:2], within).both(place.ends())
        flags += self._cut_flags(cut)
        ox, oy = place.offset_px
        left, top, right, bottom = place.bounds()
        bx, by = ox + box.x * place.scale, oy + box.y * place.scale
        ex, ey = bx + box.width * place.scale, by + box.height * place.scale
        bx, by = left if cut.left else max(left, bx), top if cut.top else max(top, by)
        ex = right if cut.right else min(right, ex)
        ey = bottom if cut.bottom else min(bottom, ey)
        return Box(bx, by, max(1.0, ex - bx), max(1.0, ey - by)), flags

    def _outlined_box(self, window: _Window, mask: NDArray[np.uint8]) -> Box:
        """The box of an outline in px of the place's picture."""
        view = self.windows.outlining
        side = window.side_px(view.side_um)
        (x0, y0), step = _origin(window.outlined, side), side / view.size_px
        left, top, width, height = cv2.boundingRect(mask)
        return Box(x0 + left * step, y0 + top * step, width * step, height * step)

    def _drop_neighbours(self, windows: Sequence[_Window], masks: NDArray[np.uint8]) -> None:
        """Platelets are mostly too small for the segmenter, which then outlines what lies beside them."""
        for window, mask in zip(windows, masks, strict=True):
            place = window.place
            if not place.platelet or place.box_px is None or self._too_small(mask):
                continue
            if box_iou(self._outlined_box(window, mask), place.box_px) < _OWN_OUTLINE_IOU:
                mask[:] = 0

    def _cut_sides(self, window: _Window, mask: NDArray[np.uint8]) -> EdgeFlags:
        """On which sides the end of what was seen cuts a cell."""
        view = self.windows.outlining
        within = max(1, round(AT_EDGE_UM / view.um_per_px))
        known = window.known(view)
        if known is not None:
            return sides_unknown(mask, known, within)
        return sides_reached(mask, window.visible(view), within).both(window.place.ends())

    def _cut_flags(self, cut: EdgeFlags) -> tuple[str, ...]:
        if not any(cut):
            return ()
        outside = self._frame is not None and any(cut.both(self._frame))
        return (FLAG_EDGE, FLAG_OUTSIDE_FRAME) if outside else (FLAG_EDGE,)

    def _assets(
        self, window: _Window, mask: NDArray[np.uint8], embedding: NDArray[np.float16], jpeg: bytes
    ) -> CellAssets:
        side = window.side_px(self.windows.field_um)
        x0, y0 = _origin(window.centre, side)
        scale = window.place.scale
        ox, oy = window.place.offset_px
        crop = (ox + x0 * scale, oy + y0 * scale, side * scale)
        step = self.windows.outlining.um_per_px / window.mpp
        dx, dy = (round((new - old) / step) for new, old in zip(window.centre, window.outlined, strict=True))
        kept = np.asarray(centred(mask, self.windows.field_px, (dx, dy)), np.uint8)
        return CellAssets(jpeg, encode_png(kept), crop, embedding)

    def _thumbnail(self, window: _Window) -> NDArray[np.uint8]:
        """The picture that the case keeps."""
        view = self.windows.thumbnail
        side = window.side_px(self.windows.field_um)
        if not view.size_px < side <= _LINEAR_UP_TO * view.size_px:
            return _cut(window, window.centre, view)
        # Shrunk a little, two by two pixels hold nearly all of it: as good to the eye as the area's mean, and
        # five times as fast.
        whole = window_at(window.place.pixels, window.centre, side)
        size = (view.size_px, view.size_px)
        return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _masked_to_image(
    crop: NDArray[np.uint8], mask: NDArray[np.uint8], visible: tuple[int, int, int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Window and mask without what lies beyond the picture: no colour is measured there."""
    x0, y0, x1, y1 = visible
    if (x0, y0, x1, y1) == (0, 0, *crop.shape[1::-1]):
        return crop, mask
    return np.ascontiguousarray(crop[y0:y1, x0:x1]), np.ascontiguousarray(mask[y0:y1, x0:x1])
