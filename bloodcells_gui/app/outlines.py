"""Outlines that persons mended: which of them hold, and what is measured of a new one.

The class that the models proposed, and what the specimen's adaptation made of it, does not follow: who thinks
that the cell is another one gives it another class.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.cell_views import CellImageCropper, decode_mask
from bloodcells_gui.domain.cell import (
    FLAG_OUTLINE_MENDED,
    Box,
    Cell,
    CellAssets,
    MendedOutline,
    with_outline,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Change, EventKind
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging import outline_mending
from bloodcells_gui.imaging.measure import MEASUREMENTS, OF_OUTLINE, measure
from bloodcells_gui.pipeline.edges import AT_EDGE_UM, sides_reached
from bloodcells_gui.pipeline.encoding import encode_png
from bloodcells_gui.storage.case import CaseStore

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

Mask = NDArray[np.uint8]
# What is measured of the nucleus against the cell, and changes with either outline.
_OF_BOTH = frozenset({"nucleus_cell_ratio", "nucleus_cytoplasm_ratio", "nucleus_offset"})

# How far the keys push an outline, and how far around, in px of its mask (about 0.14 um each).
PUSH_PX, REACH_PX, WIDEST_REACH_PX = 1.0, 8.0, 64.0


@dataclass(frozen=True, slots=True, eq=False)
class OutlineDraft:
    """A mask on which a person works; nothing is written before it is handed to the case."""

    mask: Mask

    def with_stroke(self, stroke: NDArray[np.float32], *, nucleus: bool) -> OutlineDraft:
        """A stretch redrawn: see :func:`bloodcells_gui.imaging.outline_mending.redrawn`."""
        return OutlineDraft(outline_mending.redrawn(self.mask, stroke, nucleus=nucleus))

    def pushed(self, at: float, step_px: float, reach_px: float, *, nucleus: bool) -> OutlineDraft:
        """An outline pushed at one place: see :func:`bloodcells_gui.imaging.outline_mending.pushed`."""
        return OutlineDraft(outline_mending.pushed(self.mask, at, step_px, reach_px, nucleus=nucleus))

    def grown(self, step_px: int, *, nucleus: bool) -> OutlineDraft:
        """An outline moved all around, outwards or (below 0) inwards."""
        return OutlineDraft(outline_mending.grown(self.mask, step_px, nucleus=nucleus))

    def place(self, at: float, *, nucleus: bool) -> tuple[float, float] | None:
        """x, y in px of the mask of a place of an outline (0 to 1, all around); None where there is none."""
        return outline_mending.place_on(self.mask, at, nucleus=nucleus)

    def length_px(self, *, nucleus: bool) -> float:
        """Length of an outline, px of the mask."""
        return outline_mending.length_px(self.mask, nucleus=nucleus)

    def differs(self, other: OutlineDraft) -> bool:
        """Whether any pixel belongs to another part."""
        return not np.array_equal(self.mask, other.mask)


class HeldOutlines:
    """The mended outlines of a case, and its cells as they show them.

    Raises
    ------
    ValueError
        Where an event names an outline that is not there.
    """

    def __init__(self, store: CaseStore, state: ReviewState) -> None:
        self._store = store
        self._state = state
        self._drawn = store.outlines()
        self._found: dict[int, Cell] = {}
        for cell_id, number in state.outlines.items():
            if self._drawn[number].cell != cell_id:
                raise ValueError(f"outline {number} is not of cell {cell_id}")

    def add(self, outline: MendedOutline) -> None:
        """Know an outline that is in the case file by now."""
        self._drawn[outline.id] = outline

    def show(self, by_id: dict[int, Cell], cells: list[Cell], newest: Iterable[Cell]) -> None:
        """Take cells, as the outlines of the moment show them, into both tables of the session."""
        changed = {c.id: shown for c in newest if (shown := self.shown(c)) is not by_id[c.id]}
        if changed:
            by_id |= changed
            cells[:] = [by_id[c.id] for c in cells]

    def shown(self, cell: Cell) -> Cell:
        """The cell as its outline shows it: as the models left it where no person mended it."""
        found = self.found(cell) if FLAG_OUTLINE_MENDED in cell.flags else cell
        number = self._state.outlines.get(cell.id)
        if number is None:
            return found
        self._found[cell.id] = found
        return with_outline(found, self._drawn[number])

    def found(self, cell: Cell) -> Cell:
        """The cell as the models left it."""
        return self._found.get(cell.id, cell)

    def assets(self, cell_id: int) -> CellAssets:
        """What the case keeps beside the cell, with the mask that holds. Thread-safe."""
        assets = self._store.assets(cell_id)
        number = self._state.outlines.get(cell_id)
        return assets if number is None else replace(assets, mask=self._store.outline_mask(number))


def mend_outline(session: CaseSession, cell_id: int, key: str, mask: Mask) -> Change:
    """Write another outline of a cell, a mask of the window of its assets; what is measured of it follows.

    `key` says which outline was redrawn (:data:`~bloodcells_gui.domain.review.CELL_OUTLINE` or
    `NUCLEUS_OUTLINE`).

    Raises
    ------
    UserError
        When nothing is left of the cell, or it could not be saved; nothing is changed then.
    """
    found = session.outlines.found(session.cell(cell_id))
    run = session.run_that_classified(found)
    names = run.measurement_names if run is not None else ()
    framed = session.specimen.kind is not SpecimenKind.CROPS
    number = session.store.next_outline_id()
    outline, png = _new_outline(session.views, found, names, number, mask, framed=framed)
    event = session.new_event(EventKind.MEND_OUTLINE, (cell_id,), str(number), key=key)
    stored = session.store.append_outline(event, outline, png)
    session.outlines.add(outline)
    return session.apply_stored(stored)


def drop_mended_outline(session: CaseSession, cell_id: int) -> Change:
    """The program's own outline again; an empty change where it holds anyway."""
    if cell_id not in session.state.outlines:
        return Change()
    return session.act(EventKind.MEND_OUTLINE, (cell_id,))


