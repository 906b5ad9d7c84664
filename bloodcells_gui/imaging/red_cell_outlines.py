"""Outlines of the red cells of one field, and what is measured of each.

The picture is brought into even light and to `WORK_MPP`; every box of the detector is one cell. How cells
that hang together are parted: :mod:`.red_cell_parting`. Formulas and sources of the measures:
:func:`.red_cell_measures.measure_red_cell`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.red_cells import RED_CELL_MEASURES
from bloodcells_gui.imaging.contours import outlines
from bloodcells_gui.imaging.light import Light, estimate_light
from bloodcells_gui.imaging.monolayer import blank_level, optical_density
from bloodcells_gui.imaging.red_cell_measures import measure_red_cell
from bloodcells_gui.imaging.red_cell_parting import WORK_MPP, PartedCell, PartedField, lies_on, seed_of
from bloodcells_gui.imaging.red_cell_second_look import second_look

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

# An outline that ends so near to the border of the work picture, px, is cut.
_AT_BORDER = 1
# Every so manieth of the fine points of an outline is kept: about one a px.
_THIN = 4


@dataclass(frozen=True, slots=True, eq=False)
class OutlinedRedCells:
    """Red cells of one field, one row a cell; boxes without a cell are left out.

    Attributes
    ----------
    boxes : ndarray of float32, shape (n, 4)
        Around the outlines: x, y of the top left corner, width, height, px of the image.
    contours : tuple of ndarray of float32, shape (k, 2)
        x, y in px of the image, (0, 0) being the corner of its first pixel. Outlines of overlapping cells
        overlap.
    measures : ndarray of float32, shape (n, len(RED_CELL_MEASURES))
        All NaN for a cell that the border cuts.
    cut : ndarray of bool, shape (n,)
        Whether the border of the picture cuts it.
    parted : ndarray of bool, shape (n,)
        Whether it touches or overlaps another and was parted from it.
    source : ndarray of intp, shape (n,)
        Index of the box it was drawn for; -1 for a cell that no box holds. Both cells of a box that holds two
        have its index.
    """

    boxes: Float32
    contours: tuple[Float32, ...]
    measures: Float32
    cut: Mask
    parted: Mask
    source: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.boxes)


def outline_red_cells(
    image: UInt8, mpp: float, red_boxes: Float32, other_boxes: Float32, light: Light | None = None
) -> OutlinedRedCells:
    """Outline and measure the red cells of a field.

    Parameters
    ----------
    image : (h, w, 3) uint8 RGB
        As it was taken.
    mpp : float
        Its scale, um per px.
    red_boxes : (n, 4) float32
        One for each red cell: x, y of the top left corner, width, height, px of `image`.
    other_boxes : (m, 4) float32
        Leukocytes and platelets: what they cover is no red cell.
    light : Light or None
        How the image is lit; None estimates it from the image.

    Returns
    -------
    OutlinedRedCells

    Raises
    ------
    ValueError
        For a scale that is not positive.
    """
    if not mpp > 0:
        raise ValueError(f"scale must be positive: {mpp} um/px")
    height, width = image.shape[:2]
    work = work_picture(image, mpp, light)
    factor = np.array([work.shape[1] / width, work.shape[0] / height] * 2, np.float32)
    seeds = [seed_of(box) for box in np.asarray(red_boxes, np.float32).reshape(-1, 4) * factor]
    others = [seed_of(box) for box in np.asarray(other_boxes, np.float32).reshape(-1, 4) * factor]
    others = [o for o in others if not any(lies_on(o, s) for s in seeds)]
    density = density_of(work)
    field = PartedField(density, seeds + others, len(seeds))
    cells = [field.cell(i) for i in range(field.n_red)]
    source = list(range(len(seeds)))
    look = second_look(field, cells, work)
    if look.more or look.halves:
        kept = [i for i in source if i not in look.halves]
        parts = [(i, box) for i, both in look.halves.items() for box in both]
        source = [*kept, *(i for i, _ in parts), *(-1 for _ in look.more)]
        boxes = [*(box for _, box in parts), *look.more]
        # The ellipses of those that stay were fitted beside other seeds: they begin as their boxes again.
        again = [seed_of(seeds[i].box) for i in kept] + [seed_of(box) for box in boxes]
        field = PartedField(density, again + [seed_of(o.box) for o in others], len(again))
        cells = [field.cell(i) for i in range(field.n_red)]
    return _outlined(field, cells, source, factor)


def _outlined(
    field: PartedField, cells: list[PartedCell | None], sources: list[int], factor: Float32
) -> OutlinedRedCells:
    """Every red cell of a parted field; `factor` px of the work picture make one of the image."""
    boxes, contours, measures, cut, parted, source = [], [], [], [], [], []
    rows, columns = field.density.shape
    for cell, origin in zip(cells, sources, strict=True):
        if cell is None:
            continue
        # A rim of blank field all round, so that no outline is cut by its window.
        mask = np.pad(cell.mask, 1)
        x, y, w, h = cv2.boundingRect(mask)
        left, top = cell.left + x - 1, cell.top + y - 1
        mask = np.ascontiguousarray(mask[y - 1 : y + h + 1, x - 1 : x + w + 1])
        at_border = left < _AT_BORDER or top < _AT_BORDER
        at_border |= left + w > columns - _AT_BORDER or top + h > rows - _AT_BORDER
        if at_border:
            values = np.full(len(RED_CELL_MEASURES), np.nan, np.float32)
        else:
            density = field.density[top - 1 : top + h + 1, left - 1 : left + w + 1]
            values = measure_red_cell(mask, density, WORK_MPP)
        points = outlines(mask)[0][::_THIN] + np.array([left - 1, top - 1], np.float32)
        boxes.append(np.array([left, top, w, h], np.float32) / factor)
        contours.append(np.asarray(points / factor[:2], np.float32))
        measures.append(values)
        cut.append(at_border)
        parted.append(cell.parted)
        source.append(origin)
    return OutlinedRedCells(
        np.array(boxes, np.float32).reshape(-1, 4),
        tuple(contours),
        np.array(measures, np.float32).reshape(-1, len(RED_CELL_MEASURES)),
        np.array(cut, np.bool_),
        np.array(parted, np.bool_),
        np.array(source, np.intp),
    )


def work_picture(image: UInt8, mpp: float, light: Light | None = None) -> UInt8:
    """The picture in even light at `WORK_MPP`, (h, w, 3) uint8 RGB."""
    lit = (light or estimate_light(image)).applied(image)
    height, width = lit.shape[:2]
    size = max(1, round(width * mpp / WORK_MPP)), max(1, round(height * mpp / WORK_MPP))
    if size == (width, height):
        return lit
    how = cv2.INTER_AREA if mpp < WORK_MPP else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(lit, size, interpolation=how), np.uint8)


def density_of(lit: UInt8) -> Float32:
    """Optical density in green of a picture in even light, (h, w): 0 at its blank field."""
    return optical_density(cv2.GaussianBlur(lit, (0, 0), 0.6), blank_level(lit))