def _new_outline(
    views: CellImageCropper, cell: Cell, names: Sequence[str], number: int, mask: Mask, *, framed: bool
) -> tuple[MendedOutline, bytes]:
    """What is kept of an outline that a person drew, and its mask as PNG.

    Parameters
    ----------
    cell : Cell
        As the models found it.
    names : sequence of str
        Of its measurements.
    mask : (s, s) uint8
        0 background, 1 cytoplasm, 2 nucleus, over the window of the cell's assets.
    framed : bool
        Whether the image is a field or slide: what is measured of an outline that its edge cuts stays empty.

    Raises
    ------
    UserError
        When there is no window to outline anything in, or nothing is left of the cell.
    """
    assets = views.assets(cell)
    if assets.crop_px[2] <= 0 or mask.shape != decode_mask(assets.mask).shape:
        raise UserError(
            "The outline cannot be mended.", "The case keeps no picture of this cell.", "Choose another cell."
        )
    x0, y0, x1, y1 = views.visible(cell, assets, mask.shape[0])
    seen = np.zeros_like(mask)
    seen[y0:y1, x0:x1] = mask[y0:y1, x0:x1]
    if np.count_nonzero(seen) < outline_mending.SMALLEST_PX:
        raise UserError(
            "Nothing would be left of the cell.", "", "Exclude it if it is no cell, or draw its outline anew."
        )
    pixels = views.pixels(cell, assets)
    shrinks = pixels.shape[0] > mask.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    window = np.asarray(cv2.resize(pixels, mask.shape, interpolation=how), np.uint8)
    program = decode_mask(assets.mask)
    before = dict(zip(names, cell.measurements.tolist(), strict=False))
    um_per_px = _um_per_px(cell, before.get("cell_area_um2", math.nan), assets, program)
    crop, part = (np.ascontiguousarray(a[y0:y1, x0:x1]) for a in (window, seen))
    found = dict(zip(MEASUREMENTS, measure(crop, part, um_per_px).tolist(), strict=True))
    within = max(1, round(AT_EDGE_UM / um_per_px))
    if framed and any(sides_reached(seen, (x0, y0, x1, y1), within)):
        found |= dict.fromkeys(OF_OUTLINE, math.nan)
    kept = {"focus"}
    if np.array_equal(seen == 2, program == 2):
        # The analysis measured it on the very px of its window, which lay up to half a px elsewhere.
        kept |= {n for n in names if n.startswith("nucleus_") and n not in _OF_BOTH}
    found |= {n: before[n] for n in kept if math.isfinite(before.get(n, math.nan))}
    values = [found.get(n, math.nan) for n in names]
    box = _box(seen, assets.crop_px)
    return MendedOutline(number, cell.id, box, np.array(values, np.float32)), encode_png(seen)


def _box(mask: Mask, crop_px: tuple[float, float, float]) -> Box:
    """The box of a mask in its image, full-resolution px."""
    step = crop_px[2] / mask.shape[0]
    left, top, width, height = cv2.boundingRect(mask)
    return Box(crop_px[0] + left * step, crop_px[1] + top * step, width * step, height * step)


def _um_per_px(cell: Cell, area_um2: float, assets: CellAssets, program: Mask) -> float:
    """The scale of the cell's mask: that at which the run measured it, else the cell's own."""
    px = np.count_nonzero(program)
    if px and math.isfinite(area_um2) and area_um2 > 0:
        return math.sqrt(area_um2 / px)
    own = cell.mpp * assets.crop_px[2] / program.shape[0]
    return own if math.isfinite(own) and own > 0 else 1.0
